//! What in a config file loads or changes variables of the environment, anywhere in it.

use super::is_process_env;
use oxc_ast::ast::{Argument, AssignmentExpression, CallExpression, Expression, ObjectPropertyKind};
use oxc_ast_visit::{Visit, walk};

/// Looks in the whole file for what loads or changes variables.
pub(super) struct Watcher {
    pub(super) env_files: Vec<String>,
    pub(super) changes: Option<String>,
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
                self.env_files.push(".env".to_owned());
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
                self.changes = Some("it loads variables in a way that cannot be read".to_owned());
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
