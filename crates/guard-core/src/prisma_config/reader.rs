//! The parts of a config file's exported object, through the constants and imports of the same file.

use super::{ConfigFile, ConfigPath, ConfigValue, is_process_env, unreadable};
use oxc_ast::ast::{
    Argument, BindingPattern, CallExpression, ExportDefaultDeclarationKind, Expression, ImportDeclarationSpecifier,
    LogicalOperator, ObjectExpression, ObjectPropertyKind, Program, Statement,
};
use oxc_span::GetSpan as _;
use std::collections::BTreeMap;
use std::path::{Component, PathBuf};

const GUARD_MODULE: &str = "@org/prisma-guard/config";
const NAMES: [&str; 3] = ["url", "directUrl", "shadowDatabaseUrl"];
const DEEPEST: u32 = 16;

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

pub(super) struct Reader<'p, 'a> {
    file: ConfigFile,
    /// Local name to module and imported name.
    imports: BTreeMap<String, (String, String)>,
    constants: BTreeMap<String, &'p Expression<'a>>,
    /// `const { NAME } = process.env`.
    variables: BTreeMap<String, String>,
    program: &'p Program<'a>,
    text: &'p str,
}

impl<'p, 'a> Reader<'p, 'a> {
    pub(super) fn new(text: &'p str, program: &'p Program<'a>) -> Self {
        let mut reader = Reader {
            file: ConfigFile::default(),
            imports: BTreeMap::new(),
            constants: BTreeMap::new(),
            variables: BTreeMap::new(),
            program,
            text,
        };
        reader.bindings(program);
        reader
    }

    pub(super) fn read(mut self) -> ConfigFile {
        match exported(self.program) {
            Some(expression) => self.config(expression),
            None => self.nothing("the file exports no configuration that can be seen"),
        }
        self.file
    }

    fn nothing(&mut self, why: &str) {
        let environment = std::mem::take(&mut self.file);
        self.file = ConfigFile {
            env_files: environment.env_files,
            changes_environment: environment.changes_environment,
            ..ConfigFile::unreadable(why)
        };
    }

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

    fn config(&mut self, expression: &'p Expression<'a>) {
        let Some(object) = self.object(expression, 0) else {
            self.nothing("the configuration is computed");
            return;
        };
        self.file.schema = self.path(object, "schema");
        self.file.migrations = match Self::member(object, "migrations") {
            Ok(None) => ConfigPath::Absent,
            Err(()) => ConfigPath::Unreadable("a spread or computed key may hold `migrations`".to_owned()),
            Ok(Some(value)) => match self.object(value, 0) {
                Some(migrations) => self.path(migrations, "path"),
                None => ConfigPath::Unreadable("`migrations` is computed".to_owned()),
            },
        };
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
                                values.push(unreadable("a spread or computed key may hold the connection string"));
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

    /// A path that is written out: a literal, or `path.join(…)` and `path.resolve(…)` of literals and the config's or the working folder.
    fn path(&self, object: &'p ObjectExpression<'a>, key: &str) -> ConfigPath {
        match Self::member(object, key) {
            Ok(None) => ConfigPath::Absent,
            Err(()) => ConfigPath::Unreadable(format!("a spread or computed key may hold `{key}`")),
            Ok(Some(value)) => self.written_path(value, 0).unwrap_or_else(|| {
                ConfigPath::Unreadable(format!(
                    "`{key}` is computed; only a path that is written out can be known before it is run"
                ))
            }),
        }
    }

    fn written_path(&self, expression: &'p Expression<'a>, depth: u32) -> Option<ConfigPath> {
        // A constant may name itself.
        if depth > DEEPEST {
            return None;
        }
        match expression.get_inner_expression() {
            Expression::StringLiteral(literal) => Some(ConfigPath::FromConfig(PathBuf::from(literal.value.as_str()))),
            Expression::TemplateLiteral(template) => {
                template.single_quasi().map(|text| ConfigPath::FromConfig(PathBuf::from(text.as_str())))
            }
            Expression::Identifier(name) => {
                self.written_path(self.constants.get(name.name.as_str()).copied()?, depth + 1)
            }
            Expression::CallExpression(call) => {
                let name = match call.callee.get_inner_expression() {
                    Expression::Identifier(name) => name.name.as_str(),
                    callee => callee.as_member_expression()?.static_property_name()?,
                };
                let resolves = match name {
                    "join" => false,
                    "resolve" => true,
                    _ => return None,
                };
                let mut from_working_folder = resolves;
                let mut path = PathBuf::new();
                for (index, argument) in call.arguments.iter().enumerate() {
                    let argument = argument.as_expression()?;
                    if index == 0 && is_config_folder(argument) {
                        from_working_folder = false;
                        continue;
                    }
                    if index == 0 && is_working_folder(argument) {
                        from_working_folder = true;
                        continue;
                    }
                    let ConfigPath::FromConfig(part) = self.written_path(argument, depth + 1)? else { return None };
                    // `join` keeps what is before an absolute part, `resolve` drops it: neither is guessed at.
                    let is_absolute =
                        part.components().any(|part| matches!(part, Component::RootDir | Component::Prefix(_)));
                    if is_absolute && index > 0 {
                        return None;
                    }
                    path.push(part);
                }
                Some(if from_working_folder {
                    ConfigPath::FromWorkingFolder(path)
                } else {
                    ConfigPath::FromConfig(path)
                })
            }
            _ => None,
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
                        found.push(ConfigValue::Unreadable(format!("`{}` is not a constant of this file", name.name)));
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

/// `__dirname`, `import.meta.dirname`.
fn is_config_folder(expression: &Expression<'_>) -> bool {
    match expression.get_inner_expression() {
        Expression::Identifier(name) => name.name == "__dirname",
        inner => inner.as_member_expression().is_some_and(|member| {
            member.static_property_name() == Some("dirname") && matches!(member.object(), Expression::ImportMeta(_))
        }),
    }
}

/// `process.cwd()`.
fn is_working_folder(expression: &Expression<'_>) -> bool {
    match expression.get_inner_expression() {
        Expression::CallExpression(call) => {
            call.callee.as_member_expression().is_some_and(|member| member.is_specific_member_access("process", "cwd"))
        }
        _ => false,
    }
}
