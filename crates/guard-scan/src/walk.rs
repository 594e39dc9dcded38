//! Which files are read: everything below the root in a language that is known, but for what git ignores and a few folders that
//! tools generate. Symbolic links are never followed; one that leaves the repository is a finding.

use crate::language::is_read;
use crate::rules::unreadable;
use guard_core::finding::Finding;
use guard_core::system::files::real_path;
use ignore::WalkBuilder;
use std::path::Path;

/// Folders that hold no source of the project: packages, git's own, and what build tools write.
const GENERATED: [&str; 7] = ["node_modules", ".git", ".next", ".nuxt", ".turbo", ".yarn", ".prisma"];

/// What the walk found.
pub(crate) struct Walked {
    /// The files to read, relative to the root with `/`, sorted.
    pub(crate) files: Vec<String>,
    /// What could not be looked at.
    pub(crate) unreadable: Vec<Finding>,
}

/// Walks the tree. Only the ignore files of the repository count (`.gitignore`): those of one machine (`core.excludesFile`,
/// `.git/info/exclude`) and of other tools (`.ignore`) would make the result differ from machine to machine.
pub(crate) fn walk(root: &Path) -> Result<Walked, String> {
    let mut walked = Walked { files: Vec::new(), unreadable: Vec::new() };
    let real_root = real_path(root);
    let walker = WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .require_git(false)
        .follow_links(false)
        .filter_entry(|entry| {
            let folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !(folder && entry.depth() > 0 && GENERATED.iter().any(|name| entry.file_name() == *name))
        })
        .build();
    for entry in walker {
        let entry = match entry {
            Ok(entry) if entry.depth() == 0 => {
                if entry.file_type().is_some_and(|kind| kind.is_file()) {
                    return Err(format!("{} is not a folder", root.display()));
                }
                continue;
            }
            Ok(entry) => entry,
            Err(error) if error.depth() == Some(0) => return Err(error.to_string()),
            Err(error) => {
                walked.unreadable.push(unreadable::finding(".", &error.to_string()));
                continue;
            }
        };
        let Some(kind) = entry.file_type() else { continue };
        let Some(path) = relative(root, entry.path()) else {
            if kind.is_file() {
                let name = entry.path().to_string_lossy().into_owned();
                walked.unreadable.push(unreadable::finding(&name, "its name is not UTF-8"));
            }
            continue;
        };
        if kind.is_symlink() {
            let target = real_path(entry.path());
            let inside = target.starts_with(&real_root);
            if !inside && (target.is_dir() || is_read(&path)) {
                walked.unreadable.push(unreadable::finding(&path, "a symbolic link leads out of the repository"));
            }
        } else if kind.is_file() && is_read(&path) {
            walked.files.push(path);
        }
    }
    walked.files.sort_unstable();
    Ok(walked)
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    let mut name = String::new();
    for part in path.strip_prefix(root).ok()?.components() {
        if !name.is_empty() {
            name.push('/');
        }
        name.push_str(part.as_os_str().to_str()?);
    }
    Some(name)
}
