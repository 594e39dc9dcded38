//! `validateDatabaseUrlEarly`: the first thing that runs in a process, before Prisma exists.

use crate::classify::DatabaseTarget;
use crate::here::{self, Here};
use crate::speak;
use guard_core::context::ContextKind;
use guard_core::early::{self, Verdict};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::system::environment::Environment;
use guard_core::target::{self, Class, ConnectionString, FoundUrl, FoundValue};
use napi_derive::napi;

/// What `validateDatabaseUrlEarly` may be told.
#[napi(object, object_to_js = false)]
pub struct ValidateOptions {
    /// The connection string that is about to be used; without it, DATABASE_URL of the environment or of `.env`.
    pub url: Option<String>,
    /// The folder to start from, instead of the process's own.
    pub cwd: Option<String>,
}

/// Checks the connection string that this process is about to use, before any client or socket exists, and returns it: what is checked is
/// what is used. In a development, test or CI process a string that reaches production, or a remote database that the policy does not
/// declare, **ends the process** with exit code 77; one that cannot be read with 78. No `try` catches that, and no variable changes it. In a production
/// runtime it never ends the process.
#[napi]
pub fn validate_database_url_early(options: Option<ValidateOptions>) -> DatabaseTarget {
    let (url, cwd) = options.map_or((None, None), |given| (given.url, given.cwd));
    let given = url.clone();
    match speak::guarded(|| validate(url, cwd)) {
        Ok(target) => target.into(),
        Err(refusal) => without_decision(refusal, given),
    }
}

fn validate(url: Option<String>, cwd: Option<String>) -> Result<target::DatabaseTarget, Refusal> {
    let named = cwd.is_some();
    let working_folder = here::working_folder(cwd)?;
    let policy = match here::find_policy(&working_folder, named) {
        Ok(policy) => policy,
        Err(refusal) => {
            let environment = Environment::of_process();
            act(early::judge_without_policy(refusal, &here::context(&environment)));
            None
        }
    };
    let here = Here::with_policy(working_folder, policy);
    let found = match url {
        Some(url) => Some(FoundUrl {
            role: target::Role::Url,
            source: "argument".to_owned(),
            variable: None,
            value: FoundValue::Given(ConnectionString::new(url)),
            base: here.working_folder.clone(),
        }),
        None => target::find_for_client(&here.working_folder, &here.environment),
    };
    let target = match &found {
        Some(FoundUrl { value: FoundValue::Given(url), source, base, .. }) => {
            let surroundings = target::Surroundings { base, ..here.surroundings() };
            target::classify(url.reveal(), source, &surroundings)
        }
        _ => nothing_found(),
    };
    act(early::judge(&target, || here::context(&here.environment)));
    Ok(target)
}

/// Acts on a verdict: a refusal ends the process here and now.
fn act(verdict: Verdict) {
    match verdict {
        Verdict::Pass => {}
        Verdict::PassWithNote(line) => speak::note(&line),
        Verdict::Refuse(refusal) => speak::end(&refusal),
    }
}

/// The guard could not decide (a panic, a working folder that is gone): refused, but in a production runtime, where it is one line.
fn without_decision(refusal: Refusal, url: Option<String>) -> DatabaseTarget {
    let environment = Environment::of_process();
    let kind = speak::guarded(|| Ok(here::context(&environment).kind));
    if kind != Ok(ContextKind::ProductionRuntime) {
        speak::end(&refusal);
    }
    speak::note(&format!("the connection string was not checked: {}", refusal.why));
    let url = url.or_else(|| environment.get("DATABASE_URL").map(str::to_owned)).unwrap_or_default();
    target::DatabaseTarget {
        class: Class::Unknown,
        url: ConnectionString::new(url),
        reason: format!("it was not checked ({})", Rule::InternalError),
        ..nothing_found()
    }
    .into()
}

/// No connection string anywhere: nothing to refuse.
fn nothing_found() -> target::DatabaseTarget {
    target::DatabaseTarget {
        class: Class::None,
        environment: None,
        provider: None,
        endpoints: Vec::new(),
        source: "environment DATABASE_URL".to_owned(),
        url: ConnectionString::default(),
        redacted: String::new(),
        matched: None,
        reason: "neither the environment nor .env holds a DATABASE_URL".to_owned(),
    }
}
