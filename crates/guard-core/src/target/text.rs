//! The text of a connection string taken apart as the URL Standard takes apart a URL whose scheme it does not know, without failing on what a
//! driver would forgive. Linear in the length.

/// Longer strings are not read at all: 64 KiB.
pub(super) const LONGEST: usize = 64 * 1024;

/// The parts of `scheme://authority/path?query#fragment`, as written.
#[derive(Clone, Copy)]
pub(super) struct Parts<'a> {
    pub(super) user: &'a str,
    pub(super) hosts: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

/// A string without what `.env` files, shells and copying leave around it: spaces, quotes, and the line breaks that URL parsers skip.
pub(super) fn clean(url: &str) -> String {
    let around =
        |character: char| character.is_whitespace() || character.is_control() || "\"'`\u{feff}".contains(character);
    url.trim_matches(around).chars().filter(|character| !matches!(character, '\t' | '\r' | '\n')).collect()
}

/// The scheme in lower case, and what follows its colon.
pub(super) fn scheme(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    let right = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    right.then(|| (scheme.to_ascii_lowercase(), rest))
}

/// Takes apart what follows the scheme's colon.
pub(super) fn parts(rest: &str) -> Result<Parts<'_>, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("`//` does not follow the scheme")?;
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let misplaced = "an `@` stands behind the host: a `/`, `?` or `#` in a password must be percent-encoded";
    if fragment.contains('@') {
        return Err(misplaced);
    }
    let before_value = query.split('=').next().unwrap_or_default();
    if !authority.contains('@') && (path.contains('@') || before_value.contains('@')) {
        return Err(misplaced);
    }
    if authority.contains('\\') {
        return Err("a backslash stands before the host's end");
    }
    let (credentials, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let user = credentials.split(':').next().unwrap_or_default();
    Ok(Parts { user, hosts, path, query })
}

/// Percent-decoding; `+` stays. What is no UTF-8 is read lossily, and a lone `%` stays.
pub(super) fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if let (b'%', Some(high), Some(low)) = (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            decoded.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The parameters of a query, decoded, with names in lower case.
pub(super) fn parameters(query: &str) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (name.to_ascii_lowercase(), value.into_owned()))
}

/// One host of a list and its port, as written. The port is `Err` where it is no number from 0 to 65535.
pub(super) fn host_and_port(item: &str) -> Result<(&str, Option<u16>), &'static str> {
    let (host, port) = match item.strip_prefix('[').and_then(|_| item.find(']')) {
        Some(end) => match item.get(end + 1..) {
            None | Some("") => (item, ""),
            Some(rest) => (
                item.get(..=end).unwrap_or(item),
                rest.strip_prefix(':').ok_or("something follows the bracket of an address")?,
            ),
        },
        None => item.rsplit_once(':').unwrap_or((item, "")),
    };
    if !host.starts_with('[') && host.contains(':') {
        return Err(
            "the host holds a `:`; an IPv6 address stands in brackets, and a `:` in a password must be percent-encoded",
        );
    }
    if port.is_empty() {
        return Ok((host, None));
    }
    match port.parse::<u16>() {
        Ok(number) if port.bytes().all(|byte| byte.is_ascii_digit()) => Ok((host, Some(number))),
        _ => Err("the port is not a number from 1 to 65535"),
    }
}

/// Whether a decoded host could be one: no space, no separator of a URL, no control character.
pub(super) fn is_host(host: &str) -> bool {
    !host.is_empty()
        && !host.contains(|character: char| {
            character.is_whitespace() || character.is_control() || "/?#@\\,<>^|\"'`{}".contains(character)
        })
}
