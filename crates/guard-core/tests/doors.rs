//! The doors to the Prisma CLI, shut, looked at and given back, in folders as npm and pnpm make them.
#![cfg(unix)]
#![expect(clippy::disallowed_methods, reason = "a package manager does not go through the guard's own doors")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test")]

use guard_core::digest::Digest;
use guard_core::prisma::doors::{self, Door, DoorState};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const REAL_CLI: &str = "#!/usr/bin/env node\nconsole.log('the real CLI')\n";
const GATE: &str = "console.log('the gate', ...process.argv.slice(2))\n";
const GUARDED_CONFIG: &str = "import { databaseUrl } from '@org/prisma-guard/config'\nexport default {}\n";
/// What npm's link says.
const NPM_LINK: &str = "../prisma/build/index.js";

/// A project, and the folder that everything of it is in.
struct Project {
    _folder: Option<tempfile::TempDir>,
    root: PathBuf,
    /// The package's own `bin/prisma.js`, as the running package names it: links followed.
    launcher: PathBuf,
}

impl Project {
    /// As npm installs Prisma: a package, and a link to its CLI. Our package is there and has not run its install step.
    fn npm() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        Project { _folder: Some(folder), ..Self::npm_in(root) }
    }

    fn npm_in(root: PathBuf) -> Self {
        let project =
            Project { _folder: None, launcher: root.join("node_modules/@org/prisma-guard/bin/prisma.js"), root };
        project.prisma("node_modules/prisma");
        project.guard("node_modules/@org/prisma-guard");
        project.link(NPM_LINK, "node_modules/.bin/prisma");
        project.write("prisma.config.ts", GUARDED_CONFIG);
        project
    }

    /// As pnpm installs: real folders in a store inside `node_modules`, links to them, hard links to files that other projects share, and
    /// a shell script in `.bin`.
    fn pnpm() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let guard = "node_modules/.pnpm/@org+prisma-guard@0.1.0/node_modules/@org/prisma-guard";
        let project = Project { _folder: Some(folder), launcher: root.join(guard).join("bin/prisma.js"), root };
        project.prisma("node_modules/.pnpm/prisma@7.10.1/node_modules/prisma");
        project.guard(guard);
        project.link(".pnpm/prisma@7.10.1/node_modules/prisma", "node_modules/prisma");
        project
            .link("../.pnpm/@org+prisma-guard@0.1.0/node_modules/@org/prisma-guard", "node_modules/@org/prisma-guard");
        project
            .write("store/prisma-shim", "#!/bin/sh\nexec node \"$(dirname \"$0\")/../prisma/build/index.js\" \"$@\"\n");
        project.mode("store/prisma-shim", 0o755);
        fs::create_dir_all(project.path("node_modules/.bin")).unwrap();
        fs::hard_link(project.path("store/prisma-shim"), project.door()).unwrap();
        project.write("prisma.config.ts", GUARDED_CONFIG);
        project
    }

    fn prisma(&self, package: &str) {
        self.write(&format!("{package}/package.json"), r#"{ "name": "prisma", "version": "7.10.1" }"#);
        self.write(&format!("{package}/build/index.js"), REAL_CLI);
        self.mode(&format!("{package}/build/index.js"), 0o755);
    }

    fn guard(&self, package: &str) {
        self.write(&format!("{package}/package.json"), r#"{ "name": "@org/prisma-guard", "version": "0.1.0" }"#);
        self.write(&format!("{package}/bin/prisma.js"), GATE);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn door(&self) -> PathBuf {
        self.path("node_modules/.bin/prisma")
    }

    fn manifest(&self) -> PathBuf {
        self.path("node_modules/.prisma-guard/manifest.json")
    }

    fn write(&self, name: &str, text: &str) {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn link(&self, target: &str, name: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(target, path).unwrap();
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    fn install(&self) -> Result<Vec<Door>, Refusal> {
        doors::install(&self.root, &self.launcher)
    }

    #[track_caller]
    fn installed(&self) -> Vec<Door> {
        self.install().unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// What a look says of the door of this name in `.bin`.
    #[track_caller]
    fn seen(&self, name: &str) -> Door {
        let path = self.path("node_modules/.bin").join(name);
        let seen = doors::inspect(&self.root).into_iter().find(|door| door.path == path);
        seen.unwrap_or_else(|| panic!("{} is not looked at", path.display()))
    }

    #[track_caller]
    fn is(&self, name: &str, state: DoorState, seen: &str) {
        let door = self.seen(name);
        assert_eq!((door.name.as_str(), door.state), ("bin", state), "{door:?}");
        assert!(door.seen.contains(seen), "{door:?}\n  does not say: {seen}");
    }

    /// The files that an install left beside what it wrote.
    fn leftovers(&self) -> Vec<String> {
        let folders = ["node_modules/.bin", "node_modules/.prisma-guard"];
        let entries = folders.iter().filter_map(|folder| fs::read_dir(self.path(folder)).ok()).flatten();
        let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| name.starts_with(".prisma-guard-")).collect()
    }
}

/// Runs what stands in a door, as the shell's `#!` line would.
fn run(door: &Path, arguments: &[&str]) -> String {
    let output = Command::new("node").arg(door).args(arguments).stdin(Stdio::null()).output().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[track_caller]
fn refused(result: Result<Vec<Door>, Refusal>, why: &str) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.rule, Rule::StorageFailed, "{refusal}");
    assert!(refusal.why.contains(why), "{refusal}\n  does not say: {why}");
    assert!(refusal.instead.contains("npx prisma-guard install"), "{refusal:?}");
}

#[test]
fn npm_s_link_to_the_real_cli_becomes_the_gate_and_the_real_cli_stays_as_it_is() {
    let project = Project::npm();
    project.is("prisma", DoorState::Open, "a link to");
    let real = project.path("node_modules/prisma/build/index.js");
    let before = inode(&real);
    assert!(project.installed().iter().all(|door| door.state == DoorState::Shut));
    project.is("prisma", DoorState::Shut, "the gate's launcher");
    let metadata = fs::symlink_metadata(project.door()).unwrap();
    assert!(metadata.is_file() && metadata.permissions().mode() & 0o777 == 0o755, "{metadata:?}");
    assert_eq!(run(&project.door(), &["migrate", "deploy"]), "the gate migrate deploy\n");
    assert_eq!((fs::read_to_string(&real).unwrap().as_str(), inode(&real)), (REAL_CLI, before));
    assert_eq!(project.leftovers(), Vec::<String>::new());
}

#[test]
fn installing_again_writes_nothing() {
    let project = Project::npm();
    project.installed();
    let before = [project.door(), project.manifest()].map(|file| (inode(&file), fs::read(&file).unwrap()));
    project.installed();
    assert_eq!([project.door(), project.manifest()].map(|file| (inode(&file), fs::read(&file).unwrap())), before);
}

#[test]
fn the_store_that_a_hard_link_shares_with_other_projects_is_never_written() {
    let project = Project::pnpm();
    let (shim, before) = (project.read("store/prisma-shim"), inode(&project.path("store/prisma-shim")));
    assert_eq!(inode(&project.door()), before, "the test's own link");
    let stays = |when: &str| {
        assert_eq!(project.read("store/prisma-shim"), shim, "{when}");
        assert_eq!(inode(&project.path("store/prisma-shim")), before, "{when}");
        assert_ne!(inode(&project.door()), before, "{when}");
    };
    project.installed();
    stays("installed");
    doors::uninstall(&project.root).unwrap();
    stays("uninstalled");
    assert_eq!(fs::read_to_string(project.door()).unwrap(), shim);
    // A hard link to the real CLI itself.
    fs::remove_file(project.door()).unwrap();
    fs::hard_link(project.path("node_modules/prisma/build/index.js"), project.door()).unwrap();
    project.installed();
    assert_eq!(project.read("node_modules/prisma/build/index.js"), REAL_CLI);
    // A manifest that is a link to somebody else's file.
    project.write("theirs", "theirs");
    fs::remove_file(project.manifest()).unwrap();
    symlink(project.path("theirs"), project.manifest()).unwrap();
    fs::remove_file(project.door()).unwrap();
    project.installed();
    assert_eq!(project.read("theirs"), "theirs");
}

#[test]
fn uninstalling_gives_back_exactly_what_stood_there() {
    let project = Project::npm();
    project.write("node_modules/.bin/prisma.cmd", "@node \"%~dp0\\..\\prisma\\build\\index.js\" %*\r\n");
    project.mode("node_modules/.bin/prisma.cmd", 0o750);
    project.write("node_modules/.bin/prisma.ps1", "& node x\n");
    project.link("nowhere", "node_modules/.bin/prisma7");
    project.installed();
    for name in ["prisma", "prisma.cmd", "prisma.ps1", "prisma7"] {
        project.is(name, DoorState::Shut, "the gate's launcher");
    }
    doors::uninstall(&project.root).unwrap();
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));
    assert_eq!(fs::read_link(project.path("node_modules/.bin/prisma7")).unwrap(), Path::new("nowhere"));
    let shim = project.path("node_modules/.bin/prisma.cmd");
    assert_eq!(fs::read_to_string(&shim).unwrap(), "@node \"%~dp0\\..\\prisma\\build\\index.js\" %*\r\n");
    assert_eq!(fs::metadata(&shim).unwrap().mode() & 0o777, 0o750);
    assert_eq!(project.read("node_modules/.bin/prisma.ps1"), "& node x\n");
    assert!(!project.manifest().parent().unwrap().exists(), "the manifest's folder is left over");
    assert_eq!(project.leftovers(), Vec::<String>::new());
    assert_eq!(run(&project.door(), &[]), "the real CLI\n");
}

#[test]
fn where_nothing_stood_nothing_is_left() {
    let project = Project::npm();
    fs::remove_dir_all(project.path("node_modules/.bin")).unwrap();
    project.is("prisma", DoorState::Absent, "nothing");
    project.installed();
    assert_eq!(run(&project.door(), &["x"]), "the gate x\n");
    let names: Vec<_> = fs::read_dir(project.path("node_modules/.bin")).unwrap().collect();
    assert_eq!(names.len(), 1, "on this system only `prisma` is a command: {names:?}");
    doors::uninstall(&project.root).unwrap();
    assert!(fs::symlink_metadata(project.door()).is_err());
}

#[test]
fn uninstalling_leaves_what_somebody_else_put_there_since() {
    let project = Project::npm();
    project.installed();
    project.write("node_modules/.prisma-guard/theirs", "theirs");
    fs::remove_file(project.door()).unwrap();
    project.write("node_modules/.bin/prisma", "#!/bin/sh\necho theirs\n");
    doors::uninstall(&project.root).unwrap();
    assert_eq!(project.read("node_modules/.bin/prisma"), "#!/bin/sh\necho theirs\n");
    assert_eq!(project.read("node_modules/.prisma-guard/theirs"), "theirs");
    assert!(!project.manifest().exists());
}

#[test]
fn a_shim_that_somebody_wrote_by_hand_is_an_open_door_until_it_is_replaced_and_is_given_back() {
    let project = Project::npm();
    fs::remove_file(project.door()).unwrap();
    let shim = "#!/usr/bin/env node\n// our own wrapper\nrequire('../prisma/build/index.js')\n";
    project.write("node_modules/.bin/prisma", shim);
    project.mode("node_modules/.bin/prisma", 0o711);
    project.is("prisma", DoorState::Open, "a file of somebody else");
    project.installed();
    assert_eq!(run(&project.door(), &["db", "push"]), "the gate db push\n");
    doors::uninstall(&project.root).unwrap();
    assert_eq!(project.read("node_modules/.bin/prisma"), shim);
    assert_eq!(fs::metadata(project.door()).unwrap().mode() & 0o777, 0o711);
}

#[test]
fn in_a_pnpm_layout_the_launcher_finds_the_package_behind_its_link() {
    let project = Project::pnpm();
    project.is("prisma", DoorState::Open, "the package manager's launcher of the real CLI");
    project.installed();
    project.is("prisma", DoorState::Shut, "the gate's launcher");
    assert_eq!(run(&project.door(), &["migrate", "deploy"]), "the gate migrate deploy\n");
    // By its place beside `.bin`, so that it still holds when the store's folder gets the name of another version.
    let text = fs::read_to_string(project.door()).unwrap();
    assert!(text.contains("require(\"../@org/prisma-guard/bin/prisma.js\")"), "{text}");
    assert_eq!(project.read("node_modules/.pnpm/prisma@7.10.1/node_modules/prisma/build/index.js"), REAL_CLI);
}

#[test]
fn in_a_workspace_the_package_s_own_door_and_the_root_s_are_both_shut() {
    let project = Project::npm();
    project.write("packages/web/package.json", "{}");
    project.link("../../../../node_modules/prisma/build/index.js", "packages/web/node_modules/.bin/prisma");
    let package = project.path("packages/web");
    let open = doors::inspect(&package).iter().filter(|door| door.state == DoorState::Open).count();
    assert_eq!(open, 2, "{:?}", doors::inspect(&package));
    doors::install(&package, &project.launcher).unwrap();
    for door in ["packages/web/node_modules/.bin/prisma", "node_modules/.bin/prisma"] {
        assert_eq!(run(&project.path(door), &["x"]), "the gate x\n", "{door}");
    }
    assert!(doors::inspect(&package).iter().all(|door| door.state != DoorState::Open));
    doors::uninstall(&package).unwrap();
    let given_back = fs::read_link(project.path("packages/web/node_modules/.bin/prisma")).unwrap();
    assert_eq!(given_back, Path::new("../../../../node_modules/prisma/build/index.js"));
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));
}

#[test]
fn the_link_that_a_package_manager_made_to_our_own_bin_is_left_as_it_is() {
    let project = Project::npm();
    fs::remove_file(project.door()).unwrap();
    project.link("../@org/prisma-guard/bin/prisma.js", "node_modules/.bin/prisma");
    project.is("prisma", DoorState::Shut, "the package manager linked the gate's own bin");
    project.installed();
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new("../@org/prisma-guard/bin/prisma.js"));
    assert!(!project.manifest().exists());
}

#[test]
fn a_link_to_another_package_inside_ours_is_no_link_to_the_gate() {
    let project = Project::npm();
    fs::remove_file(project.door()).unwrap();
    project.prisma("node_modules/@org/prisma-guard/node_modules/prisma");
    project.link("../@org/prisma-guard/node_modules/prisma/build/index.js", "node_modules/.bin/prisma");
    assert_eq!(run(&project.door(), &[]), "the real CLI\n");
    project.is("prisma", DoorState::Open, "a link to");
    project.installed();
    assert_eq!(run(&project.door(), &["x"]), "the gate x\n");
}

#[test]
fn a_door_that_was_linked_back_is_seen_open_and_shut_again() {
    let project = Project::npm();
    for round in 0..3 {
        project.installed();
        project.is("prisma", DoorState::Shut, "the gate's launcher");
        fs::remove_file(project.door()).unwrap();
        project.link(NPM_LINK, "node_modules/.bin/prisma");
        project.is("prisma", DoorState::Open, "a link to");
        assert_eq!(run(&project.door(), &[]), "the real CLI\n", "round {round}");
    }
    project.installed();
    doors::uninstall(&project.root).unwrap();
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));
}

#[test]
fn a_launcher_that_was_changed_is_seen_open_mended_and_not_remembered() {
    let project = Project::npm();
    project.installed();
    let whole = project.read("node_modules/.bin/prisma");
    let (head, _) = whole.split_once("'use strict'").unwrap();
    // The digest in the launcher's own line keeps nobody from writing another one.
    let body = format!("'use strict'\nrequire(\"{NPM_LINK}\")\n");
    let digest = whole.split_once("sha256:").unwrap().1.split_once('\n').unwrap().0;
    let leads_elsewhere = format!("{head}{body}").replace(digest, Digest::of(body.as_bytes()).as_str());
    let does_more = whole.replacen("'use strict'\n", "'use strict'\nif (process.argv[2] === 'x') process.exit()\n", 1);
    let runs_the_cli_first = format!("{whole}require(\"{NPM_LINK}\")\n");
    let marker_only = format!("{head}require(\"{NPM_LINK}\")\n");
    for changed in [leads_elsewhere, does_more, runs_the_cli_first, marker_only, head.to_owned()] {
        assert_ne!(changed, whole);
        project.write("node_modules/.bin/prisma", &changed);
        project.is("prisma", DoorState::Open, "a launcher of the gate that was changed");
        project.installed();
        assert_eq!(project.read("node_modules/.bin/prisma"), whole);
    }
    doors::uninstall(&project.root).unwrap();
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK), "what stood there first was forgotten");
}

#[test]
fn a_launcher_of_another_version_is_shut_and_brought_up_to_date() {
    let project = Project::npm();
    project.installed();
    let current = project.read("node_modules/.bin/prisma");
    let version = concat!("launcher ", env!("CARGO_PKG_VERSION"), " ");
    let older = current.replace(version, "launcher 0.0.1 ");
    assert_ne!(older, current);
    project.write("node_modules/.bin/prisma", &older);
    project.is("prisma", DoorState::Shut, "the gate's launcher");
    project.installed();
    assert_eq!(project.read("node_modules/.bin/prisma"), current);
    doors::uninstall(&project.root).unwrap();
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));
}

#[test]
fn a_launcher_whose_package_is_gone_is_seen_open_and_runs_nothing() {
    let project = Project::npm();
    project.installed();
    fs::remove_dir_all(project.path("node_modules/@org")).unwrap();
    project.is("prisma", DoorState::Open, "whose package is gone");
    let output = run(&project.door(), &["migrate", "deploy"]);
    assert!(output.contains("Cannot find module") && !output.contains("the real CLI"), "{output}");
}

#[test]
fn without_the_manifest_npm_s_link_is_given_back_and_a_damaged_one_is_not_believed() {
    let project = Project::npm();
    project.installed();
    fs::remove_dir_all(project.path("node_modules/.prisma-guard")).unwrap();
    doors::uninstall(&project.root).unwrap();
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));

    project.installed();
    for damaged in ["", "{", r#"{"version":"0","doors":{},"bypass":true}"#, r#"{"version":"0","doors":{"prisma":"x"}}"#]
    {
        fs::write(project.manifest(), damaged).unwrap();
        refused(doors::uninstall(&project.root), "manifest.json");
        project.is("prisma", DoorState::Shut, "the gate's launcher");
    }
    // The next change of a door writes a new one.
    fs::remove_file(project.door()).unwrap();
    project.installed();
    doors::uninstall(&project.root).unwrap();
}

#[test]
fn one_door_that_cannot_be_shut_keeps_no_other_open() {
    let project = Project::npm();
    fs::create_dir(project.path("node_modules/.bin/prisma.cmd")).unwrap();
    refused(project.install(), "prisma.cmd");
    project.is("prisma.cmd", DoorState::Open, "something that is not a text file");
    project.is("prisma", DoorState::Shut, "the gate's launcher");
    assert_eq!(run(&project.door(), &["x"]), "the gate x\n");
    fs::remove_dir(project.path("node_modules/.bin/prisma.cmd")).unwrap();
    doors::uninstall(&project.root).unwrap();
    assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));
}

#[test]
fn without_prisma_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("node_modules/.bin")).unwrap();
    let guard = folder.path().join("node_modules/@org/prisma-guard/bin/prisma.js");
    let seen = doors::install(folder.path(), &guard).unwrap();
    assert!(seen.iter().all(|door| door.state == DoorState::Absent), "{seen:?}");
    assert_eq!(fs::read_dir(folder.path().join("node_modules")).unwrap().count(), 1);
    assert_eq!(fs::read_dir(folder.path().join("node_modules/.bin")).unwrap().count(), 0);
}

#[test]
fn every_config_that_prisma_may_take_is_looked_at() {
    let project = Project::npm();
    let configs = || -> Vec<(PathBuf, DoorState)> {
        let seen = doors::inspect(&project.root).into_iter().filter(|door| door.name == "config");
        seen.map(|door| (door.path, door.state)).collect()
    };
    assert_eq!(configs(), [(project.path("prisma.config.ts"), DoorState::Shut)]);
    // It would be taken in the other one's place.
    project.write("prisma.config.js", "export default {}\n");
    assert!(configs().contains(&(project.path("prisma.config.js"), DoorState::Open)), "{:?}", configs());
    assert_eq!(configs().len(), 2);
    for name in ["prisma.config.js", "prisma.config.ts"] {
        fs::remove_file(project.path(name)).unwrap();
    }
    assert_eq!(configs(), [(project.path("prisma.config.ts"), DoorState::Absent)]);
}

const PLACE: &str = "DOORS_TEST_PLACE";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Plays this test as a user for whom a mode means something, in a folder of theirs.
fn as_a_user_with_few_rights(test: &str) {
    let place = tempfile::tempdir().unwrap();
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let home = place.path().join("home");
    fs::create_dir(&home).unwrap();
    let program = place.path().join("program");
    // Copied by another process: a descriptor open for writing, inherited by what the other tests start meanwhile, would make it "text
    // file busy" (execve(2), ETXTBSY).
    assert!(Command::new("cp").arg(std::env::current_exe().unwrap()).arg(&program).status().unwrap().success());
    let mut command = if is_root() {
        std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env(PLACE, &home).stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "as another user (needs setpriv of util-linux when run as root): {said}");
}

#[test]
fn a_folder_that_may_not_be_written_gives_one_clear_refusal_and_stays_as_it_is() {
    let Some(home) = std::env::var_os(PLACE) else {
        as_a_user_with_few_rights("a_folder_that_may_not_be_written_gives_one_clear_refusal_and_stays_as_it_is");
        return;
    };
    assert!(!is_root());
    for (number, folder) in ["node_modules/.bin", "node_modules"].into_iter().enumerate() {
        let project = Project::npm_in(Path::new(&home).join(number.to_string()));
        project.mode(folder, 0o555);
        refused(project.install(), "Permission denied");
        assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));
        assert_eq!(project.leftovers(), Vec::<String>::new());
        project.is("prisma", DoorState::Open, "a link to");
        project.mode(folder, 0o755);
        project.installed();
        assert_eq!(run(&project.door(), &["x"]), "the gate x\n");
        project.mode("node_modules/.bin", 0o555);
        refused(doors::uninstall(&project.root), "Permission denied");
        project.mode("node_modules/.bin", 0o755);
        doors::uninstall(&project.root).unwrap();
        assert_eq!(fs::read_link(project.door()).unwrap(), Path::new(NPM_LINK));
    }
}
