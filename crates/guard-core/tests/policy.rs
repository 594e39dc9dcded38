//! The policy as its users write it: what is read, and what is said of each error.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

use guard_core::policy::{self, AttestationPolicy};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;

const DESIGN: &str = r#"{
  "$schema": "./node_modules/@org/prisma-guard/schema.json",
  "environments": {
    "production": {
      "databases": ["db.prod.example.com", "*.prod.example.net", "aws-0-eu-west-1.pooler.supabase.com#qdrk"],
      "attestation": {
        "kind": "oidc",
        "issuer": "https://token.actions.githubusercontent.com",
        "claims": { "repository_id": "123456", "ref": "refs/heads/main", "environment": "production" }
      },
      "backup": { "kind": "auto", "store": { "directory": "/mnt/backups" } },
      "maxAge": "2h"
    }
  },
  "nonProduction": { "databases": ["staging-db.example.com"], "migrateDeploy": false },
  "deployScript": "scripts/deploy-db.js",
  "scan": { "allow": [] }
}"#;

fn refusal(text: &str) -> Refusal {
    let refusal = policy::parse(text, "prisma-guard.json").expect_err(text);
    assert_eq!(refusal.rule, Rule::PolicyInvalid);
    refusal
}

fn why_after(from: &str, to: &str) -> String {
    assert!(DESIGN.contains(from), "{from}");
    refusal(&DESIGN.replacen(from, to, 1)).why
}

#[test]
fn the_policy_of_the_design_is_valid_and_written_back_unchanged() {
    let policy = policy::parse(DESIGN, "x").unwrap();
    let environment = &policy.environments["production"];
    assert_eq!(environment.max_age.seconds, 7200);
    assert!(matches!(&environment.attestation, AttestationPolicy::Oidc { claims, .. } if claims.len() == 3));
    let written: serde_json::Value = serde_json::to_value(&policy).unwrap();
    assert_eq!(written, serde_json::from_str::<serde_json::Value>(DESIGN).unwrap());
}

#[test]
fn an_empty_policy_has_the_defaults() {
    let policy = policy::parse("{}", "x").unwrap();
    assert_eq!(policy.deploy_script, "scripts/deploy-db.js");
    assert!(policy.environments.is_empty() && !policy.non_production.migrate_deploy);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_key() {
    assert_eq!(
        why_after("\"nonProduction\"", "\"nonProducton\""),
        "line 15, column 3: `nonProducton`: the key `nonProducton` is not known; the nearest known key is `nonProduction`"
    );
    assert_eq!(
        why_after("\"issuer\"", "\"isuer\""),
        "line 8, column 9: `environments.production.attestation.isuer`: the key `isuer` is not known; the nearest known key is `issuer`"
    );
    assert_eq!(
        why_after("\"maxAge\"", "\"max_age\""),
        "line 12, column 7: `environments.production.max_age`: the key `max_age` is not known; the nearest known key is `maxAge`"
    );
    assert!(why_after("\"directory\"", "\"folder\"").contains("known are `directory`"));
}

#[test]
fn a_wrong_value_is_named_with_its_key_and_line() {
    assert!(why_after("\"kind\": \"oidc\"", "\"kind\": \"oidcc\"").contains("nearest known value is `oidc`"));
    let why = why_after("\"migrateDeploy\": false", "\"migrateDeploy\": \"false\"");
    assert!(why.starts_with("line 15, column 63: `nonProduction.migrateDeploy`: invalid type: string"), "{why}");
    assert!(
        why_after("\"2h\"", "\"2 hours\"")
            .starts_with("line 12, column 7: `environments.production.maxAge`: an age is")
    );
    assert!(why_after("\"123456\"", "123456").contains("claims.repository_id`: a claim is a string"));
    assert!(why_after("\"scan\": { \"allow\": [] }", "\"scan\": []").contains("`scan`"));
    assert!(refusal("[]").why.contains("invalid type"));
    assert!(refusal("{ \"a\": 1, }").why.starts_with("line 1, column 11: "));
    assert_eq!(refusal("").rule, Rule::PolicyInvalid);
}

#[test]
fn a_key_that_stands_twice_is_an_error_wherever_it_stands() {
    let why = why_after("\"maxAge\": \"2h\"", "\"maxAge\": \"2h\", \"databases\": [\"other\"]");
    assert_eq!(why, "line 12, column 23: `environments.production.databases`: the key stands there twice");
    assert!(why_after("\"ref\"", "\"repository_id\"").contains("twice"));
}

#[test]
fn an_environment_has_databases_claims_and_an_issuer_that_nobody_else_can_be() {
    for issuer in [
        "http://ci.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "ftp://localhost",
        "not a url",
        "https://",
        "https://user@ci.example.com",
        "https://user:pw@ci.example.com",
        "https://ci.example.com/?x=1",
        "https://ci.example.com/#x",
        "http://0.0.0.0",
        " https://ci.example.com",
        "https://@ci.example.com",
        "https:\\\\ci.example.com",
        "file:///etc/passwd",
    ] {
        let text = serde_json::to_string(issuer).unwrap();
        let why = why_after("\"https://token.actions.githubusercontent.com\"", &text);
        assert!(why.contains("attestation.issuer"), "{issuer}: {why}");
    }
    for issuer in [
        "http://127.0.0.1:8080",
        "http://[::1]:1/x",
        "http://localhost:9",
        "http://127.9.9.9",
        "https://gitlab.example.com",
    ] {
        let text = DESIGN.replace("https://token.actions.githubusercontent.com", issuer);
        assert!(policy::parse(&text, "x").is_ok(), "{issuer}");
    }
    assert!(
        why_after(
            "{ \"repository_id\": \"123456\", \"ref\": \"refs/heads/main\", \"environment\": \"production\" }",
            "{}"
        )
        .contains("at least one claim")
    );
    assert!(why_after("\"refs/heads/main\"", "\"*\"").contains("more than `*`"));
    assert!(why_after("\"refs/heads/main\"", "[]").contains("claims.ref"));
    let list = "[\"db.prod.example.com\", \"*.prod.example.net\", \"aws-0-eu-west-1.pooler.supabase.com#qdrk\"]";
    assert!(why_after(list, "[]").contains("at least one database"));
}

#[test]
fn a_pattern_is_valid_and_stands_on_one_side_only() {
    assert!(why_after("\"*.prod.example.net\"", "\"*\"").contains("environments.production.databases[1]"));
    assert!(why_after("\"staging-db.example.com\"", "\"postgresql://u:hunter2@db\"").contains("without scheme"));
    assert!(!why_after("\"staging-db.example.com\"", "\"postgresql://u:hunter2@db\"").contains("hunter2"));
    let why = why_after("\"staging-db.example.com\"", "\"DB.prod.example.com.\"");
    assert!(why.contains("`nonProduction.databases[0]`: the same pattern stands in environments.production"), "{why}");
}

#[test]
fn a_deploy_script_stays_inside_the_project() {
    for path in ["/etc/x.js", "../x.js", "a/../../x.js", "", " ", ".", "C:\\x.js", "c:/x.js", "a\\..\\..\\b"] {
        let text = serde_json::to_string(path).unwrap();
        assert!(why_after("\"scripts/deploy-db.js\"", &text).contains("`deployScript`"), "{path}");
    }
}

#[test]
fn a_public_key_is_thirty_two_bytes() {
    let with = |key: &str| {
        format!(
            r#"{{"environments":{{"p":{{"databases":["a"],"attestation":{{"kind":"key","publicKey":"{key}"}}}}}}}}"#
        )
    };
    assert!(policy::parse(&with("ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "x").is_ok());
    for key in [
        "",
        "ed25519:",
        "ed25519:AAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
    ] {
        assert!(refusal(&with(key)).why.contains("publicKey"), "{key}");
    }
}

#[test]
fn the_nearest_policy_upwards_is_the_one() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("packages/api/src");
    std::fs::create_dir_all(&inner).unwrap();
    assert!(policy::load(&inner).is_ok_and(|found| found.is_none_or(|found| !found.root.starts_with(folder.path()))));
    std::fs::write(folder.path().join("prisma-guard.json"), "{}").unwrap();
    let root = folder.path().canonicalize().unwrap();
    assert_eq!(policy::load(&inner).unwrap().unwrap().root, root);
    std::fs::write(folder.path().join("packages/api/real.json"), "\u{feff}{\"deployScript\":\"d.js\"}").unwrap();
    std::os::unix::fs::symlink("real.json", folder.path().join("packages/api/prisma-guard.json")).unwrap();
    let loaded = policy::load(&inner).unwrap().unwrap();
    assert_eq!((loaded.policy.deploy_script.as_str(), loaded.root), ("d.js", root.join("packages/api")));
}

#[test]
fn what_stands_there_and_cannot_be_read_is_an_error_and_never_no_policy() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prisma-guard.json");
    let refused = || policy::load(folder.path()).expect_err("an error").rule;
    std::os::unix::fs::symlink("missing.json", &file).unwrap();
    assert_eq!(refused(), Rule::PolicyInvalid);
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    assert_eq!(refused(), Rule::PolicyInvalid);
    std::fs::remove_dir(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    assert_eq!(refused(), Rule::PolicyInvalid);
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&file, [b'{', 0xff, b'}']).unwrap();
    assert_eq!(refused(), Rule::PolicyInvalid);
    std::fs::write(&file, " ".repeat(2 << 20)).unwrap();
    assert_eq!(refused(), Rule::PolicyInvalid);
    std::fs::write(&file, "[".repeat(100_000)).unwrap();
    assert_eq!(refused(), Rule::PolicyInvalid);
}

#[test]
fn the_committed_schema_is_what_the_types_generate() {
    let committed = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../schema.json")).unwrap();
    let generated = format!("{}\n", serde_json::to_string_pretty(&policy::json_schema()).unwrap());
    assert_eq!(committed, generated, "run `cargo run -p guard-core --example policy-schema > schema.json`");
    let schema = policy::json_schema();
    assert!(schema["properties"]["$schema"].is_object() && schema["additionalProperties"] == false);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC*", inner in "[\\PC\"{}\\[\\],:]*") {
        let _ = policy::parse(&text, "x");
        let _ = policy::parse(&format!("{{\"environments\":{{{inner}}}}}"), "x");
    }
}

#[test]
fn a_remembered_policy_is_read_again_when_it_changed_when_a_nearer_one_came_and_when_it_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prisma-guard.json");
    let inner = folder.path().join("packages/api");
    std::fs::create_dir_all(&inner).unwrap();
    let script = |name: &str| format!("{{\"deployScript\":\"{name}.js\"}}");
    let load = || policy::load_remembered(&inner).unwrap().unwrap();
    std::fs::write(&file, script("a")).unwrap();
    let young = (load(), load());
    assert!(!std::sync::Arc::ptr_eq(&young.0, &young.1), "what changed within the file system's tick is not believed");
    std::thread::sleep(std::time::Duration::from_millis(3100));
    let first = load();
    assert!(std::sync::Arc::ptr_eq(&first, &load()));

    // The same length and the same time of modification: the time of change still tells.
    let modified = std::fs::metadata(&file).unwrap().modified().unwrap();
    std::fs::write(&file, script("b")).unwrap();
    std::fs::File::options().write(true).open(&file).unwrap().set_modified(modified).unwrap();
    assert_eq!(load().policy.deploy_script, "b.js");

    std::fs::write(inner.join("prisma-guard.json"), script("c")).unwrap();
    assert_eq!(load().policy.deploy_script, "c.js");
    std::fs::remove_file(inner.join("prisma-guard.json")).unwrap();
    assert_eq!(load().policy.deploy_script, "b.js");
    std::fs::write(&file, "{").unwrap();
    assert_eq!(policy::load_remembered(&inner).expect_err("an error").rule, Rule::PolicyInvalid);
    std::fs::remove_file(&file).unwrap();
    assert!(policy::load_remembered(&inner).unwrap().is_none_or(|found| !found.root.starts_with(folder.path())));
}
