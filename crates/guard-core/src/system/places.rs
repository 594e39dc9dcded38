//! Files looked at without being read: which file a path is, and what a folder holds.

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
