//! What only the database itself can tell: its identity, its catalogue and Prisma's ledger.
//!
//! Knows nothing of steps and records. One file a database: `sqlite`.

pub mod sqlite;

use crate::digest::{Digest, Hasher};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::target::{DatabaseTarget, Provider};
use serde::{Deserialize, Serialize};

/// A table and how many rows it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableRows {
    /// The table.
    pub table: String,
    /// Its rows.
    pub rows: u64,
}

/// A row of Prisma's `_prisma_migrations`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct LedgerRow {
    /// The row's id.
    pub id: String,
    /// The migration's folder name.
    pub name: String,
    /// SHA-256 of the migration.sql that was applied (ran: equal to sha256sum on Prisma 7.10.1).
    pub checksum: String,
    /// Whether it was applied to the end.
    pub finished: bool,
    /// Whether it was marked as rolled back.
    pub rolled_back: bool,
}

/// What Prisma wrote down of the migrations it applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Its rows, in the order in which they were started. Empty where the table does not exist.
    pub rows: Vec<LedgerRow>,
}

impl Ledger {
    /// A digest that changes with every row.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut hasher = Hasher::new();
        hasher.update(b"prisma-guard ledger 1\n");
        for row in &self.rows {
            // Each text with its length before it, so that no two lists of rows are written alike.
            for text in [&row.id, &row.name, &row.checksum] {
                hasher.update(&(text.len() as u64).to_be_bytes());
                hasher.update(text.as_bytes());
            }
            hasher.update(&[u8::from(row.finished), u8::from(row.rolled_back)]);
        }
        hasher.finish()
    }

    /// The rows that count as applied: finished, and not marked as rolled back.
    pub fn applied(&self) -> impl Iterator<Item = &LedgerRow> {
        self.rows.iter().filter(|row| row.finished && !row.rolled_back)
    }

    /// The rows that stop Prisma from deploying (P3009): started, not finished, not marked as rolled back.
    pub fn failed(&self) -> impl Iterator<Item = &LedgerRow> {
        self.rows.iter().filter(|row| !row.finished && !row.rolled_back)
    }
}

/// A database that is opened for reading only.
pub trait Database {
    /// Who it is: provider, name and the server's own identity, never user, password, port or parameters.
    ///
    /// # Errors
    /// Rule `database-unavailable`.
    fn fingerprint(&self) -> Result<Digest, Refusal>;
    /// Prisma's ledger.
    ///
    /// # Errors
    /// Rule `database-unavailable`.
    fn ledger(&self) -> Result<Ledger, Refusal>;
    /// Every table and its rows, in the order of names.
    ///
    /// # Errors
    /// Rule `database-unavailable`.
    fn tables(&self) -> Result<Vec<TableRows>, Refusal>;
}

/// Opens the database of a target without creating anything.
///
/// # Errors
/// Rule `database-unavailable` where it does not exist, cannot be read, or its provider is not built yet.
pub fn open(target: &DatabaseTarget) -> Result<Box<dyn Database>, Refusal> {
    match target.provider {
        Some(Provider::Sqlite) => Ok(Box::new(sqlite::SqliteDatabase::open(target)?)),
        _ => Err(Refusal::new(
            Rule::DatabaseUnavailable,
            "the database cannot be asked",
            "not built yet: this version deploys SQLite only",
        )
        .about(class_of(target), &target.redacted, &target.source)
        .instead("deploy this database without prisma-guard's promotion until a version that knows it")),
    }
}

/// What a refusal calls the target: the environment's name, else the class.
fn class_of(target: &DatabaseTarget) -> String {
    target.environment.clone().unwrap_or_else(|| target.class.name().to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Ledger, LedgerRow};

    fn row(id: &str, name: &str, finished: bool) -> LedgerRow {
        LedgerRow { id: id.into(), name: name.into(), checksum: "c".into(), finished, rolled_back: false }
    }

    #[test]
    fn the_ledger_digest_changes_with_every_field_and_with_the_order() {
        let base = Ledger { rows: vec![row("1", "a", true), row("2", "b", true)] };
        let mut variants = vec![base.clone(), Ledger::default()];
        variants.push(Ledger { rows: vec![row("2", "b", true), row("1", "a", true)] });
        variants.push(Ledger { rows: vec![row("1", "a", true), row("2", "b", false)] });
        variants.push(Ledger { rows: vec![row("1a", "", true), row("2", "b", true)] });
        let mut rolled_back = base.clone();
        rolled_back.rows[1].rolled_back = true;
        variants.push(rolled_back);
        let mut checksum = base.clone();
        checksum.rows[0].checksum = "d".into();
        variants.push(checksum);
        let digests: std::collections::BTreeSet<_> = variants.iter().map(Ledger::digest).collect();
        assert_eq!(digests.len(), variants.len());
        assert_eq!(base.digest(), base.clone().digest());
    }
}
