//! The files of a commit against the files on disk, byte for byte.
//!
//! git itself compares by way of the index, whose flags and times can be set, and through filters and line-ending settings of the checkout's own
//! configuration. Here each file is read and hashed as the blob it should be. Two conversions are known and followed where the commit's attributes
//! ask for them: `eol=crlf`, and Git LFS by the SHA-256 in its pointer.

use super::command::{Git, lines};
use super::unavailable;
use crate::digest::{Digest, hexadecimal};
use crate::refusal::Refusal;
use crate::system::files;
use aws_lc_rs::digest;
use std::collections::BTreeSet;
use std::path::Path;

/// The largest tracked file that is compared: 512 MiB. A larger one counts as modified.
const MAXIMUM_FILE_BYTES: u64 = 512 * 1024 * 1024;

/// One entry of a commit's tree.
pub(super) struct Entry {
    mode: String,
    object: String,
    /// With `/`, relative to the root.
    pub(super) path: String,
}

/// Every file, link and submodule of a commit.
pub(super) fn entries(git: &Git, commit: &str) -> Result<Vec<Entry>, Refusal> {
    let listed = git.bytes(&["ls-tree", "-r", "-z", "--full-tree", "--end-of-options", commit])?;
    // git-ls-tree(1): `<mode> SP <type> SP <object> TAB <file>`.
    let read = |line: &String| {
        let (head, path) = line.split_once('\t')?;
        let mut words = head.split(' ');
        let (mode, _, object) = (words.next()?, words.next()?, words.next()?);
        Some(Entry { mode: mode.to_owned(), object: object.to_owned(), path: path.to_owned() })
    };
    let list: Option<Vec<Entry>> = lines(&listed).iter().map(read).collect();
    list.ok_or_else(|| unavailable("the repository cannot be read", "`git ls-tree` answers in a way that is not known"))
}

/// Adds what differs, each path with `prefix` before it.
pub(super) fn compare(
    git: &Git,
    root: &Path,
    entries: &[Entry],
    prefix: &str,
    differences: &mut BTreeSet<String>,
) -> Result<(), Refusal> {
    for entry in entries {
        let path = root.join(&entry.path);
        let shown = format!("{prefix}{}", entry.path);
        if entry.mode == "160000" {
            submodule(git, &path, entry, &shown, differences)?;
            continue;
        }
        if !files::exists(&path) {
            differences.insert(format!("deleted {shown}"));
        } else if !same(git, root, &path, entry)? {
            differences.insert(format!("modified {shown}"));
        }
    }
    Ok(())
}

/// A submodule that is not checked out holds nothing; one that is, holds exactly its commit.
fn submodule(
    git: &Git,
    path: &Path,
    entry: &Entry,
    shown: &str,
    differences: &mut BTreeSet<String>,
) -> Result<(), Refusal> {
    if !files::exists(&path.join(".git")) {
        let empty = std::fs::read_dir(path).map_or(true, |mut inside| inside.next().is_none());
        if !empty {
            differences.insert(format!("modified {shown}"));
        }
        return Ok(());
    }
    let inner = git.at(path);
    let head = inner.text(&["rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}"])?;
    if head.as_deref() != Some(entry.object.as_str()) {
        differences.insert(format!("modified {shown}"));
        return Ok(());
    }
    let inside = entries(&inner, &entry.object)?;
    compare(&inner, path, &inside, &format!("{shown}/"), differences)?;
    for loose in lines(&inner.bytes(&["ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"])?) {
        differences.insert(format!("untracked {shown}/{loose}"));
    }
    Ok(())
}

fn same(git: &Git, root: &Path, path: &Path, entry: &Entry) -> Result<bool, Refusal> {
    // A link in the middle of the path leads to a file that is not this one.
    let folder = path.parent().unwrap_or(root);
    if files::real_path(folder) != folder {
        return Ok(false);
    }
    let Ok(link) = files::link_target(path) else { return Ok(false) };
    if let Some(target) = link {
        return Ok(entry.mode == "120000" && object_name(target.as_encoded_bytes(), &entry.object) == entry.object);
    }
    // Where links cannot be made (core.symlinks=false, Windows) git writes the target into a file.
    if entry.mode == "120000" && cfg!(unix) {
        return Ok(false);
    }
    let Ok(bytes) = files::read_bytes(path, MAXIMUM_FILE_BYTES) else { return Ok(false) };
    if files::is_executable(path).is_some_and(|executable| executable != (entry.mode == "100755")) {
        return Ok(false);
    }
    if object_name(&bytes, &entry.object) == entry.object {
        return Ok(true);
    }
    if bytes.contains(&b'\r') && attribute(git, &entry.path, "eol")? == "crlf" {
        let plain = without_carriage_returns(&bytes);
        return Ok(object_name(&plain, &entry.object) == entry.object);
    }
    if attribute(git, &entry.path, "filter")? == "lfs" {
        return Ok(lfs_digest(git, &entry.object)?.is_some_and(|digest| digest == Digest::of(&bytes)));
    }
    Ok(false)
}

/// The name of a blob: over `blob <length>\0<content>`, with SHA-1, or SHA-256 in repositories of that format (gitformat-pack(5), "Object IDs").
fn object_name(content: &[u8], like: &str) -> String {
    let algorithm = if like.len() == 64 { &digest::SHA256 } else { &digest::SHA1_FOR_LEGACY_USE_ONLY };
    let mut content_digest = digest::Context::new(algorithm);
    content_digest.update(format!("blob {}\0", content.len()).as_bytes());
    content_digest.update(content);
    hexadecimal(content_digest.finish().as_ref())
}

fn without_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let next = bytes.iter().copied().skip(1).map(Some).chain([None]);
    bytes.iter().copied().zip(next).filter(|pair| *pair != (b'\r', Some(b'\n'))).map(|(byte, _)| byte).collect()
}

/// What the attributes in the work tree say, which are compared themselves.
fn attribute(git: &Git, path: &str, name: &str) -> Result<String, Refusal> {
    // git-check-attr(1), "-z": `<path> NUL <attribute> NUL <info> NUL`.
    let answer = git.bytes(&["check-attr", "-z", name, "--", path])?;
    Ok(lines(&answer).into_iter().nth(2).unwrap_or_default())
}

/// The SHA-256 that a Git LFS pointer names (git-lfs, docs/spec.md).
fn lfs_digest(git: &Git, object: &str) -> Result<Option<Digest>, Refusal> {
    let size = git.text(&["cat-file", "-s", object])?.and_then(|size| size.parse::<u64>().ok());
    if size.is_none_or(|size| size > 1024) {
        return Ok(None);
    }
    let pointer = git.bytes(&["cat-file", "blob", object])?;
    let pointer = String::from_utf8_lossy(&pointer).into_owned();
    if !pointer.starts_with("version https://git-lfs.github.com/spec/v1\n") {
        return Ok(None);
    }
    Ok(pointer.lines().find_map(|line| line.strip_prefix("oid sha256:")).and_then(Digest::from_hexadecimal))
}
