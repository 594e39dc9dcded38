//! The command `prisma-guard`: reads its arguments, calls, shows what came of it, and answers with an exit code.

mod arguments;
mod look;
mod work;

use crate::speak;
use arguments::{Arguments, Command};
use guard_core::refusal::Refusal;
use napi_derive::napi;

/// Runs `prisma-guard` with these arguments and returns its exit code: 0 done, 1 the work ran and failed or findings exist, 77 refused, 78 could not
/// decide. Not part of the public face.
#[napi(skip_typescript)]
pub fn command_line(argv: Vec<String>) -> i32 {
    let arguments = match speak::guarded(|| arguments::read(&argv)) {
        Ok(arguments) => arguments,
        Err(refusal) => return refused(&refusal, false),
    };
    let json = arguments.format == arguments::Format::Json;
    match speak::guarded(|| run(&arguments)) {
        Ok(exit_code) => exit_code,
        Err(refusal) => refused(&refusal, json),
    }
}

fn run(arguments: &Arguments) -> Result<i32, Refusal> {
    match arguments.command {
        Command::Help => look::help(),
        Command::Version => look::version(),
        Command::Explain => look::explain(arguments),
        Command::Doctor => look::doctor(arguments),
        Command::Status => look::status(arguments),
        Command::Scan => look::scan(arguments),
        Command::Install => work::install(arguments),
        Command::Uninstall => work::uninstall(arguments),
        Command::Keygen => work::keygen(),
        Command::Verify => work::verify(arguments),
        Command::Backup => work::backup(arguments),
        Command::Deploy => work::deploy(arguments),
        Command::Prove => work::prove(arguments),
    }
}

fn refused(refusal: &Refusal, json: bool) -> i32 {
    if json {
        speak::say(&guard_report::json(refusal));
    } else {
        speak::show(refusal);
    }
    refusal.exit_code()
}
