//! A place against the patterns of the policy: environments first, then what is declared as holding nothing that matters.
//!
//! An environment's pattern matches generously (letter case, a missing database name), a declaration strictly: each doubt counts as production.

use super::classify::{Verdict, name};
use super::{Class, Endpoint};
use crate::digest::Digest;
use crate::policy::LoadedPolicy;
use crate::policy::pattern::{NetworkPattern, Pattern};
use crate::system::{files, places};
use std::path::Path;

/// The patterns of a policy.
pub(super) struct Patterns<'a> {
    policy: Option<&'a LoadedPolicy>,
    has_digests: bool,
}

impl<'a> Patterns<'a> {
    pub(super) fn of(policy: Option<&'a LoadedPolicy>) -> Self {
        let has_digests =
            policy.is_some_and(|loaded| loaded.patterns.iter().any(|each| matches!(each.pattern, Pattern::Digest(_))));
        Patterns { policy, has_digests }
    }

    /// What the policy says of a place; `None` where it says nothing.
    pub(super) fn verdict(&self, endpoint: &Endpoint, users: &[String]) -> Option<Verdict> {
        let loaded = self.policy?;
        let digests =
            if self.has_digests { digests(endpoint, users, &files::real_path(&loaded.root)) } else { Vec::new() };
        // Environments come first.
        let found = loaded.patterns.iter().find(|declared| {
            let generous = declared.environment.is_some();
            match &declared.pattern {
                Pattern::Digest(digest) => digests.contains(digest),
                Pattern::File(path) => is_same_file(&loaded.root.join(path), endpoint, generous),
                Pattern::Network(network) => matches_network(network, endpoint, users, generous),
            }
        })?;
        let text = &found.text;
        Some(match &found.environment {
            Some(environment) => Verdict {
                class: Class::Production,
                environment: Some(environment.clone()),
                matched: Some(text.clone()),
                reason: format!("the policy's environment {environment} names it as {text}"),
            },
            None => Verdict {
                class: Class::NonProduction,
                environment: None,
                matched: Some(text.clone()),
                reason: format!("the policy declares {} under nonProduction as {text}", name(endpoint)),
            },
        })
    }
}

/// The digests of every pattern that would match this place. `root` is the policy's folder, links followed.
fn digests(endpoint: &Endpoint, users: &[String], root: &Path) -> Vec<Digest> {
    let mut texts: Vec<String> = Vec::new();
    if let Some(host) = &endpoint.host {
        let mut hosts = vec![if host.contains(':') { format!("[{host}]") } else { host.clone() }];
        hosts.extend(host.match_indices('.').filter_map(|(at, _)| host.get(at + 1..)).map(|rest| format!("*.{rest}")));
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
        if let Ok(relative) = Path::new(file).strip_prefix(root) {
            let relative = relative.to_string_lossy();
            texts.extend([format!("file:{relative}"), format!("file:./{relative}")]);
        }
    }
    texts.iter().map(|text| Digest::of(text.to_lowercase().as_bytes())).collect()
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

/// Whether a pattern names this file. The endpoint's own path had its links followed when it was read.
fn is_same_file(pattern: &Path, endpoint: &Endpoint, generous: bool) -> bool {
    if endpoint.host.is_some() || endpoint.socket.is_some() {
        return false;
    }
    let Some(file) = endpoint.database.as_deref().map(Path::new) else { return false };
    // A hard link to a production database is that database; one that is declared harmless proves nothing of its other names.
    match (places::identity(pattern), generous) {
        (Some(identity), true) => places::identity(file) == Some(identity),
        _ => files::real_path(pattern) == file,
    }
}
