//! Which program a process runs, and whether somebody sits behind it: editors, coding agents, terminals, shells, test runners.
//!
//! Knows names only, and whole names only: the program file, the name it was started under, the script or module that an interpreter runs, the npm
//! package that the script belongs to, or a folder that an editor installs itself into. Whoever renames a program gets past: ancestry is evidence,
//! never proof.

use super::PresenceKind;
use crate::system::process::Process;

/// Editors and IDEs: the names of their program files as their packages install them (seen, or their manuals' "command line" pages).
const EDITORS: &[&str] = &[
    "code",
    "code-insiders",
    "code-oss",
    "codium",
    "vscodium",
    "code-server",
    "code-tunnel",
    "cursor",
    "windsurf",
    "trae",
    "kiro",
    "antigravity",
    "zed",
    "zed-editor",
    "zeditor",
    "idea",
    "idea64",
    "webstorm",
    "webstorm64",
    "pycharm",
    "phpstorm",
    "goland",
    "rubymine",
    "rustrover",
    "clion",
    "rider",
    "datagrip",
    "fleet",
    "android-studio",
    "studio64",
    "devenv",
    "eclipse",
    "netbeans",
    "subl",
    "sublime_text",
    "nvim",
    "vim",
    "vi",
    "gvim",
    "emacs",
    "hx",
    "helix",
    "kak",
    "micro",
    "nova",
    "xcode",
    "kate",
    "theia",
];

/// Folders that editors run their parts from, with a `node` or `Electron` of their own (code.visualstudio.com, "Remote development"; seen).
const EDITOR_FOLDERS: &[&str] = &[
    ".vscode-server",
    ".vscode-server-insiders",
    ".vscode-remote",
    ".vscodium-server",
    ".cursor-server",
    ".windsurf-server",
    ".zed_server",
    "visual studio code.app",
    "visual studio code - insiders.app",
    "cursor.app",
    "windsurf.app",
    "zed.app",
    "webstorm.app",
    "intellij idea.app",
    "xcode.app",
];

/// Coding agents: the command that each installs (its README).
const CODING_AGENTS: &[&str] = &[
    "claude",
    "codex",
    "gemini",
    "qwen",
    "cursor-agent",
    "aider",
    "opencode",
    "goose",
    "amp",
    "crush",
    "copilot",
    "cline",
    "auggie",
    "droid",
    "devin",
    "openhands",
    "plandex",
    "kilocode",
    "kiro-cli",
    "junie",
    "swe-agent",
    "grok-cli",
    "mini-swe-agent",
    "gptme",
    "cody-agent",
];

/// The npm packages of coding agents (npmjs.com), for scripts that are called `cli.js` or `index.js`.
const CODING_AGENT_PACKAGES: &[&str] = &[
    "@anthropic-ai/claude-code",
    "@openai/codex",
    "@google/gemini-cli",
    "@qwen-code/qwen-code",
    "opencode-ai",
    "@sourcegraph/amp",
    "@charmland/crush",
    "@github/copilot",
    "cline",
    "@augmentcode/auggie",
    "@kilocode/cli",
];

/// Terminal emulators: a desk (their manuals; seen).
const DESKTOP_TERMINALS: &[&str] = &[
    "gnome-terminal",
    "gnome-terminal-server",
    "gnome-terminal-",
    "kgx",
    "gnome-console",
    "ptyxis",
    "ptyxis-agent",
    "konsole",
    "yakuake",
    "xterm",
    "uxterm",
    "rxvt",
    "urxvt",
    "urxvtd",
    "alacritty",
    "kitty",
    "wezterm",
    "wezterm-gui",
    "foot",
    "footclient",
    "ghostty",
    "tilix",
    "terminator",
    "xfce4-terminal",
    "lxterminal",
    "mate-terminal",
    "qterminal",
    "st",
    "terminology",
    "guake",
    "tilda",
    "warp",
    "warp-terminal",
    "hyper",
    "tabby",
    "rio",
    "deepin-terminal",
    "terminal",
    "iterm2",
    "iterm",
    "windowsterminal",
    "conemu64",
    "mintty",
];

/// Multiplexers and logins over the network or at a console: somebody sits there, or did (their manuals; seen).
const OTHER_TERMINALS: &[&str] = &[
    "tmux",
    "tmux: server",
    "tmux: client",
    "screen",
    "zellij",
    "dtach",
    "abduco",
    "byobu",
    "sshd",
    "sshd-session",
    "dropbear",
    "mosh-server",
    "tmate",
    "upterm",
    "ttyd",
    "gotty",
    "login",
    "script",
    "asciinema",
    "expect",
];

/// Shells (shells(5) of the distributions, and those of Windows).
const SHELLS: &[&str] = &[
    "sh",
    "bash",
    "zsh",
    "fish",
    "dash",
    "ash",
    "ksh",
    "ksh93",
    "mksh",
    "tcsh",
    "csh",
    "busybox",
    "nu",
    "elvish",
    "xonsh",
    "pwsh",
    "powershell",
    "cmd",
];

/// Test runners of JavaScript by command or npm package (their READMEs).
const TEST_RUNNERS: &[&str] = &[
    "jest",
    "jest-cli",
    "vitest",
    "mocha",
    "_mocha",
    "ava",
    "tap",
    "@tapjs/run",
    "jasmine",
    "uvu",
    "cypress",
    "wtr",
    "@web/test-runner",
    "tape",
    "@hapi/lab",
    "karma",
    "wdio",
    "@wdio/cli",
    "cucumber-js",
    "@cucumber/cucumber",
    "borp",
    "japa",
];

/// Who sits behind this process.
pub(super) fn presence(process: &Process) -> Option<(PresenceKind, &'static str)> {
    let program = Running::read(process);
    let tables: [(PresenceKind, &'static [&'static str]); 3] = [
        (PresenceKind::CodingAgent, CODING_AGENTS),
        (PresenceKind::Editor, EDITORS),
        (PresenceKind::Terminal, DESKTOP_TERMINALS),
    ];
    if let Some(package) = program.package.as_deref().and_then(|package| known(CODING_AGENT_PACKAGES, package)) {
        return Some((PresenceKind::CodingAgent, package));
    }
    for (kind, table) in tables {
        if let Some(name) = program.names.iter().find_map(|name| known(table, name)) {
            return Some((kind, name));
        }
    }
    if let Some(folder) = program.folders.iter().find_map(|folder| known(EDITOR_FOLDERS, folder)) {
        return Some((PresenceKind::Editor, folder));
    }
    // The JetBrains IDEs of before 2022 run in a `java` of their own (seen in idea.sh).
    if process.command.iter().any(|word| word == "com.intellij.idea.Main") {
        return Some((PresenceKind::Editor, "idea"));
    }
    if let Some(name) = program.names.iter().find_map(|name| known(OTHER_TERMINALS, name)) {
        return Some((PresenceKind::Terminal, name));
    }
    let shell = program.names.iter().find_map(|name| known(SHELLS, name));
    shell.filter(|_| process.terminal).map(|name| (PresenceKind::Shell, name))
}

/// Whether it is an editor, a coding agent or a desktop terminal.
pub(super) fn sits_at_a_desk(process: &Process) -> bool {
    match presence(process) {
        Some((PresenceKind::Editor | PresenceKind::CodingAgent, _)) => true,
        Some((PresenceKind::Terminal, name)) => DESKTOP_TERMINALS.contains(&name),
        _ => false,
    }
}

/// The test runner that this process is.
pub(super) fn test_runner(process: &Process) -> Option<&'static str> {
    let program = Running::read(process);
    let interpreter = program.interpreter?;
    if let Some(name) = program.script_names().find_map(|name| known(TEST_RUNNERS, name)) {
        return Some(name);
    }
    let subcommand = program.script.as_deref();
    match interpreter {
        // nodejs.org, cli.html: `--test` starts the runner; after the script it is the script's own.
        Interpreter::Node if program.options.iter().any(|option| option == "--test") => Some("node --test"),
        Interpreter::Bun if subcommand == Some("test") => Some("bun test"),
        Interpreter::Deno if subcommand == Some("test") => Some("deno test"),
        // playwright.dev, "Command line": `playwright test`.
        _ if program.script_names().any(|name| matches!(name, "playwright" | "@playwright/test"))
            && process.command.iter().any(|word| word == "test") =>
        {
            Some("playwright test")
        }
        _ => None,
    }
}

fn known(table: &'static [&'static str], name: &str) -> Option<&'static str> {
    table.iter().copied().find(|entry| *entry == name)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interpreter {
    Node,
    Bun,
    Deno,
    Python,
    Other,
}

impl Interpreter {
    fn of(name: &str) -> Option<Self> {
        let version = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        match name {
            "node" | "nodejs" => Some(Interpreter::Node),
            "bun" => Some(Interpreter::Bun),
            "deno" => Some(Interpreter::Deno),
            "ruby" | "perl" | "tsx" | "ts-node" => Some(Interpreter::Other),
            _ if SHELLS.contains(&name) => Some(Interpreter::Other),
            _ => name.strip_prefix("python").filter(|rest| version(rest)).map(|_| Interpreter::Python),
        }
    }
}

/// What a process runs.
struct Running {
    /// Whole names in lower case: the kernel's, the program file's, the first word's, and the script's.
    names: Vec<String>,
    /// The folders of the program file and the script, in lower case.
    folders: Vec<String>,
    /// The interpreter, where the program is one.
    interpreter: Option<Interpreter>,
    /// The interpreter's own options.
    options: Vec<String>,
    /// The script or module that an interpreter runs, as its name without folders and ending.
    script: Option<String>,
    /// The npm package that the script belongs to.
    package: Option<String>,
}

impl Running {
    fn read(process: &Process) -> Self {
        let mut names = vec![file_name(&process.name)];
        let mut folders = Vec::new();
        if let Some(executable) = &process.executable {
            let text = executable.to_string_lossy();
            // proc_pid_exe(5): the kernel appends this where the file was replaced, as an update does.
            let text = text.strip_suffix(" (deleted)").unwrap_or(&text);
            names.push(file_name(text));
            folders.extend(folder_names(text));
        }
        let first = process.command.first().map(String::as_str).unwrap_or_default();
        names.push(file_name(first.strip_prefix('-').unwrap_or(first)));
        let interpreter = names.iter().find_map(|name| Interpreter::of(name));
        let (options, script) = match interpreter {
            Some(interpreter) => arguments(interpreter, process.command.get(1..).unwrap_or_default()),
            None => (Vec::new(), None),
        };
        let package = script.as_deref().and_then(package_name);
        if let Some(script) = &script {
            folders.extend(folder_names(script));
        }
        let script = script.as_deref().map(script_name);
        names.extend(script.clone());
        Running { names, folders, interpreter, options, script, package }
    }

    fn script_names(&self) -> impl Iterator<Item = &str> {
        self.script.as_deref().into_iter().chain(self.package.as_deref())
    }
}

/// Options of interpreters whose value is a word of its own (nodejs.org, cli.html; `python --help`).
const OPTIONS_WITH_VALUE: &[&str] = &[
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-C",
    "--conditions",
    "--env-file",
    "--title",
    "--preload",
    "-W",
    "-X",
    "-O",
    "-o",
];

/// The interpreter's own options, and the script or module that it runs; `-e` and `-c` run none.
fn arguments(interpreter: Interpreter, words: &[String]) -> (Vec<String>, Option<String>) {
    let mut options = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if !word.starts_with('-') {
            // `bun run x`, `deno run x`: the word after it is what runs.
            let runs =
                matches!(interpreter, Interpreter::Bun | Interpreter::Deno) && matches!(word.as_str(), "run" | "x");
            let script = if runs { words.find(|word| !word.starts_with('-')) } else { Some(word) };
            return (options, script.cloned());
        }
        match (interpreter, word.as_str()) {
            (Interpreter::Python, "-m") => return (options, words.next().cloned()),
            (Interpreter::Python, "-c")
            | (Interpreter::Node | Interpreter::Bun, "-e" | "--eval" | "-p" | "--print" | "-pe") => {
                return (options, None);
            }
            (Interpreter::Other, text) if !text.starts_with("--") && text.ends_with('c') => return (options, None),
            _ => {}
        }
        options.push(word.clone());
        if OPTIONS_WITH_VALUE.contains(&word.as_str()) {
            words.next();
        }
    }
    (options, None)
}

fn separators(character: char) -> bool {
    character == '/' || character == '\\'
}

/// The last part of a path, in lower case, without `.exe`.
fn file_name(path: &str) -> String {
    let name = path.rsplit(separators).next().unwrap_or(path).to_lowercase();
    name.strip_suffix(".exe").map(str::to_owned).unwrap_or(name)
}

/// The same, without the ending of a script.
fn script_name(path: &str) -> String {
    let name = file_name(path);
    let ending = [".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".py", ".sh", ".rb"]
        .iter()
        .find_map(|end| name.strip_suffix(end));
    ending.map(str::to_owned).unwrap_or(name)
}

/// The folders of a path, in lower case.
fn folder_names(path: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        path.split(separators).filter(|part| !part.is_empty()).map(str::to_lowercase).collect();
    parts.pop();
    parts
}

/// The npm package of a script under `node_modules`, the innermost.
fn package_name(path: &str) -> Option<String> {
    let parts: Vec<&str> = path.split(separators).collect();
    let place = parts.iter().rposition(|part| *part == "node_modules")?;
    let first = parts.get(place + 1).filter(|part| **part != ".bin")?;
    if !first.starts_with('@') {
        return Some((*first).to_owned());
    }
    parts.get(place + 2).map(|second| format!("{first}/{second}"))
}
