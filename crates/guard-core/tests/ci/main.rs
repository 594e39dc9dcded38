//! Proof of CI against a real identity provider on loopback, honest and villain.

mod issuer;

use guard_core::ci::{Attestation, Attestor, Moment, Proof, SIGNING_KEY_VARIABLE, challenge, detect, generate_key};
use guard_core::digest::Digest;
use guard_core::policy::{AttestationPolicy, ClaimPattern};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::system::clock::Timestamp;
use guard_core::system::environment::Environment;
use guard_core::system::process::{Process, ProcessIdentity};
use issuer::{Issuer, REQUEST_TOKEN, SigningKey, message, respond};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;
use std::time::{Duration, Instant};

fn policy(issuer: &str) -> AttestationPolicy {
    let one = |text: &str| ClaimPattern::One(text.to_owned());
    AttestationPolicy::Oidc {
        issuer: issuer.to_owned(),
        claims: [
            ("repository_id".to_owned(), one("123456")),
            ("ref".to_owned(), one("refs/heads/main")),
            ("environment".to_owned(), one("production")),
        ]
        .into(),
    }
}

fn prove(issuer: &Issuer) -> Result<Proof, Refusal> {
    Attestor::new(&policy(&issuer.url), &issuer.job(), &[], true).prove()
}

/// Proves, is refused for this reason, and shows nothing that is secret.
fn refused(issuer: &Issuer, rule: Rule, why: &str) {
    let refusal = prove(issuer).unwrap_err();
    assert_eq!(refusal.rule, rule, "{refusal}");
    assert!(refusal.why.contains(why), "{refusal}");
    let shown = format!("{refusal} {refusal:?}");
    assert!(!shown.contains(REQUEST_TOKEN) && !shown.contains("eyJ"), "{shown}");
}

#[test]
fn an_honest_job_is_proven_with_every_kind_of_key() {
    for algorithm in [Algorithm::RS256, Algorithm::RS512, Algorithm::ES256, Algorithm::EdDSA] {
        let issuer = Issuer::start(algorithm);
        let proof = prove(&issuer).unwrap();
        assert_eq!(proof.run.as_deref(), Some("77"));
        assert_eq!(proof.attempt.as_deref(), Some("2"));
        assert_eq!(proof.commit.as_deref(), Some("1111111111111111111111111111111111111111"));
        assert_eq!(proof.reference.as_deref(), Some("refs/heads/main"));
        assert_eq!(proof.actor.as_deref(), Some("ada"));
        assert_eq!(proof.repository.as_deref(), Some("acme/shop"));
        assert_eq!(proof.expires.0 - proof.issued.0, 300);
    }
}

#[test]
fn each_challenge_is_new_and_goes_percent_encoded_after_the_query_that_is_there() {
    let issuer = Issuer::start(Algorithm::ES256);
    prove(&issuer).unwrap();
    prove(&issuer).unwrap();
    let asked = issuer.asked();
    let tokens: Vec<_> = asked.iter().filter(|path| path.starts_with("/token")).collect();
    assert_eq!(tokens.len(), 2);
    assert_ne!(tokens[0], tokens[1]);
    assert!(tokens[0].starts_with("/token?api-version=2.0&audience=prisma-guard%3Asha256%3A"), "{tokens:?}");
}

#[test]
fn keys_are_fetched_once_in_the_life_of_an_attestor() {
    let issuer = Issuer::start(Algorithm::ES256);
    let (policy, job) = (policy(&issuer.url), issuer.job());
    let attestor = Attestor::new(&policy, &job, &[], true);
    let digest = Digest::of(b"record");
    let (attestation, _) = attestor.attest(&digest).unwrap();
    attestor.verify(&digest, &attestation, Moment::Recorded).unwrap();
    assert_eq!(issuer.asked().iter().filter(|path| *path == "/jwks").count(), 1);
}

#[test]
fn a_record_is_verified_elsewhere_and_only_for_the_digest_that_was_signed() {
    let issuer = Issuer::start(Algorithm::RS256);
    let (policy, job, elsewhere) = (policy(&issuer.url), issuer.job(), Environment::default());
    let digest = Digest::of(b"record");
    let (attestation, _) = Attestor::new(&policy, &job, &[], true).attest(&digest).unwrap();
    let other = Attestor::new(&policy, &elsewhere, &[], true);
    assert_eq!(other.verify(&digest, &attestation, Moment::Recorded).unwrap().run.as_deref(), Some("77"));
    let refusal = other.verify(&Digest::of(b"another record"), &attestation, Moment::Recorded).unwrap_err();
    assert_eq!(refusal.rule, Rule::RecordNotGenuine);
    assert!(!format!("{attestation:?}").contains("eyJ"), "a token never shows itself");
}

#[test]
fn a_token_that_has_expired_still_verifies_a_record_but_proves_nothing_now() {
    let issuer = Issuer::start(Algorithm::ES256).with_claims(|claims| {
        let now = Timestamp::now().0;
        claims.extend([
            ("iat".into(), json!(now - 4000)),
            ("nbf".into(), json!(now - 4000)),
            ("exp".into(), json!(now - 3700)),
        ]);
    });
    refused(&issuer, Rule::LocalDeployment, "expired");
    let (policy, empty) = (policy(&issuer.url), Environment::default());
    let digest = Digest::of(b"record");
    let token = token_of(&issuer, &challenge(&digest));
    let attestor = Attestor::new(&policy, &empty, &[], true);
    let proof = attestor.verify(&digest, &Attestation::Oidc { token: token.clone() }, Moment::Recorded).unwrap();
    assert!(Timestamp::now().0 - proof.issued.0 >= 4000, "its age counts from when it was issued");
    let live = attestor.verify(&digest, &Attestation::Oidc { token }, Moment::Live).unwrap_err();
    assert_eq!(live.rule, Rule::RecordNotGenuine);
}

/// A token as the endpoint hands it out, without any check.
fn token_of(issuer: &Issuer, audience: &str) -> String {
    let address =
        guard_core::system::network::Address::parse(&format!("{}/token?api-version=2.0", issuer.url)).unwrap();
    let bearer = format!("Bearer {REQUEST_TOKEN}");
    let answer = guard_core::system::network::get_json(
        &address.with_parameter("audience", audience),
        &[("authorization", &bearer)],
    );
    answer.unwrap()["value"].as_str().unwrap().to_owned()
}

#[test]
fn a_token_with_wrong_claims_proves_nothing() {
    for (name, value, why) in [
        ("repository_id", json!("654321"), "`repository_id` is `654321`, where the policy wants `123456`"),
        ("repository_id", json!(null), "`repository_id` is not a text"),
        ("repository_id", json!(["123456"]), "`repository_id` is not a text"),
        ("ref", json!("refs/heads/main2"), "`ref` is `refs/heads/main2`"),
        ("ref", json!("refs/heads/main\u{1b}[2J"), "`ref` is `refs/heads/main?[2J`"),
        ("environment", json!("staging"), "`environment` is `staging`"),
        ("iss", json!("https://token.actions.githubusercontent.com"), "issuer"),
        ("iss", json!(["x"]), "issuer"),
        ("aud", json!("https://github.com/acme"), "audience"),
        ("aud", json!(["a", "b"]), "audience"),
        ("event_name", json!("pull_request"), "event `pull_request`"),
        ("event_name", json!("pull_request_target"), "event `pull_request_target`"),
        ("workflow_ref", json!("dynamic/copilot-swe-agent/copilot@x"), "coding agent"),
        ("oidc.circleci.com/ssh-rerun", json!(true), "ssh rerun"),
    ] {
        let issuer = Issuer::start(Algorithm::ES256).with_claims(move |claims| {
            claims.insert(name.to_owned(), value.clone());
        });
        refused(&issuer, Rule::LocalDeployment, why);
    }
    for (name, why) in [("repository_id", "`repository_id` is missing"), ("aud", "audience"), ("iss", "issuer")] {
        let issuer = Issuer::start(Algorithm::ES256).with_claims(move |claims| {
            claims.remove(name);
        });
        refused(&issuer, Rule::LocalDeployment, why);
    }
}

#[test]
fn an_audience_beside_ours_proves_nothing() {
    let issuer = Issuer::start(Algorithm::ES256).with_claims(|claims| {
        let ours = claims["aud"].clone();
        claims.insert("aud".to_owned(), json!([ours, "https://elsewhere.example"]));
    });
    refused(&issuer, Rule::LocalDeployment, "audience");
}

#[test]
fn a_token_with_odd_times_proves_nothing() {
    let now = Timestamp::now().0;
    for (name, value, why) in [
        ("exp", json!(now - 61), "was never valid"),
        ("exp", json!("soon"), "when it expires"),
        ("exp", json!(1e300), "when it expires"),
        ("iat", json!(now + 3600), "in the future"),
        ("iat", json!(-5), "when it was issued"),
        ("nbf", json!(now + 200), "was never valid"),
        ("nbf", json!("later"), "when it begins"),
    ] {
        let issuer = Issuer::start(Algorithm::ES256).with_claims(move |claims| {
            claims.insert(name.to_owned(), value.clone());
        });
        refused(&issuer, Rule::LocalDeployment, why);
    }
    for (name, why) in [("exp", "when it expires"), ("iat", "when it was issued")] {
        let issuer = Issuer::start(Algorithm::ES256).with_claims(move |claims| {
            claims.remove(name);
        });
        refused(&issuer, Rule::LocalDeployment, why);
    }
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let issuer = Issuer::start(Algorithm::ES256).with_claims(|claims| {
        let now = Timestamp::now().0;
        claims.extend([("iat".into(), json!(now + 30)), ("nbf".into(), json!(now + 30))]);
    });
    prove(&issuer).unwrap();
}

#[test]
fn a_token_without_a_signature_proves_nothing() {
    for algorithm in ["none", "None", "NONE", ""] {
        let issuer = Issuer::start(Algorithm::RS256).with_forge(move |_, claims| {
            format!("{}.", message(&json!({ "alg": algorithm, "kid": "key-1" }), &claims))
        });
        refused(&issuer, Rule::LocalDeployment, "algorithm");
    }
    let stripped =
        Issuer::start(Algorithm::RS256).with_forge(|key, claims| format!("{}.", message(&key.header(), &claims)));
    refused(&stripped, Rule::LocalDeployment, "signature");
    for garbage in ["a.b.c", "..", "x", "eyJhbGciOiJSUzI1NiJ9", "{}"] {
        let issuer = Issuer::start(Algorithm::RS256).with_forge(move |_, _| garbage.to_owned());
        refused(&issuer, Rule::LocalDeployment, "does not prove it");
    }
}

#[test]
fn a_public_key_used_as_a_shared_secret_proves_nothing() {
    let issuer = Issuer::start(Algorithm::RS256).with_forge(|key, claims| {
        let modulus = key.published()["n"].as_str().unwrap().to_owned();
        let villain = SigningKey {
            published: None,
            id: key.id.clone(),
            algorithm: Algorithm::HS256,
            key: EncodingKey::from_secret(modulus.as_bytes()),
        };
        villain.sign(&villain.header(), &claims)
    });
    refused(&issuer, Rule::LocalDeployment, "algorithm");
}

#[test]
fn a_shared_secret_among_the_published_keys_is_no_key() {
    let issuer = Issuer::start(Algorithm::RS256);
    issuer.behaviour.lock().unwrap().published =
        vec![json!({ "kty": "oct", "k": "c2VjcmV0", "kid": "key-1", "alg": "HS256" })];
    refused(&issuer, Rule::ProofUnavailable, "publishes no key");
}

#[test]
fn another_key_under_the_published_name_proves_nothing() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let villain = SigningKey::new("key-1", algorithm);
        let issuer = Issuer::start(algorithm).with_forge(move |_, claims| villain.sign(&villain.header(), &claims));
        refused(&issuer, Rule::LocalDeployment, "signature");
    }
}

#[test]
fn an_algorithm_of_another_family_than_the_published_key_proves_nothing() {
    let villain = SigningKey::new("key-1", Algorithm::ES256);
    let issuer = Issuer::start(Algorithm::RS256).with_forge(move |_, claims| villain.sign(&villain.header(), &claims));
    refused(&issuer, Rule::LocalDeployment, "algorithm");
    let narrower = Issuer::start(Algorithm::RS256).with_forge(|key, claims| {
        let wider =
            SigningKey { id: key.id.clone(), algorithm: Algorithm::RS512, key: key.key.clone(), published: None };
        wider.sign(&wider.header(), &claims)
    });
    refused(&narrower, Rule::LocalDeployment, "algorithm");
}

#[test]
fn a_header_that_brings_its_own_key_proves_nothing() {
    for name in ["jku", "jwk", "x5u", "x5c", "crit"] {
        let issuer = Issuer::start(Algorithm::ES256).with_forge(move |key, claims| {
            let villain = SigningKey::new("key-1", Algorithm::ES256);
            let mut header = villain.header();
            header[name] = if name == "jwk" { villain.published() } else { json!("http://127.0.0.1:9/jwks") };
            let _ = key;
            villain.sign(&header, &claims)
        });
        refused(&issuer, Rule::LocalDeployment, name);
        assert!(!issuer.asked().iter().any(|path| path.contains("villain")));
    }
}

#[test]
fn a_token_that_names_no_published_key_proves_nothing_and_verifies_nothing() {
    for id in [json!("key-2"), json!(null), json!("")] {
        let issuer = Issuer::start(Algorithm::ES256).with_forge(move |key, claims| {
            let mut header = key.header();
            header["kid"] = id.clone();
            key.sign(&header, &claims)
        });
        refused(&issuer, Rule::LocalDeployment, "does not publish");
        let (policy, empty) = (policy(&issuer.url), Environment::default());
        let digest = Digest::of(b"record");
        let attestation = Attestation::Oidc { token: token_of(&issuer, &challenge(&digest)) };
        let refusal = Attestor::new(&policy, &empty, &[], true).verify(&digest, &attestation, Moment::Recorded);
        assert_eq!(refusal.unwrap_err().rule, Rule::ProofUnavailable);
    }
}

#[test]
fn a_name_that_two_published_keys_share_chooses_neither() {
    let issuer = Issuer::start(Algorithm::ES256);
    let twin = SigningKey::new("key-1", Algorithm::ES256).published();
    issuer.behaviour.lock().unwrap().published.push(twin);
    refused(&issuer, Rule::LocalDeployment, "does not publish");
}

#[test]
fn a_key_for_encryption_signs_nothing() {
    let issuer = Issuer::start(Algorithm::ES256);
    issuer.behaviour.lock().unwrap().published[0]["use"] = json!("enc");
    refused(&issuer, Rule::ProofUnavailable, "publishes no key");
}

#[test]
fn a_policy_without_claims_trusts_nobody() {
    let issuer = Issuer::start(Algorithm::ES256);
    let policy = AttestationPolicy::Oidc { issuer: issuer.url.clone(), claims: std::collections::BTreeMap::new() };
    let refusal = Attestor::new(&policy, &issuer.job(), &[], true).prove().unwrap_err();
    assert_eq!(refusal.rule, Rule::LocalDeployment);
}

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

#[test]
fn when_a_token_was_handed_out_but_the_policys_provider_is_away_nothing_is_decided() {
    let endpoint = Issuer::start(Algorithm::ES256);
    let away = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let refusal = Attestor::new(&policy(&away), &endpoint.job(), &[], true).prove().unwrap_err();
    assert_eq!(refusal.rule, Rule::ProofUnavailable, "{refusal}");
    assert_eq!(refusal.exit_code(), 78);
}

fn process(pid: u32, name: &str, terminal: bool) -> Process {
    Process {
        identity: ProcessIdentity { pid, start: 1 },
        parent: 1,
        name: name.to_owned(),
        command: vec![name.to_owned()],
        executable: None,
        terminal,
    }
}

#[test]
fn who_sits_at_the_machine_contradicts_before_anyone_is_asked() {
    let issuer = Issuer::start(Algorithm::ES256);
    let (policy, job) = (policy(&issuer.url), issuer.job());
    for (one, why) in [
        (process(7, "code", false), "the editor `code` (process 7)"),
        (process(7, "claude", false), "the coding agent `claude` (process 7)"),
        (process(7, "sshd", false), "the terminal `sshd` (process 7)"),
        (process(7, "bash", true), "the shell with a terminal `bash` (process 7)"),
        (process(7, "node", true), "process 7 among those that started this one has a controlling terminal"),
    ] {
        let refusal = Attestor::new(&policy, &job, &[process(9, "npm", false), one], true).prove().unwrap_err();
        assert_eq!(refusal.rule, Rule::LocalDeployment);
        assert!(refusal.why.contains(why), "{refusal}");
    }
    assert_eq!(issuer.asked(), Vec::<String>::new());
    let runner = [process(9, "sh", false), process(8, "bash", false), process(7, "Runner.Worker", false)];
    Attestor::new(&policy, &job, &runner, true).prove().unwrap();
}

#[test]
fn jobs_of_pull_requests_and_of_coding_agents_are_refused_before_anyone_is_asked() {
    let issuer = Issuer::start(Algorithm::ES256);
    let policy = policy(&issuer.url);
    for (name, value, why) in [
        ("GITHUB_EVENT_NAME", "pull_request_target", "pull request"),
        ("GITHUB_REF", "refs/pull/7/merge", "pull request"),
        ("CI_MERGE_REQUEST_IID", "7", "pull request"),
        ("BUILDKITE_PULL_REQUEST", "7", "pull request"),
        ("CLAUDECODE", "1", "coding agent"),
        ("GITHUB_WORKFLOW_REF", "a/b/dynamic/copilot-swe-agent/copilot@x", "coding agent"),
    ] {
        let mut job = issuer.job();
        job.set(name, value);
        let refusal = Attestor::new(&policy, &job, &[], true).prove().unwrap_err();
        assert_eq!(refusal.rule, Rule::LocalDeployment);
        assert!(refusal.why.contains(why) && refusal.why.contains(name), "{refusal}");
    }
    assert_eq!(issuer.asked(), Vec::<String>::new());
}

#[test]
fn a_key_that_only_ci_holds_attests_and_another_does_not() {
    let (key, other) = (generate_key().unwrap(), generate_key().unwrap());
    assert!(!format!("{key:?}").contains(&key.secret));
    let policy = AttestationPolicy::Key { public_key: key.public.clone() };
    let job: Environment = [(SIGNING_KEY_VARIABLE, key.secret.as_str())].into_iter().collect();
    let digest = Digest::of(b"record");
    let attestor = Attestor::new(&policy, &job, &[], false);
    let (attestation, proof) = attestor.attest(&digest).unwrap();
    assert_eq!(proof.issuer, "key");
    attestor.prove().unwrap();

    let empty = Environment::default();
    let elsewhere = Attestor::new(&policy, &empty, &[], false);
    elsewhere.verify(&digest, &attestation, Moment::Recorded).unwrap();
    let wrong_digest = elsewhere.verify(&Digest::of(b"x"), &attestation, Moment::Recorded).unwrap_err();
    assert_eq!(wrong_digest.rule, Rule::RecordNotGenuine);
    for signature in ["", "AAAA", &"A".repeat(86), "not base64!"] {
        let forged = Attestation::Key { signature: signature.to_owned() };
        assert_eq!(elsewhere.verify(&digest, &forged, Moment::Recorded).unwrap_err().rule, Rule::RecordNotGenuine);
    }
    for secret in [other.secret.as_str(), "ed25519-secret:AAAA", key.public.as_str(), "x"] {
        let villain: Environment = [(SIGNING_KEY_VARIABLE, secret)].into_iter().collect();
        let refusal = Attestor::new(&policy, &villain, &[], false).prove().unwrap_err();
        assert_eq!(refusal.rule, Rule::LocalDeployment);
        assert!(secret == "x" || !format!("{refusal:?}").contains(secret), "{refusal:?}");
    }
    assert_eq!(elsewhere.prove().unwrap_err().rule, Rule::LocalDeployment);
}

#[test]
fn an_attestation_of_another_kind_than_the_policys_verifies_nothing() {
    let issuer = Issuer::start(Algorithm::ES256);
    let (oidc, job) = (policy(&issuer.url), issuer.job());
    let key = generate_key().unwrap();
    let by_key = AttestationPolicy::Key { public_key: key.public };
    let digest = Digest::of(b"record");
    let (token, _) = Attestor::new(&oidc, &job, &[], true).attest(&digest).unwrap();
    let environment: Environment = [(SIGNING_KEY_VARIABLE, key.secret)].into_iter().collect();
    let (signature, _) = Attestor::new(&by_key, &environment, &[], true).attest(&digest).unwrap();
    for (policy, attestation) in [(&oidc, signature), (&by_key, token)] {
        let refusal =
            Attestor::new(policy, &job, &[], true).verify(&digest, &attestation, Moment::Recorded).unwrap_err();
        assert_eq!(refusal.rule, Rule::RecordNotGenuine);
    }
}

#[test]
fn detection_says_what_is_claimed_and_whether_a_token_could_be_asked_for() {
    let nothing = detect(&Environment::default());
    assert!(!nothing.claimed && nothing.vendor.is_none() && !nothing.can_request_token);
    let generic = detect(&[("CI", "true")].into_iter().collect());
    assert!(generic.claimed && generic.vendor.is_none());
    assert!(!detect(&[("CI", "false")].into_iter().collect()).claimed);
    for (variable, vendor) in [
        ("GITHUB_ACTIONS", "\"github-actions\""),
        ("GITLAB_CI", "\"gitlab\""),
        ("CIRCLECI", "\"circleci\""),
        ("BUILDKITE", "\"buildkite\""),
        ("BITBUCKET_BUILD_NUMBER", "\"bitbucket\""),
        ("TF_BUILD", "\"azure-devops\""),
        ("BUILDER_OUTPUT", "\"google-cloud-build\""),
    ] {
        let seen = detect(&[(variable, "true")].into_iter().collect());
        assert_eq!(serde_json::to_string(&seen.vendor.unwrap()).unwrap(), vendor);
        assert!(seen.claimed && !seen.can_request_token);
    }
    let issuer = Issuer::start(Algorithm::ES256);
    assert!(detect(&issuer.job()).can_request_token);
}
