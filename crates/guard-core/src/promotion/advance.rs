//! `stateAdvance`: a step whose work somebody else did. Evidence only points; the step looks for itself, and refuses what it
//! cannot check.

use super::site::Site;
use super::{World, backup_step, deploy, verify};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::{DeploymentLock, Evidence, Outcome, Record, Step};
use crate::system::files;
use serde::Deserialize;
use std::path::Path;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VerificationPointer {
    migrations: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BackupPointer {
    file: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeploymentPointer {
    exit_code: Option<i32>,
}

/// Takes a step on evidence that `pointer` points to: `{ migrations }` for verification, `{ file }` for backup, `{ exitCode }` for deployment.
///
/// # Errors
/// `step-order`; `invalid-argument` for no evidence or evidence of another shape; `backup-not-proven`; every rule of the step itself.
pub fn advance(world: &World<'_>, step: Step, pointer: &serde_json::Value) -> Result<Record, Refusal> {
    match step {
        Step::Verification => {
            let pointer: VerificationPointer = read(pointer, step, "{ migrations: 'prisma/migrations' }")?;
            let site = Site::survey(world)?;
            let named = files::real_path(&world.project.join(&pointer.migrations));
            if named != files::real_path(&site.project.migrations) {
                return Err(invalid(step, "the folder that it points to is not the project's folder of migrations"));
            }
            verify::verify(world)?;
            Ok(site.store_with(step, "the answer")?.1)
        }
        Step::Backup => {
            let site = Site::survey(world)?;
            let (store, before) = site.store_with(Step::Verification, "backup")?;
            let pointer: BackupPointer = read(pointer, step, "{ file: 'name-in-the-store.db' }")?;
            site.doors_are_shut()?;
            let attestor = site.attestor();
            let _lock = DeploymentLock::acquire(&store, &before.statement.chain)?;
            // A path is taken for the name at its end: the store is the policy's, whatever the path says.
            let file = Path::new(&pointer.file).file_name().map(|name| name.to_string_lossy().into_owned());
            let file = file.ok_or_else(|| invalid(step, "it points to no file"))?;
            backup_step::take(&site, &store, &attestor, &file)
        }
        Step::Deployment => {
            let site = Site::survey(world)?;
            site.store_with(Step::Verification, "deployment")?;
            let (_, backup) = site.store_with(Step::Backup, "deployment")?;
            let (store, started) = site.store_with(Step::Deployment, "the end of a deployment")?;
            let pointer: DeploymentPointer = read(pointer, step, "{ exitCode: 0 }")?;
            let Evidence::Deployment { outcome: Outcome::Started, .. } = started.statement.evidence else {
                return Err(Refusal::new(
                    Rule::StepOrder,
                    "the deployment has ended already",
                    "its record holds its end, and no deployment was started since",
                ));
            };
            site.doors_are_shut()?;
            let attestor = site.attestor();
            let _lock = DeploymentLock::acquire(&store, &backup.statement.chain)?;
            let standing = site.stand(&attestor)?;
            store.require(Step::Deployment, &site.expectation(&standing), &attestor)?;
            let (_, verification) = site.store_with(Step::Verification, "deployment")?;
            let Evidence::Verification { plan, .. } = &verification.statement.evidence else {
                return Err(invalid(step, "the verification before it holds no plan"));
            };
            deploy::end(&site, &standing, &store, &attestor, &backup, plan, pointer.exit_code)?;
            Ok(site.store_with(step, "the answer")?.1)
        }
    }
}

fn read<T: serde::de::DeserializeOwned>(pointer: &serde_json::Value, step: Step, shape: &str) -> Result<T, Refusal> {
    T::deserialize(pointer).map_err(|_| {
        // serde's message may repeat a value, and what was given may hold anything.
        let kind = if pointer.is_null() { "no evidence was given" } else { "the evidence has another shape" };
        invalid(step, kind).instead(format!("give evidence as {shape}"))
    })
}

fn invalid(step: Step, why: &str) -> Refusal {
    Refusal::new(Rule::InvalidArgument, format!("the evidence of {} cannot be checked", step.name()), why)
}
