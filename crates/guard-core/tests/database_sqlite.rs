//! SQLite databases as the guard sees them: real files, real faults.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

mod promotion_support;

use guard_core::database;
use guard_core::rule::Rule;
use guard_core::target::Provider;
use promotion_support::{apply, checksum, shop, target};

fn refused_with(path: &std::path::Path, words: &str) {
    let refusal = database::open(&target(path)).err().expect("it must be refused");
    assert_eq!(refusal.rule, Rule::DatabaseUnavailable);
    assert!(refusal.why.contains(words), "{}", refusal.why);
}

#[test]
fn a_database_that_does_not_exist_is_never_created() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone.db");
    refused_with(&path, "does not exist");
    assert!(!path.exists());
    // SQLite itself would read a meaning into such a name, and create the file.
    let tricky = folder.path().join("file:x?mode=rwc");
    refused_with(&tricky, "does not exist");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn what_is_no_database_is_named_as_such() {
    let folder = tempfile::tempdir().unwrap();
    refused_with(folder.path(), "not a regular file");
    let text = folder.path().join("text.db");
    std::fs::write(&text, "this is a text and no database at all, however long it may be ".repeat(40)).unwrap();
    refused_with(&text, "not an SQLite database");
    let encrypted = folder.path().join("encrypted.db");
    let noise: Vec<u8> =
        (0..8192_u32).map(|n| u8::try_from((n.wrapping_mul(2_654_435_761) >> 13) & 0xff).unwrap()).collect();
    std::fs::write(&encrypted, noise).unwrap();
    refused_with(&encrypted, "encrypted");
    #[cfg(unix)]
    {
        let pipe = folder.path().join("pipe.db");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        refused_with(&pipe, "not a regular file");
    }
}

#[test]
fn a_damaged_database_is_refused_and_not_read_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    drop(shop(&path));
    let mut bytes = std::fs::read(&path).unwrap();
    // The first page's header stays right, and its tree of tables is overwritten.
    bytes[100..200].fill(0xAA);
    std::fs::write(&path, bytes).unwrap();
    refused_with(&path, "damaged");
}

#[test]
fn other_providers_are_refused_honestly() {
    let folder = tempfile::tempdir().unwrap();
    let mut other = target(&folder.path().join("x"));
    other.provider = Some(Provider::Postgresql);
    let refusal = database::open(&other).err().unwrap();
    assert_eq!(refusal.rule, Rule::DatabaseUnavailable);
    assert!(refusal.why.contains("not built yet"));
}

#[test]
fn tables_are_counted_by_name_whatever_they_are_called() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let connection = shop(&path);
    connection.execute_batch("CREATE TABLE k (id INTEGER PRIMARY KEY AUTOINCREMENT); INSERT INTO k DEFAULT VALUES; CREATE VIEW v AS SELECT 1").unwrap();
    let tables = database::open(&target(&path)).unwrap().tables().unwrap();
    let seen: Vec<_> = tables.iter().map(|table| (table.table.as_str(), table.rows)).collect();
    assert_eq!(seen, [("Customer", 3), ("Order \"x", 2), ("_prisma_migrations", 0), ("k", 1)]);
}

#[test]
fn the_ledger_is_read_in_the_order_in_which_migrations_were_started() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let connection = shop(&path);
    apply(&connection, "20240102_b", &checksum("b"), true, false);
    apply(&connection, "20240101_a", &checksum("a"), false, true);
    apply(&connection, "20240103_c", &checksum("c"), false, false);
    let ledger = database::open(&target(&path)).unwrap().ledger().unwrap();
    let seen: Vec<_> = ledger.rows.iter().map(|row| (row.name.as_str(), row.finished, row.rolled_back)).collect();
    assert_eq!(seen, [("20240102_b", true, false), ("20240101_a", false, true), ("20240103_c", false, false)]);
    assert_eq!(ledger.applied().count(), 1);
    assert_eq!(ledger.failed().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["20240103_c"]);
}

#[test]
fn a_database_without_a_ledger_has_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fresh.db");
    std::fs::write(&path, b"").unwrap();
    assert!(database::open(&target(&path)).unwrap().ledger().unwrap().rows.is_empty());
}

#[test]
fn a_wal_database_is_read_with_what_is_not_yet_checkpointed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    let connection = shop(&path);
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    connection.execute_batch("INSERT INTO Customer (name) VALUES ('Barbara')").unwrap();
    let tables = database::open(&target(&path)).unwrap().tables().unwrap();
    assert_eq!(tables.iter().find(|table| table.table == "Customer").unwrap().rows, 4);
}

#[cfg(unix)]
#[test]
fn the_fingerprint_is_that_of_the_file_under_every_name_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("shop.db");
    drop(shop(&path));
    let link = folder.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    let other = folder.path().join("other.db");
    std::fs::copy(&path, &other).unwrap();
    let fingerprint = |path: &std::path::Path| database::open(&target(path)).unwrap().fingerprint().unwrap();
    assert_eq!(fingerprint(&path), fingerprint(&link));
    assert_ne!(fingerprint(&path), fingerprint(&other));
}
