//! What: `migrate reset`, `db push --force-reset` or `--accept-data-loss`, and `migrate resolve` written into a script.
//! Why: a script that destroys data waits for the wrong connection string; `migrate resolve` rewrites what was deployed.
//! Mend: type such a command by hand on a local database; a failed deployment is resolved by `prisma-guard resolve`.

use super::File;
use crate::prisma_command::prisma_calls;
use guard_core::finding::Finding;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "destructive-prisma-command",
    what: "A script that runs `prisma migrate reset`, `prisma migrate resolve`, or `prisma db push` with a flag that loses data.",
    why: "A script that destroys data or rewrites the history of migrations waits for the wrong connection string.",
    mend: "type the command by hand on a local database; a failed deployment is resolved by `prisma-guard resolve` in CI",
};

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    for command in &file.facts.commands {
        for call in prisma_calls(&command.words) {
            let loses = call.flags.iter().find(|flag| matches!(flag.as_str(), "--force-reset" | "--accept-data-loss"));
            let message = if call.is(&["migrate", "reset"]) {
                "runs `prisma migrate reset`, which drops every table".to_owned()
            } else if call.is(&["migrate", "resolve"]) {
                "runs `prisma migrate resolve`, which rewrites the history of migrations".to_owned()
            } else if let (true, Some(flag)) = (call.is(&["db", "push"]), loses) {
                // `--force-reset=false` resets too: Prisma ignores a boolean's value (ran on 7.10.1).
                format!("runs `prisma db push {flag}`, which loses data")
            } else {
                continue;
            };
            found.push(file.finding(&RULE, command.place, message));
        }
    }
}
