//! Full and read-only disks as mounts in a name space of their own, and folders of another user.

use crate::support::{
    Project, Signer, backup, first, leftovers, next, part, refused, role, shown, succeeded, this_program,
};
use guard_core::rule::Rule;
use guard_core::state::{DeploymentLock, Step, Store};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Plays a part of a test on a small file system that is mounted for it alone. Needs util-linux and the right to mount: as root, or
/// with user name spaces.
fn on_a_small_disk(test: &str, role: &str) {
    let place = tempfile::tempdir().unwrap();
    let mount = "mount -t tmpfs -o size=128k,mode=0700 none \"$STATE_TEST_PLACE\" && exec \"$@\"";
    let unshare = if is_root() { "-m" } else { "-rm" };
    let words = ["unshare", unshare, "sh", "-c", mount, "sh"];
    let what = format!(
        "{test} as {role} (needs `unshare {unshare}` and `mount -t tmpfs`: run as root or allow user name spaces)"
    );
    succeeded(&what, part(&words, &this_program(), test, role, place.path()).output());
}

#[test]
fn on_a_full_disk_the_old_record_stays_and_nothing_is_left_over() {
    let Some((_, root)) = role() else {
        return on_a_small_disk("disks::on_a_full_disk_the_old_record_stays_and_nothing_is_left_over", "full");
    };
    let (store, signer) = (shown(Store::open(&root)), Signer::with_key(1));
    let verified = shown(store.write(first(), &signer));
    shown(store.write(next(&verified, backup()), &signer));
    let mut filler = std::fs::File::create(root.join("filler")).unwrap();
    while filler.write_all(&[0; 1024]).is_ok() {}
    let files = ["verification.passed", "backup.completed"].map(|name| store.folder().join(name));
    let before = files.clone().map(|file| std::fs::read(file).unwrap());
    let again = store.write(next(&verified, backup()), &signer);
    refused(again.map(drop), Rule::StorageFailed, "No space left on device");
    refused(store.write(first(), &signer).map(drop), Rule::StorageFailed, "No space left on device");
    refused(DeploymentLock::acquire(&store, &verified.statement.chain).map(drop), Rule::StorageFailed, "No space left");
    assert_eq!(files.map(|file| std::fs::read(file).unwrap()), before);
    assert_eq!(leftovers(store.folder()), Vec::<String>::new());
    drop(filler);
    std::fs::remove_file(root.join("filler")).unwrap();
    shown(store.write(first(), &signer));
}

#[test]
fn on_a_read_only_disk_reading_goes_on_and_writing_is_refused() {
    let Some((_, root)) = role() else {
        return on_a_small_disk("disks::on_a_read_only_disk_reading_goes_on_and_writing_is_refused", "read-only");
    };
    let (store, signer) = (shown(Store::open(&root)), Signer::with_key(1));
    shown(store.write(first(), &signer));
    std::fs::create_dir(root.join("fresh")).unwrap();
    succeeded("mount", Command::new("mount").args(["-o", "remount,ro"]).arg(&root).output());
    let store = shown(Store::open(&root));
    refused(store.write(first(), &signer).map(drop), Rule::StorageFailed, "Read-only file system");
    refused(store.archive(), Rule::StorageFailed, "Read-only file system");
    refused(Store::open(&root.join("fresh")).map(drop), Rule::StorageFailed, "Read-only file system");
    assert!(shown(store.read(Step::Verification)).is_some());
}

/// Plays a part as a user who is not root, in a folder that is theirs.
fn as_another_user(test: &str, role: &str, prepare: impl Fn(&Path)) {
    let place = tempfile::tempdir().unwrap();
    std::fs::set_permissions(place.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let home = place.path().join("home");
    std::fs::create_dir(&home).unwrap();
    prepare(&home);
    let mut program: PathBuf = this_program();
    let mut words = Vec::new();
    if is_root() {
        program = place.path().join("program");
        std::fs::copy(this_program(), &program).unwrap();
        std::os::unix::fs::chown(&home, Some(65534), Some(65534)).unwrap();
        words.extend(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    }
    let what = format!("{test} as {role} (needs setpriv of util-linux when run as root)");
    succeeded(&what, part(&words, &program, test, role, &home).output());
}

#[test]
fn in_a_folder_without_the_right_to_write_the_old_record_stays() {
    let Some((_, root)) = role() else {
        let test = "disks::in_a_folder_without_the_right_to_write_the_old_record_stays";
        return as_another_user(test, "user", |_| ());
    };
    assert!(!is_root());
    let (store, signer) = (shown(Store::open(&root)), Signer::with_key(1));
    shown(store.write(first(), &signer));
    let before = std::fs::read(store.folder().join("verification.passed")).unwrap();
    let mode = |mode| std::fs::set_permissions(store.folder(), PermissionsExt::from_mode(mode)).unwrap();
    mode(0o500);
    refused(store.write(first(), &signer).map(drop), Rule::StorageFailed, "Permission denied");
    assert_eq!(std::fs::read(store.folder().join("verification.passed")).unwrap(), before);
    mode(0o000);
    refused(Store::open(&root).map(drop), Rule::StorageFailed, "Permission denied");
    mode(0o700);
    std::fs::set_permissions(store.folder().join("verification.passed"), PermissionsExt::from_mode(0)).unwrap();
    refused(store.read(Step::Verification).map(drop), Rule::StorageFailed, "Permission denied");
}

#[test]
fn a_folder_of_another_user_is_not_used() {
    let Some((_, root)) = role() else {
        if is_root() {
            let test = "disks::a_folder_of_another_user_is_not_used";
            return as_another_user(test, "user", |home| std::fs::create_dir(home.join(".deployment-state")).unwrap());
        }
        // Without root, the folder of another user is one that the system has anyway.
        let project = tempfile::tempdir().unwrap();
        std::fs::write(project.path().join("x"), "").unwrap();
        refused(foreign("/usr"), Rule::StateFolderUnsafe, "belongs to user 0");
        return;
    };
    refused(
        Store::open(&root).map(drop),
        Rule::StateFolderUnsafe,
        "belongs to user 0, and this process runs as user 65534",
    );
    refused(Store::look(&root).map(drop), Rule::StateFolderUnsafe, "belongs to user 0");
}

/// A system folder opened as the store opens its own.
fn foreign(path: &str) -> Result<(), guard_core::refusal::Refusal> {
    match guard_core::system::folder::Folder::open(Path::new(path)) {
        Err(error) => Err(guard_core::refusal::Refusal::new(Rule::StateFolderUnsafe, "not used", error.to_string())),
        Ok(_) => Ok(()),
    }
}

#[test]
fn a_missing_project_folder_is_said_and_not_created() {
    let project = Project::new(Signer::with_key(1));
    let nowhere = project.root.path().join("no/such/project");
    refused(Store::open(&nowhere).map(drop), Rule::StorageFailed, "No such file or directory");
    assert!(!project.root.path().join("no").exists());
}
