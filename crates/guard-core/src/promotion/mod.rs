//! The steps of a promotion: each asks the guards, does its work and leaves a record.
//!
//! Knows no terminal: what a person should see goes to [`World::say`].

mod advance;
pub mod backup;
mod backup_sqlite;
mod backup_step;
mod deploy;
mod interrupted;
pub mod plan;
pub mod project;
mod prove;
mod prove_copy;
mod run;
mod site;
mod verify;

pub use advance::advance;
pub use backup_step::backup;
pub use deploy::deploy;
pub use prove::{Attack, prove};
pub use site::prove_ci;
pub use verify::verify;

use crate::finding::ScanReport;
use crate::refusal::Refusal;
use crate::system::environment::Environment;
use std::path::{Path, PathBuf};

/// What the steps need from outside.
pub struct World<'a> {
    /// The project's working folder.
    pub project: PathBuf,
    /// The variables of the process.
    pub environment: &'a Environment,
    /// The Node that runs us: the Prisma CLI is run by the same.
    pub node: PathBuf,
    /// The folder of this package, for the attacks of the proof.
    pub package: PathBuf,
    /// The version of this package.
    pub version: &'a str,
    /// The static rules, which live in another house.
    pub scan: &'a dyn Fn(&Path) -> Result<ScanReport, Refusal>,
    /// Tells a person what is being done: one line, no secrets.
    pub say: &'a dyn Fn(&str),
}

/// How a step ended that was not refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It left a record.
    Recorded,
    /// A fresh, unused, identical record was there already and stays.
    Kept,
    /// Nothing is pending: nothing to do.
    NothingPending,
}

/// What a deployment came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeploymentOutcome {
    /// 0 where every migration of the plan is applied or nothing was pending; 1 where it ran and failed.
    pub exit_code: i32,
    /// What was applied.
    pub applied: Vec<String>,
}
