//! The parts that a test gives to processes of their own. Each is this program again, told by a variable which part it plays.

use crate::support::{DEPLOY, REACHED, line, until, words};
use guard_core::ci::{Attestor, SIGNING_KEY_VARIABLE};
use guard_core::gate::{self, Custody, Request};
use guard_core::policy;
use guard_core::prisma;
use guard_core::prisma::approval::{self, Approval, ApprovedCommand, Expectation};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::state::{DeploymentLock, Store};
use guard_core::system::environment::Environment;
use guard_core::system::process;
use guard_core::target;
use rustix::process::{Pid, Signal, WaitOptions};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Command, Stdio};

const PART: &str = "APPROVAL_TEST_PART";
const ARGUMENTS: &str = "APPROVAL_TEST_ARGUMENTS";
/// Where every part begins.
const TEST: &str = "honest::an_approval_opens_every_door_of_the_one_process_that_it_is_for";

/// Stands for `prisma/build/index.js`: a script, run by the program that the deployment calls Node, which becomes the CLI's part of a test
/// without another process in between.
pub(crate) fn cli_script() -> String {
    let program = std::env::current_exe().unwrap();
    format!(
        "export {ARGUMENTS}=\"$*\" {PART}=\"${{{PART}:-cli}}\"\nexec '{}' {TEST} --exact --nocapture --test-threads=1\n",
        program.display()
    )
}

/// A process that plays this part in a project.
pub(crate) fn part(part: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([TEST, "--exact", "--nocapture", "--test-threads=1"]);
    command.env(PART, part);
    command
}

/// The CLI plays another part than its own, whoever starts it.
pub(crate) fn as_part<'command>(command: &'command mut Command, part: &str) -> &'command mut Command {
    command.env(PART, part)
}

/// Plays the part of this process, if it is one of a test's.
pub(crate) fn play() {
    let environment = Environment::of_process();
    let Some(part) = environment.get(PART) else { return };
    let folder = std::env::current_dir().unwrap();
    let code = match part {
        "holder" => hold(&folder, &environment),
        "listener" => listen(&folder, &environment),
        "mortal-holder" => hold_until_spoken(&folder, &environment),
        "victim-holder" => hold_until_killed(&folder, &environment),
        "first-process" => be_the_first_process(&environment),
        part => be_the_cli(part, &folder, &environment),
    };
    std::process::exit(code)
}

fn request<'a>(arguments: &'a [String], folder: &'a Path, environment: &'a Environment) -> Request<'a> {
    let prisma_major = prisma::find(folder).unwrap().major;
    Request { arguments, working_folder: folder, environment, prisma_major, package_folder: None }
}

/// Asks the doors in their order, as `js/prisma.js` and `js/config.js` do in one process.
fn be_the_cli(part: &str, folder: &Path, environment: &Environment) -> i32 {
    let given = environment.get(ARGUMENTS).unwrap_or_default();
    let arguments: Vec<String> = given.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
    let asked = request(&arguments, folder, environment);
    let answer = match part {
        "cli" => every_door(&asked),
        "killer" => kill_the_holder(&asked),
        // The first door is asked honestly, and a later one of the same process for something else.
        "later-arguments" => opened(&asked).and_then(|()| {
            let others = words(&["migrate", "resolve", "--applied", "x"]);
            every_door(&Request { arguments: &others, ..asked })
        }),
        "later-target" => opened(&asked).and_then(|()| {
            let mut changed = environment.clone();
            changed.set("DATABASE_URL", environment.get("LATER_URL").unwrap());
            every_door(&Request { environment: &changed, ..asked })
        }),
        "later-custody" => gate::decide(&asked)
            .and_then(|pass| gate::custody(environment.get("LATER_URL").unwrap(), &asked, Some(&pass)).map(reach)),
        // The first door is asked for something else, and a later one honestly.
        "second-try" => {
            let others = words(&["migrate", "resolve", "--applied", "x"]);
            let first = every_door(&Request { arguments: &others, ..asked });
            assert!(first.is_err(), "the first door let through what was not approved");
            every_door(&asked)
        }
        other => panic!("there is no part {other}"),
    };
    match answer {
        Ok(()) => 0,
        Err(refusal) => {
            // Everything that any rendering of a refusal could show.
            let shown = format!("{refusal}\n{refusal:?}\n");
            std::io::stderr().write_all(shown.as_bytes()).unwrap();
            refusal.exit_code()
        }
    }
}

fn every_door(asked: &Request<'_>) -> Result<(), Refusal> {
    opened(asked)?;
    let pass = gate::decide(asked)?;
    gate::custody("DATABASE_URL", asked, Some(&pass)).map(reach)
}

fn opened(asked: &Request<'_>) -> Result<(), Refusal> {
    gate::decide(asked).map(|pass| assert!(pass.approved, "opened by something else than the approval"))
}

/// Leaves word that Prisma would work now, where it was handed a string that reaches something.
fn reach(custody: Custody) {
    if let Custody::HandedOut(url) = custody {
        std::fs::write(REACHED, url.reveal()).unwrap();
    }
}

/// Accepts as the gate does, but that its holder is killed while the signature is looked at.
fn kill_the_holder(asked: &Request<'_>) -> Result<(), Refusal> {
    let (_, targets) = gate::targets(asked)?;
    let identity = target::endpoints_identity(&targets);
    let holder = process::look_up(process::current().unwrap().parent).unwrap().identity;
    let killed = |_: &_, _: &_, _: &str| {
        let pid = Pid::from_raw(i32::try_from(holder.pid).unwrap()).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
        until("the holder is dead", || !process::is_alive(holder));
        Ok(())
    };
    let store = Store::look(asked.working_folder)?.unwrap();
    let named = || DeploymentLock::holder(&store);
    let expectation =
        Expectation { arguments: asked.arguments, targets: Some(&identity), environment: Some("production") };
    approval::accept(asked.environment, &expectation, &named, &killed)
        .map(|()| std::fs::write(REACHED, "").unwrap())
        .map_err(|why| Refusal::new(Rule::DirectExecution, "`prisma migrate deploy` was not approved", why))
}

/// An approval that this process makes and signs as an honest holder does. The signing key comes in its variable, as in CI.
fn own_approval(folder: &Path, environment: &Environment) -> Vec<u8> {
    let arguments = words(DEPLOY);
    let (_, targets) = gate::targets(&request(&arguments, folder, environment)).unwrap();
    let command = ApprovedCommand {
        arguments,
        targets: target::endpoints_identity(&targets),
        environment: "production".to_owned(),
        chain: crate::support::CHAIN.to_owned(),
        holder: process::current().unwrap().identity,
        nonce: "e".repeat(32),
    };
    let loaded = policy::load(folder).unwrap().unwrap();
    let trusted = &loaded.policy.environments["production"].attestation;
    let key: Environment =
        [(SIGNING_KEY_VARIABLE, environment.get(SIGNING_KEY_VARIABLE).unwrap())].into_iter().collect();
    let (attestation, _) = Attestor::new(trusted, &key, &[], false).attest(&command.digest().unwrap()).unwrap();
    line(&Approval { command, attestation })
}

fn lock(folder: &Path) -> DeploymentLock {
    DeploymentLock::acquire(&Store::open(folder).unwrap(), crate::support::CHAIN).unwrap()
}

/// Written under another name first, so that who waits for it never reads half of it.
fn publish(name: &str, content: &[u8]) {
    std::fs::write("unfinished", content).unwrap();
    std::fs::rename("unfinished", name).unwrap();
}

/// Holds the lock, and lets its approval be recorded, until it is told to stop.
fn hold(folder: &Path, environment: &Environment) -> i32 {
    let held = lock(folder);
    publish("recorded", &own_approval(folder, environment));
    until("the stop", || folder.join("stop").exists());
    drop(held);
    0
}

/// Holds the lock, and answers whoever connects with its own genuine approval.
fn listen(folder: &Path, environment: &Environment) -> i32 {
    let held = lock(folder);
    let message = own_approval(folder, environment);
    let listener = UnixListener::bind("unpublished").unwrap();
    std::fs::rename("unpublished", "listener").unwrap();
    let (mut client, _) = listener.accept().unwrap();
    let _ = client.write_all(&message);
    until("the stop", || folder.join("stop").exists());
    drop(held);
    0
}

/// Starts the CLI as an honest holder does, but that it asks only once there is a file `go`.
fn approve(folder: &Path, environment: &Environment, part: &str) -> UnixStream {
    let (mut holder, input) = UnixStream::pair().unwrap();
    let mut command = Command::new("/bin/sh");
    command.args(["-c", "until [ -e go ]; do sleep 0.02; done; exec /bin/sh \"$@\"", "sh"]);
    command.arg(folder.join("node_modules/prisma/build/index.js")).args(DEPLOY);
    command.env(PART, part).env_remove(SIGNING_KEY_VARIABLE).stdin(Stdio::from(OwnedFd::from(input)));
    #[expect(clippy::zombie_processes, reason = "it is to outlive this process")]
    command.spawn().unwrap();
    holder.write_all(&own_approval(folder, environment)).unwrap();
    holder
}

/// Does everything that an honest holder does, and ends before its child asks.
fn hold_until_spoken(folder: &Path, environment: &Environment) -> i32 {
    let held = lock(folder);
    approve(folder, environment, "cli");
    drop(held);
    0
}

/// An honest holder, whose child kills it.
fn hold_until_killed(folder: &Path, environment: &Environment) -> i32 {
    let _held = lock(folder);
    let _socket = approve(folder, environment, "killer");
    publish("go", b"");
    until("the end", || false);
    1
}

/// Does what the first process of a system does: it starts the holder, adopts the CLI when the holder is gone, and ends as the CLI ends.
fn be_the_first_process(environment: &Environment) -> i32 {
    rustix::process::set_child_subreaper(rustix::process::Pid::from_raw(1)).unwrap();
    let mut holder = part(environment.get("HOLDER_PART").unwrap()).stdin(Stdio::null()).spawn().unwrap();
    holder.wait().unwrap();
    publish("go", b"");
    let (_, status) = rustix::process::wait(WaitOptions::empty()).unwrap().unwrap();
    status.exit_status().unwrap_or(1)
}
