//! What text or list an expression can be: constants, templates, concatenation, arrays, `join`, variables and parameters of
//! this file. What only a run would tell becomes [`HOLE`].

use super::collect::{Binding, Collected};
use super::origin::is_require;
use crate::facts::HOLE;
use oxc_ast::ast::{
    Argument, ArrayExpressionElement, BinaryOperator, CallExpression, Expression, MemberExpression, ObjectPropertyKind,
};
use oxc_semantic::SymbolId;

const DEEPEST: usize = 24;
/// The most alternatives of one expression that are followed.
const MOST: usize = 24;

impl<'a> Collected<'a, '_> {
    /// Every text that an expression can be. Never empty; one that is not known is a single [`HOLE`].
    pub(crate) fn texts(&self, expression: &'a Expression<'a>) -> Vec<String> {
        self.texts_at(expression, DEEPEST)
    }

    /// Every list that an expression can be; empty where it is no list that can be known.
    pub(crate) fn lists(&self, expression: &'a Expression<'a>) -> Vec<Vec<String>> {
        self.lists_at(expression, DEEPEST)
    }

    fn texts_at(&self, expression: &'a Expression<'a>, depth: usize) -> Vec<String> {
        let unknown = || vec![HOLE.to_string()];
        let Some(depth) = depth.checked_sub(1) else { return unknown() };
        let mut texts = match expression.get_inner_expression() {
            Expression::StringLiteral(text) => vec![text.value.to_string()],
            Expression::NumericLiteral(number) => vec![number.value.to_string()],
            Expression::BooleanLiteral(value) => vec![value.value.to_string()],
            Expression::NullLiteral(_) => vec![String::new()],
            Expression::TemplateLiteral(template) => {
                let mut texts = vec![String::new()];
                for (index, quasi) in template.quasis.iter().enumerate() {
                    let cooked = quasi.value.cooked.unwrap_or(quasi.value.raw);
                    for text in &mut texts {
                        text.push_str(&cooked);
                    }
                    if let Some(inner) = template.expressions.get(index) {
                        texts = product(&texts, &self.texts_at(inner, depth));
                    }
                }
                texts
            }
            Expression::BinaryExpression(sum) if sum.operator == BinaryOperator::Addition => {
                product(&self.texts_at(&sum.left, depth), &self.texts_at(&sum.right, depth))
            }
            Expression::ConditionalExpression(choice) => {
                let mut texts = self.texts_at(&choice.consequent, depth);
                texts.extend(self.texts_at(&choice.alternate, depth));
                texts
            }
            Expression::LogicalExpression(choice) => {
                let mut texts = self.texts_at(&choice.left, depth);
                texts.extend(self.texts_at(&choice.right, depth));
                texts
            }
            Expression::SequenceExpression(sequence) => {
                sequence.expressions.last().map_or_else(unknown, |last| self.texts_at(last, depth))
            }
            Expression::AssignmentExpression(assignment) => self.texts_at(&assignment.right, depth),
            Expression::AwaitExpression(awaited) => self.texts_at(&awaited.argument, depth),
            Expression::Identifier(name) => match self.symbol(name) {
                Some(symbol) => self.texts_of_symbol(symbol, depth),
                None if name.name == "undefined" => vec![String::new()],
                None => unknown(),
            },
            Expression::CallExpression(call) => self.texts_of_call(call, depth),
            Expression::TaggedTemplateExpression(template)
                if template.tag.as_member_expression().and_then(MemberExpression::static_property_name)
                    == Some("raw") =>
            {
                template.quasi.quasis.first().map_or_else(unknown, |quasi| vec![quasi.value.raw.to_string()])
            }
            other => other.as_member_expression().map_or_else(unknown, |member| self.texts_of_member(member, depth)),
        };
        texts.sort_unstable();
        texts.dedup();
        texts.truncate(MOST);
        if texts.is_empty() { unknown() } else { texts }
    }

    fn texts_of_symbol(&self, symbol: SymbolId, depth: usize) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for binding in self.bindings.get(&symbol).into_iter().flatten() {
            match *binding {
                Binding::Value(value) => texts.extend(self.texts_at(value, depth)),
                Binding::Appended(value) => {
                    let longer = product(&texts, &self.texts_at(value, depth));
                    texts.extend(longer);
                }
                Binding::Member { of, key } => {
                    for value in self.values_of_member(of, key) {
                        texts.extend(self.texts_at(value, depth));
                    }
                }
                Binding::Element { of, index } => {
                    texts.extend(self.lists_at(of, depth).into_iter().filter_map(|list| list.get(index).cloned()));
                }
                Binding::Parameter { function, index } => {
                    for call in self.calls_of.get(&function).into_iter().flatten() {
                        if let Some(argument) = call.arguments.get(index).and_then(Argument::as_expression) {
                            texts.extend(self.texts_at(argument, depth));
                        }
                    }
                }
                Binding::Import { .. } | Binding::Rest { .. } => {}
            }
            texts.truncate(MOST);
        }
        texts
    }

    fn texts_of_call(&self, call: &'a CallExpression<'a>, depth: usize) -> Vec<String> {
        let unknown = vec![HOLE.to_string()];
        let first = call.arguments.first().and_then(Argument::as_expression);
        if let Some(member) = call.callee.get_inner_expression().as_member_expression() {
            let object = member.object();
            match member.static_property_name() {
                Some("join") => {
                    let lists = self.lists_at(object, depth);
                    if !lists.is_empty() {
                        let separators =
                            first.map_or_else(|| vec![",".to_owned()], |first| self.texts_at(first, depth));
                        let separator = separators.first().map_or(",", String::as_str);
                        return lists.iter().map(|list| list.join(separator)).collect();
                    }
                    return self.joined_path(call, depth);
                }
                Some("resolve") if self.origins(object).iter().any(|origin| origin.module == "path") => {
                    return self.joined_path(call, depth);
                }
                Some("resolve") if self.origins(object).iter().any(is_require) => {
                    return first.map_or(unknown, |first| self.texts_at(first, depth));
                }
                Some("concat") => {
                    return first
                        .map_or(unknown, |first| product(&self.texts_at(object, depth), &self.texts_at(first, depth)));
                }
                Some("trim" | "toString" | "trimEnd" | "trimStart" | "normalize" | "valueOf") => {
                    return self.texts_at(object, depth);
                }
                Some("toLowerCase") => {
                    return self.texts_at(object, depth).iter().map(|text| text.to_lowercase()).collect();
                }
                _ => {}
            }
        }
        if call.callee.is_specific_id("String") {
            return first.map_or(unknown, |first| self.texts_at(first, depth));
        }
        unknown
    }

    /// `path.join(a, b)` and `path.resolve(a, b)`, near enough: the parts with `/` between them.
    fn joined_path(&self, call: &'a CallExpression<'a>, depth: usize) -> Vec<String> {
        let mut texts = vec![String::new()];
        for (index, argument) in call.arguments.iter().enumerate() {
            if index > 0 {
                for text in &mut texts {
                    text.push('/');
                }
            }
            let part =
                argument.as_expression().map_or_else(|| vec![HOLE.to_string()], |part| self.texts_at(part, depth));
            texts = product(&texts, &part);
        }
        texts
    }

    fn texts_of_member(&self, member: &'a MemberExpression<'a>, depth: usize) -> Vec<String> {
        let keys = match member {
            MemberExpression::StaticMemberExpression(member) => vec![member.property.name.to_string()],
            MemberExpression::ComputedMemberExpression(member) => self.texts_at(&member.expression, depth),
            MemberExpression::PrivateFieldExpression(_) => Vec::new(),
        };
        let mut texts = Vec::new();
        for key in keys {
            if let Ok(index) = key.parse::<usize>() {
                let lists = self.lists_at(member.object(), depth);
                texts.extend(lists.into_iter().filter_map(|list| list.get(index).cloned()));
            }
            for value in self.values_of_member(member.object(), &key) {
                texts.extend(self.texts_at(value, depth));
            }
        }
        texts
    }

    /// The values that stand under a key of an object that this file writes down.
    pub(crate) fn values_of_member(&self, object: &'a Expression<'a>, key: &str) -> Vec<&'a Expression<'a>> {
        let mut found = Vec::new();
        self.values_into(object, key, 8, &mut found);
        found
    }

    fn values_into(&self, object: &'a Expression<'a>, key: &str, depth: usize, found: &mut Vec<&'a Expression<'a>>) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match object.get_inner_expression() {
            Expression::ObjectExpression(object) => {
                for property in &object.properties {
                    match property {
                        ObjectPropertyKind::ObjectProperty(property) => {
                            if property.key.static_name().is_some_and(|name| name == key) {
                                found.push(&property.value);
                            }
                        }
                        ObjectPropertyKind::SpreadProperty(spread) => {
                            self.values_into(&spread.argument, key, depth, found);
                        }
                    }
                }
            }
            Expression::Identifier(name) => {
                let bindings = self.symbol(name).and_then(|symbol| self.bindings.get(&symbol));
                for binding in bindings.into_iter().flatten() {
                    match *binding {
                        Binding::Value(value) => self.values_into(value, key, depth, found),
                        Binding::Member { of, key: outer } => {
                            for value in self.values_of_member(of, outer) {
                                self.values_into(value, key, depth, found);
                            }
                        }
                        _ => {}
                    }
                }
            }
            Expression::CallExpression(call)
                if call.callee.as_member_expression().and_then(MemberExpression::static_property_name)
                    == Some("freeze") =>
            {
                if let Some(frozen) = call.arguments.first().and_then(Argument::as_expression) {
                    self.values_into(frozen, key, depth, found);
                }
            }
            other => {
                if let Some(member) = other.as_member_expression()
                    && let Some(outer) = member.static_property_name()
                {
                    let mut inner = Vec::new();
                    self.values_into(member.object(), outer, depth, &mut inner);
                    for value in inner {
                        self.values_into(value, key, depth, found);
                    }
                }
            }
        }
    }

    fn lists_at(&self, expression: &'a Expression<'a>, depth: usize) -> Vec<Vec<String>> {
        let Some(depth) = depth.checked_sub(1) else { return Vec::new() };
        let mut lists = match expression.get_inner_expression() {
            Expression::ArrayExpression(array) => {
                let mut lists = vec![Vec::new()];
                for element in &array.elements {
                    match element {
                        ArrayExpressionElement::SpreadElement(spread) => {
                            lists = extended(&lists, &self.lists_or_hole(&spread.argument, depth));
                        }
                        ArrayExpressionElement::Elision(_) => {}
                        other => {
                            let texts = other
                                .as_expression()
                                .map_or_else(|| vec![HOLE.to_string()], |element| self.texts_at(element, depth));
                            lists = extended(&lists, &texts.into_iter().map(|text| vec![text]).collect::<Vec<_>>());
                        }
                    }
                }
                lists
            }
            Expression::Identifier(name) => {
                let mut lists: Vec<Vec<String>> = Vec::new();
                let bindings = self.symbol(name).map(|symbol| (symbol, self.bindings.get(&symbol)));
                let Some((symbol, Some(bindings))) = bindings else { return Vec::new() };
                for binding in bindings {
                    match *binding {
                        Binding::Value(value) => lists.extend(self.lists_at(value, depth)),
                        Binding::Member { of, key } => {
                            for value in self.values_of_member(of, key) {
                                lists.extend(self.lists_at(value, depth));
                            }
                        }
                        Binding::Parameter { function, index } => {
                            for call in self.calls_of.get(&function).into_iter().flatten() {
                                if let Some(argument) = call.arguments.get(index).and_then(Argument::as_expression) {
                                    lists.extend(self.lists_at(argument, depth));
                                }
                            }
                        }
                        Binding::Rest { function, index } => {
                            for call in self.calls_of.get(&function).into_iter().flatten() {
                                lists.extend(self.arguments(call.arguments.get(index..).unwrap_or_default(), depth));
                            }
                        }
                        _ => {}
                    }
                }
                self.pushed(symbol, lists, depth)
            }
            Expression::ConditionalExpression(choice) => {
                let mut lists = self.lists_at(&choice.consequent, depth);
                lists.extend(self.lists_at(&choice.alternate, depth));
                lists
            }
            Expression::LogicalExpression(choice) => {
                let mut lists = self.lists_at(&choice.left, depth);
                lists.extend(self.lists_at(&choice.right, depth));
                lists
            }
            Expression::CallExpression(call) => self.lists_of_call(call, depth),
            other => other.as_member_expression().map_or_else(Vec::new, |member| {
                member.static_property_name().map_or_else(Vec::new, |key| {
                    let values = self.values_of_member(member.object(), key);
                    values.into_iter().flat_map(|value| self.lists_at(value, depth)).collect()
                })
            }),
        };
        lists.truncate(MOST);
        lists
    }

    fn lists_or_hole(&self, expression: &'a Expression<'a>, depth: usize) -> Vec<Vec<String>> {
        let lists = self.lists_at(expression, depth);
        if lists.is_empty() { vec![vec![HOLE.to_string()]] } else { lists }
    }

    /// `list.push(a, b)` on a list of this file: with and without, since a push may stand behind a condition.
    fn pushed(&self, symbol: SymbolId, mut lists: Vec<Vec<String>>, depth: usize) -> Vec<Vec<String>> {
        for (call, _) in &self.calls {
            if let Some(member) = call.callee.as_member_expression()
                && member.static_property_name() == Some("push")
                && let Expression::Identifier(name) = member.object().get_inner_expression()
                && self.symbol(name) == Some(symbol)
            {
                let longer = extended(&lists, &self.arguments(&call.arguments, depth));
                lists.extend(longer);
                lists.truncate(MOST);
            }
        }
        lists
    }

    fn lists_of_call(&self, call: &'a CallExpression<'a>, depth: usize) -> Vec<Vec<String>> {
        let Some(member) = call.callee.get_inner_expression().as_member_expression() else { return Vec::new() };
        let first = call.arguments.first().and_then(Argument::as_expression);
        match (member.static_property_name(), first) {
            (Some("split"), Some(first)) => {
                let separators = self.texts_at(first, depth);
                let separator = separators.first().map_or(" ", String::as_str);
                let texts = self.texts_at(member.object(), depth);
                texts.iter().map(|text| text.split(separator).map(str::to_owned).collect()).collect()
            }
            (Some("concat"), Some(first)) => {
                extended(&self.lists_at(member.object(), depth), &self.lists_or_hole(first, depth))
            }
            (Some("filter" | "slice" | "flat"), _) => self.lists_at(member.object(), depth),
            _ => Vec::new(),
        }
    }

    /// The arguments of a call as lists of texts.
    pub(crate) fn arguments(&self, arguments: &'a [Argument<'a>], depth: usize) -> Vec<Vec<String>> {
        let mut lists = vec![Vec::new()];
        for argument in arguments {
            let parts = match argument {
                Argument::SpreadElement(spread) => self.lists_or_hole(&spread.argument, depth),
                other => other.as_expression().map_or_else(
                    || vec![vec![HOLE.to_string()]],
                    |value| self.texts_at(value, depth).into_iter().map(|text| vec![text]).collect(),
                ),
            };
            lists = extended(&lists, &parts);
        }
        lists
    }
}

fn product(left: &[String], right: &[String]) -> Vec<String> {
    left.iter().flat_map(|left| right.iter().map(move |right| format!("{left}{right}"))).take(MOST).collect()
}

fn extended(lists: &[Vec<String>], tails: &[Vec<String>]) -> Vec<Vec<String>> {
    lists
        .iter()
        .flat_map(|list| tails.iter().map(move |tail| list.iter().chain(tail).cloned().collect()))
        .take(MOST)
        .collect()
}
