//! The policy, `prisma-guard.json`: its shape, its defaults and how it is read.
//!
//! Knows nothing of connection strings beyond the text of a pattern, and nothing of tokens beyond the name of a claim.

pub mod host;
pub mod pattern;

mod age;
mod load;
mod positions;
mod remembered;
mod validate;

use crate::refusal::Refusal;
use pattern::Pattern;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file's name.
pub const FILE_NAME: &str = "prisma-guard.json";

/// The policy as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// The JSON schema, for editors.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// The protected environments by name. A deployment runs only against one of them.
    #[serde(default)]
    pub environments: BTreeMap<String, ProtectedEnvironment>,
    /// Databases that hold nothing that matters.
    #[serde(default)]
    pub non_production: NonProduction,
    /// The only script that may run `prisma migrate deploy`, relative to the policy.
    #[serde(default = "default_deploy_script")]
    pub deploy_script: String,
    /// The static rules.
    #[serde(default)]
    pub scan: ScanPolicy,
    /// A schema engine elsewhere than in Prisma's own place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub engine: Option<EnginePin>,
}

/// An environment whose databases are protected.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProtectedEnvironment {
    /// Patterns of its databases: `host[:port][/database]`, `*.host`, `host#text`, `file:path`, or `sha256:…` of one of these.
    pub databases: Vec<String>,
    /// Who may deploy to it.
    pub attestation: AttestationPolicy,
    /// How it is backed up.
    #[serde(default)]
    pub backup: BackupPolicy,
    /// How long a record opens the next step: a number and `m`, `h` or `d`.
    #[serde(default)]
    pub max_age: MaximumAge,
}

/// Who may deploy, and how that is proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum AttestationPolicy {
    /// The CI's identity provider signs each challenge.
    Oidc {
        /// The issuer, exactly as in its tokens. https; http only on loopback, for a database on this machine.
        issuer: String,
        /// What the token's claims must be. At least one.
        claims: BTreeMap<String, ClaimPattern>,
    },
    /// An Ed25519 key that only CI holds signs each challenge.
    Key {
        /// The public half as `prisma-guard keygen` prints it: `ed25519:` and the raw key in base64url without padding.
        public_key: String,
    },
}

/// The values that a claim may have; `*` in a value stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ClaimPattern {
    /// Exactly this.
    One(String),
    /// One of these.
    Any(Vec<String>),
}

/// How an environment is backed up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackupPolicy {
    /// `auto`: by the database's own means.
    #[serde(default)]
    pub kind: BackupKind,
    /// Where backups are kept: a place that outlives the job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<BackupStore>,
}

/// The kinds of backup.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BackupKind {
    /// By the database's own means: SQLite's online backup.
    #[default]
    Auto,
}

/// A store of backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BackupStore {
    /// A folder that outlives the job, absolute or relative to the policy, outside the checkout.
    pub directory: String,
}

/// Databases that hold nothing that matters.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NonProduction {
    /// Their patterns.
    #[serde(default)]
    pub databases: Vec<String>,
    /// Whether `prisma migrate deploy` may run directly on local and declared non-production databases.
    #[serde(default)]
    pub migrate_deploy: bool,
}

/// What the static rules allow.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanPolicy {
    /// One entry for each finding that is right as it is.
    #[serde(default)]
    pub allow: Vec<ScanAllowance>,
}

/// One finding that is right as it is, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScanAllowance {
    /// The file, relative to the root.
    pub file: String,
    /// The static rule.
    pub rule: String,
    /// SHA-256 of the finding's evidence, in hexadecimal: a changed line needs a new decision.
    pub digest: String,
    /// Why it is right.
    pub reason: String,
}

/// A schema engine that stands elsewhere than in Prisma's own place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnginePin {
    /// The file, absolute or relative to the policy.
    pub path: String,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

/// How long a record opens the next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaximumAge {
    /// In seconds.
    pub seconds: u32,
}

impl Default for MaximumAge {
    /// Two hours.
    fn default() -> Self {
        MaximumAge { seconds: 2 * 60 * 60 }
    }
}

fn default_deploy_script() -> String {
    "scripts/deploy-db.js".to_owned()
}

/// A policy that was read and found valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedPolicy {
    /// What it says.
    pub policy: Policy,
    /// The folder it stands in: the project's root. Relative paths in it start here.
    pub root: PathBuf,
    /// Its patterns of databases, taken apart.
    pub patterns: Vec<DeclaredPattern>,
}

/// A pattern of a policy and what it says of the databases that it matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPattern {
    /// The environment that it belongs to; `None` for `nonProduction`.
    pub environment: Option<String>,
    /// As it is written.
    pub text: String,
    /// Taken apart.
    pub pattern: Pattern,
}

impl LoadedPolicy {
    /// A policy that [`parse`] found valid, and the folder it stands in. Environments' patterns come first, then those of `nonProduction`.
    #[must_use]
    pub fn new(policy: Policy, root: PathBuf) -> Self {
        let environments = policy
            .environments
            .iter()
            .flat_map(|(name, protected)| protected.databases.iter().map(move |text| (Some(name.clone()), text)));
        let declared = policy.non_production.databases.iter().map(|text| (None, text));
        // A pattern that cannot be read was refused when the policy was parsed.
        let patterns = environments
            .chain(declared)
            .filter_map(|(environment, text)| {
                pattern::parse(text).ok().map(|pattern| DeclaredPattern { environment, text: text.clone(), pattern })
            })
            .collect();
        LoadedPolicy { policy, root, patterns }
    }
}

/// Reads the policy of the project that holds `start`: the nearest `prisma-guard.json` from there upwards. `Ok(None)` where there is none.
///
/// # Errors
/// Rule `policy-invalid`, with the key, the line and the nearest known key.
pub fn load(start: &Path) -> Result<Option<LoadedPolicy>, Refusal> {
    load::load(start)
}

/// As [`load`], without reading and parsing again what this process has read and what the file system says is unchanged: for what is asked
/// many times in one process.
///
/// # Errors
/// As [`load`].
pub fn load_remembered(start: &Path) -> Result<Option<Arc<LoadedPolicy>>, Refusal> {
    remembered::load(start)
}

/// Reads a policy from its text, as [`load`] does; `name` is what errors call the file.
///
/// # Errors
/// Rule `policy-invalid`.
pub fn parse(text: &str, name: &str) -> Result<Policy, Refusal> {
    load::parse(text, name)
}

/// The JSON schema of `prisma-guard.json`, generated from the types above: what is committed as `schema.json`.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Policy).to_value();
    if let Some(object) = schema.as_object_mut() {
        object.insert("title".to_owned(), "prisma-guard.json".into());
        object.insert("description".to_owned(), "The policy of @org/prisma-guard.".into());
    }
    schema
}
