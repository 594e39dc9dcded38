//! What is being promoted: the schema and the migrations folder of a project, as its Prisma configuration names them.
//!
//! Reads `schema` and `migrations.path` of `prisma.config.*` without running it. Knows nothing of connection strings (`target`
//! does) and nothing of what the migrations hold (`plan` does).

use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::files::{self, MAXIMUM_TEXT_BYTES};
use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Argument, Declaration, Expression, ObjectExpression, ObjectPropertyKind, Program, Statement, VariableDeclaration,
};
use oxc_parser::Parser;
use oxc_span::SourceType;
use std::path::{Component, Path, PathBuf};

/// The names of a configuration file in the order in which Prisma takes them (ran on Prisma 7.10.1; `prisma7.*` new in 7.10.0).
const CONFIG_STEMS: [&str; 3] = ["prisma7.config", ".config/prisma7", "prisma.config"];
const CONFIG_STEMS_LAST: [&str; 2] = [".config/prisma", ".config/prisma.config"];
const CONFIG_EXTENSIONS: [&str; 6] = ["js", "ts", "mjs", "cjs", "mts", "cts"];

/// Where a project's schema and migrations stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Project {
    /// The schema: a file, or a folder of `.prisma` files.
    pub schema: PathBuf,
    /// The folder of migrations.
    pub migrations: PathBuf,
    /// The configuration file, where there is one.
    pub config: Option<PathBuf>,
}

impl Project {
    /// Finds the schema and the migrations of the project in `folder`.
    ///
    /// # Errors
    /// Rule `migrations-invalid` where the configuration cannot be read, computes a path in a way that cannot be read without running
    /// it, or the schema or the folder of migrations is not there.
    pub fn find(folder: &Path) -> Result<Self, Refusal> {
        let config = find_config(folder);
        let named = match &config {
            Some(config) => read_config(config)?,
            None => Named::default(),
        };
        let schema = match named.schema {
            Some(schema) => schema,
            None => default_schema(folder)?,
        };
        if !files::exists(&schema) {
            return Err(missing("schema", folder, &schema));
        }
        let beside = if schema.is_dir() { schema.clone() } else { parent(&schema) };
        let migrations = named.migrations.unwrap_or_else(|| beside.join("migrations"));
        if !migrations.is_dir() {
            return Err(missing("folder of migrations", folder, &migrations));
        }
        Ok(Project { schema, migrations, config })
    }
}

fn missing(what: &str, folder: &Path, path: &Path) -> Refusal {
    let shown = path.strip_prefix(folder).unwrap_or(path).display().to_string();
    Refusal::new(Rule::MigrationsInvalid, format!("the {what} is missing"), format!("there is none at {shown}"))
        .about("file", shown, "")
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map(Path::to_path_buf).unwrap_or_default()
}

fn default_schema(folder: &Path) -> Result<PathBuf, Refusal> {
    // Prisma 5 and 6 also take package.json#prisma.schema.
    if let Ok(text) = files::read_text(&folder.join("package.json"), MAXIMUM_TEXT_BYTES)
        && let Ok(package) = serde_json::from_str::<serde_json::Value>(&text)
        && let Some(schema) = package.pointer("/prisma/schema").and_then(serde_json::Value::as_str)
    {
        return Ok(folder.join(schema));
    }
    let candidates = [folder.join("schema.prisma"), folder.join("prisma/schema.prisma"), folder.join("prisma/schema")];
    candidates.iter().find(|candidate| files::exists(candidate)).cloned().ok_or_else(|| {
        Refusal::new(
            Rule::MigrationsInvalid,
            "the Prisma schema is missing",
            "neither prisma.config, nor schema.prisma, nor prisma/schema.prisma names one",
        )
        .about("file", "prisma/schema.prisma", "")
    })
}

fn find_config(folder: &Path) -> Option<PathBuf> {
    CONFIG_STEMS
        .iter()
        .chain(&CONFIG_STEMS_LAST)
        .flat_map(|stem| CONFIG_EXTENSIONS.iter().map(move |extension| folder.join(format!("{stem}.{extension}"))))
        .find(|path| files::exists(path))
}

#[derive(Default)]
struct Named {
    schema: Option<PathBuf>,
    migrations: Option<PathBuf>,
}

fn read_config(path: &Path) -> Result<Named, Refusal> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let invalid = |why: String| {
        Refusal::new(Rule::MigrationsInvalid, "the Prisma configuration cannot be read", why).about("file", &name, "")
    };
    let text = files::read_text(path, MAXIMUM_TEXT_BYTES).map_err(|error| invalid(format!("it says: {error}")))?;
    let allocator = Allocator::default();
    let source_type = SourceType::from_path(path).unwrap_or_else(|_| SourceType::ts());
    let parsed = Parser::new(&allocator, &text, source_type).parse();
    if parsed.panicked {
        return Err(invalid("it is not valid JavaScript or TypeScript".to_owned()));
    }
    let Some(config) = exported_object(&parsed.program) else {
        return Err(invalid("it does not export an object that can be read without running it".to_owned()));
    };
    if config.properties.iter().any(ObjectPropertyKind::is_spread) {
        return Err(invalid(
            "it spreads another object into the configuration, which may name another schema".to_owned(),
        ));
    }
    let folder = parent(path);
    let read = |object: &ObjectExpression<'_>, key: &str| -> Result<Option<PathBuf>, Refusal> {
        let Some(value) = property(object, key) else { return Ok(None) };
        literal_path(value, &parsed.program, 0).map(|text| Some(folder.join(text))).ok_or_else(|| {
            invalid(format!("`{key}` is computed; a path that is not written out cannot be digested before it is run"))
        })
    };
    let schema = read(config, "schema")?;
    let migrations = match property(config, "migrations").map(|value| resolve(value, &parsed.program)) {
        None => None,
        Some(Expression::ObjectExpression(migrations)) => read(migrations, "path")?,
        Some(_) => return Err(invalid("`migrations` is not an object that can be read without running it".to_owned())),
    };
    Ok(Named { schema, migrations })
}

/// The object that the file exports: `export default`, `module.exports =`, through `defineConfig(…)`, `as`, `satisfies` and a constant.
fn exported_object<'a>(program: &'a Program<'a>) -> Option<&'a ObjectExpression<'a>> {
    let exported = program.body.iter().find_map(|statement| match statement {
        Statement::ExportDefaultDeclaration(export) => export.declaration.as_expression(),
        Statement::ExpressionStatement(statement) => match &statement.expression {
            Expression::AssignmentExpression(assignment) => {
                let member = assignment.left.as_member_expression()?;
                let is_exports = member.static_property_name() == Some("exports")
                    && matches!(member.object(), Expression::Identifier(name) if name.name == "module");
                is_exports.then_some(&assignment.right)
            }
            _ => None,
        },
        _ => None,
    })?;
    match resolve(exported, program) {
        Expression::ObjectExpression(object) => Some(object),
        Expression::CallExpression(call) => {
            match resolve(call.arguments.first().and_then(Argument::as_expression)?, program) {
                Expression::ObjectExpression(object) => Some(object),
                _ => None,
            }
        }
        _ => None,
    }
}

/// What an expression is once wrappings and constants of the same file are taken away.
fn resolve<'a>(expression: &'a Expression<'a>, program: &'a Program<'a>) -> &'a Expression<'a> {
    let inner = expression.get_inner_expression();
    let Expression::Identifier(name) = inner else { return inner };
    program
        .body
        .iter()
        .filter_map(|statement| match statement {
            Statement::VariableDeclaration(declaration) => Some(&**declaration),
            Statement::ExportDeclaration(export) => match &export.declaration {
                Declaration::VariableDeclaration(declaration) => Some(&**declaration),
                _ => None,
            },
            _ => None,
        })
        .find_map(|declaration| constant(declaration, name.name.as_str()))
        .map_or(inner, Expression::get_inner_expression)
}

fn constant<'a>(declaration: &'a VariableDeclaration<'a>, name: &str) -> Option<&'a Expression<'a>> {
    if !declaration.kind.is_const() {
        return None;
    }
    declaration
        .declarations
        .iter()
        .find(|declarator| declarator.id.get_binding_identifier().is_some_and(|identifier| identifier.name == name))
        .and_then(|declarator| declarator.init.as_ref())
}

fn property<'a>(object: &'a ObjectExpression<'a>, key: &str) -> Option<&'a Expression<'a>> {
    // The last one wins, as in JavaScript.
    object.properties.iter().rev().find_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => {
            (property.key.static_name().as_deref() == Some(key)).then_some(&property.value)
        }
        ObjectPropertyKind::SpreadProperty(_) => None,
    })
}

/// A path that is written out: a literal, or `path.join(…)` and `path.resolve(…)` of literals and `__dirname`.
fn literal_path(expression: &Expression<'_>, program: &Program<'_>, depth: u32) -> Option<PathBuf> {
    // A constant may name itself.
    if depth > 8 {
        return None;
    }
    match resolve(expression, program) {
        Expression::StringLiteral(literal) => Some(PathBuf::from(literal.value.as_str())),
        Expression::TemplateLiteral(template) => template.single_quasi().map(|text| PathBuf::from(text.as_str())),
        Expression::CallExpression(call) => {
            let name = match call.callee.get_inner_expression() {
                Expression::Identifier(name) => name.name.as_str(),
                callee => callee.as_member_expression()?.static_property_name()?,
            };
            if !matches!(name, "join" | "resolve") {
                return None;
            }
            let mut path = PathBuf::new();
            for (index, argument) in call.arguments.iter().enumerate() {
                let argument = argument.as_expression()?;
                let is_folder = matches!(argument, Expression::Identifier(name) if name.name == "__dirname")
                    || argument
                        .as_member_expression()
                        .is_some_and(|member| member.static_property_name() == Some("dirname"));
                if is_folder && index == 0 {
                    continue;
                }
                let part = literal_path(argument, program, depth + 1)?;
                // `join` keeps what is before an absolute part, `resolve` drops it: neither is guessed at.
                if part.components().any(|component| matches!(component, Component::RootDir | Component::Prefix(_)))
                    && index > 0
                {
                    return None;
                }
                path.push(part);
            }
            Some(path)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::Project;
    use crate::rule::Rule;
    use std::path::Path;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            #[expect(clippy::disallowed_methods, reason = "a fixture")]
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn found(folder: &Path) -> (String, String) {
        let project = Project::find(folder).unwrap();
        let show = |path: &Path| path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
        (show(&project.schema), show(&project.migrations))
    }

    #[test]
    fn the_defaults_are_those_of_prisma() {
        let folder = project(&[("prisma/schema.prisma", ""), ("prisma/migrations/migration_lock.toml", "")]);
        assert_eq!(found(folder.path()), ("prisma/schema.prisma".into(), "prisma/migrations".into()));
    }

    #[test]
    fn a_configuration_names_both_in_every_way_that_is_written_out() {
        for text in [
            "import { defineConfig } from 'prisma/config'\nexport default defineConfig({ schema: 'db/s.prisma', migrations: { path: \"db/m\", seed: x() } })",
            "export default { schema: `db/s.prisma`, migrations: { path: 'db/m' } } satisfies PrismaConfig",
            "module.exports = { 'schema': ('db/s.prisma'), migrations: { path: 'db/m' } }",
            "const folder = 'db/m'; const config = { schema: path.join('db', 's.prisma'), migrations: { path: folder } }; export default config",
            "export default defineConfig({ schema: 'nowhere', schema: join(__dirname, 'db', 's.prisma'), migrations: { path: resolve(import.meta.dirname, 'db/m') } })",
        ] {
            let folder = project(&[("prisma.config.ts", text), ("db/s.prisma", ""), ("db/m/x", "")]);
            assert_eq!(found(folder.path()), ("db/s.prisma".into(), "db/m".into()), "{text}");
        }
    }

    #[test]
    fn a_shadowing_configuration_is_the_one_that_counts() {
        let folder = project(&[
            ("prisma7.config.ts", "export default { schema: 'other.prisma', migrations: { path: 'm' } }"),
            ("prisma.config.ts", "export default { schema: 'a.prisma' }"),
            ("other.prisma", ""),
            ("m/x", ""),
        ]);
        assert_eq!(found(folder.path()), ("other.prisma".into(), "m".into()));
    }

    #[test]
    fn what_is_computed_broken_or_missing_is_one_clear_refusal() {
        for (files, words) in [
            (vec![("prisma.config.ts", "export default { schema: process.env.S }")], "`schema` is computed"),
            (vec![("prisma.config.ts", "export default { migrations: m() }")], "`migrations` is not an object"),
            (vec![("prisma.config.ts", "export default defineConfig(")], "not valid JavaScript"),
            (vec![("prisma.config.ts", "console.log(1)")], "does not export"),
            (vec![("prisma.config.ts", "export default { schema: 'a', ...more }")], "spreads"),
            (
                vec![("prisma.config.ts", "const a = join(a, 'b'); export default { schema: a }")],
                "`schema` is computed",
            ),
            (vec![("prisma.config.ts", "export default { schema: 'gone.prisma' }")], "gone.prisma"),
            (vec![("prisma/schema.prisma", "")], "prisma/migrations"),
            (vec![], "neither prisma.config"),
        ] {
            let folder = project(&files);
            let refusal = Project::find(folder.path()).unwrap_err();
            assert_eq!(refusal.rule, Rule::MigrationsInvalid);
            assert!(refusal.to_string().contains(words), "{refusal}");
        }
    }
}
