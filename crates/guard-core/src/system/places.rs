//! Files looked at without being read: which file a path is, and what a folder holds.

use super::clock::Timestamp;
use std::path::{Path, PathBuf};

/// The device and the number of the file that a path leads to: two paths with the same pair are one file, hard links too. `None` where there is
/// none, and on platforms that have no such numbers.
#[must_use]
pub fn identity(path: &Path) -> Option<(u64, u64)> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        #[expect(clippy::disallowed_methods, reason = "one of the two rooms that look at files")]
        let metadata = std::fs::metadata(path).ok()?;
        Some((metadata.dev(), metadata.ino()))
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// What the file system says of a file without reading it: two equal stamps at one path mean that nobody wrote in between, as far as the file
/// system's clock can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    identity: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// The stamp of what a path leads to, links followed; `None` where nothing is there and on platforms that have none.
#[must_use]
pub fn stamp(path: &Path) -> Option<Stamp> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        #[expect(clippy::disallowed_methods, reason = "one of the two rooms that look at files")]
        let metadata = std::fs::metadata(path).ok()?;
        Some(Stamp {
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        })
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// As [`stamp`], and `None` also for a file that changed within the last two seconds: file systems' clocks are coarse (FAT's counts two
/// seconds), and a second write within one tick would look like none.
#[must_use]
pub fn settled_stamp(path: &Path) -> Option<Stamp> {
    let stamp = stamp(path)?;
    (stamp.modified.0.max(stamp.changed.0).saturating_add(2) < Timestamp::now().0).then_some(stamp)
}

/// Whether a folder stands there, links followed.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    path.is_dir()
}

/// Whether a regular file stands there, links followed.
#[must_use]
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// What a folder holds, in the order of names, at most 4096 entries; empty where it cannot be read.
#[must_use]
pub fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(listing) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut entries: Vec<PathBuf> = listing.take(4096).flatten().map(|entry| entry.path()).collect();
    entries.sort();
    entries
}
