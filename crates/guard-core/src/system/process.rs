//! Processes: who we are, who started us, who is alive, and running a program with exactly the environment it is given.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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

/// The kernel's short name of a living process, its first 15 bytes (proc_pid_comm(5)).
#[cfg(target_os = "linux")]
pub(super) fn short_name(pid: u32) -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "files of /proc end by themselves")]
    let name = std::fs::read(format!("/proc/{pid}/comm")).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end_matches('\n').to_owned())
}

/// The file name of a living process's program, where it may be read (proc_pid_exe(5)).
#[cfg(target_os = "linux")]
pub(super) fn program_name(pid: u32) -> Option<String> {
    let program = std::fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    Some(program.file_name()?.to_string_lossy().into_owned())
}

/// The user whom a living process belongs to.
#[cfg(target_os = "linux")]
pub(super) fn owner(pid: u32) -> Option<u32> {
    #[expect(clippy::disallowed_methods, reason = "the one place that looks at processes")]
    let metadata = std::fs::metadata(format!("/proc/{pid}")).ok()?;
    Some(std::os::unix::fs::MetadataExt::uid(&metadata))
}

/// A program to run: nothing of the caller's environment reaches it, and it reads nothing.
#[derive(Clone, Copy)]
pub struct Program<'a> {
    /// The program file, absolute: no search along `PATH`.
    pub file: &'a Path,
    /// Its arguments.
    pub arguments: &'a [&'a std::ffi::OsStr],
    /// All of its variables.
    pub variables: &'a [(&'a str, &'a std::ffi::OsStr)],
    /// Where it runs.
    pub folder: &'a Path,
    /// How long it may take.
    pub timeout: Duration,
    /// The most that it may write to each of its two outputs, in bytes.
    pub maximum: u64,
}

/// What a program that ended said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramOutput {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote to standard output.
    pub output: Vec<u8>,
    /// What it wrote to standard error.
    pub errors: Vec<u8>,
}

/// Why a program gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// Its path is not absolute.
    #[error("the program's path is not absolute")]
    NotAbsolute,
    /// It could not be started or waited for.
    #[error("it cannot be run: {0}")]
    Start(#[from] std::io::Error),
    /// It did not end in time, and was killed.
    #[error("it did not end within {} seconds", .0.as_secs())]
    Slow(Duration),
    /// It wrote more than it may.
    #[error("it wrote more than {0} bytes")]
    TooLarge(u64),
}

/// Runs a program to its end.
///
/// # Errors
/// See [`ProgramError`]; an exit code other than 0 is no error here.
pub fn run(program: &Program<'_>) -> Result<ProgramOutput, ProgramError> {
    if !program.file.is_absolute() {
        return Err(ProgramError::NotAbsolute);
    }
    let mut child = Command::new(program.file)
        .args(program.arguments)
        .env_clear()
        .envs(program.variables.iter().copied())
        .current_dir(program.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().map(|pipe| collect(pipe, program.maximum));
    let errors = child.stderr.take().map(|pipe| collect(pipe, program.maximum));
    let deadline = Instant::now() + program.timeout;
    let mut pause = Duration::from_micros(200);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            let _ = child.wait();
            return Err(ProgramError::Slow(program.timeout));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(20));
    };
    let mut texts = Vec::with_capacity(2);
    for receiver in [output, errors] {
        // A grandchild may hold the pipe open longer than the program lives.
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        let bytes = match receiver.map(|receiver| receiver.recv_timeout(left)) {
            Some(Ok(result)) => result?,
            Some(Err(_)) => return Err(ProgramError::Slow(program.timeout)),
            None => Vec::new(),
        };
        if bytes.len() as u64 > program.maximum {
            return Err(ProgramError::TooLarge(program.maximum));
        }
        texts.push(bytes);
    }
    let errors = texts.pop().unwrap_or_default();
    let output = texts.pop().unwrap_or_default();
    Ok(ProgramOutput { code: status.code(), output, errors })
}

/// Reads a pipe in a thread of its own, up to one byte more than may be; then the pipe is closed and its writer ends.
fn collect(
    pipe: impl std::io::Read + Send + 'static,
    maximum: u64,
) -> std::sync::mpsc::Receiver<std::io::Result<Vec<u8>>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let result = pipe.take(maximum.saturating_add(1)).read_to_end(&mut bytes).map(|_| bytes);
        let _ = sender.send(result);
    });
    receiver
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

#[cfg(all(test, unix))]
mod tests {
    use super::{Program, ProgramError, ProgramOutput, run};
    use std::ffi::OsStr;
    use std::path::Path;
    use std::time::{Duration, Instant};

    fn shell(script: &str, milliseconds: u64, maximum: u64) -> Result<ProgramOutput, ProgramError> {
        run(&Program {
            file: Path::new("/bin/sh"),
            arguments: &[OsStr::new("-c"), OsStr::new(script)],
            variables: &[("ONLY", OsStr::new("this"))],
            folder: Path::new("/"),
            timeout: Duration::from_millis(milliseconds),
            maximum,
        })
    }

    #[test]
    fn a_program_gets_the_variables_it_is_given_and_no_others() {
        let seen = shell("echo \"$ONLY|$HOME|$CARGO_MANIFEST_DIR\"; pwd; echo wrong >&2; exit 3", 5000, 1000).unwrap();
        assert_eq!(seen, ProgramOutput { code: Some(3), output: b"this||\n/\n".to_vec(), errors: b"wrong\n".to_vec() });
    }

    #[test]
    fn a_program_reads_nothing() {
        assert_eq!(shell("cat; echo end", 5000, 1000).unwrap().output, b"end\n");
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let begin = Instant::now();
        assert!(matches!(shell("exec sleep 30", 100, 1000), Err(ProgramError::Slow(_))));
        assert!(begin.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn a_program_that_writes_without_end_is_an_error_not_a_full_memory() {
        assert!(matches!(shell("exec yes", 5000, 1000), Err(ProgramError::TooLarge(1000))));
    }

    #[test]
    fn a_program_is_not_searched_for_along_path() {
        let program = Program {
            file: Path::new("sh"),
            arguments: &[],
            variables: &[],
            folder: Path::new("/"),
            timeout: Duration::from_secs(1),
            maximum: 1,
        };
        assert!(matches!(run(&program), Err(ProgramError::NotAbsolute)));
    }
}
