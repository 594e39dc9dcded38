//! What cannot be read cannot be proven: it is a finding, never skipped in silence.

use super::about_file;
use guard_core::finding::Finding;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "unreadable",
    what: "A source file that the scan cannot read: too large, not UTF-8, not parsable, or outside the repository.",
    why: "The contract is proven by reading every source; what cannot be read proves nothing.",
    mend: "mend the file, move generated code into an ignored folder, or allow it in scan.allow with a reason",
};

/// The finding for a file.
pub(crate) fn finding(file: &str, why: &str) -> Finding {
    about_file(&RULE, file, format!("cannot be read: {why}"))
}
