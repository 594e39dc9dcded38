//! The early decision of rule 3: what a process of some context may hold a connection string to, before any client exists.
//!
//! Knows nothing of where the string was found and how a refusal ends the process.

use crate::context::{Context, ContextKind};
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::target::{self, Class, DatabaseTarget};

/// The early decision. A production runtime is never ended: there a doubt is a note.
#[must_use = "a verdict that nobody acts on guards nothing"]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The process may hold this string.
    Pass,
    /// The same, and one line for stderr.
    PassWithNote(String),
    /// The process must end.
    Refuse(Refusal),
}

/// Decides whether a process of this context may hold a string to this target. `context` is only asked where the target is not free,
/// since reading a process's ancestors costs more than everything else here.
pub fn judge(target: &DatabaseTarget, context: impl FnOnce() -> Context) -> Verdict {
    if target.class.is_free() {
        return Verdict::Pass;
    }
    let context = context();
    match (context.kind, target.class) {
        (ContextKind::ProductionRuntime, Class::Invalid) => {
            Verdict::PassWithNote(format!("{} cannot be read: {}", target.source, target.reason))
        }
        (ContextKind::ProductionRuntime, _) | (ContextKind::Preview, Class::Unknown | Class::Invalid) => Verdict::Pass,
        (kind, _) => Verdict::Refuse(refusal(target, kind, &context.because)),
    }
}

/// What a process may do when the policy itself cannot be read: a production runtime goes on with a note, all else ends.
pub fn judge_without_policy(refusal: Refusal, context: &Context) -> Verdict {
    match context.kind {
        ContextKind::ProductionRuntime => Verdict::PassWithNote(format!("{} ({})", refusal.summary, refusal.why)),
        _ => Verdict::Refuse(refusal),
    }
}

fn refusal(target: &DatabaseTarget, kind: ContextKind, because: &str) -> Refusal {
    let process = match kind {
        ContextKind::Test => "a test process",
        ContextKind::Preview => "a preview deployment",
        ContextKind::ContinuousIntegration => "a CI process",
        ContextKind::ProductionRuntime | ContextKind::Development => "a development process",
    };
    let (rule, summary) = match target.class {
        Class::Invalid => (Rule::DatabaseUrlInvalid, "the connection string cannot be read".to_owned()),
        Class::Production => (Rule::DatabaseUrlMisuse, format!("{process} holds a connection string to production")),
        _ => (Rule::DatabaseUrlMisuse, format!("{process} holds a connection string to an undeclared remote database")),
    };
    let class = target.environment.clone().unwrap_or_else(|| target.class.name().to_owned());
    let refusal = Refusal::new(rule, summary, format!("{}; this is {process} ({because})", target.reason));
    let refusal = refusal.about(class, &target.redacted, &target.source);
    match target::declaration_line(target) {
        Some(line) if target.class == Class::Unknown => refusal.instead(format!(
            "use a local database; or, if this one holds nothing that matters, declare it in prisma-guard.json: {line}"
        )),
        _ if target.class == Class::Production => refusal.instead(
            "use a local database here; the production connection string belongs to the deploy job and to the running application only",
        ),
        _ => refusal,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge, judge_without_policy};
    use crate::context::{Context, ContextKind};
    use crate::refusal::Refusal;
    use crate::rule::Rule;
    use crate::target::{Class, ConnectionString, DatabaseTarget};

    fn target(class: Class) -> DatabaseTarget {
        DatabaseTarget {
            class,
            environment: (class == Class::Production).then(|| "production".to_owned()),
            provider: None,
            endpoints: Vec::new(),
            source: "environment DATABASE_URL".to_owned(),
            url: ConnectionString::new("postgresql://user:secret@db.example.com/shop"),
            redacted: "postgresql://db.example.com:5432/shop".to_owned(),
            matched: None,
            reason: "made for the test".to_owned(),
        }
    }

    fn verdict(kind: ContextKind, class: Class) -> Verdict {
        judge(&target(class), || Context { kind, because: "made for the test".to_owned() })
    }

    #[test]
    fn a_free_target_passes_without_looking_at_the_context() {
        for class in [Class::Local, Class::NonProduction, Class::None] {
            assert_eq!(judge(&target(class), || panic!("the context was asked")), Verdict::Pass);
        }
    }

    #[test]
    fn production_unknown_and_unreadable_targets_end_a_development_test_or_ci_process() {
        for kind in [ContextKind::Development, ContextKind::Test, ContextKind::ContinuousIntegration] {
            for (class, rule) in [
                (Class::Production, Rule::DatabaseUrlMisuse),
                (Class::Unknown, Rule::DatabaseUrlMisuse),
                (Class::Invalid, Rule::DatabaseUrlInvalid),
            ] {
                match verdict(kind, class) {
                    Verdict::Refuse(refusal) => {
                        assert_eq!(refusal.rule, rule);
                        assert!(!refusal.to_string().contains("secret"));
                    }
                    other => panic!("{kind:?} {class:?} gave {other:?}"),
                }
            }
        }
    }

    #[test]
    fn a_production_runtime_is_never_ended() {
        for class in [Class::Production, Class::Unknown, Class::Invalid] {
            assert!(!matches!(verdict(ContextKind::ProductionRuntime, class), Verdict::Refuse(_)));
        }
        let broken = Refusal::new(Rule::PolicyInvalid, "the policy cannot be read", "line 3");
        let runtime = Context { kind: ContextKind::ProductionRuntime, because: String::new() };
        assert!(matches!(judge_without_policy(broken.clone(), &runtime), Verdict::PassWithNote(_)));
        let development = Context { kind: ContextKind::Development, because: String::new() };
        assert_eq!(judge_without_policy(broken.clone(), &development), Verdict::Refuse(broken));
    }

    #[test]
    fn a_preview_is_refused_only_what_the_policy_declares() {
        assert!(matches!(verdict(ContextKind::Preview, Class::Production), Verdict::Refuse(_)));
        assert_eq!(verdict(ContextKind::Preview, Class::Unknown), Verdict::Pass);
    }
}
