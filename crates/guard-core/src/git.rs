//! The repository: which commit is checked out, and whether the files on disk are exactly that commit.
//!
//! Knows nothing of CI; whether the commit is the right one is decided where the proof is read.

use crate::refusal::Refusal;
use std::path::{Path, PathBuf};

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
    /// What differs from the commit, at most a hundred, each as `kind path` (`modified lib/a.ts`, `untracked x`, `ignored prisma/migrations/x`,
    /// `hidden x` for assume-unchanged and skip-worktree).
    pub differences: Vec<String>,
}

/// Looks at the checkout that holds `project`. `exempt` are the folders that may hold untracked files (`.deployment-state`);
/// `watched` are those in which even ignored files count as differences (the migrations).
///
/// # Errors
/// Rule `git-unavailable` without git, outside a repository or without a commit; `unclean-git` where an exempt folder is tracked.
pub fn inspect(_project: &Path, _exempt: &[&Path], _watched: &[&Path]) -> Result<Checkout, Refusal> {
    unimplemented!()
}
