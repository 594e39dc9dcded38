//! Where in a JSON text each key stands, and whether one stands twice in the same object: what `serde_json` does not say.
//!
//! Reads only text that `serde_json` has already found valid; on other text it stops early and never fails.

use std::collections::{BTreeMap, BTreeSet};

/// A place in a text: line and column in characters, both from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}

/// The places of all keys and items by path (`environments.production.databases[0]`), and the keys that stand twice.
#[derive(Debug, Default)]
pub(super) struct Positions {
    places: BTreeMap<String, Position>,
    pub(super) duplicates: Vec<(String, Position)>,
}

impl Positions {
    /// The place of a path, else of the nearest path above it.
    pub(super) fn of(&self, path: &str) -> Option<Position> {
        let mut path = path;
        loop {
            if let Some(position) = self.places.get(path) {
                return Some(*position);
            }
            path = path.get(..path.rfind(['.', '['])?)?;
        }
    }
}

enum Level {
    Object { path: String, seen: BTreeSet<String> },
    Array { path: String, next: usize },
}

/// Reads the places of all keys and items.
pub(super) fn read(text: &str) -> Positions {
    let mut positions = Positions::default();
    let mut levels: Vec<Level> = Vec::new();
    let mut key: Option<String> = None;
    let mut characters = text.char_indices().peekable();
    let (mut line, mut line_start) = (1_usize, 0_usize);
    let mut awaits_item = false;
    while let Some((at, character)) = characters.next() {
        let column = |at: usize| text.get(line_start..at).map_or(1, |head| head.chars().count() + 1);
        if character == '\n' {
            (line, line_start) = (line + 1, at + 1);
            continue;
        }
        if character.is_whitespace() || character == ':' {
            continue;
        }
        if character == ',' {
            awaits_item = matches!(levels.last(), Some(Level::Array { .. }));
            continue;
        }
        if matches!(character, '}' | ']') {
            levels.pop();
            awaits_item = false;
            continue;
        }
        // The start of a key or of a value.
        let position = Position { line, column: column(at) };
        let mut path = match levels.last_mut() {
            None => String::new(),
            Some(Level::Object { path, .. }) => key.clone().map_or_else(|| path.clone(), |key| join(path, &key)),
            Some(Level::Array { path, next }) => {
                let index = *next;
                if awaits_item {
                    *next += 1;
                    awaits_item = false;
                }
                format!("{path}[{index}]")
            }
        };
        match character {
            '{' => {
                positions.places.entry(path.clone()).or_insert(position);
                levels.push(Level::Object { path, seen: BTreeSet::new() });
                key = None;
            }
            '[' => {
                positions.places.entry(path.clone()).or_insert(position);
                levels.push(Level::Array { path, next: 0 });
                awaits_item = true;
                key = None;
            }
            '"' => {
                let mut escaped = false;
                let mut end = text.len();
                for (inner, next) in characters.by_ref() {
                    match next {
                        '"' if !escaped => {
                            end = inner + 1;
                            break;
                        }
                        '\\' => escaped = !escaped,
                        _ => escaped = false,
                    }
                }
                let name =
                    text.get(at..end).and_then(|raw| serde_json::from_str::<String>(raw).ok()).unwrap_or_default();
                if let (Some(Level::Object { path: parent, seen }), None) = (levels.last_mut(), &key) {
                    path = join(parent, &name);
                    positions.places.entry(path.clone()).or_insert(position);
                    if !seen.insert(name.clone()) {
                        positions.duplicates.push((path, position));
                    }
                    key = Some(name);
                } else {
                    positions.places.entry(path).or_insert(position);
                    key = None;
                }
            }
            _ => {
                while characters.next_if(|(_, next)| next.is_ascii_alphanumeric() || "+-.".contains(*next)).is_some() {}
                positions.places.entry(path).or_insert(position);
                key = None;
            }
        }
    }
    positions
}

fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::{Position, read};

    #[test]
    fn every_key_and_item_has_its_line_and_column() {
        let positions = read("{\n  \"a\": { \"b\": [1, \"x\", { \"ç\": true, \"d\": null }] },\n  \"e\": -1.5e3\n}");
        assert_eq!(positions.of("a"), Some(Position { line: 2, column: 3 }));
        assert_eq!(positions.of("a.b[1]"), Some(Position { line: 2, column: 19 }));
        assert_eq!(positions.of("a.b[2].d"), Some(Position { line: 2, column: 37 }));
        assert_eq!(positions.of("e"), Some(Position { line: 3, column: 3 }));
        assert_eq!(positions.of("a.b[2].missing.more"), positions.of("a.b[2]"));
        assert!(positions.duplicates.is_empty());
    }

    #[test]
    fn a_key_that_stands_twice_is_found_even_when_it_is_written_in_escapes() {
        let positions = read(r#"{ "a": { "b": 1, "c": "b", "\u0062": 2 } }"#);
        assert_eq!(positions.duplicates.iter().map(|(path, _)| path.as_str()).collect::<Vec<_>>(), ["a.b"]);
    }
}
