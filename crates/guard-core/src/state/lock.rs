//! The deployment lock: the operating system's, so that it is free as soon as its holder ends, however it ends.
//!
//! `flock(2)` by way of fs4 (which also locks where std says `Unsupported`, rust-lang/rust#148325), called by its full name since
//! std's methods of the same names would be called otherwise. The file's content only says who holds it, and counts only while
//! somebody does. Knows nothing of steps.

use super::Store;
use super::store::storage_failed;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::clock::Timestamp;
use crate::system::folder::identity_of_open;
use crate::system::process::{self, ProcessIdentity};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::time::Duration;

/// The lock's file.
pub const LOCK_FILE: &str = "deployment.lock";

const MAXIMUM_BYTES: u64 = 4096;

/// Who only looks holds a shared lock for an instant, and who has just locked has not yet written: both are over long before this.
const ATTEMPTS: u32 = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// Who holds the deployment lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LockHolder {
    /// The process.
    pub process: ProcessIdentity,
    /// The chain that it deploys.
    pub chain: String,
    /// Since when, in seconds since 1970.
    pub since: i64,
}

/// The deployment lock, held until it is dropped or its process ends. A program that is started meanwhile does not inherit it.
#[must_use = "the lock is free as soon as this value is dropped"]
#[derive(Debug)]
pub struct DeploymentLock {
    file: File,
}

impl DeploymentLock {
    /// Takes the lock, or refuses at once.
    ///
    /// # Errors
    /// Rule `deployment-locked` with the holder's process number; `storage-failed` where the file system has no locks or cannot be written;
    /// `state-folder-unsafe` for a lock file that is no regular file.
    pub fn acquire(store: &Store, chain: &str) -> Result<Self, Refusal> {
        for _ in 0..ATTEMPTS {
            let file = open(store, true)?.ok_or_else(|| failed(store, &io::ErrorKind::NotFound.into()))?;
            match fs4::FileExt::try_lock(&file) {
                Ok(()) if stands_there(store, &file)? => return Self::announce(store, file, chain),
                // The file was replaced between opening and locking: this lock keeps nobody out.
                Ok(()) => {}
                Err(fs4::TryLockError::WouldBlock) => match content(&file).filter(is_living) {
                    Some(holder) => return Err(locked(Some(&holder))),
                    None => std::thread::sleep(PAUSE),
                },
                Err(fs4::TryLockError::Error(error)) => return Err(failed(store, &error)),
            }
        }
        Err(locked(None))
    }

    fn announce(store: &Store, mut file: File, chain: &str) -> Result<Self, Refusal> {
        let process = process::current()
            .map_or(ProcessIdentity { pid: std::process::id(), start: 0 }, |process| process.identity);
        let holder = LockHolder { process, chain: chain.to_owned(), since: Timestamp::now().0 };
        let written = serde_json::to_vec(&holder).map_err(io::Error::other).and_then(|bytes| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(&bytes)?;
            file.sync_data()
        });
        written.map_err(|error| failed(store, &error))?;
        Ok(DeploymentLock { file })
    }

    /// Who holds it now, if anyone does: the file's content counts only while the operating system says that the lock is held.
    ///
    /// # Errors
    /// Rule `state-folder-unsafe` for a lock file that is no regular file; `deployment-locked` where it is held by someone who does not say
    /// who they are; `storage-failed` where the file system has no locks.
    pub fn holder(store: &Store) -> Result<Option<LockHolder>, Refusal> {
        for _ in 0..ATTEMPTS {
            let Some(file) = open(store, false)? else { return Ok(None) };
            match fs4::FileExt::try_lock_shared(&file) {
                Ok(()) => return Ok(None),
                Err(fs4::TryLockError::WouldBlock) => match content(&file) {
                    Some(holder) => return Ok(Some(holder)),
                    None => std::thread::sleep(PAUSE),
                },
                Err(fs4::TryLockError::Error(error)) => return Err(failed(store, &error)),
            }
        }
        Err(locked(None))
    }
}

impl Drop for DeploymentLock {
    fn drop(&mut self) {
        // Emptied while it is still held, so that nobody reads an old name; closing it frees it, even where this fails.
        let _ = self.file.set_len(0);
        let _ = fs4::FileExt::unlock(&self.file);
    }
}

fn open(store: &Store, create: bool) -> Result<Option<File>, Refusal> {
    store.folder.open_file(LOCK_FILE, create).map_err(|error| match error.kind() {
        io::ErrorKind::InvalidData => Refusal::new(
            Rule::StateFolderUnsafe,
            format!("{} is not used as a lock", store.folder().join(LOCK_FILE).display()),
            format!("it is {error}"),
        ),
        _ => failed(store, &error),
    })
}

fn stands_there(store: &Store, file: &File) -> Result<bool, Refusal> {
    let there = store.folder.identity_of(LOCK_FILE).map_err(|error| failed(store, &error))?;
    Ok(there == Some(identity_of_open(file).map_err(|error| failed(store, &error))?))
}

/// What the file says, where it says anything whole. Read by position: the descriptor is this process's own.
fn content(file: &File) -> Option<LockHolder> {
    let mut reader = file;
    reader.seek(SeekFrom::Start(0)).ok()?;
    let mut bytes = Vec::new();
    reader.take(MAXIMUM_BYTES).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn is_living(holder: &LockHolder) -> bool {
    process::is_alive(holder.process)
}

fn locked(holder: Option<&LockHolder>) -> Refusal {
    let why = holder.map_or_else(
        || "another process holds the lock, and it is none that can be seen from here".to_owned(),
        |holder| {
            format!("process {} has held the lock since {}", holder.process.pid, Timestamp(holder.since).to_rfc3339())
        },
    );
    Refusal::new(Rule::DeploymentLocked, "another deployment is running", why)
}

fn failed(store: &Store, error: &io::Error) -> Refusal {
    let path = store.folder().join(LOCK_FILE);
    match rustix::io::Errno::from_io_error(error) {
        Some(rustix::io::Errno::NOLCK | rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Refusal::new(
            Rule::StorageFailed,
            "the deployment lock cannot be taken",
            format!("the file system of {} has no locks ({error})", path.display()),
        )
        .instead("put the checkout on a local disk of the runner"),
        _ => storage_failed(&path, error.to_string()),
    }
}
