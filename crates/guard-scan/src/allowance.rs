//! The policy's `scan.allow`: what would break a rule but is right as it is. One entry allows one text in one file.

use guard_core::digest::Digest;
use guard_core::finding::Finding;
use guard_core::policy::{FILE_NAME, Policy};

/// Parts the findings into those that stand and those that the policy allows. An allowance that matches nothing is a finding: what
/// it once allowed has changed or gone, and the next thing that it happens to match nobody has looked at.
pub(crate) fn apply(findings: Vec<Finding>, policy: Option<&Policy>) -> (Vec<Finding>, Vec<Finding>) {
    let Some(policy) = policy else { return (findings, Vec::new()) };
    let allowances = &policy.scan.allow;
    let mut used = vec![false; allowances.len()];
    let (allowed, mut standing): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(|finding| {
        let digest = Digest::of(finding.evidence.as_bytes());
        let mut matched = false;
        for (allowance, used) in allowances.iter().zip(&mut used) {
            if allowance.file == finding.file && allowance.rule == finding.rule && allowance.digest == digest.as_str() {
                *used = true;
                matched = true;
            }
        }
        matched
    });
    for (allowance, _) in allowances.iter().zip(&used).filter(|(_, used)| !**used) {
        standing.push(Finding {
            file: FILE_NAME.to_owned(),
            line: 1,
            column: 1,
            rule: "unused-allowance".to_owned(),
            message: format!(
                "scan.allow has an entry for {} in {} that matches nothing: remove it, or decide anew about what changed",
                allowance.rule, allowance.file
            ),
            evidence: format!("{} {} {}", allowance.file, allowance.rule, allowance.digest),
        });
    }
    standing.sort();
    (standing, allowed)
}
