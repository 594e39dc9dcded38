//! `scanContract`: the static rules over a repository.

use crate::here::working_folder;
use crate::speak;
use guard_core::{finding, policy};
use napi_derive::napi;

/// One place in a file that breaks a static rule.
#[napi(object, object_from_js = false)]
pub struct Finding {
    /// The static rule's name.
    pub rule: String,
    /// The file, relative to the root.
    pub file: String,
    /// Line, from 1.
    pub line: u32,
    /// Column, from 1.
    pub column: u32,
    /// One sentence: what is wrong here.
    pub message: String,
    /// The text that proves it, shortened, without secrets.
    pub evidence: String,
}

/// What a scan found.
#[napi(object, object_from_js = false)]
pub struct ScanReport {
    /// Files read.
    pub files: u32,
    /// What breaks a rule, by file, line and column.
    pub findings: Vec<Finding>,
    /// What the policy's `scan.allow` allows, with its reasons there.
    pub allowed: Vec<Finding>,
    /// How long it took.
    pub milliseconds: f64,
}

/// What `scanContract` may be told.
#[napi(object, object_to_js = false)]
pub struct ScanOptions {
    /// The folder to scan, instead of the process's own.
    pub root: Option<String>,
}

fn finding(finding: finding::Finding) -> Finding {
    let finding::Finding { file, line, column, rule, message, evidence } = finding;
    Finding { rule, file, line, column, message, evidence }
}

/// Scans a repository for what breaks the contract. Findings are no error: look at `findings`.
///
/// Throws a GuardError of rule `policy-invalid` where the policy cannot be read.
#[napi]
pub fn scan_contract(options: Option<ScanOptions>) -> napi::Result<ScanReport> {
    speak::looking(|| {
        let root = working_folder(options.and_then(|given| given.root))?;
        let report = scan(&root)?;
        Ok(ScanReport {
            files: report.files,
            findings: report.findings.into_iter().map(finding).collect(),
            allowed: report.allowed.into_iter().map(finding).collect(),
            milliseconds: report.milliseconds,
        })
    })
}

/// The scan under the policy that holds in this folder.
pub(crate) fn scan(root: &std::path::Path) -> Result<finding::ScanReport, guard_core::refusal::Refusal> {
    let policy = policy::load(root)?;
    guard_scan::scan(root, policy.as_ref().map(|loaded| &loaded.policy))
}
