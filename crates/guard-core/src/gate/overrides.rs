//! Variables that change what Prisma does: refused by name on anything but a local database.
//!
//! The list is that of Prisma 6.19.3 and 7.10.1 (read in their bundles), and Node's own ways of loading other code first.

use crate::policy::LoadedPolicy;
use crate::prisma::command_line::CommandLine;
use crate::prisma::execute::verified_engine;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::environment::Environment;
use crate::system::files;
use crate::target::{Class, DatabaseTarget};
use std::path::Path;

/// Variables, and what each of them does.
const VARIABLES: &[(&str, &str)] = &[
    ("PRISMA_SCHEMA_ENGINE_BINARY", "runs another program in the engine's place"),
    ("PRISMA_MIGRATION_ENGINE_BINARY", "runs another program in the engine's place"),
    ("PRISMA_QUERY_ENGINE_LIBRARY", "loads another library in the engine's place"),
    ("PRISMA_QUERY_ENGINE_BINARY", "runs another program in the engine's place"),
    ("PRISMA_CLI_QUERY_ENGINE_TYPE", "chooses another engine"),
    ("PRISMA_CLI_BINARY_TARGETS", "chooses another engine"),
    ("PRISMA_ENGINES_MIRROR", "downloads engines from elsewhere"),
    ("PRISMA_BINARIES_MIRROR", "downloads engines from elsewhere"),
    ("BINARY_DOWNLOAD_VERSION", "downloads engines of another version"),
    ("PRISMA_ENGINES_CHECKSUM_IGNORE_MISSING", "skips the engines' checksums"),
    ("PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK", "switches off the lock that keeps two migrations apart"),
    ("PRISMA_SCHEMA_ENGINE_WS_BASE_URL", "sends the migration to another service"),
    ("PRISMA_USER_CONSENT_FOR_DANGEROUS_AI_ACTION", "answers a question that Prisma asks a person"),
    ("NODE_PATH", "loads modules from elsewhere"),
];

/// Options of Node that load other code first (`node --help`, Node 20 to 24).
const NODE_LOADERS: &[&str] =
    &["-r", "--require", "--import", "--loader", "--experimental-loader", "--env-file", "--env-file-if-exists"];

/// Refuses the first such variable where a target is anything but local.
///
/// # Errors
/// Rule `behaviour-override`, naming the variable and never its value.
pub(super) fn check(
    environment: &Environment,
    targets: &[DatabaseTarget],
    policies: &[LoadedPolicy],
    command: &CommandLine,
) -> Result<(), Refusal> {
    let Some(target) = targets.iter().find(|target| !matches!(target.class, Class::Local | Class::None)) else {
        return Ok(());
    };
    let Some((name, does)) = first(environment, policies) else { return Ok(()) };
    Err(Refusal::new(
        Rule::BehaviourOverride,
        format!("{name} is set for `{}`", command.display),
        format!("{name} {does}, which is for local databases only"),
    )
    .about(target.class.name(), target.redacted.clone(), target.source.clone()))
}

fn first(environment: &Environment, policies: &[LoadedPolicy]) -> Option<(&'static str, &'static str)> {
    let set = VARIABLES.iter().copied().find(|(name, _)| {
        let Some(value) = environment.non_empty(name) else { return false };
        match *name {
            "PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK" => value != "0",
            "PRISMA_SCHEMA_ENGINE_BINARY" => !is_pinned(value, policies),
            _ => true,
        }
    });
    set.or_else(|| {
        let loads = environment.get("NODE_OPTIONS").is_some_and(loads_code);
        loads.then_some(("NODE_OPTIONS", "loads other code before Prisma"))
    })
}

fn is_pinned(value: &str, policies: &[LoadedPolicy]) -> bool {
    let value = files::real_path(Path::new(value));
    policies.iter().any(|loaded| {
        let pin = loaded.policy.engine.as_ref();
        pin.is_some_and(|pin| verified_engine(pin, &loaded.root).is_ok_and(|path| path == value))
    })
}

/// Node takes `_` for `-`, quoted words, and `-r` with its value in the same or the next word.
fn loads_code(options: &str) -> bool {
    options.split_ascii_whitespace().any(|word| {
        let word: String = word.chars().filter(|letter| !matches!(letter, '"' | '\\')).collect();
        let name = word.split('=').next().unwrap_or_default().replace('_', "-");
        NODE_LOADERS.contains(&name.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::loads_code;

    #[test]
    fn node_options_that_load_code_are_seen_in_every_spelling() {
        for options in [
            "--require ./x.js",
            "-r x",
            "--import=x",
            "\"--require\" x",
            "--experimental_loader x",
            "--max-old-space-size=1 --import x",
        ] {
            assert!(loads_code(options), "{options}");
        }
        for options in ["", "--max-old-space-size=4096", "--enable-source-maps --trace-warnings"] {
            assert!(!loads_code(options), "{options}");
        }
    }
}
