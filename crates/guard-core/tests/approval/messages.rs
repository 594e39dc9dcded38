//! What a holder that has the lock and is the parent says: nothing, too much, or what is no approval.

use crate::support::{DEPLOY, Project, ended, line, start, told};
use std::io::Write as _;
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// DESIGN's bound on a message, and what the socket's buffer holds besides.
const TOO_MUCH: usize = 64 * 1024 + 1;

#[test]
fn a_holder_that_never_answers_is_not_waited_for_without_end() {
    let project = Project::new();
    let _lock = project.lock();
    project.refused(&told(project.cli(DEPLOY), b""), "no message arrived within 5 seconds");
}

#[test]
fn a_holder_that_answers_letter_by_letter_is_not_waited_for_any_longer() {
    let project = Project::new();
    let _lock = project.lock();
    let (mut holder, input) = UnixStream::pair().unwrap();
    let child = start(project.cli(DEPLOY), input);
    let genuine = project.message(DEPLOY);
    // Slower than the patience for a whole message, faster than it for each letter. The first write after the child's end fails.
    let drip = std::thread::spawn(move || {
        genuine.iter().all(|letter| {
            std::thread::sleep(Duration::from_millis(100));
            holder.write_all(&[*letter]).is_ok()
        })
    });
    project.refused(&ended(child), "no message arrived within 5 seconds");
    assert!(!drip.join().unwrap(), "the whole message was taken");
}

#[test]
fn a_message_that_is_too_long_is_not_read_to_its_end() {
    let project = Project::new();
    let _lock = project.lock();
    let mut ending = vec![b' '; TOO_MUCH];
    ending.extend(project.message(DEPLOY));
    for message in [vec![b'x'; TOO_MUCH * 4], ending] {
        project.refused(&told(project.cli(DEPLOY), &message), "the message is longer than 65536 bytes");
    }
}

#[test]
fn a_socket_that_ends_before_its_message_does_approves_nothing() {
    let project = Project::new();
    let _lock = project.lock();
    let genuine = project.message(DEPLOY);
    for part in [&b""[..], &genuine[..genuine.len() / 2], &genuine[..genuine.len() - 1]] {
        let (mut holder, input) = UnixStream::pair().unwrap();
        holder.write_all(part).unwrap();
        drop(holder);
        project.refused(&ended(start(project.cli(DEPLOY), input)), "the socket ended before a message arrived");
    }
}

#[test]
fn what_is_no_approval_is_none() {
    let project = Project::new();
    let _lock = project.lock();
    let genuine = project.signed(project.command(DEPLOY));
    let text = String::from_utf8(line(&genuine)).unwrap();
    let value = serde_json::to_value(&genuine).unwrap();
    let changed = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value = value.clone();
        change(&mut value);
        format!("{value}\n")
    };
    let without = |name: &'static str| {
        changed(&|value| {
            value["command"].as_object_mut().unwrap().remove(name);
        })
    };
    let mut messages = vec![
        "\n".to_owned(),
        "true\n".to_owned(),
        "null\n".to_owned(),
        "{}\n".to_owned(),
        "[]\n".to_owned(),
        format!("{}\n", "[".repeat(60_000)),
        format!("[{}]\n", text.trim()),
        format!("{}x\n", text.trim()),
        format!("{}{}\n", text.trim(), text.trim()),
        // Unknown and repeated keys, at every depth.
        text.replacen('{', "{\"bypass\":true,", 1),
        text.replacen("\"command\":{", "\"command\":{\"bypass\":true,", 1),
        text.replacen("\"command\":{", "\"command\":{\"arguments\":[],", 1),
        text.replacen("\"attestation\":{", "\"attestation\":{\"kind\":\"key\",", 1),
        changed(&|value| value["attestation"]["kind"] = "none".into()),
        changed(&|value| value["attestation"] = serde_json::Value::Null),
        changed(&|value| value["command"]["arguments"] = "migrate deploy".into()),
        changed(&|value| value["command"]["targets"] = "*".into()),
        changed(&|value| value["command"]["holder"]["pid"] = (-1).into()),
    ];
    messages.extend(["arguments", "targets", "environment", "chain", "holder", "nonce"].map(without));
    for message in messages {
        let ended = told(project.cli(DEPLOY), message.as_bytes());
        project.refused(&ended, "the message on the socket is no approval");
    }
    let ended = told(project.cli(DEPLOY), b"\xff\xfe\x00\x01\n");
    project.refused(&ended, "the message on the socket is no approval");
}
