//! What `prisma-guard explain RULE` says, made from the tables of rules.

use crate::text::wrap;
use crate::{NO_WAY_ROUND, StaticRule};
use guard_core::rule::Rule;

const WIDTH: usize = 100;

/// A rule of the contract, for a person who meets it for the first time. Ends with a line break.
#[must_use]
pub fn explain(rule: Rule) -> String {
    format!(
        "{rule}   (exit code {})\n\n{}\n\nInstead\n{}\n\nTo be clear: {NO_WAY_ROUND}.\n",
        rule.exit_code(),
        wrap(rule.meaning(), WIDTH).join("\n"),
        indented(rule.instead()),
    )
}

/// A static rule of `prisma-guard scan`, in the same manner.
#[must_use]
pub fn explain_static(rule: &StaticRule) -> String {
    format!(
        "{}   (a rule of `prisma-guard scan`)\n\n{}\n\nWhy\n{}\n\nInstead\n{}\n\nA finding that is right as it is stands in \
         prisma-guard.json under scan.allow with its reason; there is no other way to silence one.\n",
        rule.name,
        wrap(rule.what, WIDTH).join("\n"),
        indented(rule.why),
        indented(rule.mend),
    )
}

fn indented(text: &str) -> String {
    wrap(text, WIDTH - 2).iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::explain;
    use guard_core::rule::Rule;

    #[test]
    fn a_rule_is_explained_from_the_table() {
        insta::assert_snapshot!(explain(Rule::StepOrder), @r"
        step-order   (exit code 77)

        Deployment steps are locked in order: verification, then backup, then deployment. Each needs the
        genuine, fresh, unused record of the one before, about the same commit, migrations, database and CI
        run.

        Instead
          run `npm run deploy`, which takes the steps in order

        To be clear: no flag and no environment variable changes this answer.
        ");
    }
}
