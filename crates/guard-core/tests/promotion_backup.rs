//! Backups of real SQLite databases, and every way in which one may not be what it says.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

mod promotion_support;

use guard_core::policy::{BackupKind, BackupPolicy, BackupStore};
use guard_core::promotion::backup::{self, BackupFolder, MadeBackup};
use guard_core::rule::Rule;
use guard_core::state::Evidence;
use guard_core::system::clock::Timestamp;
use promotion_support::{apply, checksum, shop, target};
use rusqlite::Connection;
use std::path::{Path, PathBuf};

const CHAIN: &str = "0123456789abcdef0123456789abcdef";

struct Place {
    _folder: tempfile::TempDir,
    database: PathBuf,
    live: Connection,
    store: BackupFolder,
}

fn policy(directory: &Path) -> BackupPolicy {
    BackupPolicy { kind: BackupKind::Auto, store: Some(BackupStore { directory: directory.display().to_string() }) }
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let database = folder.path().join("shop.db");
    let live = shop(&database);
    apply(&live, "20240101_a", &checksum("a"), true, false);
    std::fs::create_dir(folder.path().join("store")).unwrap();
    std::fs::create_dir(folder.path().join("checkout")).unwrap();
    let checkout = folder.path().join("checkout");
    let store = BackupFolder::find(&policy(&folder.path().join("store")), &checkout, &checkout).unwrap();
    Place { _folder: folder, database, live, store }
}

fn make(place: &Place) -> Result<MadeBackup, guard_core::refusal::Refusal> {
    backup::make(&target(&place.database), &place.store, "production", CHAIN, Timestamp(1_763_900_000), &|_| {})
}

fn name(made: &MadeBackup) -> String {
    let Evidence::Backup { file, .. } = &made.evidence else { panic!("not a backup") };
    file.clone()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_backup_holds_every_table_row_and_the_ledger_and_is_checked_again() {
    let place = place();
    let made = make(&place).unwrap();
    let Evidence::Backup { method, file, bytes, tables, .. } = &made.evidence else { panic!("not a backup") };
    assert_eq!(method, "sqlite-online-backup");
    assert_eq!(file, &format!("production-shop-20251123T121320Z-{CHAIN}.db"));
    assert_eq!(*bytes, std::fs::metadata(place.store.path().join(file)).unwrap().len());
    let seen: Vec<_> = tables.iter().map(|table| (table.table.as_str(), table.rows)).collect();
    assert_eq!(seen, [("Customer", 3), ("Order \"x", 2), ("_prisma_migrations", 1)]);
    assert_eq!(made.ledger.rows.len(), 1);
    assert_eq!(names(place.store.path()), std::slice::from_ref(file));
    backup::check(&made.evidence, &place.store).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(place.store.path().join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[test]
fn a_wal_database_is_backed_up_with_what_is_not_checkpointed_and_leaves_no_file_beside_the_copy() {
    let place = place();
    let _: String = place.live.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).unwrap();
    place.live.execute_batch("INSERT INTO Customer (name) VALUES ('Barbara')").unwrap();
    let made = make(&place).unwrap();
    let Evidence::Backup { tables, .. } = &made.evidence else { panic!("not a backup") };
    assert_eq!(tables[0].rows, 4);
    backup::check(&made.evidence, &place.store).unwrap();
    assert_eq!(names(place.store.path()), [name(&made)]);
}

#[test]
fn a_writer_during_the_backup_does_not_make_it_differ_from_its_counts() {
    let place = place();
    let _: String = place.live.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0)).unwrap();
    place
        .live
        .execute_batch(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) \
             INSERT INTO Customer (name) SELECT hex(randomblob(200)) FROM n",
        )
        .unwrap();
    let path = place.database.clone();
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let stopped = stop.clone();
    let writer = std::thread::spawn(move || {
        let connection = Connection::open(path).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
        let mut written = 0;
        while !stopped.load(std::sync::atomic::Ordering::Relaxed) {
            connection.execute("INSERT INTO Customer (name) VALUES ('during')", []).unwrap();
            written += 1;
        }
        written
    });
    let made = make(&place);
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    assert!(writer.join().unwrap() > 0);
    backup::check(&made.unwrap().evidence, &place.store).unwrap();
}

#[test]
fn a_backup_that_is_gone_cut_edited_replaced_or_a_link_is_no_backup() {
    type Spoil = fn(&Path);
    let cases: [(Spoil, &str); 6] = [
        (|path| std::fs::remove_file(path).unwrap(), "no such file"),
        (|path| std::fs::write(path, b"").unwrap(), "0 bytes"),
        (
            |path| {
                let bytes = std::fs::read(path).unwrap();
                std::fs::write(path, &bytes[..bytes.len() - 4096]).unwrap();
            },
            "bytes instead of",
        ),
        (
            |path| {
                let mut bytes = std::fs::read(path).unwrap();
                let last = bytes.len() - 1;
                bytes[last] ^= 1;
                std::fs::write(path, bytes).unwrap();
            },
            "SHA-256",
        ),
        (
            |path| {
                let other = path.with_extension("moved");
                std::fs::rename(path, &other).unwrap();
                std::os::unix::fs::symlink(other, path).unwrap();
            },
            "link",
        ),
        (
            |path| {
                std::fs::remove_file(path).unwrap();
                std::fs::create_dir(path).unwrap();
            },
            "no regular file",
        ),
    ];
    for (spoil, words) in cases {
        let place = place();
        let made = make(&place).unwrap();
        spoil(&place.store.path().join(name(&made)));
        let refusal = backup::check(&made.evidence, &place.store).unwrap_err();
        assert_eq!(refusal.rule, Rule::BackupNotProven);
        assert!(refusal.why.contains(words), "{words}: {}", refusal.why);
    }
}

#[test]
fn a_record_cannot_point_out_of_the_store() {
    let place = place();
    let made = make(&place).unwrap();
    let Evidence::Backup { method, digest, bytes, tables, .. } = made.evidence.clone() else { panic!("not a backup") };
    for file in ["../shop.db", "/etc/passwd", "a/b.db", "..", ".", "", "./x.db"] {
        let evidence = Evidence::Backup {
            method: method.clone(),
            file: file.into(),
            digest: digest.clone(),
            bytes,
            tables: tables.clone(),
        };
        let refusal = backup::check(&evidence, &place.store).unwrap_err();
        assert_eq!(refusal.rule, Rule::BackupNotProven, "{file}");
    }
}

#[test]
fn rows_that_a_record_claims_and_the_copy_lacks_are_named() {
    let place = place();
    let made = make(&place).unwrap();
    let Evidence::Backup { method, file, digest, bytes, mut tables } = made.evidence else { panic!("not a backup") };
    tables[0].rows += 1;
    let evidence = Evidence::Backup { method, file, digest, bytes, tables };
    assert!(backup::check(&evidence, &place.store).unwrap_err().why.contains("Customer"));
}

#[test]
fn a_backup_of_somebody_else_counts_only_if_it_holds_what_the_database_holds() {
    let place = place();
    let live = guard_core::database::open(&target(&place.database)).unwrap().tables().unwrap();
    let path = place.store.path().join("mine.db");
    place.live.execute("VACUUM INTO ?1", [path.display().to_string()]).unwrap();
    backup::inspect(&place.store, "mine.db", &live).unwrap();
    let copy = Connection::open(&path).unwrap();
    copy.execute_batch("DELETE FROM \"Order \"\"x\" WHERE id = 1").unwrap();
    assert!(backup::inspect(&place.store, "mine.db", &live).unwrap_err().why.contains("1 rows in it instead of 2"));
    copy.execute_batch("DROP TABLE \"Order \"\"x\"").unwrap();
    assert!(backup::inspect(&place.store, "mine.db", &live).unwrap_err().why.contains("missing"));
    std::fs::write(place.store.path().join("text.db"), "not empty, and no backup".repeat(100)).unwrap();
    assert_eq!(backup::inspect(&place.store, "text.db", &live).unwrap_err().rule, Rule::BackupNotProven);
}

#[test]
fn a_store_that_is_missing_no_folder_or_inside_the_checkout_is_refused_and_never_created() {
    let folder = tempfile::tempdir().unwrap();
    let checkout = folder.path().join("checkout");
    std::fs::create_dir_all(checkout.join("backups")).unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    std::os::unix::fs::symlink(checkout.join("backups"), folder.path().join("link")).unwrap();
    for (directory, words) in
        [("gone", "does not exist"), ("file", "not a folder"), ("checkout/backups", "inside"), ("link", "inside")]
    {
        let refusal = BackupFolder::find(&policy(&folder.path().join(directory)), &checkout, &checkout).unwrap_err();
        assert_eq!(refusal.rule, Rule::BackupNotProven);
        assert!(refusal.why.contains(words), "{directory}: {}", refusal.why);
    }
    assert!(!folder.path().join("gone").exists());
    let none = BackupPolicy { kind: BackupKind::Auto, store: None };
    assert_eq!(BackupFolder::find(&none, &checkout, &checkout).unwrap_err().rule, Rule::BackupNotProven);
}

#[test]
fn a_backup_that_cannot_be_written_leaves_nothing_behind_and_the_database_as_it_was() {
    let place = place();
    let made = make(&place).unwrap();
    // The same name again: what is there is never overwritten.
    let before = std::fs::read(place.store.path().join(name(&made))).unwrap();
    assert_eq!(make(&place).unwrap_err().rule, Rule::StorageFailed);
    assert_eq!(std::fs::read(place.store.path().join(name(&made))).unwrap(), before);
    assert_eq!(names(place.store.path()), [name(&made)]);
    std::fs::remove_dir_all(place.store.path()).unwrap();
    assert_eq!(make(&place).unwrap_err().rule, Rule::StorageFailed);
}

#[test]
fn a_database_that_somebody_keeps_locked_is_not_backed_up_in_part() {
    let place = place();
    place.live.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let refusal = make(&place).unwrap_err();
    assert_eq!(refusal.rule, Rule::DatabaseUnavailable);
    assert!(names(place.store.path()).is_empty());
}
