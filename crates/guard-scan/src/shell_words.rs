//! A shell's command line taken apart: commands, their assignments and their words, as POSIX (XCU 2) splits them, without
//! running anything. What only a run would tell (a variable, a substitution) becomes [`HOLE`].
//!
//! Knows no program: what a command means is [`crate::prisma_command`]'s.

use crate::facts::HOLE;

/// How deep substitutions are read.
const DEEPEST: usize = 6;
/// Words after which a command begins (XCU 2.4).
const RESERVED: [&str; 13] =
    ["if", "then", "else", "elif", "fi", "do", "done", "while", "until", "!", "{", "}", "time"];

/// One command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ShellCommand {
    /// `NAME=value` before the program.
    pub(crate) assignments: Vec<(String, String)>,
    /// The program and its arguments.
    pub(crate) words: Vec<String>,
}

/// The commands of a text, those inside `$(…)` and backticks too.
pub(crate) fn commands(text: &str) -> Vec<ShellCommand> {
    let mut found = Vec::new();
    read(text, 0, &mut found);
    found
}

fn read(text: &str, depth: usize, found: &mut Vec<ShellCommand>) {
    let mut splitter = Splitter { rest: text.chars().collect(), at: 0, depth, found, tokens: Vec::new() };
    splitter.run();
}

struct Splitter<'a> {
    rest: Vec<char>,
    at: usize,
    depth: usize,
    found: &'a mut Vec<ShellCommand>,
    tokens: Vec<String>,
}

impl Splitter<'_> {
    fn peek(&self) -> Option<char> {
        self.rest.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let character = self.peek();
        self.at += usize::from(character.is_some());
        character
    }

    fn run(&mut self) {
        while let Some(character) = self.peek() {
            match character {
                ' ' | '\t' | '\r' => self.at += 1,
                // A line that goes on.
                '\\' if self.rest.get(self.at + 1) == Some(&'\n') => self.at += 2,
                '\n' | ';' | '|' | '&' | '(' | ')' => {
                    self.at += 1;
                    self.end_command();
                }
                '<' | '>' => self.redirection(),
                '#' => {
                    while self.peek().is_some_and(|character| character != '\n') {
                        self.at += 1;
                    }
                }
                _ => {
                    let word = self.word();
                    self.tokens.push(word);
                }
            }
        }
        self.end_command();
    }

    /// `> file`, `2>&1`, `<<< word`: neither the sign nor its operand is an argument.
    fn redirection(&mut self) {
        if self.tokens.last().is_some_and(|word| word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_digit())) {
            self.tokens.pop();
        }
        while self.peek().is_some_and(|character| matches!(character, '<' | '>' | '&' | '|')) {
            self.at += 1;
        }
        while self.peek().is_some_and(|character| matches!(character, ' ' | '\t')) {
            self.at += 1;
        }
        if self.peek().is_some_and(|character| !matches!(character, '\n' | ';' | '|' | '&' | '(' | ')')) {
            let _operand = self.word();
        }
    }

    fn word(&mut self) -> String {
        let mut word = String::new();
        while let Some(character) = self.peek() {
            match character {
                ' ' | '\t' | '\r' | '\n' | ';' | '|' | '&' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    self.at += 1;
                    while let Some(inner) = self.next() {
                        if inner == '\'' {
                            break;
                        }
                        word.push(inner);
                    }
                }
                '"' => {
                    self.at += 1;
                    self.double_quoted(&mut word);
                }
                '\\' => {
                    self.at += 1;
                    match self.next() {
                        Some('\n') | None => {}
                        Some(escaped) => {
                            // A path of Windows: `node_modules\.bin\prisma`. In a POSIX shell the sign would vanish.
                            if escaped.is_alphanumeric() || escaped == '.' || escaped == '@' {
                                word.push('\u{0}');
                            }
                            word.push(escaped);
                        }
                    }
                }
                '$' => {
                    self.at += 1;
                    self.dollar(&mut word);
                }
                '`' => {
                    self.at += 1;
                    self.backticks(&mut word);
                }
                other => {
                    self.at += 1;
                    word.push(other);
                }
            }
        }
        word
    }

    fn double_quoted(&mut self, word: &mut String) {
        while let Some(character) = self.next() {
            match character {
                '"' => break,
                '\\' => match self.next() {
                    Some(escaped @ ('"' | '\\' | '$' | '`')) => word.push(escaped),
                    Some('\n') | None => {}
                    Some(other) => {
                        word.push('\\');
                        word.push(other);
                    }
                },
                '$' => self.dollar(word),
                '`' => self.backticks(word),
                other => word.push(other),
            }
        }
    }

    fn dollar(&mut self, word: &mut String) {
        match self.peek() {
            Some('(') => {
                self.at += 1;
                let inner = self.until_closed('(', ')');
                self.nested(&inner);
                word.push(HOLE);
            }
            Some('{') => {
                self.at += 1;
                let _name = self.until_closed('{', '}');
                word.push(HOLE);
            }
            Some(character) if character.is_ascii_alphanumeric() || "_@*#?$!-".contains(character) => {
                self.at += 1;
                if character.is_ascii_alphabetic() || character == '_' {
                    while self.peek().is_some_and(|next| next.is_ascii_alphanumeric() || next == '_') {
                        self.at += 1;
                    }
                }
                word.push(HOLE);
            }
            _ => word.push('$'),
        }
    }

    fn backticks(&mut self, word: &mut String) {
        let mut inner = String::new();
        while let Some(character) = self.next() {
            if character == '`' {
                break;
            }
            inner.push(character);
        }
        self.nested(&inner);
        word.push(HOLE);
    }

    fn nested(&mut self, text: &str) {
        if self.depth < DEEPEST {
            read(text, self.depth + 1, self.found);
        }
    }

    fn until_closed(&mut self, open: char, close: char) -> String {
        let mut depth = 1;
        let mut inner = String::new();
        while let Some(character) = self.next() {
            if character == open {
                depth += 1;
            } else if character == close {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            inner.push(character);
        }
        inner
    }

    fn end_command(&mut self) {
        let mut command = ShellCommand::default();
        for token in self.tokens.drain(..) {
            if command.words.is_empty() {
                if RESERVED.contains(&token.as_str()) {
                    continue;
                }
                if let Some((name, value)) = assignment(&token) {
                    command.assignments.push((name.to_owned(), plain(value)));
                    continue;
                }
            }
            command.words.push(token);
        }
        command.words = command.words.iter().map(|word| plain(word)).collect();
        if !command.words.is_empty() || !command.assignments.is_empty() {
            self.found.push(command);
        }
    }
}

/// A word with its marked backslashes resolved: kept where the word is a path of Windows, gone where a shell would take them away.
fn plain(word: &str) -> String {
    let windows = word.contains("\u{0}.bin\u{0}") || word.contains("node_modules\u{0}") || word.starts_with(".\u{0}");
    if windows { word.replace('\u{0}', "\\") } else { word.replace('\u{0}', "") }
}

/// `NAME=value` taken apart.
pub(crate) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let mut bytes = name.bytes();
    let right = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    right.then_some((name, value))
}

#[cfg(test)]
mod tests {
    use super::{HOLE, commands};

    fn words(text: &str) -> Vec<String> {
        commands(text).iter().map(|command| command.words.join(" ")).collect()
    }

    #[test]
    fn commands_part_at_operators_and_not_inside_quotes() {
        assert_eq!(words("a b && c;d | e\nf & g || (h)"), ["a b", "c", "d", "e", "f", "g", "h"]);
        assert_eq!(words(r#"a 'b && c' "d; e""#), ["a b && c d; e"]);
    }

    #[test]
    fn quotes_and_backslashes_do_not_hide_a_word() {
        assert_eq!(words(r#"npx pri"sma" mig'ra'te dep\loy"#), ["npx prisma migrate deploy"]);
        assert_eq!(words("npx prisma \\\n migrate deploy"), ["npx prisma migrate deploy"]);
        assert_eq!(words(r"node_modules\.bin\prisma x"), [r"node_modules\.bin\prisma x"]);
    }

    #[test]
    fn substitutions_are_commands_of_their_own_and_a_hole_in_the_word() {
        assert_eq!(
            words("a $(b c) `d` x${Y}z"),
            ["b c".to_owned(), "d".to_owned(), format!("a {HOLE} {HOLE} x{HOLE}z")]
        );
    }

    #[test]
    fn assignments_stand_before_the_program_only() {
        let found = commands("A=1 B='x y' run C=2");
        assert_eq!(found[0].assignments, [("A".to_owned(), "1".to_owned()), ("B".to_owned(), "x y".to_owned())]);
        assert_eq!(found[0].words, ["run", "C=2"]);
    }

    #[test]
    fn comments_and_redirections_are_no_arguments() {
        assert_eq!(words("a b > out.txt 2>&1 # npx prisma migrate deploy\nc"), ["a b", "c"]);
    }

    #[test]
    fn no_text_makes_it_fail_or_hang() {
        for text in ["'", "\"", "`", "$(", "${", "\\", "$", ">", "a >", "((((", "$($($($($($($($(a"] {
            let _ = commands(text);
        }
        let deep = "$(".repeat(50_000);
        let _ = commands(&deep);
    }
}
