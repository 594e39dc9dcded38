//! MySQL and MariaDB: every server that quaint, mysql2 or the mariadb connector (the driver adapter) would contact. Sources: quaint
//! `connector/mysql/url.rs` (`socket` wins); mysql2 `connection_config.js` `parseUrl` (each parameter of the query overrides).

use super::classify::Reading;
use super::{Endpoint, Provider, text};
use crate::policy::host::canonical;

const DEFAULT_PORT: u16 = 3306;

pub(super) fn read(rest: &str) -> Result<Reading, &'static str> {
    let parts = text::parts(rest)?;
    let mut reading = Reading::new(Provider::Mysql);
    reading.add_user(&text::decode(parts.user));
    let mut databases: Vec<String> = Vec::new();
    let name = text::decode(parts.path.trim_end_matches('/'));
    if !name.is_empty() {
        databases.push(name);
    }
    let (mut hosts, mut ports, mut sockets) = (Vec::new(), Vec::new(), Vec::new());
    for (name, value) in text::parameters(parts.query) {
        // mysql2 reads values as JSON first, so that a quoted one is taken out of its quotes.
        let value = value.trim_matches('"').to_owned();
        match name.as_str() {
            _ if value.is_empty() => {}
            "host" | "hostname" => hosts.push((value, None)),
            "port" => {
                ports.push(value.parse::<u16>().map_err(|_| "the parameter `port` is not a number from 1 to 65535")?);
            }
            "socket" | "socketpath" | "unix_socket" => sockets.push(value),
            "user" => reading.add_user(&value),
            "database" if !databases.contains(&value) => databases.push(value),
            _ => {}
        }
    }
    if ports.len() > 4 {
        return Err("it names more than four ports");
    }
    for item in parts.hosts.split(',').filter(|item| !item.is_empty()) {
        let (host, port) = text::host_and_port(item)?;
        let host = if host.is_empty() { "localhost".to_owned() } else { text::decode(host) };
        hosts.push((host, port));
    }
    for socket in &sockets {
        let socket = Some(socket.clone());
        reading.add(&Endpoint { socket, ..Endpoint::default() }, &databases);
    }
    if hosts.is_empty() {
        hosts.push(("localhost".to_owned(), None));
    }
    for (host, own) in hosts {
        if !text::is_host(&host) {
            return Err("the host is not one");
        }
        let mut candidates = vec![own.unwrap_or(DEFAULT_PORT)];
        candidates.extend(ports.iter().copied());
        for port in candidates {
            let host = Some(canonical(&host));
            reading.add(&Endpoint { host, port: Some(port), ..Endpoint::default() }, &databases);
        }
    }
    Ok(reading)
}
