//! A refusal or a finding, rendered for a terminal, as JSON, as SARIF and as GitHub annotations.
//!
//! Knows how things are shown and nothing of why they were decided: it reads no file, no variable and no clock, and it writes
//! nothing itself. Every value that goes to a terminal or a log is made visible first ([`text::visible`]), so that a file's
//! name or a connection string cannot drive the terminal or the CI's log.
#![forbid(unsafe_code)]

mod explain;
mod findings;
mod github;
mod refusal;
mod sarif;
pub mod text;

pub use explain::{explain, explain_static};
pub use findings::{findings_json, findings_terminal};
pub use github::{findings_github, findings_github_summary, github, github_summary};
pub use refusal::{json, terminal};
pub use sarif::sarif;

/// The sentence that stands under every refusal, for people in a hurry and for coding agents alike.
pub const NO_WAY_ROUND: &str = "no flag and no environment variable changes this answer";

/// How something is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people, on a terminal or in a log.
    #[default]
    Terminal,
    /// The interfaces of `index.d.ts`, as JSON.
    Json,
    /// SARIF 2.1.0, for findings only.
    Sarif,
    /// GitHub's workflow commands.
    Github,
}

impl Format {
    /// Every format's name, as `--format` takes it.
    pub const NAMES: &'static [&'static str] = &["terminal", "json", "sarif", "github"];

    /// The format of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Format> {
        match name {
            "terminal" => Some(Format::Terminal),
            "json" => Some(Format::Json),
            "sarif" => Some(Format::Sarif),
            "github" => Some(Format::Github),
            _ => None,
        }
    }
}

/// A static rule as `guard-scan` describes it: what SARIF and `explain` need to know of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StaticRule {
    /// Its published name in kebab-case.
    pub name: &'static str,
    /// What it finds, in one sentence.
    pub what: &'static str,
    /// Why that breaks the contract.
    pub why: &'static str,
    /// How it is mended.
    pub mend: &'static str,
}

#[cfg(test)]
mod tests {
    use super::Format;

    #[test]
    fn every_name_of_a_format_is_read_and_nothing_else() {
        for name in Format::NAMES {
            assert!(Format::from_name(name).is_some(), "{name}");
        }
        assert_eq!(Format::from_name("JSON"), None);
        assert_eq!(Format::from_name(""), None);
    }
}
