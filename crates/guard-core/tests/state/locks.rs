//! The deployment lock, raced for by real processes.

use crate::support::{part, refused, role, shown, this_program};
use guard_core::rule::Rule;
use guard_core::state::{DeploymentLock, LockHolder, Store};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const CHAIN: &str = "0123456789abcdef0123456789abcdef";
const LOST: i32 = 7;

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "not within a minute: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn start(test: &str, role: &str, root: &Path) -> Child {
    part(&[], &this_program(), test, role, root).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn holder(store: &Store) -> Option<LockHolder> {
    shown(DeploymentLock::holder(store))
}

/// Waits for the signal, takes the lock or ends with `LOST`, and holds it until it is told to stop.
fn compete(root: &Path) -> ! {
    let store = shown(Store::open(root));
    until("the start", || root.join("go").exists());
    match DeploymentLock::acquire(&store, CHAIN) {
        Err(refusal) => std::process::exit(if refusal.rule == Rule::DeploymentLocked { LOST } else { 3 }),
        Ok(lock) => {
            until("the stop", || root.join("stop").exists());
            drop(lock);
            std::process::exit(0)
        }
    }
}

#[test]
fn of_twenty_processes_one_wins_each_round() {
    if let Some((_, root)) = role() {
        compete(&root);
    }
    for _ in 0..3 {
        let root = tempfile::tempdir().unwrap();
        let store = shown(Store::open(root.path()));
        let mut children: Vec<Child> =
            (0..20).map(|_| start("locks::of_twenty_processes_one_wins_each_round", "compete", root.path())).collect();
        std::fs::write(root.path().join("go"), "").unwrap();
        let mut codes = Vec::new();
        until("nineteen lose", || {
            children.retain_mut(|child| {
                child.try_wait().unwrap().is_none_or(|status| {
                    codes.push(status.code());
                    false
                })
            });
            children.len() == 1
        });
        assert_eq!(codes, vec![Some(LOST); 19]);
        until("the winner says who it is", || holder(&store).is_some());
        let winner = holder(&store).unwrap();
        assert_eq!((winner.process.pid, winner.chain.as_str()), (children[0].id(), CHAIN));
        refused(
            DeploymentLock::acquire(&store, CHAIN),
            Rule::DeploymentLocked,
            &format!("process {}", winner.process.pid),
        );
        std::fs::write(root.path().join("stop"), "").unwrap();
        assert_eq!(children[0].wait().unwrap().code(), Some(0));
        assert_eq!(holder(&store), None);
    }
}

#[test]
fn a_killed_holder_frees_the_lock_even_while_a_child_of_it_lives() {
    let test = "locks::a_killed_holder_frees_the_lock_even_while_a_child_of_it_lives";
    if let Some((_, root)) = role() {
        let store = shown(Store::open(&root));
        let lock = shown(DeploymentLock::acquire(&store, CHAIN));
        let child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        std::fs::write(root.join("child"), child.id().to_string()).unwrap();
        std::thread::sleep(Duration::from_mins(1));
        drop(lock);
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let store = shown(Store::open(root.path()));
    let mut process = start(test, "hold", root.path());
    let grandchild =
        || std::fs::read_to_string(root.path().join("child")).ok().and_then(|text| text.parse::<u32>().ok());
    until("the lock is held", || grandchild().is_some());
    assert_eq!(holder(&store).map(|holder| holder.process.pid), Some(process.id()));
    process.kill().unwrap();
    process.wait().unwrap();
    let grandchild = grandchild().unwrap();
    assert!(guard_core::system::process::look_up(grandchild).is_some(), "the child of the holder lives");
    assert_eq!(holder(&store), None, "what the file still says does not count");
    assert!(std::fs::metadata(store.folder().join("deployment.lock")).unwrap().len() > 0);
    drop(shown(DeploymentLock::acquire(&store, CHAIN)));
    let killed = std::process::Command::new("kill").arg(grandchild.to_string()).status().unwrap();
    assert!(killed.success());
}

#[test]
fn a_lock_file_written_by_hand_locks_nobody_out_and_a_removed_one_lets_nobody_in() {
    let root = tempfile::tempdir().unwrap();
    let store = shown(Store::open(root.path()));
    let file = store.folder().join("deployment.lock");
    std::fs::write(&file, r#"{"process":{"pid":1,"start":1},"chain":"x","since":0}"#).unwrap();
    assert_eq!(holder(&store), None);
    let lock = shown(DeploymentLock::acquire(&store, CHAIN));
    refused(DeploymentLock::acquire(&store, CHAIN), Rule::DeploymentLocked, &format!("process {}", std::process::id()));
    drop(lock);
    assert_eq!(std::fs::metadata(&file).unwrap().len(), 0, "nobody reads an old name");
    // Locked by someone who says nothing: refused, though nobody can be named.
    let silent = std::fs::File::options().write(true).open(&file).unwrap();
    silent.lock().unwrap();
    refused(DeploymentLock::acquire(&store, CHAIN), Rule::DeploymentLocked, "none that can be seen from here");
    refused(DeploymentLock::holder(&store), Rule::DeploymentLocked, "none that can be seen from here");
}

#[test]
fn anything_but_a_file_in_place_of_the_lock_is_refused_at_once() {
    let root = tempfile::tempdir().unwrap();
    let store = shown(Store::open(root.path()));
    let file = store.folder().join("deployment.lock");
    let both = |why: &str| {
        refused(DeploymentLock::acquire(&store, CHAIN).map(drop), Rule::StateFolderUnsafe, why);
        refused(DeploymentLock::holder(&store).map(drop), Rule::StateFolderUnsafe, why);
    };
    std::os::unix::fs::symlink(root.path().join("target"), &file).unwrap();
    both("a symbolic link");
    assert!(!root.path().join("target").exists());
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    both("a folder");
    std::fs::remove_dir(&file).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&file).status().unwrap().success());
    both("a pipe");
}

#[test]
fn who_only_looks_keeps_nobody_from_locking() {
    let root = tempfile::tempdir().unwrap();
    let store = shown(Store::open(root.path()));
    drop(shown(DeploymentLock::acquire(&store, CHAIN)));
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let store = shown(Store::look(root.path())).unwrap();
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = DeploymentLock::holder(&store);
                    std::thread::yield_now();
                }
            });
        }
        for _ in 0..50 {
            drop(shown(DeploymentLock::acquire(&store, CHAIN)));
        }
        done.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
