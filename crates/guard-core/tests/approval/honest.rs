//! The honest case, without which the refusals of the attacks would say nothing.

use crate::parts;
use crate::support::{DEPLOY, Ended, HARMLESS, Project, SHOP, line, told, url, words};
use guard_core::prisma;
use guard_core::prisma::execute::{self, Output, Run};
use guard_core::system::environment::Environment;
use guard_core::target::ConnectionString;
use std::path::Path;

/// Runs the CLI as `execPrismaApproved` does, in an environment made from nothing.
fn run_approved(project: &Project) -> Ended {
    let installation = prisma::find(project.root()).unwrap();
    let environment: Environment =
        [("NODE_OPTIONS", "--require ./x.js"), ("PGHOST", "elsewhere")].into_iter().collect();
    let arguments = words(DEPLOY);
    let run = Run {
        installation: &installation,
        node: Path::new("/bin/sh"),
        arguments: &arguments,
        folder: project.root(),
        environment: &environment,
        variables: &[("DATABASE_URL".to_owned(), ConnectionString::new(url(SHOP)))],
        engine: None,
        output: Output::Captured,
    };
    let ended = execute::run_approved(&run, &project.signed(project.command(DEPLOY))).unwrap();
    let text = [ended.output, ended.errors].concat();
    Ended { code: ended.exit_code, output: String::from_utf8_lossy(&text).into_owned() }
}

#[test]
fn an_approval_opens_every_door_of_the_one_process_that_it_is_for() {
    parts::play();
    let project = Project::new();
    let lock = project.lock();
    project.let_through(&run_approved(&project));
    // And so does the same thing done by hand, which is what the attacks change.
    project.let_through(&told(project.cli(DEPLOY), &project.message(DEPLOY)));
    drop(lock);
    project.refused(&run_approved(&project), "nobody holds the deployment lock");
}

#[test]
fn an_approval_opens_nothing_but_a_promotion() {
    let project = Project::new();
    let _lock = project.lock();
    for arguments in [&["migrate", "reset", "--force"][..], &["db", "push"], &["migrate", "everything"]] {
        let ended = told(project.cli(arguments), &project.message(arguments));
        project.refused(&ended, "the policy's environment production names it");
    }
    // Nor does it where there is nothing to approve: the environment that it names is not this database's.
    let mut command = project.cli(DEPLOY);
    command.env("DATABASE_URL", url(HARMLESS));
    let approval = line(&project.signed(project.command_on(DEPLOY, HARMLESS)));
    project.refused(&told(command, &approval), "nonProduction.migrateDeploy is not true");
}
