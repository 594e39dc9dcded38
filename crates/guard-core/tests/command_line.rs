//! The command line is read as Prisma reads it: every example of Prisma's own parsing that was measured, the tables of classes, and
//! anything at all without a panic.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

use guard_core::prisma::command_line::CommandClass::{Develops, NoDatabase, Promotes, Reads, Unknown};
use guard_core::prisma::command_line::{CommandClass, read};
use guard_core::target::Role;
use std::path::Path;

fn words(text: &str) -> Vec<String> {
    text.split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| if word == "''" { String::new() } else { word.to_owned() })
        .collect()
}

fn class(text: &str, major: u32) -> CommandClass {
    read(&words(text), major).class
}

fn holds(table: &[(&str, CommandClass)], majors: &[u32]) {
    for (text, expected) in table {
        for major in majors {
            assert_eq!(class(text, *major), *expected, "prisma {text} ({major})");
        }
    }
}

#[test]
fn every_measured_spelling_that_deploys_is_seen_to_deploy() {
    let table = [
        "migrate deploy",
        "-- migrate deploy",
        "migrate -- deploy",
        "migrate deploy -- --help",
        "-- migrate -- deploy -- --help -h",
        "--json migrate deploy",
        "--telemetry-information migrate migrate deploy",
        "--telemetry-information=migrate migrate deploy",
        "migrate --preview-feature deploy",
        "migrate deploy --preview-feature",
        "migrate deploy status",
        "migrate deploy ''",
        "migrate deploy --schema x",
        "migrate deploy --schema=x",
        "migrate deploy x --schema=x",
        "migrate --telemetry-information dev deploy",
        "migrate deploy -",
    ]
    .map(|text| (text, Promotes));
    holds(&table, &[5, 6, 7]);
    // 5.22 has no --config, which makes this an error there.
    holds(
        &[
            ("--config c.ts migrate deploy", Promotes),
            ("--config=c.ts migrate deploy", Promotes),
            ("migrate --config c.ts deploy", Promotes),
            ("migrate deploy --config c.ts", Promotes),
            ("--config=a --config=b migrate deploy", Promotes),
        ],
        &[6, 7],
    );
}

#[test]
fn every_measured_spelling_that_only_looks_like_deploy_is_not_taken_for_it() {
    holds(
        &[
            ("migrate deploy --help", NoDatabase),
            ("migrate deploy -h", NoDatabase),
            ("migrate deploy x --help", NoDatabase),
            ("migrate deploy --help=false", NoDatabase),
            ("migrate --help deploy", NoDatabase),
            ("--help migrate deploy", NoDatabase),
            ("-h migrate deploy", NoDatabase),
            ("-v migrate deploy", NoDatabase),
            ("-hv migrate deploy", NoDatabase),
            ("--version migrate deploy", NoDatabase),
            ("--preview-feature migrate deploy", Unknown),
            ("--early-access migrate deploy", Unknown),
            ("--schema x migrate deploy", Unknown),
            ("--config migrate deploy", Unknown),
            ("Migrate Deploy", Unknown),
            ("MIGRATE deploy", Unknown),
            ("migrate ''", Unknown),
            ("migrate Deploy", Unknown),
            ("migrate deplo", Unknown),
            ("deploy", Unknown),
            ("migrate deploy --force", Unknown),
            ("migrate deploy -x", Unknown),
            ("migrate deploy --schema", Unknown),
            ("migrate deploy --schema --help", Unknown),
            ("lift up", Unknown),
            ("constructor", Unknown),
            ("__proto__ x", Unknown),
            ("'' migrate deploy", Unknown),
        ],
        &[5, 6, 7],
    );
    assert_eq!(read(&["migrate deploy".to_owned()], 7).class, Unknown);
}

#[test]
fn help_and_version_touch_no_database_in_every_form() {
    holds(
        &[
            ("", NoDatabase),
            ("--help", NoDatabase),
            ("-h", NoDatabase),
            ("--version", NoDatabase),
            ("-v", NoDatabase),
            ("--version --json", NoDatabase),
            ("version", NoDatabase),
            ("version --json", NoDatabase),
            ("version --help", NoDatabase),
            ("--", NoDatabase),
            ("migrate", NoDatabase),
            ("migrate -h", NoDatabase),
            ("migrate --", NoDatabase),
            ("db", NoDatabase),
            ("db --help", NoDatabase),
            ("db push --help", NoDatabase),
            ("db push x --help", NoDatabase),
            ("migrate reset --help", NoDatabase),
            ("migrate reset -fh", NoDatabase),
            ("migrate dev --help", NoDatabase),
            ("studio --help", NoDatabase),
            ("generate --help", NoDatabase),
            ("validate", NoDatabase),
            ("validate --schema x", NoDatabase),
            ("format", NoDatabase),
            ("format --check", NoDatabase),
            ("debug", NoDatabase),
            ("generate", NoDatabase),
            ("generate --watch", NoDatabase),
            ("generate --generator a --generator b", NoDatabase),
            ("generate --no-engine", NoDatabase),
            ("generate --postinstall x", NoDatabase),
            ("generate x --sql", NoDatabase),
            ("validate --foo", Unknown),
            ("format --chek", Unknown),
            ("--foo", Unknown),
        ],
        &[5, 6, 7],
    );
}

#[test]
fn an_option_behind_the_first_positional_counts_where_prisma_counts_it_and_only_there() {
    holds(
        &[
            // These stop at the first positional: the help behind it is never read.
            ("migrate dev x --help", Develops),
            ("migrate reset x --help", Develops),
            ("migrate reset x --force", Develops),
            ("db pull x --help", Reads),
            ("studio x --help", Develops),
            ("migrate dev -- --help", Develops),
            ("migrate reset x --nonsense", Develops),
            // These do not.
            ("migrate status x --help", NoDatabase),
            ("db push x --nonsense", Unknown),
            ("db seed -- --help", Develops),
            ("db seed --help", NoDatabase),
        ],
        &[5, 6, 7],
    );
}

#[test]
fn commands_have_the_class_of_what_they_do() {
    holds(
        &[
            ("migrate status", Reads),
            ("db pull", Reads),
            ("db pull --print", Reads),
            ("db pull --force", Reads),
            ("db pull --composite-type-depth -1", Reads),
            ("db pull --composite-type-depth=-1", Reads),
            ("db pull --schemas a,b", Reads),
            ("generate --sql", Reads),
            ("generate --sql=false", Reads),
            ("migrate resolve --applied x", Promotes),
            ("migrate resolve --rolled-back x", Promotes),
            ("migrate resolve", Promotes),
            ("migrate dev", Develops),
            ("migrate dev -n x", Develops),
            ("migrate dev --name x --create-only", Develops),
            ("migrate reset", Develops),
            ("migrate reset -f", Develops),
            ("migrate reset --force=false", Develops),
            ("db push", Develops),
            ("db push --force-reset=false", Develops),
            ("db push --accept-data-loss", Develops),
            ("db execute --file x", Develops),
            ("db execute --stdin", Develops),
            ("db seed", Develops),
            ("db seed -- --a b", Develops),
            ("studio", Develops),
            ("studio -p 5555", Develops),
            ("studio -p -1", Develops),
            ("db drop", Unknown),
            ("migrate dev -na", Unknown),
            ("migrate dev -n -a", Unknown),
            ("migrate dev --name", Unknown),
            ("studio --port x -y", Unknown),
            ("migrate up", Unknown),
            ("migrate save", Unknown),
        ],
        &[5, 6, 7],
    );
}

#[test]
fn commands_that_one_version_has_and_another_has_not_are_known_only_there() {
    holds(&[("introspect", Reads)], &[5, 6]);
    holds(&[("introspect", Unknown), ("complete", NoDatabase), ("platform status", NoDatabase)], &[7]);
    holds(&[("complete", Unknown), ("platform status", Unknown)], &[5, 6]);
    holds(
        &[
            ("init", NoDatabase),
            ("init --url postgresql://u:p@h/d", NoDatabase),
            ("init --db", Develops),
            ("init --prompt x", Develops),
        ],
        &[5, 7],
    );
    holds(&[("init", Unknown)], &[6]);
    let elsewhere =
        ["mcp", "dev", "dev @1.2.3", "login", "rules", "deploy x", "bootstrap", "postgres link", "platform auth login"];
    holds(&elsewhere.map(|text| (text, Unknown)), &[5, 6, 7]);
}

#[test]
fn nothing_of_a_version_that_is_not_known_is_known() {
    for major in [0, 4, 8, 9, u32::MAX] {
        for text in
            ["", "--version", "generate", "migrate status", "migrate deploy", "db migrate --db postgresql://h/d"]
        {
            assert_eq!(class(text, major), Unknown, "{text} ({major})");
        }
    }
}

#[test]
fn diff_is_classed_by_its_sides() {
    holds(
        &[
            ("migrate diff --from-empty --to-schema-datamodel a --script", NoDatabase),
            ("migrate diff --from-schema a --to-schema b", NoDatabase),
            ("migrate diff --help", NoDatabase),
            ("migrate diff --from-config-datasource --to-schema a --exit-code", Reads),
            ("migrate diff --from-schema-datasource a --to-schema-datamodel a", Reads),
            ("migrate diff --from-url postgresql://h/d --to-empty", Reads),
            ("migrate diff --from-local-d1 --to-empty", Reads),
            ("migrate diff --from-migrations m --to-schema a", Develops),
            ("migrate diff --from-empty --to-migrations m", Develops),
            ("migrate diff --from-empty --to-schema a --shadow-database-url postgresql://h/d", Develops),
            ("migrate diff --preview-feature --from-empty --to-schema a", NoDatabase),
            ("migrate diff --from-nothing", Unknown),
        ],
        &[5, 6, 7],
    );
    let line = read(
        &words("migrate diff --from-migrations m --to-schema-datamodel a --shadow-database-url postgresql://s/d"),
        6,
    );
    assert_eq!(
        line.urls,
        [(Role::ShadowDatabaseUrl, "--shadow-database-url".to_owned(), "postgresql://s/d".to_owned())]
    );
    assert!(!line.uses_configured, "the flag names the only database that is touched");
    let line = read(&words("migrate diff --from-migrations m --to-schema a"), 7);
    assert!(line.uses_configured, "the shadow database is the configured one");
    let line = read(&words("migrate diff --from-schema-datasource other.prisma --to-url mysql://h/d"), 6);
    assert_eq!(line.datasource_schemas, [Path::new("other.prisma")]);
    assert_eq!(line.urls, [(Role::Url, "--to-url".to_owned(), "mysql://h/d".to_owned())]);
    assert!(!line.uses_configured);
}

#[test]
fn the_config_is_found_wherever_it_stands_and_the_last_one_wins() {
    let config = |text: &str| read(&words(text), 7).config.map(|path| path.display().to_string());
    assert_eq!(config("--config a.ts migrate deploy").as_deref(), Some("a.ts"));
    assert_eq!(config("migrate deploy --config=a.ts").as_deref(), Some("a.ts"));
    assert_eq!(config("--config a --config b migrate deploy").as_deref(), Some("b"));
    assert_eq!(config("version --config a").as_deref(), Some("a"));
    assert_eq!(config("migrate deploy --url --config a").as_deref(), Some("a"));
    assert_eq!(config("-- --config a migrate deploy"), None, "behind `--` it is no option");
    assert_eq!(config("migrate deploy --config"), None);
    assert_eq!(config("--config migrate deploy").as_deref(), Some("migrate"));
}

#[test]
fn connection_strings_in_arguments_are_found() {
    let one = |text: &str, major| read(&words(text), major).urls.into_iter().map(|(_, _, url)| url).collect::<Vec<_>>();
    assert_eq!(one("db push --url postgresql://h/d", 7), ["postgresql://h/d"]);
    assert_eq!(one("db push --url=postgresql://h/d?a=b", 7), ["postgresql://h/d?a=b"]);
    assert_eq!(one("migrate dev --url file:./x.db", 7), ["file:./x.db"]);
    assert_eq!(one("studio --url mysql://h/d", 7), ["mysql://h/d"]);
    assert_eq!(one("db execute --url a://b --stdin", 6), ["a://b"]);
    assert_eq!(one("db push --url a --url b", 7), ["a", "b"], "the last one wins in Prisma, and both count here");
    assert_eq!(one("frobnicate --db=postgresql://h/d mysql://x/y", 8), ["postgresql://h/d", "mysql://x/y"]);
}

#[test]
fn what_is_shown_holds_no_secret() {
    for text in [
        "db push --url postgresql://user:hunter2@h/d",
        "db push --url=postgresql://user:hunter2@h/d",
        "--url hunter2 db push",
        "frob user:hunter2@host",
        "frob --thing=mysql://a:hunter2@h",
        "frob sqlserver://h;password=hunter2",
        "frob PASSWORD=hunter2",
        "postgres link --api-key hunter2",
        "migrate diff --from-url hunter2 --to-url hunter2 --shadow-database-url hunter2",
    ] {
        let shown = read(&words(text), 7).display;
        assert!(!shown.contains("hunter2") && shown.starts_with("prisma "), "{shown}");
    }
    assert_eq!(
        read(&words("migrate deploy --schema=prisma/schema.prisma"), 7).display,
        "prisma migrate deploy --schema=prisma/schema.prisma"
    );
    assert!(!read(&["\u{1b}[2J\n".to_owned()], 7).display.contains(['\u{1b}', '\n']));
}

proptest::proptest! {
    #[test]
    fn no_command_line_makes_it_panic(arguments in proptest::collection::vec(".{0,12}", 0..8), major in 0_u32..12) {
        let _ = read(&arguments, major);
    }

    #[test]
    fn no_order_of_known_words_makes_a_deployment_look_harmless(
        before in proptest::collection::vec("--|--json|--telemetry-information=x|--experimental=x", 0..3),
        after in proptest::collection::vec("--|x|--schema=x|--preview-feature|-", 0..4),
    ) {
        let mut arguments = before;
        arguments.extend(["migrate".to_owned(), "deploy".to_owned()]);
        arguments.extend(after);
        let class = read(&arguments, 7).class;
        proptest::prop_assert!(matches!(class, Promotes | Unknown), "{:?} {:?}", arguments, class);
    }
}
