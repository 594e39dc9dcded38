//! The doors to the Prisma CLI on this disk: shut, looked at, and given back.
//!
//! Door 1 is our own `bin: { prisma }`, which npm and bun link by themselves; it is seen here as a link into our package. Door 2 is
//! `node_modules/.bin/prisma`, which [`install`] replaces by a launcher. Door 4 is the import in `prisma.config.*`, which only the
//! project's owner can write, so it is looked at and never written. What stood in a door is kept in a manifest beside it.
//!
//! Nothing is ever written through a link: a launcher is a new file that takes the old one's name (pnpm's files are hard links into
//! its store, npm's `.bin/prisma` is a symbolic link to the real CLI).

mod config;
mod launcher;

use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files;
use launcher::Shell;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// How a door stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DoorState {
    /// The gate stands in it.
    Shut,
    /// The real CLI stands in it.
    Open,
    /// There is no such door here.
    Absent,
}

/// One door, by looking.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Door {
    /// `bin`, `config`.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// How it stands.
    pub state: DoorState,
    /// One sentence: what was seen.
    pub seen: String,
}

/// What stood in a door before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum Before {
    /// A symbolic link, and where it pointed.
    Link {
        /// The text of the link.
        target: PathBuf,
    },
    /// A file.
    File {
        /// Its bytes in base64.
        bytes: String,
        /// Its POSIX mode.
        mode: u32,
    },
    /// Nothing.
    Nothing,
}

/// `node_modules/.prisma-guard/manifest.json`: the names in `.bin`, and what stood there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    /// The version of the package that wrote it.
    version: String,
    /// By file name in `.bin`.
    doors: BTreeMap<String, Before>,
}

/// The doors of `.bin` by file name: how each is written, and whether it is shut where nothing stands.
const BIN_DOORS: &[(&str, Shell, bool)] = &[
    ("prisma", Shell::Node, true),
    ("prisma.cmd", Shell::Command, cfg!(windows)),
    ("prisma.ps1", Shell::Powershell, cfg!(windows)),
    ("prisma7", Shell::Node, false),
    ("prisma7.cmd", Shell::Command, false),
    ("prisma7.ps1", Shell::Powershell, false),
];

/// Looks at every door of a project, at fixed paths only.
#[must_use]
pub fn inspect(project: &Path) -> Vec<Door> {
    let modules = modules_of(project);
    let mut doors: Vec<Door> = modules
        .iter()
        .flat_map(|modules| {
            let bin = modules.join(".bin");
            BIN_DOORS
                .iter()
                .filter(move |(name, ..)| *name == "prisma" || files::exists(&modules.join(".bin").join(name)))
                .map(move |(name, shell, _)| look(&bin.join(name), *shell))
                .collect::<Vec<_>>()
        })
        .collect();
    doors.extend(config::inspect(project));
    doors
}

/// Shuts every door that can be shut; what was already shut stays untouched. `launcher` is the package's own `bin/prisma.js`.
///
/// A project without Prisma or without `node_modules/.bin` has no such doors: nothing is written there.
///
/// # Errors
/// Rule `storage-failed` where a file cannot be replaced; what could be shut is shut.
pub fn install(project: &Path, launcher: &Path) -> Result<Vec<Door>, Refusal> {
    let mut failure = None;
    for modules in modules_of(project) {
        if let Err(refusal) = install_in(&modules, launcher) {
            failure.get_or_insert(refusal);
        }
    }
    failure.map_or_else(|| Ok(inspect(project)), Err)
}

/// Gives back exactly what stood there before. A door that somebody else has changed since is left as it is.
///
/// # Errors
/// Rule `storage-failed`.
pub fn uninstall(project: &Path) -> Result<Vec<Door>, Refusal> {
    for modules in modules_of(project) {
        let manifest = read_manifest(&modules)?;
        for (name, shell, _) in BIN_DOORS {
            let path = modules.join(".bin").join(name);
            if !launcher::is_ours(&path, *shell) {
                continue;
            }
            let before = manifest.doors.get(*name).cloned().or_else(|| original(&modules, name));
            let Some(before) = before else { continue };
            restore(&path, &before).map_err(|error| storage(&path, &error))?;
        }
        let folder = modules.join(FOLDER);
        let file = folder.join(MANIFEST);
        if files::exists(&file) {
            std::fs::remove_file(&file).map_err(|error| storage(&file, &error))?;
            // Somebody else's files in there stay, and so does the folder.
            let _ = std::fs::remove_dir(&folder);
        }
    }
    Ok(inspect(project))
}

const FOLDER: &str = ".prisma-guard";
const MANIFEST: &str = "manifest.json";

/// Every `node_modules` with a `.bin` from the project upwards, up to the one that holds Prisma: in a workspace the bins stand in
/// the package's own folder and at the root.
fn modules_of(project: &Path) -> Vec<PathBuf> {
    let absolute = std::path::absolute(project).unwrap_or_else(|_| project.to_path_buf());
    let mut found = Vec::new();
    for folder in absolute.ancestors() {
        let modules = folder.join("node_modules");
        let holds_prisma = files::exists(&modules.join("prisma").join("package.json"));
        let has_bin = files::exists(&modules.join(".bin").join("prisma"));
        if holds_prisma || has_bin {
            found.push(modules);
        }
        if holds_prisma {
            return found;
        }
    }
    // Without Prisma above, a file of that name in `.bin` further up belongs to another project.
    found.truncate(1);
    found.retain(|modules| modules.parent() == Some(absolute.as_path()));
    found
}

fn look(path: &Path, shell: Shell) -> Door {
    let (state, seen) = match launcher::seen(path, shell) {
        launcher::Seen::Nothing => (DoorState::Absent, "nothing stands here".to_owned()),
        launcher::Seen::OurPackage => (DoorState::Shut, "the package manager linked the gate's own bin".to_owned()),
        launcher::Seen::OurLauncher => (DoorState::Shut, "the gate's launcher".to_owned()),
        launcher::Seen::BrokenLauncher => {
            (DoorState::Open, "a launcher of the gate that was changed, or whose package is gone".to_owned())
        }
        launcher::Seen::Other(what) => (DoorState::Open, what),
    };
    Door { name: "bin".to_owned(), path: path.to_path_buf(), state, seen }
}

fn install_in(modules: &Path, launcher: &Path) -> Result<(), Refusal> {
    let bin = modules.join(".bin");
    if !files::exists(&bin) {
        std::fs::create_dir(&bin).map_err(|error| storage(&bin, &error))?;
    }
    // A manifest that cannot be read is not ours to trust; what it remembered is lost, and `original` knows npm's link.
    let mut manifest = read_manifest(modules).unwrap_or_default();
    let mut work = Vec::new();
    let mut failure = None;
    for (name, shell, always) in BIN_DOORS {
        let path = bin.join(name);
        let content = launcher::content(&bin, launcher, *shell);
        match launcher::seen(&path, *shell) {
            launcher::Seen::OurPackage => continue,
            launcher::Seen::Nothing if !always => continue,
            launcher::Seen::OurLauncher if files::read_text(&path, 64 * 1024).is_ok_and(|text| text == content) => {
                continue;
            }
            // An older or damaged launcher: what stood there before it is known already, or lost.
            launcher::Seen::OurLauncher | launcher::Seen::BrokenLauncher => {}
            launcher::Seen::Nothing | launcher::Seen::Other(_) => match remember(&path) {
                Ok(before) => {
                    manifest.doors.insert((*name).to_owned(), before);
                }
                // What cannot be given back is not taken away; the other doors are shut all the same.
                Err(error) => {
                    failure.get_or_insert(storage(&path, &error));
                    continue;
                }
            },
        }
        work.push((path, content));
    }
    if work.is_empty() {
        return failure.map_or(Ok(()), Err);
    }
    env!("CARGO_PKG_VERSION").clone_into(&mut manifest.version);
    let folder = modules.join(FOLDER);
    if !files::exists(&folder) {
        std::fs::create_dir(&folder).map_err(|error| storage(&folder, &error))?;
    }
    let file = folder.join(MANIFEST);
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| storage(&file, &io::Error::other(error)))?;
    // The manifest first: a crash between the two leaves a door that is open, and nothing forgotten.
    files::write_atomically(&file, &text, 0o644).map_err(|error| storage(&file, &error))?;
    for (path, content) in work {
        if let Err(error) = files::write_atomically(&path, content.as_bytes(), 0o755) {
            failure.get_or_insert(storage(&path, &error));
        }
    }
    failure.map_or(Ok(()), Err)
}

fn read_manifest(modules: &Path) -> Result<Manifest, Refusal> {
    let file = modules.join(FOLDER).join(MANIFEST);
    if !files::exists(&file) {
        return Ok(Manifest::default());
    }
    let text = files::read_text(&file, 16 * files::MAXIMUM_TEXT_BYTES).map_err(|error| storage(&file, &error))?;
    serde_json::from_str(&text).map_err(|error| storage(&file, &io::Error::other(error)))
}

#[expect(clippy::disallowed_methods, reason = "what stands in a door is looked at without following it")]
fn remember(path: &Path) -> io::Result<Before> {
    use base64::Engine as _;
    let metadata = match std::fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Before::Nothing),
        Err(error) => return Err(error),
    };
    if metadata.is_symlink() {
        return Ok(Before::Link { target: std::fs::read_link(path)? });
    }
    #[cfg(unix)]
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777;
    #[cfg(not(unix))]
    let mode = 0o755;
    let bytes = files::read_bytes(path, files::MAXIMUM_TEXT_BYTES)?;
    Ok(Before::File { bytes: base64::engine::general_purpose::STANDARD.encode(bytes), mode })
}

/// What npm, yarn and bun put there, where nobody remembers: a link to the real CLI.
fn original(modules: &Path, name: &str) -> Option<Before> {
    let target = PathBuf::from("../prisma/build/index.js");
    (name == "prisma" && files::exists(&modules.join(".bin").join(&target))).then_some(Before::Link { target })
}

fn restore(path: &Path, before: &Before) -> io::Result<()> {
    use base64::Engine as _;
    match before {
        Before::Nothing => std::fs::remove_file(path),
        Before::File { bytes, mode } => {
            let bytes = base64::engine::general_purpose::STANDARD.decode(bytes).map_err(io::Error::other)?;
            files::write_atomically(path, &bytes, *mode)
        }
        Before::Link { target } => link(target, path),
    }
}

/// A link under a temporary name that then takes the launcher's: at no instant is there no door.
#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    let temporary = path.with_file_name(format!(".prisma-guard-{}.tmp", std::process::id()));
    let _ = std::fs::remove_file(&temporary);
    std::os::unix::fs::symlink(target, &temporary)?;
    std::fs::rename(&temporary, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

#[cfg(not(unix))]
fn link(_target: &Path, _path: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

fn storage(path: &Path, error: &io::Error) -> Refusal {
    Refusal::new(
        Rule::StorageFailed,
        "a door to the Prisma CLI could not be changed",
        format!("{}: {error}", path.display()),
    )
    .instead("make the folder writable, then run `npx prisma-guard install`")
}
