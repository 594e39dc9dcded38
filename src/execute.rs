//! `execPrismaApproved`, and the world that the steps of a promotion see.

use crate::ci::FolderOptions;
use crate::here::working_folder;
use crate::speak;
use guard_core::finding::ScanReport;
use guard_core::promotion::{self, World};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::system::environment::Environment;
use guard_core::system::{files, process};
use napi_derive::napi;
use std::path::{Path, PathBuf};

/// What the binding knows of the outside and lends to the steps.
pub(crate) struct Outside {
    pub(crate) folder: PathBuf,
    environment: Environment,
    node: PathBuf,
    package: PathBuf,
}

impl Outside {
    pub(crate) fn new(folder: Option<String>) -> Result<Self, Refusal> {
        let unknown = |what: &str| {
            Refusal::new(Rule::InternalError, format!("{what} cannot be found"), "the operating system does not say")
        };
        let node =
            process::current().and_then(|process| process.executable).ok_or_else(|| unknown("the running Node"))?;
        Ok(Outside {
            folder: working_folder(folder)?,
            environment: Environment::of_process(),
            node,
            package: package_folder().ok_or_else(|| unknown("the folder of this package"))?,
        })
    }

    pub(crate) fn world<'a>(&'a self, scan: &'a dyn Fn(&Path) -> Result<ScanReport, Refusal>) -> World<'a> {
        World {
            project: self.folder.clone(),
            environment: &self.environment,
            node: self.node.clone(),
            package: self.package.clone(),
            version: env!("CARGO_PKG_VERSION"),
            scan,
            say: &|line| speak::say(&guard_report::text::visible(line)),
        }
    }
}

/// The folder of the npm package: `setPackage` says it once, when the addon is loaded.
static PACKAGE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();

pub(crate) fn package_folder() -> Option<PathBuf> {
    PACKAGE.get().cloned()
}

/// Tells the addon where its package stands, once. Not part of the public face.
#[napi(skip_typescript)]
pub fn set_package(folder: String) {
    let _ = PACKAGE.set(files::real_path(Path::new(&folder)));
}

/// How an approved Prisma process ended.
#[napi(object, object_from_js = false)]
pub struct ApprovedExecution {
    /// 0 where the database holds every migration of the plan, or nothing was pending; 1 where Prisma ran and the database says otherwise.
    pub exit_code: i32,
    /// The migrations that were applied.
    pub applied: Vec<String>,
}

/// Runs `prisma migrate deploy` as an approved deployment, to its end: takes the deployment lock, checks every guard and record again, marks the
/// records as used up, starts the project's own Prisma with an environment made from nothing and a one-shot approval, reads the outcome from the
/// database itself and writes it down. `args` is `['migrate', 'deploy']` and nothing else.
///
/// Throws a GuardError of the rule that refuses.
#[napi]
pub fn exec_prisma_approved(args: Vec<String>, options: Option<FolderOptions>) -> napi::Result<ApprovedExecution> {
    speak::looking(|| {
        let outside = Outside::new(options.and_then(|given| given.cwd))?;
        let outcome = promotion::deploy(&outside.world(&crate::scan::scan), &args)?;
        Ok(ApprovedExecution { exit_code: outcome.exit_code, applied: outcome.applied })
    })
}
