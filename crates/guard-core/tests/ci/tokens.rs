//! What tokens that are not ours to trust prove: nothing.

use crate::issuer::{Issuer, SigningKey, message};
use crate::{policy, prove, refused, token_of};
use guard_core::ci::{Attestation, Attestor, Moment, challenge};
use guard_core::digest::Digest;
use guard_core::policy::AttestationPolicy;
use guard_core::rule::Rule;
use guard_core::system::clock::Timestamp;
use guard_core::system::environment::Environment;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::json;

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
        ("pipeline_source", json!("merge_request_event"), "pull request"),
        ("oidc.circleci.com/ssh-rerun", json!(true), "ssh rerun"),
        ("oidc.circleci.com/ssh-rerun", json!("True"), "ssh rerun"),
        ("oidc.circleci.com/ssh-rerun", json!(1), "ssh rerun"),
        ("oidc.circleci.com/ssh-rerun", json!(null), "ssh rerun"),
        ("oidc.circleci.com/ssh-rerun", json!([true]), "ssh rerun"),
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
fn a_job_that_is_plainly_no_rerun_with_ssh_proves_what_it_says() {
    for no in [json!(false), json!("false")] {
        let issuer = Issuer::start(Algorithm::ES256).with_claims(move |claims| {
            claims.insert("oidc.circleci.com/ssh-rerun".to_owned(), no.clone());
        });
        prove(&issuer).unwrap();
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
