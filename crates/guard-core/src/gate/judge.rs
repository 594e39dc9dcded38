//! The table of DESIGN section 6, as a pure function: what a command is, what it touches, and what was proven.
//!
//! Knows nothing of how any of that was found.

use crate::prisma::command_line::{CommandClass, CommandLine};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::target::{Class, DatabaseTarget};

/// What may open a command. A reason stands where it is not so.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    /// `nonProduction.migrateDeploy` of every policy that counts.
    pub migrate_deploy: bool,
    /// Whether a live proof of the CI of every protected target was had.
    pub proven_ci: Result<(), &'a str>,
    /// Whether a one-shot approval for this command line and these targets was accepted.
    pub approved: Result<(), &'a str>,
}

/// How much a class is to be feared.
pub(super) const fn danger(class: Class) -> u8 {
    match class {
        Class::Production => 5,
        Class::Invalid => 4,
        Class::Unknown => 3,
        Class::NonProduction => 2,
        Class::Local => 1,
        Class::None => 0,
    }
}

/// Judges: the most dangerous target decides.
///
/// # Errors
/// Rule `direct-execution`; `database-url-invalid` where that target's string cannot be read.
pub fn judge(command: &CommandLine, targets: &[DatabaseTarget], evidence: &Evidence<'_>) -> Result<(), Refusal> {
    let worst = targets.iter().max_by_key(|target| danger(target.class));
    let free = worst.is_none_or(|target| target.class.is_free());
    match command.class {
        CommandClass::NoDatabase => Ok(()),
        CommandClass::Reads | CommandClass::Develops | CommandClass::Unknown if free => Ok(()),
        CommandClass::Promotes if evidence.approved.is_ok() => Ok(()),
        CommandClass::Promotes if free && evidence.migrate_deploy => Ok(()),
        CommandClass::Promotes if free => Err(not_directly(command, worst)),
        _ if worst.is_some_and(|target| target.class == Class::Invalid) => Err(about(
            Refusal::new(
                Rule::DatabaseUrlInvalid,
                format!("`{}` has a connection string that cannot be read", command.display),
                worst.map_or_else(String::new, |target| target.reason.clone()),
            ),
            worst,
        )),
        CommandClass::Reads => reads(command, worst, evidence),
        CommandClass::Promotes => {
            let why = evidence.approved.err().unwrap_or_default();
            let summary = format!("`{}` runs only inside an approved deployment", command.display);
            Err(about(Refusal::new(Rule::DirectExecution, summary, why), worst))
        }
        CommandClass::Develops | CommandClass::Unknown => {
            let summary = if command.class == CommandClass::Unknown {
                format!("`{}` is no command that the guard knows, so it never runs on this database", command.display)
            } else {
                format!("`{}` never runs on a production or undeclared database", command.display)
            };
            let refusal = Refusal::new(Rule::DirectExecution, summary, reason(worst))
                .instead("use a local database; a change to production is a migration that CI deploys");
            Err(about(refusal, worst))
        }
    }
}

fn reads(command: &CommandLine, worst: Option<&DatabaseTarget>, evidence: &Evidence<'_>) -> Result<(), Refusal> {
    let declared = worst.is_some_and(|target| target.class == Class::Production);
    if declared && evidence.proven_ci.is_ok() {
        return Ok(());
    }
    let refusal = if declared {
        let summary = format!("`{}` reads a production database only in proven CI", command.display);
        Refusal::new(Rule::DirectExecution, summary, evidence.proven_ci.err().unwrap_or_default())
            .instead("run it in a CI job of that environment, or on a local database")
    } else {
        let summary = format!("`{}` never runs on a database that nobody declared", command.display);
        Refusal::new(Rule::DirectExecution, summary, reason(worst))
            .instead("declare the database in prisma-guard.json, or use a local one")
    };
    Err(about(refusal, worst))
}

/// `migrate deploy` and `migrate resolve` where nothing is to be feared, and yet not directly.
fn not_directly(command: &CommandLine, worst: Option<&DatabaseTarget>) -> Refusal {
    let summary = format!("`{}` does not run directly, not even on a local database", command.display);
    let why = "nonProduction.migrateDeploy is not true in prisma-guard.json";
    let instead = "use `prisma migrate dev`; where a test set-up needs it, set nonProduction.migrateDeploy to true in prisma-guard.json, which opens nothing on production";
    about(Refusal::new(Rule::DirectExecution, summary, why).instead(instead), worst)
}

fn reason(target: Option<&DatabaseTarget>) -> String {
    target.map_or_else(String::new, |target| target.reason.clone())
}

fn about(refusal: Refusal, target: Option<&DatabaseTarget>) -> Refusal {
    match target {
        Some(target) => {
            let class = target.environment.clone().unwrap_or_else(|| target.class.name().to_owned());
            refusal.about(class, target.redacted.clone(), target.source.clone())
        }
        None => refusal,
    }
}
