//! Options, read as the library `arg` 5 reads them, which is what the CLI of Prisma 5, 6 and 7 uses (read in the bundle of 7.10.1,
//! `build/cli.js`; 85 forms ran on 6.19.3 and 7.10.1).
//!
//! Knows no command. Two properties matter to whoever guards: a boolean ignores `=value`, and `--` ends the options of one level
//! only and is removed.

use std::collections::{BTreeMap, BTreeSet};

/// What an option takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing: `--force=false` sets it too.
    Flag,
    /// One string; of several the last wins.
    Text,
    /// A number, which alone may start with `-`.
    Number,
    /// Another option's value under a shorter name.
    Alias(&'static str),
}

/// The options of one level.
#[derive(Clone, Copy)]
pub(super) struct Specification {
    /// Their names and what they take.
    pub options: &'static [(&'static str, Kind)],
    /// Whether everything from the first positional on is left to the next level.
    pub stop_at_positional: bool,
    /// Whether unknown options count as positionals.
    pub permissive: bool,
}

/// Why `arg` throws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ArgumentError {
    /// ARG_UNKNOWN_OPTION.
    #[error("an option is not known")]
    UnknownOption,
    /// ARG_MISSING_REQUIRED_SHORTARG and ARG_MISSING_REQUIRED_LONGARG.
    #[error("an option lacks its value")]
    MissingValue,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    flags: BTreeSet<&'static str>,
    values: BTreeMap<&'static str, Vec<String>>,
    /// What is not an option.
    pub positionals: Vec<String>,
}

impl Parsed {
    /// Whether a boolean option is given.
    pub(super) fn has(&self, name: &str) -> bool {
        self.flags.contains(name)
    }

    /// Every value of an option, in order.
    pub(super) fn all(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// The value that wins.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.all(name).last().map(String::as_str)
    }
}

impl Specification {
    fn find(&self, name: &str) -> Option<(&'static str, Kind)> {
        let mut name = name;
        // Aliases point at an option, never in a circle: two steps are one more than any table needs.
        for _ in 0..2 {
            let (found, kind) = self.options.iter().copied().find(|(option, _)| *option == name)?;
            let Kind::Alias(other) = kind else { return Some((found, kind)) };
            name = other;
        }
        None
    }

    /// Reads arguments.
    ///
    /// # Errors
    /// Where `arg` throws.
    pub(super) fn parse(&self, arguments: &[String]) -> Result<Parsed, ArgumentError> {
        let mut parsed = Parsed::default();
        let mut rest = arguments;
        while let Some((argument, after)) = rest.split_first() {
            if self.stop_at_positional && !parsed.positionals.is_empty() {
                parsed.positionals.extend_from_slice(rest);
                break;
            }
            rest = after;
            if argument == "--" {
                parsed.positionals.extend_from_slice(rest);
                break;
            }
            if argument.len() < 2 || !argument.starts_with('-') {
                parsed.positionals.push(argument.clone());
                continue;
            }
            let options: Vec<String> = if argument.starts_with("--") || argument.chars().count() == 2 {
                vec![argument.clone()]
            } else {
                argument.chars().skip(1).map(|letter| format!("-{letter}")).collect()
            };
            let count = options.len();
            for (index, option) in options.into_iter().enumerate() {
                let (name, inline) = split_value(&option);
                let Some((name, kind)) = self.find(name) else {
                    if self.permissive {
                        parsed.positionals.push(option);
                        continue;
                    }
                    return Err(ArgumentError::UnknownOption);
                };
                if kind == Kind::Flag {
                    parsed.flags.insert(name);
                    continue;
                }
                if index + 1 < count {
                    return Err(ArgumentError::MissingValue);
                }
                let value = if let Some(value) = inline {
                    value.to_owned()
                } else {
                    let (value, after) = rest.split_first().ok_or(ArgumentError::MissingValue)?;
                    let option_like = value.len() > 1 && value.starts_with('-');
                    if option_like && !(kind == Kind::Number && is_number(value)) {
                        return Err(ArgumentError::MissingValue);
                    }
                    rest = after;
                    value.clone()
                };
                parsed.values.entry(name).or_default().push(value);
            }
        }
        Ok(parsed)
    }
}

/// `b.split(/=(.*)/, 2)`: in JavaScript `.` stops at a line end.
fn split_value(option: &str) -> (&str, Option<&str>) {
    if !option.starts_with("--") {
        return (option, None);
    }
    match option.split_once('=') {
        Some((name, value)) => {
            (name, Some(value.split(['\n', '\r', '\u{2028}', '\u{2029}']).next().unwrap_or_default()))
        }
        None => (option, None),
    }
}

/// `/^-?\d*(\.(?=\d))?\d*$/`
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction) && !fraction.is_empty(),
        None => digits(text),
    }
}
