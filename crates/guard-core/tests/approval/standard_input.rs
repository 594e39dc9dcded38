//! The variable without the socket: every other thing that can stand on standard input, though it holds a genuine approval, and values
//! of the variable that name something.

use crate::support::{DEPLOY, Project, ended, start, told};
use guard_core::prisma::approval::VARIABLE;
use rustix::net::{AddressFamily, SocketFlags, SocketType};
use std::fs::File;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

const NO_CHANNEL: &str = "standard input is not a socket that a parent made for this process; \
                          PRISMA_DEPLOYMENT_APPROVED alone opens nothing";

#[test]
fn the_variable_without_a_socket_opens_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    let mut command = project.cli(DEPLOY);
    command.stdin(Stdio::null());
    project.refused(&ended(command.spawn().unwrap()), NO_CHANNEL);
    // Closed altogether.
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "exec /bin/sh \"$@\" <&-", "sh"]).arg(project.entry()).args(DEPLOY);
    project.dress(&mut command, crate::support::SHOP);
    project.refused(&ended(command.stdin(Stdio::null()).spawn().unwrap()), NO_CHANNEL);
}

#[test]
fn a_file_with_a_genuine_approval_opens_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    std::fs::write(project.root().join("approval"), project.message(DEPLOY)).unwrap();
    let file = File::open(project.root().join("approval")).unwrap();
    project.refused(&ended(start(project.cli(DEPLOY), file)), NO_CHANNEL);
}

#[test]
fn a_pipe_with_a_genuine_approval_opens_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&project.message(DEPLOY)).unwrap();
    project.refused(&ended(start(project.cli(DEPLOY), reader)), NO_CHANNEL);
    // A named one, which who opens it for both ends fills without waiting.
    let path = project.root().join("named");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let mut named = File::options().read(true).write(true).open(&path).unwrap();
    named.write_all(&project.message(DEPLOY)).unwrap();
    project.refused(&ended(start(project.cli(DEPLOY), named)), NO_CHANNEL);
}

#[test]
fn another_kind_of_socket_with_a_genuine_approval_opens_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    let message = project.message(DEPLOY);
    for kind in [SocketType::DGRAM, SocketType::SEQPACKET] {
        let (holder, input) = rustix::net::socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        rustix::io::write(&holder, &message).unwrap();
        project.refused(&ended(start(project.cli(DEPLOY), input)), NO_CHANNEL);
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    listener.accept().unwrap().0.write_all(&message).unwrap();
    project.refused(&ended(start(project.cli(DEPLOY), OwnedFd::from(client))), NO_CHANNEL);
}

#[test]
fn a_socket_that_is_connected_to_nobody_opens_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    let lonely = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::CLOEXEC, None).unwrap();
    let why = "PRISMA_DEPLOYMENT_APPROVED alone opens nothing";
    project.refused(&ended(start(project.cli(DEPLOY), lonely)), why);
}

#[test]
fn a_variable_with_any_other_value_is_no_approval_and_what_it_names_is_not_opened() {
    let project = Project::new();
    let _lock = project.lock();
    std::fs::write(project.root().join("file"), project.message(DEPLOY)).unwrap();
    // Whoever opened it would wait for its other end.
    assert!(Command::new("mkfifo").arg(project.root().join("named")).status().unwrap().success());
    let inside = |name: &str| project.root().join(name).display().to_string();
    for value in ["", "1", "TRUE", "True", " true", "true\n", "yes", "0", &inside("file"), &inside("named")] {
        let mut command = project.cli(DEPLOY);
        command.env(VARIABLE, value);
        // Though the socket and all it says are genuine.
        project.refused(&told(command, &project.message(DEPLOY)), "no approval reached this process");
    }
    let mut command = project.cli(DEPLOY);
    command.env_remove(VARIABLE);
    project.refused(&told(command, &project.message(DEPLOY)), "no approval reached this process");
}
