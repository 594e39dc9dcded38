//! Proof of CI against a real identity provider on loopback, honest and villain.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its fixtures as a person would"
)]

mod issuer;
mod machine;
mod provider;
mod tokens;

use guard_core::ci::{Attestation, Attestor, Moment, Proof, challenge};
use guard_core::digest::Digest;
use guard_core::policy::{AttestationPolicy, ClaimPattern};
use guard_core::refusal::Refusal;
use guard_core::rule::Rule;
use guard_core::system::clock::Timestamp;
use guard_core::system::environment::Environment;
use issuer::{Issuer, REQUEST_TOKEN};
use jsonwebtoken::Algorithm;
use serde_json::json;

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
