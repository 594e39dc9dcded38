//! The table of DESIGN section 6, cell by cell.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

use guard_core::gate::{Evidence, judge};
use guard_core::prisma::command_line::{CommandLine, read};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::target::{Class, ConnectionString, DatabaseTarget};

const SECRET: &str = "postgresql://user:hunter2@db.example.com:5432/shop";

fn command(text: &str) -> CommandLine {
    read(&text.split(' ').map(str::to_owned).collect::<Vec<_>>(), 7)
}

fn target(class: Class) -> DatabaseTarget {
    DatabaseTarget {
        class,
        environment: (class == Class::Production).then(|| "production".to_owned()),
        provider: None,
        endpoints: Vec::new(),
        source: "environment DATABASE_URL".to_owned(),
        url: ConnectionString::new(SECRET),
        redacted: "postgresql://db.example.com:5432/shop".to_owned(),
        matched: None,
        reason: "the reason of the class".to_owned(),
    }
}

fn nothing() -> Evidence<'static> {
    Evidence {
        migrate_deploy: false,
        proven_ci: Err("no proof of CI"),
        approved: Err("no approval reached this process"),
    }
}

fn rule(text: &str, classes: &[Class], evidence: &Evidence<'_>) -> Option<Rule> {
    let targets: Vec<_> = classes.iter().copied().map(target).collect();
    judge(&command(text), &targets, evidence).err().map(|refusal| {
        let shown = format!("{refusal:?} {refusal}");
        assert!(!shown.contains("hunter2") && !shown.contains("user"), "{shown}");
        assert!(!refusal.why.is_empty() && !refusal.summary.ends_with('.') && !refusal.why.ends_with('.'), "{shown}");
        refusal.rule
    })
}

const FREE: [Class; 3] = [Class::Local, Class::NonProduction, Class::None];
const PROTECTED: [Class; 2] = [Class::Production, Class::Unknown];

#[test]
fn on_a_local_or_declared_database_everything_but_promotion_runs() {
    for class in FREE {
        for text in
            ["generate", "migrate status", "migrate dev", "db push --force-reset", "db seed", "studio", "frobnicate"]
        {
            assert_eq!(rule(text, &[class], &nothing()), None, "{text} on {}", class.name());
        }
        for text in ["migrate deploy", "migrate resolve --applied x"] {
            assert_eq!(rule(text, &[class], &nothing()), Some(Rule::DirectExecution), "{text} on {}", class.name());
        }
    }
}

#[test]
fn the_policy_opens_direct_promotion_on_free_databases_and_nowhere_else() {
    let open = Evidence { migrate_deploy: true, ..nothing() };
    for class in FREE {
        assert_eq!(rule("migrate deploy", &[class], &open), None);
    }
    for class in PROTECTED {
        assert_eq!(rule("migrate deploy", &[class], &open), Some(Rule::DirectExecution));
        assert_eq!(rule("migrate deploy", &[Class::Local, class], &open), Some(Rule::DirectExecution));
    }
    let refusal: Refusal = judge(&command("migrate deploy"), &[target(Class::Local)], &nothing()).unwrap_err();
    assert!(
        refusal.instead.contains("migrate dev") && refusal.instead.contains("nonProduction.migrateDeploy"),
        "{refusal:?}"
    );
}

#[test]
fn on_production_and_unknown_nothing_that_develops_ever_runs() {
    let all = Evidence { migrate_deploy: true, proven_ci: Ok(()), approved: Ok(()) };
    for class in PROTECTED {
        for text in
            ["migrate dev", "db push", "db seed", "db execute --stdin", "migrate reset --force", "studio", "frobnicate"]
        {
            assert_eq!(rule(text, &[class], &all), Some(Rule::DirectExecution), "{text} on {}", class.name());
        }
    }
}

#[test]
fn production_is_read_only_in_proven_ci_and_unknown_never() {
    let proven = Evidence { proven_ci: Ok(()), ..nothing() };
    assert_eq!(rule("migrate status", &[Class::Production], &proven), None);
    assert_eq!(rule("migrate status", &[Class::Production], &nothing()), Some(Rule::DirectExecution));
    assert_eq!(rule("migrate status", &[Class::Unknown], &proven), Some(Rule::DirectExecution));
    assert_eq!(rule("db pull", &[Class::Local, Class::Production], &nothing()), Some(Rule::DirectExecution));
}

#[test]
fn only_an_approval_promotes_and_the_refusal_says_why_there_is_none() {
    let approved = Evidence { approved: Ok(()), ..nothing() };
    assert_eq!(rule("migrate deploy", &[Class::Production], &approved), None);
    let proven = Evidence { proven_ci: Ok(()), ..nothing() };
    assert_eq!(
        rule("migrate deploy", &[Class::Production], &proven),
        Some(Rule::DirectExecution),
        "CI alone promotes nothing"
    );
    let refusal = judge(&command("migrate deploy"), &[target(Class::Production)], &nothing()).unwrap_err();
    assert_eq!(refusal.why, "no approval reached this process");
    assert_eq!(refusal.target.map(|target| target.class).as_deref(), Some("production"));
}

#[test]
fn no_database_command_runs_whatever_the_variables_reach() {
    for class in [Class::Production, Class::Unknown, Class::Invalid] {
        for text in ["generate", "validate", "format", "version", "migrate deploy --help"] {
            assert_eq!(rule(text, &[class], &nothing()), None);
        }
    }
}

#[test]
fn the_most_dangerous_target_decides_in_every_order() {
    for dangerous in PROTECTED {
        for free in FREE {
            for pair in [[free, dangerous], [dangerous, free]] {
                assert_eq!(rule("db push", &pair, &nothing()), Some(Rule::DirectExecution));
            }
        }
    }
}

#[test]
fn a_string_that_cannot_be_read_is_undecided_and_refused() {
    for text in ["migrate status", "migrate dev", "migrate deploy", "frobnicate"] {
        assert_eq!(rule(text, &[Class::Local, Class::Invalid], &nothing()), Some(Rule::DatabaseUrlInvalid));
    }
    assert_eq!(Rule::DatabaseUrlInvalid.exit_code(), 78);
}
