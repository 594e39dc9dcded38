//! What a token really says: its signature by a published key, then its issuer, audience, times and claims.
//!
//! Knows nothing of how keys or tokens are come by. Nothing of a token's content is read before its signature holds, but for the names of the key and
//! the algorithm in its header, and these only choose among what the issuer publishes.

use super::claims;
use super::provider::KeySet;
use super::token::MAXIMUM_TOKEN_BYTES;
use super::{Moment, Proof};
use crate::policy::ClaimPattern;
use crate::system::clock::Timestamp;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::str::FromStr as _;

/// By how much two machines' clocks may differ, in seconds.
const LEEWAY: i64 = 60;

/// Why a token is not what it should be. Shows what the signed token says, never the token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenFault {
    #[error("it is not a signed token")]
    Malformed,
    #[error("its header carries `{0}`, which would choose the key that it is checked with")]
    Header(&'static str),
    #[error("its algorithm is none that the issuer's key may sign with")]
    Algorithm,
    #[error("it is signed with a key that the issuer of the policy does not publish")]
    UnknownKey,
    #[error("its signature is not by the key that it names")]
    Signature,
    #[error("its issuer is not that of the policy")]
    Issuer,
    #[error("its audience is not the challenge that was made for it")]
    Audience,
    #[error("{0}")]
    Time(&'static str),
    #[error("the policy names no claim, so any job of the vendor would do")]
    NoClaims,
    #[error("its claim `{name}` is {found}, where the policy wants {wanted}")]
    Claim { name: String, found: String, wanted: String },
    #[error("it was issued for the event `{0}`, which deploys nothing")]
    Event(String),
}

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) audience: &'a str,
    pub(super) claims: &'a BTreeMap<String, ClaimPattern>,
    pub(super) moment: Moment,
    pub(super) now: Timestamp,
}

/// Verifies a token.
///
/// # Errors
/// See [`TokenFault`].
pub(super) fn verify(token: &str, keys: &KeySet, expected: &Expected<'_>) -> Result<Proof, TokenFault> {
    let claims = signed_claims(token, keys)?;
    let string = |name: &str| claims.get(name).and_then(Value::as_str);
    if string("iss") != Some(expected.issuer) {
        return Err(TokenFault::Issuer);
    }
    // RFC 7519, 4.1.3 allows a list; a list of one says the same, and any other audience beside ours could replay it.
    let audience = match claims.get("aud") {
        Some(Value::String(one)) => Some(one.as_str()),
        Some(Value::Array(list)) => match list.as_slice() {
            [Value::String(one)] => Some(one.as_str()),
            _ => None,
        },
        _ => None,
    };
    if audience != Some(expected.audience) {
        return Err(TokenFault::Audience);
    }
    let (issued, expires) = times(&claims, expected)?;
    if expected.claims.is_empty() {
        return Err(TokenFault::NoClaims);
    }
    for (name, pattern) in expected.claims {
        let value = claims.get(name);
        if !value.is_some_and(|value| claims::matches(pattern, value)) {
            return Err(TokenFault::Claim { name: name.clone(), found: shown(value), wanted: wanted(pattern) });
        }
    }
    events(&claims)?;
    let text = |name: &str| claims.get(name).and_then(claims::text);
    Ok(Proof {
        issuer: expected.issuer.to_owned(),
        run: text("run_id"),
        attempt: text("run_attempt"),
        commit: text("sha"),
        reference: text("ref"),
        actor: text("actor"),
        repository: text("repository"),
        issued,
        expires,
    })
}

/// The claims, once the signature holds.
fn signed_claims(token: &str, keys: &KeySet) -> Result<Map<String, Value>, TokenFault> {
    if token.len() > MAXIMUM_TOKEN_BYTES {
        return Err(TokenFault::Malformed);
    }
    let header = token.split('.').next().unwrap_or_default();
    let header = URL_SAFE_NO_PAD.decode(header).map_err(|_| TokenFault::Malformed)?;
    let header: Map<String, Value> = serde_json::from_slice(&header).map_err(|_| TokenFault::Malformed)?;
    // RFC 7515, 4.1: parameters that name or carry a key, and those that change how the token is read.
    for odd in ["jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc"] {
        if header.contains_key(odd) {
            return Err(TokenFault::Header(odd));
        }
    }
    let named = |name: &str| header.get(name).and_then(Value::as_str);
    let algorithm = named("alg").and_then(|name| Algorithm::from_str(name).ok()).ok_or(TokenFault::Algorithm)?;
    let id = named("kid").ok_or(TokenFault::UnknownKey)?;
    let mut candidates = keys.0.iter().filter(|key| key.id == id);
    let (Some(key), None) = (candidates.next(), candidates.next()) else { return Err(TokenFault::UnknownKey) };
    if !key.algorithms.contains(&algorithm) {
        return Err(TokenFault::Algorithm);
    }
    // Issuer, audience and times are checked above, where a record's moment can differ from a live one's.
    let mut validation = jsonwebtoken::Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Map<String, Value>>(token, &key.key, &validation)
        .map(|data| data.claims)
        .map_err(|_| TokenFault::Signature)
}

/// When it was issued and when it expires, once both make sense.
fn times(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(Timestamp, Timestamp), TokenFault> {
    let seconds =
        |name: &str| claims.get(name).and_then(Value::as_i64).filter(|seconds| (0..1 << 40).contains(seconds));
    let now = expected.now.0;
    let issued = seconds("iat").ok_or(TokenFault::Time("it does not say when it was issued"))?;
    let expires = seconds("exp").ok_or(TokenFault::Time("it does not say when it expires"))?;
    // GitHub and GitLab say it, CircleCI does not; `iat` bounds it from below all the same.
    let not_before = if claims.contains_key("nbf") { seconds("nbf") } else { Some(issued) };
    let not_before = not_before.ok_or(TokenFault::Time("what it says of when it begins makes no sense"))?;
    if issued > now + LEEWAY {
        return Err(TokenFault::Time("it was issued in the future"));
    }
    if expires < issued || not_before > expires || not_before > issued + LEEWAY {
        return Err(TokenFault::Time("it was never valid when it was issued"));
    }
    if expected.moment == Moment::Live {
        if expires + LEEWAY <= now {
            return Err(TokenFault::Time("it has expired"));
        }
        if not_before > now + LEEWAY {
            return Err(TokenFault::Time("it is not valid yet"));
        }
    }
    Ok((Timestamp(issued), Timestamp(expires)))
}

/// What no policy can allow: events of pull requests, GitHub's own coding agent, and CircleCI's reruns with SSH, where a person sits in the job.
fn events(signed: &Map<String, Value>) -> Result<(), TokenFault> {
    let text = |name: &str| signed.get(name).and_then(claims::text).unwrap_or_default();
    let event = text("event_name");
    if event.starts_with("pull_request") {
        return Err(TokenFault::Event(printable(&event)));
    }
    if text("ref").starts_with("refs/pull/") || text("pipeline_source") == "merge_request_event" {
        return Err(TokenFault::Event("pull request".to_owned()));
    }
    if text("workflow_ref").contains("/copilot-swe-agent/") {
        return Err(TokenFault::Event("coding agent".to_owned()));
    }
    // circleci.com/docs, "Using OpenID Connect tokens in jobs": `oidc.circleci.com/ssh-rerun`. Where it is there, only a plain no is a no.
    if signed.get("oidc.circleci.com/ssh-rerun").is_some_and(|rerun| claims::text(rerun).as_deref() != Some("false")) {
        return Err(TokenFault::Event("ssh rerun".to_owned()));
    }
    Ok(())
}

fn shown(value: Option<&Value>) -> String {
    match value {
        None => "missing".to_owned(),
        Some(value) => {
            claims::text(value).map_or_else(|| "not a text".to_owned(), |text| format!("`{}`", printable(&text)))
        }
    }
}

fn wanted(pattern: &ClaimPattern) -> String {
    match pattern {
        ClaimPattern::One(one) => format!("`{one}`"),
        ClaimPattern::Any(list) => format!("one of `{}`", list.join("`, `")),
    }
}

/// At most 200 characters, and none that moves a cursor.
fn printable(text: &str) -> String {
    text.chars().take(200).map(|character| if character.is_control() { '?' } else { character }).collect()
}
