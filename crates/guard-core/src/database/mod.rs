//! What only the database itself can tell: its identity, its catalogue and Prisma's ledger.
//!
//! Knows nothing of steps and records. One file a database: `sqlite`.

use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::target::DatabaseTarget;
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
        unimplemented!()
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
pub fn open(_target: &DatabaseTarget) -> Result<Box<dyn Database>, Refusal> {
    unimplemented!()
}
