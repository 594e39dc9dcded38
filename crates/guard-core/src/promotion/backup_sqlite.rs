//! Backups of SQLite: its own online backup, in one read transaction with the counts that it is compared with.
//!
//! Knows nothing of policy and records.

use super::backup::{BackupFolder, MadeBackup, SQLITE_METHOD, compare};
use crate::database::sqlite::{count_tables, explain, open_read_only, path_of, read_ledger};
use crate::database::{Ledger, TableRows};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::Evidence;
use crate::system::clock::Timestamp;
use crate::system::files;
use crate::system::tree;
use crate::target::DatabaseTarget;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::Path;
use std::time::{Duration, Instant};

/// Pages copied between two looks at the clock: 16 MiB of SQLite's default pages of 4 KiB.
const PAGES_PER_STEP: i32 = 4096;
/// How often a long backup says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(5);
/// How long a busy database is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Its tables and rows.
    pub(super) tables: Vec<TableRows>,
    /// Prisma's ledger.
    pub(super) ledger: Ledger,
    /// Rows whose foreign key points nowhere: no reason to refuse, since SQLite lets them be.
    pub(super) dangling: u64,
}

/// Opens a copy for reading only, has SQLite check it whole, and counts.
///
/// # Errors
/// Rule `backup-not-proven`.
pub(super) fn look(path: &Path, name: &str) -> Result<Seen, Refusal> {
    let refuse =
        |why: String| Refusal::new(Rule::BackupNotProven, "the backup cannot be used", why).about("backup", name, "");
    let connection = open_read_only(path).map_err(refuse)?;
    let failed = |error: rusqlite::Error| refuse(explain(&error));
    let verdict: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(refuse(format!("integrity_check says: {verdict}")));
    }
    let dangling: i64 =
        connection.query_row("SELECT count(*) FROM pragma_foreign_key_check", [], |row| row.get(0)).map_err(failed)?;
    Ok(Seen {
        tables: count_tables(&connection).map_err(failed)?,
        ledger: read_ledger(&connection).map_err(failed)?,
        dangling: u64::try_from(dangling).unwrap_or(0),
    })
}

/// Makes a backup and checks it.
///
/// # Errors
/// Rule `database-unavailable`, `storage-failed`, `backup-not-proven`.
pub(super) fn make(
    target: &DatabaseTarget,
    store: &BackupFolder,
    environment: &str,
    chain: &str,
    now: Timestamp,
    say: &dyn Fn(&str),
) -> Result<MadeBackup, Refusal> {
    let source_path = path_of(target)?;
    let name = file_name(environment, &source_path, now, chain);
    let unavailable = |why: String| {
        Refusal::new(Rule::DatabaseUnavailable, "the database cannot be backed up", why).about(
            environment,
            &target.redacted,
            &target.source,
        )
    };
    let failed =
        |why: String| Refusal::new(Rule::StorageFailed, "the backup cannot be written", why).about("backup", &name, "");
    let source = open_read_only(&source_path).map_err(unavailable)?;
    let final_path = store.path().join(&name);
    if files::exists(&final_path) {
        return Err(failed("the store holds a file of this name already".to_owned()));
    }
    let partial = Partial::create(store.path(), &name).map_err(|error| failed(format!("the system says: {error}")))?;

    // One read transaction: the counts, the ledger and every page are of the same moment. The backup uses the transaction that its
    // source connection already holds (https://www.sqlite.org/backup.html; sqlite3_backup_step).
    let asked = |error: &rusqlite::Error| unavailable(explain(error));
    source.execute_batch("BEGIN").map_err(|error| asked(&error))?;
    let tables = count_tables(&source).map_err(|error| asked(&error))?;
    copy(&source, &partial.path, say).map_err(|error| match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => failed("the disk is full".to_owned()),
        Some(ErrorCode::ReadOnly | ErrorCode::SystemIoFailure) => failed(format!("SQLite says: {error}")),
        _ => asked(&error),
    })?;
    source.execute_batch("COMMIT").map_err(|error| asked(&error))?;

    tree::sync_file(&partial.path).map_err(|error| failed(format!("the system says: {error}")))?;
    let seen = look(&partial.path, &name)?;
    compare(&name, &tables, &seen.tables)?;
    if seen.dangling > 0 {
        say(&format!(
            "note: {} rows point to rows that do not exist (foreign_key_check), as in the database",
            seen.dangling
        ));
    }
    let (bytes, digest) = tree::digest(&partial.path).map_err(|error| failed(format!("the system says: {error}")))?;
    partial.publish(&final_path).map_err(|error| failed(format!("the system says: {error}")))?;
    files::sync_folder(store.path()).map_err(|error| failed(format!("the system says: {error}")))?;
    Ok(MadeBackup {
        evidence: Evidence::Backup { method: SQLITE_METHOD.to_owned(), file: name, digest, bytes, tables: seen.tables },
        ledger: seen.ledger,
    })
}

fn copy(source: &Connection, path: &Path, say: &dyn Fn(&str)) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut destination = Connection::open_with_flags(path, flags)?;
    // No file beside it: a copy that is not finished is thrown away whole.
    let _: String = destination.query_row("PRAGMA journal_mode=MEMORY", [], |row| row.get(0))?;
    {
        let backup = Backup::new(source, &mut destination)?;
        let begin = Instant::now();
        let mut said = Instant::now();
        loop {
            match backup.step(PAGES_PER_STEP)? {
                StepResult::Done => break,
                StepResult::Busy | StepResult::Locked if begin.elapsed() > PATIENCE => {
                    return Err(rusqlite::Error::SqliteFailure(
                        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY),
                        None,
                    ));
                }
                StepResult::Busy | StepResult::Locked => std::thread::sleep(Duration::from_millis(50)),
                _ => {}
            }
            if said.elapsed() > SAY_EVERY {
                said = Instant::now();
                let progress = backup.progress();
                let done = progress.pagecount - progress.remaining;
                say(&format!("backup: {done} of {} pages", progress.pagecount));
            }
        }
    }
    // A copy of a WAL database says in its header that it has a WAL: one that is opened for reading would get files beside it.
    let _: String = destination.query_row("PRAGMA journal_mode=DELETE", [], |row| row.get(0))?;
    destination.close().map_err(|(_, error)| error)
}

/// A copy in the making: removed when it is dropped before it was published.
struct Partial {
    path: std::path::PathBuf,
    published: bool,
}

impl Partial {
    fn create(folder: &Path, name: &str) -> std::io::Result<Self> {
        let path = folder.join(format!(".{name}.partial"));
        tree::create_private(&path)?;
        Ok(Partial { path, published: false })
    }

    fn publish(mut self, path: &Path) -> std::io::Result<()> {
        std::fs::rename(&self.path, path)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.published {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// `production-shop-20261123T130000Z-<chain>.db`: letters, digits, `-`, `_` and `.` only.
fn file_name(environment: &str, database: &Path, now: Timestamp, chain: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars()
            .take(60)
            .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' })
            .collect()
    };
    let stem = database.file_stem().unwrap_or_default().to_string_lossy();
    let time: String = now.to_rfc3339().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    format!("{}-{}-{}-{}.db", plain(environment), plain(&stem), plain(&time), plain(chain))
}
