//! Running a program to its end with exactly the environment it is given.
//!
//! Knows no program. No secret goes into an argument list: what a program must not show in `ps` is handed over in its environment
//! or on its standard input.

use crate::system::channel::Holder;
use crate::system::environment::Environment;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// The most that is kept of one output: 8 MiB. What comes after is read and dropped, so that the program does not stand still.
const MAXIMUM_OUTPUT_BYTES: u64 = 8 * 1024 * 1024;

/// Where a program's output goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    /// To where this process's goes.
    Inherited,
    /// Into [`Ended`].
    Captured,
}

/// How a program ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; `None` where a signal ended it.
    pub exit_code: Option<i32>,
    /// The signal that ended it, on UNIX.
    pub signal: Option<i32>,
    /// Whether it was ended because its time was over.
    pub timed_out: bool,
    /// What it wrote to standard output, where that was captured.
    pub output: Vec<u8>,
    /// What it wrote to standard error, where that was captured.
    pub errors: Vec<u8>,
}

/// A program to run.
#[derive(Clone, Copy)]
pub struct Program<'a> {
    /// The file.
    pub file: &'a Path,
    /// Its arguments: anyone on this machine can read them.
    pub arguments: &'a [&'a std::ffi::OsStr],
    /// Its working folder.
    pub folder: &'a Path,
    /// Its whole environment.
    pub environment: &'a Environment,
    /// Where its output goes.
    pub output: Output,
}

impl Program<'_> {
    fn command(&self) -> Command {
        let mut command = Command::new(self.file);
        command.args(self.arguments).current_dir(self.folder).env_clear().envs(self.environment.iter());
        if self.output == Output::Captured {
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
        }
        command
    }

    /// Runs it with nothing on its standard input, for at most this long; then it and what it started are ended.
    ///
    /// # Errors
    /// The operating system's, where it cannot be started or watched.
    pub fn run(&self, patience: Duration) -> io::Result<Ended> {
        let mut command = self.command();
        command.stdin(Stdio::null());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let readers = readers(&mut child);
        let end = Instant::now() + patience;
        let mut pause = Duration::from_millis(1);
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(collect(status, false, readers));
            }
            if Instant::now() >= end {
                end_group(&mut child);
                let status = child.wait()?;
                return Ok(collect(status, true, readers));
            }
            std::thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
        }
    }

    /// Runs it to its end with a channel as its standard input. `message` is sent once it runs; the holder's end stays open until the
    /// program has ended. Signals of the terminal reach it as they reach this process.
    ///
    /// # Errors
    /// The operating system's, where it cannot be started, spoken to or watched. A program that was started and could not be spoken to
    /// has been ended.
    pub fn run_with_channel(&self, channel: (Holder, Stdio), message: &[u8]) -> io::Result<Ended> {
        let (mut holder, input) = channel;
        let mut command = self.command();
        command.stdin(input);
        let mut child = command.spawn()?;
        // The command holds this process's copy of the child's end.
        drop(command);
        let readers = readers(&mut child);
        if let Err(error) = holder.send(message)
            && child.try_wait()?.is_none()
        {
            let _ = child.kill();
            let _ = child.wait();
            return Err(error);
        }
        let status = child.wait()?;
        drop(holder);
        Ok(collect(status, false, readers))
    }
}

type Readers = [Option<JoinHandle<Vec<u8>>>; 2];

fn readers(child: &mut Child) -> Readers {
    [child.stdout.take().map(reader), child.stderr.take().map(reader)]
}

fn reader(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        let _ = stream.by_ref().take(MAXIMUM_OUTPUT_BYTES).read_to_end(&mut kept);
        let _ = io::copy(&mut stream, &mut io::sink());
        kept
    })
}

fn collect(status: ExitStatus, timed_out: bool, readers: Readers) -> Ended {
    let [output, errors] = readers.map(|reader| reader.and_then(|reader| reader.join().ok()).unwrap_or_default());
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status);
    #[cfg(not(unix))]
    let signal = None;
    Ended { exit_code: status.code(), signal, timed_out, output, errors }
}

fn end_group(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
}
