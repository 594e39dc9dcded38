//! A place against the patterns of the policy: environments first, then what is declared as holding nothing that matters.
//!
//! An environment's pattern matches generously (letter case, a missing database name), a declaration strictly: each doubt counts as production.

use super::classify::{Verdict, name};
use super::{Class, Endpoint};
use crate::digest::Digest;
use crate::policy::LoadedPolicy;
use crate::policy::pattern::{self, NetworkPattern, Pattern};
use crate::system::{files, places};
use std::path::{Path, PathBuf};

/// The patterns of a policy, taken apart.
pub(super) struct Patterns<'a> {
    environments: Vec<(&'a str, &'a str, Pattern)>,
    declared: Vec<(&'a str, Pattern)>,
    root: &'a Path,
    has_digests: bool,
}

impl<'a> Patterns<'a> {
    /// A pattern that cannot be read was refused when the policy was loaded.
    pub(super) fn of(policy: Option<&'a LoadedPolicy>) -> Self {
        let mut patterns =
            Patterns { environments: Vec::new(), declared: Vec::new(), root: Path::new("/"), has_digests: false };
        let Some(loaded) = policy else { return patterns };
        patterns.root = &loaded.root;
        for (environment, protected) in &loaded.policy.environments {
            for text in &protected.databases {
                patterns
                    .environments
                    .extend(pattern::parse(text).ok().map(|pattern| (environment.as_str(), text.as_str(), pattern)));
            }
        }
        for text in &loaded.policy.non_production.databases {
            patterns.declared.extend(pattern::parse(text).ok().map(|pattern| (text.as_str(), pattern)));
        }
        let all = patterns
            .environments
            .iter()
            .map(|(_, _, pattern)| pattern)
            .chain(patterns.declared.iter().map(|(_, pattern)| pattern));
        patterns.has_digests = { all }.any(|pattern| matches!(pattern, Pattern::Digest(_)));
        patterns
    }

    /// What the policy says of a place; `None` where it says nothing.
    pub(super) fn verdict(&self, endpoint: &Endpoint, users: &[String]) -> Option<Verdict> {
        let digests = if self.has_digests { self.digests(endpoint, users) } else { Vec::new() };
        for (environment, text, pattern) in &self.environments {
            if self.matches(pattern, endpoint, users, &digests, true) {
                return Some(Verdict {
                    class: Class::Production,
                    environment: Some((*environment).to_owned()),
                    matched: Some((*text).to_owned()),
                    reason: format!("the policy's environment {environment} names it as {text}"),
                });
            }
        }
        let (text, _) =
            self.declared.iter().find(|(_, pattern)| self.matches(pattern, endpoint, users, &digests, false))?;
        Some(Verdict {
            class: Class::NonProduction,
            environment: None,
            matched: Some((*text).to_owned()),
            reason: format!("the policy declares {} under nonProduction as {text}", name(endpoint)),
        })
    }

    fn matches(
        &self,
        pattern: &Pattern,
        endpoint: &Endpoint,
        users: &[String],
        digests: &[Digest],
        generous: bool,
    ) -> bool {
        match pattern {
            Pattern::Digest(digest) => digests.contains(digest),
            Pattern::File(path) => is_same_file(&self.root.join(path), endpoint, generous),
            Pattern::Network(network) => matches_network(network, endpoint, users, generous),
        }
    }

    /// The digests of every pattern that would match this place.
    fn digests(&self, endpoint: &Endpoint, users: &[String]) -> Vec<Digest> {
        let mut texts: Vec<String> = Vec::new();
        if let Some(host) = &endpoint.host {
            let mut hosts = vec![if host.contains(':') { format!("[{host}]") } else { host.clone() }];
            hosts.extend(
                host.match_indices('.').filter_map(|(at, _)| host.get(at + 1..)).map(|rest| format!("*.{rest}")),
            );
            for host in hosts {
                let mut forms = vec![host.clone()];
                forms.extend(endpoint.port.map(|port| format!("{host}:{port}")));
                let databases = endpoint
                    .database
                    .iter()
                    .flat_map(|database| forms.iter().map(move |form| format!("{form}/{database}")));
                let databases: Vec<String> = databases.collect();
                forms.extend(databases);
                for reference in users.iter().flat_map(|user| user.split('.').chain([user.as_str()])) {
                    texts.extend(forms.iter().map(|form| format!("{form}#{reference}")));
                }
                texts.extend(forms);
            }
        } else if let (Some(file), None) = (&endpoint.database, &endpoint.socket) {
            texts.push(format!("file:{file}"));
            if let Ok(relative) = Path::new(file).strip_prefix(files::real_path(self.root)) {
                let relative = relative.to_string_lossy();
                texts.extend([format!("file:{relative}"), format!("file:./{relative}")]);
            }
        }
        texts.iter().map(|text| Digest::of(text.to_lowercase().as_bytes())).collect()
    }
}

fn matches_network(pattern: &NetworkPattern, endpoint: &Endpoint, users: &[String], generous: bool) -> bool {
    let Some(host) = &endpoint.host else { return false };
    let host_matches = if pattern.subdomains {
        host.strip_suffix(&pattern.host).is_some_and(|head| head.len() > 1 && head.ends_with('.'))
    } else {
        *host == pattern.host
    };
    let database_matches = match (&pattern.database, &endpoint.database) {
        (None, _) => true,
        (Some(_), None) => generous,
        (Some(wanted), Some(found)) if generous => wanted.to_lowercase() == found.to_lowercase(),
        (Some(wanted), Some(found)) => wanted == found,
    };
    let reference_matches = match &pattern.reference {
        None => true,
        Some(text) if generous => {
            users.is_empty() || users.iter().any(|user| user.to_lowercase().contains(&text.to_lowercase()))
        }
        Some(text) => !users.is_empty() && users.iter().all(|user| user.split('.').any(|part| part == text)),
    };
    host_matches && database_matches && reference_matches && pattern.port.is_none_or(|port| endpoint.port == Some(port))
}

fn is_same_file(pattern: &Path, endpoint: &Endpoint, generous: bool) -> bool {
    if endpoint.host.is_some() || endpoint.socket.is_some() {
        return false;
    }
    let Some(file) = endpoint.database.as_ref().map(PathBuf::from) else { return false };
    files::real_path(pattern) == files::real_path(&file)
        // A hard link to a production database is that database; one that is declared harmless proves nothing of its other names.
        || (generous && places::identity(pattern).is_some_and(|identity| places::identity(&file) == Some(identity)))
}
