//! A refusal: the one shape in which the guard says no. It cites a rule and names the target, the reason and the way forward.
//!
//! Knows nothing of how it is shown (that is `guard-report`) and never holds a secret: what goes in is already redacted.

use crate::rule::Rule;
use serde::Serialize;

/// The database or thing that a refusal is about, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefusedTarget {
    /// What the policy calls it: `production`, `staging`, `unknown`, or a word for a file or command.
    pub class: String,
    /// The redacted connection string, path or command.
    pub name: String,
    /// Where it was found: `environment DATABASE_URL`, `.env DATABASE_URL`, `prisma.config.ts`; empty where it says nothing.
    pub source: String,
}

/// A decision against something, with everything a person or a coding agent needs to go on.
#[must_use = "a refusal that nobody shows is a guard that does not guard"]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// The rule that refuses.
    pub rule: Rule,
    /// One sentence: what was refused. No final full stop.
    pub summary: String,
    /// What it is about, where that can be named.
    pub target: Option<RefusedTarget>,
    /// One sentence: why. No final full stop.
    pub why: String,
    /// What to do instead; the rule's own where the refusal knows nothing better.
    pub instead: String,
}

impl Refusal {
    /// A refusal with the rule's own way forward.
    pub fn new(rule: Rule, summary: impl Into<String>, why: impl Into<String>) -> Self {
        Refusal { rule, summary: summary.into(), target: None, why: why.into(), instead: rule.instead().to_owned() }
    }

    /// The same, about this target.
    pub fn about(mut self, class: impl Into<String>, name: impl Into<String>, source: impl Into<String>) -> Self {
        self.target = Some(RefusedTarget { class: class.into(), name: name.into(), source: source.into() });
        self
    }

    /// The same, with a better way forward than the rule's own.
    pub fn instead(mut self, instead: impl Into<String>) -> Self {
        self.instead = instead.into();
        self
    }

    /// The exit code of a process that ends with this refusal.
    #[must_use]
    pub fn exit_code(&self) -> i32 {
        self.rule.exit_code()
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {} ({})", self.rule, self.summary, self.why)
    }
}

impl std::error::Error for Refusal {}
