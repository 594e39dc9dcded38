//! An approval that was used, or recorded, and is shown again.

use crate::parts::part;
use crate::support::{DEPLOY, Project, SHOP, ended, line, start, told, until};
use guard_core::ci::SIGNING_KEY_VARIABLE;
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::process::Stdio;

#[test]
fn a_second_process_on_the_same_socket_finds_the_approval_used_up() {
    let project = Project::new();
    let _lock = project.lock();
    let (mut holder, input) = UnixStream::pair().unwrap();
    let copy = input.try_clone().unwrap();
    holder.write_all(&project.message(DEPLOY)).unwrap();
    project.let_through(&ended(start(project.cli(DEPLOY), input)));
    project.refused(&ended(start(project.cli(DEPLOY), copy)), "the socket ended before a message arrived");
}

#[test]
fn two_processes_on_one_socket_do_not_both_get_the_approval() {
    let project = Project::new();
    let _lock = project.lock();
    let (mut holder, input) = UnixStream::pair().unwrap();
    let copy = input.try_clone().unwrap();
    let children = [start(project.cli(DEPLOY), input), start(project.cli(DEPLOY), copy)];
    holder.write_all(&project.message(DEPLOY)).unwrap();
    let mut codes = children.map(|child| ended(child).code);
    codes.sort();
    assert_eq!(codes[1], Some(77), "both passed with one approval");
    assert!(codes[0] == Some(0) || codes[0] == Some(77), "{codes:?}");
}

#[test]
fn a_refused_approval_is_used_up_as_well() {
    let project = Project::new();
    let _lock = project.lock();
    let (mut holder, input) = UnixStream::pair().unwrap();
    let copy = input.try_clone().unwrap();
    holder.write_all(&project.message(DEPLOY)).unwrap();
    let wrong = project.cli(&["migrate", "resolve", "--applied", "x"]);
    project.refused(&ended(start(wrong, input)), "the approval is for another command line");
    project.refused(&ended(start(project.cli(DEPLOY), copy)), "the socket ended before a message arrived");
}

/// Starts a process that holds the lock, and returns it with what it would have said to its child.
fn recorded(project: &Project) -> (std::process::Child, Vec<u8>) {
    let mut command = part("holder");
    project.dress(&mut command, SHOP);
    crate::parts::as_part(&mut command, "holder").env(SIGNING_KEY_VARIABLE, project.signing_key());
    let holder = command.stdin(Stdio::null()).spawn().unwrap();
    let file = project.root().join("recorded");
    until("the approval is recorded", || file.exists());
    (holder, std::fs::read(file).unwrap())
}

#[test]
fn a_sibling_with_a_recorded_approval_is_not_the_holder_s_child() {
    let project = Project::new();
    let (holder, message) = recorded(&project);
    let number = holder.id();
    let sibling = told(project.cli(DEPLOY), &message);
    let why = format!("the deployment lock is held by process {number}, and the socket was made by process");
    project.refused(&sibling, &why);
    project.write("stop", "");
    assert_eq!(ended(holder).code, Some(0));
}

#[test]
fn an_approval_of_a_deployment_that_has_ended_opens_nothing_in_the_next_one() {
    let project = Project::new();
    let (holder, message) = recorded(&project);
    project.write("stop", "");
    assert_eq!(ended(holder).code, Some(0));
    // Genuinely signed, for this very command and database, and this process now holds the lock.
    let _lock = project.lock();
    let replayed = told(project.cli(DEPLOY), &message);
    project.refused(&replayed, "the approval was made by another process than the one that sent it");
    // With the holder's name put right the signature is over something else.
    let mut approval = project.signed(project.command(DEPLOY));
    let other: guard_core::prisma::approval::Approval = serde_json::from_slice(&message).unwrap();
    approval.attestation = other.attestation;
    project.refused(&told(project.cli(DEPLOY), &line(&approval)), "the approval's signature does not hold");
}
