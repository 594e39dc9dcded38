//! The command line, read as Prisma reads it (library `arg` 5; facts ran on 5.22, 6.19 and 7.10).
//!
//! Knows what a command does to a database, and nothing of which database that is. What Prisma would answer with an error is
//! [`CommandClass::Unknown`] here: versions differ in what they call an error, and an error loses nothing by being refused.

use super::arguments::{Kind, Parsed, Specification};
use crate::target::Role;
use std::path::PathBuf;

/// What a command does to a database (DESIGN, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CommandClass {
    /// Touches none.
    NoDatabase,
    /// Reads one.
    Reads,
    /// Changes or may wipe one.
    Develops,
    /// `migrate deploy`, `migrate resolve`.
    Promotes,
    /// Not known: treated as [`CommandClass::Develops`].
    Unknown,
}

/// What Prisma would make of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// What it does.
    pub class: CommandClass,
    /// The command's words: `["migrate", "deploy"]`.
    pub words: Vec<String>,
    /// For people, connection strings redacted: `prisma migrate deploy`.
    pub display: String,
    /// `--config`.
    pub config: Option<PathBuf>,
    /// `--schema`.
    pub schema: Option<PathBuf>,
    /// Connection strings given as arguments: the role, the flag and the string.
    pub urls: Vec<(Role, String, String)>,
    /// Schema files of `migrate diff` whose datasource is read (`--from-schema-datasource`, Prisma 5 and 6).
    pub datasource_schemas: Vec<PathBuf>,
    /// Whether the configured databases are touched too, not only those that the arguments name.
    pub uses_configured: bool,
}

const TOP: Specification = Specification {
    options: &[
        ("--help", Kind::Flag),
        ("-h", Kind::Alias("--help")),
        ("--version", Kind::Flag),
        ("-v", Kind::Alias("--version")),
        ("--config", Kind::Text),
        ("--json", Kind::Flag),
        ("--experimental", Kind::Flag),
        ("--preview-feature", Kind::Flag),
        ("--early-access", Kind::Flag),
        ("--telemetry-information", Kind::Text),
    ],
    stop_at_positional: true,
    permissive: false,
};

const GROUP: Specification = Specification {
    options: &[
        ("--help", Kind::Flag),
        ("-h", Kind::Alias("--help")),
        ("--config", Kind::Text),
        ("--preview-feature", Kind::Flag),
        ("--telemetry-information", Kind::Text),
    ],
    stop_at_positional: true,
    permissive: false,
};

/// `bin.ts` looks for the config in the whole command line before anything else.
const CONFIG_ONLY: Specification =
    Specification { options: &[("--config", Kind::Text)], stop_at_positional: false, permissive: true };

/// The options of every command at once. A superset is safe: where a version does not know an option, it ends with an error.
/// `-n` and `-p` are `--name`, `--hostname` and `--port`; which of them decides nothing.
macro_rules! leaf {
    ($stop:literal $(, $option:literal : $kind:expr)*) => {
        Specification {
            options: &[
                ("--help", Kind::Flag),
                ("-h", Kind::Alias("--help")),
                ("--config", Kind::Text),
                ("--schema", Kind::Text),
                ("--telemetry-information", Kind::Text),
                $(($option, $kind),)*
            ],
            stop_at_positional: $stop,
            permissive: false,
        }
    };
}

/// How a command that was read is classed.
type Judge = fn(&Parsed, &mut CommandLine) -> CommandClass;

/// The command of these words, its options and its class, in this major version.
fn command(words: &[&str], major: u32) -> Option<(Specification, Judge)> {
    let none: Judge = |_, _| CommandClass::NoDatabase;
    let promotes: Judge = |_, _| CommandClass::Promotes;
    let develops: Judge = |_, _| CommandClass::Develops;
    let reads: Judge = |_, _| CommandClass::Reads;
    Some(match (words, major) {
        (["migrate", "deploy"], _) => (leaf!(false), promotes),
        (["migrate", "resolve"], _) => (leaf!(false, "--applied": Kind::Text, "--rolled-back": Kind::Text), promotes),
        (["migrate", "status"], _) => (leaf!(false), reads),
        (["migrate", "dev"], _) => (
            leaf!(true, "--name": Kind::Text, "-n": Kind::Alias("--name"), "--create-only": Kind::Flag, "--url": Kind::Text,
                "--skip-generate": Kind::Flag, "--skip-seed": Kind::Flag),
            develops,
        ),
        (["migrate", "reset"], _) => (
            leaf!(true, "--force": Kind::Flag, "-f": Kind::Alias("--force"), "--skip-generate": Kind::Flag,
                "--skip-seed": Kind::Flag),
            develops,
        ),
        (["migrate", "diff"], _) => (
            leaf!(false, "--output": Kind::Text, "-o": Kind::Alias("--output"), "--from-empty": Kind::Flag,
                "--from-config-datasource": Kind::Flag, "--from-schema": Kind::Text, "--from-migrations": Kind::Text,
                "--to-empty": Kind::Flag, "--to-config-datasource": Kind::Flag, "--to-schema": Kind::Text,
                "--to-migrations": Kind::Text, "--script": Kind::Flag, "--exit-code": Kind::Flag, "--from-url": Kind::Text,
                "--to-url": Kind::Text, "--from-schema-datasource": Kind::Text, "--to-schema-datasource": Kind::Text,
                "--from-schema-datamodel": Kind::Text, "--to-schema-datamodel": Kind::Text, "--from-local-d1": Kind::Flag,
                "--to-local-d1": Kind::Flag, "--shadow-database-url": Kind::Text, "--preview-feature": Kind::Flag),
            diff,
        ),
        (["db", "push"], _) => (
            leaf!(false, "--accept-data-loss": Kind::Flag, "--force-reset": Kind::Flag, "--skip-generate": Kind::Flag,
                "--url": Kind::Text, "--preview-feature": Kind::Flag),
            develops,
        ),
        (["db", "execute"], _) => (
            leaf!(false, "--stdin": Kind::Flag, "--file": Kind::Text, "--url": Kind::Text, "--preview-feature": Kind::Flag),
            develops,
        ),
        (["db", "seed"], _) => (leaf!(false, "--preview-feature": Kind::Flag), develops),
        (["db", "pull"], _) | (["introspect"], 5 | 6) => (
            leaf!(true, "--print": Kind::Flag, "--schemas": Kind::Text, "--force": Kind::Flag,
                "--composite-type-depth": Kind::Number, "--url": Kind::Text, "--local-d1": Kind::Flag),
            reads,
        ),
        (["studio"], _) => (
            leaf!(true, "--port": Kind::Number, "-p": Kind::Alias("--port"), "--browser": Kind::Text,
                "-b": Kind::Alias("--browser"), "--hostname": Kind::Text, "-n": Kind::Alias("--hostname"), "--url": Kind::Text),
            develops,
        ),
        (["generate"], _) => (
            leaf!(true, "--watch": Kind::Flag, "--data-proxy": Kind::Flag, "--accelerate": Kind::Flag,
                "--no-engine": Kind::Flag, "--no-hints": Kind::Flag, "--generator": Kind::Text, "--postinstall": Kind::Text,
                "--allow-no-models": Kind::Flag, "--require-models": Kind::Flag, "--sql": Kind::Flag),
            // `--sql` describes the statements of TypedSQL, for which it asks the database.
            |parsed, _| if parsed.has("--sql") { CommandClass::Reads } else { CommandClass::NoDatabase },
        ),
        (["validate"], _) => (leaf!(true), none),
        (["format"], _) => (leaf!(true, "--check": Kind::Flag), none),
        (["version"], _) => {
            (leaf!(true, "--version": Kind::Flag, "-v": Kind::Alias("--version"), "--json": Kind::Flag), none)
        }
        (["debug"], _) => (leaf!(true), none),
        // In 6.19 `init` is a package that gets downloaded: what it does is not known here.
        (["init"], 5 | 7) => (
            leaf!(true, "--url": Kind::Text, "--datasource-provider": Kind::Text, "--generator-provider": Kind::Text,
                "--preview-feature": Kind::Text, "--output": Kind::Text, "--with-model": Kind::Flag, "--no-skills": Kind::Flag,
                "--db": Kind::Flag, "--region": Kind::Text, "--name": Kind::Text, "--non-interactive": Kind::Flag,
                "--prompt": Kind::Text, "--vibe": Kind::Text, "--debug": Kind::Flag),
            // `--db`, `--prompt` and `--vibe` create a database at Prisma's own service.
            |parsed, _| {
                let remote = parsed.has("--db") || parsed.value("--prompt").or(parsed.value("--vibe")).is_some();
                if remote { CommandClass::Develops } else { CommandClass::NoDatabase }
            },
        ),
        (["platform", "status"], 7) => (leaf!(true, "--json": Kind::Flag), none),
        _ => return None,
    })
}

/// `migrate diff`: which sides are databases, and whether one of them has to be built in the shadow database, which is wiped.
fn diff(parsed: &Parsed, line: &mut CommandLine) -> CommandClass {
    line.uses_configured = parsed.has("--from-config-datasource")
        || parsed.has("--to-config-datasource")
        || parsed.has("--from-local-d1")
        || parsed.has("--to-local-d1");
    for flag in ["--from-url", "--to-url"] {
        line.urls.extend(parsed.all(flag).iter().map(|url| (Role::Url, flag.to_owned(), url.clone())));
    }
    let flag = "--shadow-database-url";
    line.urls.extend(parsed.all(flag).iter().map(|url| (Role::ShadowDatabaseUrl, flag.to_owned(), url.clone())));
    for flag in ["--from-schema-datasource", "--to-schema-datasource"] {
        line.datasource_schemas.extend(parsed.all(flag).iter().map(PathBuf::from));
    }
    let builds_migrations = ["--from-migrations", "--to-migrations"].iter().any(|flag| !parsed.all(flag).is_empty());
    let shadow_named = line.urls.iter().any(|(role, ..)| *role == Role::ShadowDatabaseUrl);
    if builds_migrations || shadow_named {
        // Without a flag the shadow database is the configured one, or made beside the configured database.
        line.uses_configured |= !shadow_named;
        return CommandClass::Develops;
    }
    let reads = line.uses_configured || !line.urls.is_empty() || !line.datasource_schemas.is_empty();
    if reads { CommandClass::Reads } else { CommandClass::NoDatabase }
}

/// Reads a command line (without `node` and the script).
///
/// `bin.ts` loads, and so executes, the file of `--config` before anything, even for `version`; that file is in
/// [`CommandLine::config`] whatever the class is.
#[must_use]
pub fn read(arguments: &[String], prisma_major: u32) -> CommandLine {
    let mut line = CommandLine {
        class: CommandClass::Unknown,
        words: Vec::new(),
        display: super::display::command(arguments),
        config: None,
        schema: None,
        urls: Vec::new(),
        datasource_schemas: Vec::new(),
        uses_configured: true,
    };
    if matches!(prisma_major, 5..=7) {
        line.config = CONFIG_ONLY.parse(arguments).ok().and_then(|parsed| parsed.value("--config").map(PathBuf::from));
        line.class = classify(arguments, prisma_major, &mut line).unwrap_or(CommandClass::Unknown);
    }
    if line.class == CommandClass::Unknown {
        // What could not be read may still name databases: every argument that looks like one counts.
        line.uses_configured = true;
        line.urls = arguments
            .iter()
            .filter_map(|argument| {
                let value = if argument.starts_with("--") { argument.split_once('=')?.1 } else { argument };
                super::display::looks_like_url(value).then(|| (Role::Url, "argument".to_owned(), value.to_owned()))
            })
            .collect();
    }
    line
}

/// The levels of the CLI, one after the other; `None` where Prisma would end with an error or the command is not known.
fn classify(arguments: &[String], major: u32, line: &mut CommandLine) -> Option<CommandClass> {
    let top = TOP.parse(arguments).ok()?;
    if top.has("--version") {
        line.words = vec!["version".to_owned()];
        return Some(CommandClass::NoDatabase);
    }
    let Some((first, rest)) = top.positionals.split_first().filter(|_| !top.has("--help")) else {
        return Some(CommandClass::NoDatabase);
    };
    line.words.push(first.clone());
    let mut rest = rest.to_vec();
    // What stood before the command is handed on behind it, and `--preview-feature=true` is not what the next level strikes out.
    for flag in ["--experimental", "--preview-feature", "--early-access"] {
        if top.has(flag) {
            rest.push(format!("{flag}=true"));
            break;
        }
    }
    if matches!(first.as_str(), "migrate" | "db") || (first == "platform" && major == 7) {
        let group = GROUP.parse(&rest).ok()?;
        let Some((second, after)) = group.positionals.split_first().filter(|_| !group.has("--help")) else {
            return Some(CommandClass::NoDatabase);
        };
        line.words.push(second.clone());
        // `migrate` strikes out every literal `--preview-feature`, except for `diff`; `db` hands on its own.
        rest = if first == "migrate" && second != "diff" {
            let mut kept: Vec<String> =
                group.positionals.iter().filter(|word| *word != "--preview-feature").cloned().collect();
            if kept.is_empty() { kept } else { kept.split_off(1) }
        } else {
            after.to_vec()
        };
    } else if first == "complete" && major == 7 {
        return Some(CommandClass::NoDatabase);
    }
    let words: Vec<&str> = line.words.iter().map(String::as_str).collect();
    let (specification, judge) = command(&words, major)?;
    let parsed = specification.parse(&rest).ok()?;
    if parsed.has("--help") {
        return Some(CommandClass::NoDatabase);
    }
    line.schema = parsed.value("--schema").map(PathBuf::from);
    if first != "init" {
        line.urls = parsed.all("--url").iter().map(|url| (Role::Url, "--url".to_owned(), url.clone())).collect();
    }
    Some(judge(&parsed, line))
}
