//! PostgreSQL and CockroachDB: every server that quaint (Prisma 5 and 6), node-postgres (the driver adapter) or libpq would contact. Sources: quaint
//! `connector/postgres/url.rs`, pg-connection-string 2.14, libpq "Connection URIs"; the table in PRISMA.md, D, ran on 7.10.1.

use super::classify::Reading;
use super::text::{self, Parts};
use super::{Endpoint, Provider};
use crate::policy::host::canonical;
use crate::system::environment::Environment;

const DEFAULT_PORT: u16 = 5432;

pub(super) fn read(provider: Provider, rest: &str, environment: &Environment) -> Result<Reading, &'static str> {
    let parts = text::parts(rest)?;
    let mut named: Vec<String> = Vec::new();
    let mut ports: Vec<u16> = Vec::new();
    let mut port_parameters = 0_usize;
    let mut reading = Reading::new(provider);
    let mut databases = database_names(&parts);
    reading.add_user(&text::decode(parts.user));
    for (name, value) in text::parameters(parts.query) {
        match name.as_str() {
            "host" | "hostaddr" => named.extend(value.split(',').filter(|item| !item.is_empty()).map(str::to_owned)),
            "port" => {
                port_parameters += 1;
                for item in value.split(',').filter(|item| !item.is_empty()) {
                    ports
                        .push(item.trim().parse().map_err(|_| "the parameter `port` is not a number from 1 to 65535")?);
                }
            }
            "user" => reading.add_user(&value),
            "service" if !value.is_empty() => {
                reading = reading.opaque("its `service` names a file that libpq takes the server from");
            }
            "dbname" | "database" | "db" if !value.is_empty() && !databases.contains(&value) => databases.push(value),
            _ => {}
        }
    }
    // node-postgres takes the last of several parameters, libpq the list by position.
    if port_parameters > 1 && ports.len() > 4 {
        return Err("it names its ports more than once, and more than four");
    }
    // Looked up only where the string names no port.
    let variable_port = || environment.non_empty("PGPORT").and_then(|text| text.parse::<u16>().ok());
    let mut places: Vec<(String, Option<u16>)> = Vec::new();
    for item in parts.hosts.split(',').filter(|item| !item.is_empty()) {
        let (host, port) = text::host_and_port(item)?;
        let host = text::decode(host);
        places.extend(if host.is_empty() { None } else { Some((host, port)) });
        ports.extend(if item.starts_with(':') { port } else { None });
    }
    let own_port = places.iter().find_map(|(_, port)| *port);
    places.extend(named.into_iter().map(|host| (host, own_port)));
    if places.is_empty() {
        // quaint takes localhost, node-postgres the variables.
        places.push(("localhost".to_owned(), None));
        for variable in ["PGHOST", "PGHOSTADDR"] {
            let hosts = environment.non_empty(variable).into_iter().flat_map(|value| value.split(','));
            places.extend(hosts.filter(|host| !host.is_empty()).map(|host| (host.to_owned(), None)));
        }
    }
    if databases.is_empty() {
        databases.extend(environment.non_empty("PGDATABASE").map(str::to_owned));
    }
    if parts.user.is_empty() {
        environment.non_empty("PGUSER").into_iter().for_each(|user| reading.add_user(user));
    }
    for (index, (host, own)) in places.iter().enumerate() {
        let mut candidates = vec![own.unwrap_or(DEFAULT_PORT)];
        // A short list of ports may belong to any host; in a long one each host has its own.
        candidates.extend(
            ports.iter().copied().enumerate().filter(|(at, _)| ports.len() <= 4 || *at == index).map(|(_, port)| port),
        );
        if own.is_none() && ports.is_empty() {
            candidates.extend(variable_port());
        }
        candidates.dedup();
        for port in candidates {
            reading.add(&place(host, port)?, &databases);
        }
    }
    Ok(reading)
}

/// `socket:/folder?db=name`, which node-postgres takes.
pub(super) fn read_socket(rest: &str) -> Result<Reading, &'static str> {
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    let path = text::decode(path.rsplit_once('@').map_or(path, |(_, path)| path));
    if !path.starts_with('/') {
        return Err("`socket:` is followed by an absolute path");
    }
    let databases: Vec<String> =
        text::parameters(query).filter(|(name, _)| name == "db").map(|(_, value)| value).collect();
    let mut reading = Reading::new(Provider::Postgresql);
    reading.add(&place(&path, DEFAULT_PORT)?, &databases);
    Ok(reading)
}

fn place(host: &str, port: u16) -> Result<Endpoint, &'static str> {
    if host.starts_with(['/', '@']) {
        return Ok(Endpoint { port: Some(port), socket: Some(host.to_owned()), ..Endpoint::default() });
    }
    if !text::is_host(host) {
        return Err("the host is not one");
    }
    Ok(Endpoint { host: Some(canonical(host)), port: Some(port), ..Endpoint::default() })
}

/// The name after the host, as written and decoded: versions differ in whether they decode it.
fn database_names(parts: &Parts<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let first = parts.path.split('/').next().unwrap_or_default();
    for name in [text::decode(parts.path), text::decode(first)] {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
