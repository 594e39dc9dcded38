//! The step of the backup: requires the verification, makes or takes a backup, leaves the record that deployment stands on.

use super::backup::{self, BackupFolder, MadeBackup};
use super::site::{self, Site, Standing};
use super::{StepOutcome, World};
use crate::ci::Attestor;
use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::{DeploymentLock, Evidence, Record, Statement, Step, Store};
use crate::system::clock::Timestamp;
use crate::system::tree;

/// Makes a backup of the database that was verified. With nothing pending there is nothing to do.
///
/// # Errors
/// Every rule of a deployment; `backup-not-proven`; no record is written then.
pub fn backup(world: &World<'_>) -> Result<StepOutcome, Refusal> {
    let site = Site::survey(world)?;
    let (store, before) = site.store_with(Step::Verification, "backup")?;
    site.doors_are_shut()?;
    let attestor = site.attestor();
    let _lock = DeploymentLock::acquire(&store, &before.statement.chain)?;
    let standing = site.stand(&attestor)?;
    let (verification, plan) = site::verified_plan(&store, &site, &standing, &attestor)?;
    if plan.is_empty() {
        site.say("nothing is pending: no backup is needed");
        return Ok(StepOutcome::NothingPending);
    }
    let folder = BackupFolder::find(&site.environment.backup, &site.policy.root, site::checkout_root(&standing))?;
    site.say(&format!("backup of {} into {}", site.target.redacted, folder.path().display()));
    let made =
        backup::make(&site.target, &folder, &site.name, &verification.statement.chain, Timestamp::now(), world.say)?;
    record(&site, &store, &attestor, &verification, made)?;
    Ok(StepOutcome::Recorded)
}

/// Takes a backup that is in the store already: checked fully, compared with the live database, and newer than the verification.
///
/// # Errors
/// As [`backup`].
pub(super) fn take(site: &Site<'_>, store: &Store, attestor: &Attestor<'_>, file: &str) -> Result<Record, Refusal> {
    let standing: Standing = site.stand(attestor)?;
    let (verification, _) = site::verified_plan(store, site, &standing, attestor)?;
    let folder = BackupFolder::find(&site.environment.backup, &site.policy.root, site::checkout_root(&standing))?;
    let written = tree::modified(&folder.file(file)?)
        .map_err(|error| not_proven("the backup cannot be read", &format!("the system says: {error}"), file))?;
    if written < verification.statement.time {
        return Err(not_proven("the backup is too old", "it was written before the verification that it is for", file));
    }
    let made = backup::inspect(&folder, file, &site.tables()?)?;
    record(site, store, attestor, &verification, made)
}

fn record(
    site: &Site<'_>,
    store: &Store,
    attestor: &Attestor<'_>,
    verification: &Record,
    made: MadeBackup,
) -> Result<Record, Refusal> {
    let Evidence::Verification { ledger, .. } = &verification.statement.evidence else {
        return Err(not_proven("the record is about another step", "it holds no verification", ""));
    };
    holds_the_ledger(&made, ledger)?;
    if let Evidence::Backup { file, bytes, tables, .. } = &made.evidence {
        let rows: u64 = tables.iter().map(|table| table.rows).sum();
        site.say(&format!("backup: {file}, {bytes} bytes, {} tables, {rows} rows, checked", tables.len()));
    }
    store.write(Statement::next(verification, made.evidence, site.circumstances())?, attestor)
}

/// Whether the copy holds the very ledger that was verified: no migration came in between.
fn holds_the_ledger(made: &MadeBackup, verified: &Digest) -> Result<(), Refusal> {
    if made.ledger.digest() == *verified {
        return Ok(());
    }
    Err(Refusal::new(
        Rule::RecordMismatch,
        "the database changed since it was verified",
        "the backup's rows of _prisma_migrations are not the ones that verification recorded",
    ))
}

fn not_proven(summary: &str, why: &str, file: &str) -> Refusal {
    Refusal::new(Rule::BackupNotProven, summary, why).about("backup", file, "")
}
