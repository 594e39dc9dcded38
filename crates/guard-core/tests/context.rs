//! The kinds of process, on made-up lineages and on real processes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

use guard_core::context::{ContextKind, PresenceKind, detect, presences};
use guard_core::system::environment::Environment;
use guard_core::system::process::{Process, ProcessIdentity};

fn process(command: &[&str]) -> Process {
    Process {
        identity: ProcessIdentity { pid: 50, start: 1 },
        parent: 1,
        name: command[0].rsplit('/').next().unwrap().to_owned(),
        command: command.iter().map(|word| (*word).to_owned()).collect(),
        executable: None,
        terminal: false,
    }
}

fn kind(variables: &[(&str, &str)], lineage: &[Process]) -> ContextKind {
    let environment: Environment = variables.iter().copied().collect();
    detect(&environment, lineage).kind
}

fn seen(process: Process) -> Option<(PresenceKind, String)> {
    presences(&[process]).pop().map(|one| (one.kind, one.name))
}

#[test]
fn nothing_said_is_development() {
    assert_eq!(kind(&[], &[process(&["node", "app.js"])]), ContextKind::Development);
    assert_eq!(kind(&[("CI", "false"), ("CONTEXT", "deploy-preview")], &[]), ContextKind::Development);
}

#[test]
fn a_test_runner_above_makes_it_a_test_even_in_production_and_ci() {
    for runner in [
        &["node", "/p/node_modules/.bin/jest"][..],
        &["node", "/p/node_modules/vitest/vitest.mjs", "run"],
        &["node", "--require", "ts-node/register", "/p/node_modules/mocha/bin/_mocha"],
        &["/usr/bin/node", "--import", "tsx", "--test", "tests/"],
        &["bun", "test"],
        &["node", "/p/node_modules/@playwright/test/cli.js", "test"],
    ] {
        let lineage = [process(&["node", "app.js"]), process(runner)];
        assert_eq!(kind(&[("NODE_ENV", "production"), ("CI", "1")], &lineage), ContextKind::Test, "{runner:?}");
    }
    for variable in ["NODE_TEST_CONTEXT", "JEST_WORKER_ID"] {
        assert_eq!(kind(&[(variable, "1"), ("NODE_ENV", "production")], &[]), ContextKind::Test);
    }
}

#[test]
fn what_only_looks_like_a_test_runner_is_none() {
    for other in
        [&["node", "/srv/jest/app.js"][..], &["node", "app.js", "--test"], &["vim", "jest"], &["node", "-e", "jest"]]
    {
        assert_ne!(kind(&[], &[process(other)]), ContextKind::Test, "{other:?}");
    }
}

#[test]
fn previews_come_before_production() {
    for sign in [
        &[("VERCEL_ENV", "preview")][..],
        &[("NETLIFY", "true"), ("CONTEXT", "deploy-preview")],
        &[("RENDER", "true"), ("IS_PULL_REQUEST", "true")],
        &[("RAILWAY_ENVIRONMENT_NAME", "shop-pr-12")],
        &[("HEROKU_PR_NUMBER", "3"), ("DYNO", "web.1")],
    ] {
        let variables: Vec<_> = sign.iter().copied().chain([("NODE_ENV", "production")]).collect();
        assert_eq!(kind(&variables, &[]), ContextKind::Preview, "{sign:?}");
    }
}

#[test]
fn production_runs_where_the_platform_says_so() {
    for sign in
        [("NODE_ENV", "production"), ("DYNO", "web.1"), ("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("K_SERVICE", "shop")]
    {
        assert_eq!(kind(&[sign], &[process(&["node", "app.js"])]), ContextKind::ProductionRuntime, "{sign:?}");
    }
    let systemd = process(&["node", "app.js"]);
    assert_eq!(kind(&[("INVOCATION_ID", "a")], &[systemd]), ContextKind::ProductionRuntime);
    let over_ssh = [process(&["node", "app.js"]), process(&["sshd"])];
    assert_eq!(kind(&[("NODE_ENV", "production")], &over_ssh), ContextKind::ProductionRuntime);
}

#[test]
fn node_env_set_by_somebody_at_a_desk_is_no_production() {
    for desk in ["code", "claude", "gnome-terminal-server", "nvim", "iTerm2"] {
        let lineage = [process(&["node", "app.js"]), process(&["bash"]), process(&[desk])];
        assert_eq!(kind(&[("NODE_ENV", "production"), ("DYNO", "x")], &lineage), ContextKind::Development, "{desk}");
        assert_eq!(kind(&[("NODE_ENV", "production"), ("CI", "true")], &lineage), ContextKind::ContinuousIntegration);
    }
}

#[test]
fn signs_that_ci_jobs_inherit_from_their_host_are_no_production() {
    for sign in [("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("INVOCATION_ID", "a")] {
        let lineage = [process(&["node", "app.js"])];
        assert_eq!(kind(&[sign, ("GITHUB_ACTIONS", "true")], &lineage), ContextKind::ContinuousIntegration, "{sign:?}");
    }
}

#[test]
fn a_desktop_session_is_a_service_but_no_production() {
    let mut shell = process(&["bash"]);
    shell.terminal = true;
    assert_eq!(kind(&[("INVOCATION_ID", "a")], &[shell]), ContextKind::Development);
    let session = [process(&["node"]), process(&["systemd", "--user"])];
    assert_eq!(kind(&[("INVOCATION_ID", "a")], &session), ContextKind::Development);
}

#[test]
fn whoever_sits_there_is_named_by_program_script_or_package() {
    use PresenceKind::{CodingAgent, Editor, Terminal};
    for (command, kind, name) in [
        (&["/usr/share/code/code", "--type=zygote"][..], Editor, "code"),
        (&["node", "/usr/lib/node_modules/@anthropic-ai/claude-code/cli.js"], CodingAgent, "@anthropic-ai/claude-code"),
        (&["node", "/usr/local/bin/gemini"], CodingAgent, "gemini"),
        (&["python3.12", "-m", "aider"], CodingAgent, "aider"),
        (&["/usr/bin/python3", "/usr/bin/aider"], CodingAgent, "aider"),
        (&["/home/u/.vscode-server/bin/abc/node", "server-main.js"], Editor, ".vscode-server"),
        (&["java", "-Xmx1g", "com.intellij.idea.Main"], Editor, "idea"),
        (&["tmux: server"], Terminal, "tmux: server"),
        (&["sh", "/usr/bin/cursor"], Editor, "cursor"),
    ] {
        let mut one = process(command);
        one.executable = command[0].starts_with('/').then(|| command[0].into());
        assert_eq!(seen(one), Some((kind, name.to_owned())), "{command:?}");
    }
}

#[test]
fn parts_of_paths_and_arguments_name_nobody() {
    for command in [
        &["node", "/home/claude/code/app.js"][..],
        &["node", "app.js", "claude"],
        &["sh", "-c", "code ."],
        &["node", "-e", "claude"],
        &["/opt/cursor/bin/node", "index.js"],
        &["Runner.Worker", "spawnclient"],
        &["vimeo-uploader"],
    ] {
        assert_eq!(seen(process(command)), None, "{command:?}");
    }
}

#[test]
fn a_shell_counts_with_a_terminal_only() {
    assert_eq!(seen(process(&["-bash"])), None);
    let mut shell = process(&["-bash"]);
    shell.terminal = true;
    assert_eq!(seen(shell), Some((PresenceKind::Shell, "bash".to_owned())));
}

/// A copy of `sh` called `cursor` runs `sleep` below itself; both are looked at while they live.
#[cfg(target_os = "linux")]
#[test]
fn a_real_process_is_known_by_the_file_it_runs() {
    use guard_core::system::process::look_up;
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("cursor");
    std::fs::copy("/bin/sh", &copy).unwrap();
    let mut child = std::process::Command::new(&copy).args(["-c", "sleep 30; :"]).spawn().unwrap();
    let mut found = None;
    for _ in 0..200 {
        found = look_up(child.id()).filter(|process| process.name == "cursor");
        if found.is_some() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let process = found.expect("the copy runs");
    let sitting = presences(std::slice::from_ref(&process));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        (sitting[0].kind, sitting[0].name.as_str(), sitting[0].pid),
        (PresenceKind::Editor, "cursor", child.id())
    );
    assert_eq!(kind(&[("NODE_ENV", "production")], &[process]), ContextKind::Development);
}
