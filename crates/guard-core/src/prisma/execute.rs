//! Running the project's own Prisma CLI with an environment made from nothing.

use super::Installation;
use super::approval::Approval;
use crate::policy::EnginePin;
use crate::refusal::Refusal;
use crate::system::environment::Environment;
use std::path::Path;
use std::time::Duration;

/// Runs a command that needs no approval, and collects what it says (both outputs): exit code and text.
///
/// # Errors
/// Rule `prisma-not-found` where it cannot be started, `verification-failed` where it does not end in time.
pub fn run_plain(
    _installation: &Installation,
    _node: &Path,
    _folder: &Path,
    _arguments: &[String],
    _environment: &Environment,
    _timeout: Duration,
) -> Result<(i32, String), Refusal> {
    unimplemented!()
}

/// Runs the approved command to its end, with its outputs inherited and the approval on its standard input.
///
/// # Errors
/// Rule `behaviour-override` where the engine is not the one of the policy, `prisma-not-found` where it cannot be started.
pub fn run_approved(
    _installation: &Installation,
    _node: &Path,
    _folder: &Path,
    _environment: &Environment,
    _engine: Option<(&Path, &EnginePin)>,
    _approval: &Approval,
) -> Result<i32, Refusal> {
    unimplemented!()
}
