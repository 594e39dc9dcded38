//! The order lock: what opens which step, once.

use crate::support::{Project, Signer, backup, deployment, first, next, refused, role, shown, subject, verification};
use guard_core::digest::Digest;
use guard_core::rule::Rule;
use guard_core::state::{Evidence, Outcome, Step, Store, Subject, read_state};
use guard_core::system::clock::Timestamp;

#[test]
fn a_chain_in_order_opens_every_step() {
    assert!(role().is_none());
    for signer in [Signer::with_key(1), Signer::in_run(1, "7")] {
        let project = Project::backed_up(signer);
        shown(project.require(Step::Verification));
        let backed_up = shown(project.require(Step::Backup));
        project.write(next(&backed_up, deployment(Outcome::Started)));
        assert!(project.file("deployment.failed").exists());
        project.write(next(&backed_up, deployment(Outcome::Completed)));
        assert!(!project.file("deployment.failed").exists());
        let record = shown(project.require(Step::Deployment));
        assert_eq!(record.statement.sequence, 3);
        assert_eq!(record.statement.evidence, deployment(Outcome::Completed));
    }
}

#[test]
fn a_step_without_the_one_before_is_refused() {
    let project = Project::new(Signer::with_key(1));
    refused(project.require(Step::Verification), Rule::StepOrder, "verification.passed is not there");
    let project = Project::verified(Signer::with_key(1));
    refused(project.require(Step::Backup), Rule::StepOrder, "backup.completed is not there");
    let project = Project::backed_up(Signer::with_key(1));
    std::fs::remove_file(project.file("verification.passed")).unwrap();
    refused(project.require(Step::Backup), Rule::StepOrder, "verification.passed is not there");
}

#[test]
fn a_statement_that_does_not_stand_on_the_folder_is_not_written() {
    let project = Project::verified(Signer::with_key(1));
    let old = project.record(Step::Verification);
    project.write(first());
    refused(project.try_write(next(&old, backup())), Rule::RecordMismatch, "was replaced while backup ran");
    let mut skipping = next(&project.record(Step::Verification), backup());
    skipping.sequence = 3;
    refused(project.try_write(skipping), Rule::InternalError, "sequence");
    assert!(!project.file("backup.completed").exists());
    let other = Project::backed_up(Signer::with_key(1));
    let alien = next(&other.record(Step::Backup), deployment(Outcome::Started));
    refused(project.try_write(alien), Rule::StepOrder, "backup.completed is not there");
}

#[test]
fn a_chain_is_used_once() {
    for outcome in [Outcome::Started, Outcome::Failed, Outcome::Completed] {
        let project = Project::backed_up(Signer::with_key(1));
        let backed_up = project.record(Step::Backup);
        project.write(next(&backed_up, deployment(Outcome::Started)));
        if outcome != Outcome::Started {
            project.write(next(&backed_up, deployment(outcome)));
        }
        refused(project.require(Step::Backup), Rule::RecordMismatch, "Prisma was started with them before");
        refused(project.require(Step::Verification), Rule::RecordMismatch, "Prisma was started with them before");
        refused(
            project.try_write(next(&backed_up, deployment(Outcome::Started))),
            Rule::RecordMismatch,
            "started before",
        );
    }
}

#[test]
fn records_put_back_from_the_archive_stay_used_up() {
    let project = Project::backed_up(Signer::with_key(1));
    let backed_up = project.record(Step::Backup);
    project.write(next(&backed_up, deployment(Outcome::Started)));
    let saved =
        ["verification.passed", "backup.completed"].map(|name| (name, std::fs::read(project.file(name)).unwrap()));
    let put_back = || saved.iter().for_each(|(name, bytes)| std::fs::write(project.file(name), bytes).unwrap());
    shown(project.store.archive());
    assert!(project.store.read(Step::Verification).is_ok_and(|record| record.is_none()));
    put_back();
    refused(project.require(Step::Backup), Rule::RecordMismatch, "the archive holds the deployment that used them");
    // The same when the deployment was voided by a new verification instead of archived.
    let project = Project::backed_up(Signer::with_key(1));
    let old = project.record(Step::Backup);
    project.write(next(&old, deployment(Outcome::Started)));
    let saved =
        ["verification.passed", "backup.completed"].map(|name| (name, std::fs::read(project.file(name)).unwrap()));
    project.write(first());
    assert!(!project.file("backup.completed").exists() && !project.file("deployment.failed").exists());
    let voided = project.file("archive").join(&old.statement.chain).join("voided-1");
    assert!(voided.join("backup.completed").exists() && voided.join("deployment.failed").exists());
    saved.iter().for_each(|(name, bytes)| std::fs::write(project.file(name), bytes).unwrap());
    refused(project.require(Step::Backup), Rule::RecordMismatch, "the archive holds the deployment that used them");
}

#[test]
fn archiving_a_chain_twice_loses_nothing() {
    let project = Project::backed_up(Signer::with_key(1));
    let (chain, bytes) =
        (project.record(Step::Backup).statement.chain, std::fs::read(project.file("backup.completed")).unwrap());
    let verified = std::fs::read(project.file("verification.passed")).unwrap();
    shown(project.store.archive());
    std::fs::write(project.file("backup.completed"), &bytes).unwrap();
    std::fs::write(project.file("verification.passed"), &verified).unwrap();
    shown(project.store.archive());
    let folder = project.file("archive").join(chain);
    assert_eq!(std::fs::read(folder.join("backup.completed")).unwrap(), bytes);
    let again: usize = (1..=2).filter(|n| folder.join(format!("voided-{n}")).join("backup.completed").exists()).count();
    assert_eq!(again, 1);
    shown(project.store.archive());
}

#[test]
fn a_repeated_verification_voids_the_backup_of_before() {
    let project = Project::backed_up(Signer::with_key(1));
    let old = std::fs::read(project.file("backup.completed")).unwrap();
    project.write(first());
    refused(project.require(Step::Backup), Rule::StepOrder, "backup.completed is not there");
    std::fs::write(project.file("backup.completed"), old).unwrap();
    refused(project.require(Step::Backup), Rule::RecordMismatch, "belongs to another deployment");
}

#[test]
fn a_repeated_backup_stands_on_the_same_verification() {
    let project = Project::backed_up(Signer::with_key(1));
    let verified = project.record(Step::Verification);
    project.write(next(&verified, backup()));
    shown(project.require(Step::Backup));
}

#[test]
fn another_subject_is_named_part_by_part() {
    let project = Project::backed_up(Signer::with_key(1));
    type Change = fn(&mut Subject);
    let changes: [(&str, Change); 5] = [
        ("another commit", |subject| subject.commit = "9".repeat(40)),
        ("another tree", |subject| subject.tree = "9".repeat(40)),
        ("another migrations", |subject| subject.migrations = Digest::of(b"other")),
        ("another schema", |subject| subject.schema = Digest::of(b"other")),
        ("another target", |subject| subject.target = Digest::of(b"other")),
    ];
    for (name, change) in changes {
        let mut other = subject();
        change(&mut other);
        let result = project.require_as(Step::Backup, "production", &other, Timestamp::now(), 7200);
        refused(result, Rule::RecordMismatch, name);
    }
    let result = project.require_as(Step::Backup, "staging", &subject(), Timestamp::now(), 7200);
    refused(result, Rule::RecordMismatch, "about the environment production, and this is staging");
}

#[test]
fn age_counts_to_the_second_and_the_future_is_refused() {
    let project = Project::backed_up(Signer::with_key(1));
    let time = project.record(Step::Backup).statement.time.0;
    let at = |now: i64| project.require_as(Step::Backup, "production", &subject(), Timestamp(now), 3600);
    shown(at(time + 3600));
    refused(at(time + 3601), Rule::RecordMismatch, "3601 seconds old, and maxAge allows 3600");
    shown(at(time - 60));
    refused(at(time - 61), Rule::RecordMismatch, "still to come");
    refused(at(i64::MIN), Rule::RecordMismatch, "still to come");
    refused(at(i64::MAX), Rule::RecordMismatch, "maxAge");
}

#[test]
fn the_providers_time_counts_not_the_machines() {
    let mut signer = Signer::in_run(1, "7");
    signer.token.as_mut().unwrap().issued -= 301;
    let project = Project::new(signer);
    refused(project.try_write(first()), Rule::RecordMismatch, "and was attested at");
    assert!(!project.file("verification.passed").exists());
    let mut signer = Signer::in_run(1, "7");
    signer.token.as_mut().unwrap().issued -= 200;
    let project = Project::verified(signer);
    let time = project.record(Step::Verification).statement.time.0;
    let result = project.require_as(Step::Verification, "production", &subject(), Timestamp(time), 150);
    refused(result, Rule::RecordMismatch, "maxAge allows 150");
}

#[test]
fn another_ci_run_or_commit_is_refused() {
    let mut project = Project::backed_up(Signer::in_run(1, "7"));
    project.signer.token.as_mut().unwrap().run = "8";
    refused(project.require(Step::Backup), Rule::RecordMismatch, "made in CI run 7, and this is run 8");
    let mut signer = Signer::in_run(1, "7");
    signer.token.as_mut().unwrap().commit = "3".repeat(40);
    let project = Project::verified(signer);
    refused(project.require(Step::Verification), Rule::RecordMismatch, "another commit than CI was asked to build");
}

#[test]
fn a_second_predeploy_keeps_a_fresh_unused_identical_record_and_no_other() {
    let project = Project::verified(Signer::with_key(1));
    let chain = project.record(Step::Verification).statement.chain;
    let kept = shown(project.kept(Step::Verification, &verification())).unwrap();
    assert_eq!(kept.statement.chain, chain);
    let other = Evidence::Verification { ledger: Digest::of(b"another"), plan: vec![], attacks: 9, scanned: 12 };
    assert!(shown(project.kept(Step::Verification, &other)).is_none());
    assert!(shown(project.kept(Step::Backup, &backup())).is_none());
    // Used up: not kept. Edited: not replaced in silence.
    project.write(next(&project.record(Step::Verification), backup()));
    project.write(next(&project.record(Step::Backup), deployment(Outcome::Started)));
    assert!(shown(project.kept(Step::Verification, &verification())).is_none());
    let text = std::fs::read_to_string(project.file("verification.passed")).unwrap();
    std::fs::write(project.file("verification.passed"), text.replace("7.10.1", "7.10.2")).unwrap();
    refused(
        project.kept(Step::Verification, &verification()).map(|_| ()),
        Rule::RecordNotGenuine,
        "over something else",
    );
}

#[test]
fn an_edited_record_is_told_apart_from_a_key_that_is_no_longer_published() {
    let mut project = Project::backed_up(Signer::with_key(1));
    project.signer.published.clear();
    refused(project.require(Step::Backup), Rule::ProofUnavailable, "there is none");
    let project = Project { signer: Signer::with_key(2), ..Project::backed_up(Signer::with_key(1)) };
    refused(project.require(Step::Backup), Rule::RecordNotGenuine, "over something else");
}

#[test]
fn a_deployment_has_no_outcome_before_it_was_started() {
    let project = Project::backed_up(Signer::with_key(1));
    let backed_up = project.record(Step::Backup);
    for outcome in [Outcome::Completed, Outcome::Failed] {
        refused(project.try_write(next(&backed_up, deployment(outcome))), Rule::StepOrder, "written ahead");
    }
    assert!(!project.file("deployment.completed").exists());
}

#[test]
fn of_two_deployment_records_the_one_that_can_be_the_last_counts() {
    let project = Project::backed_up(Signer::with_key(1));
    let backed_up = project.record(Step::Backup);
    project.write(next(&backed_up, deployment(Outcome::Started)));
    let started = std::fs::read(project.file("deployment.failed")).unwrap();
    project.write(next(&backed_up, deployment(Outcome::Completed)));
    // A crash between the rename and the removal leaves both.
    std::fs::write(project.file("deployment.failed"), &started).unwrap();
    assert_eq!(project.record(Step::Deployment).statement.evidence, deployment(Outcome::Completed));
    // Of two chains, verification's counts.
    let other = Project::backed_up(Signer::with_key(1));
    other.write(next(&other.record(Step::Backup), deployment(Outcome::Started)));
    std::fs::copy(other.file("deployment.failed"), project.file("deployment.failed")).unwrap();
    assert_eq!(project.record(Step::Deployment).statement.evidence, deployment(Outcome::Completed));
    std::fs::copy(other.file("verification.passed"), project.file("verification.passed")).unwrap();
    assert_eq!(project.record(Step::Deployment).statement.evidence, deployment(Outcome::Started));
}

#[test]
fn the_read_model_tells_every_stage_and_never_fails() {
    let empty = tempfile::tempdir().unwrap();
    let state = read_state(empty.path(), Timestamp::now());
    assert_eq!((state.next, state.steps.len(), state.problem), (Some(Step::Verification), 3, None));
    assert!(!empty.path().join(".deployment-state").exists(), "looking creates nothing");
    let project = Project::verified(Signer::with_key(1));
    let look = || read_state(project.root.path(), Timestamp::now());
    assert_eq!(look().next, Some(Step::Backup));
    project.write(next(&project.record(Step::Verification), backup()));
    assert_eq!(look().next, Some(Step::Deployment));
    let held = shown(guard_core::state::DeploymentLock::acquire(&project.store, &look().chain.unwrap()));
    assert_eq!(look().lock.unwrap().process.pid, std::process::id());
    drop(held);
    assert_eq!(look().lock, None);
    project.write(next(&project.record(Step::Backup), deployment(Outcome::Started)));
    let state = look();
    assert_eq!((state.next, state.steps[2].outcome), (Some(Step::Verification), Some(Outcome::Started)));
    assert_eq!(state.steps[2].file, "deployment.failed");
    std::fs::write(project.file("backup.completed"), "{").unwrap();
    let state = look();
    assert!(state.steps[1].problem.as_ref().unwrap().contains("it ends too early"), "{state:?}");
    assert_eq!((state.next, state.steps[0].problem.clone()), (None, None));
    let json = serde_json::to_value(&state).unwrap();
    assert_eq!((&json["verified"], &json["steps"][0]["step"]), (&false.into(), &"verification".into()));
    assert!(!json.to_string().contains("signature"));
    let link = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(project.store.folder(), link.path().join(".deployment-state")).unwrap();
    assert!(read_state(link.path(), Timestamp::now()).problem.unwrap().contains("a symbolic link"));
    assert!(Store::look(empty.path()).is_ok_and(|store| store.is_none()));
}
