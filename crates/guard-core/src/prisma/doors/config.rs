//! Door 4: whether the project's Prisma config imports `@org/prisma-guard/config`, which every copy of the CLI then loads first.
//!
//! Reads the file with a parser and runs nothing. Knows nothing of what the config says of databases.

use super::{Door, DoorState};
use crate::system::files;
use oxc_allocator::Allocator;
use oxc_ast::ast::{Argument, Expression, Statement};
use oxc_parser::Parser;
use oxc_span::SourceType;
use std::path::{Path, PathBuf};

const MODULE: &str = "@org/prisma-guard/config";
const EXTENSIONS: &[&str] = &["js", "ts", "mjs", "cjs", "mts", "cts"];

/// Every config file that Prisma may load from this folder, in its order (measured on 7.10.1 by deleting them one by one).
fn candidates(project: &Path) -> Vec<PathBuf> {
    let each =
        |stem: &str| EXTENSIONS.iter().map(|extension| project.join(format!("{stem}.{extension}"))).collect::<Vec<_>>();
    let mut paths = each("prisma7.config");
    paths.extend(each(".config/prisma7"));
    paths.extend(each("prisma.config"));
    paths.extend(each("prisma.config/index"));
    paths.extend(each(".config/prisma"));
    paths.extend(each(".config/prisma.config"));
    paths.retain(|path| files::exists(path));
    paths
}

/// One door for each config file that exists: the first is the one that is loaded, and a second one may shadow it tomorrow.
pub(super) fn inspect(project: &Path) -> Vec<Door> {
    let found = candidates(project);
    if found.is_empty() {
        let path = project.join("prisma.config.ts");
        let seen = "there is no Prisma config, so copies of the CLI from elsewhere are not met".to_owned();
        return vec![Door { name: "config".to_owned(), path, state: DoorState::Absent, seen }];
    }
    found.into_iter().map(look).collect()
}

fn look(path: PathBuf) -> Door {
    let (state, seen) = match files::read_text(&path, files::MAXIMUM_TEXT_BYTES) {
        Err(error) => (DoorState::Open, format!("it cannot be read: {error}")),
        Ok(text) if imports_guard(&path, &text) => (DoorState::Shut, format!("it imports {MODULE}")),
        Ok(_) => (DoorState::Open, format!("it does not import {MODULE}")),
    };
    Door { name: "config".to_owned(), path, state, seen }
}

/// Whether the module is loaded whatever else happens: an import that is not of types only, or a `require` at the top level.
fn imports_guard(path: &Path, text: &str) -> bool {
    let allocator = Allocator::default();
    let kind = SourceType::from_path(path).unwrap_or_default();
    let parsed = Parser::new(&allocator, text, kind).parse();
    if parsed.panicked {
        return false;
    }
    parsed.program.body.iter().any(|statement| match statement {
        Statement::ImportDeclaration(import) => {
            let all_types = import.specifiers.as_ref().is_some_and(|specifiers| {
                !specifiers.is_empty()
                    && specifiers.iter().all(|specifier| {
                        matches!(specifier, oxc_ast::ast::ImportDeclarationSpecifier::ImportSpecifier(one) if one.import_kind.is_type())
                    })
            });
            import.source.value == MODULE && !import.import_kind.is_type() && !all_types
        }
        Statement::ExpressionStatement(statement) => requires(&statement.expression),
        Statement::VariableDeclaration(variables) => {
            variables.declarations.iter().any(|one| one.init.as_ref().is_some_and(requires))
        }
        _ => false,
    })
}

fn requires(expression: &Expression<'_>) -> bool {
    match expression {
        Expression::CallExpression(call) => {
            let named = matches!(&call.callee, Expression::Identifier(name) if name.name == "require");
            named && matches!(call.arguments.first(), Some(Argument::StringLiteral(text)) if text.value == MODULE)
        }
        Expression::StaticMemberExpression(member) => requires(&member.object),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::imports_guard;
    use std::path::Path;

    #[test]
    fn only_an_import_that_really_loads_the_module_shuts_the_door() {
        for text in [
            "import { databaseUrl } from '@org/prisma-guard/config'",
            "import '@org/prisma-guard/config'\nexport default {}",
            "const { databaseUrl } = require('@org/prisma-guard/config')",
            "const url = require('@org/prisma-guard/config').databaseUrl",
            "import { type A, databaseUrl } from '@org/prisma-guard/config'",
        ] {
            assert!(imports_guard(Path::new("prisma.config.ts"), text), "{text}");
        }
        for text in [
            "// import '@org/prisma-guard/config'",
            "const text = \"import '@org/prisma-guard/config'\"",
            "import type { A } from '@org/prisma-guard/config'",
            "import { type A } from '@org/prisma-guard/config'",
            "if (false) require('@org/prisma-guard/config')",
            "import x from '@org/prisma-guard/config-not'",
            "import {",
        ] {
            assert!(!imports_guard(Path::new("prisma.config.ts"), text), "{text}");
        }
    }
}
