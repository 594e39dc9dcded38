//! The copy of a project that the proof attacks: its tracked files, its installed packages by link, and a decoy that the copy's
//! policy declares production. The project's own database is not in it, and nothing in it leads there.
//!
//! Knows nothing of the attacks.

use super::World;
use super::plan;
use super::project::Project;
use crate::policy::{self, FILE_NAME, LoadedPolicy};
use crate::prisma;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files::{self, MAXIMUM_TEXT_BYTES};
use crate::system::process::{self, Program, ProgramOutput};
use crate::system::tree::{self, Kind};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where git stands on the systems that are known: never along the caller's `PATH`.
const GIT: [&str; 4] = ["/usr/bin/git", "/usr/local/bin/git", "/bin/git", "/opt/homebrew/bin/git"];
/// The most tracked files that are copied.
const MAXIMUM_FILES: usize = 50_000;
/// The decoy's file name.
const DECOY: &str = "prisma-guard-proof-decoy.db";
/// The password in every connection string of the proof: it must never come back in an output.
pub(super) const PASSWORD: &str = "prisma-guard-proof-password";

/// A copy, removed when it is dropped.
pub(super) struct Copy {
    _folder: tempfile::TempDir,
    /// The copy of the project's working folder.
    pub(super) project: PathBuf,
    /// The copy of the policy's folder.
    pub(super) root: PathBuf,
    /// The copy of the repository's top folder.
    pub(super) top: PathBuf,
    /// An empty home.
    pub(super) home: PathBuf,
    /// A connection string to the decoy.
    pub(super) decoy_url: String,
    /// The decoy's file, where it is one: nothing may ever create it.
    pub(super) decoy_file: Option<PathBuf>,
}

impl Copy {
    /// Copies a project.
    ///
    /// # Errors
    /// `git-unavailable`, `storage-failed`, `migrations-invalid`, `policy-missing` where the policy names no environment.
    pub(super) fn make(world: &World<'_>, policy: &LoadedPolicy, project: &Project) -> Result<Self, Refusal> {
        let provider = plan::read_migrations(&project.migrations)?.provider;
        let original = files::real_path(&policy.root);
        let prefix = text(&git(&original, &["rev-parse", "--show-prefix"])?);
        let listed = git(&original, &["ls-files", "-z", "--cached"])?;
        let folder =
            tempfile::Builder::new().prefix("prisma-guard-proof-").tempdir().map_err(|error| failed(&error))?;
        let base = files::real_path(folder.path());
        let top = base.join("copy");
        let root = top.join(prefix.trim_end_matches('\n'));
        let home = base.join("home");
        for folder in [&root, &home] {
            std::fs::create_dir_all(folder).map_err(|error| failed(&error))?;
        }
        copy_files(&original, &root, &listed.output)?;
        link_packages(&original, &root, &top)?;
        let relative =
            files::real_path(&world.project).strip_prefix(&original).map(Path::to_path_buf).unwrap_or_default();
        let (pattern, decoy_url, decoy_file) = if provider == "sqlite" {
            let file = root.join(DECOY);
            (format!("file:./{DECOY}"), format!("file:{}", file.display()), Some(file))
        } else {
            let scheme = if provider == "cockroachdb" { "postgresql" } else { provider.as_str() };
            let host = "decoy.prisma-guard-proof.invalid";
            (host.to_owned(), format!("{scheme}://attacker:{PASSWORD}@{host}/production"), None)
        };
        declare(&root, &pattern)?;
        Ok(Copy { project: root.join(relative), root, top, home, decoy_url, decoy_file, _folder: folder })
    }
}

/// Adds the decoy to the first protected environment of the copy's policy.
fn declare(root: &Path, pattern: &str) -> Result<(), Refusal> {
    let path = root.join(FILE_NAME);
    let invalid = |why: &str| Refusal::new(Rule::PolicyMissing, "the proof needs a policy with an environment", why);
    let text = files::read_text(&path, MAXIMUM_TEXT_BYTES)
        .map_err(|_| invalid("prisma-guard.json is not among the tracked files"))?;
    let mut policy: serde_json::Value =
        serde_json::from_str(&text).map_err(|_| invalid("prisma-guard.json cannot be read"))?;
    policy
        .get_mut("environments")
        .and_then(serde_json::Value::as_object_mut)
        .and_then(|environments| environments.values_mut().next())
        .and_then(|environment| environment.get_mut("databases"))
        .and_then(serde_json::Value::as_array_mut)
        .ok_or_else(|| invalid("prisma-guard.json names no protected environment"))?
        .push(pattern.into());
    let bytes = serde_json::to_vec_pretty(&policy).map_err(|_| invalid("prisma-guard.json cannot be written"))?;
    files::write_atomically(&path, &bytes, 0o644).map_err(|error| failed(&error))
}

fn copy_files(original: &Path, root: &Path, listed: &[u8]) -> Result<(), Refusal> {
    let names: Vec<&[u8]> = listed.split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    if names.len() > MAXIMUM_FILES {
        let why = format!("git tracks {} files, and the proof copies at most {MAXIMUM_FILES}", names.len());
        return Err(Refusal::new(Rule::StorageFailed, "the project is too large for the proof", why));
    }
    for name in names {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        let from = original.join(name);
        // Links and submodules stay behind: nothing in the copy may lead out of it.
        if tree::kind(&from) == Some(Kind::File) && !name.starts_with("../") {
            tree::copy(&from, &root.join(name)).map_err(|error| failed(&error))?;
        }
    }
    Ok(())
}

/// Links the folders of installed packages that Node would find from the project upwards, to the top of the repository.
fn link_packages(original: &Path, root: &Path, top: &Path) -> Result<(), Refusal> {
    let mut from = Some(original);
    let mut to = Some(root);
    while let (Some(source), Some(target)) = (from, to) {
        let packages = source.join("node_modules");
        let link = target.join("node_modules");
        if packages.is_dir() && !files::exists(&link) {
            tree::link_folder(&packages, &link).map_err(|error| failed(&error))?;
        }
        if target == top {
            break;
        }
        from = source.parent();
        to = target.parent();
    }
    Ok(())
}

fn git(folder: &Path, arguments: &[&str]) -> Result<ProgramOutput, Refusal> {
    let unavailable = |why: String| Refusal::new(Rule::GitUnavailable, "the tracked files cannot be listed", why);
    let file = GIT
        .iter()
        .map(Path::new)
        .find(|path| path.is_file())
        .ok_or_else(|| unavailable("git is not installed where it is looked for".to_owned()))?;
    let fixed = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "-c", "safe.directory=*"];
    let arguments: Vec<&OsStr> = fixed.iter().chain(arguments).map(OsStr::new).collect();
    let output = process::run(&Program {
        file,
        arguments: &arguments,
        variables: &[
            ("GIT_CONFIG_NOSYSTEM", OsStr::new("1")),
            ("GIT_CONFIG_GLOBAL", OsStr::new("/dev/null")),
            ("GIT_OPTIONAL_LOCKS", OsStr::new("0")),
            ("LC_ALL", OsStr::new("C")),
        ],
        folder,
        timeout: Duration::from_mins(2),
        maximum: 32 * 1024 * 1024,
    })
    .map_err(|error| unavailable(error.to_string()))?;
    if output.code == Some(0) { Ok(output) } else { Err(unavailable("this is not a git repository".to_owned())) }
}

fn text(output: &ProgramOutput) -> String {
    String::from_utf8_lossy(&output.output).into_owned()
}

fn failed(error: &std::io::Error) -> Refusal {
    Refusal::new(Rule::StorageFailed, "the copy for the proof cannot be made", format!("the system says: {error}"))
}

/// The policy and the project of a world: what the proof needs of it.
///
/// # Errors
/// `policy-missing`, `policy-invalid`, `prisma-not-found`, `migrations-invalid`.
pub(super) fn look(world: &World<'_>) -> Result<(LoadedPolicy, Project), Refusal> {
    let policy = policy::load(&world.project)?.ok_or_else(|| {
        Refusal::new(
            Rule::PolicyMissing,
            "there is no contract to prove without a policy",
            format!("there is no {FILE_NAME} in this folder or above it"),
        )
    })?;
    let installation = prisma::find(&world.project)?;
    Ok((policy, Project::find(&world.project, installation.major)?))
}

#[cfg(test)]
mod tests {
    use super::{declare, link_packages};
    use crate::system::files;

    #[test]
    fn the_decoy_joins_the_first_environment_and_nothing_else_changes() {
        let folder = tempfile::tempdir().unwrap();
        let policy = folder.path().join("prisma-guard.json");
        files::write_atomically(
            &policy,
            br#"{"environments":{"production":{"databases":["a"],"maxAge":"1h"}}}"#,
            0o600,
        )
        .unwrap();
        declare(folder.path(), "file:./x.db").unwrap();
        let read: serde_json::Value = serde_json::from_str(&files::read_text(&policy, 10_000).unwrap()).unwrap();
        assert_eq!(
            read,
            serde_json::json!({"environments":{"production":{"databases":["a","file:./x.db"],"maxAge":"1h"}}})
        );
        files::write_atomically(&policy, b"{}", 0o600).unwrap();
        assert!(declare(folder.path(), "x").is_err());
    }

    #[test]
    fn packages_of_a_workspace_are_linked_at_every_level() {
        let base = tempfile::tempdir().unwrap();
        let (original, copy) = (base.path().join("o"), base.path().join("c"));
        std::fs::create_dir_all(original.join("node_modules/a")).unwrap();
        std::fs::create_dir_all(original.join("apps/shop/node_modules/b")).unwrap();
        std::fs::create_dir_all(copy.join("apps/shop")).unwrap();
        link_packages(&original.join("apps/shop"), &copy.join("apps/shop"), &copy).unwrap();
        assert!(copy.join("node_modules/a").is_dir());
        assert!(copy.join("apps/shop/node_modules/b").is_dir());
    }
}
