//! Cheap signs that no CI deployment runs this process, looked at before anyone is asked for anything.
//!
//! Proves nothing: whoever renames a program or clears a variable gets past, and meets the challenge.

use super::vendor;
use crate::context::{self, PresenceKind};
use crate::policy::AttestationPolicy;
use crate::system::environment::Environment;
use crate::system::process::Process;

/// Why this cannot be a deployment in CI, in one sentence.
pub(super) fn find(policy: &AttestationPolicy, environment: &Environment, lineage: &[Process]) -> Option<String> {
    if let Some(sign) = pull_request(environment) {
        return Some(format!("this is a job of a pull request ({sign}), and pull requests deploy nothing"));
    }
    if let Some(sign) = context::coding_agent_variable(environment).or_else(|| agent_workflow(environment)) {
        return Some(format!("a coding agent set this process off ({sign})"));
    }
    let present = context::presences(lineage);
    let desk = present.iter().find(|one| matches!(one.kind, PresenceKind::Editor | PresenceKind::CodingAgent));
    if let Some(one) = desk {
        let kind = if one.kind == PresenceKind::Editor { "editor" } else { "coding agent" };
        return Some(format!(
            "the {kind} `{}` (process {}) is among the processes that started this one",
            one.name, one.pid
        ));
    }
    let claimed = vendor::row(environment);
    // A token is asked for as in GitHub Actions, whose jobs have no terminal, whatever other vendor the variables name besides.
    let without_terminal = match policy {
        AttestationPolicy::Oidc { .. } => true,
        AttestationPolicy::Key { .. } => claimed.is_some_and(|row| !row.terminal),
    };
    if !without_terminal {
        return None;
    }
    let name = claimed.filter(|row| !row.terminal).map_or("a CI", |row| row.name);
    if let Some(one) = present.first() {
        let kind = if one.kind == PresenceKind::Shell { "shell with a terminal" } else { "terminal" };
        return Some(format!(
            "the {kind} `{}` (process {}) is among the processes that started this one, and jobs of {name} have none",
            one.name, one.pid
        ));
    }
    let process = lineage.iter().find(|process| process.terminal)?;
    Some(format!(
        "process {} among those that started this one has a controlling terminal, and jobs of {name} have none",
        process.identity.pid
    ))
}

/// The variable that says that this is a pull request's job; each from its vendor's page of predefined variables.
fn pull_request(environment: &Environment) -> Option<String> {
    let equal = |name: &'static str, wrong: fn(&str) -> bool| {
        environment.non_empty(name).filter(|value| wrong(value)).map(|_| format!("{name} says so"))
    };
    let set = |name| equal(name, |_| true);
    equal("GITHUB_EVENT_NAME", |event| event.starts_with("pull_request"))
        .or_else(|| equal("GITHUB_REF", |name| name.starts_with("refs/pull/")))
        .or_else(|| set("CI_MERGE_REQUEST_IID"))
        .or_else(|| equal("CI_PIPELINE_SOURCE", |source| source == "merge_request_event"))
        .or_else(|| set("CIRCLE_PR_NUMBER"))
        .or_else(|| equal("BUILDKITE_PULL_REQUEST", |number| number != "false"))
        .or_else(|| set("BITBUCKET_PR_ID"))
        .or_else(|| equal("BUILD_REASON", |reason| reason == "PullRequest"))
        .or_else(|| set("SYSTEM_PULLREQUEST_PULLREQUESTID"))
}

/// GitHub's own coding agent runs as the workflow `dynamic/copilot-swe-agent/copilot`; the agents' published actions set the others.
fn agent_workflow(environment: &Environment) -> Option<String> {
    if environment.non_empty("GITHUB_WORKFLOW_REF").is_some_and(|name| name.contains("/copilot-swe-agent/")) {
        return Some("GITHUB_WORKFLOW_REF names copilot-swe-agent".to_owned());
    }
    environment.non_empty("CLAUDE_CODE_ACTION").map(|_| "CLAUDE_CODE_ACTION is set".to_owned())
}
