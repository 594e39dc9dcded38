//! The static rules, one file each. A rule sees [`Facts`] only, so that it holds for every language alike.

mod approval_flag_set;
mod bypass_flag;
mod deploy_script_grew;
mod destructive_prisma_command;
mod destructive_sql;
mod direct_migrate_deploy;
mod side_door;
mod unguarded_client;
pub(crate) mod unreadable;

use crate::facts::Facts;
use crate::place::Place;
use guard_core::finding::Finding;
use guard_core::policy::Policy;
use guard_report::StaticRule;

/// The package's name as it is imported.
pub(crate) const GUARD: &str = "@org/prisma-guard";

/// Every static rule, for `explain` and SARIF.
pub const RULES: &[StaticRule] = &[
    direct_migrate_deploy::RULE,
    destructive_prisma_command::RULE,
    approval_flag_set::RULE,
    bypass_flag::RULE,
    unguarded_client::RULE,
    side_door::RULE,
    deploy_script_grew::RULE,
    destructive_sql::RULE,
    unreadable::RULE,
    StaticRule {
        name: "unused-allowance",
        what: "An entry of the policy's scan.allow that matches no finding.",
        why: "What it once allowed has changed or gone; the next thing that it happens to match nobody has looked at.",
        mend: "remove the entry, or decide anew about what changed and write down the new digest",
    },
];

/// A file that was read.
pub(crate) struct File<'a> {
    /// Relative to the root.
    pub(crate) path: &'a str,
    /// Whether it is the policy's deploy script.
    pub(crate) is_deploy_script: bool,
    /// What it does.
    pub(crate) facts: &'a Facts,
    /// Its text.
    pub(crate) text: &'a str,
}

impl File<'_> {
    /// A finding in this file.
    pub(crate) fn finding(&self, rule: &StaticRule, place: Place, message: impl Into<String>) -> Finding {
        let (line, column) = place.line_and_column(self.text);
        Finding {
            file: self.path.to_owned(),
            line,
            column,
            rule: rule.name.to_owned(),
            message: message.into(),
            evidence: place.evidence(self.text),
        }
    }
}

/// Asks every rule about one file.
pub(crate) fn of_a_file(file: &File<'_>, found: &mut Vec<Finding>) {
    for check in [
        direct_migrate_deploy::check,
        destructive_prisma_command::check,
        approval_flag_set::check,
        bypass_flag::check,
        unguarded_client::check,
        side_door::check,
        deploy_script_grew::check,
        destructive_sql::check,
    ] {
        check(file, found);
    }
}

/// Asks the rules about the tree as a whole.
pub(crate) fn of_the_tree(files: &[String], policy: Option<&Policy>, deploy_script: &str) -> Vec<Finding> {
    let mut found = side_door::shadowing_configs(files);
    found.extend(deploy_script_grew::missing(files, policy, deploy_script));
    found
}

/// A finding about a file as a whole.
pub(crate) fn about_file(rule: &StaticRule, file: &str, message: impl Into<String>) -> Finding {
    Finding {
        file: file.to_owned(),
        line: 1,
        column: 1,
        rule: rule.name.to_owned(),
        message: message.into(),
        evidence: file.to_owned(),
    }
}
