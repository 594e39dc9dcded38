//! `stateAdvance` and `readState`.

use crate::ci::FolderOptions;
use crate::execute::Outside;
use crate::here::Here;
use crate::speak;
use guard_core::promotion;
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::state::{self, Step};
use guard_core::system::clock::Timestamp;
use napi_derive::napi;

/// A record of one step, as it was written.
#[napi(object, object_from_js = false)]
pub struct StateRecord {
    /// The step.
    #[napi(ts_type = "'verification' | 'backup' | 'deployment'")]
    pub step: String,
    /// The policy's name of the environment.
    pub environment: String,
    /// The chain that it belongs to.
    pub chain: String,
    /// Its place in the chain, from 1.
    pub sequence: u32,
    /// SHA-256 of its statement's canonical JSON: what is attested.
    pub digest: String,
    /// When it was written, RFC 3339 in UTC.
    pub time: String,
    /// The commit that it is about.
    pub commit: String,
}

/// One step of the deployment that the folder of records speaks of.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct DeploymentStep {
    /// The step.
    #[napi(ts_type = "'verification' | 'backup' | 'deployment'")]
    pub step: String,
    /// The record's file in `.deployment-state/`.
    pub file: String,
    /// Whether it is there.
    pub present: bool,
    /// Why it is no record, in one sentence.
    pub problem: Option<String>,
    /// When it says that the step ended, RFC 3339 in UTC.
    pub time: Option<String>,
    /// How long ago that is, in seconds.
    pub age: Option<f64>,
    /// Its chain.
    pub chain: Option<String>,
    /// Its place in the chain, from 1.
    pub sequence: Option<u32>,
    /// The policy's name of the environment.
    pub environment: Option<String>,
    /// The commit that it is about.
    pub commit: Option<String>,
    /// How the deployment ended, as far as is known.
    #[napi(ts_type = "'started' | 'completed' | 'failed' | null")]
    pub outcome: Option<String>,
}

/// Who holds the deployment lock.
#[napi(object, object_from_js = false)]
pub struct DeploymentLock {
    /// The process.
    pub pid: u32,
    /// The chain that it deploys.
    pub chain: String,
    /// Since when, in seconds since 1970.
    pub since: f64,
}

/// What the folder of records says.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct DeploymentState {
    /// Whether the attestations were verified: never here, since that asks the identity provider; each step verifies those before it.
    pub verified: bool,
    /// The chain of the newest verification.
    pub chain: Option<String>,
    /// The steps in order.
    pub steps: Vec<DeploymentStep>,
    /// The step that these records would open, if they are genuine and it is taken in time; null where something cannot be read.
    #[napi(ts_type = "'verification' | 'backup' | 'deployment' | null")]
    pub next: Option<String>,
    /// Who holds the deployment lock.
    pub lock: Option<DeploymentLock>,
    /// Why the folder or the lock cannot be used, in one sentence.
    pub problem: Option<String>,
}

#[expect(clippy::cast_precision_loss, reason = "seconds stay below 2^53 for longer than there are clocks")]
impl From<state::DeploymentState> for DeploymentState {
    fn from(seen: state::DeploymentState) -> Self {
        let step = |step: state::StepState| DeploymentStep {
            step: step.step.name().to_owned(),
            outcome: step.outcome.map(|outcome| outcome.name().to_owned()),
            file: step.file,
            present: step.present,
            problem: step.problem,
            time: step.time,
            age: step.age.map(|age| age as f64),
            chain: step.chain,
            sequence: step.sequence,
            environment: step.environment,
            commit: step.commit,
        };
        DeploymentState {
            verified: seen.verified,
            chain: seen.chain,
            steps: seen.steps.into_iter().map(step).collect(),
            next: seen.next.map(|step| step.name().to_owned()),
            lock: seen.lock.map(|lock| DeploymentLock {
                pid: lock.process.pid,
                chain: lock.chain,
                since: lock.since as f64,
            }),
            problem: seen.problem,
        }
    }
}

/// One sentence of what a record says.
pub(crate) fn told(step: &state::StepState) -> String {
    if let Some(problem) = &step.problem {
        return format!("{}: {problem}", step.file);
    }
    match (step.present, &step.time) {
        (true, Some(time)) => {
            let outcome = step.outcome.map(|outcome| format!(", {}", outcome.name())).unwrap_or_default();
            let commit = step.commit.as_deref().and_then(|commit| commit.get(..12)).unwrap_or("?");
            let environment = step.environment.as_deref().unwrap_or("?");
            format!("{} at {time}, {environment}, commit {commit}{outcome}", step.file)
        }
        _ => "not yet".to_owned(),
    }
}

/// Writes the record of a step, after checking everything that the step needs and the evidence itself. `evidence` only points: `{ migrations }`, the folder that
/// was verified; `{ file }`, the backup in the store; `{ exitCode }`, how the approved Prisma ended.
///
/// Throws a GuardError: `step-order`, `record-not-genuine`, `record-mismatch`, `local-deployment`, `unclean-git`, `verification-failed`,
/// `backup-not-proven`, `invalid-argument`, `storage-failed` and others; what was there before stays.
#[napi]
pub fn state_advance(
    #[napi(ts_arg_type = "'verification' | 'backup' | 'deployment'")] step: String,
    #[napi(ts_arg_type = "object")] evidence: Option<serde_json::Value>,
    options: Option<FolderOptions>,
) -> napi::Result<StateRecord> {
    speak::looking(|| {
        let step = step_named(&step)?;
        let outside = Outside::new(options.and_then(|given| given.cwd))?;
        let record = promotion::advance(&outside.world(&crate::scan::scan), step, &evidence.unwrap_or_default())?;
        let statement = &record.statement;
        Ok(StateRecord {
            step: statement.step.name().to_owned(),
            environment: statement.environment.clone(),
            chain: statement.chain.clone(),
            sequence: statement.sequence,
            digest: statement.digest()?.to_string(),
            time: statement.time.to_rfc3339(),
            commit: statement.subject.commit.clone(),
        })
    })
}

/// What the records in `.deployment-state/` say, and which step comes next. Looks only: it asks nobody, so it vouches for nothing.
#[napi]
pub fn read_state(options: Option<FolderOptions>) -> napi::Result<DeploymentState> {
    speak::looking(|| {
        let here = Here::new(options.and_then(|given| given.cwd))?;
        Ok(state::read_state(&here.root, Timestamp::now()).into())
    })
}

fn step_named(name: &str) -> Result<Step, Refusal> {
    Step::ALL.iter().copied().find(|step| step.name() == name).ok_or_else(|| {
        Refusal::new(Rule::InvalidArgument, "there is no such step", "a step is verification, backup or deployment")
    })
}
