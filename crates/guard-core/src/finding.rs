//! What the static rules find: the shapes that `guard-scan` fills, `promotion` asks for and `guard-report` shows.

use serde::Serialize;

/// One place in a file that breaks a static rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file, relative to the scanned root, with `/` on every platform.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// The static rule's name in kebab-case.
    pub rule: String,
    /// One sentence for a person: what is wrong here.
    pub message: String,
    /// The text that proves it, shortened, without secrets.
    pub evidence: String,
}

/// What a scan of a repository found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ScanReport {
    /// Files read.
    pub files: u32,
    /// What breaks a rule, in the order of file, line and column.
    pub findings: Vec<Finding>,
    /// What would break a rule, but stands in the policy's `scan.allow` with its reason.
    pub allowed: Vec<Finding>,
    /// How long the scan took, in milliseconds.
    pub milliseconds: f64,
}
