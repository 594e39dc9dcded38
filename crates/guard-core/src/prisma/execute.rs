//! Running the project's own Prisma CLI with an environment made from nothing.
//!
//! Knows nothing of guards: whoever calls [`run_approved`] holds the deployment lock and has asked them all. What is passed on is
//! listed here; everything else stays outside: no NODE_OPTIONS, no PRISMA_*, no PG*, no npm_*.
//!
//! When the guard is killed, its child runs on: Linux would end it through PR_SET_PDEATHSIG, which cannot be set between fork and
//! exec without `unsafe`. The deployment lock is then free while Prisma still works; Prisma's own advisory lock in the database is
//! what keeps a second deployment out, and the record `started` is what tells the next one.

use crate::digest::Digest;
use crate::policy::EnginePin;
use crate::prisma::Installation;
use crate::prisma::approval::{Approval, VARIABLE};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::channel;
use crate::system::environment::Environment;
use crate::system::files;
use crate::system::program::Program;
pub use crate::system::program::{Ended, Output};
use crate::target::ConnectionString;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Variables that say where and how a process runs, and nothing of what it does.
const PASSED_ON: &[&str] = &[
    "HOME",
    "LANG",
    "TZ",
    "TMPDIR",
    "TEMP",
    "TMP",
    "TERM",
    "NO_COLOR",
    "FORCE_COLOR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SystemRoot",
    "USERPROFILE",
    "LOCALAPPDATA",
    "APPDATA",
];

/// The largest engine that is digested: 512 MiB.
const MAXIMUM_ENGINE_BYTES: u64 = 512 * 1024 * 1024;

/// A run of the Prisma CLI.
#[derive(Clone, Copy)]
pub struct Run<'a> {
    /// The project's own copy.
    pub installation: &'a Installation,
    /// The Node that runs it.
    pub node: &'a Path,
    /// Its arguments.
    pub arguments: &'a [String],
    /// Its working folder.
    pub folder: &'a Path,
    /// The variables of this process, of which few are passed on.
    pub environment: &'a Environment,
    /// The variables that hold the checked connection strings.
    pub variables: &'a [(String, ConnectionString)],
    /// The policy's engine and the policy's folder, where the policy names one.
    pub engine: Option<(&'a EnginePin, &'a Path)>,
    /// Where its output goes.
    pub output: Output,
}

impl Run<'_> {
    /// The environment of the child.
    fn environment(&self) -> Result<Environment, Refusal> {
        let mut scrubbed: Environment =
            self.environment.iter().filter(|(name, _)| PASSED_ON.contains(name) || name.starts_with("LC_")).collect();
        scrubbed.set("PATH", path_variable(self.node, self.environment));
        for (name, value) in [("CI", "true"), ("CHECKPOINT_DISABLE", "1"), ("PRISMA_HIDE_UPDATE_MESSAGE", "1")] {
            scrubbed.set(name, value);
        }
        for (name, value) in self.variables {
            scrubbed.set(name, value.reveal());
        }
        if let Some((pin, root)) = self.engine {
            scrubbed.set("PRISMA_SCHEMA_ENGINE_BINARY", verified_engine(pin, root)?.to_string_lossy());
        }
        Ok(scrubbed)
    }

    fn arguments(&self) -> Vec<&OsStr> {
        std::iter::once(self.installation.entry.as_os_str()).chain(self.arguments.iter().map(OsStr::new)).collect()
    }

    fn not_run(error: &std::io::Error) -> Refusal {
        Refusal::new(
            Rule::PrismaNotFound,
            "the Prisma CLI could not be run",
            format!("the operating system says: {error}"),
        )
    }
}

/// Runs the CLI to its end as an approved deployment: the approval travels on its standard input.
///
/// # Errors
/// Rule `prisma-not-found` where it cannot be started, `behaviour-override` where the policy's engine is not the pinned one,
/// `internal-error` where the approval cannot be written.
pub fn run_approved(run: &Run<'_>, approval: &Approval) -> Result<Ended, Refusal> {
    let mut environment = run.environment()?;
    environment.set(VARIABLE, "true");
    let message = serde_json::to_vec(approval).map_err(|error| {
        Refusal::new(Rule::InternalError, "the approval cannot be written", format!("it has no JSON: {error}"))
    })?;
    let channel = channel::open().map_err(|error| Run::not_run(&error))?;
    let arguments = run.arguments();
    let program = Program {
        file: run.node,
        arguments: &arguments,
        folder: run.folder,
        environment: &environment,
        output: run.output,
    };
    program.run_with_channel(channel, &message).map_err(|error| Run::not_run(&error))
}

/// Runs the CLI for what needs no approval (`validate`, `--version`), for at most `patience`.
///
/// # Errors
/// Rule `prisma-not-found` where it cannot be started, `behaviour-override` where the policy's engine is not the pinned one.
pub fn run_plain(run: &Run<'_>, patience: Duration) -> Result<Ended, Refusal> {
    let environment = run.environment()?;
    let arguments = run.arguments();
    let program = Program {
        file: run.node,
        arguments: &arguments,
        folder: run.folder,
        environment: &environment,
        output: run.output,
    };
    program.run(patience).map_err(|error| Run::not_run(&error))
}

/// The policy's engine, found to be the file that the policy pins.
///
/// # Errors
/// Rule `behaviour-override` where it cannot be read or has another SHA-256.
pub fn verified_engine(pin: &EnginePin, root: &Path) -> Result<PathBuf, Refusal> {
    let path = files::real_path(&root.join(&pin.path));
    let refuse = |why: String| {
        Refusal::new(Rule::BehaviourOverride, "the policy's schema engine is not the file that it pins", why)
            .instead("set engine.sha256 in prisma-guard.json to the SHA-256 of the engine that was reviewed")
    };
    let bytes = files::read_bytes(&path, MAXIMUM_ENGINE_BYTES)
        .map_err(|error| refuse(format!("{} cannot be read: {error}", path.display())))?;
    let digest = Digest::of(&bytes);
    if digest.as_str() == pin.sha256.to_ascii_lowercase() {
        Ok(path)
    } else {
        Err(refuse(format!("{} has the SHA-256 {digest}", path.display())))
    }
}

/// Node's own folder, then the system's.
fn path_variable(node: &Path, environment: &Environment) -> String {
    let mut folders = Vec::new();
    if let Some(folder) = node.parent().filter(|folder| folder.is_absolute()) {
        folders.push(folder.to_string_lossy().into_owned());
    }
    if cfg!(windows) {
        let system = environment.non_empty("SystemRoot").unwrap_or("C:\\Windows");
        folders.extend([format!("{system}\\System32"), system.to_owned()]);
        folders.join(";")
    } else {
        folders.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(str::to_owned));
        folders.join(":")
    }
}
