//! What a provider that is away, slow, rude or somebody else's proves: nothing.

use crate::issuer::{Issuer, REQUEST_TOKEN, respond};
use crate::{policy, refused};
use guard_core::ci::Attestor;
use guard_core::rule::Rule;
use guard_core::system::environment::Environment;
use jsonwebtoken::Algorithm;
use serde_json::json;
use std::time::{Duration, Instant};

#[test]
fn a_discovery_document_of_another_issuer_is_not_believed() {
    let issuer = Issuer::start(Algorithm::ES256);
    let url = issuer.url.clone();
    for wrong in [json!(format!("{url}/")), json!("https://token.actions.githubusercontent.com"), json!(null)] {
        issuer.behaviour.lock().unwrap().discovery["issuer"] = wrong;
        refused(&issuer, Rule::ProofUnavailable, "another issuer");
    }
}

#[test]
fn keys_are_not_fetched_from_an_address_that_may_not_be_asked() {
    let issuer = Issuer::start(Algorithm::ES256);
    for wrong in ["http://example.com/jwks", "file:///etc/passwd", "", "jwks", "http://user:secret@127.0.0.1/jwks"] {
        issuer.behaviour.lock().unwrap().discovery["jwks_uri"] = json!(wrong);
        refused(&issuer, Rule::ProofUnavailable, "names no keys");
    }
}

#[test]
fn an_issuer_on_http_is_asked_for_a_database_on_this_machine_only() {
    let issuer = Issuer::start(Algorithm::ES256);
    let (policy_here, job) = (policy(&issuer.url), issuer.job());
    let refusal = Attestor::new(&policy_here, &job, &[], false).prove().unwrap_err();
    assert_eq!(refusal.rule, Rule::ProofUnavailable, "{refusal}");
    let elsewhere = policy("http://issuer.example.com");
    let refusal = Attestor::new(&elsewhere, &job, &[], true).prove().unwrap_err();
    assert_eq!(refusal.rule, Rule::ProofUnavailable, "{refusal}");
    assert_eq!(issuer.asked(), Vec::<String>::new(), "nobody was asked for anything");
}

#[test]
fn redirects_are_not_followed() {
    let goal = Issuer::start(Algorithm::ES256);
    let location = format!("location: {}/jwks\r\n", goal.url);
    for path in ["/token", "/.well-known", "/jwks"] {
        let location = location.clone();
        let issuer = Issuer::start(Algorithm::ES256).with_answer(move |asked, stream| {
            let hit = asked.starts_with(path);
            if hit {
                respond(stream, "302 Found", &location, "");
            }
            hit
        });
        let rule = if path == "/token" { Rule::LocalDeployment } else { Rule::ProofUnavailable };
        refused(&issuer, rule, "HTTP status 302");
    }
    assert_eq!(goal.asked(), Vec::<String>::new());
}

#[test]
fn an_oversized_answer_is_not_read_to_its_end() {
    let issuer = Issuer::start(Algorithm::ES256).with_answer(|asked, stream| {
        let hit = asked == "/jwks";
        if hit {
            respond(stream, "200 OK", "", &format!("{{\"keys\":[\"{}\"]}}", "x".repeat(300 * 1024)));
        }
        hit
    });
    refused(&issuer, Rule::ProofUnavailable, "larger than 262144 bytes");
}

#[test]
fn a_slow_answer_ends_after_ten_seconds() {
    let issuer = Issuer::start(Algorithm::ES256).with_answer(|asked, stream| {
        let hit = asked == "/jwks";
        // One byte a second keeps every pause short; the whole is bounded all the same.
        let answer: &[u8] = if hit { b"HTTP/1.1 200 O" } else { b"" };
        for byte in answer {
            use std::io::Write as _;
            let _ = stream.write_all(&[*byte]);
            std::thread::sleep(Duration::from_secs(1));
        }
        hit
    });
    let begin = Instant::now();
    refused(&issuer, Rule::ProofUnavailable, "did not answer within 10 seconds");
    assert!(begin.elapsed() < Duration::from_secs(13), "{:?}", begin.elapsed());
}

#[test]
fn an_answer_that_is_not_json_is_no_answer() {
    let issuer = Issuer::start(Algorithm::ES256).with_answer(|asked, stream| {
        let hit = asked == "/jwks";
        if hit {
            respond(stream, "200 OK", "", "<html>");
        }
        hit
    });
    refused(&issuer, Rule::ProofUnavailable, "not JSON");
}

#[test]
fn copied_variables_prove_nothing_and_fail_at_once() {
    let closed = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let copied = |url: String| -> Environment {
        [
            ("CI", "true".to_owned()),
            ("GITHUB_ACTIONS", "true".to_owned()),
            ("NODE_ENV", "production".to_owned()),
            ("PRISMA_DEPLOYMENT_APPROVED", "true".to_owned()),
            ("ACTIONS_ID_TOKEN_REQUEST_URL", url),
            ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", REQUEST_TOKEN.to_owned()),
        ]
        .into_iter()
        .collect()
    };
    let policy = policy("https://token.actions.githubusercontent.com");
    for (url, why) in [
        (
            format!("http://{closed}/token?v=1"),
            "the variables claim GitHub Actions, but its identity provider hands out no token",
        ),
        ("http://example.com/token".to_owned(), "cannot be asked: http is allowed to a loopback address only"),
        ("nonsense".to_owned(), "cannot be asked"),
    ] {
        let begin = Instant::now();
        let environment = copied(url);
        let refusal = Attestor::new(&policy, &environment, &[], false).prove().unwrap_err();
        assert_eq!(refusal.rule, Rule::LocalDeployment);
        assert!(refusal.why.contains(why), "{refusal}");
        assert!(!format!("{refusal:?}").contains(REQUEST_TOKEN));
        assert!(begin.elapsed() < Duration::from_secs(2));
    }
}

#[test]
fn a_request_token_that_the_provider_refuses_proves_nothing() {
    let issuer = Issuer::start(Algorithm::ES256);
    let mut job = issuer.job();
    job.set("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "expired-or-copied");
    let refusal = Attestor::new(&policy(&issuer.url), &job, &[], true).prove().unwrap_err();
    assert_eq!(refusal.rule, Rule::LocalDeployment);
    assert!(refusal.why.contains("refused to hand out a token (HTTP status 401)"), "{refusal}");
    assert!(!format!("{refusal:?}").contains("expired-or-copied"));
}

#[test]
fn without_a_way_to_ask_for_a_token_nothing_is_proven() {
    let policy = policy("https://token.actions.githubusercontent.com");
    for (variable, why) in [
        ("GITHUB_ACTIONS", "id-token: write"),
        ("GITLAB_CI", "the variables claim GitLab CI/CD"),
        ("CI", "the variables claim a CI"),
        ("HOME", "no variable claims CI"),
    ] {
        let environment: Environment = [(variable, "true")].into_iter().collect();
        let refusal = Attestor::new(&policy, &environment, &[], false).prove().unwrap_err();
        assert_eq!(refusal.rule, Rule::LocalDeployment);
        assert!(refusal.why.contains(why), "{refusal}");
    }
}
