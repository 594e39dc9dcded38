//! A folder that is held open: everything in it is named relative to its descriptor, so that nobody can put another folder or a
//! symbolic link in its place between a look and a write.
//!
//! Knows nothing of records. POSIX: `openat`, `renameat`, `fsync` (IEEE Std 1003.1-2024); `O_NOFOLLOW` as open(2) says.

use super::clock::Timestamp;
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

const TEMPORARY_PREFIX: &str = ".prisma-guard-";
const TEMPORARY_SUFFIX: &str = ".tmp";

/// Why a folder is not used.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// What stands there is no folder that only we can write to: one clause for a person.
    #[error("{0}")]
    Unsafe(String),
    /// The operating system's error.
    #[error(transparent)]
    System(#[from] io::Error),
}

/// A real folder, owned by this process's user and writable by nobody else, held open.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    descriptor: OwnedFd,
}

/// Which file an open descriptor or a name stands for: device and inode.
pub type FileIdentity = (u64, u64);

impl Folder {
    /// Opens a folder; `None` where nothing stands at this path.
    ///
    /// # Errors
    /// [`FolderError::Unsafe`] for a symbolic link, another kind of file, another owner, or a folder that others may write to.
    pub fn open(path: &Path) -> Result<Option<Self>, FolderError> {
        open_at(CWD, path, path.to_path_buf())
    }

    /// The same, made with mode 0700 where nothing stands there; its parent must exist.
    ///
    /// # Errors
    /// As [`Folder::open`]; the operating system's where it cannot be made.
    pub fn create(path: &Path) -> Result<Self, FolderError> {
        if let Some(folder) = Self::open(path)? {
            return Ok(folder);
        }
        make(CWD, path)?;
        if let Some(parent) = path.parent() {
            super::files::sync_folder(parent)?;
        }
        Self::open(path)?.ok_or_else(|| vanished(path))
    }

    /// A folder in this folder; `None` where there is none. Errors as [`Folder::open`].
    ///
    /// # Errors
    /// See [`Folder::open`].
    pub fn open_folder(&self, name: &str) -> Result<Option<Self>, FolderError> {
        open_at(self.descriptor.as_fd(), Path::new(name), self.path.join(name))
    }

    /// A folder in this folder, made where there is none.
    ///
    /// # Errors
    /// See [`Folder::create`].
    pub fn create_folder(&self, name: &str) -> Result<Self, FolderError> {
        if let Some(folder) = self.open_folder(name)? {
            return Ok(folder);
        }
        make(self.descriptor.as_fd(), Path::new(name))?;
        self.sync()?;
        self.open_folder(name)?.ok_or_else(|| vanished(&self.path.join(name)))
    }

    /// Where it was when it was opened.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether something stands at this name, a dangling symbolic link included.
    ///
    /// # Errors
    /// The operating system's.
    pub fn holds(&self, name: &str) -> io::Result<bool> {
        Ok(self.look(name)?.is_some())
    }

    /// Reads a regular file whole; `None` where there is none.
    ///
    /// # Errors
    /// `InvalidData` for a symbolic link, a pipe, a device or another kind of file (none of them is opened for longer than a look), and for
    /// more than `maximum` bytes.
    pub fn read(&self, name: &str, maximum: u64) -> io::Result<Option<Vec<u8>>> {
        match self.look(name)? {
            None => return Ok(None),
            Some(stat) => regular(&stat)?,
        }
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(&self.descriptor, name, flags, Mode::empty()) {
            Ok(descriptor) => File::from(descriptor),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err(invalid("a symbolic link")),
            Err(error) => return Err(error.into()),
        };
        let stat = rustix::fs::fstat(&file)?;
        regular(&stat)?;
        let size = u64::try_from(stat.st_size).unwrap_or(0);
        let mut bytes = Vec::with_capacity(usize::try_from(size.min(maximum)).unwrap_or(0));
        file.take(maximum.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > maximum {
            return Err(invalid(&format!("larger than {maximum} bytes")));
        }
        Ok(Some(bytes))
    }

    /// Writes a file (0600) so that after a crash at any instant either the old content or the new is there: a temporary file, fsync,
    /// rename, fsync of the folder.
    ///
    /// # Errors
    /// The operating system's; the temporary file is removed and the old content stays. `InvalidData` where something else than a regular
    /// file stands at the name: it is not replaced in silence.
    pub fn write(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if let Some(stat) = self.look(name)? {
            regular(&stat)?;
        }
        let temporary = format!("{TEMPORARY_PREFIX}{}{TEMPORARY_SUFFIX}", random_name()?);
        let written = self.write_new(&temporary, bytes).and_then(|()| {
            rustix::fs::renameat(&self.descriptor, temporary.as_str(), &self.descriptor, name).map_err(io::Error::from)
        });
        if let Err(error) = written {
            // Best effort: where not even this works, `remove_leftovers` does it later.
            let _ = self.remove(&temporary);
            return Err(error);
        }
        self.sync()
    }

    fn write_new(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::openat(&self.descriptor, name, flags, Mode::RUSR | Mode::WUSR)?);
        file.write_all(bytes)?;
        file.sync_all()
    }

    /// Opens a regular file for reading and writing, 0600, made where there is none, never inherited by a program that is started.
    ///
    /// # Errors
    /// `InvalidData` for anything but a regular file; else the operating system's.
    pub fn open_file(&self, name: &str, create: bool) -> io::Result<Option<File>> {
        if let Some(stat) = self.look(name)? {
            regular(&stat)?;
        } else if !create {
            return Ok(None);
        }
        let mut flags = OFlags::RDWR | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        if create {
            flags |= OFlags::CREATE;
        }
        let file = match rustix::fs::openat(&self.descriptor, name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(descriptor) => File::from(descriptor),
            Err(Errno::NOENT) if !create => return Ok(None),
            Err(Errno::LOOP) => return Err(invalid("a symbolic link")),
            Err(error) => return Err(error.into()),
        };
        regular(&rustix::fs::fstat(&file)?)?;
        Ok(Some(file))
    }

    /// Which file stands at a name now; `None` where there is none.
    ///
    /// # Errors
    /// The operating system's.
    pub fn identity_of(&self, name: &str) -> io::Result<Option<FileIdentity>> {
        Ok(self.look(name)?.as_ref().map(identity))
    }

    /// Moves a file of this folder into another. What stands at the new name must be nothing: look first.
    ///
    /// # Errors
    /// The operating system's. Durable only after both folders' [`Folder::sync`].
    pub fn move_to(&self, name: &str, folder: &Folder, new_name: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.descriptor, name, &folder.descriptor, new_name)?)
    }

    /// Removes a file; that there is none is no error.
    ///
    /// # Errors
    /// The operating system's.
    pub fn remove(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.descriptor, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The names in this folder, in order. Names that are not UTF-8 are read lossily.
    ///
    /// # Errors
    /// The operating system's.
    pub fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.descriptor)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// Makes renames and removals durable.
    ///
    /// # Errors
    /// The operating system's.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.descriptor)?)
    }

    /// Removes the temporary files that crashed writers left here more than `age` seconds ago. Best effort.
    pub fn remove_leftovers(&self, now: Timestamp, age: i64) {
        let names = self.names().unwrap_or_default();
        let old = |name: &&String| {
            name.starts_with(TEMPORARY_PREFIX)
                && name.ends_with(TEMPORARY_SUFFIX)
                && matches!(self.look(name), Ok(Some(stat)) if regular(&stat).is_ok() && modified(&stat) < now.0.saturating_sub(age))
        };
        for name in names.iter().filter(old) {
            let _ = self.remove(name);
        }
    }

    fn look(&self, name: &str) -> io::Result<Option<Stat>> {
        match rustix::fs::statat(&self.descriptor, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// Which file an open file is.
///
/// # Errors
/// The operating system's.
pub fn identity_of_open(file: &File) -> io::Result<FileIdentity> {
    Ok(identity(&rustix::fs::fstat(file)?))
}

/// 128 random bits in hexadecimal, of the operating system's source.
///
/// # Errors
/// Where that source fails.
pub fn random_name() -> io::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

fn open_at(parent: BorrowedFd<'_>, name: &Path, path: PathBuf) -> Result<Option<Folder>, FolderError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let descriptor = match rustix::fs::openat(parent, name, flags, Mode::empty()) {
        Ok(descriptor) => descriptor,
        Err(Errno::NOENT) => return Ok(None),
        Err(Errno::LOOP | Errno::NOTDIR) => {
            let kind = rustix::fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)
                .map_or("no folder", |stat| kind_of(FileType::from_raw_mode(stat.st_mode)));
            return Err(FolderError::Unsafe(format!("it is {kind}")));
        }
        Err(error) => return Err(FolderError::System(error.into())),
    };
    let stat = rustix::fs::fstat(&descriptor).map_err(io::Error::from)?;
    let (owner, user) = (stat.st_uid, rustix::process::geteuid().as_raw());
    if owner != user {
        return Err(FolderError::Unsafe(format!("it belongs to user {owner}, and this process runs as user {user}")));
    }
    if stat.st_mode & 0o022 != 0 {
        return Err(FolderError::Unsafe(format!("other users may write to it (mode {:04o})", stat.st_mode & 0o7777)));
    }
    Ok(Some(Folder { path, descriptor }))
}

fn make(parent: BorrowedFd<'_>, name: &Path) -> io::Result<()> {
    match rustix::fs::mkdirat(parent, name, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn vanished(path: &Path) -> FolderError {
    FolderError::System(io::Error::new(
        io::ErrorKind::NotFound,
        format!("{} vanished while it was opened", path.display()),
    ))
}

fn regular(stat: &Stat) -> io::Result<()> {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => Ok(()),
        other => Err(invalid(kind_of(other))),
    }
}

fn kind_of(kind: FileType) -> &'static str {
    match kind {
        FileType::RegularFile => "a file",
        FileType::Directory => "a folder",
        FileType::Symlink => "a symbolic link",
        FileType::Fifo => "a pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        FileType::Unknown => "no regular file",
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

#[cfg_attr(
    target_os = "linux",
    expect(clippy::unnecessary_cast, reason = "the width of these fields differs between platforms")
)]
#[cfg_attr(not(target_os = "linux"), expect(clippy::cast_sign_loss, reason = "a device number is a bit pattern"))]
fn identity(stat: &Stat) -> FileIdentity {
    (stat.st_dev as u64, stat.st_ino as u64)
}

#[expect(clippy::unnecessary_cast, reason = "the width of this field differs between platforms")]
fn modified(stat: &Stat) -> i64 {
    stat.st_mtime as i64
}
