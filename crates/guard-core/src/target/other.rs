//! SQL Server, MongoDB and Prisma's own service: the hosts that stand there, and those in the key of a local `prisma dev`. Where the string names a service that looks
//! the database up somewhere else, the reading is opaque and never local.

use super::classify::Reading;
use super::{Endpoint, Provider, postgresql, text};
use crate::policy::host::{canonical, is_loopback};
use crate::system::environment::Environment;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use std::path::Path;

/// `sqlserver://host[\instance][:port];key=value;…`.
pub(super) fn read_sqlserver(rest: &str) -> Result<Reading, &'static str> {
    let rest = rest.strip_prefix("//").ok_or("`//` does not follow the scheme")?;
    let (authority, properties) = rest.split_once(';').unwrap_or((rest, ""));
    let mut reading = Reading::new(Provider::Sqlserver);
    let mut hosts: Vec<(String, Option<u16>)> = Vec::new();
    let authority = authority.trim_end_matches('/');
    if !authority.is_empty() {
        let (host, instance) = authority.split_once('\\').unwrap_or((authority, ""));
        let port = instance.rsplit_once(':').and_then(|(_, port)| port.parse().ok());
        let (host, own) = text::host_and_port(host)?;
        hosts.push((host.to_owned(), own.or(port)));
    }
    let (mut databases, mut ports) = (Vec::new(), Vec::new());
    for (name, value) in sqlserver_properties(properties) {
        match name.replace([' ', '_'], "").to_ascii_lowercase().as_str() {
            "server" | "servername" | "host" | "hostname" | "address" | "addr" | "datasource" | "networkaddress" => {
                hosts.push((value, None));
            }
            "port" | "portnumber" => {
                ports.push(value.parse::<u16>().map_err(|_| "the port is not a number from 1 to 65535")?);
            }
            "database" | "databasename" | "initialcatalog" => databases.push(value),
            "user" | "username" | "uid" | "userid" => reading.add_user(&value),
            _ => {}
        }
    }
    if ports.len() > 4 || hosts.len() > 8 {
        return Err("it names more than four ports or eight servers");
    }
    if hosts.is_empty() {
        hosts.push(("localhost".to_owned(), None));
    }
    for (host, own) in hosts {
        if !text::is_host(&host) {
            return Err("the host is not one");
        }
        let host = canonical(&host);
        // Drivers differ in whether the port behind the host or the property wins.
        let mut candidates: Vec<u16> = own.into_iter().chain(ports.iter().copied()).collect();
        if candidates.is_empty() {
            candidates.push(1433);
        }
        for port in candidates {
            reading.add(&Endpoint { host: Some(host.clone()), port: Some(port), ..Endpoint::default() }, &databases);
        }
    }
    Ok(reading)
}

/// `key=value;key={va;lue}`.
fn sqlserver_properties(text: &str) -> Vec<(String, String)> {
    let (mut properties, mut rest) = (Vec::new(), text);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, next) = match after.strip_prefix('{').and_then(|quoted| quoted.split_once('}')) {
            Some((value, next)) => (value, next.trim_start_matches(|character| character != ';')),
            None => after.find(';').map_or((after, ""), |end| after.split_at(end)),
        };
        properties.push((name.trim_matches([' ', ';']).to_owned(), value.trim().to_owned()));
        rest = next.strip_prefix(';').unwrap_or(next);
    }
    properties
}

/// `mongodb://h1:p,h2:p/db` and `mongodb+srv://`, whose servers only DNS knows.
pub(super) fn read_mongodb(rest: &str, by_dns: bool) -> Result<Reading, &'static str> {
    let parts = text::parts(rest)?;
    let mut reading = Reading::new(Provider::Mongodb);
    reading.add_user(&text::decode(parts.user));
    if by_dns {
        reading = reading.opaque("its servers are looked up in DNS");
    }
    let databases: Vec<String> = Some(text::decode(parts.path)).filter(|name| !name.is_empty()).into_iter().collect();
    for (name, value) in text::parameters(parts.query) {
        if name == "proxyhost" && !value.is_empty() {
            if !text::is_host(&value) {
                return Err("the host of its proxy is not one");
            }
            reading = reading.opaque("its proxy decides which server the host's name means");
            reading.add(&Endpoint { host: Some(canonical(&value)), ..Endpoint::default() }, &databases);
        }
    }
    for item in parts.hosts.split(',') {
        let (host, port) = text::host_and_port(item)?;
        let host = text::decode(host);
        if host.starts_with('/') && Path::new(&host).extension().is_some_and(|extension| extension == "sock") {
            reading.add(&Endpoint { socket: Some(host), ..Endpoint::default() }, &databases);
        } else if text::is_host(&host) {
            let host = Some(canonical(&host));
            reading.add(&Endpoint { host, port: Some(port.unwrap_or(27017)), ..Endpoint::default() }, &databases);
        } else {
            return Err("the host is not one");
        }
    }
    Ok(reading)
}

/// `prisma://` and `prisma+postgres://`: the key, not the host, says which database it is (schema engine of Prisma 6 and 7). The key of a local
/// `prisma dev` is no token but JSON in base64 that holds the addresses of its databases: with it, and on this machine, they are the target.
/// `environment` is given where the scheme has that local form.
pub(super) fn read_prisma(rest: &str, environment: Option<&Environment>) -> Result<Reading, &'static str> {
    let parts = text::parts(rest)?;
    let (host, port) = text::host_and_port(parts.hosts)?;
    if !text::is_host(host) {
        return Err("the host is not one");
    }
    let host = canonical(host);
    let mut reading = Reading::new(Provider::Prisma);
    let place = Endpoint { host: Some(host.clone()), port: Some(port.unwrap_or(443)), ..Endpoint::default() };
    reading.add(&place, &[]);
    let mut is_read = false;
    // The variable moves the service that the schema engine asks.
    if let Some(environment) = environment
        && is_loopback(&host)
        && environment.non_empty("PRISMA_SCHEMA_ENGINE_WS_BASE_URL").is_none()
    {
        let mut keys = text::parameters(parts.query).filter(|(name, _)| name == "api_key").map(|(_, value)| value);
        if let (Some(key), None) = (keys.next(), keys.next()) {
            is_read = read_local_key(&key, environment, &mut reading)?;
        }
    }
    if is_read { Ok(reading) } else { Ok(reading.opaque("only Prisma's service knows the database behind its key")) }
}

/// Adds the places that the key of a local `prisma dev` names. False where it is no such key, or holds an address that is not PostgreSQL's.
fn read_local_key(key: &str, environment: &Environment, reading: &mut Reading) -> Result<bool, &'static str> {
    let plain = key.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(plain).or_else(|_| STANDARD.decode(key));
    let value = bytes.ok().and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let Some(members) = value.as_ref().and_then(serde_json::Value::as_object) else { return Ok(false) };
    if !members.contains_key("databaseUrl") {
        return Ok(false);
    }
    let mut is_read = true;
    for name in ["databaseUrl", "shadowDatabaseUrl"] {
        let Some(url) = members.get(name) else { continue };
        let url = text::clean(url.as_str().ok_or("an address in its key is no text")?);
        match text::scheme(&url) {
            Some((scheme, rest)) if matches!(scheme.as_str(), "postgres" | "postgresql") => {
                let inner = postgresql::read(Provider::Postgresql, rest, environment)?;
                is_read &= inner.opaque.is_none();
                reading.overflow |= inner.overflow;
                inner.users.iter().for_each(|user| reading.add_user(user));
                inner.endpoints.iter().for_each(|endpoint| reading.add(endpoint, &[]));
            }
            _ => is_read = false,
        }
    }
    Ok(is_read)
}
