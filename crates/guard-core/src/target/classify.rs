//! From a connection string to a class: cleaned, read by its provider's file, each place compared with the policy and with what is local; the most
//! dangerous place decides.

use super::{
    Class, ConnectionString, DatabaseTarget, Endpoint, Provider, Surroundings, local, matching, mysql, other,
    postgresql, sqlite, text,
};
use std::collections::HashSet;

/// What a provider's file made of a string.
pub(super) struct Reading {
    pub(super) provider: Provider,
    pub(super) endpoints: Vec<Endpoint>,
    seen: HashSet<Endpoint>,
    /// User names that a driver may use: for a pooler's reference only, never shown.
    pub(super) users: Vec<String>,
    /// More names stand there than are compared, and a driver may take any of them: the string is refused, never read in part.
    pub(super) overflow: bool,
    /// Why the hosts do not say which database it is, where they don't.
    pub(super) opaque: Option<&'static str>,
    /// SQLite in memory: nothing outlives the process.
    pub(super) in_memory: bool,
}

impl Reading {
    pub(super) fn new(provider: Provider) -> Self {
        Reading {
            provider,
            endpoints: Vec::new(),
            seen: HashSet::new(),
            users: Vec::new(),
            overflow: false,
            opaque: None,
            in_memory: false,
        }
    }

    pub(super) fn opaque(self, why: &'static str) -> Self {
        Reading { opaque: Some(why), ..self }
    }

    pub(super) fn in_memory(self) -> Self {
        Reading { in_memory: true, ..self }
    }

    pub(super) fn add_user(&mut self, user: &str) {
        if user.is_empty() || self.users.iter().any(|known| known == user) {
            return;
        }
        if self.users.len() < 8 {
            self.users.push(user.to_owned());
        } else {
            self.overflow = true;
        }
    }

    /// A place under each of these database names; under none where there are none.
    pub(super) fn add(&mut self, endpoint: &Endpoint, databases: &[String]) {
        self.overflow |= databases.len() > 4;
        let mut names: Vec<Option<String>> = databases.iter().take(4).cloned().map(Some).collect();
        if names.is_empty() {
            names.push(endpoint.database.clone());
        }
        for database in names {
            let endpoint = Endpoint { database, ..endpoint.clone() };
            if self.seen.insert(endpoint.clone()) {
                self.endpoints.push(endpoint);
            }
        }
    }
}

/// What one place is.
pub(super) struct Verdict {
    pub(super) class: Class,
    pub(super) environment: Option<String>,
    pub(super) matched: Option<String>,
    pub(super) reason: String,
}

pub(super) fn classify(url: &str, source: &str, surroundings: &Surroundings<'_>) -> DatabaseTarget {
    let mut target = DatabaseTarget {
        class: Class::Invalid,
        environment: None,
        provider: None,
        endpoints: Vec::new(),
        source: source.to_owned(),
        url: ConnectionString::new(url),
        redacted: "…".to_owned(),
        matched: None,
        reason: String::new(),
    };
    let reading = if url.len() > text::LONGEST { Err("it is longer than 64 KiB") } else { read(url, surroundings) };
    let reading = match reading {
        Ok(reading) if reading.overflow => {
            "the connection string cannot be read: it names more than eight users or four databases"
                .clone_into(&mut target.reason);
            return target;
        }
        Ok(reading) => reading,
        Err(why) => {
            target.reason = format!("the connection string cannot be read: {why}");
            return target;
        }
    };
    target.provider = Some(reading.provider);
    target.redacted = redacted(&reading);
    let verdict = verdict(&reading, surroundings);
    target.class = verdict.class;
    target.environment = verdict.environment;
    target.matched = verdict.matched;
    target.reason = verdict.reason;
    target.endpoints = reading.endpoints;
    target
}

fn read(url: &str, surroundings: &Surroundings<'_>) -> Result<Reading, &'static str> {
    let url = text::clean(url);
    if url.is_empty() {
        return Err("it is empty");
    }
    if url == ":memory:" {
        return Ok(Reading::new(Provider::Sqlite).in_memory());
    }
    let url = url.strip_prefix("jdbc:").unwrap_or(&url);
    let (scheme, rest) = text::scheme(url).ok_or("it does not start with a scheme such as `postgresql:` or `file:`")?;
    match scheme.as_str() {
        "postgres" | "postgresql" => postgresql::read(Provider::Postgresql, rest, surroundings.environment),
        "cockroachdb" => postgresql::read(Provider::Cockroachdb, rest, surroundings.environment),
        "socket" => postgresql::read_socket(rest),
        "mysql" | "mariadb" | "mysql2" => mysql::read(rest),
        "file" | "sqlite" => sqlite::read_file(rest, surroundings.base),
        "libsql" | "http" | "https" | "ws" | "wss" => sqlite::read_server(&scheme, rest),
        "sqlserver" => other::read_sqlserver(rest),
        "mongodb" => other::read_mongodb(rest, false),
        "mongodb+srv" => other::read_mongodb(rest, true),
        "prisma" => other::read_prisma(rest, None),
        "prisma+postgres" | "prisma+postgresql" => other::read_prisma(rest, Some(surroundings.environment)),
        _ => Err("its scheme is none that Prisma's connectors know"),
    }
}

/// How dangerous a class is; the most dangerous place decides.
const fn danger(class: Class) -> u8 {
    match class {
        Class::Production => 4,
        Class::Invalid => 3,
        Class::Unknown => 2,
        Class::NonProduction => 1,
        Class::Local | Class::None => 0,
    }
}

fn verdict(reading: &Reading, surroundings: &Surroundings<'_>) -> Verdict {
    let patterns = matching::Patterns::of(surroundings.policy);
    let mut locality = local::Locality::new(surroundings);
    let mut worst: Option<Verdict> = None;
    for endpoint in &reading.endpoints {
        let verdict = patterns.verdict(endpoint, &reading.users).unwrap_or_else(|| match reading.opaque {
            Some(why) => Verdict::plain(Class::Unknown, format!("{} is not declared, and {why}", name(endpoint))),
            None => locality.verdict(endpoint, reading),
        });
        if worst.as_ref().is_none_or(|worst| danger(verdict.class) > danger(worst.class)) {
            worst = Some(verdict);
        }
        if worst.as_ref().is_some_and(|worst| worst.class == Class::Production) {
            break;
        }
    }
    worst.unwrap_or_else(|| {
        if reading.in_memory {
            Verdict::plain(Class::Local, "the database is in memory and ends with the process")
        } else {
            Verdict::plain(Class::Invalid, "the connection string names no database")
        }
    })
}

impl Verdict {
    pub(super) fn plain(class: Class, reason: impl Into<String>) -> Self {
        Verdict { class, environment: None, matched: None, reason: reason.into() }
    }
}

/// A place for people.
pub(super) fn name(endpoint: &Endpoint) -> String {
    match (&endpoint.host, &endpoint.socket, &endpoint.database) {
        (Some(host), _, _) => host.clone(),
        (None, Some(socket), _) => format!("the socket {socket}"),
        (None, None, Some(file)) => format!("the file {file}"),
        (None, None, None) => "the database".to_owned(),
    }
}

/// Made from what was read, so that nothing of user, password and parameters can be in it.
fn redacted(reading: &Reading) -> String {
    let scheme = match reading.provider {
        Provider::Postgresql => "postgresql",
        Provider::Mysql => "mysql",
        Provider::Sqlserver => "sqlserver",
        Provider::Mongodb => "mongodb",
        Provider::Sqlite => "libsql",
        Provider::Cockroachdb => "cockroachdb",
        Provider::Prisma => "prisma",
    };
    let Some(first) = reading.endpoints.first() else { return "file::memory:".to_owned() };
    if reading.provider == Provider::Sqlite && first.host.is_none() {
        return format!("file:{}", printable(first.database.as_deref().unwrap_or_default()));
    }
    let mut places: Vec<String> = Vec::new();
    for endpoint in &reading.endpoints {
        let port = endpoint.port.map_or_else(String::new, |port| format!(":{port}"));
        let place = match (&endpoint.host, &endpoint.socket) {
            (Some(host), _) if host.contains(':') => format!("[{host}]{port}"),
            (Some(host), _) => format!("{host}{port}"),
            (None, socket) => format!("({})", socket.as_deref().unwrap_or_default()),
        };
        if !places.contains(&place) {
            places.push(place);
        }
        if places.len() > 4 {
            places.truncate(4);
            places.push("…".to_owned());
            break;
        }
    }
    let database = first.database.as_ref().map_or_else(String::new, |name| format!("/{name}"));
    printable(&format!("{scheme}://{}{database}", places.join(",")))
}

/// Without control characters, and not longer than a person reads.
fn printable(text: &str) -> String {
    let mut shown: String =
        text.chars().take(300).map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect();
    if text.chars().nth(300).is_some() {
        shown.push('…');
    }
    shown
}

pub(super) fn declaration_line(target: &DatabaseTarget) -> Option<String> {
    if target.class != Class::Unknown {
        return None;
    }
    let mut names: Vec<String> = Vec::new();
    for endpoint in &target.endpoints {
        let name = match (&endpoint.host, &endpoint.database) {
            (Some(host), _) if host.contains(':') => format!("[{host}]"),
            (Some(host), _) => host.clone(),
            (None, Some(file)) if endpoint.socket.is_none() => format!("file:{file}"),
            _ => continue,
        };
        if !names.contains(&name) && names.len() < 8 {
            names.push(name);
        }
    }
    let list = serde_json::to_string(&names).ok().filter(|_| !names.is_empty())?;
    Some(format!("\"nonProduction\": {{ \"databases\": {} }}", list.replace("\",\"", "\", \"")))
}
