//! Findings as SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), in the subset that GitHub's
//! code scanning reads (<https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support>).

use crate::StaticRule;
use guard_core::digest::Digest;
use guard_core::finding::{Finding, ScanReport};
use serde_json::{Value, json};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// The findings as one SARIF log with one run. What the policy allows is in it as a result that is suppressed. `rules` are the
/// static rules, `version` this package's. Ends with a line break.
#[must_use]
pub fn sarif(report: &ScanReport, rules: &[StaticRule], version: &str) -> String {
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(finding, rules, false))
        .chain(report.allowed.iter().map(|finding| result(finding, rules, true)))
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "prisma-guard",
                "version": version,
                "rules": rules.iter().map(describe).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn describe(rule: &StaticRule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.what },
        "fullDescription": { "text": rule.why },
        "help": { "text": rule.mend },
        "defaultConfiguration": { "level": "error" },
    })
}

fn result(finding: &Finding, rules: &[StaticRule], allowed: bool) -> Value {
    let identity = format!("{}\n{}\n{}", finding.rule, finding.file, finding.evidence);
    let mut result = json!({
        "ruleId": finding.rule,
        "level": "error",
        "message": { "text": finding.message },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": relative_uri(&finding.file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": finding.line.max(1), "startColumn": finding.column.max(1) },
        } }],
        "partialFingerprints": { "prismaGuard/v1": Digest::of(identity.as_bytes()).as_str() },
    });
    if let Value::Object(members) = &mut result {
        if let Some(index) = rules.iter().position(|rule| rule.name == finding.rule) {
            members.insert("ruleIndex".to_owned(), json!(index));
        }
        if allowed {
            members.insert("suppressions".to_owned(), json!([{ "kind": "external", "status": "accepted" }]));
        }
    }
    result
}

/// A relative path as a URI reference (RFC 3986): everything but unreserved characters and `/` percent-encoded.
fn relative_uri(file: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(file.len());
    for byte in file.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::sarif;
    use crate::StaticRule;
    use guard_core::finding::{Finding, ScanReport};
    use serde_json::Value;

    fn finding(file: &str, rule: &str) -> Finding {
        Finding {
            file: file.to_owned(),
            line: 3,
            column: 5,
            rule: rule.to_owned(),
            message: "m".to_owned(),
            evidence: "e".to_owned(),
        }
    }

    const RULES: &[StaticRule] = &[StaticRule { name: "side-door", what: "w", why: "y", mend: "m" }];

    #[test]
    fn a_log_has_the_structure_that_the_schema_asks_for() {
        let report = ScanReport {
            findings: vec![finding("a b/ü.ts", "side-door")],
            allowed: vec![finding("c.ts", "unknown-rule")],
            ..ScanReport::default()
        };
        let log: Value = serde_json::from_str(&sarif(&report, RULES, "0.1.0")).unwrap();
        assert_eq!(log["version"], "2.1.0");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][0]["id"], "side-door");
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), 2);
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "a%20b/%C3%BC.ts");
        assert_eq!(place["region"]["startLine"], 3);
        assert_eq!(results[0]["ruleIndex"], 0);
        assert_eq!(results[0].get("suppressions"), None);
        assert_eq!(results[1]["suppressions"][0]["kind"], "external");
        assert_eq!(results[1].get("ruleIndex"), None);
    }

    #[test]
    fn a_fingerprint_stays_when_the_line_moves() {
        let mut moved = finding("a.ts", "side-door");
        moved.line = 40;
        let print = |finding: Finding| {
            let report = ScanReport { findings: vec![finding], ..ScanReport::default() };
            let log: Value = serde_json::from_str(&sarif(&report, RULES, "0.1.0")).unwrap();
            log["runs"][0]["results"][0]["partialFingerprints"]["prismaGuard/v1"].as_str().unwrap().to_owned()
        };
        assert_eq!(print(moved), print(finding("a.ts", "side-door")));
        assert_ne!(print(finding("b.ts", "side-door")), print(finding("a.ts", "side-door")));
    }
}
