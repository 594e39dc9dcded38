//! Which database a connection string reaches: the ways to deceive the classification, each a test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

use guard_core::policy::{self, LoadedPolicy};
use guard_core::system::environment::Environment;
use guard_core::target::{self, Class, DatabaseTarget, FoundValue, Role, Search, Surroundings};
use std::path::Path;

const POLICY: &str = r#"{ "environments": { "production": {
  "databases": ["db.prod.example.com", "*.prod.example.net", "pooler.example.com#qdrk", "file:data/prod.db", "127.0.0.1:6543", "bücher.example"],
  "attestation": { "kind": "oidc", "issuer": "https://ci.example.com", "claims": { "ref": "refs/heads/main" } } } },
  "nonProduction": { "databases": ["staging.example.com", "db.prod.example.com/scratch"] } }"#;

fn project() -> (tempfile::TempDir, LoadedPolicy) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().canonicalize().unwrap();
    std::fs::write(root.join("compose.yaml"), "services:\n  db:\n    image: postgres\n").unwrap();
    std::fs::create_dir(root.join("data")).unwrap();
    std::fs::write(root.join("data/prod.db"), "x").unwrap();
    std::fs::write(root.join("package.json"), "{}").unwrap();
    (folder, LoadedPolicy::new(policy::parse(POLICY, "p").unwrap(), root))
}

fn classify_in(loaded: &LoadedPolicy, environment: &Environment, url: &str) -> DatabaseTarget {
    let surroundings = Surroundings { policy: Some(loaded), root: &loaded.root, base: &loaded.root, environment };
    target::classify(url, "argument", &surroundings)
}

fn class(url: &str) -> Class {
    let (_folder, loaded) = project();
    classify_in(&loaded, &Environment::default(), url).class
}

#[test]
fn every_way_to_write_a_production_host_is_production() {
    for url in [
        "postgresql://u:p@db.prod.example.com:5432/shop",
        "POSTGRES://u:p@DB.Prod.Example.COM./shop",
        "postgresql://localhost/shop?host=db.prod.example.com",
        "postgresql://localhost/x?host=localhost&host=db.prod.example.com",
        "postgresql://%64b.prod.example.com/x",
        "postgresql://a.prod.example.net/x",
        "postgresql://localhost,db.prod.example.com:6432/x",
        "postgresql://u:localhost@db.prod.example.com/x?application_name=localhost",
        "\"postgresql://db.prod.example.com/x\"",
        "  'postgresql://db.prod.example.com/x' \n",
        "postgresql://db.pr\nod.example.com/x",
        "postgresql://postgres.qdrkabc:p@pooler.example.com:6543/postgres",
        "mysql://u:p@db.prod.example.com/x",
        "mysql://localhost/x?host=db.prod.example.com",
        "postgresql://127.1:6543/x",
        "postgresql://2130706433:6543/x",
        "postgresql://[::ffff:127.0.0.1]:6543/x",
        "postgresql://127.0.0.1/x?port=6543",
        "postgresql://xn--bcher-kva.example/x",
        "postgresql://db.prod.example.com/scratch",
        "file:data/prod.db",
        "file:./data/../data/prod.db",
        "file:data/%70rod.db",
        "libsql://db.prod.example.com?authToken=x",
        "sqlserver://db.prod.example.com:1433;database=x;user=a;password={b;c}",
        "mongodb://a,db.prod.example.com/x",
        "mongodb+srv://db.prod.example.com/x",
        "prisma://db.prod.example.com/?api_key=x",
        "postgresql:///x?hostaddr=db.prod.example.com",
        "postgresql://u:p@db.prod.example.com/ss@localhost/x",
    ] {
        assert_eq!(class(url), Class::Production, "{url:?}");
    }
}

#[test]
fn what_is_local_is_local_and_what_only_looks_so_is_unknown() {
    for url in [
        "postgresql://u:p@localhost:1/x",
        "mysql://127.0.0.1:1/x",
        "postgresql:///x",
        "postgresql://db/x",
        "file:./dev.db",
        ":memory:",
        "file::memory:",
        "postgresql:///x?host=/var/run/postgresql",
        "mysql://localhost:1/x?socket=/run/mysqld/mysqld.sock",
        "postgresql://shop.localhost:1/x",
        "http://127.0.0.1:1",
    ] {
        assert_eq!(class(url), Class::Local, "{url}");
    }
    for url in [
        "postgresql://localhost.example.com/x",
        "postgresql://prod.example.net/x",
        "postgresql://other/x",
        "file:/etc/passwd",
        "file:../x.db",
        "postgresql:///x?host=/cloudsql/p:r:i",
        "postgresql://u:localhost@h.example.com/x",
        "prisma://localhost/?api_key=x",
        "mongodb+srv://localhost/x",
        "postgresql://localhost,h.example.com/x",
        "libsql://h.example.com",
    ] {
        assert_eq!(class(url), Class::Unknown, "{url}");
    }
    assert_eq!(class("postgresql://staging.example.com/x"), Class::NonProduction);
    for url in [
        "",
        " ",
        "\"\"",
        "localhost",
        "postgresql:x",
        "postgresql://h:port/x",
        "postgresql://u:pa/ss@h/x",
        "postgresql://u:12#x@h/y",
        "ftp://localhost",
        "file:",
        "postgresql://a b/x",
    ] {
        assert_eq!(class(url), Class::Invalid, "{url}");
    }
    assert_eq!(class(&format!("postgresql://localhost/{}", "x".repeat(1 << 20))), Class::Invalid);
}

#[test]
fn links_do_not_hide_a_production_file_and_do_not_make_a_foreign_one_local() {
    let (folder, loaded) = project();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("x.db"), "x").unwrap();
    std::fs::hard_link(folder.path().join("data/prod.db"), folder.path().join("hard.db")).unwrap();
    std::os::unix::fs::symlink("data/prod.db", folder.path().join("soft.db")).unwrap();
    std::os::unix::fs::symlink(outside.path(), folder.path().join("out")).unwrap();
    let class = |url: &str| classify_in(&loaded, &Environment::default(), url).class;
    assert_eq!(
        (class("file:hard.db"), class("file:soft.db"), class("file:out/x.db")),
        (Class::Production, Class::Production, Class::Unknown)
    );
}

#[test]
fn variables_of_the_process_can_make_it_worse_and_never_better() {
    let (_folder, loaded) = project();
    let class = |pairs: &[(&str, &str)], url: &str| classify_in(&loaded, &pairs.iter().copied().collect(), url).class;
    assert_eq!(class(&[("PGHOST", "db.prod.example.com")], "postgresql:///x"), Class::Production);
    assert_eq!(
        class(&[("PGHOST", "localhost"), ("NODE_ENV", "development")], "postgresql://db.prod.example.com/x"),
        Class::Production
    );
    assert_eq!(class(&[("PGPORT", "6543")], "postgresql://127.0.0.1/x"), Class::Production);
    assert_eq!(class(&[("KUBERNETES_SERVICE_HOST", "10.0.0.1")], "postgresql://db/x"), Class::Unknown);
}

#[test]
fn a_digest_stands_for_its_pattern() {
    let (_folder, loaded) = project();
    let digest = guard_core::digest::Digest::of(b"secret.example.org:5432/shop");
    let mut policy = loaded.policy;
    policy.environments.get_mut("production").unwrap().databases = vec![format!("sha256:{digest}")];
    let loaded = LoadedPolicy::new(policy, loaded.root);
    let class = |url: &str| classify_in(&loaded, &Environment::default(), url).class;
    assert_eq!(
        (class("postgresql://Secret.example.org/Shop"), class("postgresql://secret.example.org/other")),
        (Class::Production, Class::Unknown)
    );
}

#[test]
fn the_line_that_declares_an_unknown_host_is_ready_to_paste() {
    let (_folder, loaded) = project();
    let target = classify_in(&loaded, &Environment::default(), "postgresql://h.example.com/x");
    assert_eq!(
        target::declaration_line(&target).as_deref(),
        Some(r#""nonProduction": { "databases": ["h.example.com"] }"#)
    );
}

#[test]
fn the_last_of_many_repeated_parameters_never_gets_lost() {
    let many = |name: &str, last: &str| {
        (0..9).map(|at| format!("{name}={at}1")).chain([format!("{name}={last}")]).collect::<Vec<_>>().join("&")
    };
    for url in [
        format!("postgresql://127.0.0.1/x?{}", many("port", "6543")),
        format!("mysql://127.0.0.1/x?{}", many("port", "6543")),
        format!("postgresql://pooler.example.com/x?{}", many("user", "postgres.qdrkabc")),
        format!("mysql://staging.example.com/x?{}", many("database", "shop")),
        format!("sqlserver://127.0.0.1;{}", many("port", "6543").replace('&', ";")),
    ] {
        assert_eq!(class(&url), Class::Invalid, "{url}");
    }
    for url in [
        "postgresql://127.0.0.1/x?port=1&port=2&port=3&port=6543",
        "mysql://127.0.0.1/x?port=1&port=2&port=3&port=6543",
        "sqlserver://127.0.0.1:1;port=6543",
        "sqlserver://127.0.0.1:6543;port=1",
        "postgresql://pooler.example.com/x?user=a&user=postgres.qdrkabc",
    ] {
        assert_eq!(class(url), Class::Production, "{url}");
    }
}

#[test]
fn a_service_file_and_a_proxy_lead_away_from_this_machine() {
    assert_eq!(class("postgresql://localhost:1/x?service=shop"), Class::Unknown);
    assert_eq!(class("mongodb://localhost:1/x?proxyHost=h.example.com"), Class::Unknown);
    assert_eq!(class("mongodb://localhost:1/x?proxyHost=db.prod.example.com"), Class::Production);
    assert_eq!(class("mongodb://localhost:1/x"), Class::Local);
}

#[test]
fn the_key_of_a_local_prisma_dev_says_which_databases_it_reaches() {
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text);
    let key = |url: &str, shadow: &str| {
        encode(format!(r#"{{"databaseUrl":"{url}","name":"default","shadowDatabaseUrl":"{shadow}"}}"#))
    };
    let local = "postgres://postgres:S3CRET@localhost:1/template1?sslmode=disable";
    let production = "postgres://u:S3CRET@db.prod.example.com/x";
    let at = |host: &str, key: &str| format!("prisma+postgres://{host}:2/?api_key={key}");
    for (url, expected) in [
        (at("localhost", &key(local, local)), Class::Local),
        (at("127.0.0.1", &key(local, local)), Class::Local),
        (at("localhost", &key(production, local)), Class::Production),
        (at("localhost", &key(local, production)), Class::Production),
        (at("localhost", &key(local, "postgres://h.example.com/x")), Class::Unknown),
        (at("localhost", &key("prisma://localhost/?api_key=x", local)), Class::Unknown),
        (
            at(
                "localhost",
                &key(
                    &format!("{local}&{}", (0..9).map(|at| format!("user={at}")).collect::<Vec<_>>().join("&")),
                    local,
                ),
            ),
            Class::Invalid,
        ),
        (at("h.example.com", &key(local, local)), Class::Unknown),
        (at("localhost", "eyJhbGciOiJIUzI1NiJ9.e30.x"), Class::Unknown),
        (format!("{}&api_key=x", at("localhost", &key(local, local))), Class::Unknown),
        (at("localhost", &key(local, local)).replace("prisma+postgres", "prisma"), Class::Unknown),
    ] {
        let (_folder, loaded) = project();
        let target = classify_in(&loaded, &Environment::default(), &url);
        assert_eq!(target.class, expected, "{url}");
        assert!(!format!("{target:?}").contains("S3CRET"));
    }
    let (_folder, loaded) = project();
    let moved = [("PRISMA_SCHEMA_ENGINE_WS_BASE_URL", "wss://h.example.com")].into_iter().collect();
    assert_eq!(classify_in(&loaded, &moved, &at("localhost", &key(local, local))).class, Class::Unknown);
}

fn look(root: &Path, major: u32, pairs: &[(&str, &str)]) -> Vec<target::FoundUrl> {
    let environment: Environment = pairs.iter().copied().collect();
    target::find(&Search {
        working_folder: root,
        environment: &environment,
        prisma_major: major,
        config: None,
        schema: None,
    })
}

fn given(found: &[target::FoundUrl]) -> Vec<(Role, String, String)> {
    let text = |value: &FoundValue| match value {
        FoundValue::Given(url) => url.reveal().to_owned(),
        other => format!("{other:?}"),
    };
    found.iter().map(|found| (found.role, found.source.clone(), text(&found.value))).collect()
}

#[test]
fn prisma_7_reads_the_config_and_loads_env_files_only_where_it_says_so() {
    let (folder, _) = project();
    std::fs::write(folder.path().join(".env"), "X=file:a.db\n").unwrap();
    let config = "export default { datasource: { url: process.env.X, shadowDatabaseUrl: 'file:s.db' } }";
    std::fs::write(folder.path().join("prisma.config.ts"), config).unwrap();
    let shadow = (Role::ShadowDatabaseUrl, "prisma.config.ts".to_owned(), "file:s.db".to_owned());
    assert_eq!(
        given(&look(folder.path(), 7, &[])),
        [(Role::Url, "environment X".to_owned(), "Missing".to_owned()), shadow.clone()]
    );
    std::fs::write(folder.path().join("prisma.config.ts"), format!("import 'dotenv/config'; {config}")).unwrap();
    assert_eq!(
        given(&look(folder.path(), 7, &[])),
        [(Role::Url, ".env X".to_owned(), "file:a.db".to_owned()), shadow.clone()]
    );
    assert_eq!(given(&look(folder.path(), 7, &[("X", "file:e.db")]))[0].2, "file:e.db");
    std::fs::write(
        folder.path().join("prisma7.config.ts"),
        "export default { datasource: { url: 'file:shadowing.db' } }",
    )
    .unwrap();
    assert_eq!(given(&look(folder.path(), 7, &[]))[0].2, "file:shadowing.db");
}

#[test]
fn prisma_6_reads_schema_env_files_and_the_direct_url() {
    let (folder, _) = project();
    std::fs::create_dir(folder.path().join("prisma")).unwrap();
    std::fs::write(
        folder.path().join("prisma/schema.prisma"),
        "datasource db {\n url = env(\"A\")\n directUrl = env(\"B\")\n}\n",
    )
    .unwrap();
    std::fs::write(folder.path().join(".env"), "H=db.prod.example.com\nB=\"postgresql://${H}/x\"\n").unwrap();
    std::fs::write(folder.path().join("prisma/.env"), "A=file:a.db\nB=file:b.db\n").unwrap();
    let found = given(&look(folder.path(), 6, &[]));
    assert_eq!(found[0], (Role::Url, "prisma/.env A".to_owned(), "file:a.db".to_owned()));
    assert_eq!(found[1], (Role::DirectUrl, ".env B".to_owned(), "postgresql://db.prod.example.com/x".to_owned()));
    std::fs::write(folder.path().join("prisma.config.ts"), "export default {}").unwrap();
    assert!(look(folder.path(), 6, &[]).iter().all(|found| found.value == FoundValue::Missing));
    std::fs::write(folder.path().join("prisma.config.ts"), "export default { datasource: { url: 'file:c.db' } }")
        .unwrap();
    assert_eq!(
        given(&look(folder.path(), 6, &[])),
        [(Role::Url, "prisma.config.ts".to_owned(), "file:c.db".to_owned())]
    );
}

#[test]
fn a_client_takes_the_environment_before_the_env_file() {
    let (folder, _) = project();
    std::fs::write(folder.path().join(".env"), "DATABASE_URL=file:a.db\n").unwrap();
    let find = |pairs: &[(&str, &str)]| {
        target::find_for_client(folder.path(), &pairs.iter().copied().collect()).map(|found| found.source)
    };
    assert_eq!(find(&[]).as_deref(), Some(".env DATABASE_URL"));
    assert_eq!(find(&[("DATABASE_URL", "file:b.db")]).as_deref(), Some("environment DATABASE_URL"));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]

    #[test]
    fn no_string_makes_the_classification_panic(text in "\\PC*", tail in "[\\PC:/@?#%\\[\\],;={}]*") {
        for scheme in ["", "postgresql://", "mysql://", "file:", "sqlserver://", "mongodb://", "libsql://", "prisma://"] {
            let _ = class(&format!("{scheme}{text}"));
            let _ = class(&format!("{scheme}{tail}"));
        }
    }

    #[test]
    fn a_production_host_is_found_anywhere_in_a_list(before in 0..40_usize, after in 0..40_usize) {
        let list = format!("{}db.prod.example.com{}", "localhost,".repeat(before), ",localhost".repeat(after));
        proptest::prop_assert_eq!(class(&format!("postgresql://{list}/x")), Class::Production);
        proptest::prop_assert_eq!(class(&format!("postgresql:///x?host={list}")), Class::Production);
    }

    #[test]
    fn encoding_a_host_again_never_changes_its_class(mask in proptest::collection::vec(proptest::bool::ANY, 19)) {
        let host: String = "db.prod.example.com".bytes().zip(mask).map(|(byte, encode)| if encode { format!("%{byte:02X}") } else { char::from(byte).to_string() }).collect();
        proptest::prop_assert_eq!(class(&format!("postgresql://u:p@{host}/x")), Class::Production);
        proptest::prop_assert_eq!(class(&format!("mysql://u:p@{host}/x")), Class::Production);
    }

    #[test]
    fn no_secret_is_shown(secret in "S3CR[a-z0-9]{8}") {
        let (_folder, loaded) = project();
        for url in [
            format!("postgresql://{secret}:{secret}@h.example.com/x?password={secret}&user={secret}&sslkey={secret}#{secret}"),
            format!("postgresql://{secret}:{secret}@h.example.com"), format!("postgresql://u:1/{secret}@h/x"), format!("postgresql://u:{secret}/x@h/x"),
            format!("mysql://u:{secret}@h/x?authToken={secret}"), format!("sqlserver://h;user={secret};password={{{secret};x}}"), format!("mongodb+srv://a:{secret}@h/x"),
            format!("libsql://h?authToken={secret}"), format!("prisma://h/?api_key={secret}"), format!("file:x.db?key={secret}"), secret.clone(), format!("x://{secret}"),
        ] {
            let target = classify_in(&loaded, &Environment::default(), &url);
            let shown = format!("{target:?} {} {:?} {:?}", target.redacted, target.reason, target::declaration_line(&target));
            proptest::prop_assert!(!shown.contains(&secret), "{shown}");
        }
    }
}
