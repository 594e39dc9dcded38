//! What: SQL that drops, truncates or empties a table, sent from code.
//! Why: production's schema and data change through migrations only.
//! Mend: write a migration, or delete rows with a condition.

use super::File;
use crate::prisma_command::{expanded, program};
use guard_core::finding::Finding;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "destructive-sql",
    what: "SQL outside migrations that drops, truncates or empties a table.",
    why: "Production's schema and data change through migrations only, which are reviewed, backed up and recorded.",
    mend: "write a migration; delete rows with a WHERE; in tests, create a fresh database",
};

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    for query in &file.facts.queries {
        if let Some(what) = destroys(&query.text) {
            found.push(file.finding(&RULE, query.place, format!("sends `{what}` from code")));
        }
    }
    for command in &file.facts.commands {
        for inner in expanded(&command.words) {
            let client = inner
                .words
                .iter()
                .any(|word| matches!(program(word), "psql" | "mysql" | "mariadb" | "sqlite3" | "sqlcmd" | "cockroach"));
            if let (true, Some(what)) = (client, inner.words.iter().find_map(|word| destroys(word))) {
                found.push(file.finding(&RULE, command.place, format!("sends `{what}` from a script")));
            }
        }
    }
}

/// The first statement of a text that destroys, by its words outside of quotes and comments.
fn destroys(text: &str) -> Option<&'static str> {
    let mut statement: Vec<String> = Vec::new();
    for word in words(text) {
        if word == ";" {
            if let Some(what) = verdict(&statement) {
                return Some(what);
            }
            statement.clear();
        } else {
            statement.push(word);
        }
    }
    verdict(&statement)
}

fn verdict(statement: &[String]) -> Option<&'static str> {
    const THINGS: [&str; 11] = [
        "table",
        "database",
        "schema",
        "view",
        "index",
        "column",
        "type",
        "sequence",
        "materialized",
        "owned",
        "collection",
    ];
    let word = |index: usize| statement.get(index).map_or("", String::as_str);
    let holds = |wanted: &str| statement.iter().any(|word| word == wanted);
    match word(0) {
        "drop" if THINGS.contains(&word(1)) => Some("DROP"),
        "truncate" if statement.len() > 1 => Some("TRUNCATE"),
        "delete" if word(1) == "from" && !holds("where") => Some("DELETE without WHERE"),
        "alter" if word(1) == "table" && holds("drop") => Some("ALTER TABLE … DROP"),
        "with" if holds("delete") && !holds("where") => Some("DELETE without WHERE"),
        _ => None,
    }
}

/// Words in lower case and `;`, without what stands in quotes and comments.
fn words(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let end = !(character.is_alphanumeric() || character == '_');
        if end && !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        match character {
            '\'' | '"' | '`' => {
                for inner in characters.by_ref() {
                    if inner == character {
                        break;
                    }
                }
                found.push("?".to_owned());
            }
            '-' if characters.peek() == Some(&'-') => {
                for inner in characters.by_ref() {
                    if inner == '\n' {
                        break;
                    }
                }
            }
            '/' if characters.peek() == Some(&'*') => {
                let mut before = ' ';
                for inner in characters.by_ref().skip(1) {
                    if before == '*' && inner == '/' {
                        break;
                    }
                    before = inner;
                }
            }
            ';' => found.push(";".to_owned()),
            crate::facts::HOLE => found.push("?".to_owned()),
            _ if !end => word.extend(character.to_lowercase()),
            _ => {}
        }
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::destroys;

    #[test]
    fn what_destroys_is_told_from_what_does_not() {
        for text in [
            "DROP TABLE users",
            "drop schema public cascade",
            "TRUNCATE \"User\"",
            "select 1; delete from a",
            "DELETE FROM \"a\" ;",
            "/* x */ -- y\n DROP DATABASE a",
            "ALTER TABLE a DROP COLUMN b",
            "delete from a -- where b",
        ] {
            assert!(destroys(text).is_some(), "{text}");
        }
        for text in [
            "DELETE FROM a WHERE b = 1",
            "SELECT 'DROP TABLE users'",
            "-- DROP TABLE a",
            "drop",
            "truncate",
            "dropdown list",
            "INSERT INTO a VALUES ('x; delete from b')",
            "delete",
            "/* DROP TABLE a */ select 1",
            "Drop a file here",
        ] {
            assert!(destroys(text).is_none(), "{text}");
        }
    }
}
