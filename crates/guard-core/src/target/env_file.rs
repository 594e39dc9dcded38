//! `.env` files exactly as npm's dotenv 16 reads them, and Prisma's `${VARIABLE}` in their values.
//!
//! dotenv is one regular expression (`LINE` in its lib/main.js); this is the same matcher written out, linear where the expression backtracks.

use crate::system::environment::Environment;
use std::collections::BTreeMap;

/// The longest value that an expansion may grow to, in bytes, and how deep it may nest: a file cannot make the guard work for ever.
const LONGEST_EXPANSION: usize = 64 * 1024;
const DEEPEST_EXPANSION: u32 = 16;

/// The variables of a file; the last of several with one name wins.
pub(super) fn parse(text: &str) -> BTreeMap<String, String> {
    let text: Vec<char> = text.replace("\r\n", "\n").replace('\r', "\n").chars().collect();
    let mut variables = BTreeMap::new();
    let mut at = 0;
    while at < text.len() {
        let line_start = at;
        match variable(&text, skip_space(&text, line_start)) {
            Some((name, value, end)) => {
                variables.insert(name, value);
                at = end;
            }
            None => at = line_start,
        }
        // The next match starts at a line's start, behind what was matched.
        while text.get(at).is_some_and(|character| *character != '\n') {
            at += 1;
        }
        at += 1;
    }
    variables
}

/// JavaScript's `\s`.
fn is_space(character: char) -> bool {
    (character.is_whitespace() && character != '\u{85}') || character == '\u{feff}'
}

fn skip_space(text: &[char], mut at: usize) -> usize {
    while text.get(at).is_some_and(|character| is_space(*character)) {
        at += 1;
    }
    at
}

fn variable(text: &[char], start: usize) -> Option<(String, String, usize)> {
    let export: Vec<char> = "export".chars().collect();
    if text.get(start..start + export.len()) == Some(&export) {
        let after = skip_space(text, start + export.len());
        if after > start + export.len()
            && let Some(found) = named(text, after)
        {
            return Some(found);
        }
    }
    named(text, start)
}

fn named(text: &[char], start: usize) -> Option<(String, String, usize)> {
    let mut at = start;
    while text.get(at).is_some_and(|character| character.is_ascii_alphanumeric() || "_.-".contains(*character)) {
        at += 1;
    }
    let name: String = text.get(start..at)?.iter().collect();
    if name.is_empty() {
        return None;
    }
    let equals = skip_space(text, at);
    let value_start = match (text.get(equals), text.get(at), text.get(at + 1)) {
        (Some('='), _, _) => equals + 1,
        (_, Some(':'), Some(space)) if is_space(*space) => at + 2,
        _ => return None,
    };
    let (from, to, end) = value(text, value_start);
    let raw: String = text.get(from..to)?.iter().collect();
    Some((name, unquote(raw.trim_matches(is_space)), end))
}

/// From where to where the value stands, and where the match ends.
fn value(text: &[char], start: usize) -> (usize, usize, usize) {
    let open = skip_space(text, start);
    if let Some(quote) = text.get(open).copied().filter(|character| "'\"`".contains(*character)) {
        // The closing quote is the first that no backslash stands before; if what follows it does not fit, one with a backslash may be it.
        let mut candidates = Vec::new();
        let mut at = open + 1;
        while let Some(character) = text.get(at) {
            if *character == quote {
                candidates.push(at);
                if text.get(at - 1) != Some(&'\\') || at - 1 == open {
                    break;
                }
            }
            at += 1;
        }
        for close in candidates.into_iter().rev() {
            if let Some(end) = tail(text, close + 1) {
                return (open, close + 1, end);
            }
        }
    }
    let mut end = start;
    while text.get(end).is_some_and(|character| !matches!(character, '#' | '\n')) {
        end += 1;
    }
    (start, end, end)
}

/// `\s*(?:#.*)?$`: where the match ends, if only space and a comment follow.
fn tail(text: &[char], start: usize) -> Option<usize> {
    let after = skip_space(text, start);
    match text.get(after) {
        None => Some(after),
        Some('#') => {
            let mut end = after;
            while text.get(end).is_some_and(|character| *character != '\n') {
                end += 1;
            }
            Some(end)
        }
        // The last line end in the space.
        Some(_) => (start..after).rev().find(|at| text.get(*at) == Some(&'\n')),
    }
}

fn unquote(value: &str) -> String {
    let first = value.chars().next().filter(|first| "'\"`".contains(*first));
    let Some(quote) = first else { return value.to_owned() };
    let inner = value.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)).unwrap_or(value);
    if quote == '"' { inner.replace("\\n", "\n").replace("\\r", "\r") } else { inner.to_owned() }
}

/// Prisma 5 and 6 expand `${NAME}` in the values of a file (`dotenvExpand.ts` of @prisma/internals): the environment wins over the file, `\${` stays
/// `${`. Returns every variable of the file with the value that the process then has: the environment's own, where it has one.
pub(super) fn expand(file: &BTreeMap<String, String>, environment: &Environment) -> BTreeMap<String, String> {
    file.iter()
        .map(|(name, value)| {
            let value = environment.get(name).unwrap_or(value);
            (name.clone(), interpolate(value, file, environment, 0))
        })
        .collect()
}

fn interpolate(value: &str, file: &BTreeMap<String, String>, environment: &Environment, depth: u32) -> String {
    let mut expanded = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find("${") {
        let (head, tail) = rest.split_at(at);
        let name_length = tail
            .get(2..)
            .unwrap_or_default()
            .bytes()
            .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
            .count();
        let closes = tail.as_bytes().get(2 + name_length) == Some(&b'}');
        let (Some(name), Some(after)) = (tail.get(2..2 + name_length), tail.get(3 + name_length..)) else { break };
        if !closes || depth >= DEEPEST_EXPANSION || expanded.len() > LONGEST_EXPANSION {
            expanded.push_str(head);
            expanded.push_str("${");
            rest = tail.get(2..).unwrap_or_default();
            continue;
        }
        if let Some(escaped) = head.strip_suffix('\\') {
            expanded.push_str(escaped);
            expanded.push_str("${");
            expanded.push_str(name);
            expanded.push('}');
        } else {
            expanded.push_str(head);
            let inner = environment.get(name).or_else(|| file.get(name).map(String::as_str)).unwrap_or_default();
            expanded.push_str(&interpolate(
                inner,
                file,
                environment,
                if inner.contains("${") { depth + 4 } else { depth },
            ));
        }
        rest = after;
    }
    expanded.push_str(rest);
    expanded.truncate(expanded.floor_char_boundary(LONGEST_EXPANSION));
    expanded
}

#[cfg(test)]
mod tests {
    use super::{expand, parse};
    use crate::system::environment::Environment;

    fn one(text: &str) -> Vec<(String, String)> {
        parse(text).into_iter().collect()
    }

    #[test]
    fn each_case_is_read_as_dotenv_16_reads_it() {
        // Each expectation was printed by dotenv 16's own parse().
        let cases: &[(&str, &[(&str, &str)])] = include!("env_file_cases.rs");
        for (text, expected) in cases {
            let expected: Vec<(String, String)> =
                expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(one(text), expected, "{text:?}");
        }
    }

    #[test]
    fn names_in_braces_are_expanded_and_the_environment_wins() {
        let file = parse("A=1\nB=x${A}y${C}\nC=\"${A}2\"\nD=\\${A}\nE=$A\nF=${MISSING}!\nG=${G}");
        let expanded = expand(&file, &Environment::from_iter([("A", "9"), ("D2", "")]));
        let value = |name: &str| expanded.get(name).map(String::as_str);
        assert_eq!((value("A"), value("B"), value("C")), (Some("9"), Some("x9y92"), Some("92")));
        assert_eq!((value("D"), value("E"), value("F")), (Some("${A}"), Some("$A"), Some("!")));
        assert!(value("G").is_some());
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[\\PC\\n\\r'\"`#=$\\{\\}]*") {
            let _ = expand(&parse(&text), &Environment::default());
        }
    }
}
