//! What: PRISMA_DEPLOYMENT_APPROVED written anywhere.
//! Why: only `execPrismaApproved` sets it. By itself it opens nothing, so whoever writes it is looking for a way round.
//! Mend: remove it and run `npm run deploy`.

use super::File;
use guard_core::finding::Finding;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "approval-flag-set",
    what: "PRISMA_DEPLOYMENT_APPROVED is set by the project's own code.",
    why: "Only `execPrismaApproved` sets it. By itself it opens nothing, so code that sets it is looking for a way round.",
    mend: "remove it; CI runs `npm run deploy`",
};

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    for write in file.facts.variables.iter().filter(|write| write.name == "PRISMA_DEPLOYMENT_APPROVED") {
        found.push(file.finding(&RULE, write.place, "sets PRISMA_DEPLOYMENT_APPROVED"));
    }
}
