//! The `datasource` blocks of schema.prisma, by a small tokenizer: comments, strings, blocks.
//!
//! Knows no variables: it says which one a value names.

/// A value of a datasource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A string.
    Literal(String),
    /// `env("NAME")`.
    Variable(String),
    /// Anything else.
    Other,
}

#[derive(Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
    LineEnd,
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '/' if characters.peek() == Some(&'/') => while characters.next_if(|next| *next != '\n').is_some() {},
            '/' if characters.peek() == Some(&'*') => {
                characters.next();
                let mut last = ' ';
                for next in characters.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
            }
            '\n' => tokens.push(Token::LineEnd),
            '"' => {
                let mut value = String::new();
                while let Some(next) = characters.next_if(|next| *next != '\n') {
                    match next {
                        '"' => break,
                        '\\' => match characters.next() {
                            Some('n') => value.push('\n'),
                            Some('t') => value.push('\t'),
                            Some('r') => value.push('\r'),
                            Some(other) => value.push(other),
                            None => {}
                        },
                        other => value.push(other),
                    }
                }
                tokens.push(Token::Text(value));
            }
            _ if character.is_whitespace() => {}
            _ if character.is_alphanumeric() || character == '_' => {
                let mut word = String::from(character);
                while let Some(next) = characters.next_if(|next| next.is_alphanumeric() || matches!(next, '_' | '-')) {
                    word.push(next);
                }
                tokens.push(Token::Word(word));
            }
            other => tokens.push(Token::Sign(other)),
        }
    }
    tokens
}

/// The entries of every datasource block, in order: `("url", env("DATABASE_URL"))`.
pub(super) fn datasource(text: &str) -> Vec<(String, Value)> {
    let tokens = tokens(text);
    let mut entries = Vec::new();
    let mut depth = 0_usize;
    let mut inside = false;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Sign('{') => depth += 1,
            Token::Sign('}') => {
                depth = depth.saturating_sub(1);
                inside = inside && depth > 0;
            }
            Token::Word(word) if depth == 0 && word == "datasource" => inside = true,
            Token::Word(word) if inside && depth == 1 && tokens.get(at + 1) == Some(&Token::Sign('=')) => {
                let end = tokens
                    .iter()
                    .skip(at)
                    .position(|token| matches!(token, Token::LineEnd | Token::Sign('}')))
                    .map_or(tokens.len(), |n| at + n);
                let value = match tokens.get(at + 2..end) {
                    Some([Token::Text(text)]) => Value::Literal(text.clone()),
                    Some([Token::Word(env), Token::Sign('('), Token::Text(name), Token::Sign(')')]) if env == "env" => {
                        Value::Variable(name.clone())
                    }
                    _ => Value::Other,
                };
                entries.push((word.clone(), value));
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::{Value, datasource};

    #[test]
    fn comments_strings_and_other_blocks_do_not_deceive() {
        let text = "// datasource x { url = \"decoy\" }\n/* datasource y {\n url = \"decoy\" } */\nmodel A { url String @default(\"datasource z { url = 1 }\") }\ndatasource db {\n  provider = \"postgresql\" // url = \"decoy\"\n  url = env(\"DATABASE_URL\")\n  directUrl=\"file:./a\\\"b//c\"\n  shadowDatabaseUrl = env(NAME)\n}\nmodel url { url String }";
        assert_eq!(
            datasource(text),
            [
                ("provider".to_owned(), Value::Literal("postgresql".to_owned())),
                ("url".to_owned(), Value::Variable("DATABASE_URL".to_owned())),
                ("directUrl".to_owned(), Value::Literal("file:./a\"b//c".to_owned())),
                ("shadowDatabaseUrl".to_owned(), Value::Other),
            ]
        );
        assert_eq!(datasource("datasource db\n{ url = \"x\" }"), [("url".to_owned(), Value::Literal("x".to_owned()))]);
        assert!(datasource("datasource").is_empty() && datasource("\"").is_empty());
    }
}
