//! Who listens on a local port or unix socket: the second half of "provably local", since a forwarder on loopback leads elsewhere.
//!
//! Knows Linux only (proc_net(5), proc_pid_fd(5)); elsewhere it sees nobody. Sees the programs of this user (as root: of all); another user's
//! listener stays without a name.

/// The programs that listen on a TCP port of this machine and may be read: for each its name and the words of its command. `wanted` says of a
/// process's short name, and of its program's file name, whether it is to be looked at.
#[must_use]
pub fn tcp(port: u16, wanted: fn(&str) -> bool) -> Vec<Vec<String>> {
    platform::tcp(port, wanted)
}

/// The programs that listen on a unix socket and may be read.
#[must_use]
pub fn unix(path: &std::path::Path, wanted: fn(&str) -> bool) -> Vec<Vec<String>> {
    platform::unix(path, wanted)
}

#[cfg(target_os = "linux")]
mod platform {
    use crate::system::{files, process, sock_diag};
    use std::path::Path;

    const MAXIMUM_TABLE_BYTES: u64 = 16 * 1024 * 1024;

    fn table(name: &str) -> String {
        // /proc files are regular files of length 0 that are read to their end.
        files::read_text(Path::new(&format!("/proc/self/net/{name}")), MAXIMUM_TABLE_BYTES).unwrap_or_default()
    }

    pub(super) fn tcp(port: u16, wanted: fn(&str) -> bool) -> Vec<Vec<String>> {
        let user = rustix::process::geteuid().as_raw();
        let listening = sock_diag::listening(port).unwrap_or_else(|| listed(port));
        let inodes: Vec<String> = listening
            .iter()
            .filter(|(owner, _)| user == 0 || *owner == user)
            .map(|(_, inode)| format!("socket:[{inode}]"))
            .collect();
        holders(&inodes, user, wanted)
    }

    /// The owners and inodes of the sockets that listen on a port, from the tables: where the kernel answers no question about sockets.
    fn listed(port: u16) -> Vec<(u32, u64)> {
        let suffix = format!(":{port:04X}");
        let mut found = Vec::new();
        for name in ["tcp", "tcp6"] {
            for row in table(name).lines().skip(1) {
                // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode; state 0A is LISTEN.
                let mut fields = row.split_ascii_whitespace();
                let local = fields.nth(1).unwrap_or_default();
                if !local.ends_with(&suffix) || fields.nth(1) != Some("0A") {
                    continue;
                }
                let owner = fields.nth(3).and_then(|text| text.parse().ok());
                let inode = fields.nth(1).and_then(|text| text.parse().ok());
                found.extend(owner.zip(inode));
            }
        }
        found
    }

    pub(super) fn unix(path: &Path, wanted: fn(&str) -> bool) -> Vec<Vec<String>> {
        let path = path.to_string_lossy();
        let mut inodes = Vec::new();
        for row in table("unix").lines().skip(1) {
            // Num RefCount Protocol Flags Type St Inode Path
            let mut fields = row.split_ascii_whitespace();
            let inode = fields.nth(6).unwrap_or_default();
            if row.ends_with(path.as_ref()) && fields.next().is_some() {
                inodes.push(format!("socket:[{inode}]"));
            }
        }
        holders(&inodes, rustix::process::geteuid().as_raw(), wanted)
    }

    /// The commands of the wanted processes that hold one of these sockets.
    fn holders(inodes: &[String], user: u32, wanted: fn(&str) -> bool) -> Vec<Vec<String>> {
        let mut found = Vec::new();
        if inodes.is_empty() {
            return found;
        }
        let Ok(listing) = std::fs::read_dir("/proc") else { return found };
        for entry in listing.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // Another user's descriptors may not be read, so that only the name is.
            let Some(name) = process::short_name(pid) else { continue };
            // The short name is that of the link it was started by; the program's own may be another.
            let known = wanted(&name) || process::program_name(pid).is_some_and(|program| wanted(&program));
            if !known || (user != 0 && process::owner(pid) != Some(user)) {
                continue;
            }
            let Ok(descriptors) = std::fs::read_dir(entry.path().join("fd")) else { continue };
            let holds = descriptors.flatten().any(|descriptor| {
                std::fs::read_link(descriptor.path())
                    .is_ok_and(|link| link.to_str().is_some_and(|link| inodes.iter().any(|inode| inode == link)))
            });
            if holds && let Some(process) = process::look_up(pid) {
                let mut words = vec![process.name];
                words.extend(process.executable.map(|path| path.to_string_lossy().into_owned()));
                words.extend(process.command);
                found.push(words);
            }
        }
        found
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    pub(super) fn tcp(_port: u16, _wanted: fn(&str) -> bool) -> Vec<Vec<String>> {
        Vec::new()
    }
    pub(super) fn unix(_path: &std::path::Path, _wanted: fn(&str) -> bool) -> Vec<Vec<String>> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::tcp;

    #[test]
    fn a_listener_of_this_process_is_found_and_named_and_gone_when_it_is_closed() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let found = tcp(port, |_| true);
        assert!(found.iter().flatten().any(|word| word.contains("guard_core")), "{found:?}");
        assert!(tcp(port, |_| false).is_empty());
        drop(listener);
        assert!(tcp(port, |_| true).is_empty());
    }

    #[test]
    fn a_listener_on_ipv6_is_found_and_a_connection_is_no_listener() {
        let listener = std::net::TcpListener::bind("[::1]:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(tcp(port, |_| true).len(), 1);
        let connection = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let own = connection.local_addr().unwrap().port();
        assert!(tcp(own, |_| true).is_empty());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_program_that_was_started_under_another_name_is_found_by_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("tunnel");
        std::os::unix::fs::symlink("/bin/sleep", &link).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let holding = std::process::Stdio::from(std::os::fd::OwnedFd::from(listener));
        let mut child = std::process::Command::new(&link).arg("60").stdin(holding).spawn().unwrap();
        let found =
            (tcp(port, |name| name == "sleep"), tcp(port, |name| name == "tunnel"), tcp(port, |name| name == "ssh"));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!((found.0.len(), found.1.len(), found.2.len()), (1, 1, 0), "{found:?}");
    }
}
