//! What: a flag or variable that skips checks, next to a deployment or anywhere for Prisma's own.
//! Why: no bypass exists, not even a temporary one.
//! Mend: remove the flag and mend what the check says.

use super::File;
use guard_core::finding::Finding;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "bypass-flag",
    what: "A flag that skips tests, checks or install scripts in a deployment, or a variable that switches one of Prisma's protections off.",
    why: "No bypass exists in the contract, not even a temporary one: a flag that was written down is used again.",
    mend: "remove it, and mend what the check says",
};

const FLAGS: [&str; 4] = ["--skip-tests", "--skip-checks", "--no-verify", "--ignore-scripts"];
/// Variables of Prisma 5.22 to 7.10 that switch a protection off.
const VARIABLES: [&str; 3] = [
    "PRISMA_USER_CONSENT_FOR_DANGEROUS_AI_ACTION",
    "PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK",
    "PRISMA_ENGINES_CHECKSUM_IGNORE_MISSING",
];

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    for write in file.facts.variables.iter().filter(|write| VARIABLES.contains(&write.name.as_str())) {
        found.push(file.finding(
            &RULE,
            write.place,
            format!("sets {}, which switches a protection of Prisma off", write.name),
        ));
    }
    for command in &file.facts.commands {
        let flag = command.words.iter().find(|word| FLAGS.contains(&word.split('=').next().unwrap_or(word)));
        let Some(flag) = flag else { continue };
        if deploys(&command.script) || command.words.iter().any(|word| deploys(word)) {
            found.push(file.finding(&RULE, command.place, format!("passes {flag} in a deployment")));
        }
    }
}

/// Whether a word speaks of a deployment, as a whole part of it: `deploy:db`, not `redeployed`.
fn deploys(word: &str) -> bool {
    word.split(|character: char| !character.is_ascii_alphanumeric()).any(|part| {
        matches!(
            part.to_ascii_lowercase().as_str(),
            "deploy"
                | "deployment"
                | "predeploy"
                | "release"
                | "promote"
                | "production"
                | "prod"
                | "migrate"
                | "backup"
        )
    })
}
