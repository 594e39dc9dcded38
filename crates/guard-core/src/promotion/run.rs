//! How the steps run the project's own Prisma CLI: the one place here that knows `prisma::execute`.

use super::site::Site;
use crate::prisma::approval::Approval;
use crate::prisma::execute::{self, Output, Run};
use crate::refusal::Refusal;
use crate::rule::Rule;
use std::time::Duration;

/// How long `prisma validate` may take.
const VALIDATE_TIMEOUT: Duration = Duration::from_mins(1);

/// Has Prisma itself validate the schema.
///
/// # Errors
/// Rule `verification-failed` with Prisma's first line.
pub(super) fn validate(site: &Site<'_>) -> Result<(), Refusal> {
    let arguments = ["validate".to_owned()];
    let ended = execute::run_plain(&described(site, &arguments, Output::Captured), VALIDATE_TIMEOUT)?;
    if ended.exit_code == Some(0) {
        return Ok(());
    }
    let text = [ended.errors, ended.output].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).join("\n");
    let end = match ended.exit_code {
        _ if ended.timed_out => format!("did not end within {} seconds", VALIDATE_TIMEOUT.as_secs()),
        Some(code) => format!("ended with {code}: {}", first_line(&text, site)),
        None => "was ended by a signal".to_owned(),
    };
    Err(Refusal::new(Rule::VerificationFailed, "Prisma does not accept the schema", format!("`prisma validate` {end}"))
        .about("schema", site.project.schema.file_name().unwrap_or_default().to_string_lossy(), ""))
}

/// Runs the approved command to its end; its output is the CI log's. The exit code is Prisma's own, `None` where a signal ended it.
///
/// # Errors
/// As [`execute::run_approved`]: then Prisma was not started.
pub(super) fn approved(site: &Site<'_>, approval: &Approval) -> Result<Option<i32>, Refusal> {
    Ok(execute::run_approved(&described(site, &approval.command.arguments, Output::Inherited), approval)?.exit_code)
}

fn described<'s>(site: &'s Site<'_>, arguments: &'s [String], output: Output) -> Run<'s> {
    let policy = &site.policy;
    Run {
        installation: &site.installation,
        node: &site.world.node,
        arguments,
        folder: &site.world.project,
        environment: site.world.environment,
        variables: &site.variables,
        engine: policy.policy.engine.as_ref().map(|engine| (engine, policy.root.as_path())),
        output,
    }
}

/// The first line that says something, short and without the connection strings.
fn first_line(output: &str, site: &Site<'_>) -> String {
    let line =
        output.lines().map(str::trim).find(|line| line.contains("rror") || line.contains("P1")).unwrap_or_default();
    let mut line: String = line.chars().filter(|c| !c.is_control()).take(200).collect();
    for (_, url) in &site.variables {
        if !url.reveal().is_empty() {
            line = line.replace(url.reveal(), "…");
        }
    }
    if line.contains("://") {
        "its message names a connection string and is not repeated here".to_owned()
    } else {
        line
    }
}
