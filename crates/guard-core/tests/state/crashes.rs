//! Writers that are killed: the record before or the record after is there, and the next write goes on.

use crate::support::{Project, Signer, deployment, first, leftovers, next, part, role, shown, succeeded, this_program};
use guard_core::state::{Outcome, Step, Store};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The project that another process left behind.
fn reopened(project: &Project) -> Store {
    shown(Store::open(project.root.path()))
}

#[test]
fn killed_at_every_system_call_that_matters_a_write_is_whole_or_did_not_happen() {
    let test = "crashes::killed_at_every_system_call_that_matters_a_write_is_whole_or_did_not_happen";
    if let Some((_, root)) = role() {
        let store = shown(Store::open(&root));
        shown(store.write(first(), &Signer::with_key(1)));
        return;
    }
    let has_strace =
        Command::new("strace").arg("-V").stdout(Stdio::null()).status().is_ok_and(|status| status.success());
    assert!(has_strace, "this test needs strace: install it (`apt-get install strace`)");
    // The calls of one write in their order: fsync of the file, rename, fsync of the folder.
    for (calls, number, old_stays) in
        [("fsync,fdatasync", 1, true), ("rename,renameat,renameat2", 1, true), ("fsync,fdatasync", 2, false)]
    {
        let project = Project::verified(Signer::with_key(1));
        let before = std::fs::read(project.file("verification.passed")).unwrap();
        let inject = format!("inject={calls}:signal=KILL:when={number}");
        let trace = format!("trace={calls}");
        let strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let output = part(&strace, &this_program(), test, "write", project.root.path()).output().unwrap();
        assert!(!output.status.success(), "{inject} did not kill: {}", String::from_utf8_lossy(&output.stderr));
        let after = std::fs::read(project.file("verification.passed")).unwrap();
        assert_eq!(after == before, old_stays, "{inject}");
        shown(project.require(Step::Verification));
        assert_eq!(leftovers(project.store.folder()).len(), usize::from(old_stays), "{inject}");
        shown(reopened(&project).write(first(), &project.signer));
        shown(project.require(Step::Verification));
    }
}

#[test]
fn killed_between_the_completed_record_and_the_removal_of_the_started_one_completed_counts() {
    let test = "crashes::killed_between_the_completed_record_and_the_removal_of_the_started_one_completed_counts";
    if let Some((_, root)) = role() {
        let store = shown(Store::open(&root));
        let backed_up = shown(store.read(Step::Backup)).unwrap();
        shown(store.write(next(&backed_up, deployment(Outcome::Completed)), &Signer::with_key(1)));
        return;
    }
    let project = Project::backed_up(Signer::with_key(1));
    project.write(next(&project.record(Step::Backup), deployment(Outcome::Started)));
    let strace =
        ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=unlinkat", "-e", "inject=unlinkat:signal=KILL:when=1"];
    let output = part(&strace, &this_program(), test, "complete", project.root.path()).output();
    let output = output.expect("this test needs strace: install it (`apt-get install strace`)");
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(project.file("deployment.completed").exists() && project.file("deployment.failed").exists());
    let record = shown(project.require(Step::Deployment));
    assert_eq!(record.statement.evidence, deployment(Outcome::Completed));
}

#[test]
fn killed_at_any_moment_a_writer_leaves_a_whole_record() {
    let test = "crashes::killed_at_any_moment_a_writer_leaves_a_whole_record";
    if let Some((_, root)) = role() {
        let (store, signer) = (shown(Store::open(&root)), Signer::with_key(1));
        loop {
            shown(store.write(first(), &signer));
        }
    }
    let project = Project::verified(Signer::with_key(1));
    for round in 0..15 {
        let before = std::fs::read(project.file("verification.passed")).unwrap();
        let mut writer = part(&[], &this_program(), test, "write", project.root.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while std::fs::read(project.file("verification.passed")).unwrap() == before {
            std::thread::sleep(Duration::from_micros(200));
        }
        std::thread::sleep(Duration::from_micros(700 * round));
        writer.kill().unwrap();
        writer.wait().unwrap();
        shown(project.require(Step::Verification));
    }
}

#[test]
fn what_a_crashed_writer_left_is_removed_when_it_is_an_hour_old() {
    let project = Project::verified(Signer::with_key(1));
    let (old, young) = (project.file(".prisma-guard-old.tmp"), project.file(".prisma-guard-young.tmp"));
    std::fs::write(&old, "x").unwrap();
    std::fs::write(&young, "x").unwrap();
    succeeded("touch", Command::new("touch").args(["-d", "61 minutes ago"]).arg(&old).output());
    shown(Store::look(project.root.path()));
    assert!(old.exists(), "looking removes nothing");
    reopened(&project);
    assert!(!old.exists() && young.exists());
}
