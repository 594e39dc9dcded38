//! What a file binds, calls and writes, taken down in one walk: the ground on which names and texts are resolved.

use oxc_ast::AstKind;
use oxc_ast::ast::{
    AssignmentExpression, BindingPattern, CallExpression, Class, Expression, FormalParameters, IdentifierReference,
    ImportDeclaration, ImportDeclarationSpecifier, ImportExpression, NewExpression, ObjectProperty, Program,
    TSModuleReference, TaggedTemplateExpression,
};
use oxc_ast_visit::Visit;
use oxc_semantic::{Scoping, SymbolId};
use oxc_span::Span;
use std::collections::HashMap;

/// What a name may stand for.
#[derive(Clone, Copy)]
pub(crate) enum Binding<'a> {
    /// `name = value`.
    Value(&'a Expression<'a>),
    /// `name += value`.
    Appended(&'a Expression<'a>),
    /// `{ key: name } = value`.
    Member { of: &'a Expression<'a>, key: &'a str },
    /// `[_, name] = value`.
    Element { of: &'a Expression<'a>, index: usize },
    /// `import { export as name } from module`; `*` and `default` as they are.
    Import { module: &'a str, export: &'a str },
    /// The parameter of a function that has a name.
    Parameter { function: SymbolId, index: usize },
    /// A rest parameter: the arguments from `index` on.
    Rest { function: SymbolId, index: usize },
}

/// Everything.
pub(crate) struct Collected<'a, 's> {
    scoping: &'s Scoping,
    /// What each name may stand for, in the order of the text.
    pub(crate) bindings: HashMap<SymbolId, Vec<Binding<'a>>>,
    /// The calls of functions that have a name here.
    pub(crate) calls_of: HashMap<SymbolId, Vec<&'a CallExpression<'a>>>,
    pub(crate) calls: Vec<(&'a CallExpression<'a>, bool)>,
    pub(crate) creations: Vec<&'a NewExpression<'a>>,
    pub(crate) classes: Vec<&'a Class<'a>>,
    pub(crate) templates: Vec<&'a TaggedTemplateExpression<'a>>,
    pub(crate) assignments: Vec<&'a AssignmentExpression<'a>>,
    pub(crate) properties: Vec<&'a ObjectProperty<'a>>,
    /// `import … from 'x'`, `export … from 'x'`: what is evaluated first, types left out.
    pub(crate) static_imports: Vec<(&'a str, Span)>,
    pub(crate) dynamic_imports: Vec<&'a ImportExpression<'a>>,
    functions: usize,
}

impl<'a, 's> Collected<'a, 's> {
    /// Walks the program.
    pub(crate) fn of(program: &'a Program<'a>, scoping: &'s Scoping) -> Self {
        let mut collected = Collected {
            scoping,
            bindings: HashMap::new(),
            calls_of: HashMap::new(),
            calls: Vec::new(),
            creations: Vec::new(),
            classes: Vec::new(),
            templates: Vec::new(),
            assignments: Vec::new(),
            properties: Vec::new(),
            static_imports: Vec::new(),
            dynamic_imports: Vec::new(),
            functions: 0,
        };
        collected.visit_program(program);
        for (call, _) in collected.calls.clone() {
            if let Expression::Identifier(name) = call.callee.get_inner_expression()
                && let Some(symbol) = collected.symbol(name)
            {
                collected.calls_of.entry(symbol).or_default().push(call);
            }
        }
        collected
    }

    /// The symbol that a name refers to; `None` for a global.
    pub(crate) fn symbol(&self, name: &IdentifierReference) -> Option<SymbolId> {
        self.scoping.get_reference(name.reference_id.get()?).symbol_id()
    }

    fn bind(&mut self, symbol: Option<SymbolId>, binding: Binding<'a>) {
        if let Some(symbol) = symbol {
            self.bindings.entry(symbol).or_default().push(binding);
        }
    }

    fn bind_pattern(&mut self, pattern: &'a BindingPattern<'a>, value: &'a Expression<'a>) {
        match pattern {
            BindingPattern::BindingIdentifier(name) => self.bind(name.symbol_id.get(), Binding::Value(value)),
            BindingPattern::ObjectPattern(object) => {
                for property in &object.properties {
                    let Some(key) = property.key.static_name() else { continue };
                    let std::borrow::Cow::Borrowed(key) = key else { continue };
                    // `key` borrows from the arena: names are interned there.
                    let inner = match &property.value {
                        BindingPattern::AssignmentPattern(with_default) => &with_default.left,
                        other => other,
                    };
                    if let BindingPattern::BindingIdentifier(name) = inner {
                        self.bind(name.symbol_id.get(), Binding::Member { of: value, key });
                    }
                }
            }
            BindingPattern::ArrayPattern(array) => {
                for (index, element) in array.elements.iter().enumerate() {
                    if let Some(BindingPattern::BindingIdentifier(name)) = element {
                        self.bind(name.symbol_id.get(), Binding::Element { of: value, index });
                    }
                }
            }
            BindingPattern::AssignmentPattern(_) => {}
        }
    }

    fn bind_parameters(&mut self, function: Option<SymbolId>, parameters: &'a FormalParameters<'a>) {
        let Some(function) = function else { return };
        for (index, parameter) in parameters.items.iter().enumerate() {
            if let BindingPattern::BindingIdentifier(name) = &parameter.pattern {
                if let Some(initializer) = &parameter.initializer {
                    self.bind(name.symbol_id.get(), Binding::Value(initializer));
                }
                self.bind(name.symbol_id.get(), Binding::Parameter { function, index });
            }
        }
        if let Some(rest) = &parameters.rest
            && let BindingPattern::BindingIdentifier(name) = &rest.rest.argument
        {
            self.bind(name.symbol_id.get(), Binding::Rest { function, index: parameters.items.len() });
        }
    }

    fn import(&mut self, declaration: &'a ImportDeclaration<'a>) {
        if declaration.import_kind.is_type() {
            return;
        }
        let module = declaration.source.value.as_str();
        let mut only_types = declaration.specifiers.as_ref().is_some_and(|specifiers| !specifiers.is_empty());
        for specifier in declaration.specifiers.iter().flatten() {
            let (local, export) = match specifier {
                ImportDeclarationSpecifier::ImportSpecifier(named) if named.import_kind.is_type() => continue,
                ImportDeclarationSpecifier::ImportSpecifier(named) => (&named.local, named.imported.name().as_str()),
                ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => (&default.local, "default"),
                ImportDeclarationSpecifier::ImportNamespaceSpecifier(all) => (&all.local, "*"),
            };
            only_types = false;
            self.bind(local.symbol_id.get(), Binding::Import { module, export });
        }
        if !only_types {
            self.static_imports.push((module, declaration.span));
        }
    }
}

impl<'a> Visit<'a> for Collected<'a, '_> {
    fn enter_node(&mut self, kind: AstKind<'a>) {
        match kind {
            AstKind::CallExpression(call) => self.calls.push((call, self.functions == 0)),
            AstKind::NewExpression(creation) => self.creations.push(creation),
            AstKind::TaggedTemplateExpression(template) => self.templates.push(template),
            AstKind::ObjectProperty(property) => self.properties.push(property),
            AstKind::ImportExpression(import) => self.dynamic_imports.push(import),
            AstKind::ImportDeclaration(import) => self.import(import),
            AstKind::ExportAllDeclaration(export) if !export.export_kind.is_type() => {
                self.static_imports.push((export.source.value.as_str(), export.span));
            }
            AstKind::ExportFromDeclaration(export) if !export.export_kind.is_type() => {
                self.static_imports.push((export.source.value.as_str(), export.span));
            }
            AstKind::TSImportEqualsDeclaration(import) if !import.import_kind.is_type() => {
                if let TSModuleReference::ExternalModuleReference(module) = &import.module_reference {
                    let specifier = module.expression.value.as_str();
                    self.static_imports.push((specifier, import.span));
                    self.bind(import.id.symbol_id.get(), Binding::Import { module: specifier, export: "*" });
                }
            }
            AstKind::Class(class) => self.classes.push(class),
            AstKind::VariableDeclarator(declarator) => {
                if let Some(value) = &declarator.init {
                    self.bind_pattern(&declarator.id, value);
                    if let BindingPattern::BindingIdentifier(name) = &declarator.id {
                        match value.get_inner_expression() {
                            Expression::ArrowFunctionExpression(arrow) => {
                                self.bind_parameters(name.symbol_id.get(), &arrow.params);
                            }
                            Expression::FunctionExpression(function) => {
                                self.bind_parameters(name.symbol_id.get(), &function.params);
                            }
                            _ => {}
                        }
                    }
                }
            }
            AstKind::AssignmentExpression(assignment) => {
                self.assignments.push(assignment);
                if let oxc_ast::ast::AssignmentTarget::AssignmentTargetIdentifier(name) = &assignment.left {
                    let symbol = self.symbol(name);
                    let binding = if assignment.operator == oxc_ast::ast::AssignmentOperator::Addition {
                        Binding::Appended(&assignment.right)
                    } else {
                        Binding::Value(&assignment.right)
                    };
                    self.bind(symbol, binding);
                }
            }
            AstKind::Function(function) => {
                self.functions += 1;
                if let Some(name) = &function.id {
                    self.bind_parameters(name.symbol_id.get(), &function.params);
                }
            }
            AstKind::ArrowFunctionExpression(_) => self.functions += 1,
            _ => {}
        }
    }

    fn leave_node(&mut self, kind: AstKind<'a>) {
        if matches!(kind, AstKind::Function(_) | AstKind::ArrowFunctionExpression(_)) {
            self.functions = self.functions.saturating_sub(1);
        }
    }
}
