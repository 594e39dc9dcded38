//! SQL Server, MongoDB and Prisma's own service in a simple form: the hosts that plainly stand there. Where the string names a service that looks
//! the database up somewhere else, the reading is opaque and never local.

use super::classify::Reading;
use super::{Endpoint, Provider, text};
use crate::policy::host::canonical;
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
    let (mut databases, mut port) = (Vec::new(), None);
    for (name, value) in sqlserver_properties(properties) {
        match name.replace([' ', '_'], "").to_ascii_lowercase().as_str() {
            "server" | "servername" | "host" | "hostname" | "address" | "addr" | "datasource" | "networkaddress" => {
                hosts.push((value, None));
            }
            "port" | "portnumber" => {
                port = Some(value.parse::<u16>().map_err(|_| "the port is not a number from 1 to 65535")?);
            }
            "database" | "databasename" | "initialcatalog" => databases.push(value),
            "user" | "username" | "uid" | "userid" => reading.add_user(&value),
            _ => {}
        }
    }
    if hosts.is_empty() {
        hosts.push(("localhost".to_owned(), None));
    }
    for (host, own) in hosts {
        if !text::is_host(&host) {
            return Err("the host is not one");
        }
        let host = Some(canonical(&host));
        reading.add(&Endpoint { host, port: Some(own.or(port).unwrap_or(1433)), ..Endpoint::default() }, &databases);
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

/// `prisma://` and `prisma+postgres://`: the key, not the host, says which database it is (schema engine of Prisma 6 and 7).
pub(super) fn read_prisma(rest: &str) -> Result<Reading, &'static str> {
    let parts = text::parts(rest)?;
    let (host, port) = text::host_and_port(parts.hosts)?;
    if !text::is_host(host) {
        return Err("the host is not one");
    }
    let mut reading = Reading::new(Provider::Prisma).opaque("only Prisma's service knows the database behind its key");
    reading.add(&Endpoint { host: Some(canonical(host)), port: Some(port.unwrap_or(443)), ..Endpoint::default() }, &[]);
    Ok(reading)
}
