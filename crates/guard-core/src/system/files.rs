//! Files: bounded reads, and writes that are whole and durable or did not happen.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// The most that is read of any configuration file, schema or record: 4 MiB. Larger is an error, never a cut.
pub const MAXIMUM_TEXT_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a regular file whole, as UTF-8.
///
/// # Errors
/// `NotFound` and other errors of the operating system as they are; `InvalidData` for what is not UTF-8, larger than
/// `maximum` bytes, or not a regular file (a pipe or device would hang or never end).
pub fn read_text(path: &Path, maximum: u64) -> io::Result<String> {
    let bytes = read_bytes(path, maximum)?;
    String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
}

/// Reads a regular file whole. Errors as [`read_text`], but for UTF-8.
///
/// # Errors
/// See [`read_text`].
#[expect(clippy::disallowed_methods, reason = "the one reader of files")]
pub fn read_bytes(path: &Path, maximum: u64) -> io::Result<Vec<u8>> {
    let irregular = || io::Error::new(io::ErrorKind::InvalidData, "not a regular file");
    if !std::fs::metadata(path)?.is_file() {
        return Err(irregular());
    }
    let mut options = std::fs::File::options();
    options.read(true);
    // A pipe that is put there after the look is opened without waiting for its other end, and then seen for what it is.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    let file = options.open(path)?;
    let opened = file.metadata()?;
    if !opened.is_file() {
        return Err(irregular());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(opened.len().min(maximum)).unwrap_or(0));
    file.take(maximum.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > maximum {
        return Err(io::Error::new(io::ErrorKind::InvalidData, format!("larger than {maximum} bytes")));
    }
    Ok(bytes)
}

/// Writes a file so that after a crash at any instant either the old content or the new is there: a temporary file in the same
/// folder, fsync, rename, fsync of the folder. `mode` is the POSIX mode of the new file; elsewhere it is not used.
///
/// # Errors
/// The operating system's; the temporary file is removed and the old content stays.
pub fn write_atomically(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut builder = tempfile::Builder::new();
    builder.prefix(".prisma-guard-").suffix(".tmp");
    #[cfg(unix)]
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    #[cfg(unix)]
    builder.permissions(permissions);
    #[cfg(not(unix))]
    let _ = mode;
    let mut temporary = builder.tempfile_in(folder)?;
    temporary.write_all(bytes)?;
    // The process's umask may have taken bits away that the mode asks for (a launcher must be executable).
    #[cfg(unix)]
    temporary.as_file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_folder(folder)
}

/// Makes what was renamed, created or removed in a folder durable.
///
/// # Errors
/// The operating system's.
#[cfg_attr(not(unix), expect(clippy::unnecessary_wraps, reason = "other systems make renames durable by themselves"))]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        #[expect(clippy::disallowed_methods, reason = "the one place that opens folders")]
        std::fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// Whether something stands at this path, a dangling symbolic link included.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the one place that looks at files")]
pub fn exists(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok()
}

/// Where a symbolic link points; `None` where it is none.
///
/// # Errors
/// The operating system's.
#[expect(clippy::disallowed_methods, reason = "the one place that looks at files")]
pub fn link_target(path: &Path) -> io::Result<Option<std::ffi::OsString>> {
    if !std::fs::symlink_metadata(path)?.file_type().is_symlink() {
        return Ok(None);
    }
    std::fs::read_link(path).map(|target| Some(target.into_os_string()))
}

/// Whether its owner may execute a file; `None` where the system has no such bit or the file cannot be looked at.
#[must_use]
pub fn is_executable(path: &Path) -> Option<bool> {
    #[cfg(unix)]
    {
        #[expect(clippy::disallowed_methods, reason = "the one place that looks at files")]
        let metadata = std::fs::metadata(path).ok()?;
        Some(std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o100 != 0)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        None
    }
}

/// The path with symbolic links followed as far as it exists, and `.` and `..` taken away from the rest, so that two names of
/// one file compare equal even before the file is there.
#[must_use]
pub fn real_path(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let mut rest = Vec::new();
    let mut head = absolute.as_path();
    loop {
        if let Some(real) = followed(head) {
            let mut whole = real;
            for part in rest.iter().rev() {
                match part {
                    std::path::Component::ParentDir => {
                        whole.pop();
                    }
                    std::path::Component::CurDir => {}
                    other => whole.push(other),
                }
            }
            return whole;
        }
        match (head.parent(), head.components().next_back()) {
            (Some(parent), Some(last)) => {
                rest.push(last);
                head = parent;
            }
            _ => return absolute,
        }
    }
}

/// What an existing path leads to. On Linux the kernel's own answer, in three calls whatever the path's depth: the link of a descriptor in
/// `/proc/self/fd` is the path of what it opened (`proc_pid_fd(5)`).
#[expect(clippy::disallowed_methods, reason = "the one place that follows links")]
fn followed(path: &Path) -> Option<PathBuf> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::{Mode, OFlags, open};
        use std::os::fd::AsRawFd as _;
        match open(path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()) {
            Ok(opened) => {
                let link = std::fs::read_link(format!("/proc/self/fd/{}", opened.as_raw_fd()));
                // Without /proc, or for what was removed meanwhile or lies outside this root, the slow way answers.
                let plain = link
                    .ok()
                    .filter(|link| link.is_absolute() && !link.as_os_str().as_encoded_bytes().ends_with(b" (deleted)"));
                if plain.is_some() {
                    return plain;
                }
            }
            Err(rustix::io::Errno::NOENT) => return None,
            Err(_) => {}
        }
    }
    std::fs::canonicalize(path).ok()
}
