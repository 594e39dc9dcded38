//! `stateAdvance` and `readState`.

use crate::ci::FolderOptions;
use crate::execute::Outside;
use crate::here::Here;
use crate::speak;
use guard_core::promotion;
use guard_core::state::{self, Step};
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
    /// The record's file, where there is one.
    pub file: Option<String>,
    /// What can be said of it without asking anyone: `absent`, `readable` or `unreadable`; its attestation is verified by the next step.
    #[napi(ts_type = "'absent' | 'readable' | 'unreadable'")]
    pub condition: String,
    /// When it was written, RFC 3339 in UTC.
    pub time: Option<String>,
    /// How old it is, in seconds.
    pub age: Option<f64>,
    /// Its place in the chain, from 1.
    pub sequence: Option<u32>,
    /// The policy's name of the environment.
    pub environment: Option<String>,
    /// The commit that it is about.
    pub commit: Option<String>,
    /// One sentence: what it says, or what is wrong with it.
    pub summary: String,
}

/// What the folder of records says.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct DeploymentState {
    /// The chain, where a deployment is under way.
    pub chain: Option<String>,
    /// The steps in order.
    pub steps: Vec<DeploymentStep>,
    /// The step that comes next; null where the chain has ended.
    #[napi(ts_type = "'verification' | 'backup' | 'deployment' | null")]
    pub next: Option<String>,
    /// The process that holds the deployment lock, where one does.
    pub lock_held_by: Option<u32>,
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
        let step = Step::from_name(&step)?;
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
        Ok(state::look(&here.root)?.into())
    })
}
