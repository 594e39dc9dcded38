//! What kind of process this is: test, preview, production runtime, CI or development (DESIGN, section 5, "Context").
//!
//! Knows nothing of targets and proves nothing: a claim to be CI is enough to be refused things, never to be allowed them. Two rooms:
//! `programs` (who sits at a machine, and which program a process really runs) and `signs` (the variables of platforms and CIs).

mod programs;
mod signs;

use crate::system::environment::Environment;
use crate::system::process::Process;

/// The kinds of process, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextKind {
    /// A test runner is this process or an ancestor, or says so in its own way.
    Test,
    /// A hosting platform says that this is a preview or pull-request deployment.
    Preview,
    /// A running production application.
    ProductionRuntime,
    /// Claims to be CI.
    ContinuousIntegration,
    /// All else.
    Development,
}

/// The kind of this process and the sign that decided it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The kind.
    pub kind: ContextKind,
    /// The sign, for a person: `VITEST is set`, `NODE_ENV=production`, `no sign of anything else`.
    pub because: String,
}

/// Somebody who sits at the machine, seen among the living ancestors.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Presence {
    /// `editor`, `coding-agent`, `terminal`, `shell`.
    pub kind: PresenceKind,
    /// The program's name.
    pub name: String,
    /// Its process number.
    pub pid: u32,
}

/// Who may sit at a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PresenceKind {
    /// An editor or IDE.
    Editor,
    /// A coding agent.
    CodingAgent,
    /// A terminal emulator or multiplexer, or a login over the network.
    Terminal,
    /// A shell with a controlling terminal.
    Shell,
}

impl PresenceKind {
    /// The kind's published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            PresenceKind::Editor => "editor",
            PresenceKind::CodingAgent => "coding-agent",
            PresenceKind::Terminal => "terminal",
            PresenceKind::Shell => "shell",
        }
    }
}

/// The context of a process with these variables and these living ancestors (this process first, then its parent, …).
#[must_use]
pub fn detect(environment: &Environment, lineage: &[Process]) -> Context {
    let test = lineage.iter().find_map(programs::test_runner).map(|name| format!("{name} runs this process"));
    if let Some(because) = test.or_else(|| signs::test(environment)) {
        return Context { kind: ContextKind::Test, because };
    }
    if let Some(because) = signs::preview(environment) {
        return Context { kind: ContextKind::Preview, because };
    }
    // An editor, a desktop terminal or a coding agent that lives above: then NODE_ENV and the platform's variables are somebody's experiment.
    // A login over the network or a multiplexer is how servers are run, and never takes production down.
    if !lineage.iter().any(programs::sits_at_a_desk)
        && let Some(because) = signs::production(environment, lineage)
    {
        return Context { kind: ContextKind::ProductionRuntime, because };
    }
    if let Some(because) = signs::continuous_integration(environment) {
        return Context { kind: ContextKind::ContinuousIntegration, because };
    }
    Context { kind: ContextKind::Development, because: "no sign of anything else".to_owned() }
}

/// Everyone who sits at the machine, nearest first.
#[must_use]
pub fn presences(lineage: &[Process]) -> Vec<Presence> {
    lineage
        .iter()
        .filter_map(|process| {
            let (kind, name) = programs::presence(process)?;
            Some(Presence { kind, name: name.to_owned(), pid: process.identity.pid })
        })
        .collect()
}

/// The variable by which a coding agent says that it set this process off, where one does: `CLAUDECODE`.
#[must_use]
pub fn coding_agent_variable(environment: &Environment) -> Option<String> {
    signs::coding_agent(environment)
}

/// The variable by which a process claims to be CI, and its value, where it does: `GITHUB_ACTIONS=true`.
#[must_use]
pub fn continuous_integration_claim(environment: &Environment) -> Option<String> {
    signs::continuous_integration(environment)
}
