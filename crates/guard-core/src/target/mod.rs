//! Which database a connection string really reaches: parsed per provider as the drivers do, found in every place where Prisma
//! looks, and classed by policy, by what is provably local, and else by default as unknown.
//!
//! Knows nothing of commands and contexts: what may be done with a target is decided by the gate.

mod classify;
mod client;
mod compose;
mod env_file;
mod find;
mod local;
mod matching;
mod mysql;
mod other;
mod postgresql;
mod schema_file;
mod sqlite;
mod text;

use crate::digest::Digest;
use crate::policy::LoadedPolicy;
use crate::system::environment::Environment;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// The kinds of database that Prisma has connectors for; `Prisma` is its own service, whose database cannot be seen from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// PostgreSQL.
    Postgresql,
    /// MySQL and MariaDB.
    Mysql,
    /// Microsoft SQL Server.
    Sqlserver,
    /// MongoDB.
    Mongodb,
    /// SQLite and libSQL.
    Sqlite,
    /// CockroachDB.
    Cockroachdb,
    /// Accelerate and Prisma Postgres.
    Prisma,
}

impl Provider {
    /// The provider's published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Provider::Postgresql => "postgresql",
            Provider::Mysql => "mysql",
            Provider::Sqlserver => "sqlserver",
            Provider::Mongodb => "mongodb",
            Provider::Sqlite => "sqlite",
            Provider::Cockroachdb => "cockroachdb",
            Provider::Prisma => "prisma",
        }
    }
}

/// One place that a connection string may make a driver contact.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Endpoint {
    /// Host name or address in lower case, without a trailing dot.
    pub host: Option<String>,
    /// Port, the provider's default where the string names none.
    pub port: Option<u16>,
    /// The database's name; for SQLite the absolute path of the file.
    pub database: Option<String>,
    /// The path of a unix socket.
    pub socket: Option<String>,
}

/// What a target is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A database of a protected environment of the policy.
    Production,
    /// Declared as holding nothing that matters.
    NonProduction,
    /// Provably on this machine or in this project.
    Local,
    /// Anything else that can be read: treated as production.
    Unknown,
    /// A string that cannot be read: treated as production.
    Invalid,
    /// There is no connection string: nothing to refuse.
    None,
}

impl Class {
    /// The class's published name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Class::Production => "production",
            Class::NonProduction => "non-production",
            Class::Local => "local",
            Class::Unknown => "unknown",
            Class::Invalid => "invalid",
            Class::None => "none",
        }
    }

    /// Whether commands that develop may run on it: local or declared non-production.
    #[must_use]
    pub const fn is_free(self) -> bool {
        matches!(self, Class::NonProduction | Class::Local | Class::None)
    }
}

/// A connection string. It never shows itself: `Debug` prints nothing of it, and only [`ConnectionString::reveal`] hands it out.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ConnectionString(String);

impl ConnectionString {
    /// Takes a string into custody.
    pub fn new(url: impl Into<String>) -> Self {
        ConnectionString(url.into())
    }

    /// The string itself, secret and all: to connect with, never to print.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ConnectionString {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ConnectionString(…)")
    }
}

/// A connection string, what it reaches and why it is classed as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseTarget {
    /// The class.
    pub class: Class,
    /// The policy's name for the environment, where the class is production.
    pub environment: Option<String>,
    /// The provider, where it is known.
    pub provider: Option<Provider>,
    /// Every place that a driver may contact.
    pub endpoints: Vec<Endpoint>,
    /// Where the string was found: `argument`, `environment DATABASE_URL`, `.env DATABASE_URL`, `prisma.config.ts`, …
    pub source: String,
    /// The string itself.
    pub url: ConnectionString,
    /// For people: no user name, no password, no token.
    pub redacted: String,
    /// The pattern of the policy that matched, where one did: part of a deployment's fingerprint.
    pub matched: Option<String>,
    /// One sentence: why this class.
    pub reason: String,
}

/// What classification needs to know of its surroundings.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The policy, where there is one.
    pub policy: Option<&'a LoadedPolicy>,
    /// The project's root: the policy's folder, else that of the nearest package.json, else the working folder.
    pub root: &'a Path,
    /// The folder that relative SQLite paths start at.
    pub base: &'a Path,
    /// The variables of the process.
    pub environment: &'a Environment,
}

/// Classifies a connection string. Never fails: what cannot be read is [`Class::Invalid`], an empty string too.
#[must_use]
pub fn classify(url: &str, source: &str, surroundings: &Surroundings<'_>) -> DatabaseTarget {
    classify::classify(url, source, surroundings)
}

/// One digest over the providers, endpoints and classes of these targets, whatever their order and however often one stands there: what an
/// approval is bound to. Nothing of user, password or parameters goes into it.
#[must_use]
pub fn endpoints_identity(targets: &[DatabaseTarget]) -> Digest {
    let mut texts: Vec<String> = targets
        .iter()
        .map(|target| {
            let mut endpoints: Vec<String> = target.endpoints.iter().map(|endpoint| format!("{endpoint:?}")).collect();
            endpoints.sort();
            endpoints.dedup();
            // What cannot be read has no endpoints: there the string itself tells two apart.
            let whole = endpoints.is_empty().then(|| Digest::of(target.url.reveal().as_bytes()));
            format!("{:?} {:?} {:?} {endpoints:?} {whole:?}", target.provider, target.class, target.environment)
        })
        .collect();
    texts.sort();
    texts.dedup();
    Digest::of(format!("{texts:?}").as_bytes())
}

/// The line that declares an unknown target as holding nothing that matters, ready to paste into the policy; `None` for other classes and where
/// no host can be named.
#[must_use]
pub fn declaration_line(target: &DatabaseTarget) -> Option<String> {
    classify::declaration_line(target)
}

/// What Prisma uses a connection string for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `url`.
    Url,
    /// `directUrl`, which the CLI prefers (Prisma 5 and 6).
    DirectUrl,
    /// `shadowDatabaseUrl`, which gets wiped.
    ShadowDatabaseUrl,
}

/// A connection string as it was found, or why it was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundValue {
    /// The string.
    Given(ConnectionString),
    /// The place names a variable that is not set, or an empty string: there is nothing to connect with.
    Missing,
    /// It is computed in a way that cannot be read without running it, and why that is.
    Unreadable(String),
    /// It is handed to `databaseUrl()` of `@org/prisma-guard/config`, which decides with the real value before Prisma sees it.
    InCustody,
}

/// A place where Prisma finds a connection string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundUrl {
    /// What Prisma uses it for.
    pub role: Role,
    /// The place, for people: `--url`, `environment DATABASE_URL`, `.env DATABASE_URL`, `schema.prisma`, `prisma.config.ts`.
    pub source: String,
    /// The variable that it is read from, where there is one.
    pub variable: Option<String>,
    /// What stands there.
    pub value: FoundValue,
    /// The folder that a relative SQLite path starts at.
    pub base: PathBuf,
}

/// Where a Prisma command of some version would look for its connection strings.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    /// The working folder of the command.
    pub working_folder: &'a Path,
    /// The variables of the process.
    pub environment: &'a Environment,
    /// Prisma's major version.
    pub prisma_major: u32,
    /// `--config`, where it is given.
    pub config: Option<&'a Path>,
    /// `--schema`, where it is given.
    pub schema: Option<&'a Path>,
}

/// Every connection string that such a command would use, in Prisma's own order. Empty where no place names one.
#[must_use]
pub fn find(search: &Search<'_>) -> Vec<FoundUrl> {
    find::find(search)
}

/// What a process that is about to create a client would connect to with nothing said: the variable `DATABASE_URL` of the
/// environment, else of `.env` as Prisma and dotenv read it.
#[must_use]
pub fn find_for_client(working_folder: &Path, environment: &Environment) -> Option<FoundUrl> {
    client::find(working_folder, environment)
}
