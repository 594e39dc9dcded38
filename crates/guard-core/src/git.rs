//! The repository: which commit is checked out, and whether the files on disk are exactly that commit.
//!
//! Knows nothing of CI; whether the commit is the right one is decided where the proof is read. Two rooms: `command` (git itself, found and run so
//! that neither PATH, variables nor the checkout's own configuration can make it lie) and `content` (each file compared with its blob, byte for byte,
//! since git's index can be told to look away).

mod command;
mod content;

use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files;
use command::{Git, lines};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// The most differences that are named.
const MAXIMUM_DIFFERENCES: usize = 100;

/// What git says of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// The root of the work tree.
    pub root: PathBuf,
    /// The commit of HEAD, in hexadecimal.
    pub commit: String,
    /// The tree of that commit, in hexadecimal.
    pub tree: String,
    /// The full name of the ref that HEAD points to; `None` where it is detached, as CI leaves it.
    pub reference: Option<String>,
    /// What differs from the commit, at most a hundred, each as `kind path` (`modified lib/a.ts`, `deleted x`, `staged x`, `untracked x`,
    /// `ignored prisma/migrations/x`, `hidden x` for assume-unchanged and skip-worktree).
    pub differences: Vec<String>,
}

/// Looks at the checkout that holds `project`. `exempt` are the folders that may hold untracked files (`.deployment-state`);
/// `watched` are those in which even ignored files count as differences (the migrations). Both absolute, or relative to `project`.
///
/// # Errors
/// Rule `git-unavailable` without git, outside a repository or without a commit; `unclean-git` where an exempt folder is tracked.
pub fn inspect(project: &Path, exempt: &[&Path], watched: &[&Path]) -> Result<Checkout, Refusal> {
    let project = files::real_path(project);
    let git = Git::find(&project)?;
    let root = git.text(&["rev-parse", "--show-toplevel"])?.ok_or_else(|| {
        unavailable(
            "this is not inside a git work tree",
            "the project's folder and those above it hold no repository with files",
        )
    })?;
    let root = files::real_path(Path::new(&root));
    if !project.starts_with(&root) {
        return Err(unavailable(
            "the repository's work tree is elsewhere",
            "its setting core.worktree names a folder that does not hold the project",
        ));
    }
    let git = git.at(&root);
    let commit = git
        .text(&["rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{commit}"])?
        .ok_or_else(|| unavailable("the repository has no commit", "HEAD points to nothing"))?;
    let tree = git
        .text(&["rev-parse", "--verify", "--quiet", "--end-of-options", "HEAD^{tree}"])?
        .ok_or_else(|| unavailable("the repository cannot be read", "the commit of HEAD has no tree"))?;
    let reference = git.text(&["symbolic-ref", "--quiet", "HEAD"])?;

    let inside = |folder: &Path| {
        let real = files::real_path(&project.join(folder));
        real.strip_prefix(&root).ok().map(|path| path.to_string_lossy().replace('\\', "/"))
    };
    let exempt: Vec<String> = exempt.iter().filter_map(|folder| inside(folder)).collect();
    let watched: Vec<String> = watched.iter().filter_map(|folder| inside(folder)).collect();

    let entries = content::entries(&git, &commit)?;
    for folder in &exempt {
        if let Some(entry) = entries.iter().find(|entry| within(&entry.path, folder)) {
            return Err(Refusal::new(
                Rule::UncleanGit,
                format!("`{}` is part of the commit", printable(&entry.path)),
                format!(
                    "files in `{}` are made by deployments and may never come out of the repository",
                    printable(folder)
                ),
            )
            .instead(format!("run `git rm -r --cached {}`, add it to .gitignore, and commit", printable(folder))));
        }
    }

    let mut differences = BTreeSet::new();
    content::compare(&git, &root, &entries, "", &mut differences)?;
    // Flags in the index that make git look away: a lower-case letter or `S` (git-ls-files(1), "-v").
    for line in lines(&git.bytes(&["ls-files", "-z", "-v"])?) {
        if let Some((flag, path)) = line.split_once(' ')
            && (flag == "S" || flag.chars().all(|letter| letter.is_ascii_lowercase()))
        {
            differences.insert(format!("hidden {path}"));
        }
    }
    for path in lines(&git.bytes(&[
        "diff-index",
        "--cached",
        "--name-only",
        "--no-renames",
        "--no-ext-diff",
        "-z",
        &commit,
        "--",
    ])?) {
        differences.insert(format!("staged {path}"));
    }
    untracked(&git, &commit, &watched, &mut differences)?;
    // An ignore file that nobody committed can hide itself and its neighbours.
    let folders: BTreeSet<&str> = entries.iter().flat_map(|entry| parents(&entry.path)).collect();
    let tracked: BTreeSet<&str> = entries.iter().map(|entry| entry.path.as_str()).collect();
    for folder in folders {
        let path = if folder.is_empty() { ".gitignore".to_owned() } else { format!("{folder}/.gitignore") };
        if !tracked.contains(path.as_str()) && files::exists(&root.join(&path)) {
            differences.insert(format!("untracked {path}"));
        }
    }
    let differences = differences
        .into_iter()
        .filter(|difference| {
            let path = difference.split_once(' ').map_or("", |(_, path)| path);
            let loose = difference.starts_with("untracked ") || difference.starts_with("ignored ");
            !(loose && exempt.iter().any(|folder| within(path, folder)))
        })
        .take(MAXIMUM_DIFFERENCES)
        .map(|difference| printable(&difference))
        .collect();
    Ok(Checkout { root, commit, tree, reference, differences })
}

/// What is on disk and not in the commit: by the committed .gitignore files only (not .git/info/exclude, not the user's), and by a fresh index of
/// the commit, so that nothing staged counts as known.
fn untracked(git: &Git, commit: &str, watched: &[String], differences: &mut BTreeSet<String>) -> Result<(), Refusal> {
    let scratch = tempfile::Builder::new()
        .prefix("prisma-guard-git-")
        .tempdir()
        .map_err(|error| unavailable("git needs a temporary folder", &format!("none can be made: {}", error.kind())))?;
    let git = git.with_index(&scratch.path().join("index"));
    git.bytes(&["read-tree", "--end-of-options", commit])?;
    for path in lines(&git.bytes(&["ls-files", "-z", "--others", "--exclude-per-directory=.gitignore"])?) {
        differences.insert(format!("untracked {path}"));
    }
    for folder in watched {
        let pattern = if folder.is_empty() { "." } else { folder.as_str() };
        for path in lines(&git.bytes(&["ls-files", "-z", "--others", "--", pattern])?) {
            if !differences.contains(&format!("untracked {path}")) {
                differences.insert(format!("ignored {path}"));
            }
        }
    }
    Ok(())
}

/// Whether a path is this folder or in it.
fn within(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The folders above a path, the root as an empty text.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(path), |path| {
        (!path.is_empty()).then(|| path.rsplit_once('/').map_or("", |(folder, _)| folder))
    })
    .skip(1)
}

fn unavailable(summary: &str, why: &str) -> Refusal {
    Refusal::new(Rule::GitUnavailable, summary, why)
}

/// Without characters that move a cursor.
fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}
