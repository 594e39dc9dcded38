//! `classifyDatabaseUrl`, and the shape in which JavaScript sees a target.

use crate::here::{Here, working_folder};
use crate::speak;
use guard_core::policy::{self, LoadedPolicy};
use guard_core::system::environment::Environment;
use guard_core::target;
use napi_derive::napi;
use std::collections::HashMap;
use std::sync::Arc;

/// One place that a connection string may make a driver contact.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct Endpoint {
    /// Host name or address, in lower case.
    pub host: Option<String>,
    /// Port; the provider's default where the string names none.
    pub port: Option<u32>,
    /// The database's name; for SQLite the absolute path of its file.
    pub database: Option<String>,
    /// The path of a unix socket.
    pub socket: Option<String>,
}

/// A connection string, the database that it really reaches, and why it is classed as it is.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct DatabaseTarget {
    /// `none`: no connection string was found, so there is nothing to refuse.
    #[napi(ts_type = "'production' | 'non-production' | 'local' | 'unknown' | 'invalid' | 'none'")]
    pub class: String,
    /// The policy's name for the environment, where `class` is `production`.
    pub environment: Option<String>,
    /// The kind of database, where it is known.
    #[napi(ts_type = "'postgresql' | 'mysql' | 'sqlserver' | 'mongodb' | 'sqlite' | 'cockroachdb' | 'prisma' | null")]
    pub provider: Option<String>,
    /// Every place that a driver may contact.
    pub endpoints: Vec<Endpoint>,
    /// Where the string was found: `argument`, `environment DATABASE_URL`, `.env DATABASE_URL`, `prisma.config.ts`, …
    pub source: String,
    /// The connection string itself, for the caller to connect with: never print it.
    pub url: String,
    /// For people: no user name, no password, no token.
    pub redacted: String,
    /// One sentence: why this class.
    pub reason: String,
}

impl From<target::DatabaseTarget> for DatabaseTarget {
    fn from(target: target::DatabaseTarget) -> Self {
        let endpoint = |endpoint: target::Endpoint| Endpoint {
            host: endpoint.host,
            port: endpoint.port.map(u32::from),
            database: endpoint.database,
            socket: endpoint.socket,
        };
        DatabaseTarget {
            class: target.class.name().to_owned(),
            environment: target.environment,
            provider: target.provider.map(|provider| provider.name().to_owned()),
            endpoints: target.endpoints.into_iter().map(endpoint).collect(),
            source: target.source,
            url: target.url.reveal().to_owned(),
            redacted: target.redacted,
            reason: target.reason,
        }
    }
}

/// What `classifyDatabaseUrl` may be told.
#[napi(object, object_to_js = false)]
pub struct ClassifyOptions {
    /// A policy to classify by, as it would stand in prisma-guard.json; without it, the project's own.
    #[napi(ts_type = "object")]
    pub policy: Option<serde_json::Value>,
    /// Environment variables to classify by, instead of the process's own (libpq's fill what a string leaves out).
    pub env: Option<HashMap<String, String>>,
    /// The folder to start from, instead of the process's own.
    pub cwd: Option<String>,
}

/// Which database a connection string really reaches, and what it is by the policy. Looks only: it never ends the process.
///
/// Throws a GuardError of rule `policy-invalid` where the policy cannot be read. A connection string that cannot be read is no error: its
/// class is `invalid`.
#[napi]
pub fn classify_database_url(url: String, options: Option<ClassifyOptions>) -> napi::Result<DatabaseTarget> {
    speak::looking(|| {
        let (policy, env, cwd) = options.map_or((None, None, None), |given| (given.policy, given.env, given.cwd));
        let mut here = match policy {
            None => Here::new(cwd)?,
            Some(given) => {
                let folder = working_folder(cwd)?;
                let policy = policy::parse(&given.to_string(), "options.policy")?;
                let loaded = LoadedPolicy::new(policy, folder.clone());
                Here::with_policy(folder, Some(Arc::new(loaded)))
            }
        };
        if let Some(variables) = env {
            here.environment = variables.into_iter().collect::<Environment>();
        }
        Ok(target::classify(&url, "argument", &here.surroundings()).into())
    })
}
