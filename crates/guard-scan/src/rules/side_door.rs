//! What: Prisma's inner packages, its engines and its bundles used directly, and configuration files that shadow one another.
//! Why: they reach the database without passing the gate (ran on Prisma 7.10.1).
//! Mend: use the CLI, through the gate, and one configuration file.

use super::{File, about_file};
use crate::prisma_command::program;
use guard_core::finding::Finding;
use guard_report::StaticRule;
use std::collections::BTreeMap;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "side-door",
    what: "Prisma's inner packages or engines used directly, an engine put in the place of Prisma's own, or configuration files that shadow one another.",
    why: "These reach the database, or change what does, without passing the gate.",
    mend: "use the Prisma CLI, which passes the gate, Prisma's own engines, and one prisma.config file",
};

const PACKAGES: [&str; 4] = ["@prisma/migrate", "@prisma/internals", "@prisma/schema-engine-wasm", "@prisma/prisma7"];
const VARIABLES: [&str; 2] = ["PRISMA_SCHEMA_ENGINE_BINARY", "PRISMA_MIGRATION_ENGINE_BINARY"];

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    for import in &file.facts.imports {
        let specifier = import.specifier.replace('\\', "/");
        let inner = PACKAGES.iter().any(|package| {
            specifier.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                || specifier.contains(&format!("node_modules/{package}"))
        });
        // `prisma` itself runs the CLI when it is loaded (7.10); `prisma/config` is for everybody.
        let cli = specifier == "prisma"
            || specifier.starts_with("prisma/build")
            || specifier.contains("node_modules/prisma/build");
        if inner || cli || specifier.contains("schema_engine_bg") {
            let message = format!("loads {specifier}, which reaches the database without passing the gate");
            found.push(file.finding(&RULE, import.place, message));
        }
    }
    for write in file.facts.variables.iter().filter(|write| VARIABLES.contains(&write.name.as_str())) {
        found.push(file.finding(&RULE, write.place, format!("sets {}, which replaces Prisma's engine", write.name)));
    }
    for command in &file.facts.commands {
        let engine = command.words.iter().take(2).any(|word| {
            let name = program(word);
            name.starts_with("schema-engine") || name.starts_with("migration-engine")
        });
        if engine {
            found.push(file.finding(&RULE, command.place, "runs Prisma's schema engine itself"));
        }
    }
}

/// Configuration files that Prisma 7 would take before, or instead of, the one that is guarded.
pub(crate) fn shadowing_configs(files: &[String]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut configs: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for file in files {
        let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let hidden = folder == ".config" || folder.ends_with("/.config");
        if stem == "prisma7.config"
            || (hidden && matches!(stem, "prisma" | "prisma7" | "prisma.config" | "prisma7.config"))
        {
            found.push(about_file(&RULE, file, "shadows prisma.config, through which the gate is loaded"));
        } else if stem == "prisma.config" {
            configs.entry(folder).or_default().push(file);
        }
    }
    for files in configs.values().filter(|files| files.len() > 1) {
        for file in files {
            found.push(about_file(&RULE, file, "stands beside another prisma.config, and only one of them is loaded"));
        }
    }
    found
}
