//! Who sits at the machine, jobs that are never a deployment, and the key that only CI holds.

use crate::issuer::Issuer;
use crate::policy;
use guard_core::ci::{Attestation, Attestor, Moment, SIGNING_KEY_VARIABLE, detect, generate_key};
use guard_core::digest::Digest;
use guard_core::policy::AttestationPolicy;
use guard_core::rule::Rule;
use guard_core::system::environment::Environment;
use guard_core::system::process::{Process, ProcessIdentity};
use jsonwebtoken::Algorithm;

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
