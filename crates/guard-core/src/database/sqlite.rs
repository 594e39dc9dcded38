//! SQLite: a file, opened for reading only and never created.
//!
//! Knows nothing of backups beyond opening: `promotion::backup_sqlite` copies.

use super::{Database, Ledger, LedgerRow, TableRows, class_of};
use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files;
use crate::target::{DatabaseTarget, Provider};
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long to wait for somebody else's write to end.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// An SQLite database that is opened for reading only.
pub struct SqliteDatabase {
    connection: Connection,
    path: PathBuf,
    name: String,
    class: String,
    source: String,
}

/// The one file that a target names.
///
/// # Errors
/// Rule `database-unavailable` where it names none or several, or a database that is not a local SQLite file.
pub fn path_of(target: &DatabaseTarget) -> Result<PathBuf, Refusal> {
    let unavailable = |why: &str| {
        Refusal::new(Rule::DatabaseUnavailable, "the SQLite database cannot be opened", why).about(
            class_of(target),
            &target.redacted,
            &target.source,
        )
    };
    let [endpoint] = target.endpoints.as_slice() else {
        return Err(unavailable("the connection string does not name exactly one database"));
    };
    if target.provider != Some(Provider::Sqlite) || endpoint.host.is_some() {
        return Err(unavailable("not built yet: this version deploys SQLite files only"));
    }
    match endpoint.database.as_deref().map(Path::new) {
        Some(path) if path.is_absolute() => Ok(path.to_path_buf()),
        _ => Err(unavailable("the connection string names no file")),
    }
}

/// Opens a file for reading only: never created, no meaning read into its name (`SQLITE_OPEN_URI` is off).
///
/// # Errors
/// One sentence for a person: why it cannot be read as an SQLite database.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, String> {
    if !path.is_file() {
        // A pipe would hang, and a folder gives an answer that helps nobody.
        return Err(if files::exists(path) { "it is not a regular file" } else { "the file does not exist" }.to_owned());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(|error| explain(&error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| explain(&error))?;
    // SQLite reads nothing at opening; the first question finds a file that is no database, or an encrypted one.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(())).map_err(|error| explain(&error))?;
    Ok(connection)
}

/// SQLite's own words, which hold no more than names of tables and the error (ran: SQLite 3.51 of rusqlite 0.40).
pub(crate) fn explain(error: &rusqlite::Error) -> String {
    use rusqlite::ErrorCode;
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "the file is not an SQLite database, or it is encrypted".to_owned(),
        Some(ErrorCode::DatabaseCorrupt) => "the file is a damaged SQLite database".to_owned(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("another process kept it locked for {} seconds", BUSY_TIMEOUT.as_secs())
        }
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
            "SQLite may not open the file, or not the -wal and -shm files beside it".to_owned()
        }
        _ => format!("SQLite says: {error}"),
    }
}

/// Every real table of a connection's main database with its rows, in the order of names. Virtual tables are counted through the
/// tables that they keep their content in; SQLite's own (`sqlite_…`) are left out.
pub(crate) fn count_tables(connection: &Connection) -> rusqlite::Result<Vec<TableRows>> {
    let mut statement = connection.prepare(
        "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
    )?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    names
        .into_iter()
        .map(|table| {
            let rows: i64 =
                connection.query_row(&format!("SELECT count(*) FROM main.{}", quote(&table)), [], |row| row.get(0))?;
            Ok(TableRows { table, rows: u64::try_from(rows).unwrap_or(0) })
        })
        .collect()
}

/// Prisma's ledger of a connection's main database (columns: ran on Prisma 7.10.1); empty where the table does not exist.
pub(crate) fn read_ledger(connection: &Connection) -> rusqlite::Result<Ledger> {
    let exists: i64 = connection.query_row(
        "SELECT count(*) FROM main.sqlite_schema WHERE type = 'table' AND name = '_prisma_migrations'",
        [],
        |row| row.get(0),
    )?;
    if exists == 0 {
        return Ok(Ledger::default());
    }
    let mut statement = connection.prepare(
        "SELECT id, migration_name, checksum, finished_at IS NOT NULL, rolled_back_at IS NOT NULL \
         FROM main.\"_prisma_migrations\" ORDER BY started_at, rowid",
    )?;
    let rows = statement
        .query_map([], |row| {
            Ok(LedgerRow {
                id: row.get(0)?,
                name: row.get(1)?,
                checksum: row.get(2)?,
                finished: row.get(3)?,
                rolled_back: row.get(4)?,
            })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(Ledger { rows })
}

fn quote(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

impl SqliteDatabase {
    /// Opens the file of a target.
    ///
    /// # Errors
    /// Rule `database-unavailable`.
    pub fn open(target: &DatabaseTarget) -> Result<Self, Refusal> {
        let path = path_of(target)?;
        let connection = open_read_only(&path).map_err(|why| {
            Refusal::new(Rule::DatabaseUnavailable, "the SQLite database cannot be opened", why).about(
                class_of(target),
                &target.redacted,
                &target.source,
            )
        })?;
        Ok(SqliteDatabase {
            connection,
            path: files::real_path(&path),
            name: target.redacted.clone(),
            class: class_of(target),
            source: target.source.clone(),
        })
    }

    fn unreadable(&self, error: &rusqlite::Error) -> Refusal {
        Refusal::new(Rule::DatabaseUnavailable, "the SQLite database cannot be read", explain(error)).about(
            &self.class,
            &self.name,
            &self.source,
        )
    }
}

impl Database for SqliteDatabase {
    /// Provider and the real path of the file: SQLite has no identity of its own.
    fn fingerprint(&self) -> Result<Digest, Refusal> {
        let mut bytes = b"prisma-guard database 1\nsqlite\n".to_vec();
        bytes.extend_from_slice(self.path.as_os_str().as_encoded_bytes());
        Ok(Digest::of(&bytes))
    }

    fn ledger(&self) -> Result<Ledger, Refusal> {
        read_ledger(&self.connection).map_err(|error| self.unreadable(&error))
    }

    fn tables(&self) -> Result<Vec<TableRows>, Refusal> {
        count_tables(&self.connection).map_err(|error| self.unreadable(&error))
    }
}
