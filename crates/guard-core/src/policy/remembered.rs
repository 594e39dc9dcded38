//! The policy that this process read last, used again while the file system says that nothing changed: a look instead of a read and a parse.
//!
//! Knows nothing of what a policy says. An error is never remembered.

use super::{FILE_NAME, LoadedPolicy};
use crate::refusal::Refusal;
use crate::system::files;
use crate::system::places::{self, Stamp};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What was read last, and what shows that it still holds.
struct Remembered {
    start: PathBuf,
    start_identity: (u64, u64),
    /// The folder of the start and those above it up to the policy's, links followed.
    folders: Vec<PathBuf>,
    stamp: Stamp,
    policy: Arc<LoadedPolicy>,
}

impl Remembered {
    /// Whether the same folder still stands at the start, no nearer policy has come, and the file is the one that was read.
    fn holds(&self, start: &Path) -> bool {
        let Some((root, nearer)) = self.folders.split_last() else { return false };
        self.start == start
            && places::identity(start) == Some(self.start_identity)
            && !nearer.iter().any(|folder| files::exists(&folder.join(FILE_NAME)))
            && places::stamp(&root.join(FILE_NAME)).as_ref() == Some(&self.stamp)
    }
}

static LAST: Mutex<Option<Remembered>> = Mutex::new(None);

pub(super) fn load(start: &Path) -> Result<Option<Arc<LoadedPolicy>>, Refusal> {
    // What a panicking thread left behind was written whole before it panicked: it is only ever replaced.
    let mut last = LAST.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(remembered) = last.as_ref().filter(|remembered| remembered.holds(start)) {
        return Ok(Some(Arc::clone(&remembered.policy)));
    }
    *last = None;
    // The stamp is taken before the file is read: what is written in between then looks changed.
    let real = files::real_path(start);
    let file = real.ancestors().map(|folder| folder.join(FILE_NAME)).find(|file| files::exists(file));
    let stamp = file.as_deref().and_then(places::settled_stamp);
    let Some(policy) = super::load(start)?.map(Arc::new) else { return Ok(None) };
    let folders =
        real.ancestors().take_while(|folder| folder.starts_with(&policy.root)).map(Path::to_path_buf).collect();
    if let (Some(stamp), Some(start_identity)) = (stamp, places::identity(start)) {
        let start = start.to_path_buf();
        *last = Some(Remembered { start, start_identity, folders, stamp, policy: Arc::clone(&policy) });
    }
    Ok(Some(policy))
}
