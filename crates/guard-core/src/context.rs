//! What kind of process this is: test, preview, production runtime, CI or development (DESIGN, section 5, "Context").
//!
//! Knows nothing of targets and proves nothing: a claim to be CI is enough to be refused things, never to be allowed them.

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

/// The context of a process with these variables and these living ancestors (this process first, then its parent, …).
#[must_use]
pub fn detect(_environment: &Environment, _lineage: &[Process]) -> Context {
    unimplemented!()
}

/// Everyone who sits at the machine, nearest first.
#[must_use]
pub fn presences(_lineage: &[Process]) -> Vec<Presence> {
    unimplemented!()
}
