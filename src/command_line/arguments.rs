//! The arguments of `prisma-guard`, read strictly: what is not known is refused, with the nearest known word.

use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use lexopt::Arg;

macro_rules! commands {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $help:literal;)+) => {
        /// The commands of `prisma-guard`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Command { $($(#[doc = $doc])+ $variant,)+ }

        impl Command {
            /// Each command with its name and its line of help, in the order of the help.
            pub(super) const ALL: &'static [(Command, &'static str, &'static str)] = &[$((Command::$variant, $name, $help),)+];
        }
    };
}

commands! {
    /// Writes the verification record.
    Verify = "verify", "check everything that a deployment needs, and record it (CI only)";
    /// Writes the backup record.
    Backup = "backup", "back the database up, check the copy, and record it (CI only)";
    /// Deploys.
    Deploy = "deploy", "apply the verified migrations, and record the outcome (CI only)";
    /// Shows the records.
    Status = "status", "show the records of the current deployment and what comes next";
    /// Runs the attacks.
    Prove = "prove", "run the contract's attacks against this project, in a copy";
    /// Runs the static rules.
    Scan = "scan", "find what breaks the contract in this repository";
    /// Shows the doors.
    Doctor = "doctor", "show every door to the Prisma CLI and whether it is shut";
    /// Explains a rule.
    Explain = "explain", "say what a rule means and what to do: explain RULE";
    /// Shuts the doors.
    Install = "install", "shut the doors to the Prisma CLI in node_modules";
    /// Opens them again.
    Uninstall = "uninstall", "give back what `install` replaced";
    /// Makes a key.
    Keygen = "keygen", "make an Ed25519 key for a CI that has no identity provider";
    /// Shows the help.
    Help = "help", "show this help";
    /// Shows the version.
    Version = "version", "show the version";
}

/// How the answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// For people.
    Terminal,
    /// The interfaces of index.d.ts as JSON.
    Json,
    /// SARIF 2.1.0, for findings.
    Sarif,
    /// GitHub's workflow commands, for findings.
    Github,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    pub(super) command: Command,
    pub(super) format: Format,
    pub(super) words: Vec<String>,
    /// `--postinstall`: be silent where there is nothing to do, and never fail.
    pub(super) postinstall: bool,
}

/// Reads the arguments after `prisma-guard`.
pub(super) fn read(argv: &[String]) -> Result<Arguments, Refusal> {
    let mut read =
        Arguments { command: Command::Help, format: Format::Terminal, words: Vec::new(), postinstall: false };
    let mut command = None;
    let mut parser = lexopt::Parser::from_args(argv);
    loop {
        let next = parser.next().map_err(|error| refusal(&error.to_string()))?;
        match next {
            None => break,
            Some(Arg::Long("help") | Arg::Short('h')) => command = Some(Command::Help),
            Some(Arg::Long("version") | Arg::Short('v')) => command = Some(Command::Version),
            Some(Arg::Long("postinstall")) => read.postinstall = true,
            Some(Arg::Long("format")) => {
                let value = parser.value().map_err(|error| refusal(&error.to_string()))?;
                read.format = match value.to_str() {
                    Some("terminal") => Format::Terminal,
                    Some("json") => Format::Json,
                    Some("sarif") => Format::Sarif,
                    Some("github") => Format::Github,
                    _ => return Err(refusal("--format is one of terminal, json, sarif, github")),
                };
            }
            Some(Arg::Value(word)) => {
                let word = word.to_string_lossy().into_owned();
                match command {
                    Some(_) => read.words.push(word),
                    None => command = Some(named(&word)?),
                }
            }
            Some(other) => return Err(refusal(&other.unexpected().to_string())),
        }
    }
    read.command = command.unwrap_or(Command::Help);
    Ok(read)
}

fn named(word: &str) -> Result<Command, Refusal> {
    let found = Command::ALL.iter().find(|(_, name, _)| *name == word).map(|(command, _, _)| *command);
    found.ok_or_else(|| {
        let names: Vec<_> = Command::ALL.iter().map(|(_, name, _)| *name).collect();
        refusal(&format!("`{word}` is no command of prisma-guard; it has {}", names.join(", ")))
    })
}

fn refusal(why: &str) -> Refusal {
    Refusal::new(Rule::InvalidArgument, "prisma-guard was called with arguments that it does not know", why)
        .instead("look at `npx prisma-guard --help`")
}

#[cfg(test)]
mod tests {
    use super::{Command, Format, read};

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_stand_before_and_after_the_command() {
        for line in ["--format json status", "status --format json", "status --format=json"] {
            let arguments = read(&words(line)).expect(line);
            assert_eq!((arguments.command, arguments.format), (Command::Status, Format::Json));
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for line in ["--force deploy", "deploy --skip-backup", "depoly", "status --format xml", "scan --format"] {
            assert!(read(&words(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn no_words_show_the_help() {
        assert_eq!(read(&[]).expect("empty").command, Command::Help);
    }
}
