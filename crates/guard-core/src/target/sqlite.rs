//! SQLite and libSQL: the files that quaint, SQLite's own URI reader (sqlite.org/uri.html) and libSQL's client would open, and libSQL's servers.

use super::classify::Reading;
use super::{Endpoint, Provider, text};
use crate::policy::host::canonical;
use crate::system::files;
use std::path::Path;

/// `file:` and `sqlite:`, and what follows the colon.
pub(super) fn read_file(rest: &str, base: &Path) -> Result<Reading, &'static str> {
    let (written, query) = rest.split_once('?').unwrap_or((rest, ""));
    let mut reading = Reading::new(Provider::Sqlite);
    if written == ":memory:" || (written.is_empty() && query.is_empty()) {
        return if written.is_empty() { Err("`file:` is followed by a path") } else { Ok(reading.in_memory()) };
    }
    if text::parameters(query).any(|(name, value)| name == "mode" && value == "memory") {
        reading = reading.in_memory();
    }
    let mut candidates = vec![written.to_owned()];
    // A URI's authority is no part of the path (SQLite takes none but an empty one and `localhost`); quaint takes it all as a path. A fragment
    // is cut by SQLite and kept by quaint.
    if let Some(after) = written.strip_prefix("//") {
        candidates.push(format!("/{}", after.trim_start_matches('/')));
        candidates.extend(after.strip_prefix("localhost/").map(|path| format!("/{path}")));
    }
    candidates.extend(written.split_once('#').map(|(path, _)| path.to_owned()));
    for at in 0..candidates.len() {
        let decoded = candidates.get(at).map(|path| text::decode(path)).unwrap_or_default();
        if !candidates.contains(&decoded) {
            candidates.push(decoded);
        }
    }
    for path in candidates {
        if path.is_empty() || path.contains('\0') {
            return Err("`file:` is followed by a path");
        }
        // What does not exist yet is compared by its name; what does, by what it really is.
        let absolute = files::real_path(&base.join(&path));
        reading.add(&Endpoint { database: Some(absolute.to_string_lossy().into_owned()), ..Endpoint::default() }, &[]);
    }
    Ok(reading)
}

/// `libsql:`, `http(s):` and `ws(s):`, a server.
pub(super) fn read_server(scheme: &str, rest: &str) -> Result<Reading, &'static str> {
    let rest = rest.replace('\\', "/");
    let parts = text::parts(&rest)?;
    let (host, port) = text::host_and_port(parts.hosts)?;
    let host = text::decode(host);
    if !text::is_host(&host) {
        return Err("the host is not one");
    }
    let default = if matches!(scheme, "http" | "ws") { 80 } else { 443 };
    let mut reading = Reading::new(Provider::Sqlite);
    reading.add_user(&text::decode(parts.user));
    let host = Some(canonical(&host));
    reading.add(&Endpoint { host, port: Some(port.unwrap_or(default)), ..Endpoint::default() }, &[]);
    Ok(reading)
}
