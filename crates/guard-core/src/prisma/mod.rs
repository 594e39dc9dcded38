//! The Prisma CLI: found in the project, its command line read as that version reads it, its doors shut, and run approved.
//!
//! Knows nothing of policy and targets: `gate` decides.

pub mod approval;
pub mod command_line;
pub mod doors;
pub mod execute;

use crate::refusal::Refusal;
use std::path::{Path, PathBuf};

/// A copy of the Prisma CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Its version, `7.10.1`.
    pub version: String,
    /// Its major version.
    pub major: u32,
    /// The package's folder, links followed.
    pub package: PathBuf,
    /// The file that Node runs: `build/index.js`.
    pub entry: PathBuf,
}

/// The copy that belongs to a project, as Node resolves `prisma/package.json` from its folder upwards.
///
/// # Errors
/// Rule `prisma-not-found` where there is none or its package.json cannot be read.
pub fn find(_project: &Path) -> Result<Installation, Refusal> {
    unimplemented!()
}
