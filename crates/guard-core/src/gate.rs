//! The decision of DESIGN section 6: a command, its targets and an approval give a pass or a refusal.
//!
//! Knows nothing of how a command was started; the doors call here and act on the answer.

use crate::prisma::command_line::CommandLine;
use crate::refusal::Refusal;
use crate::system::environment::Environment;
use crate::target::{ConnectionString, DatabaseTarget};
use std::path::Path;

/// A command that wants to pass.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// Its arguments, without `node` and the script.
    pub arguments: &'a [String],
    /// Where it was started.
    pub working_folder: &'a Path,
    /// Its variables.
    pub environment: &'a Environment,
    /// The copy of the CLI that would run it.
    pub prisma_major: u32,
}

/// A command that may run, and on what. Nothing runs without one.
#[must_use = "a pass that nobody acts on opens nothing"]
#[derive(Clone, Debug)]
pub struct Pass {
    /// The command.
    pub command: CommandLine,
    /// Every database that it may touch: nothing else is handed out to it.
    pub targets: Vec<DatabaseTarget>,
    /// Whether an approval opened it.
    pub approved: bool,
}

/// Decides.
///
/// # Errors
/// Rule `direct-execution`, `behaviour-override`, `policy-invalid`, `database-url-invalid`, `prisma-not-found`.
pub fn decide(_request: &Request<'_>) -> Result<Pass, Refusal> {
    unimplemented!()
}

/// What the custody of the connection string answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Custody {
    /// The string: section 6 lets this command have it.
    HandedOut(ConnectionString),
    /// A string that connects to nothing, for a command that needs no database and a process that is not the CLI.
    Inert(String),
}

/// Answers a request for a connection string in `prisma.config.*`: `name_or_url` is a variable's name or a whole string. `None` for `pass` where the
/// process is not the Prisma CLI.
///
/// # Errors
/// As [`decide`], for the string itself.
pub fn custody(_name_or_url: &str, _request: &Request<'_>, _pass: Option<&Pass>) -> Result<Custody, Refusal> {
    unimplemented!()
}
