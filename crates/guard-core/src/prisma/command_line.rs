//! The command line, read as Prisma reads it (library `arg` 5; facts ran on 5.22, 6.19 and 7.10).

use crate::target::Role;
use std::path::PathBuf;

/// What a command does to a database (DESIGN, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandClass {
    /// Touches none.
    NoDatabase,
    /// Reads one.
    Reads,
    /// Changes or may wipe one.
    Develops,
    /// `migrate deploy`, `migrate resolve`.
    Promotes,
    /// Not known: treated as [`CommandClass::Develops`].
    Unknown,
}

/// What Prisma would make of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// What it does.
    pub class: CommandClass,
    /// The command's words: `["migrate", "deploy"]`.
    pub words: Vec<String>,
    /// For people, connection strings redacted: `prisma migrate deploy`.
    pub display: String,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--schema`.
    pub schema: Option<PathBuf>,
    /// Connection strings given as arguments: the role, the flag and the string.
    pub urls: Vec<(Role, String, String)>,
}

/// Reads a command line (without `node` and the script).
#[must_use]
pub fn read(_arguments: &[String], _prisma_major: u32) -> CommandLine {
    unimplemented!()
}
