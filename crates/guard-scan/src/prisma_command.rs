//! What a command's words mean for Prisma: is this the Prisma CLI, whatever launches it, and which command is it given?
//!
//! Reads a command line as far as the static rules need it. The gate's own, exact reading (`guard_core::prisma::command_line`)
//! needs the words of a real process; here words may be unknown.

use crate::facts::{HOLE, is_unknown};
use crate::shell_words::{ShellCommand, assignment, commands};

/// How deep a command inside an argument (`sh -c "…"`) is read.
const DEEPEST: usize = 4;
/// Programs that only print, look at or move their arguments.
const INERT: [&str; 34] = [
    "echo", "printf", "git", "rm", "rimraf", "cp", "mv", "cat", "ls", "grep", "rg", "test", "[", "mkdir", "touch",
    "true", "false", "cd", "which", "type", "man", "open", "code", "head", "tail", "wc", "diff", "sed", "awk", "chmod",
    "chown", "ln", "find", "tsc",
];
/// What may stand between the start of a command and the CLI.
const LAUNCHERS: [&str; 29] = [
    "npx",
    "npm",
    "pnpm",
    "pnpx",
    "yarn",
    "bun",
    "bunx",
    "node",
    "nodejs",
    "deno",
    "tsx",
    "ts-node",
    "exec",
    "x",
    "dlx",
    "run",
    "env",
    "cross-env",
    "cross-env-shell",
    "dotenv",
    "dotenvx",
    "sudo",
    "nohup",
    "command",
    "time",
    "timeout",
    "xargs",
    "--",
    "corepack",
];

/// A call of the Prisma CLI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PrismaCall {
    /// The command's words, at most two: `["migrate", "deploy"]`. One that is not known is [`HOLE`].
    pub(crate) command: Vec<String>,
    /// Its flags, without values.
    pub(crate) flags: Vec<String>,
}

impl PrismaCall {
    /// Whether it is this command.
    pub(crate) fn is(&self, words: &[&str]) -> bool {
        self.command.len() >= words.len() && self.command.iter().zip(words).all(|(mine, other)| mine == other)
    }

    /// Whether it could be `migrate deploy` for all that can be known here.
    pub(crate) fn may_deploy(&self) -> bool {
        let fits =
            |index: usize, word: &str| self.command.get(index).is_none_or(|mine| mine == word || mine.contains(HOLE));
        let unknown = self.command.iter().any(|word| word.contains(HOLE));
        self.is(&["migrate", "deploy"]) || (unknown && fits(0, "migrate") && fits(1, "deploy"))
    }
}

/// The last part of a program's path, without the endings of Windows.
pub(crate) fn program(word: &str) -> &str {
    let name = word.rsplit(['/', '\\']).next().unwrap_or(word);
    [".cmd", ".ps1", ".exe", ".CMD"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

/// Whether a word names the Prisma CLI: `prisma`, `./node_modules/.bin/prisma`, `prisma@7`, `@prisma/prisma7`, `npm:prisma`, or
/// the script behind it (`prisma/build/index.js`).
pub(crate) fn names_prisma(word: &str) -> bool {
    let word = word.replace('\\', "/");
    if ["prisma/build/index.js", "prisma/build/cli.js", "prisma/build/index", "prisma/build/cli", "prisma/build"]
        .iter()
        .any(|script| word.ends_with(script))
    {
        return true;
    }
    let name = program(&word);
    let name = name.strip_prefix("npm:").unwrap_or(name);
    matches!(name.split('@').next().unwrap_or(name), "prisma" | "prisma7" | "prisma6" | "prisma5")
}

/// The calls of the Prisma CLI in a command, those inside its arguments (`sh -c "…"`) too.
pub(crate) fn prisma_calls(words: &[String]) -> Vec<PrismaCall> {
    let mut found = Vec::new();
    for command in expanded(words) {
        found.extend(prisma_call(&command.words));
    }
    found
}

/// A command, and the commands that stand as texts in its arguments.
pub(crate) fn expanded(words: &[String]) -> Vec<ShellCommand> {
    let mut found = Vec::new();
    expand(ShellCommand { assignments: Vec::new(), words: words.to_vec() }, 0, &mut found);
    found
}

fn expand(mut command: ShellCommand, depth: usize, found: &mut Vec<ShellCommand>) {
    let Some(head) = command.words.first() else {
        found.push(command);
        return;
    };
    let inert = INERT.contains(&program(head));
    if !inert && depth < DEEPEST {
        for word in &command.words {
            if word.contains([' ', '\t', '\n', ';', '&', '|']) {
                for inner in commands(word) {
                    if inner.words.as_slice() != std::slice::from_ref(word) {
                        expand(inner, depth + 1, found);
                    }
                }
            }
        }
    }
    if matches!(
        program(head),
        "env" | "cross-env" | "cross-env-shell" | "export" | "set" | "sudo" | "dotenv" | "declare"
    ) {
        let written: Vec<_> = command.words.iter().skip(1).filter_map(|word| assignment(word)).collect();
        command.assignments.extend(written.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    }
    found.push(command);
}

fn prisma_call(words: &[String]) -> Option<PrismaCall> {
    let head = words.first()?;
    if INERT.contains(&program(head)) || adds_packages(words) {
        return None;
    }
    let mut launched = true;
    for (index, word) in words.iter().enumerate() {
        let rest = words.get(index + 1..).unwrap_or_default();
        if names_prisma(word) {
            let call = arguments(rest);
            // Behind a program that is not known (`docker exec app prisma …`) only a command that is known counts.
            if call.command.first().is_some_and(|first| !names_prisma(first) && (launched || !first.contains(HOLE))) {
                return (!help(rest)).then_some(call);
            }
        } else if word.contains(HOLE) {
            let call = arguments(rest);
            if call.is(&["migrate", "deploy"]) || call.is(&["migrate", "reset"]) || call.is(&["migrate", "resolve"]) {
                return (!help(rest)).then_some(call);
            }
        }
        launched =
            launched && (LAUNCHERS.contains(&program(word)) || word.starts_with('-') || assignment(word).is_some());
    }
    None
}

/// `npm install prisma`, `yarn add prisma`: the word names a package, not a program.
fn adds_packages(words: &[String]) -> bool {
    let manager = words.first().is_some_and(|head| matches!(program(head), "npm" | "pnpm" | "yarn" | "bun"));
    let verb = words.iter().skip(1).find(|word| !word.starts_with('-'));
    manager
        && verb.is_some_and(|verb| {
            matches!(
                verb.as_str(),
                "install"
                    | "i"
                    | "add"
                    | "ci"
                    | "uninstall"
                    | "remove"
                    | "rm"
                    | "up"
                    | "update"
                    | "upgrade"
                    | "why"
                    | "ls"
                    | "view"
            )
        })
}

/// Whether Prisma would print help instead of running the command: a flag of help that no `--` stands before.
fn help(arguments: &[String]) -> bool {
    arguments.iter().take_while(|word| *word != "--").any(|word| matches!(word.as_str(), "--help" | "-h"))
}

/// What follows the program. Flags with a value are those of Prisma 5.22 to 7.10 that may stand before a command or among its
/// words (`arg` 5; a `--` ends the flags of one level and vanishes).
fn arguments(words: &[String]) -> PrismaCall {
    const WITH_VALUE: [&str; 5] = ["--config", "--schema", "--telemetry-information", "--url", "--filter"];
    let mut call = PrismaCall { command: Vec::new(), flags: Vec::new() };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        if word == "--" || word.is_empty() && !call.command.is_empty() {
            continue;
        }
        if word.starts_with('-') {
            call.flags.push(word.split('=').next().unwrap_or(word).to_owned());
            if WITH_VALUE.contains(&word.as_str()) {
                words.next();
            }
        } else if call.command.len() < 2 {
            call.command.push(if is_unknown(word) { HOLE.to_string() } else { word.clone() });
        }
    }
    call
}

#[cfg(test)]
mod tests {
    use super::prisma_calls;
    use crate::shell_words::commands;

    fn deploys(text: &str) -> bool {
        commands(text).iter().flat_map(|command| prisma_calls(&command.words)).any(|call| call.may_deploy())
    }

    #[test]
    fn every_way_to_launch_a_deployment_is_read() {
        for text in [
            "prisma migrate deploy",
            "npx prisma migrate deploy",
            "npx -y prisma@7.9.1 migrate deploy",
            "npx --package=prisma prisma migrate deploy",
            "npx -p prisma@6 prisma migrate deploy",
            "npx @prisma/prisma7 migrate deploy",
            "npm exec prisma -- migrate deploy",
            "npm run prisma -- migrate deploy",
            "pnpm prisma migrate deploy",
            "pnpm --filter db exec prisma migrate deploy",
            "pnpm dlx prisma@7 migrate deploy",
            "yarn run -T prisma migrate deploy",
            "bunx --bun prisma migrate deploy",
            "deno run -A npm:prisma migrate deploy",
            "node ./node_modules/prisma/build/index.js migrate deploy",
            "node --require ./x node_modules/prisma migrate deploy",
            "./node_modules/.bin/prisma migrate deploy",
            r"node_modules\.bin\prisma.cmd migrate deploy",
            "dotenv -e .env.prod -- npx prisma migrate deploy",
            "cross-env CI=true prisma migrate deploy",
            "sh -c 'npx prisma migrate deploy'",
            "concurrently \"next build\" \"npx prisma migrate deploy\"",
            "docker compose exec app npx prisma migrate deploy",
            "docker run x sh -c \"cd a && bash -c 'prisma migrate deploy'\"",
            "build && (prisma generate; prisma migrate deploy)",
            "echo $(npx prisma migrate deploy)",
            "prisma -- migrate deploy",
            "prisma migrate -- deploy",
            "prisma --config x.ts migrate --preview-feature deploy --schema=a",
            "prisma --telemetry-information migrate migrate deploy",
            "prisma migrate deploy -- --help",
            "$PRISMA migrate deploy",
            "npx prisma migrate $COMMAND",
            "npx prisma \"$@\"",
            "nodemon --exec 'prisma migrate deploy'",
        ] {
            assert!(deploys(text), "{text}");
        }
    }

    #[test]
    fn what_does_not_deploy_is_left_alone() {
        for text in [
            "prisma migrate dev",
            "prisma migrate deploy --help",
            "prisma -h migrate deploy",
            "prisma generate && next build",
            "prisma db seed -- $ARGUMENTS",
            "prisma migrate status",
            "echo npx prisma migrate deploy",
            "git commit -m 'run npx prisma migrate deploy'",
            "npm install prisma",
            "yarn add -D prisma migrate deploy",
            "npx prisma-guard deploy",
            "knex migrate deploy",
            "rm -rf node_modules/prisma",
            "node scripts/deploy-db.js",
            "npm run deploy",
            "tsc -p prisma $X",
            "# npx prisma migrate deploy",
            "docker build -t prisma .",
        ] {
            assert!(!deploys(text), "{text}");
        }
    }
}
