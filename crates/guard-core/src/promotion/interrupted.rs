//! A deployment that was started and whose end nobody saw: what the database says of its plan decides what can be done.

use super::plan::{Progress, progress};
use super::site::{Site, Standing};
use crate::ci::{Attestor, Moment};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::{Evidence, Outcome, PlannedMigration, Record, Statement, Step, Store};

/// What became of a deployment that was interrupted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Settled {
    /// There was none.
    Nothing,
    /// All of its plan is applied, and its record says so now.
    Completed(Vec<String>),
    /// Nothing failed, and what is left of its plan can be deployed by a new chain.
    GivenUp,
}

/// What can be said of an interrupted deployment from its plan and the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// All applied.
    Complete,
    /// None, or whole migrations only: a new chain goes on from here.
    Resumable,
    /// A migration stands half done.
    Broken,
}

/// Decides.
pub(super) fn judge(progress: &Progress) -> Verdict {
    if !progress.failed.is_empty() {
        Verdict::Broken
    } else if progress.missing.is_empty() {
        Verdict::Complete
    } else {
        Verdict::Resumable
    }
}

/// Looks for a deployment that was started and not ended, says exactly what is known of it, and ends it where that is certain.
///
/// # Errors
/// `record-not-genuine` for records that CI did not attest; `verification-failed` where a migration stands half done.
pub(super) fn settle(
    store: &Store,
    site: &Site<'_>,
    standing: &Standing,
    attestor: &Attestor<'_>,
) -> Result<Settled, Refusal> {
    let Some(started) = store.read(Step::Deployment)? else { return Ok(Settled::Nothing) };
    let Evidence::Deployment { outcome: Outcome::Started, .. } = started.statement.evidence else {
        return Ok(Settled::Nothing);
    };
    genuine(&started, attestor)?;
    let verification = read_genuine(store, Step::Verification, &started, attestor)?;
    let backup = read_genuine(store, Step::Backup, &started, attestor)?;
    let Evidence::Verification { plan, .. } = &verification.statement.evidence else {
        return Err(strange("its verification holds no plan"));
    };
    if started.statement.subject.target != standing.subject.target {
        return Err(strange("it was about another database than this one"));
    }
    let found = progress(plan, Some(&standing.folder), &standing.ledger);
    site.say(&tell(plan, &found, &started));
    match judge(&found) {
        Verdict::Complete => {
            let evidence = Evidence::Deployment {
                outcome: Outcome::Completed,
                applied: found.applied.clone(),
                exit_code: None,
            };
            store.write(Statement::next(&backup, evidence, site.circumstances())?, attestor)?;
            site.say("the database has all of it: deployment.completed is written now");
            Ok(Settled::Completed(found.applied))
        }
        Verdict::Resumable => {
            store.archive()?;
            site.say("nothing stands half done: its records are archived, and a new deployment can go on from here");
            Ok(Settled::GivenUp)
        }
        Verdict::Broken => Err(Refusal::new(
            Rule::VerificationFailed,
            "a deployment was interrupted and left a migration half done",
            format!("{} was started and did not finish", found.failed.join(", ")),
        )
        .about("migration", found.failed.join(", "), "_prisma_migrations")
        .instead("compare the database with the migration, mend it or restore the backup, mark the migration with `prisma-guard resolve` in CI, then run `npm run deploy`")),
    }
}

fn tell(plan: &[PlannedMigration], found: &Progress, started: &Record) -> String {
    format!(
        "a deployment was started at {} and nobody saw its end: of {} migrations {} are applied, {} failed, {} were not started",
        started.statement.time.to_rfc3339(),
        plan.len(),
        found.applied.len(),
        found.failed.len(),
        found.missing.len(),
    )
}

fn genuine(record: &Record, attestor: &Attestor<'_>) -> Result<(), Refusal> {
    attestor.verify(&record.statement.digest()?, &record.attestation, Moment::Recorded).map(drop)
}

fn read_genuine(store: &Store, step: Step, started: &Record, attestor: &Attestor<'_>) -> Result<Record, Refusal> {
    let record = store.read(step)?.ok_or_else(|| strange("the records that it stood on are gone"))?;
    if record.statement.chain != started.statement.chain {
        return Err(strange("the records beside it belong to another deployment"));
    }
    genuine(&record, attestor)?;
    Ok(record)
}

fn strange(why: &str) -> Refusal {
    Refusal::new(Rule::RecordMismatch, "a deployment was started, and what became of it cannot be told", why)
        .about("record", "deployment.failed", "")
        .instead("start the job again from a clean checkout; verification then asks the database itself")
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};
    use crate::promotion::plan::Progress;

    #[test]
    fn only_a_half_done_migration_stops_the_next_deployment() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let made = |applied: &[&str], failed: &[&str], missing: &[&str]| Progress {
            applied: names(applied),
            failed: names(failed),
            missing: names(missing),
        };
        assert_eq!(judge(&made(&["a", "b"], &[], &[])), Verdict::Complete);
        assert_eq!(judge(&made(&[], &[], &["a", "b"])), Verdict::Resumable);
        assert_eq!(judge(&made(&["a"], &[], &["b"])), Verdict::Resumable);
        assert_eq!(judge(&made(&["a"], &["b"], &[])), Verdict::Broken);
        assert_eq!(judge(&made(&[], &["a"], &["b"])), Verdict::Broken);
    }
}
