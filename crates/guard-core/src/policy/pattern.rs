//! A pattern of `databases`, taken apart: `host[:port][/database][#reference]`, `*.host`, `file:path`, `sha256:…`.
//!
//! Knows only the pattern's own text; what it matches is decided where targets are classed.

use super::host;
use crate::digest::Digest;

/// One pattern of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// A database behind a host.
    Network(NetworkPattern),
    /// A SQLite file, relative to the policy or absolute.
    File(String),
    /// SHA-256 of a pattern in lower case, where the name shall not stand in the repository.
    Digest(Digest),
}

/// A database behind a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPattern {
    /// The host in canonical form, without `*.`.
    pub host: String,
    /// Whether it stood behind `*.`: every subdomain, not the host itself.
    pub subdomains: bool,
    /// The port; any where there is none.
    pub port: Option<u16>,
    /// The database; any where there is none.
    pub database: Option<String>,
    /// Text in the user name: a pooler's reference to the project.
    pub reference: Option<String>,
}

/// Takes a pattern apart.
///
/// # Errors
/// One sentence for a person: what is wrong with it, without final full stop.
pub fn parse(text: &str) -> Result<Pattern, String> {
    if text.trim() != text || text.is_empty() {
        return Err("a pattern is not empty and has no space around it".to_owned());
    }
    if let Some(hexadecimal) = strip_prefix_ignoring_case(text, "sha256:") {
        return Digest::from_hexadecimal(&hexadecimal.to_ascii_lowercase())
            .map(Pattern::Digest)
            .ok_or_else(|| "`sha256:` is followed by 64 hexadecimal digits".to_owned());
    }
    if let Some(path) = strip_prefix_ignoring_case(text, "file:") {
        let path = path.strip_prefix("//").filter(|rest| rest.starts_with('/')).unwrap_or(path);
        if path.is_empty() || path.starts_with("//") || path.contains(['\0', '?']) {
            return Err("`file:` is followed by a path, relative to the policy or absolute".to_owned());
        }
        return Ok(Pattern::File(path.to_owned()));
    }
    network(text).map(Pattern::Network)
}

fn network(text: &str) -> Result<NetworkPattern, String> {
    if text.contains("://") {
        return Err("a pattern is the host alone, without scheme, user name and password".to_owned());
    }
    if text.contains(|character: char| {
        character.is_whitespace() || character.is_control() || "@?\\,\"'".contains(character)
    }) {
        return Err("a pattern is `host[:port][/database]` and holds no user name, list, quote or space".to_owned());
    }
    let (rest, reference) = match text.split_once('#') {
        Some((rest, reference)) => (rest, Some(non_empty(reference, "`#` is followed by text of the user name")?)),
        None => (text, None),
    };
    let (authority, database) = match rest.split_once('/') {
        Some((authority, database)) => {
            let database = non_empty(database, "`/` is followed by the name of a database")?;
            if database.contains('/') {
                return Err("a pattern names one database after one `/`".to_owned());
            }
            (authority, Some(database))
        }
        None => (rest, None),
    };
    let (written_host, port) = split_port(authority)?;
    let (subdomains, plain) = match written_host.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, written_host),
    };
    if plain.contains('*') {
        return Err("`*` stands only at the start, as `*.` for every subdomain".to_owned());
    }
    let host = host::canonical(plain);
    if host.is_empty() || host.starts_with('.') || host.contains("..") {
        return Err("a pattern starts with a host".to_owned());
    }
    if host.parse::<std::net::Ipv6Addr>().is_err() && host.contains([':', '[', ']', '%']) {
        return Err("the host is not one: an IPv6 address stands in brackets, a port is a number".to_owned());
    }
    if subdomains && host::is_address(&host) {
        return Err("an address has no subdomains".to_owned());
    }
    Ok(NetworkPattern { host, subdomains, port, database, reference })
}

fn non_empty(text: &str, otherwise: &str) -> Result<String, String> {
    if text.is_empty() { Err(otherwise.to_owned()) } else { Ok(text.to_owned()) }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), String> {
    let (host, port) = if let Some(end) = authority.strip_prefix('[').and(authority.find(']')) {
        let (host, rest) = authority.split_at(end + 1);
        match rest {
            "" => (host, None),
            rest => match rest.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None => return Err("an IPv6 address in brackets is followed by `:port` or `/database`".to_owned()),
            },
        }
    } else if authority.parse::<std::net::Ipv6Addr>().is_ok() {
        (authority, None)
    } else {
        match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        }
    };
    match port {
        None => Ok((host, None)),
        Some(text) => match text.parse::<u16>() {
            Ok(port) if port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok((host, Some(port))),
            _ => Err("a port is a number from 1 to 65535".to_owned()),
        },
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| text.get(prefix.len()..)).flatten()
}

impl std::fmt::Display for Pattern {
    /// The canonical text of the pattern: two patterns that mean the same write the same.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Pattern::Digest(digest) => write!(formatter, "sha256:{digest}"),
            Pattern::File(path) => write!(formatter, "file:{}", path.trim_start_matches("./")),
            Pattern::Network(network) => {
                let star = if network.subdomains { "*." } else { "" };
                if network.host.contains(':') {
                    write!(formatter, "{star}[{}]", network.host)?;
                } else {
                    write!(formatter, "{star}{}", network.host)?;
                }
                if let Some(port) = network.port {
                    write!(formatter, ":{port}")?;
                }
                if let Some(database) = &network.database {
                    write!(formatter, "/{database}")?;
                }
                match &network.reference {
                    Some(reference) => write!(formatter, "#{reference}"),
                    None => Ok(()),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{NetworkPattern, Pattern, parse};

    fn network(text: &str) -> NetworkPattern {
        match parse(text).expect(text) {
            Pattern::Network(network) => network,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn a_pattern_is_taken_apart_into_its_named_parts() {
        let whole = network("*.Prod.Example.NET.:6432/shop#qdrk");
        assert_eq!((whole.host.as_str(), whole.subdomains, whole.port), ("prod.example.net", true, Some(6432)));
        assert_eq!((whole.database.as_deref(), whole.reference.as_deref()), (Some("shop"), Some("qdrk")));
        assert_eq!(network("[::1]:5432").host, "::1");
        assert_eq!(network("::1").port, None);
        assert_eq!(network("bücher.example").host, "xn--bcher-kva.example");
        assert_eq!(parse("file:///srv/shop.db"), Ok(Pattern::File("/srv/shop.db".to_owned())));
        assert_eq!(parse("file:prisma/shop.db"), Ok(Pattern::File("prisma/shop.db".to_owned())));
    }

    #[test]
    fn a_pattern_that_could_match_nothing_or_everything_is_an_error() {
        let long = format!("sha256:{}", "g".repeat(64));
        for text in [
            "",
            " ",
            "*",
            "*.",
            "*.*.example.com",
            "db.*.com",
            "postgresql://db.example.com",
            "user@db.example.com",
            "db:0",
            "db:65536",
            "db:port",
            "db:",
            "db/",
            "db/a/b",
            "db#",
            "a,b",
            "a b",
            "file:",
            "sha256:",
            "sha256:abc",
            &long,
            "[::1",
            "[::1]5432",
            "*.127.0.0.1",
            ".example.com",
            "db..example.com",
            "/shop",
            ":5432",
            "db.example.com?x=1",
            "+1:+5",
        ] {
            assert!(parse(text).is_err(), "{text}: {:?}", parse(text));
        }
    }

    #[test]
    fn the_written_form_of_a_pattern_reads_back_as_the_same() {
        for text in ["db.example.com", "*.db.example.com:1/x#y", "[::1]:5432/a", "file:/a/b.db", "127.0.0.1"] {
            let pattern = parse(text).unwrap();
            assert_eq!(pattern.to_string(), text);
            assert_eq!(parse(&pattern.to_string()), Ok(pattern));
        }
        assert_eq!(parse("127.1").unwrap().to_string(), "127.0.0.1");
    }
}
