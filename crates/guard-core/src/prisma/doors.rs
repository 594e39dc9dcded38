//! The doors to the Prisma CLI on this disk: shut, looked at, and given back.

use crate::refusal::Refusal;
use std::path::{Path, PathBuf};

/// How a door stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorState {
    /// The gate stands in it.
    Shut,
    /// The real CLI stands in it.
    Open,
    /// There is no such door here.
    Absent,
}

/// One door, by looking.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Door {
    /// `bin`, `config`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// How it stands.
    pub state: DoorState,
    /// One sentence: what was seen.
    pub seen: String,
}

/// Looks at every door of a project, at fixed paths only.
#[must_use]
pub fn inspect(_project: &Path) -> Vec<Door> {
    unimplemented!()
}

/// Shuts every door that can be shut; what was already shut stays untouched. `launcher` is the package's own `bin/prisma.js`.
///
/// # Errors
/// Rule `storage-failed` where a file cannot be replaced; what could be shut is shut.
pub fn install(_project: &Path, _launcher: &Path) -> Result<Vec<Door>, Refusal> {
    unimplemented!()
}

/// Gives back exactly what stood there before.
///
/// # Errors
/// Rule `storage-failed`.
pub fn uninstall(_project: &Path) -> Result<Vec<Door>, Refusal> {
    unimplemented!()
}
