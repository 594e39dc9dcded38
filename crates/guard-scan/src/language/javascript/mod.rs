//! JavaScript and TypeScript: parsed by oxc, names resolved by its scopes.
//!
//! [`collect`] takes down what a file binds and calls, [`origin`] says which module's export an expression is, [`fold`] what text
//! or list it can be, [`judge`] makes facts of calls, and [`deploy_script`] looks at the one script that may deploy.

mod collect;
mod deploy_script;
mod fold;
mod judge;
mod origin;

use crate::facts::Facts;
use collect::Collected;
use oxc_allocator::Allocator;
use oxc_parser::{Parser, ParserReturn};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// The deepest nesting of brackets that is read. People write a few dozen.
const DEEPEST: usize = 3_000;
/// The most arrow functions in a row (`a => b => c`) that are read.
const MOST_ARROWS: usize = 200;

/// Whether a file is a script by its name.
pub(crate) fn is_script(path: &str) -> bool {
    let ending = super::name(path).rsplit_once('.').map(|(_, ending)| ending);
    matches!(ending, Some("js" | "jsx" | "mjs" | "cjs" | "ts" | "tsx" | "mts" | "cts"))
}

/// Reads a script. The error says why it cannot be read.
pub(crate) fn read(arena: &Allocator, path: &str, text: &str, is_deploy_script: bool) -> Result<Facts, String> {
    bounded(text)?;
    let parsed = parse(arena, path, text)?;
    let program = arena.alloc(parsed.program);
    let semantic = SemanticBuilder::new().with_build_nodes(false).build(program).semantic;
    let collected = Collected::of(program, semantic.scoping());
    let mut facts = judge::facts(&collected);
    if is_deploy_script {
        deploy_script::look(program, &collected, &mut facts);
    }
    Ok(facts)
}

/// Tries what the file's name says, then the other readings that a file of that name may need: a script of the old kind, types in
/// a `.js`.
fn parse<'a>(arena: &'a Allocator, path: &str, text: &'a str) -> Result<ParserReturn<'a>, String> {
    let named = SourceType::from_path(path).unwrap_or_else(|_| SourceType::tsx());
    let mut first_error = None;
    for source_type in [named, named.with_script(true), SourceType::tsx(), SourceType::ts()] {
        let parsed = Parser::new(arena, text, source_type).parse();
        if !parsed.panicked && !parsed.diagnostics.has_errors() {
            return Ok(parsed);
        }
        if first_error.is_none() {
            first_error = parsed.diagnostics.iter().next().map(|error| error.message.to_string());
        }
    }
    Err(format!("it cannot be parsed ({})", first_error.unwrap_or_default()))
}

/// Refuses a text that would exhaust the stack, or the parser's patience: deeply nested brackets, and long rows of arrows
/// (50,000 arrows in a row did not end in oxc 0.146). Counts signs
/// wherever they stand, in strings too: a file that is refused for nothing is a finding, never a silence.
pub(crate) fn bounded(text: &str) -> Result<(), String> {
    let mut depth: usize = 0;
    let mut arrows: usize = 0;
    let mut before = 0;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b'>' if before == b'=' => arrows += 1,
            _ => {}
        }
        if matches!(byte, b';' | b'{' | b'}' | b',') {
            arrows = 0;
        }
        if depth > DEEPEST {
            return Err(format!("it nests deeper than {DEEPEST} brackets"));
        }
        if arrows > MOST_ARROWS {
            return Err(format!("it has more than {MOST_ARROWS} arrows in a row"));
        }
        before = byte;
    }
    Ok(())
}
