//! The commands that do something: shut doors, and take the steps of a promotion.

use super::arguments::{Arguments, Format};
use super::look::json;
use crate::execute::{Outside, package_folder};
use crate::here::working_folder;
use crate::scan::scan;
use crate::speak;
use guard_core::prisma::doors::{self, Door, DoorState};
use guard_core::promotion::{self, StepOutcome};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;

pub(super) fn install(arguments: &Arguments) -> Result<i32, Refusal> {
    let folder = working_folder(None)?;
    let package = package_folder().ok_or_else(|| {
        Refusal::new(Rule::InternalError, "the folder of this package is not known", "the loader did not say it")
    })?;
    let seen = doors::install(&folder, &package.join("bin").join("prisma.js"))?;
    tell(&seen, arguments)?;
    Ok(0)
}

pub(super) fn uninstall(arguments: &Arguments) -> Result<i32, Refusal> {
    let seen = doors::uninstall(&working_folder(None)?)?;
    tell(&seen, arguments)?;
    Ok(0)
}

fn tell(seen: &[Door], arguments: &Arguments) -> Result<(), Refusal> {
    if arguments.format == Format::Json {
        speak::say(&json(&seen)?);
        return Ok(());
    }
    for door in seen.iter().filter(|door| door.state != DoorState::Absent || !arguments.postinstall) {
        speak::say(&guard_report::text::visible(&format!("prisma-guard: {}: {}", door.name, door.seen)));
    }
    Ok(())
}

pub(super) fn keygen() -> Result<i32, Refusal> {
    let key = guard_core::ci::generate_key().ok_or_else(|| {
        Refusal::new(Rule::InternalError, "no key was made", "the operating system hands out no random bytes")
    })?;
    speak::say("For prisma-guard.json, in the environment's attestation:");
    speak::say(&format!("  {{ \"kind\": \"key\", \"publicKey\": \"{}\" }}", key.public));
    speak::say(
        "For the CI's secret store, as PRISMA_GUARD_SIGNING_KEY, in the deploy job's protected environment only:",
    );
    speak::say(&format!("  {}", key.secret));
    Ok(0)
}

pub(super) fn verify(_arguments: &Arguments) -> Result<i32, Refusal> {
    let outside = Outside::new(None)?;
    let outcome = promotion::verify(&outside.world(&scan))?;
    speak::say(match outcome {
        StepOutcome::Recorded => "verification passed and is recorded",
        StepOutcome::Kept => "verification stands: the record is genuine, fresh and about the same state",
        StepOutcome::NothingPending => "verification passed: nothing is pending",
    });
    Ok(0)
}

pub(super) fn backup(_arguments: &Arguments) -> Result<i32, Refusal> {
    let outside = Outside::new(None)?;
    let outcome = promotion::backup(&outside.world(&scan))?;
    speak::say(match outcome {
        StepOutcome::Recorded => "the backup is checked and recorded",
        StepOutcome::Kept => "the backup stands: the record is genuine, fresh and about the same state",
        StepOutcome::NothingPending => "nothing is pending: no backup is needed",
    });
    Ok(0)
}

pub(super) fn deploy(_arguments: &Arguments) -> Result<i32, Refusal> {
    let outside = Outside::new(None)?;
    let outcome = promotion::deploy(&outside.world(&scan), &["migrate".to_owned(), "deploy".to_owned()])?;
    Ok(outcome.exit_code)
}

pub(super) fn prove(arguments: &Arguments) -> Result<i32, Refusal> {
    let outside = Outside::new(None)?;
    let attacks = promotion::prove(&outside.world(&scan))?;
    let through = attacks.iter().filter(|attack| !attack.refused).count();
    if arguments.format == Format::Json {
        speak::say(&json(&attacks)?);
    } else {
        for attack in &attacks {
            let mark = if attack.refused { "refused    " } else { "GOT THROUGH" };
            speak::say(&guard_report::text::visible(&format!("{mark}  {}: {}", attack.name, attack.claim)));
            speak::say(&guard_report::text::visible(&format!("             {}", attack.detail)));
        }
        speak::say(&format!("{} attacks, {} refused, {through} got through", attacks.len(), attacks.len() - through));
    }
    Ok(i32::from(through > 0))
}
