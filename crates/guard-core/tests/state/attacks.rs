//! A record that somebody touched, and things that are no records.

use crate::support::{Project, Signer, deployment, first, next, refused, shown};
use guard_core::rule::Rule;
use guard_core::state::{Outcome, Step, Store};
use proptest::prelude::{any, prop_assert, prop_assert_eq};
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

fn put(project: &Project, name: &str, bytes: impl AsRef<[u8]>) {
    // Removed first: ext4 writes a truncated file to the disk at once (mount option auto_da_alloc, ext4(5)), thousands of times here.
    let _ = std::fs::remove_file(project.file(name));
    std::fs::write(project.file(name), bytes).unwrap();
}

/// Every changed copy of a value: each leaf changed, each member removed, each object given one more.
fn changed(value: &Value) -> Vec<(String, Value)> {
    let mut copies = Vec::new();
    let mut paths = vec![String::new()];
    while let Some(path) = paths.pop() {
        let there = value.pointer(&path).unwrap();
        let mut with = |what: &str, new: Value| {
            let mut copy = value.clone();
            *copy.pointer_mut(&path).unwrap() = new;
            copies.push((format!("{path} {what}"), copy));
        };
        match there {
            Value::Object(members) => {
                let mut more = members.clone();
                more.insert("extra".to_owned(), Value::from(1));
                with("given one more", Value::Object(more));
                for key in members.keys() {
                    let mut fewer = members.clone();
                    fewer.remove(key);
                    with(&format!("without {key}"), Value::Object(fewer));
                    paths.push(format!("{path}/{key}"));
                }
            }
            Value::Array(items) => {
                with("emptied", if items.is_empty() { vec![Value::from("x")] } else { vec![] }.into());
                with("doubled", items.iter().chain(items).cloned().chain([Value::Null]).collect());
                (0..items.len()).for_each(|index| paths.push(format!("{path}/{index}")));
            }
            Value::String(text) => {
                with("longer", format!("{text}0").into());
                with("empty", "x".into());
                let flipped = if text.starts_with('0') { "1" } else { "0" };
                with("flipped", format!("{flipped}{}", text.get(1..).unwrap_or_default()).into());
            }
            Value::Number(number) => with("raised", (number.as_u64().unwrap() + 1).into()),
            Value::Null => with("set", "0".repeat(64).into()),
            Value::Bool(flag) => with("flipped", (!flag).into()),
        }
    }
    copies
}

#[test]
fn a_record_edited_in_any_field_is_not_genuine() {
    for signer in [Signer::with_key(1), Signer::in_run(1, "7")] {
        let project = Project::backed_up(signer);
        for (name, step) in [("verification.passed", Step::Verification), ("backup.completed", Step::Backup)] {
            let original = std::fs::read(project.file(name)).unwrap();
            let copies = changed(&serde_json::from_slice(&original).unwrap());
            assert!(copies.len() > 60, "{}", copies.len());
            for (what, copy) in copies {
                put(&project, name, serde_json::to_vec_pretty(&copy).unwrap());
                match project.require(step) {
                    Ok(_) => panic!("{name} opens the next step with {what}"),
                    Err(refusal) => assert_eq!(refusal.rule, Rule::RecordNotGenuine, "{what}: {refusal}"),
                }
            }
            put(&project, name, &original);
            shown(project.require(step));
        }
    }
}

#[test]
fn a_record_with_any_byte_flipped_is_refused_or_means_the_same() {
    let project = Project::verified(Signer::with_key(1));
    let record = shown(project.require(Step::Verification));
    let original = std::fs::read(project.file("verification.passed")).unwrap();
    let mut unchanged = 0;
    for index in 0..original.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut bytes = original.clone();
            bytes[index] ^= flip;
            put(&project, "verification.passed", &bytes);
            match project.require(Step::Verification) {
                Ok(read) => {
                    assert!(read == record, "byte {index} flipped by {flip:#x} changed the meaning");
                    unchanged += 1;
                }
                Err(refusal) => assert_eq!(refusal.rule, Rule::RecordNotGenuine, "byte {index}: {refusal}"),
            }
        }
    }
    // Only white space can be flipped into other white space.
    assert!(unchanged <= original.iter().filter(|byte| byte.is_ascii_whitespace()).count() * 3);
}

#[test]
fn a_record_cut_doubled_or_spliced_anywhere_is_refused_or_means_the_same() {
    let project = Project::verified(Signer::with_key(1));
    let record = shown(project.require(Step::Verification));
    let original = std::fs::read(project.file("verification.passed")).unwrap();
    let splice = proptest::collection::vec(any::<u8>(), 0..40);
    let mut runner = TestRunner::new(Config { cases: 512, failure_persistence: None, ..Config::default() });
    let attack = (0..=original.len(), 0..=original.len(), splice);
    let result = runner.run(&attack, |(start, end, splice)| {
        let bytes = [&original[..start], &splice, &original[end..]].concat();
        put(&project, "verification.passed", &bytes);
        match project.require(Step::Verification) {
            Ok(read) => prop_assert!(read == record),
            Err(refusal) => prop_assert_eq!(refusal.rule, Rule::RecordNotGenuine),
        }
        Ok(())
    });
    result.unwrap();
}

#[test]
fn records_swapped_between_chains_or_steps_are_refused() {
    let (one, other) = (Project::backed_up(Signer::with_key(1)), Project::backed_up(Signer::with_key(1)));
    std::fs::copy(other.file("backup.completed"), one.file("backup.completed")).unwrap();
    refused(one.require(Step::Backup), Rule::RecordMismatch, "belongs to another deployment than verification.passed");
    std::fs::copy(one.file("verification.passed"), one.file("backup.completed")).unwrap();
    refused(one.require(Step::Backup), Rule::RecordNotGenuine, "which has another file");
    let started = next(&other.record(Step::Backup), deployment(Outcome::Started));
    other.write(started);
    std::fs::rename(other.file("deployment.failed"), other.file("deployment.completed")).unwrap();
    refused(other.store.read(Step::Deployment), Rule::RecordNotGenuine, "an outcome that has another file");
}

#[test]
fn an_attestation_moved_to_another_statement_is_not_genuine() {
    let (one, other) = (Project::verified(Signer::with_key(1)), Project::verified(Signer::with_key(1)));
    let read = |project: &Project| -> Value {
        serde_json::from_slice(&std::fs::read(project.file("verification.passed")).unwrap()).unwrap()
    };
    let mut forged = read(&one);
    forged["attestation"] = read(&other)["attestation"].clone();
    put(&one, "verification.passed", forged.to_string());
    refused(one.require(Step::Verification), Rule::RecordNotGenuine, "over something else");
}

#[test]
fn what_is_no_record_is_refused_wherever_it_stands() {
    let deep = format!("{}1{}", r#"{"statement":["#.repeat(200), "]}".repeat(200));
    let genuine = Project::verified(Signer::with_key(1));
    let text = std::fs::read_to_string(genuine.file("verification.passed")).unwrap();
    let doubled = text.replacen("\"statement\": {", "\"statement\": {}, \"statement\": {", 1);
    let escaped = text.replacen("\"environment\": ", "\"environment\": \"x\", \"environm\\u0065nt\": ", 1);
    assert!(doubled != text && escaped != text);
    let things: Vec<(Vec<u8>, &str)> = vec![
        (b"".to_vec(), "ends too early"),
        (b"{}".to_vec(), "no statement of a deployment step"),
        (b"null".to_vec(), "no statement of a deployment step"),
        (b"passed".to_vec(), "not JSON"),
        (b"\xff\xfe{}".to_vec(), "not UTF-8"),
        (vec![b' '; 1024 * 1024 + 1], "larger than 1048576 bytes"),
        (deep.into_bytes(), "nests too deep"),
        (doubled.into_bytes(), "a key stands twice"),
        (escaped.into_bytes(), "a key stands twice"),
        (text.replace("\"attacks\": 9", "\"attacks\": 9.0").into_bytes(), "not whole"),
        (text.replace("\"attacks\": 9", "\"attacks\": 9007199254740993").into_bytes(), "number"),
        (format!("{text}{text}").into_bytes(), "not JSON"),
        (text.as_bytes()[..text.len() - 3].to_vec(), "ends too early"),
    ];
    for name in ["verification.passed", "backup.completed", "deployment.completed", "deployment.failed"] {
        let project = Project::backed_up(Signer::with_key(1));
        let step = match name {
            "verification.passed" => Step::Verification,
            "backup.completed" => Step::Backup,
            _ => Step::Deployment,
        };
        for (bytes, why) in &things {
            put(&project, name, bytes);
            refused(project.store.read(step).map(|_| ()), Rule::RecordNotGenuine, why);
            refused(project.require(Step::Backup).map(|_| ()), Rule::RecordNotGenuine, why);
            refused(project.try_write(first()).map(|_| ()), Rule::RecordNotGenuine, why);
            assert_eq!(
                &std::fs::read(project.file(name)).unwrap(),
                bytes,
                "what is not ours stays for a person to look at"
            );
        }
    }
}

fn instead_of(path: &Path, thing: &str) {
    let _ = std::fs::remove_file(path);
    match thing {
        "a pipe" => succeed("mkfifo", path),
        "a folder" => std::fs::create_dir(path).unwrap(),
        "a socket" => drop(std::os::unix::net::UnixListener::bind(path).unwrap()),
        _ => {
            let target = path.with_extension("elsewhere");
            std::fs::write(&target, "untouched").unwrap();
            symlink(&target, path).unwrap();
        }
    }
}

fn succeed(program: &str, path: &Path) {
    assert!(std::process::Command::new(program).arg(path).status().unwrap().success(), "{program}");
}

#[test]
fn pipes_folders_sockets_and_links_in_place_of_a_record_are_refused_and_left_alone() {
    for name in ["verification.passed", "backup.completed", "deployment.completed", "deployment.failed"] {
        for thing in ["a pipe", "a folder", "a socket", "a symbolic link"] {
            let project = Project::backed_up(Signer::with_key(1));
            instead_of(&project.file(name), thing);
            refused(project.require(Step::Backup).map(|_| ()), Rule::RecordNotGenuine, thing);
            refused(project.try_write(first()).map(|_| ()), Rule::RecordNotGenuine, thing);
            refused(project.store.archive(), Rule::RecordNotGenuine, thing);
            if thing == "a symbolic link" {
                let target = project.file(name).with_extension("elsewhere");
                assert_eq!(std::fs::read_to_string(target).unwrap(), "untouched");
            }
        }
    }
}

#[test]
fn a_folder_that_is_not_ours_alone_is_not_used() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join(".deployment-state");
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), &folder).unwrap();
    let both = |why: &str| {
        refused(Store::open(root.path()).map(|_| ()), Rule::StateFolderUnsafe, why);
        refused(Store::look(root.path()).map(|_| ()), Rule::StateFolderUnsafe, why);
    };
    both("a symbolic link");
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    std::fs::remove_file(&folder).unwrap();
    symlink("nowhere", &folder).unwrap();
    both("a symbolic link");
    std::fs::remove_file(&folder).unwrap();
    std::fs::write(&folder, "").unwrap();
    both("it is a file");
    std::fs::remove_file(&folder).unwrap();
    succeed("mkfifo", &folder);
    both("it is a pipe");
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    for mode in [0o770, 0o707, 0o1777] {
        std::fs::set_permissions(&folder, PermissionsExt::from_mode(mode)).unwrap();
        both("other users may write to it");
    }
    std::fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    shown(Store::open(root.path()));
}

#[test]
fn the_archive_is_no_way_out_of_the_folder() {
    let project = Project::backed_up(Signer::with_key(1));
    let elsewhere = tempfile::tempdir().unwrap();
    symlink(elsewhere.path(), project.file("archive")).unwrap();
    refused(project.store.archive(), Rule::StateFolderUnsafe, "a symbolic link");
    refused(project.try_write(first()).map(|_| ()), Rule::StateFolderUnsafe, "a symbolic link");
    refused(project.require(Step::Backup).map(|_| ()), Rule::StateFolderUnsafe, "a symbolic link");
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    let text = std::fs::read_to_string(project.file("backup.completed")).unwrap();
    let chain = project.record(Step::Backup).statement.chain;
    put(&project, "backup.completed", text.replace(&chain, "../../../../../tmp/x"));
    refused(project.store.archive(), Rule::RecordNotGenuine, "chain");
}

#[test]
fn a_folder_swapped_after_it_was_opened_receives_nothing() {
    let project = Project::verified(Signer::with_key(1));
    let elsewhere = tempfile::tempdir().unwrap();
    let moved = project.root.path().join("moved");
    std::fs::rename(project.store.folder(), &moved).unwrap();
    symlink(elsewhere.path(), project.store.folder()).unwrap();
    project.write(first());
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    assert!(moved.join("verification.passed").exists());
}

#[test]
fn files_are_0600_in_a_0700_folder() {
    let project = Project::backed_up(Signer::with_key(1));
    let mode = |path: &Path| std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777;
    assert_eq!(mode(project.store.folder()), 0o700);
    assert_eq!(mode(&project.file("backup.completed")), 0o600);
    project.write(first());
    assert_eq!(mode(&project.file("archive")), 0o700);
}

#[test]
fn a_record_is_an_in_toto_statement() {
    let project = Project::verified(Signer::with_key(1));
    let text = std::fs::read_to_string(project.file("verification.passed")).unwrap();
    assert!(text.ends_with("}\n") && text.starts_with("{\n  \"statement\": {\n    \"_type\""));
    let record: Value = serde_json::from_str(&text).unwrap();
    let statement = &record["statement"];
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["subject"][0], serde_json::json!({"name": "commit", "digest": {"gitCommit": "1".repeat(40)}}));
    assert_eq!(statement["subject"][1]["digest"]["gitTree"], "2".repeat(40));
    let names: Vec<&str> =
        statement["subject"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["commit", "tree", "migrations", "schema", "target"]);
    assert_eq!(statement["predicateType"], "https://www.npmjs.com/package/@org/prisma-guard/deployment-step/v1");
    assert_eq!((&statement["predicate"]["sequence"], &statement["predicate"]["previous"]), (&1.into(), &Value::Null));
    let canonical = serde_json_canonicalizer::to_vec(statement).unwrap();
    let digest = guard_core::digest::Digest::of(&canonical);
    assert_eq!(shown(project.record(Step::Verification).statement.digest()), digest);
}
