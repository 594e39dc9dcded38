//! What a command would touch: the policies that count and every connection string that it would use, classed under all of them.
//!
//! A policy is looked for from the working folder, from that of `--config`, from that of `--schema`, and from where this package is
//! installed. All that are found count, and the most dangerous class decides, so that a policy elsewhere cannot whitewash a database.

use super::Request;
use super::judge::danger;
use crate::policy::{self, AttestationPolicy, LoadedPolicy};
use crate::prisma::command_line::{CommandClass, CommandLine};
use crate::refusal::Refusal;
use crate::system::files;
use crate::target::{
    self, Class, ConnectionString, DatabaseTarget, FoundUrl, FoundValue, Provider, Role, Search, Surroundings,
};
use std::path::{Path, PathBuf};

/// What was found.
pub(super) struct Survey {
    /// Every policy that counts.
    pub policies: Vec<LoadedPolicy>,
    /// Every database that the command would touch.
    pub targets: Vec<DatabaseTarget>,
    /// Whom each policy trusts that protects one of these databases. All of them have a say: a policy elsewhere, which protects the same
    /// database and trusts somebody else, takes nothing away from the project's own.
    pub trusted: Vec<AttestationPolicy>,
    /// Whether a string is still to be computed by `prisma.config.*`, whose custody will ask.
    pub awaits_custody: bool,
}

impl Survey {
    /// Looks at everything that a command names or would find.
    ///
    /// # Errors
    /// Rule `policy-invalid`.
    pub(super) fn take(request: &Request<'_>, command: &CommandLine) -> Result<Self, Refusal> {
        let mut survey = Survey::of_nothing(request, Some(command))?;
        let base = base(request, Some(command));
        let given = |(role, flag, url): &(Role, String, String)| FoundUrl {
            role: *role,
            source: flag.clone(),
            variable: None,
            value: FoundValue::Given(ConnectionString::new(url.clone())),
            base: base.clone(),
        };
        let mut found: Vec<FoundUrl> = command.urls.iter().map(given).collect();
        // Prisma 7: `--url` replaces the config's. Of 5 and 6 that is not certain beside a config file, so both count there.
        let replaced = request.prisma_major == 7
            && command.class != CommandClass::Unknown
            && command.urls.iter().any(|(role, ..)| *role == Role::Url);
        if command.uses_configured {
            let configured = search(request, command, command.schema.as_deref());
            found.extend(configured.into_iter().filter(|url| !replaced || url.role == Role::ShadowDatabaseUrl));
        }
        for schema in &command.datasource_schemas {
            found.extend(search(request, command, Some(schema)));
        }
        if matches!(command.class, CommandClass::Reads | CommandClass::Promotes) {
            // These never open the shadow database.
            found.retain(|url| url.role != Role::ShadowDatabaseUrl);
        } else if command.uses_configured && !replaced {
            // A seed script, or a command that is not known, may take what a client would take.
            found.extend(target::find_for_client(request.working_folder, request.environment));
        }
        for url in &found {
            survey.add(request, url);
        }
        Ok(survey)
    }

    /// Looks at one string that `prisma.config.*` computed.
    ///
    /// # Errors
    /// Rule `policy-invalid`.
    pub(super) fn of_string(
        request: &Request<'_>,
        command: Option<&CommandLine>,
        url: &str,
        source: &str,
    ) -> Result<Self, Refusal> {
        let mut survey = Survey::of_nothing(request, command)?;
        let found = FoundUrl {
            role: Role::Url,
            source: source.to_owned(),
            variable: None,
            value: FoundValue::Given(ConnectionString::new(url)),
            base: base(request, command),
        };
        survey.add(request, &found);
        Ok(survey)
    }

    fn of_nothing(request: &Request<'_>, command: Option<&CommandLine>) -> Result<Self, Refusal> {
        let policies = policies(request, command)?;
        Ok(Survey { policies, targets: Vec::new(), trusted: Vec::new(), awaits_custody: false })
    }

    fn add(&mut self, request: &Request<'_>, found: &FoundUrl) {
        let target = match &found.value {
            FoundValue::Missing => return,
            FoundValue::InCustody => {
                self.awaits_custody = true;
                return;
            }
            FoundValue::Unreadable(why) => unreadable(found, why),
            FoundValue::Given(url) => self.classify(request, found, url.reveal()),
        };
        let same = |known: &DatabaseTarget| known.url == target.url && known.endpoints == target.endpoints;
        if target.class == Class::Unknown && target.endpoints.is_empty() || !self.targets.iter().any(same) {
            self.targets.push(target);
        }
    }

    /// The most dangerous class that any policy gives; whom each policy trusts that protects this database is noted.
    fn classify(&mut self, request: &Request<'_>, found: &FoundUrl, url: &str) -> DatabaseTarget {
        let project = project_root(request.working_folder);
        let classify = |policy: Option<&LoadedPolicy>| {
            let root = policy.map_or(project.as_path(), |loaded| loaded.root.as_path());
            let surroundings = Surroundings { policy, root, base: &found.base, environment: request.environment };
            target::classify(url, &found.source, &surroundings)
        };
        let readings: Vec<DatabaseTarget> = self.policies.iter().map(|loaded| classify(Some(loaded))).collect();
        for (loaded, target) in self.policies.iter().zip(&readings) {
            let environment = target.environment.as_ref().and_then(|name| loaded.policy.environments.get(name));
            if let Some(environment) = environment
                && !self.trusted.contains(&environment.attestation)
            {
                self.trusted.push(environment.attestation.clone());
            }
        }
        let worst = readings
            .into_iter()
            .reduce(|worst, next| if danger(next.class) > danger(worst.class) { next } else { worst });
        worst.unwrap_or_else(|| classify(None))
    }
}

fn search(request: &Request<'_>, command: &CommandLine, schema: Option<&Path>) -> Vec<FoundUrl> {
    target::find(&Search {
        working_folder: request.working_folder,
        environment: request.environment,
        // A version that is not known looks for its strings as the nearest known one does, as far as anyone can say.
        prisma_major: request.prisma_major.clamp(5, 7),
        config: command.config.as_deref(),
        schema,
    })
}

/// A string that is computed in a way that cannot be read: it counts as production.
fn unreadable(found: &FoundUrl, why: &str) -> DatabaseTarget {
    DatabaseTarget {
        class: Class::Unknown,
        environment: None,
        provider: None,
        endpoints: Vec::new(),
        source: found.source.clone(),
        url: ConnectionString::default(),
        redacted: "(computed)".to_owned(),
        matched: None,
        reason: format!("the connection string cannot be read without running the file: {why}"),
    }
}

fn policies(request: &Request<'_>, command: Option<&CommandLine>) -> Result<Vec<LoadedPolicy>, Refusal> {
    let mut starts = vec![request.working_folder.to_path_buf()];
    starts.extend(request.package_folder.map(Path::to_path_buf));
    if let Some(command) = command {
        let named = command.config.iter().chain(&command.schema).chain(&command.datasource_schemas);
        starts.extend(named.map(|file| {
            let file = request.working_folder.join(file);
            if file.is_dir() { file } else { file.parent().map(Path::to_path_buf).unwrap_or(file) }
        }));
    }
    let mut found: Vec<LoadedPolicy> = Vec::new();
    for start in starts {
        if let Some(loaded) = policy::load(&start)?
            && !found.iter().any(|known| known.root == loaded.root)
        {
            found.push(loaded);
        }
    }
    Ok(found)
}

/// Where a relative SQLite path of an argument or of the config starts (Prisma 7: the config's folder, else the working folder).
fn base(request: &Request<'_>, command: Option<&CommandLine>) -> PathBuf {
    let config = command.and_then(|command| command.config.as_ref());
    let folder = config.and_then(|config| request.working_folder.join(config).parent().map(Path::to_path_buf));
    folder.unwrap_or_else(|| request.working_folder.to_path_buf())
}

fn project_root(folder: &Path) -> PathBuf {
    folder.ancestors().find(|folder| files::exists(&folder.join("package.json"))).unwrap_or(folder).to_path_buf()
}

/// Whether every one of these databases is on this machine, which is what allows an identity provider on loopback.
pub(super) fn all_on_this_machine(targets: &[DatabaseTarget]) -> bool {
    let local_host = |host: &str| {
        host == "localhost"
            || host.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    };
    !targets.is_empty()
        && targets.iter().all(|target| {
            !target.endpoints.is_empty()
                && target.endpoints.iter().all(|endpoint| match (&endpoint.host, &endpoint.socket) {
                    (Some(host), _) => local_host(host),
                    (None, Some(_)) => true,
                    (None, None) => target.provider == Some(Provider::Sqlite) && endpoint.database.is_some(),
                })
        })
}

/// A string that connects to nothing, of the kind that the real one is (by its scheme, else by the schema's `provider`).
pub(super) fn inert_url(url: Option<&str>, working_folder: &Path) -> String {
    let scheme = url.and_then(|url| url.split_once(':')).map(|(scheme, _)| scheme.trim().to_ascii_lowercase());
    let kind = scheme.or_else(|| schema_provider(working_folder)).unwrap_or_default();
    let host = "inert.prisma-guard.invalid:1";
    match kind.as_str() {
        "mysql" | "mariadb" => format!("mysql://{host}/inert"),
        "sqlserver" | "jdbc" => format!("sqlserver://{host};database=inert"),
        "mongodb" | "mongodb+srv" => format!("mongodb://{host}/inert"),
        "file" | "sqlite" | "libsql" => "file:/dev/null/prisma-guard-inert.db".to_owned(),
        _ => format!("postgresql://{host}/inert"),
    }
}

/// The provider that the schema at its usual places names in its datasource.
fn schema_provider(working_folder: &Path) -> Option<String> {
    let text = ["prisma/schema.prisma", "schema.prisma"]
        .iter()
        .find_map(|name| files::read_text(&working_folder.join(name), files::MAXIMUM_TEXT_BYTES).ok())?;
    let (_, datasource) = text.split_once("datasource ")?;
    let line = datasource.split('}').next()?.lines().find(|line| line.trim_start().starts_with("provider"))?;
    line.split('"').nth(1).map(str::to_owned)
}
