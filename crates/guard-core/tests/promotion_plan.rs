//! Migrations on disk against the ledger of a database: what Prisma itself does not notice, and what it does.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

mod promotion_support;

use guard_core::database::{Ledger, LedgerRow};
use guard_core::promotion::plan::{plan, progress, read_migrations, read_schema};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use promotion_support::{checksum, migrations};

const A: &str = "CREATE TABLE a (id INTEGER);\nCREATE TABLE aa (id INTEGER);\n";
const B: &str = "CREATE TABLE b (id INTEGER);\n";

fn row(name: &str, checksum: &str, finished: bool, rolled_back: bool) -> LedgerRow {
    LedgerRow { id: format!("id {name}"), name: name.into(), checksum: checksum.into(), finished, rolled_back }
}

fn two() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    migrations(&folder.path().join("m"), &[("20240101_a", A), ("20240102_b", B)]);
    folder
}

fn planned(folder: &tempfile::TempDir, rows: Vec<LedgerRow>) -> Result<Vec<String>, Refusal> {
    let plan = plan(&read_migrations(&folder.path().join("m")).unwrap(), &Ledger { rows })?;
    Ok(plan.pending.into_iter().map(|migration| migration.name).collect())
}

fn refused(result: Result<Vec<String>, Refusal>, words: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.rule, Rule::VerificationFailed);
    assert!(format!("{refusal} {}", refusal.instead).contains(words), "{refusal}");
}

#[test]
fn what_the_database_lacks_is_pending_in_the_order_of_names() {
    let folder = two();
    assert_eq!(planned(&folder, vec![]).unwrap(), ["20240101_a", "20240102_b"]);
    assert_eq!(planned(&folder, vec![row("20240101_a", &checksum(A), true, false)]).unwrap(), ["20240102_b"]);
    let both = vec![row("20240101_a", &checksum(A), true, false), row("20240102_b", &checksum(B), true, false)];
    assert!(planned(&folder, both).unwrap().is_empty());
}

#[test]
fn a_migration_that_was_rolled_back_is_pending_again() {
    let folder = two();
    let rows = vec![row("20240101_a", &checksum(A), true, false), row("20240102_b", "x", false, true)];
    assert_eq!(planned(&folder, rows).unwrap(), ["20240102_b"]);
}

#[test]
fn a_migration_that_was_edited_after_it_was_applied_is_refused() {
    refused(planned(&two(), vec![row("20240101_a", &checksum("other"), true, false)]), "edited after it was applied");
}

#[test]
fn line_ends_of_another_system_are_no_edit_as_for_prisma() {
    let folder = two();
    let windows = A.replace('\n', "\r\n");
    assert!(planned(&folder, vec![row("20240101_a", &checksum(&windows), true, false)]).is_ok());
    std::fs::write(folder.path().join("m/20240101_a/migration.sql"), &windows).unwrap();
    assert!(planned(&folder, vec![row("20240101_a", &checksum(A), true, false)]).is_ok());
    refused(planned(&folder, vec![row("20240101_a", &checksum(A.trim_end()), true, false)]), "edited");
}

#[test]
fn a_migration_that_only_the_database_has_is_refused() {
    refused(planned(&two(), vec![row("20230101_gone", &checksum(A), true, false)]), "20230101_gone");
}

#[test]
fn a_failed_migration_is_refused_with_its_name_and_the_way_on() {
    refused(planned(&two(), vec![row("20240101_a", &checksum(A), false, false)]), "prisma-guard resolve");
}

#[test]
fn a_pending_migration_before_the_last_applied_is_named() {
    let folder = two();
    let ledger = Ledger { rows: vec![row("20240102_b", &checksum(B), true, false)] };
    let plan = plan(&read_migrations(&folder.path().join("m")).unwrap(), &ledger).unwrap();
    assert_eq!(plan.out_of_order, ["20240101_a"]);
    assert_eq!(plan.pending.len(), 1);
}

#[test]
fn the_digest_changes_with_every_name_and_every_byte_and_with_nothing_else() {
    let folder = two();
    let path = folder.path().join("m");
    let digest = || read_migrations(&path).unwrap().digest;
    let before = digest();
    assert_eq!(before, digest());
    std::fs::write(path.join("20240101_a/notes.md"), "x").unwrap();
    let with_notes = digest();
    assert_ne!(before, with_notes);
    std::fs::remove_file(path.join("20240101_a/notes.md")).unwrap();
    assert_eq!(before, digest());
    std::fs::write(path.join("20240102_b/migration.sql"), format!("{B} ")).unwrap();
    assert_ne!(before, digest());
    std::fs::write(path.join("20240102_b/migration.sql"), B).unwrap();
    std::fs::rename(path.join("20240102_b"), path.join("20240102_c")).unwrap();
    assert_ne!(before, digest());
}

#[test]
fn a_folder_that_is_not_what_prisma_makes_is_one_clear_refusal() {
    type Spoil = fn(&std::path::Path);
    let cases: [(Spoil, &str); 8] = [
        (|m| std::fs::remove_file(m.join("migration_lock.toml")).unwrap(), "migration_lock.toml"),
        (|m| std::fs::write(m.join("migration_lock.toml"), "provider = sqlite").unwrap(), "one provider"),
        (
            |m| std::fs::write(m.join("migration_lock.toml"), "provider = \"sqlite\"\nprovider = \"mysql\"\n").unwrap(),
            "one provider",
        ),
        (|m| std::fs::create_dir(m.join("20240109_empty")).unwrap(), "no migration.sql"),
        (|m| std::fs::write(m.join("20240101_a/migration.sql"), [0xFF, 0xFE, 0x00]).unwrap(), "not UTF-8"),
        (|m| std::os::unix::fs::symlink("/etc/passwd", m.join("20240101_a/x.sql")).unwrap(), "not a real file"),
        (|m| std::os::unix::fs::symlink("/etc", m.join("20240109_link")).unwrap(), "neither a real file"),
        (|m| std::fs::write(m.join("20240101_a/migration.sql"), "-".repeat(5 * 1024 * 1024)).unwrap(), "larger than"),
    ];
    for (spoil, words) in cases {
        let folder = two();
        spoil(&folder.path().join("m"));
        let refusal = read_migrations(&folder.path().join("m")).unwrap_err();
        assert_eq!(refusal.rule, Rule::MigrationsInvalid);
        assert!(format!("{refusal} {:?}", refusal.target).contains(words), "{refusal}");
    }
    assert_eq!(read_migrations(std::path::Path::new("/nowhere")).unwrap_err().rule, Rule::MigrationsInvalid);
}

#[test]
fn an_empty_migration_is_refused() {
    let folder = two();
    std::fs::write(folder.path().join("m/20240101_a/migration.sql"), " \n\t").unwrap();
    assert_eq!(read_migrations(&folder.path().join("m")).unwrap_err().rule, Rule::VerificationFailed);
}

#[test]
fn a_schema_is_a_file_or_every_prisma_file_of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("schema.prisma");
    std::fs::write(&file, "model A {}").unwrap();
    let one = read_schema(&file).unwrap();
    let many = folder.path().join("schema");
    std::fs::create_dir_all(many.join("deep")).unwrap();
    assert_eq!(read_schema(&many).unwrap_err().rule, Rule::MigrationsInvalid);
    std::fs::write(many.join("a.prisma"), "model A {}").unwrap();
    std::fs::write(many.join("deep/b.prisma"), "model B {}").unwrap();
    let two = read_schema(&many).unwrap();
    assert_ne!(one, two);
    std::fs::write(many.join("notes.md"), "no schema").unwrap();
    assert_eq!(two, read_schema(&many).unwrap());
    std::fs::write(many.join("deep/b.prisma"), "model C {}").unwrap();
    assert_ne!(two, read_schema(&many).unwrap());
    std::fs::write(&file, "").unwrap();
    assert_eq!(read_schema(&file).unwrap_err().rule, Rule::MigrationsInvalid);
}

#[test]
fn what_became_of_a_plan_is_read_from_the_database_alone() {
    let folder = two();
    let read = read_migrations(&folder.path().join("m")).unwrap();
    let pending = plan(&read, &Ledger::default()).unwrap().pending;
    let told = |rows: Vec<LedgerRow>| {
        let told = progress(&pending, Some(&read), &Ledger { rows });
        (told.applied.len(), told.failed.len(), told.missing.len())
    };
    assert_eq!(told(vec![]), (0, 0, 2));
    assert_eq!(told(vec![row("20240101_a", &checksum(A), true, false)]), (1, 0, 1));
    assert_eq!(told(vec![row("20240101_a", &checksum(A), false, false)]), (0, 1, 1));
    assert_eq!(told(vec![row("20240101_a", &checksum("else"), true, false)]), (0, 1, 1));
    assert_eq!(told(vec![row("20240101_a", &checksum(A), true, true)]), (0, 0, 2));
}
