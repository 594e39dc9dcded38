//! `prisma.config.*`: which file Prisma takes, and what it says, read without running it: the connection strings, the schema and the
//! folder of migrations that it names, and whether it loads a `.env` file.
//!
//! What cannot be read says why; it never counts as absent. Knows no variables: it names those that a value is taken from.

mod reader;
mod watcher;

use crate::system::places;
use oxc_allocator::Allocator;
use oxc_ast::ast::Expression;
use oxc_ast_visit::Visit as _;
use oxc_parser::Parser;
use oxc_span::SourceType;
use reader::Reader;
use std::path::{Path, PathBuf};
use watcher::Watcher;

/// The names that Prisma tries for each file, in its order (ran on 7.10.1 by deleting them one by one).
const EXTENSIONS: [&str; 6] = ["js", "ts", "mjs", "cjs", "mts", "cts"];

/// What stands where a connection string is expected. Several where the file chooses between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ConfigValue {
    /// The string.
    Literal(String),
    /// A variable of the environment.
    Variable(String),
    /// `databaseUrl('NAME')` of `@org/prisma-guard/config`.
    CustodyOfVariable(String),
    /// `databaseUrl(…)` of something else.
    Custody,
    /// Cannot be read, and why.
    Unreadable(String),
}

/// What stands where a path is expected.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ConfigPath {
    /// The file names none.
    #[default]
    Absent,
    /// From the folder of the config file, as Prisma takes it.
    FromConfig(PathBuf),
    /// From the folder in which Prisma runs: `path.resolve('…')`, `process.cwd()`.
    FromWorkingFolder(PathBuf),
    /// Cannot be read, and why.
    Unreadable(String),
}

/// What a config file says.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    /// `datasource.url`, `datasource.directUrl`, `datasource.shadowDatabaseUrl`, by name, in the file's order.
    pub(crate) urls: Vec<(&'static str, ConfigValue)>,
    /// `schema`.
    pub(crate) schema: ConfigPath,
    /// `migrations.path`.
    pub(crate) migrations: ConfigPath,
    /// Whether it loads `.env` with dotenv or Node; the file's name where it says one.
    pub(crate) env_files: Vec<String>,
    /// Why variables of the environment may not be what they are now when the file is evaluated.
    pub(crate) changes_environment: Option<String>,
}

impl ConfigFile {
    /// A file of which nothing can be read.
    pub(crate) fn unreadable(why: &str) -> Self {
        ConfigFile {
            urls: vec![("url", unreadable(why))],
            schema: ConfigPath::Unreadable(why.to_owned()),
            migrations: ConfigPath::Unreadable(why.to_owned()),
            ..ConfigFile::default()
        }
    }
}

/// The config file that a Prisma of this major version takes when it runs in `folder` without `--config` (ran on 6.19.3 and
/// 7.10.1; 5.22.0 knows none; `prisma7.*` are new in 7.10.0).
pub(crate) fn find(folder: &Path, prisma_major: u32) -> Option<PathBuf> {
    let newest: &[&str] =
        if prisma_major >= 7 { &["prisma7.config", ".config/prisma7", ".config/prisma7.config"] } else { &[] };
    let usual = ["prisma.config", "prisma.config/index", ".config/prisma", ".config/prisma.config"];
    let stems = newest.iter().copied().chain(usual).filter(|_| prisma_major >= 6);
    stems
        .flat_map(|stem| EXTENSIONS.iter().map(move |extension| folder.join(format!("{stem}.{extension}"))))
        .find(|path| places::is_file(path))
}

/// Reads a file's text.
pub(crate) fn read(text: &str) -> ConfigFile {
    let allocator = Allocator::default();
    // TypeScript's syntax holds JavaScript's; neither `.ts` nor `.js` configs hold JSX.
    let parsed = Parser::new(&allocator, text, SourceType::ts()).parse();
    if parsed.panicked || !parsed.diagnostics.is_empty() {
        return ConfigFile::unreadable("the file has a syntax error");
    }
    let mut watcher = Watcher { env_files: Vec::new(), changes: None };
    watcher.visit_program(&parsed.program);
    let mut file = Reader::new(text, &parsed.program).read();
    file.env_files.append(&mut watcher.env_files);
    file.changes_environment = file.changes_environment.or(watcher.changes);
    file
}

fn unreadable(why: &str) -> ConfigValue {
    ConfigValue::Unreadable(why.to_owned())
}

/// `process.env`, `globalThis.process.env`.
fn is_process_env(expression: &Expression<'_>) -> bool {
    match expression.get_inner_expression() {
        Expression::StaticMemberExpression(member) if member.property.name == "env" => {
            match member.object.get_inner_expression() {
                Expression::Identifier(name) => name.name == "process",
                Expression::StaticMemberExpression(outer) => outer.property.name == "process",
                _ => false,
            }
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigPath, ConfigValue, find, read};
    use crate::system::files;

    fn url(text: &str) -> Vec<ConfigValue> {
        let head = "import { defineConfig, env } from 'prisma/config';\nimport { databaseUrl } from '@org/prisma-guard/config';\n";
        read(&format!("{head}{text}")).urls.into_iter().map(|(_, value)| value).collect()
    }

    fn of(value: &str) -> Vec<ConfigValue> {
        url(&format!("export default defineConfig({{ datasource: {{ url: {value} }} }});"))
    }

    #[test]
    fn each_way_to_write_a_connection_string_is_read() {
        let variable = || vec![ConfigValue::Variable("X".to_owned())];
        for value in [
            "env('X')",
            "process.env.X",
            "process.env.X!",
            "process.env['X']!",
            "process.env.X as string",
            "(env('X'))",
        ] {
            assert_eq!(of(value), variable(), "{value}");
        }
        assert_eq!(of("'file:./a.db'"), [ConfigValue::Literal("file:./a.db".to_owned())]);
        assert_eq!(of("`file:./a.db`"), [ConfigValue::Literal("file:./a.db".to_owned())]);
        assert_eq!(of("databaseUrl('X')"), [ConfigValue::CustodyOfVariable("X".to_owned())]);
        assert_eq!(of("databaseUrl(`postgres://${1}`)"), [ConfigValue::Custody]);
        assert_eq!(
            of("process.env.X ?? 'file:a'"),
            [ConfigValue::Variable("X".to_owned()), ConfigValue::Literal("file:a".to_owned())]
        );
        assert_eq!(of("c ? env('X') : 'file:a'").len(), 2);
        assert_eq!(
            url(
                "const { X } = process.env; const d = { url: X! }; const c = { datasource: d }; export default c satisfies object"
            ),
            variable()
        );
        assert_eq!(url("module.exports = { datasource: { 'url': process.env.X } }"), variable());
    }

    #[test]
    fn what_cannot_be_read_is_never_taken_for_absent() {
        for value in [
            "`postgres://${h}`",
            "f()",
            "other",
            "process.env[k]",
            "'a' + 'b'",
            "await x",
            "env(k)",
            "globalThis.databaseUrl('X')",
        ] {
            assert!(matches!(of(value).as_slice(), [ConfigValue::Unreadable(_)]), "{value}: {:?}", of(value));
        }
        for text in [
            "export default f()",
            "export default defineConfig({ ...x })",
            "export default { datasource: f() }",
            "",
            "export default {",
            "export default { datasource: { url: 'file:a', ...x } }",
        ] {
            assert!(url(text).iter().any(|value| matches!(value, ConfigValue::Unreadable(_))), "{text}");
        }
        let own = read("function databaseUrl(x) { return x } export default { datasource: { url: databaseUrl('X') } }");
        assert!(matches!(own.urls.as_slice(), [(_, ConfigValue::Unreadable(_))]));
    }

    #[test]
    fn what_loads_or_changes_variables_is_seen() {
        let tail = "export default { datasource: { url: process.env.X } }";
        for loads in [
            "import 'dotenv/config';",
            "require('dotenv/config');",
            "process.loadEnvFile();",
            "import d from 'dotenv'; d.config();",
            "process.loadEnvFile('.env');",
            "import {config} from 'dotenv'; config({ path: '.env' });",
        ] {
            let file = read(&format!("{loads}{tail}"));
            assert_eq!((file.env_files, file.changes_environment), (vec![".env".to_owned()], None), "{loads}");
        }
        for changes in [
            "process.env.X = 'y';",
            "process.env['X'] ||= 'y';",
            "Object.assign(process.env, o);",
            "import './load';",
            "process.env = {};",
            "if (a) { process.loadEnvFile(b) }",
        ] {
            assert!(read(&format!("{changes}{tail}")).changes_environment.is_some(), "{changes}");
        }
    }

    #[test]
    fn paths_are_read_with_the_folder_that_they_count_from() {
        let from_config = |path: &str| ConfigPath::FromConfig(path.into());
        for (value, expected) in [
            ("'db/s.prisma'", from_config("db/s.prisma")),
            ("`db/s.prisma`", from_config("db/s.prisma")),
            ("path.join('db', 's.prisma')", from_config("db/s.prisma")),
            ("join(__dirname, 'db')", from_config("db")),
            ("path.resolve(import.meta.dirname, 'db', 's')", from_config("db/s")),
            ("path.resolve('db')", ConfigPath::FromWorkingFolder("db".into())),
            ("path.join(process.cwd(), 'db')", ConfigPath::FromWorkingFolder("db".into())),
        ] {
            assert_eq!(read(&format!("export default {{ schema: {value} }}")).schema, expected, "{value}");
            let file =
                read(&format!("const m = {{ path: {value} }}; export default defineConfig({{ migrations: m }})"));
            assert!(
                matches!(file.migrations, ConfigPath::Unreadable(_)),
                "an unknown defineConfig computes it: {value}"
            );
            let file = read(&format!("const m = {{ path: {value} }}; export default {{ migrations: m }}"));
            assert_eq!((file.migrations, file.schema), (expected, ConfigPath::Absent), "{value}");
        }
        for value in ["process.env.S", "f()", "join(x, 'a')", "join('a', '/b')", "a + 'b'", "folder.dirname", "`${x}`"]
        {
            let file =
                read(&format!("const a = join(a, 'b'); export default {{ schema: {value}, migrations: {value} }}"));
            assert!(matches!(file.schema, ConfigPath::Unreadable(_)), "{value}");
            assert!(matches!(file.migrations, ConfigPath::Unreadable(_)), "{value}");
        }
    }

    #[test]
    fn the_file_that_shadows_the_others_is_the_one() {
        let folder = tempfile::tempdir().unwrap();
        let order = [
            "prisma7.config.ts",
            ".config/prisma7.ts",
            ".config/prisma7.config.ts",
            "prisma.config.js",
            "prisma.config.ts",
            "prisma.config.mjs",
            "prisma.config/index.ts",
            ".config/prisma.ts",
            ".config/prisma.config.ts",
        ];
        for name in order {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            files::write_atomically(&path, b"", 0o600).unwrap();
        }
        let taken = |major| {
            find(folder.path(), major).map(|path| path.strip_prefix(folder.path()).unwrap().display().to_string())
        };
        assert_eq!(taken(5), None);
        assert_eq!(taken(6).as_deref(), Some("prisma.config.js"));
        for name in order {
            assert_eq!(taken(7).as_deref(), Some(name));
            std::fs::remove_file(folder.path().join(name)).unwrap();
        }
        assert_eq!(taken(7), None);
    }
}
