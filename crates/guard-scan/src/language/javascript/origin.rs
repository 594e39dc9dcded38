//! Which module's export, or which global's member, an expression is: `cp.execSync` is `execSync` of `child_process`, whatever the
//! file calls it.

use super::collect::{Binding, Collected};
use oxc_ast::ast::{CallExpression, ChainElement, Expression, MemberExpression};

const DEEPEST: usize = 12;

/// Where something comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The module's specifier without `node:`; empty for a global.
    pub(crate) module: String,
    /// The way from there: `["execSync"]`; `["process", "env"]` for a global.
    pub(crate) path: Vec<String>,
}

impl Origin {
    /// Whether it is this global or a member of it.
    pub(crate) fn is_global(&self, path: &[&str]) -> bool {
        let named = match self.module.as_str() {
            "" => self.path.iter().map(String::as_str).collect::<Vec<_>>(),
            "process" => std::iter::once("process").chain(self.path.iter().map(String::as_str)).collect(),
            _ => return false,
        };
        named == path
    }

    /// The last part of the way.
    pub(crate) fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

impl<'a> Collected<'a, '_> {
    /// Every origin that an expression may have.
    pub(crate) fn origins(&self, expression: &'a Expression<'a>) -> Vec<Origin> {
        let mut found = Vec::new();
        self.origins_into(expression, DEEPEST, &mut found);
        found
    }

    fn origins_into(&self, expression: &'a Expression<'a>, depth: usize, found: &mut Vec<Origin>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        if found.len() > 16 {
            return;
        }
        match expression.get_inner_expression() {
            Expression::Identifier(name) => match self.symbol(name) {
                None => match name.name.as_str() {
                    "globalThis" | "global" | "window" => {
                        found.push(Origin { module: String::new(), path: Vec::new() });
                    }
                    other => found.push(Origin { module: String::new(), path: vec![other.to_owned()] }),
                },
                Some(symbol) => {
                    for binding in self.bindings.get(&symbol).into_iter().flatten() {
                        match *binding {
                            Binding::Value(value) => self.origins_into(value, depth, found),
                            Binding::Member { of, key } => {
                                let mut of_all = Vec::new();
                                self.origins_into(of, depth, &mut of_all);
                                self.member_of_object(of, key, depth, found);
                                found.extend(of_all.into_iter().map(|origin| member(origin, key)));
                            }
                            Binding::Import { module, export } => {
                                let whole = Origin { module: bare(module), path: Vec::new() };
                                found.push(if export == "*" { whole } else { member(whole, export) });
                            }
                            Binding::Parameter { function, index } => {
                                for call in self.calls_of.get(&function).into_iter().flatten() {
                                    if let Some(argument) = call.arguments.get(index).and_then(|a| a.as_expression()) {
                                        self.origins_into(argument, depth, found);
                                    }
                                }
                            }
                            Binding::Appended(_) | Binding::Element { .. } | Binding::Rest { .. } => {}
                        }
                    }
                }
            },
            Expression::AwaitExpression(awaited) => self.origins_into(&awaited.argument, depth, found),
            Expression::ImportExpression(import) => {
                for module in self.texts(&import.source) {
                    found.push(Origin { module: bare(&module), path: Vec::new() });
                }
            }
            Expression::CallExpression(call) => self.origins_of_call(call, depth, found),
            Expression::ChainExpression(chain) => match &chain.expression {
                ChainElement::CallExpression(call) => self.origins_of_call(call, depth, found),
                element => {
                    if let Some(expression) = element.as_member_expression() {
                        self.origins_of_member(expression, depth, found);
                    }
                }
            },
            Expression::ConditionalExpression(choice) => {
                self.origins_into(&choice.consequent, depth, found);
                self.origins_into(&choice.alternate, depth, found);
            }
            Expression::LogicalExpression(choice) => {
                self.origins_into(&choice.left, depth, found);
                self.origins_into(&choice.right, depth, found);
            }
            Expression::SequenceExpression(sequence) => {
                if let Some(last) = sequence.expressions.last() {
                    self.origins_into(last, depth, found);
                }
            }
            Expression::AssignmentExpression(assignment) => self.origins_into(&assignment.right, depth, found),
            other => {
                if let Some(expression) = other.as_member_expression() {
                    self.origins_of_member(expression, depth, found);
                }
            }
        }
    }

    fn origins_of_member(&self, expression: &'a MemberExpression<'a>, depth: usize, found: &mut Vec<Origin>) {
        let names = match expression {
            MemberExpression::StaticMemberExpression(member) => vec![member.property.name.to_string()],
            MemberExpression::ComputedMemberExpression(member) => self.texts(&member.expression),
            MemberExpression::PrivateFieldExpression(_) => return,
        };
        let mut objects = Vec::new();
        self.origins_into(expression.object(), depth, &mut objects);
        for name in &names {
            self.member_of_object(expression.object(), name, depth, found);
            found.extend(objects.iter().map(|origin| member(origin.clone(), name)));
        }
    }

    /// `const tools = { run: execSync }; tools.run`.
    fn member_of_object(&self, object: &'a Expression<'a>, key: &str, depth: usize, found: &mut Vec<Origin>) {
        for value in self.values_of_member(object, key) {
            self.origins_into(value, depth, found);
        }
    }

    fn origins_of_call(&self, call: &'a CallExpression<'a>, depth: usize, found: &mut Vec<Origin>) {
        let mut callees = Vec::new();
        self.origins_into(&call.callee, depth, &mut callees);
        let first = call.arguments.first().and_then(|argument| argument.as_expression());
        for callee in callees {
            if is_require(&callee) {
                for module in first.map(|first| self.texts(first)).unwrap_or_default() {
                    found.push(Origin { module: bare(&module), path: Vec::new() });
                }
            } else if callee.name() == "bind" {
                let mut bound = callee;
                bound.path.pop();
                found.push(bound);
            } else if matches!(callee.name(), "promisify" | "denodeify" | "pify") || callee.module == "pify" {
                if let Some(first) = first {
                    self.origins_into(first, depth, found);
                }
            } else {
                found.push(member(callee, "()"));
            }
        }
    }
}

/// `require`, `module.require`, or what `createRequire` returned.
pub(crate) fn is_require(callee: &Origin) -> bool {
    (callee.module.is_empty() && matches!(callee.path.last().map(String::as_str), Some("require")))
        || (callee.module == "module" && callee.path == ["createRequire", "()"])
}

/// A member of what comes from there. `default` at the head of a way is the module itself: CommonJS modules are both.
fn member(mut origin: Origin, name: &str) -> Origin {
    let at_head = origin.path.is_empty() && !origin.module.is_empty();
    let method_of_function = matches!(name, "call" | "apply");
    if !(at_head && name == "default" || method_of_function) {
        origin.path.push(name.to_owned());
    }
    origin
}

fn bare(module: &str) -> String {
    module.strip_prefix("node:").unwrap_or(module).to_owned()
}
