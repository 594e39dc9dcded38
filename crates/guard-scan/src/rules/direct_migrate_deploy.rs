//! What: any way to run `prisma migrate deploy` but `execPrismaApproved` in the deploy script.
//! Why: production changes through one script only, and that one holds the lock, the records and the approval.
//! Mend: run `npm run deploy`; for a local database, `prisma migrate dev`.

use super::File;
use crate::prisma_command::prisma_calls;
use guard_core::finding::Finding;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "direct-migrate-deploy",
    what: "A way to run `prisma migrate deploy` outside the approved deploy script.",
    why: "Production changes through one script only: it holds the lock, the records and the approval. A second way would be the one that is used in a hurry.",
    mend: "call `npm run deploy`; for a local database use `prisma migrate dev`",
};

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    for command in &file.facts.commands {
        for call in prisma_calls(&command.words) {
            if call.is(&["migrate", "deploy"]) {
                found.push(file.finding(
                    &RULE,
                    command.place,
                    "runs `prisma migrate deploy` outside an approved deployment",
                ));
            } else if call.may_deploy() {
                let message = "runs Prisma with a command that only a run would tell, which may be `migrate deploy`";
                found.push(file.finding(&RULE, command.place, message));
            }
        }
    }
    if !file.is_deploy_script {
        for call in &file.facts.approved_calls {
            let message = "calls `execPrismaApproved` outside the policy's deploy script";
            found.push(file.finding(&RULE, call.place, message));
        }
    }
}
