//! Finds the policy's file, reads it strictly, and says of each error where it stands and what was probably meant.

use super::positions::{self, Position, Positions};
use super::{FILE_NAME, LoadedPolicy, Policy, validate};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files;
use std::path::Path;

/// The most that is read of a policy, in bytes.
const MAXIMUM_BYTES: u64 = 1024 * 1024;

pub(super) fn load(start: &Path) -> Result<Option<LoadedPolicy>, Refusal> {
    let start = files::real_path(start);
    for folder in start.ancestors() {
        let file = folder.join(FILE_NAME);
        // A dangling link or a folder of that name is an error, not "no policy": the file was meant to be there.
        if !files::exists(&file) {
            continue;
        }
        let text = files::read_text(&file, MAXIMUM_BYTES).map_err(|error| {
            invalid(
                format!("{FILE_NAME} cannot be read"),
                format!("{}: {error}", file.display()),
                &file.display().to_string(),
            )
        })?;
        let policy = parse(&text, &file.display().to_string())?;
        return Ok(Some(LoadedPolicy::new(policy, folder.to_path_buf())));
    }
    Ok(None)
}

pub(super) fn parse(text: &str, name: &str) -> Result<Policy, Refusal> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| {
        let position = Position { line: error.line(), column: error.column() };
        invalid_at(name, "", Some(position), &without_position(&error.to_string()))
    })?;
    let positions = positions::read(text);
    if let Some((path, position)) = positions.duplicates.first() {
        return Err(invalid_at(name, path, Some(*position), "the key stands there twice"));
    }
    validate::shapes(&value).map_err(|problem| problem.refuse(name, &positions))?;
    validate::claims(&value).map_err(|problem| problem.refuse(name, &positions))?;
    let policy: Policy = serde_path_to_error::deserialize(&value).map_err(|error| {
        let path = match error.path().to_string() {
            root if root == "." => String::new(),
            path => path,
        };
        explain(name, &path, &error.inner().to_string(), &positions)
    })?;
    validate::policy(&policy).map_err(|problem| problem.refuse(name, &positions))?;
    Ok(policy)
}

/// Something that the types allow and the meaning does not.
pub(super) struct Problem {
    pub(super) path: String,
    pub(super) sentence: String,
}

impl Problem {
    pub(super) fn new(path: impl Into<String>, sentence: impl Into<String>) -> Self {
        Problem { path: path.into(), sentence: sentence.into() }
    }

    fn refuse(&self, name: &str, positions: &Positions) -> Refusal {
        invalid_at(name, &self.path, positions.of(&self.path), &self.sentence)
    }
}

/// Turns serde's words into ours. `unknown field` and `unknown variant` quote what stands there and what may stand there.
fn explain(name: &str, path: &str, message: &str, positions: &Positions) -> Refusal {
    let message = without_position(message);
    for (start, what) in [("unknown field `", "key"), ("unknown variant `", "value")] {
        let Some((unknown, rest)) = message.strip_prefix(start).and_then(|rest| rest.split_once('`')) else { continue };
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        let key = match (what, path.strip_suffix(unknown).map(|head| head.is_empty() || head.ends_with('.'))) {
            // Where serde buffers (a tagged enum), the path ends at the object; elsewhere it names the key itself.
            ("key", Some(true)) => path.to_owned(),
            ("key", _) if path.is_empty() => unknown.to_owned(),
            ("key", _) => format!("{path}.{unknown}"),
            _ => path.to_owned(),
        };
        let nearest = nearest(unknown, &known).map_or_else(
            || format!("; known are {}", list(&known)),
            |nearest| format!("; the nearest known {what} is `{nearest}`"),
        );
        return invalid_at(name, &key, positions.of(&key), &format!("the {what} `{unknown}` is not known{nearest}"));
    }
    invalid_at(name, path, positions.of(path), &message)
}

/// The known key that was probably meant.
fn nearest<'a>(unknown: &str, known: &[&'a str]) -> Option<&'a str> {
    let lower = unknown.to_lowercase();
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(&lower, &candidate.to_lowercase()), *candidate))
        .filter(|(likeness, _)| *likeness >= 0.75)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, candidate)| candidate)
}

fn list(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// serde_json ends its messages with ` at line 1 column 2`, which we say better.
fn without_position(message: &str) -> String {
    message.rfind(" at line ").and_then(|at| message.get(..at)).unwrap_or(message).to_owned()
}

fn invalid_at(name: &str, path: &str, position: Option<Position>, sentence: &str) -> Refusal {
    let place = position.map_or_else(String::new, |at| format!("line {}, column {}: ", at.line, at.column));
    let key = if path.is_empty() { String::new() } else { format!("`{path}`: ") };
    let name_at = position.map_or_else(|| name.to_owned(), |at| format!("{name}:{}:{}", at.line, at.column));
    let refusal = invalid(format!("{FILE_NAME} is not a valid policy"), format!("{place}{key}{sentence}"), &name_at);
    match position {
        Some(at) => refusal.instead(format!("mend {FILE_NAME} at line {}", at.line)),
        None => refusal,
    }
}

fn invalid(summary: String, why: String, name: &str) -> Refusal {
    Refusal::new(Rule::PolicyInvalid, summary, why).about("policy", name, "")
}
