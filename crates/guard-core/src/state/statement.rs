//! A statement as an in-toto Statement v1, and its digest.
//!
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md>; the names of digests are those of
//! <https://github.com/in-toto/attestation/blob/main/spec/v1/digest_set.md>. The digest is SHA-256 over RFC 8785. Knows no files.

use super::{Evidence, Outcome, Record, Statement, Step, Subject};
use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::clock::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// The type of every statement.
pub const STATEMENT_TYPE: &str = "https://in-toto.io/Statement/v1";
/// The type of its predicate; the number rises with every change that an older reader would misread.
pub const PREDICATE_TYPE: &str = "https://www.npmjs.com/package/@org/prisma-guard/deployment-step/v1";

/// The largest whole number that RFC 8785 (section 3.2.2.3) and I-JSON (RFC 7493, section 2.2) write exactly: 2^53 − 1.
const LARGEST_NUMBER: u64 = (1 << 53) - 1;

/// What of a JSON value is no statement of this package.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum StatementError {
    #[error("it is no statement of a deployment step: {0}")]
    Shape(String),
    #[error("its {0} is not written as this package writes it")]
    Value(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WireStatement {
    #[serde(rename = "_type")]
    kind: String,
    subject: Vec<WireSubject>,
    #[serde(rename = "predicateType")]
    predicate_type: String,
    predicate: WirePredicate,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSubject {
    name: String,
    digest: BTreeMap<String, String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePredicate {
    environment: String,
    step: Step,
    chain: String,
    sequence: u32,
    previous: Option<Digest>,
    time: String,
    tools: BTreeMap<String, String>,
    ancestors: Vec<String>,
    evidence: Evidence,
}

impl Outcome {
    /// The outcome's published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Started => "started",
            Outcome::Completed => "completed",
            Outcome::Failed => "failed",
        }
    }
}

impl Step {
    /// The steps in order.
    pub const ALL: [Step; 3] = [Step::Verification, Step::Backup, Step::Deployment];

    /// The step's published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Step::Verification => "verification",
            Step::Backup => "backup",
            Step::Deployment => "deployment",
        }
    }

    /// The place of its record in a chain, from 1.
    #[must_use]
    pub const fn sequence(self) -> u32 {
        match self {
            Step::Verification => 1,
            Step::Backup => 2,
            Step::Deployment => 3,
        }
    }

    /// The step whose record it needs.
    #[must_use]
    pub const fn before(self) -> Option<Step> {
        match self {
            Step::Verification => None,
            Step::Backup => Some(Step::Verification),
            Step::Deployment => Some(Step::Backup),
        }
    }
}

impl Evidence {
    /// The step that this is evidence of.
    #[must_use]
    pub const fn step(&self) -> Step {
        match self {
            Evidence::Verification { .. } => Step::Verification,
            Evidence::Backup { .. } => Step::Backup,
            Evidence::Deployment { .. } => Step::Deployment,
        }
    }
}

/// Who made a step, by what: facts of the process, not part of what is compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// When the step ended.
    pub time: Option<Timestamp>,
    /// Tool versions by name.
    pub tools: BTreeMap<String, String>,
    /// Who was seen above the process, one `kind name` each.
    pub ancestors: Vec<String>,
}

impl Statement {
    /// The first statement of a new chain. The step is the evidence's, and has to be verification.
    ///
    /// # Errors
    /// Rule `internal-error` for the evidence of another step, or where the operating system gives no random numbers.
    pub fn first(
        environment: &str,
        subject: Subject,
        evidence: Evidence,
        circumstances: Circumstances,
    ) -> Result<Self, Refusal> {
        if evidence.step() != Step::Verification {
            return Err(defect("a chain begins with verification"));
        }
        let chain = crate::system::folder::random_name().map_err(|error| defect(error.to_string()))?;
        Ok(Statement {
            subject,
            environment: environment.to_owned(),
            step: Step::Verification,
            chain,
            sequence: 1,
            previous: None,
            time: circumstances.time.unwrap_or_else(Timestamp::now),
            tools: circumstances.tools,
            ancestors: circumstances.ancestors,
            evidence,
        })
    }

    /// The statement of the step after a record: same environment, subject and chain. A deployment's later outcomes
    /// stand on the backup's record too, as its start does.
    ///
    /// # Errors
    /// Rule `internal-error` for evidence of any step but the one after the record's.
    pub fn next(after: &Record, evidence: Evidence, circumstances: Circumstances) -> Result<Self, Refusal> {
        let step = evidence.step();
        if step.before() != Some(after.statement.step) {
            return Err(defect(format!("{} does not follow {}", step.name(), after.statement.step.name())));
        }
        Ok(Statement {
            subject: after.statement.subject.clone(),
            environment: after.statement.environment.clone(),
            step,
            chain: after.statement.chain.clone(),
            sequence: step.sequence(),
            previous: Some(after.statement.digest()?),
            time: circumstances.time.unwrap_or_else(Timestamp::now),
            tools: circumstances.tools,
            ancestors: circumstances.ancestors,
            evidence,
        })
    }

    /// The digest over the canonical JSON.
    ///
    /// # Errors
    /// Rule `internal-error` where it cannot be written as canonical JSON: a number beyond 2^53 − 1, or values that this package would refuse to
    /// read back.
    pub fn digest(&self) -> Result<Digest, Refusal> {
        let value = serde_json::to_value(self.to_wire()).map_err(|error| defect(error.to_string()))?;
        numbers_are_exact(&value).map_err(|error| defect(error.to_string()))?;
        self.check().map_err(|error| defect(error.to_string()))?;
        canonical(&value).map(|bytes| Digest::of(&bytes))
    }

    pub(super) fn to_wire(&self) -> WireStatement {
        let subject = |name: &str, algorithm: &str, digest: &str| WireSubject {
            name: name.to_owned(),
            digest: BTreeMap::from([(algorithm.to_owned(), digest.to_owned())]),
        };
        WireStatement {
            kind: STATEMENT_TYPE.to_owned(),
            subject: vec![
                subject("commit", "gitCommit", &self.subject.commit),
                subject("tree", "gitTree", &self.subject.tree),
                subject("migrations", "sha256", self.subject.migrations.as_str()),
                subject("schema", "sha256", self.subject.schema.as_str()),
                subject("target", "sha256", self.subject.target.as_str()),
            ],
            predicate_type: PREDICATE_TYPE.to_owned(),
            predicate: WirePredicate {
                environment: self.environment.clone(),
                step: self.step,
                chain: self.chain.clone(),
                sequence: self.sequence,
                previous: self.previous.clone(),
                time: self.time.to_rfc3339(),
                tools: self.tools.clone(),
                ancestors: self.ancestors.clone(),
                evidence: self.evidence.clone(),
            },
        }
    }

    pub(super) fn from_wire(wire: WireStatement) -> Result<Self, StatementError> {
        if wire.kind != STATEMENT_TYPE {
            return Err(StatementError::Value("_type"));
        }
        if wire.predicate_type != PREDICATE_TYPE {
            return Err(StatementError::Value("predicateType"));
        }
        let [commit, tree, migrations, schema, target] =
            <[WireSubject; 5]>::try_from(wire.subject).map_err(|_| StatementError::Value("subject"))?;
        let sha256 = |subject: WireSubject, name: &'static str| {
            only_digest(subject, name, "sha256")
                .and_then(|text| Digest::from_hexadecimal(&text))
                .ok_or(StatementError::Value(name))
        };
        let predicate = wire.predicate;
        let statement = Statement {
            subject: Subject {
                commit: only_digest(commit, "commit", "gitCommit").ok_or(StatementError::Value("commit"))?,
                tree: only_digest(tree, "tree", "gitTree").ok_or(StatementError::Value("tree"))?,
                migrations: sha256(migrations, "migrations")?,
                schema: sha256(schema, "schema")?,
                target: sha256(target, "target")?,
            },
            environment: predicate.environment,
            step: predicate.step,
            chain: predicate.chain,
            sequence: predicate.sequence,
            previous: predicate.previous,
            time: Timestamp::from_rfc3339(&predicate.time).ok_or(StatementError::Value("time"))?,
            tools: predicate.tools,
            ancestors: predicate.ancestors,
            evidence: predicate.evidence,
        };
        statement.check()?;
        Ok(statement)
    }

    /// What holds of every statement by itself, whoever made it.
    pub(super) fn check(&self) -> Result<(), StatementError> {
        let object_name = |text: &str| matches!(text.len(), 40 | 64) && is_hexadecimal(text);
        let claims = [
            (object_name(&self.subject.commit), "commit"),
            (object_name(&self.subject.tree), "tree"),
            (!self.environment.is_empty(), "environment"),
            (is_chain(&self.chain), "chain"),
            (self.sequence == self.step.sequence(), "sequence"),
            (self.previous.is_none() == self.step.before().is_none(), "previous"),
            (self.evidence.step() == self.step, "evidence"),
            (Timestamp::from_rfc3339(&self.time.to_rfc3339()) == Some(self.time), "time"),
        ];
        claims.into_iter().find(|(holds, _)| !holds).map_or(Ok(()), |(_, name)| Err(StatementError::Value(name)))
    }
}

/// Whether this is the name of a chain: 32 characters of lower-case hexadecimal, so that it is a safe folder name too.
#[must_use]
pub(super) fn is_chain(text: &str) -> bool {
    text.len() == 32 && is_hexadecimal(text)
}

fn is_hexadecimal(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn only_digest(mut subject: WireSubject, name: &str, algorithm: &str) -> Option<String> {
    let digest = subject.digest.remove(algorithm)?;
    (subject.name == name && subject.digest.is_empty()).then_some(digest)
}

/// RFC 8785.
pub(super) fn canonical(value: &Value) -> Result<Vec<u8>, Refusal> {
    serde_json_canonicalizer::to_vec(value).map_err(|error| defect(error.to_string()))
}

/// Refuses numbers that canonical JSON would round, so that two different statements never have one digest.
pub(super) fn numbers_are_exact(value: &Value) -> Result<(), StatementError> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => Ok(()),
        Value::Number(number) => {
            let exact = number.as_u64().is_some_and(|number| number <= LARGEST_NUMBER)
                || number.as_i64().is_some_and(|number| number.unsigned_abs() <= LARGEST_NUMBER);
            if exact { Ok(()) } else { Err(StatementError::Value("number")) }
        }
        Value::Array(items) => items.iter().try_for_each(numbers_are_exact),
        Value::Object(members) => members.values().try_for_each(numbers_are_exact),
    }
}

pub(super) fn defect(why: impl Into<String>) -> Refusal {
    Refusal::new(Rule::InternalError, "the statement of a step cannot be made", why)
}
