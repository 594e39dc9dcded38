//! GitHub Actions: workflow commands (annotations) and job summaries.
//!
//! Escaping as in <https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions> and the runner's own
//! toolkit (`actions/toolkit`, packages/core/src/command.ts): `%`, CR and LF in data, and `:` and `,` in properties too.

use crate::NO_WAY_ROUND;
use crate::text::visible;
use guard_core::finding::{Finding, ScanReport};
use guard_core::refusal::Refusal;
use std::fmt::Write as _;

/// The most annotations that are written for one scan: GitHub keeps ten errors of a step
/// (<https://docs.github.com/en/rest/checks/runs>, limits of annotations); the summary holds all.
const MOST_ANNOTATIONS: usize = 10;

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(&visible(text)).replace(':', "%3A").replace(',', "%2C")
}

/// A refusal as one `::error` command. Ends with a line break.
#[must_use]
pub fn github(refusal: &Refusal) -> String {
    let mut lines = vec![visible(&refusal.summary)];
    if let Some(target) = &refusal.target {
        lines.push(format!("target: {} {} {}", visible(&target.class), visible(&target.name), visible(&target.source)));
    }
    lines.push(format!("why: {}", visible(&refusal.why)));
    lines.push(format!("instead: {}", visible(&refusal.instead)));
    lines.push(NO_WAY_ROUND.to_owned());
    let title = format!("prisma-guard: {}", refusal.rule);
    format!("::error title={}::{}\n", property(&title), data(&lines.join("\n")))
}

/// A refusal for the job summary, in Markdown. Ends with a line break.
#[must_use]
pub fn github_summary(refusal: &Refusal) -> String {
    let mut shown = format!("### ✖ {}\n\n{}\n\n| | |\n| --- | --- |\n", refusal.rule, markdown(&refusal.summary));
    if let Some(target) = &refusal.target {
        let source = if target.source.is_empty() { String::new() } else { format!(" ({})", markdown(&target.source)) };
        let _ = writeln!(shown, "| target | {} {}{source} |", markdown(&target.class), markdown(&target.name));
    }
    let _ = writeln!(shown, "| why | {} |", markdown(&refusal.why));
    let _ = writeln!(shown, "| instead | {} |", markdown(&refusal.instead));
    let _ = writeln!(shown, "| more | <code>npx prisma-guard explain {}</code> |", refusal.rule);
    let _ = writeln!(shown, "\nTo be clear: {NO_WAY_ROUND}.");
    shown
}

/// The findings as `::error` commands on their lines: at most ten, and one that says how many more there are.
#[must_use]
pub fn findings_github(report: &ScanReport) -> String {
    let shown_findings = if report.findings.len() > MOST_ANNOTATIONS { MOST_ANNOTATIONS - 1 } else { MOST_ANNOTATIONS };
    let mut shown: String = report.findings.iter().take(shown_findings).map(annotation).collect();
    let more = report.findings.len().saturating_sub(shown_findings);
    if more > 0 {
        let _ = writeln!(shown, "::error title=prisma-guard scan::{more} more findings stand in the job summary");
    }
    shown
}

fn annotation(finding: &Finding) -> String {
    format!(
        "::error file={},line={},col={},title={}::{}\n",
        property(&finding.file),
        finding.line,
        finding.column,
        property(&format!("prisma-guard: {}", finding.rule)),
        data(&visible(&finding.message)),
    )
}

/// The findings for the job summary, in Markdown. Ends with a line break.
#[must_use]
pub fn findings_github_summary(report: &ScanReport) -> String {
    let mut shown = format!("### prisma-guard scan: {} findings in {} files\n", report.findings.len(), report.files);
    if !report.findings.is_empty() {
        shown.push_str("\n| rule | place | what |\n| --- | --- | --- |\n");
    }
    for finding in &report.findings {
        let place = format!("{}:{}:{}", finding.file, finding.line, finding.column);
        let _ =
            writeln!(shown, "| {} | {} | {} |", markdown(&finding.rule), markdown(&place), markdown(&finding.message));
    }
    if !report.allowed.is_empty() {
        let _ = writeln!(shown, "\n{} more stand in the policy's scan.allow.", report.allowed.len());
    }
    shown
}

/// Text that means itself in Markdown: everything that could be markup, HTML or a mention becomes a character reference.
fn markdown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in visible(text).chars() {
        if matches!(
            character,
            '&' | '<' | '>' | '*' | '_' | '`' | '[' | ']' | '|' | '\\' | '!' | '#' | '~' | '@' | '$' | ':' | '(' | ')'
        ) {
            let _ = write!(shown, "&#{};", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::{findings_github, findings_github_summary, github, github_summary};
    use guard_core::finding::{Finding, ScanReport};
    use guard_core::refusal::Refusal;
    use guard_core::rule::Rule;

    fn finding(file: &str) -> Finding {
        Finding {
            file: file.to_owned(),
            line: 3,
            column: 5,
            rule: "direct-migrate-deploy".to_owned(),
            message: "100% wrong".to_owned(),
            evidence: "e".to_owned(),
        }
    }

    #[test]
    fn an_annotation_is_one_line_and_escaped_as_the_runner_reads_it() {
        let refusal =
            Refusal::new(Rule::LocalDeployment, "100% refused\n::warning::x", "why").about("production", "p", "");
        insta::assert_snapshot!(github(&refusal), @r"::error title=prisma-guard%3A local-deployment::100%25 refused\n::warning::x%0Atarget: production p %0Awhy: why%0Ainstead: merge to main; CI runs `npm run deploy`%0Ano flag and no environment variable changes this answer");
        assert_eq!(github(&refusal).lines().count(), 1);
    }

    #[test]
    fn a_file_name_cannot_add_a_property() {
        let report = ScanReport { findings: vec![finding("a,line=1::b\n::stop-commands::c")], ..ScanReport::default() };
        insta::assert_snapshot!(findings_github(&report), @r"::error file=a%2Cline=1%3A%3Ab\n%3A%3Astop-commands%3A%3Ac,line=3,col=5,title=prisma-guard%3A direct-migrate-deploy::100%25 wrong");
    }

    #[test]
    fn no_more_annotations_than_github_keeps_and_the_rest_is_counted() {
        let report = ScanReport { findings: vec![finding("a"); 25], ..ScanReport::default() };
        let shown = findings_github(&report);
        assert_eq!(shown.lines().count(), 10);
        assert!(shown.ends_with("16 more findings stand in the job summary\n"), "{shown}");
        let ten = ScanReport { findings: vec![finding("a"); 10], ..ScanReport::default() };
        assert_eq!(findings_github(&ten).lines().count(), 10);
        assert!(!findings_github(&ten).contains("more"));
    }

    #[test]
    fn a_summary_holds_no_markup_of_a_value() {
        let refusal = Refusal::new(Rule::LocalDeployment, "<img src=x> | [a](b) @team", "w").about("p", "`x`", "s");
        insta::assert_snapshot!(github_summary(&refusal), @r"
        ### ✖ local-deployment

        &#60;img src=x&#62; &#124; &#91;a&#93;&#40;b&#41; &#64;team

        | | |
        | --- | --- |
        | target | p &#96;x&#96; (s) |
        | why | w |
        | instead | merge to main; CI runs &#96;npm run deploy&#96; |
        | more | <code>npx prisma-guard explain local-deployment</code> |

        To be clear: no flag and no environment variable changes this answer.
        ");
        let report = ScanReport { files: 2, findings: vec![finding("a|b")], ..ScanReport::default() };
        insta::assert_snapshot!(findings_github_summary(&report), @r"
        ### prisma-guard scan: 1 findings in 2 files

        | rule | place | what |
        | --- | --- | --- |
        | direct-migrate-deploy | a&#124;b&#58;3&#58;5 | 100% wrong |
        ");
    }
}
