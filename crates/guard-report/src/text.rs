//! Text made safe to show: nothing in it drives a terminal or a CI's log, and no connection string keeps its secrets.
//!
//! Knows nothing of refusals and findings.

/// The text on one line with everything escaped that is not to be seen: control characters (C0, DEL, C1), line and paragraph
/// separators, characters that change the direction of text (Unicode TR9, used by CVE-2021-42574) and those of no width. The
/// Actions runner's old command prefix, which it looks for anywhere in a line (`ActionCommand.TryParse`), is broken up too.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            hidden if is_hidden(hidden) => shown.extend(hidden.escape_unicode()),
            '[' if shown.ends_with("##") => shown.push_str("\\u{5b}"),
            other => shown.push(other),
        }
    }
    shown
}

fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with the secrets of every connection string in it replaced by `***`: what stands before the last `@` of an
/// authority, every parameter's value, and what follows `password=` or `pwd=` in the manner of SQL Server.
///
/// A connection string ends at white space, a quotation mark or the end. More than the secret may go, never less.
#[must_use]
pub fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`')).unwrap_or(after.len());
        let (url, following) = after.split_at(end);
        shown.push_str(&redact_after_scheme(url));
        rest = following;
    }
    shown.push_str(rest);
    redact_key_values(&shown)
}

fn redact_after_scheme(url: &str) -> String {
    let address = match url.rsplit_once('@') {
        Some((_, address)) => format!("***@{address}"),
        None => url.to_owned(),
    };
    match address.split_once('?') {
        Some((place, _)) => format!("{place}?***"),
        None => address,
    }
}

fn redact_key_values(text: &str) -> String {
    const KEYS: [&str; 5] = ["password=", "pwd=", "passwd=", "api_key=", "token="];
    let lower = text.to_ascii_lowercase();
    let mut shown = String::with_capacity(text.len());
    let mut from = 0;
    while let Some((start, key)) = KEYS
        .iter()
        .filter_map(|key| lower.get(from..).and_then(|rest| rest.find(key)).map(|at| (from + at, *key)))
        .min_by_key(|(at, _)| *at)
    {
        let value = start + key.len();
        let tail = text.get(value..).unwrap_or_default();
        let end = tail
            .find(|c: char| c.is_whitespace() || matches!(c, ';' | '&' | '"' | '\'' | '`' | '}'))
            .map_or(text.len(), |at| value + at);
        shown.push_str(text.get(from..value).unwrap_or_default());
        if end > value {
            shown.push_str("***");
        }
        from = end;
    }
    shown.push_str(text.get(from..).unwrap_or_default());
    shown
}

/// Breaks a text into lines of at most `width` characters at its spaces. A word that is longer stays whole: a URL or a path
/// that is cut cannot be copied.
#[must_use]
pub fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut length = 0;
    for word in text.split(' ') {
        let word_length = word.chars().count();
        if length > 0 && length + 1 + word_length > width {
            lines.push(std::mem::take(&mut line));
            length = 0;
        }
        if length > 0 {
            line.push(' ');
            length += 1;
        }
        line.push_str(word);
        length += word_length;
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::{visible, without_secrets, wrap};

    #[test]
    fn nothing_in_a_value_drives_the_terminal() {
        assert_eq!(visible("a\u{1b}[2Jb"), "a\\u{1b}[2Jb");
        assert_eq!(visible("a\r\n::error::b\u{9b}\u{7f}"), "a\\r\\n::error::b\\u{9b}\\u{7f}");
        assert_eq!(visible("x\u{202e}y\u{200b}z\u{2028}"), "x\\u{202e}y\\u{200b}z\\u{2028}");
        assert_eq!(visible("日本 é ✖"), "日本 é ✖");
    }

    #[test]
    fn nothing_in_a_value_is_a_command_of_the_runner() {
        assert_eq!(visible("##[add-mask]x"), "##\\u{5b}add-mask]x");
    }

    #[test]
    fn no_secret_of_a_connection_string_is_shown() {
        for text in [
            "postgres://u:hunter2@h/d",
            "x='postgresql://u:hun@ter2@h:1/d?sslmode=require' npx",
            "mysql://u:p/hunter2@h/d",
            "prisma://x/?api_key=hunter2",
            "sqlserver://h:1;user=sa;PassWord=hunter2;x=y",
            "https://hunter2@host",
            "a://b:hunter2@c d://e:hunter2@f",
            "--token=hunter2",
            "postgres://[::1]/d?password=hunter2&x=y",
        ] {
            let shown = without_secrets(text);
            assert!(!shown.contains("ter2"), "{shown}");
        }
        assert_eq!(without_secrets("postgres://h:5432/shop"), "postgres://h:5432/shop");
        assert_eq!(without_secrets("ü password= é"), "ü password= é");
    }

    #[test]
    fn long_text_is_wrapped_at_spaces_and_a_long_word_stays_whole() {
        assert_eq!(wrap("aa bb cc", 5), ["aa bb", "cc"]);
        assert_eq!(wrap("a bbbbbbbb c", 3), ["a", "bbbbbbbb", "c"]);
        assert_eq!(wrap("", 3), [""]);
    }
}
