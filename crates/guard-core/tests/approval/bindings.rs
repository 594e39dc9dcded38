//! What an approval is for: genuinely signed and handed over by its holder, and used for something else.

use crate::parts::as_part;
use crate::support::{DEPLOY, Ended, HARMLESS, OTHER, Project, SHOP, STAGING, line, told, url, words};
use guard_core::digest::Digest;
use guard_core::prisma::approval::ApprovedCommand;
use guard_core::state::DeploymentLock;

#[test]
fn another_command_line_than_the_approved_one_is_refused() {
    let project = Project::new();
    let _lock = project.lock();
    project.write("other/prisma.config.ts", "export default {}");
    for arguments in [
        &["migrate", "resolve", "--applied", "x"][..],
        &["migrate", "deploy", "--schema", "prisma/schema.prisma"],
        &["migrate", "deploy", "--schema=prisma/schema.prisma"],
        &["migrate", "deploy", "--config", "prisma.config.ts"],
        &["--config", "prisma.config.ts", "migrate", "deploy"],
        &["migrate", "deploy", "--preview-feature"],
    ] {
        let ended = told(project.cli(arguments), &project.message(DEPLOY));
        project.refused(&ended, "the approval is for another command line");
        // And the other way round.
        let ended = told(project.cli(DEPLOY), &project.message(arguments));
        project.refused(&ended, "the approval is for another command line");
    }
}

/// Runs what is approved for the shop's database on another one.
fn on(project: &Project, place: &str) -> Ended {
    let mut command = project.cli(DEPLOY);
    command.env("DATABASE_URL", url(place));
    told(command, &project.message(DEPLOY))
}

#[test]
fn another_database_than_the_approved_one_is_refused() {
    let project = Project::new();
    let _lock = project.lock();
    for place in [
        OTHER,
        "db.prod.example.com:5433/shop",
        "db.prod.example.com:5432/payments",
        "db.prod.example.com:5432/shop?host=other.prod.example.com",
        "db.prod.example.com:5432,other.prod.example.com:5432/shop",
    ] {
        project.refused(&on(&project, place), "the approval is for another database");
    }
    project.refused(&on(&project, STAGING), "the approval is for another environment of the policy");
    project.refused(&on(&project, "db.unknown.example.com:5432/shop"), "the target is no database of the policy");
    project.refused(&on(&project, HARMLESS), "nonProduction.migrateDeploy is not true");
}

#[test]
fn one_database_more_than_the_approved_one_is_refused() {
    let project = Project::new();
    let _lock = project.lock();
    let message = project.message(DEPLOY);
    project.configure("url: databaseUrl('DATABASE_URL'), directUrl: databaseUrl('DIRECT_URL')");
    let mut command = project.cli(DEPLOY);
    command.env("DIRECT_URL", url(OTHER));
    project.refused(&told(command, &message), "the approval is for another database");
}

#[test]
fn another_database_that_the_config_computes_is_refused_by_the_custody() {
    let project = Project::new();
    let _lock = project.lock();
    let message = project.message(DEPLOY);
    project.configure("url: databaseUrl(compute())");
    let mut command = project.cli(DEPLOY);
    command.env("LATER_URL", url(OTHER));
    as_part(&mut command, "later-custody");
    project.refused(&told(command, &message), "the approval is for another database");
}

#[test]
fn another_database_beside_one_that_the_config_computes_is_refused() {
    let project = Project::new();
    let _lock = project.lock();
    let message = project.message(DEPLOY);
    // Prisma takes this `url` without asking the custody, whatever the custody says of the other.
    project.configure("url: env('DATABASE_URL'), directUrl: databaseUrl(compute())");
    let mut command = project.cli(DEPLOY);
    command.env("DATABASE_URL", url(OTHER));
    project.refused(&told(command, &message), "prisma.config computes one of several connection strings");
}

#[test]
fn another_deployment_than_the_one_that_holds_the_lock_is_refused() {
    let project = Project::new();
    let _lock = DeploymentLock::acquire(&project.store, &"8".repeat(32)).unwrap();
    let ended = told(project.cli(DEPLOY), &project.message(DEPLOY));
    project.refused(&ended, "the approval is for another deployment than the one that holds the lock");
}

#[test]
fn an_approval_that_was_changed_after_it_was_signed_is_refused() {
    let project = Project::new();
    let _lock = project.lock();
    let changed = |arguments: &[&str], place: &str, change: &dyn Fn(&mut ApprovedCommand)| {
        let mut approval = project.signed(project.command_on(DEPLOY, place));
        change(&mut approval.command);
        let mut command = project.cli(arguments);
        command.env("DATABASE_URL", url(place));
        let ended = told(command, &line(&approval));
        project.refused(&ended, "the approval's signature does not hold");
        project.refused(&ended, "by the policy's key");
    };
    let resolve = &["migrate", "resolve", "--applied", "x"];
    changed(resolve, SHOP, &|command| command.arguments = words(resolve));
    changed(DEPLOY, STAGING, &|command| "staging".clone_into(&mut command.environment));
    changed(DEPLOY, SHOP, &|command| "another".clone_into(&mut command.nonce));
    // The chain, put right for the deployment that holds the lock.
    let mut earlier = project.command(DEPLOY);
    earlier.chain = "8".repeat(32);
    let mut approval = project.signed(earlier);
    approval.command.chain = project.command(DEPLOY).chain;
    project.refused(&told(project.cli(DEPLOY), &line(&approval)), "the approval's signature does not hold");
    // The digest of the targets, put right for another database.
    let mut approval = project.signed(project.command(DEPLOY));
    approval.command.targets = project.command_on(DEPLOY, OTHER).targets;
    let mut command = project.cli(DEPLOY);
    command.env("DATABASE_URL", url(OTHER));
    project.refused(&told(command, &line(&approval)), "the approval's signature does not hold");
}

#[test]
fn an_approval_for_no_database_at_all_is_for_none() {
    let project = Project::new();
    let _lock = project.lock();
    let mut approved = project.command(DEPLOY);
    approved.targets = Digest::of(b"");
    project.refused(&told(project.cli(DEPLOY), &line(&project.signed(approved))), "for another database");
    // Nor does a signature for everything stand for one that has no string.
    let mut command = project.cli(DEPLOY);
    command.env_remove("DATABASE_URL");
    project.refused(&told(command, &project.message(DEPLOY)), "nonProduction.migrateDeploy is not true");
}

#[test]
fn who_may_deploy_to_one_environment_approves_nothing_in_another() {
    let project = Project::new();
    let _lock = project.lock();
    // Staging's CI signs, honestly, an approval that names staging, and shows it for production.
    let mut staging = project.command(DEPLOY);
    staging.environment = "staging".to_owned();
    let ended = told(project.cli(DEPLOY), &line(&project.signed_by_staging(staging)));
    project.refused(&ended, "the approval is for another environment of the policy");
    // An environment that the policy does not know, on a database that the policy does not know.
    let mut invented = project.command_on(DEPLOY, "db.unknown.example.com:5432/shop");
    invented.environment = "invented".to_owned();
    let mut command = project.cli(DEPLOY);
    command.env("DATABASE_URL", url("db.unknown.example.com:5432/shop"));
    project.refused(&told(command, &line(&project.signed(invented))), "the target is no database of the policy");
}

#[test]
fn a_policy_elsewhere_does_not_approve_for_a_database_that_the_project_s_own_protects() {
    let (project, villain) = (Project::new(), Project::new());
    // The same databases, a key of the villain's own, a lock of the villain's own; only the schema is the project's.
    let _lock = villain.lock();
    let schema = project.root().join("prisma/schema.prisma");
    let arguments = ["migrate", "deploy", "--schema", schema.to_str().unwrap()];
    let ended = told(villain.cli(&arguments), &villain.message(&arguments));
    villain.refused(&ended, "the approval's signature does not hold");
}

#[test]
fn a_policy_that_does_not_know_the_database_has_no_say_in_who_approves() {
    let (project, other) = (Project::new(), Project::new());
    let _lock = project.lock();
    // As of a workspace whose root has another application's policy: it counts, and protects another database.
    let policy = other.root().join("prisma-guard.json");
    let text = std::fs::read_to_string(&policy).unwrap();
    std::fs::write(&policy, text.replace(".example.com", ".example.net")).unwrap();
    let schema = other.root().join("prisma/schema.prisma");
    let arguments = ["migrate", "deploy", "--schema", schema.to_str().unwrap()];
    project.let_through(&told(project.cli(&arguments), &project.message(&arguments)));
}

#[test]
fn later_doors_of_an_approved_process_open_for_nothing_else() {
    let project = Project::new();
    let _lock = project.lock();
    for (part, why) in [
        ("later-arguments", "the approval is for another command line"),
        ("later-target", "the approval is for another database"),
        ("later-custody", "the approval is for another database"),
    ] {
        let mut command = project.cli(DEPLOY);
        command.env("LATER_URL", url(OTHER));
        as_part(&mut command, part);
        project.refused(&told(command, &project.message(DEPLOY)), why);
    }
}

#[test]
fn a_process_whose_approval_was_refused_gets_no_second_try() {
    let project = Project::new();
    let _lock = project.lock();
    let mut command = project.cli(DEPLOY);
    as_part(&mut command, "second-try");
    project.refused(&told(command, &project.message(DEPLOY)), "the approval is for another command line");
}
