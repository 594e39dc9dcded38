//! The gate's exports for `js/prisma.js` and `js/config.js`. Not part of the public face.

use crate::execute::package_folder;
use crate::here::working_folder;
use crate::speak;
use guard_core::gate::{self, Custody, Pass, Request};
use guard_core::prisma;
use guard_core::refusal::Refusal;
use guard_core::system::environment::Environment;
use guard_core::system::files;
use napi_derive::napi;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// The pass of the command that this process is, once the config door has judged it.
static PASSED: Mutex<Option<(Vec<String>, Pass)>> = Mutex::new(None);

/// Decides on the Prisma command line `argv` (`node`, script, arguments) and returns the file of the project's own CLI to run in this
/// process; ends the process where the contract refuses.
#[napi(skip_typescript)]
pub fn gate(argv: Vec<String>) -> String {
    speak::enforcing(|| {
        let folder = working_folder(None)?;
        let installation = prisma::find(&folder)?;
        let environment = Environment::of_process();
        let arguments = argv.get(2..).unwrap_or_default();
        let package = package_folder();
        let _pass = gate::decide(&Request {
            arguments,
            working_folder: &folder,
            environment: &environment,
            prisma_major: installation.major,
            package_folder: package.as_deref(),
        })?;
        Ok(installation.entry.to_string_lossy().into_owned())
    })
}

/// The same at the config door: runs where `prisma.config.*` is loaded. In a process that is not the Prisma CLI it decides nothing.
#[napi(skip_typescript)]
pub fn config_gate(argv: Vec<String>) {
    speak::enforcing(|| {
        let Some(major) = prisma_major(&argv) else { return Ok(()) };
        let pass = with_request(&argv, major, gate::decide)?;
        remember(argv, pass);
        Ok(())
    });
}

/// Hands out the connection string that a variable's name or a whole string stands for, exactly where this process's command may have it;
/// an inert one for a command that needs no database and for a process that is not the CLI; else ends the process.
#[napi(skip_typescript)]
pub fn config_database_url(name_or_url: String, argv: Vec<String>) -> String {
    speak::enforcing(|| {
        let pass = recall(&argv);
        let major = prisma_major(&argv);
        let pass = match (pass, major) {
            (Some(pass), _) => Some(pass),
            (None, Some(major)) => Some(with_request(&argv, major, gate::decide)?),
            (None, None) => None,
        };
        let answer =
            with_request(&argv, major.unwrap_or(7), |request| gate::custody(&name_or_url, request, pass.as_ref()))?;
        Ok(match answer {
            Custody::HandedOut(url) => url.reveal().to_owned(),
            Custody::Inert(url) => url,
        })
    })
}

fn with_request<T>(
    argv: &[String],
    prisma_major: u32,
    body: impl FnOnce(&Request<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let folder = working_folder(None)?;
    let environment = Environment::of_process();
    let arguments = argv.get(2..).unwrap_or_default();
    let package = package_folder();
    body(&Request {
        arguments,
        working_folder: &folder,
        environment: &environment,
        prisma_major,
        package_folder: package.as_deref(),
    })
}

fn remember(argv: Vec<String>, pass: Pass) {
    if let Ok(mut passed) = PASSED.lock() {
        *passed = Some((argv, pass));
    }
}

fn recall(argv: &[String]) -> Option<Pass> {
    let passed = PASSED.lock().ok()?;
    passed.as_ref().filter(|(words, _)| words == argv).map(|(_, pass)| pass.clone())
}

/// The major version of the Prisma CLI that this process is; `None` where it is not the CLI. The script that Node runs decides: the
/// CLI is a file of a package that Prisma publishes with a bin.
fn prisma_major(argv: &[String]) -> Option<u32> {
    let script = files::real_path(Path::new(argv.get(1)?));
    let package: PathBuf =
        script.ancestors().skip(1).find(|folder| files::exists(&folder.join("package.json")))?.to_path_buf();
    prisma::cli_package(&package)
}
