//! Folders and files as a whole: listed, digested, copied, linked and made durable.

use super::clock::Timestamp;
use crate::digest::{Digest, Hasher};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// What stands under a name of a folder, links not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// A pipe, socket or device.
    Other,
}

/// A name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// What stands there.
    pub kind: Kind,
}

/// What stands at a path, links not followed; `None` where nothing does or it may not be seen.
#[must_use]
pub fn kind(path: &Path) -> Option<Kind> {
    #[expect(clippy::disallowed_methods, reason = "a look at a path, links not followed")]
    std::fs::symlink_metadata(path).ok().map(|metadata| kind_of(metadata.file_type()))
}

fn kind_of(file_type: std::fs::FileType) -> Kind {
    if file_type.is_symlink() {
        Kind::Link
    } else if file_type.is_dir() {
        Kind::Folder
    } else if file_type.is_file() {
        Kind::File
    } else {
        Kind::Other
    }
}

/// The names in a folder in the order of their bytes.
///
/// # Errors
/// The operating system's; `InvalidData` for a name that is not UTF-8 or more than `maximum` names.
pub fn list(folder: &Path, maximum: usize) -> io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry
            .file_name()
            .into_string()
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it holds a name that is not UTF-8"))?;
        if entries.len() >= maximum {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it holds more than {maximum} names")));
        }
        entries.push(Entry { name, kind: kind_of(entry.file_type()?) });
    }
    entries.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(entries)
}

/// Size in bytes and SHA-256 of a regular file of any size, never through a symbolic link.
///
/// # Errors
/// The operating system's; `InvalidData` where it is not a regular file.
pub fn digest(path: &Path) -> io::Result<(u64, Digest)> {
    if kind(path) != Some(Kind::File) {
        let missing = kind(path).is_none();
        let reason = if missing { io::ErrorKind::NotFound } else { io::ErrorKind::InvalidData };
        return Err(io::Error::new(reason, if missing { "there is no such file" } else { "not a regular file" }));
    }
    let mut file = OpenOptions::new().read(true).open(path)?;
    let mut hasher = Hasher::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((bytes, hasher.finish()));
        }
        bytes += read as u64;
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

/// Creates an empty file that only this user may read; never one that exists already.
///
/// # Errors
/// The operating system's.
pub fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// Makes the content of a file durable.
///
/// # Errors
/// The operating system's.
pub fn sync_file(path: &Path) -> io::Result<()> {
    OpenOptions::new().read(true).write(true).open(path)?.sync_all()
}

/// When a file was last written.
///
/// # Errors
/// The operating system's.
pub fn modified(path: &Path) -> io::Result<Timestamp> {
    let file: File = OpenOptions::new().read(true).open(path)?;
    let age = file.metadata()?.modified()?.duration_since(std::time::UNIX_EPOCH).map_err(io::Error::other)?;
    Ok(Timestamp(i64::try_from(age.as_secs()).unwrap_or(i64::MAX)))
}

/// Copies a regular file (its content and permission bits), making the folders above it.
///
/// # Errors
/// The operating system's.
pub fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if let Some(folder) = to.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::copy(from, to).map(drop)
}

/// Makes a symbolic link to a folder.
///
/// # Errors
/// The operating system's.
pub fn link_folder(original: &Path, link: &Path) -> io::Result<()> {
    #[cfg(unix)]
    return std::os::unix::fs::symlink(original, link);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_dir(original, link);
}

#[cfg(test)]
mod tests {
    use super::{Kind, create_private, digest, kind, list};
    use crate::digest::Digest;

    #[test]
    fn a_private_file_is_never_one_that_exists() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a");
        create_private(&file).unwrap();
        assert_eq!(create_private(&file).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(digest(&file).unwrap(), (0, Digest::of(b"")));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_seen_and_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        create_private(&folder.path().join("real")).unwrap();
        std::os::unix::fs::symlink("real", folder.path().join("link")).unwrap();
        assert_eq!(kind(&folder.path().join("link")), Some(Kind::Link));
        assert!(digest(&folder.path().join("link")).is_err());
        let kinds: Vec<_> = list(folder.path(), 9).unwrap().into_iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [Kind::Link, Kind::File]);
        assert!(list(folder.path(), 1).is_err());
    }
}
