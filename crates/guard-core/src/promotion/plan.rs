//! Migrations on disk, what of them the database has applied, and what is pending.
//!
//! Knows nothing of where the folder is named (`project`) and never asks the database itself: the ledger is handed in.

use crate::database::{Ledger, LedgerRow};
use crate::digest::{Digest, Hasher, hexadecimal};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::PlannedMigration;
use crate::system::files::{self, MAXIMUM_TEXT_BYTES};
use crate::system::tree::{self, Kind};
use sha2::Digest as _;
use std::collections::BTreeSet;
use std::path::Path;

/// The most migrations that are read.
const MAXIMUM_MIGRATIONS: usize = 10_000;

/// A migration on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// The folder's name.
    pub name: String,
    /// SHA-256 of its migration.sql.
    pub digest: Digest,
    /// Every checksum that Prisma itself would take for this file.
    checksums: BTreeSet<String>,
}

impl Migration {
    /// Whether Prisma would call a ledger row's checksum this file's: plain SHA-256, that of the file with CRLF or LF line ends,
    /// and an old form without leading zeros (src: prisma-engines, schema-connector `checksum.rs`).
    #[must_use]
    pub fn matches(&self, checksum: &str) -> bool {
        self.checksums.contains(checksum)
    }
}

/// The folder of migrations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MigrationsFolder {
    /// The migrations in the order in which Prisma applies them: by name.
    pub migrations: Vec<Migration>,
    /// Over every name and every byte in the folder.
    pub digest: Digest,
    /// The provider that migration_lock.toml names.
    pub provider: String,
}

/// What would be applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order in which Prisma applies them.
    pub pending: Vec<PlannedMigration>,
    /// Those of them that sort before one that is already applied: Prisma applies them all the same.
    pub out_of_order: Vec<String>,
}

/// Reads a folder of migrations.
///
/// # Errors
/// Rule `migrations-invalid` where anything in it is missing, unreadable, too large, a link or not of this kind; `verification-failed` for
/// an empty migration.sql.
pub fn read_migrations(folder: &Path) -> Result<MigrationsFolder, Refusal> {
    let invalid = |name: &str, why: String| {
        Refusal::new(Rule::MigrationsInvalid, "the folder of migrations cannot be read", why).about("file", name, "")
    };
    if tree::kind(folder) != Some(Kind::Folder) {
        return Err(invalid(&folder_name(folder), "it is missing, or not a real folder".to_owned()));
    }
    let entries = tree::list(folder, MAXIMUM_MIGRATIONS)
        .map_err(|error| invalid(&folder_name(folder), format!("the system says: {error}")))?;
    let mut migrations = Vec::new();
    let mut lock = None;
    let mut hasher = FolderHasher::new(b"prisma-guard migrations 1\n");
    for entry in entries {
        let path = folder.join(&entry.name);
        match entry.kind {
            Kind::File => {
                let bytes = files::read_bytes(&path, MAXIMUM_TEXT_BYTES)
                    .map_err(|error| invalid(&entry.name, format!("the system says: {error}")))?;
                hasher.add(&entry.name, &bytes);
                if entry.name == "migration_lock.toml" {
                    lock = Some(provider_of_lock(&bytes).ok_or_else(|| {
                        invalid(&entry.name, "it does not name one provider as `provider = \"…\"`".to_owned())
                    })?);
                }
            }
            Kind::Folder => {
                let migration = read_migration(&path, &entry.name, &mut hasher)?;
                migrations.push(migration);
            }
            Kind::Link | Kind::Other => {
                return Err(invalid(&entry.name, "it is neither a real file nor a real folder".to_owned()));
            }
        }
    }
    let provider = lock.ok_or_else(|| {
        invalid("migration_lock.toml", "it is missing, so nobody can say which database the SQL is for".to_owned())
    })?;
    Ok(MigrationsFolder { migrations, digest: hasher.finish(), provider })
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn read_migration(folder: &Path, name: &str, hasher: &mut FolderHasher) -> Result<Migration, Refusal> {
    let invalid = |why: String| {
        Refusal::new(Rule::MigrationsInvalid, "a migration cannot be read", why).about("migration", name, "")
    };
    let entries = tree::list(folder, 100).map_err(|error| invalid(format!("the system says: {error}")))?;
    let mut sql = None;
    for entry in entries {
        if entry.kind != Kind::File {
            return Err(invalid(format!("{} in it is not a real file", entry.name)));
        }
        let bytes = files::read_bytes(&folder.join(&entry.name), MAXIMUM_TEXT_BYTES)
            .map_err(|error| invalid(format!("{}: {error}", entry.name)))?;
        hasher.add(&format!("{name}/{}", entry.name), &bytes);
        if entry.name == "migration.sql" {
            sql = Some(String::from_utf8(bytes).map_err(|_| invalid("migration.sql is not UTF-8".to_owned()))?);
        }
    }
    let sql = sql.ok_or_else(|| invalid("it holds no migration.sql".to_owned()))?;
    if sql.trim().is_empty() {
        return Err(Refusal::new(
            Rule::VerificationFailed,
            "a migration is empty",
            "its migration.sql holds nothing but blanks: it would be marked as applied and change nothing",
        )
        .about("migration", name, ""));
    }
    let digest = Digest::of(sql.as_bytes());
    let unix = sql.replace("\r\n", "\n");
    let mut checksums = BTreeSet::new();
    for text in [sql.as_str(), unix.as_str(), unix.replace('\n', "\r\n").as_str()] {
        let hash = sha2::Sha256::digest(text.as_bytes());
        checksums.insert(hexadecimal(&hash));
        checksums.insert(hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:x}")));
    }
    Ok(Migration { name: name.to_owned(), digest, checksums })
}

/// The one line of migration_lock.toml that says something: `provider = "sqlite"`.
fn provider_of_lock(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut providers = text.lines().filter_map(|line| {
        let (key, value) = line.split_once('=')?;
        let value = value.trim().strip_prefix('"')?.split_once('"')?.0;
        (key.trim() == "provider" && !value.is_empty()).then(|| value.to_owned())
    });
    let provider = providers.next()?;
    providers.next().is_none().then_some(provider)
}

/// The digest of a schema: a file, or every `.prisma` file of a folder.
///
/// # Errors
/// Rule `migrations-invalid`.
pub fn read_schema(schema: &Path) -> Result<Digest, Refusal> {
    let mut hasher = FolderHasher::new(b"prisma-guard schema 1\n");
    let name = folder_name(schema);
    if schema.is_dir() {
        add_schema_folder(schema, "", 0, &mut hasher)?;
        if hasher.files == 0 {
            return Err(schema_invalid(&name, "the folder holds no .prisma file".to_owned()));
        }
    } else {
        let text = files::read_text(schema, MAXIMUM_TEXT_BYTES)
            .map_err(|error| schema_invalid(&name, format!("the system says: {error}")))?;
        if text.trim().is_empty() {
            return Err(schema_invalid(&name, "the file is empty".to_owned()));
        }
        hasher.add("", text.as_bytes());
    }
    Ok(hasher.finish())
}

fn schema_invalid(name: &str, why: String) -> Refusal {
    Refusal::new(Rule::MigrationsInvalid, "the schema cannot be read", why).about("schema", name, "")
}

fn add_schema_folder(folder: &Path, prefix: &str, depth: u32, hasher: &mut FolderHasher) -> Result<(), Refusal> {
    let invalid = |name: &str, error: &std::io::Error| schema_invalid(name, format!("the system says: {error}"));
    if depth > 16 {
        return Err(schema_invalid(prefix, "its folders are nested too deeply".to_owned()));
    }
    for entry in tree::list(folder, MAXIMUM_MIGRATIONS).map_err(|error| invalid(prefix, &error))? {
        let name = format!("{prefix}{}", entry.name);
        let path = folder.join(&entry.name);
        match entry.kind {
            // The folder of migrations may stand inside; it has a digest of its own.
            Kind::Folder if entry.name != "migrations" && entry.name != "node_modules" => {
                add_schema_folder(&path, &format!("{name}/"), depth + 1, hasher)?;
            }
            Kind::Folder => {}
            _ if Path::new(&entry.name).extension().is_some_and(|extension| extension == "prisma") => {
                let bytes = files::read_bytes(&path, MAXIMUM_TEXT_BYTES).map_err(|error| invalid(&name, &error))?;
                hasher.add(&name, &bytes);
            }
            _ => {}
        }
    }
    Ok(())
}

/// Names and contents, each with its length before it: no two folders are written alike.
struct FolderHasher {
    hasher: Hasher,
    files: u32,
}

impl FolderHasher {
    fn new(label: &[u8]) -> Self {
        let mut hasher = Hasher::new();
        hasher.update(label);
        FolderHasher { hasher, files: 0 }
    }

    fn add(&mut self, name: &str, bytes: &[u8]) {
        for part in [name.as_bytes(), bytes] {
            self.hasher.update(&(part.len() as u64).to_be_bytes());
            self.hasher.update(part);
        }
        self.files += 1;
    }

    fn finish(self) -> Digest {
        self.hasher.finish()
    }
}

/// Compares the folder with the ledger, both ways.
///
/// # Errors
/// Rule `verification-failed` for a failed migration, one that was applied and is missing in the repository, and one that was edited after
/// it was applied: `prisma migrate deploy` itself notices only the first (ran on Prisma 7.10.1).
pub fn plan(folder: &MigrationsFolder, ledger: &Ledger) -> Result<Plan, Refusal> {
    let failed: Vec<&str> = ledger.failed().map(|row| row.name.as_str()).collect();
    if let Some(first) = failed.first() {
        return Err(Refusal::new(
            Rule::VerificationFailed,
            "a migration failed in this database before",
            format!("{} was started and did not finish, so the database may hold a part of it", failed.join(", ")),
        )
        .about("migration", *first, "_prisma_migrations")
        .instead("mend the database or restore the backup, mark the migration with `prisma-guard resolve` in CI, then run `npm run deploy`"));
    }
    for row in ledger.applied() {
        let Some(migration) = folder.migrations.iter().find(|migration| migration.name == row.name) else {
            return Err(Refusal::new(
                Rule::VerificationFailed,
                "the database has a migration that the repository lacks",
                format!("{} is applied, and the folder of migrations does not hold it", row.name),
            )
            .about("migration", &row.name, "_prisma_migrations")
            .instead("restore the migration's folder from git, commit it, and run `npm run deploy` again"));
        };
        if !migration.matches(&row.checksum) {
            return Err(Refusal::new(
                Rule::VerificationFailed,
                "a migration was edited after it was applied",
                format!("the SHA-256 of {}/migration.sql is not the one that the database wrote down", row.name),
            )
            .about("migration", &row.name, "_prisma_migrations")
            .instead("restore the file from git and put the change into a new migration"));
        }
    }
    let applied: BTreeSet<&str> = ledger.applied().map(|row| row.name.as_str()).collect();
    let pending: Vec<&Migration> =
        folder.migrations.iter().filter(|migration| !applied.contains(migration.name.as_str())).collect();
    let last = applied.last().copied().unwrap_or_default();
    Ok(Plan {
        out_of_order: pending.iter().filter(|it| it.name.as_str() < last).map(|it| it.name.clone()).collect(),
        pending: pending
            .into_iter()
            .map(|it| PlannedMigration { name: it.name.clone(), digest: it.digest.clone() })
            .collect(),
    })
}

/// How much of a plan the database calls applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Finished, with the right checksum.
    pub applied: Vec<String>,
    /// Started and not finished, or finished with another checksum.
    pub failed: Vec<String>,
    /// Not started.
    pub missing: Vec<String>,
}

/// Reads from the ledger what became of a plan. The folder says which checksums Prisma takes for a file; where it no longer holds the
/// migration, only the plan's own digest counts.
#[must_use]
pub fn progress(plan: &[PlannedMigration], folder: Option<&MigrationsFolder>, ledger: &Ledger) -> Progress {
    let mut progress = Progress::default();
    for planned in plan {
        let known = folder.and_then(|folder| {
            folder.migrations.iter().find(|it| it.name == planned.name && it.digest == planned.digest)
        });
        let right = |row: &LedgerRow| {
            row.finished
                && (row.checksum == planned.digest.as_str() || known.is_some_and(|it| it.matches(&row.checksum)))
        };
        let mut rows = ledger.rows.iter().filter(|row| row.name == planned.name && !row.rolled_back).peekable();
        let list = if rows.peek().is_none() {
            &mut progress.missing
        } else if rows.all(right) {
            &mut progress.applied
        } else {
            &mut progress.failed
        };
        list.push(planned.name.clone());
    }
    progress
}
