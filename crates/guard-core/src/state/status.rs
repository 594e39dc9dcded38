//! What the folder says, for people and for `readState()`: it only looks, asks nobody, and a record that cannot be read is told, not
//! thrown.
//!
//! Nothing here is verified: no step may be taken on the strength of it.

use super::store::{COMPLETED_FILE, FAILED_FILE, FILES, file_of};
use super::{DeploymentLock, Evidence, LockHolder, Outcome, Record, Step, Store};
use crate::refusal::Refusal;
use crate::system::clock::Timestamp;
use serde::Serialize;
use std::path::Path;

/// What the folder of records says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeploymentState {
    /// Whether the attestations were verified: never, since that needs the identity provider.
    pub verified: bool,
    /// The chain of the newest verification, where one can be read.
    pub chain: Option<String>,
    /// The three steps in order.
    pub steps: Vec<StepState>,
    /// The step that these records would open, if they are genuine and it is taken in time. `None` where something cannot be read.
    pub next: Option<Step>,
    /// Who holds the deployment lock.
    pub lock: Option<LockHolder>,
    /// Why the folder or the lock cannot be used, in one sentence.
    pub problem: Option<String>,
}

/// What the folder says of one step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StepState {
    /// The step.
    pub step: Step,
    /// The file's name in the folder.
    pub file: String,
    /// Whether a file stands there.
    pub present: bool,
    /// Why it is no record, in one sentence.
    pub problem: Option<String>,
    /// When it says that the step ended, RFC 3339.
    pub time: Option<String>,
    /// How long ago that is, in seconds.
    pub age: Option<i64>,
    /// Its chain.
    pub chain: Option<String>,
    /// Its place in the chain.
    pub sequence: Option<u32>,
    /// The policy's name of the environment.
    pub environment: Option<String>,
    /// The commit.
    pub commit: Option<String>,
    /// How the deployment ended.
    pub outcome: Option<Outcome>,
}

/// Looks at the records of the project in `root`.
#[must_use]
pub fn read_state(root: &Path, now: Timestamp) -> DeploymentState {
    let store = match Store::look(root) {
        Ok(Some(store)) => store,
        Ok(None) => {
            let steps = Step::ALL.map(|step| absent(step, expected_file(step))).to_vec();
            return DeploymentState { steps, next: Some(Step::Verification), ..DeploymentState::default() };
        }
        Err(refusal) => {
            let steps = Step::ALL.map(|step| absent(step, expected_file(step))).to_vec();
            return DeploymentState { steps, problem: Some(told(&refusal)), ..DeploymentState::default() };
        }
    };
    let read = Step::ALL.map(|step| (step, store.read(step)));
    let (lock, problem) = match DeploymentLock::holder(&store) {
        Ok(holder) => (holder, None),
        Err(refusal) => (None, Some(told(&refusal))),
    };
    let records = read.each_ref().map(|(_, record)| record.as_ref().ok().and_then(Option::as_ref));
    let next = if read.iter().any(|(_, record)| record.is_err()) { None } else { Some(next_step(records)) };
    let [verification, ..] = records;
    DeploymentState {
        verified: false,
        chain: verification.map(|record| record.statement.chain.clone()),
        steps: read.iter().map(|(step, record)| state_of(&store, *step, record, now)).collect(),
        next,
        lock,
        problem,
    }
}

/// The step that these records would open: each record counts only if it stands on the one before.
fn next_step([verification, backup, deployment]: [Option<&Record>; 3]) -> Step {
    let Some(verification) = verification else { return Step::Verification };
    let of_chain = |record: &&Record| record.statement.chain == verification.statement.chain;
    match (backup.filter(of_chain), deployment.filter(of_chain)) {
        (_, Some(_)) => Step::Verification,
        (Some(_), None) => Step::Deployment,
        (None, None) => Step::Backup,
    }
}

fn expected_file(step: Step) -> &'static str {
    match step {
        Step::Deployment => COMPLETED_FILE,
        other => FILES.iter().find(|(_, of)| *of == other).map_or(COMPLETED_FILE, |(name, _)| name),
    }
}

fn absent(step: Step, file: &str) -> StepState {
    StepState {
        step,
        file: file.to_owned(),
        present: false,
        problem: None,
        time: None,
        age: None,
        chain: None,
        sequence: None,
        environment: None,
        commit: None,
        outcome: None,
    }
}

fn state_of(store: &Store, step: Step, record: &Result<Option<Record>, Refusal>, now: Timestamp) -> StepState {
    match record {
        Ok(None) => absent(step, expected_file(step)),
        Ok(Some(record)) => {
            let statement = &record.statement;
            StepState {
                present: true,
                time: Some(statement.time.to_rfc3339()),
                age: Some(now.0.saturating_sub(statement.time.0)),
                chain: Some(statement.chain.clone()),
                sequence: Some(statement.sequence),
                environment: Some(statement.environment.clone()),
                commit: Some(statement.subject.commit.clone()),
                outcome: match &statement.evidence {
                    Evidence::Deployment { outcome, .. } => Some(*outcome),
                    Evidence::Verification { .. } | Evidence::Backup { .. } => None,
                },
                ..absent(step, file_of(statement))
            }
        }
        Err(refusal) => {
            let failed = step == Step::Deployment && store.read_file(COMPLETED_FILE, step).is_ok();
            let file = if failed { FAILED_FILE } else { expected_file(step) };
            StepState { present: true, problem: Some(told(refusal)), ..absent(step, file) }
        }
    }
}

fn told(refusal: &Refusal) -> String {
    format!("{}: {}", refusal.summary, refusal.why)
}
