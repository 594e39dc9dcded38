//! The checkout against its commit, on real repositories.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]
#![cfg(unix)]

use guard_core::git::{Checkout, inspect};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Repository(tempfile::tempdir().unwrap());
        repository.git(&["init", "-q", "-b", "main"]);
        repository.write("a.txt", "one\n");
        repository.write("prisma/migrations/1/migration.sql", "CREATE TABLE a (id INT);\n");
        repository.write(".gitignore", "node_modules/\n.deployment-state/\n*.log\n");
        repository.commit();
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) {
        let done = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"])
            .args(arguments)
            .current_dir(self.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        assert!(done.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }

    #[expect(clippy::disallowed_methods, reason = "a test writes its own files")]
    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "c"]);
    }

    fn look(&self) -> Result<Checkout, Refusal> {
        inspect(self.path(), &[Path::new(".deployment-state")], &[Path::new("prisma/migrations")])
    }

    fn differences(&self) -> Vec<String> {
        self.look().unwrap().differences
    }
}

#[test]
fn a_clean_checkout_has_no_differences_and_names_its_commit() {
    let repository = Repository::new();
    repository.write("node_modules/x/index.js", "");
    repository.write(".deployment-state/verification.passed", "{}");
    let checkout = repository.look().unwrap();
    assert_eq!(checkout.differences, Vec::<String>::new());
    assert_eq!(checkout.reference.as_deref(), Some("refs/heads/main"));
    assert!(checkout.commit.len() == 40 && checkout.tree.len() == 40 && checkout.commit != checkout.tree);
    let below = inspect(&repository.path().join("prisma"), &[], &[]).unwrap();
    assert_eq!((below.root, below.commit), (checkout.root, checkout.commit));
}

#[test]
fn every_kind_of_change_is_a_difference() {
    let repository = Repository::new();
    repository.write("b.txt", "two\n");
    assert_eq!(repository.differences(), ["untracked b.txt"]);
    repository.git(&["add", "b.txt"]);
    assert_eq!(repository.differences(), ["staged b.txt", "untracked b.txt"]);
    repository.commit();
    repository.write("b.txt", "tw0\n");
    assert_eq!(repository.differences(), ["modified b.txt"]);
    std::fs::remove_file(repository.path().join("b.txt")).unwrap();
    assert_eq!(repository.differences(), ["deleted b.txt"]);
    std::os::unix::fs::symlink("a.txt", repository.path().join("b.txt")).unwrap();
    assert_eq!(repository.differences(), ["modified b.txt"]);
    repository.commit();
    assert_eq!(repository.differences(), Vec::<String>::new(), "a committed link is itself");
    std::fs::set_permissions(repository.path().join("a.txt"), std::fs::Permissions::from_mode(0o755)).unwrap();
    repository.git(&["config", "core.fileMode", "false"]);
    assert_eq!(repository.differences(), ["modified a.txt"]);
}

#[test]
fn an_ignored_file_counts_among_the_migrations_only() {
    let repository = Repository::new();
    repository.write("x.log", "");
    repository.write("prisma/migrations/1/x.log", "");
    assert_eq!(repository.differences(), ["ignored prisma/migrations/1/x.log"]);
}

#[test]
fn git_told_to_look_away_hides_nothing() {
    for flag in ["--assume-unchanged", "--skip-worktree"] {
        let repository = Repository::new();
        repository.git(&["update-index", flag, "a.txt"]);
        repository.write("a.txt", "changed\n");
        assert_eq!(repository.differences(), ["hidden a.txt", "modified a.txt"], "{flag}");
    }
}

#[test]
fn the_checkouts_own_configuration_hides_nothing() {
    let repository = Repository::new();
    let marker = repository.path().join("node_modules/ran");
    repository.write("node_modules/x", "");
    repository.write(".git/info/exclude", "evil.ts\n");
    repository.write(".git/info/attributes", "a.txt filter=liar\n");
    repository.git(&["config", "filter.liar.clean", &format!("touch {}; echo one", marker.display())]);
    repository.git(&["config", "core.fsmonitor", &format!("touch {}", marker.display())]);
    repository.git(&["config", "core.autocrlf", "true"]);
    repository.git(&["config", "status.showUntrackedFiles", "no"]);
    repository.write("a.txt", "changed\r\n");
    repository.write("evil.ts", "");
    assert_eq!(repository.differences(), ["modified a.txt", "untracked evil.ts"]);
    assert!(!marker.exists(), "nothing of the configuration was executed");
}

#[test]
fn a_file_of_the_same_size_and_times_is_still_compared() {
    let repository = Repository::new();
    let path = repository.path().join("a.txt");
    let before = std::fs::File::options().read(true).open(&path).unwrap().metadata().unwrap();
    repository.git(&["config", "core.trustctime", "false"]);
    repository.git(&["config", "core.checkStat", "minimal"]);
    repository.write("a.txt", "two\n");
    let file = std::fs::File::options().write(true).open(&path).unwrap();
    file.set_modified(before.modified().unwrap()).unwrap();
    assert_eq!(repository.differences(), ["modified a.txt"]);
}

#[test]
fn an_ignore_file_that_hides_itself_is_a_difference() {
    let repository = Repository::new();
    repository.write("prisma/.gitignore", "*\n");
    repository.write("prisma/evil.ts", "");
    assert_eq!(repository.differences(), ["untracked prisma/.gitignore"]);
}

#[test]
fn a_replaced_commit_is_not_believed() {
    let repository = Repository::new();
    let first = repository.look().unwrap();
    repository.write("a.txt", "other\n");
    repository.commit();
    let second = repository.look().unwrap();
    repository.git(&["replace", &second.commit, &first.commit]);
    let seen = repository.look().unwrap();
    assert_eq!((seen.commit, seen.tree, seen.differences), (second.commit, second.tree, Vec::new()));
}

#[test]
fn line_endings_that_the_commit_asks_for_are_no_difference() {
    let repository = Repository::new();
    repository.write(".gitattributes", "*.bat text eol=crlf\n");
    repository.write("run.bat", "echo\r\n");
    repository.commit();
    assert_eq!(repository.differences(), Vec::<String>::new());
    repository.write("run.bat", "evil\r\n");
    assert_eq!(repository.differences(), ["modified run.bat"]);
}

#[test]
fn detached_heads_shallow_clones_and_worktrees_are_checkouts() {
    let repository = Repository::new();
    repository.git(&["checkout", "-q", "--detach"]);
    assert_eq!(repository.look().unwrap().reference, None);
    let beside = tempfile::tempdir().unwrap();
    let (tree, clone) = (beside.path().join("tree"), beside.path().join("clone"));
    repository.git(&["worktree", "add", "-q", tree.to_str().unwrap(), "main"]);
    let url = format!("file://{}", repository.path().display());
    repository.git(&["clone", "-q", "--depth", "1", &url, clone.to_str().unwrap()]);
    for folder in [tree, clone] {
        let checkout = inspect(&folder, &[], &[]).unwrap();
        assert_eq!(checkout.differences, Vec::<String>::new());
        assert_eq!(checkout.commit, repository.look().unwrap().commit);
    }
}

#[test]
fn a_change_in_a_submodule_is_a_difference() {
    let (inner, outer) = (Repository::new(), Repository::new());
    outer.git(&["submodule", "add", "-q", inner.path().to_str().unwrap(), "sub"]);
    outer.commit();
    assert_eq!(outer.differences(), Vec::<String>::new());
    outer.write("sub/a.txt", "changed\n");
    outer.write("sub/new.txt", "");
    assert_eq!(outer.differences(), ["modified sub/a.txt", "untracked sub/new.txt"]);
}

#[test]
fn a_tracked_state_folder_is_refused() {
    let repository = Repository::new();
    repository.write(".deployment-state/verification.passed", "{}");
    repository.git(&["add", "-f", ".deployment-state"]);
    repository.commit();
    assert_eq!(repository.look().unwrap_err().rule, Rule::UncleanGit);
}

#[test]
fn no_repository_and_no_commit_are_refused() {
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(inspect(empty.path(), &[], &[]).unwrap_err().rule, Rule::GitUnavailable);
    let repository = Repository(tempfile::tempdir().unwrap());
    repository.git(&["init", "-q"]);
    assert_eq!(repository.look().unwrap_err().rule, Rule::GitUnavailable);
}

#[test]
fn a_work_tree_elsewhere_is_refused() {
    let (repository, elsewhere) = (Repository::new(), tempfile::tempdir().unwrap());
    repository.git(&["config", "core.worktree", elsewhere.path().to_str().unwrap()]);
    assert_eq!(repository.look().unwrap_err().rule, Rule::GitUnavailable);
}

#[test]
fn names_with_line_breaks_and_quotes_are_read_whole() {
    let repository = Repository::new();
    repository.write("odd\n\"name\u{1b}.txt", "");
    assert_eq!(repository.differences(), ["untracked odd?\"name?.txt"]);
    repository.commit();
    assert_eq!(repository.differences(), Vec::<String>::new());
}
