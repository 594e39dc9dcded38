//! Which record opens which step: genuine, of the same chain, environment, subject and CI run, fresh, and not used up.
//!
//! Knows no files but through the store. A folder can be rolled back by who holds it: that a chain is used up is known from the
//! folder here, and from the database's own `_prisma_migrations` in `promotion`, which cannot be rolled back with a folder.

use super::store::{file_of, mismatch, missing, used_up, verified};
use super::{Evidence, Expectation, Record, Statement, Step, Store, Subject};
use crate::ci::{Attest, Attestation, Proof};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::clock::Timestamp;

/// How far, in seconds, the clock of a machine may be from its identity provider's when a record is made.
pub const CLOCK_DIFFERENCE: i64 = 300;
/// How far, in seconds, a record may lie in the future of the machine that reads it.
pub const FUTURE_TOLERANCE: i64 = 60;

impl Store {
    /// The record of a step, verified: genuine, of the expected environment, subject and CI run, not expired, not used up, and
    /// standing on the records before it. A deployment's own record is verified the same way, but for being used up.
    ///
    /// # Errors
    /// `step-order` where it is missing, `record-not-genuine`, `record-mismatch`, `proof-unavailable`.
    pub fn require(&self, step: Step, expectation: &Expectation<'_>, attestor: &dyn Attest) -> Result<Record, Refusal> {
        let mut wanted = None;
        let mut before: Option<(Record, Timestamp)> = None;
        for each in Step::ALL.into_iter().filter(|each| *each <= step) {
            let needed_by = Step::ALL.into_iter().find(|later| later.before() == Some(each)).unwrap_or(each);
            let record = self.read(each)?.ok_or_else(|| missing(needed_by, each))?;
            let proof = verified(&record, attestor)?;
            agrees(&record, &proof, expectation)?;
            let time = recorded_at(&record.statement, &record.attestation, &proof);
            if let Some((before, earlier)) = &before {
                follows(&record, time, before, *earlier)?;
            }
            wanted = Some((record.clone(), time));
            before = Some((record, time));
        }
        let (record, time) = wanted.ok_or_else(|| missing(step, step))?;
        is_fresh(&record, time, expectation)?;
        if step != Step::Deployment {
            self.is_unused(&record)?;
        }
        Ok(record)
    }

    /// The record of a step where it is there, would open the next step now, and states exactly this evidence: then the step need not be
    /// repeated (npm runs `predeploy` by itself before `deploy`). `None` where there is none, or it is about something else, old or used
    /// up: then the step makes a new one.
    ///
    /// # Errors
    /// `record-not-genuine`, `proof-unavailable`, `storage-failed`: such a record is not replaced in silence. `step-order` where the record
    /// before it is missing.
    pub fn kept(
        &self,
        step: Step,
        evidence: &Evidence,
        expectation: &Expectation<'_>,
        attestor: &dyn Attest,
    ) -> Result<Option<Record>, Refusal> {
        if self.read(step)?.is_none() {
            return Ok(None);
        }
        match self.require(step, expectation, attestor) {
            Ok(record) => Ok(identical(&record, expectation.subject, evidence).then_some(record)),
            Err(refusal) if refusal.rule == Rule::RecordMismatch => Ok(None),
            Err(refusal) => Err(refusal),
        }
    }

    fn is_unused(&self, record: &Record) -> Result<(), Refusal> {
        let chain = &record.statement.chain;
        for (name, step) in super::store::FILES {
            if step == Step::Deployment
                && let Some(deployment) = self.read_file(name, step)?
                && deployment.statement.chain == *chain
            {
                return Err(used_up(file_of(&record.statement), "Prisma was started with them before"));
            }
        }
        if self.archive_has_deployed(chain)? {
            return Err(used_up(file_of(&record.statement), "the archive holds the deployment that used them"));
        }
        Ok(())
    }
}

/// Whether a record states exactly this evidence about exactly this subject.
#[must_use]
pub fn identical(record: &Record, subject: &Subject, evidence: &Evidence) -> bool {
    record.statement.subject == *subject && record.statement.evidence == *evidence
}

/// When a record was made: the identity provider's time, since the machine's own clock is only its word; a key's signature has no time of its
/// own, so the time that it signed counts.
fn recorded_at(statement: &Statement, attestation: &Attestation, proof: &Proof) -> Timestamp {
    match attestation {
        Attestation::Oidc { .. } => proof.issued,
        Attestation::Key { .. } => statement.time,
    }
}

/// Refuses a statement whose time is not the time at which it was attested.
pub(super) fn clock_agrees(statement: &Statement, attestation: &Attestation, proof: &Proof) -> Result<(), Refusal> {
    let difference = statement.time.0.saturating_sub(recorded_at(statement, attestation, proof).0);
    if difference.saturating_abs() <= CLOCK_DIFFERENCE {
        return Ok(());
    }
    Err(mismatch(
        file_of(statement),
        format!("it states {}, and was attested at {}", statement.time.to_rfc3339(), proof.issued.to_rfc3339()),
    )
    .instead("set the clock of the runner, then run `npm run deploy` again from the start"))
}

fn agrees(record: &Record, proof: &Proof, expectation: &Expectation<'_>) -> Result<(), Refusal> {
    let statement = &record.statement;
    let name = file_of(statement);
    clock_agrees(statement, &record.attestation, proof)?;
    if statement.environment != expectation.environment {
        return Err(mismatch(
            name,
            format!("it is about the environment {}, and this is {}", statement.environment, expectation.environment),
        ));
    }
    same_subject(name, &statement.subject, expectation.subject)?;
    if proof.commit.as_ref().is_some_and(|commit| *commit != statement.subject.commit) {
        return Err(mismatch(name, "it states another commit than CI was asked to build"));
    }
    if proof.issuer != expectation.proof.issuer || proof.repository != expectation.proof.repository {
        return Err(mismatch(name, "it was attested for another repository or by another provider"));
    }
    if proof.run != expectation.proof.run {
        let shown = |run: &Option<String>| run.clone().unwrap_or_else(|| "none".to_owned());
        return Err(mismatch(
            name,
            format!("it was made in CI run {}, and this is run {}", shown(&proof.run), shown(&expectation.proof.run)),
        ));
    }
    Ok(())
}

fn same_subject(name: &str, stated: &Subject, found: &Subject) -> Result<(), Refusal> {
    let parts = [
        ("commit", stated.commit.as_str(), found.commit.as_str()),
        ("tree", &stated.tree, &found.tree),
        ("migrations", stated.migrations.as_str(), found.migrations.as_str()),
        ("schema", stated.schema.as_str(), found.schema.as_str()),
        ("target", stated.target.as_str(), found.target.as_str()),
    ];
    match parts.into_iter().find(|(_, stated, found)| stated != found) {
        None => Ok(()),
        Some((part, stated, found)) => {
            let short = |text: &str| text.chars().take(12).collect::<String>();
            Err(mismatch(
                name,
                format!("it is about another {part}: {} is recorded, {} is here", short(stated), short(found)),
            ))
        }
    }
}

fn follows(record: &Record, time: Timestamp, before: &Record, earlier: Timestamp) -> Result<(), Refusal> {
    let (statement, previous) = (&record.statement, &before.statement);
    let name = file_of(statement);
    if statement.chain != previous.chain {
        return Err(mismatch(name, format!("it belongs to another deployment than {}", file_of(previous))));
    }
    if Some(statement.sequence) != previous.sequence.checked_add(1) || statement.previous != Some(previous.digest()?) {
        return Err(mismatch(name, format!("it does not stand on the {} that is here", file_of(previous))));
    }
    if time.0.saturating_add(FUTURE_TOLERANCE) < earlier.0 {
        return Err(mismatch(name, format!("it is older than {}, which it stands on", file_of(previous))));
    }
    Ok(())
}

fn is_fresh(record: &Record, time: Timestamp, expectation: &Expectation<'_>) -> Result<(), Refusal> {
    let name = file_of(&record.statement);
    let age = expectation.now.0.saturating_sub(time.0);
    if age < -FUTURE_TOLERANCE {
        return Err(mismatch(name, format!("it is of {}, which is still to come", time.to_rfc3339())));
    }
    if age > i64::from(expectation.maximum_age) {
        return Err(mismatch(name, format!("it is {age} seconds old, and maxAge allows {}", expectation.maximum_age)));
    }
    Ok(())
}
