//! `package.json`: its scripts and Prisma's seed command, as shell commands.
//!
//! JSON is an expression of JavaScript (ECMA-262, since 2019 exactly), so the same parser reads it and tells places; a key that
//! stands twice is seen twice.

use crate::facts::{Command, Facts, VariableWrite};
use crate::place::Place;
use crate::prisma_command::expanded;
use crate::shell_words::commands;
use oxc_allocator::Allocator;
use oxc_ast::ast::{Expression, ObjectExpression, ObjectPropertyKind};
use oxc_parser::Parser;
use oxc_span::SourceType;

/// Reads it.
pub(crate) fn read(arena: &Allocator, text: &str) -> Result<Facts, String> {
    // A byte order mark is no JSON, but npm takes it.
    let (text, shift) = text.strip_prefix('\u{feff}').map_or((text, 0), |rest| (rest, 3));
    super::javascript::bounded(text)?;
    let expression =
        Parser::new(arena, text, SourceType::mjs()).parse_expression().map_err(|_| "it is not JSON".to_owned())?;
    let Expression::ObjectExpression(object) = expression.without_parentheses() else {
        return Err("it is not a JSON object".to_owned());
    };
    let mut facts = Facts::default();
    for (key, value) in members(object) {
        match (key.as_str(), value) {
            ("scripts", Expression::ObjectExpression(scripts)) => {
                for (name, value) in members(scripts) {
                    if let Expression::StringLiteral(script) = value {
                        add(&mut facts, &name, &script.value, place(value, shift));
                    }
                }
            }
            ("prisma", Expression::ObjectExpression(prisma)) => {
                for (name, value) in members(prisma) {
                    if let (true, Expression::StringLiteral(seed)) = (name == "seed", value) {
                        add(&mut facts, "prisma.seed", &seed.value, place(value, shift));
                    }
                }
            }
            _ => {}
        }
    }
    Ok(facts)
}

fn place(value: &Expression, shift: u32) -> Place {
    use oxc_span::GetSpan as _;
    Place { start: value.span().start + shift, end: value.span().end + shift }
}

fn members<'b, 'a>(object: &'b ObjectExpression<'a>) -> impl Iterator<Item = (String, &'b Expression<'a>)> {
    object.properties.iter().filter_map(|property| match property {
        ObjectPropertyKind::ObjectProperty(property) => {
            Some((property.key.static_name()?.into_owned(), property.value.without_parentheses()))
        }
        ObjectPropertyKind::SpreadProperty(_) => None,
    })
}

/// Adds the commands of one text.
fn add(facts: &mut Facts, script: &str, text: &str, place: Place) {
    for command in commands(text) {
        add_command(facts, script, &command.assignments, &command.words, place);
    }
}

/// Adds a command with what it sets, those inside its arguments too.
pub(crate) fn add_command(
    facts: &mut Facts,
    script: &str,
    assignments: &[(String, String)],
    words: &[String],
    place: Place,
) {
    let mut write = |assignments: &[(String, String)]| {
        for (name, value) in assignments {
            if !value.is_empty() {
                facts.variables.push(VariableWrite { name: name.clone(), place });
            }
        }
    };
    write(assignments);
    for command in expanded(words) {
        write(&command.assignments);
    }
    if !words.is_empty() {
        facts.commands.push(Command { words: words.to_vec(), script: script.to_owned(), place });
    }
}
