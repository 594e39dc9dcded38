//! Processes: who we are, who started us, who is alive, and running a program with exactly the environment it is given.

use std::path::PathBuf;

/// A process that cannot be mistaken for a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ProcessIdentity {
    /// The operating system's process number.
    pub pid: u32,
    /// When it started, in clock ticks since boot (Linux: field 22 of `/proc/<pid>/stat`, proc_pid_stat(5)).
    pub start: u64,
}

/// What can be read of a living process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Which process it is.
    pub identity: ProcessIdentity,
    /// Its parent's number.
    pub parent: u32,
    /// The kernel's short name (15 bytes on Linux).
    pub name: String,
    /// Its argument list, as far as it may be read; empty for kernel threads and other users' hidden processes.
    pub command: Vec<String>,
    /// The program file, where it may be read.
    pub executable: Option<PathBuf>,
    /// Whether it has a controlling terminal.
    pub terminal: bool,
}

/// A living process by number; `None` when there is none, or on a platform where this cannot be read.
#[must_use]
pub fn look_up(pid: u32) -> Option<Process> {
    platform::look_up(pid)
}

/// This process.
#[must_use]
pub fn current() -> Option<Process> {
    look_up(std::process::id())
}

/// The living ancestors of this process, its parent first, up to the first process of the system or the first that may not be
/// read. At most 64.
#[must_use]
pub fn ancestors() -> Vec<Process> {
    let mut lineage = Vec::new();
    let mut next = current().map_or(0, |process| process.parent);
    while next != 0 && lineage.len() < 64 {
        let Some(process) = look_up(next) else { break };
        next = process.parent;
        lineage.push(process);
    }
    lineage
}

/// Whether this very process (not a later one with its number) is alive and not a zombie.
#[must_use]
pub fn is_alive(identity: ProcessIdentity) -> bool {
    look_up(identity.pid).is_some_and(|process| process.identity == identity)
}

#[cfg(target_os = "linux")]
#[expect(clippy::disallowed_methods, reason = "the one reader of /proc")]
mod platform {
    use super::{Process, ProcessIdentity};

    pub(super) fn look_up(pid: u32) -> Option<Process> {
        // proc_pid_stat(5): `pid (comm) state ppid pgrp session tty_nr … starttime(22)`; comm may hold spaces and parentheses.
        let stat = String::from_utf8_lossy(&std::fs::read(format!("/proc/{pid}/stat")).ok()?).into_owned();
        let (head, tail) = stat.rsplit_once(')')?;
        let name = head.split_once('(')?.1.to_owned();
        let fields: Vec<&str> = tail.split_ascii_whitespace().collect();
        if matches!(*fields.first()?, "Z" | "X" | "x") {
            return None;
        }
        let parent = fields.get(1)?.parse().ok()?;
        let terminal = fields.get(4)?.parse::<i64>().ok()? != 0;
        let start = fields.get(19)?.parse().ok()?;
        let command = std::fs::read(format!("/proc/{pid}/cmdline"))
            .unwrap_or_default()
            .split(|byte| *byte == 0)
            .filter(|word| !word.is_empty())
            .map(|word| String::from_utf8_lossy(word).into_owned())
            .collect();
        let executable = std::fs::read_link(format!("/proc/{pid}/exe")).ok();
        Some(Process { identity: ProcessIdentity { pid, start }, parent, name, command, executable, terminal })
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    pub(super) fn look_up(_pid: u32) -> Option<super::Process> {
        None
    }
}
