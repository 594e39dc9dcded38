//! How the steps run the project's own Prisma CLI: the one place here that knows `prisma::execute`.

use super::site::Site;
use crate::prisma::approval::Approval;
use crate::prisma::execute;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::environment::Environment;
use std::time::Duration;

/// How long `prisma validate` may take.
const VALIDATE_TIMEOUT: Duration = Duration::from_secs(60);

/// Has Prisma itself validate the schema.
///
/// # Errors
/// Rule `verification-failed` with Prisma's first line.
pub(super) fn validate(site: &Site<'_>) -> Result<(), Refusal> {
    let arguments = ["validate".to_owned()];
    let (code, output) = execute::run_plain(
        &site.installation,
        &site.world.node,
        &site.world.project,
        &arguments,
        &variables(site),
        VALIDATE_TIMEOUT,
    )?;
    if code == 0 {
        return Ok(());
    }
    Err(Refusal::new(
        Rule::VerificationFailed,
        "Prisma does not accept the schema",
        format!("`prisma validate` ended with {code}: {}", first_line(&output, site)),
    )
    .about("schema", site.project.schema.file_name().unwrap_or_default().to_string_lossy(), ""))
}

/// Runs the approved command to its end; its output is the CI log's. The exit code is Prisma's own.
///
/// # Errors
/// As [`execute::run_approved`]: then Prisma was not started.
pub(super) fn approved(site: &Site<'_>, approval: &Approval) -> Result<i32, Refusal> {
    let policy = &site.policy;
    execute::run_approved(
        &site.installation,
        &site.world.node,
        &site.world.project,
        &variables(site),
        policy.policy.engine.as_ref().map(|engine| (policy.root.as_path(), engine)),
        approval,
    )
}

/// The variables that hold the connection strings that were checked, and no others.
fn variables(site: &Site<'_>) -> Environment {
    site.variables.iter().map(|(name, url)| (name.clone(), url.reveal().to_owned())).collect()
}

/// The first line that says something, short and without the connection strings.
fn first_line(output: &str, site: &Site<'_>) -> String {
    let line = output.lines().map(str::trim).find(|line| line.contains("rror") || line.contains("P1")).unwrap_or_default();
    let mut line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
    for (_, url) in &site.variables {
        if !url.reveal().is_empty() {
            line = line.replace(url.reveal(), "…");
        }
    }
    if line.contains("://") { "its message names a connection string and is not repeated here".to_owned() } else { line }
}
