//! The commands that only look.

use super::arguments::{Arguments, Command, Format};
use crate::here::{Here, working_folder};
use crate::speak;
use guard_core::prisma::doors::{self, DoorState};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::state;
use guard_core::system::clock::Timestamp;
use guard_core::system::files;
use serde::Serialize;

#[expect(clippy::unnecessary_wraps, reason = "every command has one shape")]
pub(super) fn help() -> Result<i32, Refusal> {
    speak::say("prisma-guard: production databases run with Prisma change only through an attested CI deployment\n");
    speak::say("Usage: prisma-guard COMMAND [--format terminal|json|sarif|github]\n");
    for (_, name, help) in Command::ALL {
        speak::say(&format!("  {name:<10} {help}"));
    }
    speak::say(
        "\nExit codes: 0 done, 1 it ran and failed or findings exist, 77 refused by the contract, 78 could not decide.",
    );
    speak::say("No flag and no environment variable switches a guard off.");
    Ok(0)
}

#[expect(clippy::unnecessary_wraps, reason = "every command has one shape")]
pub(super) fn version() -> Result<i32, Refusal> {
    speak::say(concat!("prisma-guard ", env!("CARGO_PKG_VERSION")));
    Ok(0)
}

pub(super) fn explain(arguments: &Arguments) -> Result<i32, Refusal> {
    let Some(name) = arguments.words.first() else {
        for rule in Rule::ALL {
            speak::say(&format!("{:<22} {}", rule.name(), rule.instead()));
        }
        return Ok(0);
    };
    if let Some(rule) = guard_scan::RULES.iter().find(|rule| rule.name == name) {
        speak::say(&guard_report::explain_static(rule));
        return Ok(0);
    }
    let rule = Rule::from_name(name).ok_or_else(|| {
        Refusal::new(
            Rule::InvalidArgument,
            format!("`{name}` is no rule of the contract"),
            "the name is not in the list",
        )
        .instead("`npx prisma-guard explain` lists every rule")
    })?;
    speak::say(&guard_report::explain(rule));
    Ok(0)
}

pub(super) fn doctor(arguments: &Arguments) -> Result<i32, Refusal> {
    let seen = doors::inspect(&working_folder(None)?);
    let open = seen.iter().any(|door| door.state == DoorState::Open);
    if arguments.format == Format::Json {
        speak::say(&json(&seen)?);
    } else {
        for door in &seen {
            let state = match door.state {
                DoorState::Shut => "shut  ",
                DoorState::Open => "OPEN  ",
                DoorState::Absent => "absent",
            };
            speak::say(&guard_report::text::visible(&format!("{state}  {:<10} {}", door.name, door.seen)));
        }
        speak::say(if open {
            "\nSome door is open: run `npx prisma-guard install`"
        } else {
            "\nEvery door that is here is shut"
        });
    }
    Ok(i32::from(open))
}

pub(super) fn status(arguments: &Arguments) -> Result<i32, Refusal> {
    let here = Here::new(None)?;
    let seen = state::read_state(&here.root, Timestamp::now());
    if arguments.format == Format::Json {
        speak::say(&json(&seen)?);
        return Ok(0);
    }
    if let Some(chain) = &seen.chain {
        speak::say(&format!("chain  {chain}"));
    }
    for step in &seen.steps {
        speak::say(&guard_report::text::visible(&format!("  {:<14} {}", step.step.name(), crate::state::told(step))));
    }
    if let Some(lock) = &seen.lock {
        speak::say(&format!("lock   held by process {}", lock.process.pid));
    }
    if let Some(problem) = &seen.problem {
        speak::say(&guard_report::text::visible(&format!("note   {problem}")));
    }
    speak::say(&match seen.next {
        Some(step) => format!("next   {}", step.name()),
        None => "next   nothing, until what cannot be read is cleared up".to_owned(),
    });
    speak::say("The records are read, not verified: each step verifies those before it.");
    Ok(0)
}

pub(super) fn scan(arguments: &Arguments) -> Result<i32, Refusal> {
    let root = working_folder(arguments.words.first().cloned())?;
    let report = crate::scan::scan(&root)?;
    let text = match arguments.format {
        Format::Terminal => {
            let source = |file: &str| files::read_text(&root.join(file), files::MAXIMUM_TEXT_BYTES).ok();
            guard_report::findings_terminal(&report, &source, speak::coloured_output())
        }
        Format::Json => json(&report)?,
        Format::Sarif => guard_report::sarif(&report, guard_scan::RULES, env!("CARGO_PKG_VERSION")),
        Format::Github => guard_report::findings_github(&report),
    };
    speak::say(text.trim_end());
    Ok(i32::from(!report.findings.is_empty()))
}

pub(super) fn json(value: &impl Serialize) -> Result<String, Refusal> {
    serde_json::to_string_pretty(value)
        .map_err(|error| Refusal::new(Rule::InternalError, "the answer cannot be written as JSON", error.to_string()))
}
