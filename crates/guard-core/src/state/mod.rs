//! The records of a deployment: statement, digest chain, attestation, lock and store (DESIGN, section 8).
//!
//! Knows nothing of how evidence is gathered or checked again: `promotion` does that, and hands it in.

mod chain;
mod file;
mod lock;
mod statement;
mod status;
mod store;

pub use chain::{CLOCK_DIFFERENCE, FUTURE_TOLERANCE, identical};
pub use file::MAXIMUM_RECORD_BYTES;
pub use lock::{DeploymentLock, LOCK_FILE, LockHolder};
pub use statement::{Circumstances, PREDICATE_TYPE, STATEMENT_TYPE};
pub use status::{DeploymentState, StepState, read_state};
pub use store::{BACKUP_FILE, COMPLETED_FILE, FAILED_FILE, Store, VERIFICATION_FILE};

use crate::ci::{Attestation, Proof};
use crate::database::TableRows;
use crate::digest::Digest;
use crate::system::clock::Timestamp;
use serde::{Deserialize, Serialize};

/// The folder's name, at the project's root.
pub const FOLDER_NAME: &str = ".deployment-state";

/// The steps of a deployment, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// `verification.passed`
    Verification,
    /// `backup.completed`
    Backup,
    /// `deployment.completed`, or `deployment.failed`
    Deployment,
}

/// What a record is about. Two records belong together only if all of it is equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The commit, in hexadecimal.
    pub commit: String,
    /// Its tree, in hexadecimal.
    pub tree: String,
    /// The digest of the migrations folder.
    pub migrations: Digest,
    /// The digest of the schema.
    pub schema: Digest,
    /// The fingerprint of the database (see `database`).
    pub target: Digest,
}

/// A migration that is to be applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedMigration {
    /// The folder's name.
    pub name: String,
    /// SHA-256 of its migration.sql.
    pub digest: Digest,
}

/// How a deployment ended, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Prisma was started, and nobody has looked since: written before it starts, so that a crash leaves it.
    Started,
    /// Every migration of the plan is applied.
    Completed,
    /// The database says otherwise.
    Failed,
}

/// What a step found. It was checked by the step itself, and is checked again by the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Evidence {
    /// The repository and the database agree, and this is what would be applied.
    Verification {
        /// The digest of the rows of `_prisma_migrations`: the mark that cannot be rolled back with a folder.
        ledger: Digest,
        /// What is to be applied, in order. Empty: nothing is pending.
        plan: Vec<PlannedMigration>,
        /// The attacks of the proof, all refused.
        attacks: u32,
        /// The files that the static rules read.
        scanned: u32,
    },
    /// A backup was made and compared with the live database.
    Backup {
        /// How: `sqlite-online-backup`.
        method: String,
        /// The file's name in the store.
        file: String,
        /// Its SHA-256.
        digest: Digest,
        /// Its size in bytes.
        bytes: u64,
        /// Every table of the live database, and its rows in the copy.
        tables: Vec<TableRows>,
    },
    /// Prisma ran.
    Deployment {
        /// How it ended.
        outcome: Outcome,
        /// The plan's migrations that the database calls applied.
        applied: Vec<String>,
        /// Prisma's exit code, where it was seen.
        exit_code: Option<i32>,
    },
}

/// What one record states. Its canonical JSON (RFC 8785) is an in-toto Statement v1, and its digest is what is attested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// What it is about.
    pub subject: Subject,
    /// The policy's name of the environment.
    pub environment: String,
    /// Which step.
    pub step: Step,
    /// The chain: random, made by verification.
    pub chain: String,
    /// 1 for verification, then one more for each record.
    pub sequence: u32,
    /// The digest of the record before; `None` for verification.
    pub previous: Option<Digest>,
    /// When the step ended, by the machine's clock.
    pub time: Timestamp,
    /// Tool versions by name.
    pub tools: std::collections::BTreeMap<String, String>,
    /// Who was seen above the process: facts, one `kind name` each.
    pub ancestors: Vec<String>,
    /// What the step found.
    pub evidence: Evidence,
}

/// A statement and its attestation: one file.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// What it states.
    pub statement: Statement,
    /// Who attests it.
    pub attestation: Attestation,
}

/// What the next step expects of the record before it.
pub struct Expectation<'a> {
    /// The policy's name of the environment.
    pub environment: &'a str,
    /// What the step itself finds now.
    pub subject: &'a Subject,
    /// The proof of this process.
    pub proof: &'a Proof,
    /// In seconds, from the end of one step to the start of the next.
    pub maximum_age: u32,
    /// Now.
    pub now: Timestamp,
}
