//! Facts from calls, assignments and imports: who runs a program, who sets a variable, who creates a client, who sends SQL.

use super::collect::Collected;
use super::origin::{Origin, is_require};
use crate::facts::{ApprovedCall, Client, Facts, HOLE, Import, Query, VariableWrite, is_unknown};
use crate::language::package_json::add_command;
use crate::place::Place;
use crate::rules::GUARD;
use crate::shell_words::commands;
use oxc_ast::ast::{Argument, AssignmentTarget, CallExpression, Expression, MemberExpression, PropertyKey};
use oxc_span::{GetSpan as _, Span};

/// How a function that runs programs takes them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Takes {
    /// A text for a shell.
    Text,
    /// A program and a list of arguments.
    List,
    /// A script for Node and a list.
    Script,
    /// A list with the program at its head.
    Whole,
}

/// What an origin does with its arguments, if it runs programs.
fn runner(origin: &Origin) -> Option<Takes> {
    let path: Vec<&str> = origin.path.iter().map(String::as_str).filter(|part| *part != "default").collect();
    let takes = match (origin.module.as_str(), path.as_slice()) {
        ("child_process", ["exec" | "execSync"])
        | ("execa", ["execaCommand" | "execaCommandSync" | "command" | "commandSync" | "$"] | ["execa", "command"])
        | ("shelljs", ["exec" | "cmd"])
        | ("node-cmd", [..])
        | ("bun", ["$"])
        | ("zx", ["$" | "quote"])
        | ("", ["Bun", "$"])
        | ("child-process-promise", ["exec"])
        | ("concurrently", _) => Takes::Text,
        ("child_process", ["fork"]) | ("execa", ["execaNode" | "node"]) => Takes::Script,
        ("child_process" | "child-process-promise", ["spawn" | "spawnSync" | "execFile" | "execFileSync"])
        | ("cross-spawn" | "nano-spawn", [] | ["spawn" | "sync"])
        | ("execa", [] | ["execa" | "execaSync" | "sync"])
        | ("tinyexec", ["x" | "exec"])
        | ("node-pty", ["spawn"])
        | ("", ["Deno", "Command" | "run"]) => Takes::List,
        ("bun", ["spawn" | "spawnSync"]) | ("", ["Bun", "spawn" | "spawnSync"]) => Takes::Whole,
        _ => return None,
    };
    Some(takes)
}

/// Whether a function of another file, known by its name only, runs what it is given.
fn sounds_like_a_runner(origin: &Origin) -> bool {
    let name = origin.name().to_ascii_lowercase();
    let imported = origin.module.starts_with('.')
        || origin.module.starts_with('#')
        || origin.module.starts_with('@')
        || origin.module.starts_with('~');
    imported
        && origin.module != GUARD
        && ["run", "exec", "spawn", "shell", "sh", "command", "cmd", "cli", "prisma", "launch"]
            .iter()
            .any(|start| name.starts_with(start))
}

fn at(span: Span) -> Place {
    Place { start: span.start, end: span.end }
}

/// The facts of a file.
pub(crate) fn facts(collected: &Collected<'_, '_>) -> Facts {
    let mut facts = Facts::default();
    for (module, span) in &collected.static_imports {
        facts.imports.push(Import { specifier: (*module).to_owned(), place: at(*span), hoisted: true });
    }
    for import in &collected.dynamic_imports {
        for specifier in collected.texts(&import.source) {
            facts.imports.push(Import { specifier, place: at(import.span), hoisted: false });
        }
    }
    for (call, on_top) in &collected.calls {
        look_at_call(collected, call, *on_top, &mut facts);
    }
    for template in &collected.templates {
        let text = |index: usize| template.quasi.expressions.get(index).map(|part| collected.texts(part));
        let mut whole = String::new();
        for (index, quasi) in template.quasi.quasis.iter().enumerate() {
            whole.push_str(&quasi.value.cooked.unwrap_or(quasi.value.raw));
            if let Some(texts) = text(index) {
                whole.push_str(texts.first().map_or("", String::as_str));
            }
        }
        // `$({ cwd })`…``: the tag may be a call of the runner.
        let origins = collected.origins(&template.tag);
        let runs = origins.iter().any(|origin| {
            let mut origin = origin.clone();
            origin.path.retain(|part| !matches!(part.as_str(), "()" | "sync" | "nothrow" | "quiet"));
            runner(&origin).is_some()
        });
        if runs {
            add_text(&mut facts, &whole, at(template.span));
        }
        let tag = template.tag.get_inner_expression();
        let name = tag.as_member_expression().and_then(MemberExpression::static_property_name);
        if matches!(name, Some("$executeRaw" | "$queryRaw" | "sql" | "raw")) || tag.is_specific_id("sql") {
            facts.queries.push(Query { text: whole, place: at(template.span) });
        }
    }
    for creation in &collected.creations {
        for origin in collected.origins(&creation.callee) {
            if let Some(takes) = runner(&origin) {
                add_run(collected, takes, &creation.arguments, at(creation.span), &mut facts);
            }
            add_client(&origin, at(creation.span), &mut facts);
        }
    }
    for class in &collected.classes {
        if let Some(heritage) = &class.heritage {
            for origin in collected.origins(&heritage.expression) {
                add_client(&origin, at(heritage.expression.span()), &mut facts);
            }
        }
    }
    variables(collected, &mut facts);
    facts
}

fn add_client(origin: &Origin, place: Place, facts: &mut Facts) {
    let adapter = origin.module.starts_with("@prisma/adapter-") && origin.name().starts_with("Prisma");
    if !origin.module.is_empty() && (origin.name() == "PrismaClient" || adapter) {
        facts.clients.push(Client { class: origin.name().to_owned(), place });
    }
}

fn add_text(facts: &mut Facts, text: &str, place: Place) {
    for command in commands(text) {
        add_command(facts, "", &command.assignments, &command.words, place);
    }
}

/// Adds what a call of a runner runs.
fn add_run<'a>(
    collected: &Collected<'a, '_>,
    takes: Takes,
    arguments: &'a [Argument<'a>],
    place: Place,
    facts: &mut Facts,
) {
    let Some(first) = arguments.first().and_then(Argument::as_expression) else { return };
    match takes {
        Takes::Text => {
            for text in collected.texts(first).into_iter().chain(collected.lists(first).into_iter().flatten()) {
                add_text(facts, &text, place);
            }
        }
        Takes::Whole => {
            let lists = collected.lists(first);
            let lists = if lists.is_empty() {
                collected.values_of_member(first, "cmd").into_iter().flat_map(|value| collected.lists(value)).collect()
            } else {
                lists
            };
            for words in lists {
                add_command(facts, "", &[], &words, place);
            }
        }
        Takes::List | Takes::Script => {
            let second = arguments.get(1).and_then(Argument::as_expression);
            let mut lists = second.map_or_else(Vec::new, |second| collected.lists(second));
            if let (true, Some(second)) = (lists.is_empty(), second) {
                let inner = collected.values_of_member(second, "args");
                lists = inner.into_iter().flat_map(|value| collected.lists(value)).collect();
                // A list that is not known is a hole; an object of options is no list.
                if lists.is_empty() && !matches!(second.get_inner_expression(), Expression::ObjectExpression(_)) {
                    lists.push(vec![HOLE.to_string()]);
                }
            }
            if lists.is_empty() {
                lists.push(Vec::new());
            }
            for program in collected.texts(first) {
                for list in &lists {
                    // With `shell: true`, or in a careless call, the program is a command line of its own.
                    let mut head: Vec<String> = program.split_whitespace().map(str::to_owned).collect();
                    if takes == Takes::Script {
                        head.insert(0, "node".to_owned());
                    }
                    if program.contains(['&', ';', '|']) {
                        add_text(facts, &program, place);
                    }
                    head.extend(list.iter().cloned());
                    add_command(facts, "", &[], &head, place);
                }
            }
        }
    }
}

fn look_at_call<'a>(collected: &Collected<'a, '_>, call: &'a CallExpression<'a>, on_top: bool, facts: &mut Facts) {
    let place = at(call.span);
    let callee = call.callee.get_inner_expression();
    let member = callee.as_member_expression();
    let method = member.and_then(MemberExpression::static_property_name);
    let first = call.arguments.first().and_then(Argument::as_expression);
    for origin in collected.origins(&call.callee) {
        let bound = matches!(method, Some("call")) && call.arguments.len() > 1;
        let arguments = if bound { call.arguments.get(1..).unwrap_or_default() } else { &call.arguments[..] };
        if let Some(takes) = runner(&origin) {
            add_run(collected, takes, arguments, place, facts);
        } else if sounds_like_a_runner(&origin) {
            if let Some(first) = first {
                for text in collected.texts(first) {
                    add_text(facts, &text, place);
                }
                for list in collected.lists(first) {
                    add_command(facts, "", &[], &list, place);
                }
                add_run(collected, Takes::List, arguments, place, facts);
            }
        } else if is_require(&origin) || origin.path.ends_with(&["require".to_owned(), "resolve".to_owned()]) {
            for specifier in first.map(|first| collected.texts(first)).unwrap_or_default() {
                facts.imports.push(Import { specifier, place, hoisted: false });
            }
        } else if origin.module == GUARD || origin.module.starts_with("@org/prisma-guard/") {
            match origin.name() {
                "execPrismaApproved" => {
                    let arguments = first.map(|first| collected.lists(first)).unwrap_or_default();
                    facts.approved_calls.push(ApprovedCall { arguments, place });
                }
                "validateDatabaseUrlEarly" | "assertCi" if on_top => facts.guard_calls.push(place),
                _ => {}
            }
        }
    }
    let Some(method) = method else { return };
    if matches!(
        method,
        "$executeRawUnsafe"
            | "$queryRawUnsafe"
            | "query"
            | "execute"
            | "unsafe"
            | "raw"
            | "exec"
            | "run"
            | "executeScript"
            | "prepare"
    ) && let Some(first) = first
    {
        for text in collected.texts(first) {
            facts.queries.push(Query { text, place });
        }
        for value in
            collected.values_of_member(first, "text").into_iter().chain(collected.values_of_member(first, "sql"))
        {
            facts.queries.extend(collected.texts(value).into_iter().map(|text| Query { text, place }));
        }
    }
    // `vi.stubEnv('X', '1')`, `Reflect.set(process.env, 'X', '1')`, `Object.defineProperty(process.env, 'X', …)`.
    let named = match method {
        "stubEnv" => first,
        "set" | "defineProperty" if first.is_some_and(|first| is_environment(collected, first)) => {
            call.arguments.get(1).and_then(Argument::as_expression)
        }
        _ => None,
    };
    for name in named.map(|named| collected.texts(named)).unwrap_or_default() {
        facts.variables.push(VariableWrite { name, place });
    }
}

fn is_environment<'a>(collected: &Collected<'a, '_>, expression: &'a Expression<'a>) -> bool {
    collected
        .origins(expression)
        .iter()
        .any(|origin| origin.is_global(&["process", "env"]) || origin.is_global(&["Bun", "env"]))
}

/// Assignments to members and members of written objects. The name decides: a variable of the guard or of Prisma is nobody else's.
fn variables(collected: &Collected<'_, '_>, facts: &mut Facts) {
    for assignment in &collected.assignments {
        let names = match &assignment.left {
            AssignmentTarget::StaticMemberExpression(member) => vec![member.property.name.to_string()],
            AssignmentTarget::ComputedMemberExpression(member) => collected.texts(&member.expression),
            _ => continue,
        };
        if clears(collected, &assignment.right) {
            continue;
        }
        for name in names.into_iter().filter(|name| looks_like_a_variable(name)) {
            facts.variables.push(VariableWrite { name, place: at(assignment.span) });
        }
    }
    for property in &collected.properties {
        let names = match &property.key {
            PropertyKey::StaticIdentifier(name) => vec![name.name.to_string()],
            key => key.as_expression().map(|key| collected.texts(key)).unwrap_or_default(),
        };
        let mut names = names.into_iter().filter(|name| looks_like_a_variable(name)).peekable();
        if names.peek().is_none() || clears(collected, &property.value) || describes(collected, &property.value) {
            continue;
        }
        for name in names {
            facts.variables.push(VariableWrite { name, place: at(property.span) });
        }
    }
}

fn looks_like_a_variable(name: &str) -> bool {
    !is_unknown(name) && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_' || byte.is_ascii_digit())
}

/// `undefined`, `null` or an empty text: the variable is taken away.
fn clears<'a>(collected: &Collected<'a, '_>, value: &'a Expression<'a>) -> bool {
    collected.texts(value).iter().all(String::is_empty)
}

/// `z.string().optional()`: a schema of variables describes one and sets none.
fn describes<'a>(collected: &Collected<'a, '_>, value: &'a Expression<'a>) -> bool {
    matches!(value.get_inner_expression(), Expression::CallExpression(_))
        && collected.origins(value).iter().any(|origin| !origin.module.is_empty() && !origin.module.starts_with('.'))
}
