//! A command line for people: no connection string, no token, nothing that moves a terminal's cursor.
//!
//! Knows only how secrets look; when in doubt an argument is shown as `…`.

/// Options whose value is never shown.
const SECRET_OPTIONS: &[&str] =
    &["--url", "--from-url", "--to-url", "--shadow-database-url", "--api-key", "--token", "--password", "--database"];

/// Words that a secret travels with.
const SECRET_WORDS: &[&str] = &["password", "passwd", "pwd=", "secret", "token", "api_key", "apikey", "api-key"];

/// `prisma` and its arguments, each as it is shown.
pub(super) fn command(arguments: &[String]) -> String {
    let mut shown = String::from("prisma");
    let mut hide_next = false;
    for argument in arguments {
        shown.push(' ');
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) if argument.starts_with("--") => (name, Some(value)),
            _ => (argument.as_str(), None),
        };
        if hide_next {
            shown.push('…');
            hide_next = false;
        } else if SECRET_OPTIONS.contains(&name) {
            shown.push_str(name);
            shown.push_str(if value.is_some() { "=…" } else { "" });
            hide_next = value.is_none();
        } else if let Some(value) = value
            && looks_secret(value)
            && !looks_secret(name)
        {
            shown.push_str(&plain(name));
            shown.push_str("=…");
        } else if looks_secret(argument) {
            shown.push('…');
        } else if argument.is_empty() {
            shown.push_str("''");
        } else {
            shown.push_str(&plain(argument));
        }
        if shown.len() > 400 {
            shown.push_str(" …");
            break;
        }
    }
    shown
}

/// Whether an argument may be a connection string.
pub(super) fn looks_like_url(value: &str) -> bool {
    value.contains("://") || value.starts_with("file:") || value.starts_with("sqlserver:") || value.starts_with("jdbc:")
}

fn looks_secret(value: &str) -> bool {
    let lower = value.to_lowercase();
    value.contains("://")
        || value.contains('@')
        || lower.starts_with("jdbc:")
        || SECRET_WORDS.iter().any(|word| lower.contains(word))
        || (value.len() >= 32
            && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')))
        || (value.starts_with("eyJ") && value.contains('.'))
}

fn plain(text: &str) -> String {
    text.chars().take(120).map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect()
}
