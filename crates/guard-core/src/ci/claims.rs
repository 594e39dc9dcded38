//! The policy's patterns for claims.
//!
//! Knows nothing of tokens: it compares one verified value with what the policy allows.

use crate::policy::ClaimPattern;
use serde_json::Value;

/// Whether a claim's value is one that the policy allows. Numbers and booleans are compared by their JSON text; null, lists and objects match
/// nothing, not even `*`.
pub(super) fn matches(pattern: &ClaimPattern, value: &Value) -> bool {
    let Some(text) = text(value) else { return false };
    match pattern {
        ClaimPattern::One(pattern) => matches_text(pattern, &text),
        ClaimPattern::Any(patterns) => patterns.iter().any(|pattern| matches_text(pattern, &text)),
    }
}

/// A claim as text, where it is a string, a number or a boolean.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(boolean) => Some(boolean.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The whole text against the whole pattern; `*` stands for any run of characters. Text with control characters matches nothing: no vendor writes
/// such a claim.
fn matches_text(pattern: &str, text: &str) -> bool {
    if pattern.is_empty() || text.chars().any(char::is_control) {
        return false;
    }
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        let Some(place) = rest.find(part) else { return false };
        rest = rest.get(place + part.len()..).unwrap_or_default();
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;
    use crate::policy::ClaimPattern;
    use serde_json::{Value, json};

    fn one(pattern: &str, value: &Value) -> bool {
        matches(&ClaimPattern::One(pattern.to_owned()), value)
    }

    #[test]
    fn patterns_are_anchored_at_both_ends() {
        assert!(one("refs/heads/main", &json!("refs/heads/main")));
        for wrong in
            ["refs/heads/main2", "xrefs/heads/main", "refs/heads/Main", "refs/heads/main ", "", "refs/heads/main\n"]
        {
            assert!(!one("refs/heads/main", &json!(wrong)), "{wrong:?}");
        }
    }

    #[test]
    fn a_star_stands_for_any_run_and_parts_never_overlap() {
        assert!(one("refs/tags/v*", &json!("refs/tags/v1.2")));
        assert!(one("*", &json!("anything")) && one("a*b*c", &json!("a-b-b-c")) && one("a*", &json!("a")));
        assert!(!one("refs/tags/v*", &json!("refs/heads/v1")));
        assert!(!one("ab*ba", &json!("aba")), "first and last part may not share a character");
        assert!(!one("a*b*c", &json!("a-c-b")) && !one("*x", &json!("xy")));
        assert!(!one("refs/heads/*", &json!("refs/heads/a\nb")), "nothing odd");
    }

    #[test]
    fn what_is_no_regular_expression_is_taken_literally() {
        assert!(
            !one("a.c", &json!("abc"))
                && !one("[a]", &json!("a"))
                && one("a?c", &json!("a?c"))
                && !one("a?c", &json!("abc"))
        );
    }

    #[test]
    fn numbers_and_booleans_are_compared_by_their_text_and_the_rest_matches_nothing() {
        assert!(one("123456", &json!(123_456)) && one("true", &json!(true)));
        for odd in [json!(null), json!(["x"]), json!({ "x": 1 }), json!([])] {
            assert!(!one("*", &odd), "{odd}");
        }
    }

    #[test]
    fn a_list_is_any_of_its_patterns_and_an_empty_list_is_none() {
        let list = ClaimPattern::Any(vec!["a".into(), "b*".into()]);
        assert!(matches(&list, &json!("bc")) && matches(&list, &json!("a")) && !matches(&list, &json!("c")));
        assert!(!matches(&ClaimPattern::Any(Vec::new()), &json!("")));
        assert!(!one("", &json!("")));
    }
}
