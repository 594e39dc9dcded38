//! `prisma.config.*` read without running it: which connection strings it names, and whether it loads a `.env` file.
//!
//! What cannot be read says why; it never counts as absent. Knows no variables: it names those that a value is taken from.

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Argument, AssignmentExpression, BindingPattern, CallExpression, ExportDefaultDeclarationKind, Expression,
    ImportDeclarationSpecifier, LogicalOperator, ObjectExpression, ObjectPropertyKind, Program, Statement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::Parser;
use oxc_span::{GetSpan as _, SourceType};
use std::collections::BTreeMap;

/// What stands where a connection string is expected. Several where the file chooses between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ConfigValue {
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

/// What a config file says.
#[derive(Debug, Default)]
pub(super) struct ConfigFile {
    /// `datasource.url`, `datasource.directUrl`, `datasource.shadowDatabaseUrl`, by name, in the file's order.
    pub(super) urls: Vec<(&'static str, ConfigValue)>,
    /// `schema`, where it is a plain string.
    pub(super) schema: Option<String>,
    /// Whether it loads `.env` with dotenv or Node; the file's name where it says one.
    pub(super) env_files: Vec<String>,
    /// Why variables of the environment may not be what they are now when the file is evaluated.
    pub(super) changes_environment: Option<String>,
}

const GUARD_MODULE: &str = "@org/prisma-guard/config";
const NAMES: [&str; 3] = ["url", "directUrl", "shadowDatabaseUrl"];
const DEEPEST: u32 = 16;

/// Reads a file's text.
pub(super) fn read(text: &str) -> ConfigFile {
    let allocator = Allocator::default();
    // TypeScript's syntax holds JavaScript's; neither `.ts` nor `.js` configs hold JSX.
    let parsed = Parser::new(&allocator, text, SourceType::ts()).parse();
    if parsed.panicked || !parsed.diagnostics.is_empty() {
        return ConfigFile { urls: vec![("url", unreadable("the file has a syntax error"))], ..ConfigFile::default() };
    }
    let mut reader = Reader {
        file: ConfigFile::default(),
        imports: BTreeMap::new(),
        constants: BTreeMap::new(),
        variables: BTreeMap::new(),
        text,
    };
    reader.bindings(&parsed.program);
    let mut watcher = Watcher { env_files: Vec::new(), changes: None };
    watcher.visit_program(&parsed.program);
    reader.file.env_files.append(&mut watcher.env_files);
    reader.file.changes_environment = reader.file.changes_environment.or(watcher.changes);
    match exported(&parsed.program) {
        Some(expression) => reader.config(expression, 0),
        None => reader.file.urls.push(("url", unreadable("the file exports no configuration that can be seen"))),
    }
    reader.file
}

fn unreadable(why: &str) -> ConfigValue {
    ConfigValue::Unreadable(why.to_owned())
}

/// The expression behind `export default` or `module.exports =`; the last one counts.
fn exported<'p, 'a>(program: &'p Program<'a>) -> Option<&'p Expression<'a>> {
    program.body.iter().rev().find_map(|statement| match statement {
        Statement::ExportDefaultDeclaration(export) => match &export.declaration {
            ExportDefaultDeclarationKind::FunctionDeclaration(_)
            | ExportDefaultDeclarationKind::ClassDeclaration(_)
            | ExportDefaultDeclarationKind::TSInterfaceDeclaration(_) => None,
            declaration => declaration.as_expression(),
        },
        Statement::TSExportAssignment(export) => Some(&export.expression),
        Statement::ExpressionStatement(statement) => match &statement.expression {
            Expression::AssignmentExpression(assignment) => {
                let member = assignment.left.as_member_expression()?;
                let is_exports = member.is_specific_member_access("module", "exports")
                    || member.is_specific_member_access("exports", "default");
                is_exports.then_some(&assignment.right)
            }
            _ => None,
        },
        _ => None,
    })
}

struct Reader<'p, 'a> {
    file: ConfigFile,
    /// Local name to module and imported name.
    imports: BTreeMap<String, (String, String)>,
    constants: BTreeMap<String, &'p Expression<'a>>,
    /// `const { NAME } = process.env`.
    variables: BTreeMap<String, String>,
    text: &'p str,
}

impl<'p, 'a> Reader<'p, 'a> {
    fn bindings(&mut self, program: &'p Program<'a>) {
        for statement in &program.body {
            match statement {
                Statement::ImportDeclaration(import) => {
                    let module = import.source.value.to_string();
                    let specifiers: Vec<&ImportDeclarationSpecifier<'a>> = import.specifiers.iter().flatten().collect();
                    if specifiers.is_empty() && import.import_kind.is_value() {
                        self.bare_import(&module);
                    }
                    for specifier in specifiers {
                        let imported = match specifier {
                            ImportDeclarationSpecifier::ImportSpecifier(named) => named.imported.name().to_string(),
                            ImportDeclarationSpecifier::ImportDefaultSpecifier(_) => "default".to_owned(),
                            ImportDeclarationSpecifier::ImportNamespaceSpecifier(_) => "*".to_owned(),
                        };
                        self.imports.insert(specifier.name().to_string(), (module.clone(), imported));
                    }
                }
                Statement::VariableDeclaration(declaration) if declaration.kind.is_const() => {
                    for declarator in &declaration.declarations {
                        if let Some(value) = &declarator.init {
                            self.constant(&declarator.id, value);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn bare_import(&mut self, module: &str) {
        match module {
            "dotenv/config" => self.file.env_files.push(".env".to_owned()),
            GUARD_MODULE | "@org/prisma-guard" | "@org/prisma-guard/register" => {}
            other => self.file.changes_environment = Some(format!("it imports {other}, which may change variables")),
        }
    }

    fn constant(&mut self, pattern: &BindingPattern<'a>, value: &'p Expression<'a>) {
        match pattern {
            BindingPattern::BindingIdentifier(identifier) => {
                self.constants.insert(identifier.name.to_string(), value);
            }
            BindingPattern::ObjectPattern(object) => {
                let module = required(value);
                for property in &object.properties {
                    let (Some(key), BindingPattern::BindingIdentifier(local)) =
                        (property.key.static_name(), &property.value)
                    else {
                        continue;
                    };
                    let local = local.name.to_string();
                    if is_process_env(value) {
                        self.variables.insert(local, key.into_owned());
                    } else if let Some(module) = &module {
                        self.imports.insert(local, (module.clone(), key.into_owned()));
                    }
                }
            }
            _ => {}
        }
    }

    /// The configuration object behind calls of `defineConfig`, types and names.
    fn object(&self, expression: &'p Expression<'a>, depth: u32) -> Option<&'p ObjectExpression<'a>> {
        if depth > DEEPEST {
            return None;
        }
        match expression.get_inner_expression() {
            Expression::ObjectExpression(object) => Some(object),
            Expression::Identifier(name) => self.object(self.constants.get(name.name.as_str()).copied()?, depth + 1),
            Expression::CallExpression(call) if self.callee(call)?.1 == "defineConfig" => {
                self.object(call.arguments.first()?.as_expression()?, depth + 1)
            }
            _ => None,
        }
    }

    /// The module and name of what a call calls, where it was imported.
    fn callee(&self, call: &CallExpression<'a>) -> Option<(String, String)> {
        match call.callee.get_inner_expression() {
            Expression::Identifier(name) => self.imports.get(name.name.as_str()).cloned(),
            Expression::StaticMemberExpression(member) => match &member.object {
                Expression::Identifier(namespace) => {
                    let (module, imported) = self.imports.get(namespace.name.as_str())?;
                    (imported == "*" || imported == "default")
                        .then(|| (module.clone(), member.property.name.to_string()))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// The value of a key: the last one counts, and a spread behind it may hold another.
    fn member(object: &'p ObjectExpression<'a>, name: &str) -> Result<Option<&'p Expression<'a>>, ()> {
        for property in object.properties.iter().rev() {
            match property {
                ObjectPropertyKind::SpreadProperty(_) => return Err(()),
                ObjectPropertyKind::ObjectProperty(property) => match property.key.static_name() {
                    None => return Err(()),
                    Some(key) if key == name => return Ok(Some(&property.value)),
                    Some(_) => {}
                },
            }
        }
        Ok(None)
    }

    fn config(&mut self, expression: &'p Expression<'a>, depth: u32) {
        let Some(object) = self.object(expression, depth) else {
            self.file.urls.push(("url", unreadable("the configuration is computed")));
            return;
        };
        if let Ok(Some(schema)) = Self::member(object, "schema") {
            let mut values = Vec::new();
            self.values(schema, &mut values, 0);
            self.file.schema = values.into_iter().find_map(|value| match value {
                ConfigValue::Literal(path) => Some(path),
                _ => None,
            });
        }
        if !matches!(Self::member(object, "adapter"), Ok(None)) {
            self.file.urls.push(("url", unreadable("an adapter of its own makes the connection")));
        }
        match Self::member(object, "datasource") {
            Err(()) => self.file.urls.push(("url", unreadable("a spread or computed key may hold the datasource"))),
            Ok(None) => {}
            Ok(Some(value)) => match self.object(value, 0) {
                None => self.file.urls.push(("url", unreadable("the datasource is computed"))),
                Some(datasource) => {
                    for name in NAMES {
                        let mut values = Vec::new();
                        match Self::member(datasource, name) {
                            Err(()) => {
                                values.push(unreadable("a spread or computed key may hold the connection string"))
                            }
                            Ok(None) => {}
                            Ok(Some(value)) => self.values(value, &mut values, 0),
                        }
                        self.file.urls.extend(values.into_iter().map(|value| (name, value)));
                    }
                }
            },
        }
    }

    /// Every value that an expression may have.
    fn values(&self, expression: &'p Expression<'a>, found: &mut Vec<ConfigValue>, depth: u32) {
        let expression = expression.get_inner_expression();
        if depth > DEEPEST {
            found.push(unreadable("it is nested too deeply"));
            return;
        }
        match expression {
            Expression::StringLiteral(text) => found.push(ConfigValue::Literal(text.value.to_string())),
            Expression::TemplateLiteral(template) if template.expressions.is_empty() => match template.single_quasi() {
                Some(text) => found.push(ConfigValue::Literal(text.to_string())),
                None => found.push(unreadable("a template that cannot be read")),
            },
            Expression::Identifier(name) if name.name == "undefined" => {}
            Expression::Identifier(name) => {
                match (self.constants.get(name.name.as_str()), self.variables.get(name.name.as_str())) {
                    (Some(value), _) => self.values(value, found, depth + 1),
                    (None, Some(variable)) => found.push(ConfigValue::Variable(variable.clone())),
                    (None, None) => {
                        found.push(ConfigValue::Unreadable(format!("`{}` is not a constant of this file", name.name)))
                    }
                }
            }
            Expression::LogicalExpression(logical) => {
                if !matches!(logical.operator, LogicalOperator::And) {
                    self.values(&logical.left, found, depth + 1);
                }
                self.values(&logical.right, found, depth + 1);
            }
            Expression::ConditionalExpression(choice) => {
                self.values(&choice.consequent, found, depth + 1);
                self.values(&choice.alternate, found, depth + 1);
            }
            Expression::StaticMemberExpression(member) if is_process_env(&member.object) => {
                found.push(ConfigValue::Variable(member.property.name.to_string()));
            }
            Expression::ComputedMemberExpression(member) if is_process_env(&member.object) => {
                match &member.expression {
                    Expression::StringLiteral(name) => found.push(ConfigValue::Variable(name.value.to_string())),
                    _ => found.push(unreadable("the name of the variable is computed")),
                }
            }
            Expression::CallExpression(call) => found.push(self.call(call)),
            // The file's own words may hold a secret, so only where it stands is said.
            other => {
                let line =
                    self.text.get(..other.span().start as usize).map_or(1, |head| head.matches('\n').count() + 1);
                found.push(ConfigValue::Unreadable(format!("the value at line {line} is computed")));
            }
        }
    }

    fn call(&self, call: &CallExpression<'a>) -> ConfigValue {
        let literal = match call.arguments.first() {
            Some(Argument::StringLiteral(text)) if call.arguments.len() == 1 => Some(text.value.to_string()),
            _ => None,
        };
        let is_name =
            |text: &String| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !text.is_empty();
        match self.callee(call) {
            Some((module, name)) if module == GUARD_MODULE && name == "databaseUrl" => {
                literal.filter(is_name).map_or(ConfigValue::Custody, ConfigValue::CustodyOfVariable)
            }
            Some((module, name)) if matches!(module.as_str(), "prisma/config" | "@prisma/config") && name == "env" => {
                literal.map_or_else(|| unreadable("the name of the variable is computed"), ConfigValue::Variable)
            }
            _ => {
                unreadable("a function computes it; `databaseUrl()` of @org/prisma-guard/config takes computed strings")
            }
        }
    }
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

/// The module of `require('module')`.
fn required(expression: &Expression<'_>) -> Option<String> {
    match expression.get_inner_expression() {
        Expression::CallExpression(call) => match (call.callee.get_inner_expression(), call.arguments.first()) {
            (Expression::Identifier(name), Some(Argument::StringLiteral(module))) if name.name == "require" => {
                Some(module.value.to_string())
            }
            _ => None,
        },
        _ => None,
    }
}

/// Looks in the whole file for what loads or changes variables.
struct Watcher {
    env_files: Vec<String>,
    changes: Option<String>,
}

impl<'a> Visit<'a> for Watcher {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        let name = match call.callee.get_inner_expression() {
            Expression::StaticMemberExpression(member) => member.property.name.to_string(),
            Expression::Identifier(name) => name.name.to_string(),
            _ => String::new(),
        };
        match (name.as_str(), call.arguments.first()) {
            ("require", Some(Argument::StringLiteral(module))) if module.value == "dotenv/config" => {
                self.env_files.push(".env".to_owned())
            }
            ("loadEnvFile" | "config", None) => self.env_files.push(".env".to_owned()),
            ("loadEnvFile", Some(Argument::StringLiteral(path))) => self.env_files.push(path.value.to_string()),
            ("loadEnvFile" | "config", Some(Argument::ObjectExpression(options))) if options.properties.len() == 1 => {
                let path = options.properties.first().and_then(|property| match property {
                    ObjectPropertyKind::ObjectProperty(property) => match (property.key.static_name(), &property.value)
                    {
                        (Some(key), Expression::StringLiteral(path)) if key == "path" => Some(path.value.to_string()),
                        _ => None,
                    },
                    ObjectPropertyKind::SpreadProperty(_) => None,
                });
                match path {
                    Some(path) => self.env_files.push(path),
                    None => self.changes = Some("it loads variables in a way that cannot be read".to_owned()),
                }
            }
            ("loadEnvFile" | "config", Some(_)) => {
                self.changes = Some("it loads variables in a way that cannot be read".to_owned())
            }
            _ if call.arguments.iter().filter_map(Argument::as_expression).any(is_process_env) => {
                self.changes = Some("it hands process.env to a function, which may change it".to_owned());
            }
            _ => {}
        }
        walk::walk_call_expression(self, call);
    }

    fn visit_assignment_expression(&mut self, assignment: &AssignmentExpression<'a>) {
        let assigns = assignment.left.as_member_expression().is_some_and(|member| {
            is_process_env(member.object()) || (member.static_property_name().is_some_and(|name| name == "env"))
        });
        if assigns {
            self.changes = Some("it assigns to process.env".to_owned());
        }
        walk::walk_assignment_expression(self, assignment);
    }
}

#[cfg(test)]
mod tests {
    use super::{ConfigValue, read};

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
}
