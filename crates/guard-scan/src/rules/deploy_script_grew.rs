//! What: the deploy script does anything but assert CI and run the approved `prisma migrate deploy`, or is missing.
//! Why: it is the one script that may change production, so it must be read at a glance.
//! Mend: move everything else into `predeploy` or behind the deployment.

use super::{File, about_file};
use guard_core::finding::Finding;
use guard_core::policy::Policy;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "deploy-script-grew",
    what: "The deploy script is missing, or does something other than assertCi() and execPrismaApproved(['migrate', 'deploy']).",
    why: "It is the one script that may change production: exactly that, nothing else, so that it is read at a glance.",
    mend: "write it anew with `npx prisma-guard init`; what else a deployment needs goes into npm scripts before or after it",
};

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    if !file.is_deploy_script {
        return;
    }
    for foreign in &file.facts.foreign {
        found.push(file.finding(
            &RULE,
            foreign.place,
            format!("is not the deploy script's business: {}", foreign.what),
        ));
    }
    for variable in &file.facts.variables {
        found.push(file.finding(&RULE, variable.place, "is not the deploy script's business: it sets a variable"));
    }
    for call in &file.facts.approved_calls {
        if call.arguments != [["migrate", "deploy"]] {
            let message = "the deploy script runs exactly `execPrismaApproved(['migrate', 'deploy'])`";
            found.push(file.finding(&RULE, call.place, message));
        }
    }
    if file.facts.approved_calls.is_empty() {
        found.push(about_file(
            &RULE,
            file.path,
            "the deploy script does not call execPrismaApproved(['migrate', 'deploy'])",
        ));
    }
    if !file.facts.asserts_ci {
        found.push(about_file(&RULE, file.path, "the deploy script does not call assertCi()"));
    }
}

/// The policy protects databases but its deploy script is not there: a proof that passes without it would prove nothing.
pub(crate) fn missing(files: &[String], policy: Option<&Policy>, deploy_script: &str) -> Option<Finding> {
    let policy = policy?;
    let wanted = !policy.environments.is_empty() || deploy_script != "scripts/deploy-db.js";
    let there = files.iter().any(|file| file == deploy_script);
    (wanted && !there)
        .then(|| about_file(&RULE, deploy_script, "the policy's deploy script is missing or ignored by git"))
}
