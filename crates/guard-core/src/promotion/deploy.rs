//! The deployment itself: both records, the lock, the approval, Prisma's own `migrate deploy`, and what the database says afterwards.

use super::backup::{self, BackupFolder};
use super::interrupted::{self, Settled};
use super::plan::progress;
use super::site::{self, Site, Standing};
use super::{DeploymentOutcome, World, run};
use crate::ci::Attestor;
use crate::digest::hexadecimal;
use crate::gate;
use crate::prisma::approval::{Approval, ApprovedCommand};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::{DeploymentLock, Evidence, Outcome, PlannedMigration, Record, Statement, Step, Store};
use crate::system::process;
use crate::target;

/// The only command that is ever approved.
const COMMAND: [&str; 2] = ["migrate", "deploy"];

/// Deploys what was verified and backed up.
///
/// # Errors
/// `invalid-argument` for any other command than `migrate deploy`; every rule of a deployment. Once Prisma was started, a record says so
/// whatever happens.
pub fn deploy(world: &World<'_>, arguments: &[String]) -> Result<DeploymentOutcome, Refusal> {
    is_the_command(arguments)?;
    let site = Site::survey(world)?;
    let (store, before) = site.store_with(Step::Verification, "deployment")?;
    site.doors_are_shut()?;
    let attestor = site.attestor();
    let _lock = DeploymentLock::acquire(&store, &before.statement.chain)?;
    let standing = site.stand(&attestor)?;
    match interrupted::settle(&store, &site, &standing, &attestor)? {
        Settled::Nothing => {}
        Settled::Completed(applied) => return Ok(DeploymentOutcome { exit_code: 0, applied }),
        Settled::GivenUp => {
            return Err(Refusal::new(
                Rule::StepOrder,
                "the deployment before was interrupted and is given up",
                "what is left of its plan needs a verification and a backup of its own",
            ));
        }
    }
    let (_, plan) = site::verified_plan(&store, &site, &standing, &attestor)?;
    if plan.is_empty() {
        site.say("nothing is pending: nothing to deploy");
        return Ok(DeploymentOutcome { exit_code: 0, applied: Vec::new() });
    }
    let backup = store.require(Step::Backup, &site.expectation(&standing), &attestor)?;
    let folder = BackupFolder::find(&site.environment.backup, &site.policy.root, site::checkout_root(&standing))?;
    backup::check(&backup.statement.evidence, &folder)?;
    site.say("verification and backup are genuine, fresh and about this commit and database");

    // Written ahead: from here on the records are used up, whatever happens.
    let started = Evidence::Deployment { outcome: Outcome::Started, applied: Vec::new(), exit_code: None };
    store.write(Statement::next(&backup, started, site.circumstances())?, &attestor)?;
    let ran = approve(&site, &attestor, &backup).and_then(|approval| run::approved(&site, &approval));
    let ended = end(&site, &standing, &store, &attestor, &backup, &plan, ran.as_ref().ok().copied().flatten());
    // Where Prisma was not even started, that is what there is to say.
    ran.and(ended)
}

pub(super) fn is_the_command(arguments: &[String]) -> Result<(), Refusal> {
    if arguments == COMMAND {
        return Ok(());
    }
    Err(Refusal::new(
        Rule::InvalidArgument,
        "only `prisma migrate deploy` is ever approved",
        "the approved deployment runs exactly the two arguments `migrate` and `deploy`, and nothing else",
    )
    .about("command", "execPrismaApproved", "")
    .instead("call execPrismaApproved(['migrate', 'deploy'])"))
}

fn approve(site: &Site<'_>, attestor: &Attestor<'_>, backup: &Record) -> Result<Approval, Refusal> {
    let defect = |why: String| Refusal::new(Rule::InternalError, "the approval cannot be made", why);
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| defect(format!("the system gives no random numbers: {error}")))?;
    let holder = process::current().ok_or_else(|| defect("this process cannot be looked up".to_owned()))?.identity;
    let arguments: Vec<String> = COMMAND.iter().map(|word| (*word).to_owned()).collect();
    // Exactly the databases that the gate in the child will find for this command.
    let (_, targets) = gate::targets(&gate::Request {
        arguments: &arguments,
        working_folder: &site.world.project,
        environment: site.world.environment,
        prisma_major: site.installation.major,
        package_folder: Some(&site.world.package),
    })?;
    let command = ApprovedCommand {
        arguments,
        targets: target::endpoints_identity(&targets),
        environment: site.name.clone(),
        chain: backup.statement.chain.clone(),
        holder,
        nonce: hexadecimal(&bytes),
    };
    let (attestation, _) = attestor.attest(&command.digest()?)?;
    Ok(Approval { command, attestation })
}

/// Asks the database what became of the plan, and writes it down. `exit_code` is Prisma's, where it ran.
pub(super) fn end(
    site: &Site<'_>,
    standing: &Standing,
    store: &Store,
    attestor: &Attestor<'_>,
    backup: &Record,
    plan: &[PlannedMigration],
    exit_code: Option<i32>,
) -> Result<DeploymentOutcome, Refusal> {
    let found = progress(plan, Some(&standing.folder), &site.ledger()?);
    let complete = found.failed.is_empty() && found.missing.is_empty();
    let outcome = if complete { Outcome::Completed } else { Outcome::Failed };
    for name in &found.applied {
        site.say(&format!("applied: {name}"));
    }
    for name in &found.failed {
        site.say(&format!("failed: {name}: it was started and did not finish"));
    }
    for name in &found.missing {
        site.say(&format!("not applied: {name}"));
    }
    let evidence = Evidence::Deployment { outcome, applied: found.applied.clone(), exit_code };
    let statement = Statement::next(backup, evidence, site.circumstances())?;
    store.write(statement, attestor).map_err(|refusal| {
        let done = if complete {
            "the database has every migration of the plan"
        } else {
            "the database lacks a part of the plan"
        };
        let why = format!("{}; {done}, and its record could not be written", refusal.why);
        Refusal { why, ..refusal }.instead("run `npm run deploy` again: it asks the database and writes what it finds")
    })?;
    Ok(DeploymentOutcome { exit_code: i32::from(!complete), applied: found.applied })
}

#[cfg(test)]
mod tests {
    use super::is_the_command;

    #[test]
    fn nothing_but_migrate_deploy_is_ever_approved() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert!(is_the_command(&words(&["migrate", "deploy"])).is_ok());
        for wrong in [
            &["migrate", "reset"][..],
            &["migrate", "deploy", "--schema=x"],
            &["migrate", "deploy", "--config", "other.ts"],
            &["db", "push"],
            &["migrate deploy"],
            &["Migrate", "Deploy"],
            &["--", "migrate", "deploy"],
            &[],
        ] {
            assert!(is_the_command(&words(wrong)).is_err(), "{wrong:?}");
        }
    }
}
