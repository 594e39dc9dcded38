//! Findings for people on a terminal, with the line of source that proves them, and for machines as JSON.

use crate::text::{visible, without_secrets};
use guard_core::finding::{Finding, ScanReport};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The most characters of a source line that are shown.
const LONGEST_LINE: usize = 160;

/// The findings as a person reads them: place, rule, message and the line of source, then a count for each rule. `source` gives a
/// file's text by the finding's path, or `None` where it cannot be had; secrets in it are not shown. Ends with a line break.
#[must_use]
pub fn findings_terminal(report: &ScanReport, source: &dyn Fn(&str) -> Option<String>, colour: bool) -> String {
    let paint =
        |code: &str, text: &str| if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() };
    let mut shown = String::new();
    let mut text: Option<(&str, Option<String>)> = None;
    for finding in &report.findings {
        if text.as_ref().is_none_or(|(file, _)| *file != finding.file) {
            text = Some((&finding.file, source(&finding.file)));
        }
        let place = format!("{}:{}:{}", visible(&finding.file), finding.line, finding.column);
        let _ = writeln!(shown, "{}  {}", paint("1", &place), paint("31", &visible(&finding.rule)));
        let _ = writeln!(shown, "    {}", visible(&finding.message));
        if let Some(excerpt) = text.as_ref().and_then(|(_, text)| excerpt(text.as_deref()?, finding)) {
            shown.push_str(&excerpt);
        }
        shown.push('\n');
    }
    let mut by_rule: BTreeMap<&str, usize> = BTreeMap::new();
    for finding in &report.findings {
        *by_rule.entry(&finding.rule).or_default() += 1;
    }
    let width = by_rule.keys().map(|rule| rule.chars().count()).max().unwrap_or(0);
    for (rule, count) in &by_rule {
        let _ = writeln!(shown, "{count:>5}  {:<width$}  npx prisma-guard explain {}", visible(rule), visible(rule));
    }
    if !by_rule.is_empty() {
        shown.push('\n');
    }
    let mark = if report.findings.is_empty() { paint("32", "✔") } else { paint("31", "✖") };
    let _ = writeln!(
        shown,
        "{mark} {} in {} ({} allowed by the policy), {:.0} ms",
        counted(report.findings.len(), "finding"),
        counted(report.files as usize, "file"),
        report.allowed.len(),
        report.milliseconds,
    );
    shown
}

fn counted(number: usize, thing: &str) -> String {
    if number == 1 { format!("1 {thing}") } else { format!("{number} {thing}s") }
}

/// The finding's line with what proves it underlined.
fn excerpt(text: &str, finding: &Finding) -> Option<String> {
    let line = text.lines().nth((finding.line as usize).checked_sub(1)?)?;
    let column = (finding.column as usize).checked_sub(1)?;
    let redacted = without_secrets(line);
    let (before, after): (String, String) = if redacted == line {
        (line.chars().take(column).collect(), line.chars().skip(column).collect())
    } else {
        // Columns no longer fit: the whole line proves it.
        (String::new(), redacted.trim_start().to_owned())
    };
    let first_line = finding.evidence.lines().next().unwrap_or_default();
    let marked = if !first_line.is_empty() && after.starts_with(first_line) { first_line.chars().count() } else { 1 };
    let lead = visible(&before.replace('\t', " "));
    let lead = lead.trim_start();
    let tail = visible(&after.replace('\t', " "));
    // A line of a bundle may be a megabyte long: show what is around the place.
    let lead: String = lead.chars().rev().take(LONGEST_LINE / 2).collect::<Vec<_>>().into_iter().rev().collect();
    let tail: String = tail.chars().take(LONGEST_LINE - lead.chars().count()).collect();
    let number = finding.line.to_string();
    let gutter = " ".repeat(number.len());
    let indent = " ".repeat(lead.chars().count());
    let underline = "^".repeat(marked.min(tail.chars().count()).max(1));
    Some(format!("    {number} | {lead}{tail}\n    {gutter} | {indent}{underline}\n"))
}

/// The report as JSON in the shape of `index.d.ts`. Ends with a line break.
#[must_use]
pub fn findings_json(report: &ScanReport) -> String {
    let value = serde_json::json!({
        "files": report.files,
        "findings": report.findings,
        "allowed": report.allowed,
        "milliseconds": report.milliseconds,
    });
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests {
    use super::{findings_json, findings_terminal};
    use guard_core::finding::{Finding, ScanReport};

    fn report(file: &str, line: u32, column: u32, evidence: &str) -> ScanReport {
        let finding = Finding {
            file: file.to_owned(),
            line,
            column,
            rule: "direct-migrate-deploy".to_owned(),
            message: "runs `prisma migrate deploy`".to_owned(),
            evidence: evidence.to_owned(),
        };
        ScanReport { files: 2, findings: vec![finding], ..ScanReport::default() }
    }

    #[test]
    fn a_finding_shows_its_line_underlined_and_is_counted() {
        let source = |_: &str| Some("one\n  execSync('prisma migrate deploy')\n".to_owned());
        let shown = findings_terminal(&report("s/a.js", 2, 3, "execSync('prisma migrate deploy')"), &source, false);
        insta::assert_snapshot!(shown, @r"
        s/a.js:2:3  direct-migrate-deploy
            runs `prisma migrate deploy`
            2 | execSync('prisma migrate deploy')
              | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^

            1  direct-migrate-deploy  npx prisma-guard explain direct-migrate-deploy

        ✖ 1 finding in 2 files (0 allowed by the policy), 0 ms
        ");
    }

    #[test]
    fn nothing_found_is_said_in_one_line() {
        let report = ScanReport { files: 1, milliseconds: 3.4, ..ScanReport::default() };
        assert_eq!(
            findings_terminal(&report, &|_| None, false),
            "✔ 0 findings in 1 file (0 allowed by the policy), 3 ms\n"
        );
    }

    #[test]
    fn a_line_of_source_shows_no_secret_and_drives_no_terminal() {
        let line = "x\u{1b}[2J 'postgres://u:hunter2@h/d' y";
        let source = |_: &str| Some(line.to_owned());
        for column in 1..=u32::try_from(line.chars().count()).unwrap() {
            let shown = findings_terminal(&report("a\u{1b}.js", 1, column, "e"), &source, false);
            assert!(!shown.contains('\u{1b}'), "{shown}");
            assert!(!shown.contains("hunter2"), "column {column}: {shown}");
        }
    }

    #[test]
    fn a_place_that_the_source_does_not_have_is_shown_without_a_line() {
        for (line, column) in [(0, 1), (1, 0), (9, 1), (u32::MAX, u32::MAX)] {
            let shown = findings_terminal(&report("a.js", line, column, "e"), &|_| Some("x".to_owned()), false);
            assert!(!shown.contains(" | "), "{shown}");
        }
    }

    #[test]
    fn a_line_of_a_bundle_is_cut_around_the_place() {
        let long = "a".repeat(1_000_000);
        let shown = findings_terminal(&report("a.js", 1, 500_000, "e"), &|_| Some(long.clone()), false);
        assert!(shown.len() < 1_000, "{}", shown.len());
    }

    #[test]
    fn the_json_is_the_interface_of_the_package() {
        let value: serde_json::Value = serde_json::from_str(&findings_json(&report("a", 1, 1, "e"))).unwrap();
        assert_eq!(value["findings"][0]["line"], 1);
        assert_eq!(value["allowed"].as_array().map(Vec::len), Some(0));
    }
}
