//! Who hands the approval over: nobody, a dead holder, somebody else's parent, and a holder that nobody appointed.

use crate::parts::{as_part, part};
use crate::support::{DEPLOY, Project, SHOP, ended, line, start, this_process, told, until};
use guard_core::ci::{Attestation, SIGNING_KEY_VARIABLE};
use std::io::Write as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Command, Stdio};

#[test]
fn a_grandchild_that_inherits_the_variable_and_the_socket_is_not_the_child() {
    let project = Project::new();
    let _lock = project.lock();
    let ended = told(project.cli_of_another(DEPLOY), &project.message(DEPLOY));
    let why = format!("the socket was made by process {}, and the parent of this process is", this_process().pid);
    project.refused(&ended, &why);
}

/// There the kernel has no number for the maker of the socket, and none for the parent: nobody and nobody are not the same process.
#[test]
fn a_holder_outside_the_child_s_process_name_space_approves_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    // Needs util-linux and the right to make a name space: as root, or with user name spaces.
    let mut command = Command::new("unshare");
    let unshare = if rustix::process::geteuid().is_root() { "-pf" } else { "-rpf" };
    command.args([unshare, "/bin/sh"]).arg(project.entry()).args(DEPLOY);
    project.dress(&mut command, SHOP);
    let ended = told(command, &project.message(DEPLOY));
    project.refused(&ended, "PRISMA_DEPLOYMENT_APPROVED alone opens nothing");
}

#[test]
fn a_holder_without_the_lock_approves_nothing() {
    let project = Project::new();
    let message = project.message(DEPLOY);
    project.refused(&told(project.cli(DEPLOY), &message), "nobody holds the deployment lock");
    // A lock file that names this very process is no lock.
    let holder = serde_json::json!({ "process": this_process(), "chain": "x", "since": 0 });
    project.write(".deployment-state/deployment.lock", &holder.to_string());
    project.refused(&told(project.cli(DEPLOY), &message), "nobody holds the deployment lock");
}

#[test]
fn a_lock_that_names_an_earlier_process_of_the_same_number_approves_nothing() {
    let project = Project::new();
    let earlier = serde_json::json!({
        "process": { "pid": this_process().pid, "start": this_process().start - 1 }, "chain": "x", "since": 0
    });
    project.write(".deployment-state/deployment.lock", &earlier.to_string());
    let file = std::fs::File::open(project.store.folder().join("deployment.lock")).unwrap();
    file.lock().unwrap();
    let ended = told(project.cli(DEPLOY), &project.message(DEPLOY));
    project.refused(&ended, "the deployment lock is held by process");
}

#[test]
fn a_lock_whose_holder_does_not_say_who_it_is_approves_nothing() {
    let project = Project::new();
    drop(project.lock());
    let file = std::fs::File::open(project.store.folder().join("deployment.lock")).unwrap();
    file.lock().unwrap();
    let ended = told(project.cli(DEPLOY), &project.message(DEPLOY));
    project.refused(&ended, "another process holds the lock, and it is none that can be seen from here");
}

#[test]
fn a_forged_holder_with_the_lock_cannot_sign() {
    let project = Project::new();
    let _lock = project.lock();
    let genuine = project.signed(project.command(DEPLOY));
    let other_key = Project::new();
    for (attestation, why) in [
        // Signed over exactly this approval, by a key that the policy does not trust.
        (other_key.signed(project.command(DEPLOY)).attestation, "by the policy's key"),
        (project.signed_by_staging(project.command(DEPLOY)).attestation, "by the policy's key"),
        (Attestation::Key { signature: String::new() }, "by the policy's key"),
        (Attestation::Key { signature: "A".repeat(86) }, "by the policy's key"),
        (Attestation::Oidc { token: "e30.e30.e30".to_owned() }, "where the policy wants a signature with its key"),
    ] {
        let forged = guard_core::prisma::approval::Approval { attestation, ..genuine.clone() };
        let ended = told(project.cli(DEPLOY), &line(&forged));
        project.refused(&ended, "the approval's signature does not hold");
        project.refused(&ended, why);
    }
}

/// Runs a holder below a process that adopts its child, as the first process of a system would, and the child to its end.
fn orphaned(project: &Project, holder: &str) -> crate::support::Ended {
    let mut command = part("first-process");
    project.dress(&mut command, SHOP);
    as_part(&mut command, "first-process").env("HOLDER_PART", holder);
    command.env(SIGNING_KEY_VARIABLE, project.signing_key()).stdin(Stdio::null());
    ended(command.spawn().unwrap())
}

#[test]
fn a_holder_that_died_before_its_child_asked_approves_nothing() {
    let project = Project::new();
    let ended = orphaned(&project, "mortal-holder");
    project.refused(&ended, "the socket was made by process");
    project.refused(&ended, "and the parent of this process is");
}

#[test]
fn a_holder_that_is_killed_while_its_child_looks_at_the_signature_approves_nothing() {
    let project = Project::new();
    project.refused(&orphaned(&project, "victim-holder"), "the process that approved this one has ended");
}

#[test]
fn a_process_that_listens_on_a_socket_of_its_own_is_nobody_s_parent() {
    let project = Project::new();
    let mut command = part("listener");
    project.dress(&mut command, SHOP);
    as_part(&mut command, "listener").env(SIGNING_KEY_VARIABLE, project.signing_key());
    let listener = command.stdin(Stdio::null()).spawn().unwrap();
    let (number, socket) = (listener.id(), project.root().join("listener"));
    until("it listens", || socket.exists());
    // It holds the lock, and what it answers is genuinely signed for this command; it just did not start the process that asks.
    let ended_child = ended(start(project.cli(DEPLOY), UnixStream::connect(&socket).unwrap()));
    project
        .refused(&ended_child, &format!("the socket was made by process {number}, and the parent of this process is"));
    project.write("stop", "");
    assert_eq!(ended(listener).code, Some(0));
}

#[test]
fn a_parent_that_listens_and_answers_yes_approves_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    let socket = project.root().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let answer = std::thread::spawn(move || {
        for _ in 0..2 {
            let (mut client, _) = listener.accept().unwrap();
            let _ = client.write_all(b"yes\n{\"approved\":true}\n");
        }
    });
    let child = start(project.cli(DEPLOY), UnixStream::connect(&socket).unwrap());
    project.refused(&ended(child), "the message on the socket is no approval");
    let grandchild = start(project.cli_of_another(DEPLOY), UnixStream::connect(&socket).unwrap());
    project.refused(&ended(grandchild), "the socket was made by process");
    answer.join().unwrap();
}
