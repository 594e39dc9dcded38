//! The decision of DESIGN section 6: a command, its targets and an approval give a pass or a refusal.
//!
//! Knows nothing of how a command was started; the doors call here and act on the answer. A connection string that
//! `prisma.config.*` computes and hands to the custody is not seen by the first doors: they let such a command on to the config's
//! door, which is the same process or its child, and where [`custody`] decides with the real string before Prisma sees it.

mod judge;
mod overrides;
mod survey;

pub use judge::{Evidence, judge};

use crate::ci::{Attestation, Attestor};
use crate::digest::Digest;
use crate::policy::LoadedPolicy;
use crate::prisma::approval::{self, Expectation};
use crate::prisma::command_line::{self, CommandClass, CommandLine};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::{DeploymentLock, LockHolder, Store};
use crate::system::environment::Environment;
use crate::system::process;
use crate::target::{self, Class, ConnectionString, DatabaseTarget};
use std::path::Path;
use survey::Survey;

/// A command that wants to pass.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its arguments, without `node` and the script.
    pub arguments: &'a [String],
    /// Where it was started.
    pub working_folder: &'a Path,
    /// Its variables.
    pub environment: &'a Environment,
    /// The copy of the CLI that would run it.
    pub prisma_major: u32,
    /// Where this package is installed: the policy of the project that it guards counts wherever the command was started.
    pub package_folder: Option<&'a Path>,
}

/// A command that may run, and on what. Nothing runs without one.
#[must_use = "a pass that nobody acts on opens nothing"]
#[derive(Clone, Debug)]
pub struct Pass {
    /// The command.
    pub command: CommandLine,
    /// Every database that it may touch: nothing else is handed out to it.
    pub targets: Vec<DatabaseTarget>,
    /// Whether an approval opened it.
    pub approved: bool,
}

/// Every database that a command would touch, as the gate finds and classes them: an approval carries the
/// `target::endpoints_identity` of exactly these.
///
/// # Errors
/// Rule `policy-invalid`.
pub fn targets(request: &Request<'_>) -> Result<(CommandLine, Vec<DatabaseTarget>), Refusal> {
    let command = command_line::read(request.arguments, request.prisma_major);
    let survey = Survey::take(request, &command)?;
    Ok((command, survey.targets))
}

/// Decides.
///
/// # Errors
/// Rule `direct-execution`, `behaviour-override`, `policy-invalid`, `database-url-invalid`, `prisma-not-found`.
pub fn decide(request: &Request<'_>) -> Result<Pass, Refusal> {
    let command = command_line::read(request.arguments, request.prisma_major);
    if command.class == CommandClass::NoDatabase {
        return Ok(Pass { command, targets: Vec::new(), approved: false });
    }
    let survey = Survey::take(request, &command)?;
    let approved = rule_on(request, &command, &survey)?;
    Ok(Pass { command, targets: survey.targets, approved })
}

/// Gathers what may open a command for these targets, and judges. Says whether an approval opened it.
fn rule_on(request: &Request<'_>, command: &CommandLine, survey: &Survey) -> Result<bool, Refusal> {
    let Survey { policies, targets, .. } = survey;
    overrides::check(request.environment, targets, policies, command)?;
    let approved = if command.class == CommandClass::Promotes {
        accept(request, survey)
    } else {
        Err("no approval opens this command".to_owned())
    };
    let proven = if command.class == CommandClass::Reads { prove(request, survey) } else { Err(String::new()) };
    let evidence = Evidence {
        migrate_deploy: !policies.is_empty()
            && policies.iter().all(|loaded| loaded.policy.non_production.migrate_deploy),
        proven_ci: proven.as_ref().copied().map_err(String::as_str),
        approved: approved.as_ref().copied().map_err(String::as_str),
    };
    judge(command, targets, &evidence)?;
    Ok(approved.is_ok())
}

/// Takes the approval of this process, if there is one for this command and these targets.
fn accept(request: &Request<'_>, survey: &Survey) -> Result<(), String> {
    let Survey { policies, targets, awaits_custody, .. } = survey;
    if request.environment.get(approval::VARIABLE) != Some("true") {
        return Err("no approval reached this process".to_owned());
    }
    let protected = targets.iter().find_map(|target| target.environment.as_deref());
    let holder = || holder(policies);
    let lineage = process::ancestors();
    let local_database = survey::all_on_this_machine(targets);
    let verify = |digest: &Digest, attestation: &Attestation, environment: &str| {
        let trusted = if *awaits_custody {
            // Any of the policies may turn out to protect what is still to be computed.
            let of = |loaded: &LoadedPolicy| Some(loaded.policy.environments.get(environment)?.attestation.clone());
            policies.iter().map(of).collect::<Option<Vec<_>>>().unwrap_or_default()
        } else {
            survey.trusted.clone()
        };
        if trusted.is_empty() {
            return Err(Refusal::new(
                Rule::DirectExecution,
                "the approval cannot be verified",
                "the policy has no environment of the approval's name",
            ));
        }
        trusted.iter().try_for_each(|trusted| {
            let attestor = Attestor::new(trusted, request.environment, &lineage, local_database);
            attestor.verify(digest, attestation, crate::ci::Moment::Live).map(|_| ())
        })
    };
    // An approval is for all databases at once, so a part of them can be compared neither here nor by the custody.
    if *awaits_custody && !targets.is_empty() {
        return Err(
            "prisma.config computes one of several connection strings, and an approval is for all of them".to_owned()
        );
    }
    // An unseen string is compared when the custody sees it.
    let identity = (!awaits_custody).then(|| target::endpoints_identity(targets));
    let environment =
        if *awaits_custody { None } else { Some(protected.ok_or("the target is no database of the policy")?) };
    let expectation = Expectation { arguments: request.arguments, targets: identity.as_ref(), environment };
    approval::accept(request.environment, &expectation, &holder, &verify)
}

/// Who holds the deployment lock of the first of these projects that has one.
fn holder(policies: &[LoadedPolicy]) -> Result<Option<LockHolder>, Refusal> {
    for loaded in policies {
        if let Some(store) = Store::look(&loaded.root)?
            && let Some(holder) = DeploymentLock::holder(&store)?
        {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

/// Proves that this is the CI of every policy that protects one of these databases. Asks nobody where there is none.
fn prove(request: &Request<'_>, survey: &Survey) -> Result<(), String> {
    let Survey { targets, trusted, .. } = survey;
    if trusted.is_empty() || targets.iter().any(|target| matches!(target.class, Class::Unknown | Class::Invalid)) {
        return Err("no proof of CI is asked for".to_owned());
    }
    let lineage = process::ancestors();
    let protected: Vec<_> = targets.iter().filter(|target| target.class == Class::Production).cloned().collect();
    let local_database = survey::all_on_this_machine(&protected);
    trusted.iter().try_for_each(|trusted| {
        let attestor = Attestor::new(trusted, request.environment, &lineage, local_database);
        attestor.prove().map(|_| ()).map_err(|refusal| refusal.why)
    })
}

/// What the custody of the connection string answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custody {
    /// The string: section 6 lets this command have it.
    HandedOut(ConnectionString),
    /// A string that connects to nothing, for a command that needs no database and a process that is not the CLI.
    Inert(String),
}

/// Answers a request for a connection string in `prisma.config.*`: `name_or_url` is a variable's name or a whole string (it has a
/// colon). `None` for `pass` where the process is not the Prisma CLI.
///
/// A variable that is not set is an inert string for a command that does not develop (an approved deployment has no shadow
/// database's variable, an image build none at all), and a refusal for one that does, as `env()` of `prisma/config` throws.
///
/// # Errors
/// As [`decide`], for the string itself.
pub fn custody(name_or_url: &str, request: &Request<'_>, pass: Option<&Pass>) -> Result<Custody, Refusal> {
    let is_url = name_or_url.contains(':');
    let (url, source) = if is_url {
        (Some(name_or_url), "prisma.config (computed)".to_owned())
    } else {
        (request.environment.non_empty(name_or_url), format!("environment {name_or_url}"))
    };
    let command = pass.map(|pass| &pass.command);
    let works = command.filter(|command| command.class != CommandClass::NoDatabase);
    let Some(url) = url else {
        return match works {
            Some(command) if matches!(command.class, CommandClass::Develops | CommandClass::Unknown) => {
                Err(Refusal::new(
                    Rule::DatabaseUrlInvalid,
                    format!("`{}` has no connection string", command.display),
                    format!("prisma.config asks for the variable {}, which is not set", shown_name(name_or_url)),
                )
                .instead("set the variable for this command, or import 'dotenv/config' first in prisma.config"))
            }
            _ => Ok(Custody::Inert(survey::inert_url(None, request.working_folder))),
        };
    };
    let survey = Survey::of_string(request, command, url, &source);
    let Some(command) = works else {
        // Harmless, and what an editor or a generator would have had without the guard.
        let free = survey.is_ok_and(|survey| survey.targets.iter().all(|target| target.class.is_free()));
        return Ok(if free {
            Custody::HandedOut(ConnectionString::new(url))
        } else {
            Custody::Inert(survey::inert_url(Some(url), request.working_folder))
        });
    };
    let survey = survey?;
    let known = pass.is_some_and(|pass| pass.targets.iter().any(|target| target.url.reveal() == url));
    if !known {
        rule_on(request, command, &survey)?;
    }
    Ok(Custody::HandedOut(ConnectionString::new(url)))
}

/// A variable's name for people; what is no name may be a secret in the wrong place.
fn shown_name(name: &str) -> &str {
    let plain = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain { name } else { "…" }
}
