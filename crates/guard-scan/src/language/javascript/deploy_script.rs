//! The deploy script: the few things that it may hold, and everything else as [`Foreign`].

use super::collect::Collected;
use super::origin::is_require;
use crate::facts::{Facts, Foreign};
use crate::place::Place;
use crate::rules::GUARD;
use oxc_ast::AstKind;
use oxc_ast::ast::{AssignmentTarget, Program};
use oxc_ast_visit::Visit;
use oxc_span::{GetSpan as _, Span};

/// What the guard offers that a deploy script may call.
const ITS_CALLS: [&str; 4] = ["assertCi", "execPrismaApproved", "validateDatabaseUrlEarly", "readState"];

/// Looks at every node of the script.
pub(crate) fn look<'a>(program: &'a Program<'a>, collected: &Collected<'a, '_>, facts: &mut Facts) {
    let mut look = Look { collected, foreign: Vec::new(), asserts_ci: false };
    for (module, span) in &collected.static_imports {
        if !matches!(*module, GUARD | "process" | "node:process" | "@org/prisma-guard/register") {
            look.add("it imports another module", *span);
        }
    }
    look.visit_program(program);
    facts.foreign = look.foreign;
    facts.asserts_ci = look.asserts_ci;
}

struct Look<'c, 'a, 's> {
    collected: &'c Collected<'a, 's>,
    foreign: Vec<Foreign>,
    asserts_ci: bool,
}

impl Look<'_, '_, '_> {
    fn add(&mut self, what: &'static str, span: Span) {
        self.foreign.push(Foreign { what, place: Place { start: span.start, end: span.end } });
    }
}

impl<'a> Visit<'a> for Look<'_, 'a, '_> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => {
                let origins = self.collected.origins(&call.callee);
                let first = call.arguments.first().and_then(|argument| argument.as_expression());
                let mut known = !origins.is_empty();
                for origin in &origins {
                    let allowed = match origin.module.as_str() {
                        GUARD if origin.path.len() == 1 => {
                            self.asserts_ci |= origin.name() == "assertCi";
                            ITS_CALLS.contains(&origin.name())
                        }
                        _ if is_require(origin) => first.is_some_and(|first| {
                            self.collected.texts(first).iter().all(|module| {
                                matches!(
                                    module.as_str(),
                                    GUARD | "process" | "node:process" | "@org/prisma-guard/register"
                                )
                            })
                        }),
                        "" => {
                            origin.path.first().is_some_and(|head| head == "console")
                                || origin.is_global(&["process", "exit"])
                        }
                        "process" => origin.path == ["exit"],
                        _ => false,
                    };
                    known &= allowed;
                }
                if !known {
                    self.add("it calls something other than the guard", call.span);
                }
            }
            AstKind::NewExpression(node) => self.add("it creates an object", node.span),
            AstKind::TaggedTemplateExpression(node) => self.add("it calls a template function", node.span),
            AstKind::ImportExpression(node) => self.add("it imports another module", node.span),
            AstKind::Class(node) => self.add("it declares a class", node.span),
            AstKind::Function(node) => self.add("it declares a function", node.span),
            AstKind::ArrowFunctionExpression(node) => self.add("it declares a function", node.span),
            AstKind::WhileStatement(node) => self.add("it loops", node.span),
            AstKind::DoWhileStatement(node) => self.add("it loops", node.span),
            AstKind::ForStatement(node) => self.add("it loops", node.span),
            AstKind::ForInStatement(node) => self.add("it loops", node.span),
            AstKind::ForOfStatement(node) => self.add("it loops", node.span),
            AstKind::IfStatement(node) => self.add("it decides", node.span),
            AstKind::ConditionalExpression(node) => self.add("it decides", node.span),
            AstKind::LogicalExpression(node) => self.add("it decides", node.span),
            AstKind::SwitchStatement(node) => self.add("it decides", node.span),
            AstKind::TryStatement(node) => self.add("it catches errors", node.span),
            AstKind::UpdateExpression(node) => self.add("it changes a value", node.span),
            AstKind::AssignmentExpression(node) => {
                let exit_code = match &node.left {
                    AssignmentTarget::StaticMemberExpression(member) => {
                        member.property.name == "exitCode"
                            && self
                                .collected
                                .origins(&member.object)
                                .iter()
                                .all(|origin| origin.is_global(&["process"]))
                    }
                    _ => false,
                };
                if !exit_code {
                    self.add("it sets something other than process.exitCode", node.left.span());
                }
            }
            _ => {}
        }
    }
}
