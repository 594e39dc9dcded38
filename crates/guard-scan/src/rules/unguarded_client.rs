//! What: a file that creates a Prisma client or a driver adapter before the guard has looked at the connection string.
//! Why: a misused DATABASE_URL must end the process before any client exists.
//! Mend: `import '@org/prisma-guard/register'` as the first line, or import the client from `lib/prisma`.

use super::{File, GUARD};
use guard_core::finding::Finding;
use guard_report::StaticRule;

/// The rule.
pub(crate) const RULE: StaticRule = StaticRule {
    name: "unguarded-client",
    what: "A file creates a Prisma client or a driver adapter without the guard before it.",
    why: "A connection string that reaches production must end a development process before any client is created.",
    mend: "write `import '@org/prisma-guard/register'` as the file's first import, or import the client from lib/prisma",
};

/// Asks it.
pub(crate) fn check(file: &File<'_>, found: &mut Vec<Finding>) {
    let registers = |specifier: &str| specifier == "@org/prisma-guard/register";
    // Imports are evaluated in their order, before the file's own code.
    let mut hoisted = file.facts.imports.iter().filter(|import| import.hoisted);
    let first_client = |specifier: &str| {
        specifier.starts_with("@prisma/") || specifier.contains(".prisma/") || specifier.contains("generated")
    };
    let registered = hoisted
        .find(|import| registers(&import.specifier) || first_client(&import.specifier))
        .is_some_and(|import| registers(&import.specifier));
    for client in &file.facts.clients {
        let called = file.facts.guard_calls.iter().any(|call| call.start < client.place.start);
        let required =
            file.facts.imports.iter().any(|import| {
                !import.hoisted && registers(&import.specifier) && import.place.start < client.place.start
            });
        if !(registered || called || required) {
            let message = format!("creates {} without {GUARD} before it", client.class);
            found.push(file.finding(&RULE, client.place, message));
        }
    }
}
