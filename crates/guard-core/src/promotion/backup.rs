//! The door to backups: which store, which kind, and what is asked of a backup again before anything is deployed.
//!
//! Knows nothing of records; one file a kind: `backup_sqlite`.

use super::backup_sqlite;
use crate::database::{Ledger, TableRows};
use crate::digest::Digest;
use crate::policy::{BackupKind, BackupPolicy};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::Evidence;
use crate::system::clock::Timestamp;
use crate::system::files;
use crate::system::tree::{self, Kind};
use crate::target::{DatabaseTarget, Provider};
use std::path::{Component, Path, PathBuf};

/// The name of the method that makes SQLite backups.
pub const SQLITE_METHOD: &str = "sqlite-online-backup";

/// A store of backups that was found usable: a real folder outside the checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupFolder {
    path: PathBuf,
}

/// A backup that was made and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBackup {
    /// What the record states.
    pub evidence: Evidence,
    /// Prisma's ledger as the copy holds it.
    pub ledger: Ledger,
}

impl BackupFolder {
    /// The store that the policy names. `root` is the policy's folder, `checkout` that of the repository.
    ///
    /// # Errors
    /// Rule `backup-not-proven` where the policy names none, or it is missing, no folder, or inside the checkout.
    pub fn find(policy: &BackupPolicy, root: &Path, checkout: &Path) -> Result<Self, Refusal> {
        let BackupKind::Auto = policy.kind;
        let Some(store) = &policy.store else {
            return Err(Refusal::new(
                Rule::BackupNotProven,
                "there is no place for the backup",
                "the policy names no backup.store.directory for this environment",
            )
            .instead("name a folder that outlives the job as backup.store.directory in prisma-guard.json"));
        };
        let refuse = |why: &str| {
            Refusal::new(Rule::BackupNotProven, "the place for the backup cannot be used", why)
                .about("backup store", &store.directory, crate::policy::FILE_NAME)
                .instead("mount or create a folder that outlives the job, outside the checkout")
        };
        let named = root.join(&store.directory);
        if !files::exists(&named) {
            return Err(refuse("the folder does not exist, and one that is made now would not outlive the job"));
        }
        let path = files::real_path(&named);
        if !path.is_dir() {
            return Err(refuse("it is not a folder"));
        }
        if path.starts_with(files::real_path(checkout)) {
            return Err(refuse("it lies inside the checkout, which ends with the job"));
        }
        Ok(BackupFolder { path })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file of this name in the store: one plain name, of a real file.
    ///
    /// # Errors
    /// Rule `backup-not-proven`.
    pub fn file(&self, name: &str) -> Result<PathBuf, Refusal> {
        let refuse = |why: &str| {
            Refusal::new(Rule::BackupNotProven, "the backup is not where it must be", why).about("backup", name, "")
        };
        let mut components = Path::new(name).components();
        if !matches!((components.next(), components.next()), (Some(Component::Normal(_)), None)) {
            return Err(refuse("its name is not the plain name of a file in the store"));
        }
        let path = self.path.join(name);
        match tree::kind(&path) {
            Some(Kind::File) => Ok(path),
            None => Err(refuse("the store holds no such file")),
            Some(_) => Err(refuse("it is a link or no regular file")),
        }
    }
}

/// Makes a backup of a target and checks it against the live database.
///
/// # Errors
/// Rule `backup-not-proven` where the copy is not what the database is, `storage-failed` where it cannot be written, `database-unavailable`.
pub fn make(
    target: &DatabaseTarget,
    store: &BackupFolder,
    environment: &str,
    chain: &str,
    now: Timestamp,
    say: &dyn Fn(&str),
) -> Result<MadeBackup, Refusal> {
    match target.provider {
        Some(Provider::Sqlite) => backup_sqlite::make(target, store, environment, chain, now, say),
        _ => Err(not_built()),
    }
}

/// Takes a backup that somebody else made as evidence: opened, checked, and compared with the live database.
///
/// # Errors
/// Rule `backup-not-proven`, `database-unavailable`.
pub fn inspect(store: &BackupFolder, name: &str, live: &[TableRows]) -> Result<MadeBackup, Refusal> {
    let path = store.file(name)?;
    let (bytes, digest) = size_and_digest(&path, name)?;
    let seen = backup_sqlite::look(&path, name)?;
    compare(name, live, &seen.tables)?;
    Ok(MadeBackup {
        evidence: Evidence::Backup {
            method: SQLITE_METHOD.to_owned(),
            file: name.to_owned(),
            digest,
            bytes,
            tables: seen.tables,
        },
        ledger: seen.ledger,
    })
}

/// Asks the store again for what a record states: the file is there, has the same size and SHA-256, opens, is whole and holds the same rows.
///
/// # Errors
/// Rule `backup-not-proven`.
pub fn check(evidence: &Evidence, store: &BackupFolder) -> Result<(), Refusal> {
    let Evidence::Backup { method, file, digest, bytes, tables } = evidence else {
        return Err(Refusal::new(Rule::BackupNotProven, "the record proves no backup", "it is about another step"));
    };
    if method != SQLITE_METHOD {
        return Err(not_built());
    }
    let refuse = |why: &str| {
        Refusal::new(Rule::BackupNotProven, "the backup is no longer what the record says", why)
            .about("backup", file, "")
    };
    let path = store.file(file)?;
    let (size_now, digest_now) = size_and_digest(&path, file)?;
    if size_now != *bytes {
        return Err(refuse(&format!("the file holds {size_now} bytes instead of {bytes}")));
    }
    if digest_now != *digest {
        return Err(refuse("its SHA-256 is another one"));
    }
    compare(file, tables, &backup_sqlite::look(&path, file)?.tables)
}

fn size_and_digest(path: &Path, name: &str) -> Result<(u64, Digest), Refusal> {
    tree::digest(path).map_err(|error| {
        Refusal::new(Rule::BackupNotProven, "the backup cannot be read", format!("the system says: {error}"))
            .about("backup", name, "")
    })
}

/// Compares tables and rows, and names the first that differs.
///
/// # Errors
/// Rule `backup-not-proven`.
pub(super) fn compare(name: &str, expected: &[TableRows], found: &[TableRows]) -> Result<(), Refusal> {
    let refuse = |why: String| {
        Refusal::new(Rule::BackupNotProven, "the backup does not hold what the database holds", why)
            .about("backup", name, "")
    };
    for table in expected {
        match found.iter().find(|other| other.table == table.table) {
            None => return Err(refuse(format!("the table {} is missing in it", table.table))),
            Some(other) if other.rows != table.rows => {
                return Err(refuse(format!(
                    "the table {} holds {} rows in it instead of {}",
                    table.table, other.rows, table.rows
                )));
            }
            Some(_) => {}
        }
    }
    match found.iter().find(|other| !expected.iter().any(|table| table.table == other.table)) {
        Some(other) => Err(refuse(format!("it holds a table {} that the database does not", other.table))),
        None => Ok(()),
    }
}

fn not_built() -> Refusal {
    Refusal::new(
        Rule::BackupNotProven,
        "this database cannot be backed up",
        "not built yet: this version backs up SQLite only",
    )
}
