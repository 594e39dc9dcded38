//! What every step looks at first: the policy, the CLI, the project and its target; then, once CI is proven, the commit, the
//! migrations, the schema and the database.
//!
//! Knows nothing of what the steps make of it.

use super::World;
use super::plan::{self, MigrationsFolder, Plan};
use super::project::Project;
use crate::ci::{Attestor, Proof};
use crate::context;
use crate::database::{self, Ledger, TableRows};
use crate::git::{self, Checkout};
use crate::policy::{self, FILE_NAME, LoadedPolicy, ProtectedEnvironment};
use crate::prisma::doors::{self, DoorState};
use crate::prisma::{self, Installation};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::{Circumstances, Evidence, Expectation, FOLDER_NAME, PlannedMigration, Record, Step, Store, Subject};
use crate::system::clock::Timestamp;
use crate::system::process::{self, Process};
use crate::target::{
    self, Class, ConnectionString, DatabaseTarget, FoundUrl, FoundValue, Provider, Role, Search, Surroundings,
};
use std::path::Path;

/// What can be read without a proof, and without touching the database.
pub(super) struct Site<'w> {
    pub(super) world: &'w World<'w>,
    pub(super) policy: LoadedPolicy,
    /// The policy's name of the environment.
    pub(super) name: String,
    /// What the policy says of it.
    pub(super) environment: ProtectedEnvironment,
    pub(super) installation: Installation,
    pub(super) project: Project,
    /// Every database that `migrate deploy` may touch.
    pub(super) targets: Vec<DatabaseTarget>,
    /// The one that it changes.
    pub(super) target: DatabaseTarget,
    /// The variables that hold the connection strings that were checked.
    pub(super) variables: Vec<(String, ConnectionString)>,
    lineage: Vec<Process>,
}

/// What was found once CI was proven.
pub(super) struct Standing {
    pub(super) proof: Proof,
    pub(super) checkout: Checkout,
    pub(super) subject: Subject,
    pub(super) folder: MigrationsFolder,
    pub(super) ledger: Ledger,
}

impl<'w> Site<'w> {
    /// Looks around.
    ///
    /// # Errors
    /// `policy-missing`, `policy-invalid`, `prisma-not-found`, `migrations-invalid`, `database-url-invalid`, `invalid-argument` where the
    /// target is none that a deployment is for.
    pub(super) fn survey(world: &'w World<'w>) -> Result<Self, Refusal> {
        let policy = load_policy(world)?;
        let installation = prisma::find(&world.project)?;
        let project = Project::find(&world.project, installation.major)?;
        let found = target::find(&Search {
            working_folder: &world.project,
            environment: world.environment,
            prisma_major: installation.major,
            config: None,
            schema: None,
        });
        let used: Vec<&FoundUrl> = found.iter().filter(|found| found.role != Role::ShadowDatabaseUrl).collect();
        let mut targets = Vec::new();
        let mut variables = Vec::new();
        let mut changed = None;
        for found in used {
            let url = match &found.value {
                FoundValue::Given(url) => url,
                FoundValue::Missing => continue,
                FoundValue::Unreadable(why) => return Err(unreadable(found, why)),
                FoundValue::InCustody => {
                    return Err(unreadable(found, "its value is computed when the configuration runs"));
                }
            };
            let target = target::classify(
                url.reveal(),
                &found.source,
                &Surroundings {
                    policy: Some(&policy),
                    root: &policy.root,
                    base: &found.base,
                    environment: world.environment,
                },
            );
            if let Some(variable) = &found.variable {
                variables.push((variable.clone(), url.clone()));
            }
            // The CLI takes directUrl where there is one (ran on 5.22 and 6.19).
            if changed.is_none() || found.role == Role::DirectUrl {
                changed = Some(target.clone());
            }
            targets.push(target);
        }
        let target = changed.ok_or_else(|| {
            Refusal::new(
                Rule::InvalidArgument,
                "there is no database to deploy to",
                "no connection string was found where this Prisma version looks for one",
            )
            .instead("give the deploy job the connection string of the environment, as a secret of that job only")
        })?;
        let (name, environment) = protected(&policy, &target)?;
        if let Some(other) = targets.iter().find(|other| other.environment != target.environment) {
            return Err(Refusal::new(
                Rule::InvalidArgument,
                "the connection strings reach different environments",
                format!("{} belongs to {name}, and {} does not", target.redacted, other.redacted),
            )
            .about(other.class.name(), &other.redacted, &other.source));
        }
        let lineage = process::ancestors();
        Ok(Site { world, policy, name, environment, installation, project, targets, target, variables, lineage })
    }

    /// Who attests for this environment.
    pub(super) fn attestor(&self) -> Attestor<'_> {
        let local_database = self.targets.iter().all(is_on_this_machine);
        Attestor::new(&self.environment.attestation, self.world.environment, &self.lineage, local_database)
    }

    /// Refuses while a door to the CLI stands open.
    ///
    /// # Errors
    /// Rule `guard-not-installed`.
    pub(super) fn doors_are_shut(&self) -> Result<(), Refusal> {
        match doors::inspect(&self.world.project).into_iter().find(|door| door.state == DoorState::Open) {
            None => Ok(()),
            Some(door) => Err(Refusal::new(
                Rule::GuardNotInstalled,
                "a door to the Prisma CLI is open",
                format!("{}: {}", door.name, door.seen),
            )
            .about(
                "file",
                door.path.strip_prefix(&self.world.project).unwrap_or(&door.path).display().to_string(),
                "",
            )),
        }
    }

    /// Proves CI, then reads everything that a record is about.
    ///
    /// # Errors
    /// `local-deployment`, `proof-unavailable`, `git-unavailable`, `unclean-git`, `migrations-invalid`, `verification-failed`,
    /// `database-unavailable`.
    pub(super) fn stand(&self, attestor: &Attestor<'_>) -> Result<Standing, Refusal> {
        let proof = attestor.prove()?;
        let state = self.policy.root.join(FOLDER_NAME);
        let schema = self.project.schema.as_path();
        let checkout = git::inspect(&self.policy.root, &[&state], &[&self.project.migrations, schema])?;
        is_the_commit(&checkout, &proof)?;
        let folder = plan::read_migrations(&self.project.migrations)?;
        let schema = plan::read_schema(&self.project.schema)?;
        same_provider(&folder.provider, &self.target)?;
        let (target, ledger) = self.ask_database()?;
        let subject = Subject {
            commit: checkout.commit.clone(),
            tree: checkout.tree.clone(),
            migrations: folder.digest.clone(),
            schema,
            target,
        };
        Ok(Standing { proof, checkout, subject, folder, ledger })
    }

    fn ask_database(&self) -> Result<(crate::digest::Digest, Ledger), Refusal> {
        let database = database::open(&self.target)?;
        Ok((database.fingerprint()?, database.ledger()?))
    }

    /// Prisma's ledger, now.
    ///
    /// # Errors
    /// Rule `database-unavailable`.
    pub(super) fn ledger(&self) -> Result<Ledger, Refusal> {
        database::open(&self.target)?.ledger()
    }

    /// The tables and rows, now.
    ///
    /// # Errors
    /// Rule `database-unavailable`.
    pub(super) fn tables(&self) -> Result<Vec<TableRows>, Refusal> {
        database::open(&self.target)?.tables()
    }

    pub(super) fn expectation<'s>(&'s self, standing: &'s Standing) -> Expectation<'s> {
        Expectation {
            environment: &self.name,
            subject: &standing.subject,
            proof: &standing.proof,
            maximum_age: self.environment.max_age.seconds,
            now: Timestamp::now(),
        }
    }

    /// What a record says of its making.
    pub(super) fn circumstances(&self) -> Circumstances {
        let tools = [
            ("prisma-guard", self.world.version.to_owned()),
            ("prisma", self.installation.version.clone()),
            ("sqlite", rusqlite::version().to_owned()),
        ];
        let ancestors = context::presences(&self.lineage)
            .into_iter()
            .map(|presence| {
                let kind = serde_json::to_value(presence.kind).ok();
                format!("{} {}", kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("unknown"), presence.name)
            })
            .collect();
        Circumstances {
            time: Some(Timestamp::now()),
            tools: tools.into_iter().map(|(name, version)| (name.to_owned(), version)).collect(),
            ancestors,
        }
    }

    /// The folder of records, where the record of a step stands in it: a look that needs no proof.
    ///
    /// # Errors
    /// `step-order` where it does not, `state-folder-unsafe`, `record-not-genuine` for a file that this package did not write.
    pub(super) fn store_with(&self, step: Step, needed_by: &str) -> Result<(Store, Record), Refusal> {
        let found = match Store::look(&self.policy.root)? {
            Some(store) => store.read(step)?.map(|record| (store, record)),
            None => None,
        };
        found.ok_or_else(|| {
            Refusal::new(
                Rule::StepOrder,
                format!("{needed_by} needs the record of {} before it", step.name()),
                format!("{FOLDER_NAME} holds no such record"),
            )
        })
    }

    pub(super) fn say(&self, text: &str) {
        (self.world.say)(text);
    }
}

/// Proves that this process runs in a CI that the policy trusts: the one of the database that it is connected to, else that of any environment.
///
/// # Errors
/// `policy-missing`, `policy-invalid`, `local-deployment`, `proof-unavailable`.
pub fn prove_ci(world: &World<'_>) -> Result<Proof, Refusal> {
    if let Ok(site) = Site::survey(world) {
        return site.attestor().prove();
    }
    let policy = load_policy(world)?;
    let lineage = process::ancestors();
    let mut refused = None;
    for environment in policy.policy.environments.values() {
        // Without a target, only what the policy itself says can tell where the database is.
        let local_database = environment.databases.iter().all(|pattern| pattern.starts_with("file:"));
        match Attestor::new(&environment.attestation, world.environment, &lineage, local_database).prove() {
            Ok(proof) => return Ok(proof),
            Err(refusal) => refused = refused.or(Some(refusal)),
        }
    }
    Err(refused.unwrap_or_else(|| {
        Refusal::new(Rule::PolicyMissing, "there is nothing to deploy to", format!("{FILE_NAME} names no environment"))
    }))
}

fn load_policy(world: &World<'_>) -> Result<LoadedPolicy, Refusal> {
    policy::load(&world.project)?.ok_or_else(|| {
        Refusal::new(
            Rule::PolicyMissing,
            "nothing deploys without a policy",
            format!("there is no {FILE_NAME} in this folder or above it"),
        )
    })
}

/// The verified record of verification, whose plan and ledger are still the ones that are found now.
///
/// # Errors
/// As [`Store::require`]; `record-mismatch` where the database changed since.
pub(super) fn verified_plan(
    store: &Store,
    site: &Site<'_>,
    standing: &Standing,
    attestor: &Attestor<'_>,
) -> Result<(Record, Vec<PlannedMigration>), Refusal> {
    let record = store.require(Step::Verification, &site.expectation(standing), attestor)?;
    let Evidence::Verification { ledger, plan, .. } = &record.statement.evidence else {
        return Err(Refusal::new(Rule::RecordMismatch, "the record is about another step", "it holds no verification"));
    };
    let plan = plan.clone();
    agrees(ledger, &plan, standing)?;
    Ok((record, plan))
}

/// Whether the ledger and the plan that were verified are the ones that are found now.
///
/// # Errors
/// Rule `record-mismatch`, or `verification-failed` as [`plan::plan`].
pub(super) fn agrees(
    ledger: &crate::digest::Digest,
    planned: &[PlannedMigration],
    standing: &Standing,
) -> Result<(), Refusal> {
    if standing.ledger.digest() != *ledger {
        return Err(Refusal::new(
            Rule::RecordMismatch,
            "the database changed since it was verified",
            "the rows of _prisma_migrations are not the ones that verification recorded",
        ));
    }
    let Plan { pending, .. } = plan::plan(&standing.folder, &standing.ledger)?;
    if pending != planned {
        return Err(Refusal::new(
            Rule::RecordMismatch,
            "the plan is not the one that was verified",
            "other migrations are pending than verification recorded",
        ));
    }
    Ok(())
}

fn unreadable(found: &FoundUrl, why: &str) -> Refusal {
    Refusal::new(Rule::DatabaseUrlInvalid, "the connection string cannot be known before Prisma runs", why)
        .about("connection string", &found.source, "")
        .instead("write `databaseUrl('DATABASE_URL')` in prisma.config, with the variable's name spelled out")
}

fn protected(policy: &LoadedPolicy, target: &DatabaseTarget) -> Result<(String, ProtectedEnvironment), Refusal> {
    if target.class == Class::Production
        && let Some(name) = &target.environment
        && let Some(environment) = policy.policy.environments.get(name)
    {
        return Ok((name.clone(), environment.clone()));
    }
    let (rule, summary) = match target.class {
        Class::Invalid => (Rule::DatabaseUrlInvalid, "the connection string cannot be read"),
        Class::Local | Class::NonProduction | Class::None => {
            (Rule::InvalidArgument, "a deployment is only for a database of a protected environment")
        }
        Class::Production | Class::Unknown => (Rule::PolicyMissing, "the policy does not say whose database this is"),
    };
    let refusal =
        Refusal::new(rule, summary, &target.reason).about(target.class.name(), &target.redacted, &target.source);
    Err(match rule {
        Rule::InvalidArgument => refusal.instead("use `prisma migrate dev` here; CI deploys with `npm run deploy`"),
        Rule::PolicyMissing => {
            refusal.instead(format!("name the database under environments.….databases in {FILE_NAME}"))
        }
        _ => refusal,
    })
}

fn is_the_commit(checkout: &Checkout, proof: &Proof) -> Result<(), Refusal> {
    if let Some(first) = checkout.differences.first() {
        let more = checkout.differences.len().saturating_sub(1);
        let more = if more == 0 { String::new() } else { format!(", and {more} more") };
        return Err(Refusal::new(
            Rule::UncleanGit,
            "the files on disk are not the commit",
            format!("git says: {first}{more}"),
        ));
    }
    match &proof.commit {
        Some(commit) if *commit != checkout.commit => Err(Refusal::new(
            Rule::UncleanGit,
            "another commit is checked out than CI was asked to deploy",
            format!("the proof names {commit}, and HEAD is {}", checkout.commit),
        )),
        _ => Ok(()),
    }
}

fn same_provider(lock: &str, target: &DatabaseTarget) -> Result<(), Refusal> {
    let provider = target.provider.and_then(|provider| serde_json::to_value(provider).ok());
    let provider = provider.as_ref().and_then(serde_json::Value::as_str).unwrap_or("unknown");
    if lock == provider || (lock == "cockroachdb" && provider == "postgresql") {
        return Ok(());
    }
    Err(Refusal::new(
        Rule::VerificationFailed,
        "the migrations are for another kind of database",
        format!("migration_lock.toml says {lock}, and the connection string is for {provider}"),
    )
    .about(target.class.name(), &target.redacted, &target.source))
}

/// Whether a database is on this machine: what allows an issuer on http and loopback.
fn is_on_this_machine(target: &DatabaseTarget) -> bool {
    !target.endpoints.is_empty()
        && target.endpoints.iter().all(|endpoint| match &endpoint.host {
            None => endpoint.socket.is_some() || target.provider == Some(Provider::Sqlite),
            Some(host) => {
                host == "localhost"
                    || host
                        .trim_start_matches('[')
                        .trim_end_matches(']')
                        .parse::<std::net::IpAddr>()
                        .is_ok_and(|address| address.to_canonical().is_loopback())
            }
        })
}

/// The folder of the checkout, for what must lie outside it.
pub(super) fn checkout_root(standing: &Standing) -> &Path {
    &standing.checkout.root
}

#[cfg(test)]
mod tests {
    use super::{is_on_this_machine, same_provider};
    use crate::target::{Class, ConnectionString, DatabaseTarget, Endpoint, Provider};

    fn target(provider: Provider, hosts: &[Option<&str>]) -> DatabaseTarget {
        DatabaseTarget {
            class: Class::Production,
            environment: Some("production".into()),
            provider: Some(provider),
            endpoints: hosts
                .iter()
                .map(|host| Endpoint { host: host.map(str::to_owned), ..Endpoint::default() })
                .collect(),
            source: "test".into(),
            url: ConnectionString::default(),
            redacted: "x".into(),
            matched: None,
            reason: "test".into(),
        }
    }

    #[test]
    fn only_what_is_all_on_this_machine_may_have_an_issuer_on_http() {
        assert!(is_on_this_machine(&target(Provider::Sqlite, &[None])));
        assert!(is_on_this_machine(&target(
            Provider::Postgresql,
            &[Some("127.0.0.1"), Some("::1"), Some("localhost")]
        )));
        assert!(!is_on_this_machine(&target(Provider::Postgresql, &[Some("127.0.0.1"), Some("db.example.com")])));
        assert!(!is_on_this_machine(&target(Provider::Postgresql, &[None])));
        assert!(!is_on_this_machine(&target(Provider::Postgresql, &[])));
        assert!(!is_on_this_machine(&target(Provider::Sqlite, &[Some("db.example.com")])));
    }

    #[test]
    fn migrations_of_another_provider_are_refused_as_prisma_refuses_them() {
        assert!(same_provider("sqlite", &target(Provider::Sqlite, &[None])).is_ok());
        assert!(same_provider("mysql", &target(Provider::Sqlite, &[None])).is_err());
    }
}
