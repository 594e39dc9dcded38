//! What the types of a policy allow and its meaning does not: patterns, issuers, claims, keys, paths.

use super::load::Problem;
use super::pattern;
use super::{AttestationPolicy, ClaimPattern, Policy, host};
use base64::Engine as _;
use std::collections::BTreeMap;
use std::path::{Component, Path};

/// Objects where objects belong: serde also takes a list for a struct, and an empty one for a struct of defaults.
pub(super) fn shapes(value: &serde_json::Value) -> Result<(), Problem> {
    fn object(value: &serde_json::Value, path: &str) -> Result<(), Problem> {
        if value.is_array() { Err(Problem::new(path, "invalid type: a list, expected an object")) } else { Ok(()) }
    }
    fn member(value: &serde_json::Value, path: &str, name: &str) -> Result<(), Problem> {
        let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        value.get(name).map_or(Ok(()), |inner| object(inner, &path))
    }
    object(value, "")?;
    for name in ["environments", "nonProduction", "scan", "engine"] {
        member(value, "", name)?;
    }
    for (name, environment) in value.get("environments").and_then(serde_json::Value::as_object).into_iter().flatten() {
        let path = format!("environments.{name}");
        object(environment, &path)?;
        member(environment, &path, "attestation")?;
        member(environment, &path, "backup")?;
        if let Some(backup) = environment.get("backup") {
            member(backup, &format!("{path}.backup"), "store")?;
        }
    }
    let allowances = value.get("scan").and_then(|scan| scan.get("allow")).and_then(serde_json::Value::as_array);
    for (index, allowance) in allowances.into_iter().flatten().enumerate() {
        object(allowance, &format!("scan.allow[{index}]"))?;
    }
    Ok(())
}

/// Claims as they stand in the text: serde's own message for them names neither the claim nor the reason.
pub(super) fn claims(value: &serde_json::Value) -> Result<(), Problem> {
    let environments = value.get("environments").and_then(serde_json::Value::as_object);
    for (name, environment) in environments.into_iter().flatten() {
        let claims = environment.get("attestation").and_then(|attestation| attestation.get("claims"));
        for (claim, expected) in claims.and_then(serde_json::Value::as_object).into_iter().flatten() {
            let right = match expected {
                serde_json::Value::String(_) => true,
                serde_json::Value::Array(items) => items.iter().all(serde_json::Value::is_string),
                _ => false,
            };
            if !right {
                let path = format!("environments.{name}.attestation.claims.{claim}");
                return Err(Problem::new(path, "a claim is a string or a list of strings, numbers in quotes"));
            }
        }
    }
    Ok(())
}

pub(super) fn policy(policy: &Policy) -> Result<(), Problem> {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    for (name, environment) in &policy.environments {
        let path = format!("environments.{name}");
        if name.is_empty() || name.chars().any(|character| character.is_control() || character.is_whitespace()) {
            return Err(Problem::new(path, "an environment's name is not empty and holds no space"));
        }
        if environment.databases.is_empty() {
            return Err(Problem::new(format!("{path}.databases"), "an environment has at least one database"));
        }
        patterns(&environment.databases, &format!("{path}.databases"), &format!("environments.{name}"), &mut owners)?;
        attestation(&environment.attestation, &format!("{path}.attestation"))?;
        if let Some(store) = &environment.backup.store
            && store.directory.trim().is_empty()
        {
            return Err(Problem::new(
                format!("{path}.backup.store.directory"),
                "a store is a folder, and this names none",
            ));
        }
    }
    patterns(&policy.non_production.databases, "nonProduction.databases", "nonProduction", &mut owners)?;
    if !is_inside(&policy.deploy_script) {
        return Err(Problem::new(
            "deployScript",
            "the deploy script is a file of the project, relative to the policy, without `..`",
        ));
    }
    for (index, allowance) in policy.scan.allow.iter().enumerate() {
        let path = format!("scan.allow[{index}]");
        if allowance.reason.trim().is_empty() {
            return Err(Problem::new(format!("{path}.reason"), "an allowance has a reason"));
        }
        if !is_digest(&allowance.digest) {
            return Err(Problem::new(format!("{path}.digest"), "a digest is 64 characters of lower-case hexadecimal"));
        }
    }
    match &policy.engine {
        Some(engine) if !is_digest(&engine.sha256) => {
            Err(Problem::new("engine.sha256", "a digest is 64 characters of lower-case hexadecimal"))
        }
        Some(engine) if engine.path.trim().is_empty() => {
            Err(Problem::new("engine.path", "an engine is a file, and this names none"))
        }
        _ => Ok(()),
    }
}

fn is_digest(text: &str) -> bool {
    crate::digest::Digest::from_hexadecimal(text).is_some()
}

fn patterns(texts: &[String], path: &str, owner: &str, owners: &mut BTreeMap<String, String>) -> Result<(), Problem> {
    for (index, text) in texts.iter().enumerate() {
        let at = format!("{path}[{index}]");
        let pattern = pattern::parse(text).map_err(|sentence| Problem::new(at.clone(), sentence))?;
        let canonical = pattern.to_string().to_lowercase();
        if let Some(other) = owners.insert(canonical, owner.to_owned())
            && other != owner
        {
            return Err(Problem::new(
                at,
                format!("the same pattern stands in {other}: a database is one or the other"),
            ));
        }
    }
    Ok(())
}

fn attestation(attestation: &AttestationPolicy, path: &str) -> Result<(), Problem> {
    match attestation {
        AttestationPolicy::Oidc { issuer: url, claims } => {
            issuer(url).map_err(|sentence| Problem::new(format!("{path}.issuer"), sentence))?;
            if claims.is_empty() {
                return Err(Problem::new(format!("{path}.claims"), "at least one claim says whose deployment it is"));
            }
            for (name, claim) in claims {
                let values: &[String] = match claim {
                    ClaimPattern::One(value) => std::slice::from_ref(value),
                    ClaimPattern::Any(values) => values,
                };
                let hollow =
                    |value: &String| value.chars().all(|character| character == '*' || character.is_whitespace());
                if name.is_empty() || values.is_empty() || values.iter().any(hollow) {
                    let sentence = "a claim has a name and a value, and a value is more than `*`";
                    return Err(Problem::new(format!("{path}.claims.{name}"), sentence));
                }
            }
            Ok(())
        }
        AttestationPolicy::Key { public_key } => {
            let raw = public_key
                .strip_prefix("ed25519:")
                .and_then(|text| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(text).ok());
            match raw {
                Some(bytes) if bytes.len() == 32 => Ok(()),
                _ => Err(Problem::new(
                    format!("{path}.publicKey"),
                    "a public key is `ed25519:` and 32 bytes in base64url without padding, as `prisma-guard keygen` prints it",
                )),
            }
        }
    }
}

/// https, or http on this machine; nothing in it that a token's `iss` would not hold (OpenID Connect Discovery 1.0, section 3).
fn issuer(text: &str) -> Result<(), String> {
    let url = url::Url::parse(text).map_err(|error| format!("the issuer is not a URL: {error}"))?;
    if text.trim() != text
        || !url.username().is_empty()
        || url.password().is_some()
        || text.contains(['@', '?', '#', '\\'])
    {
        return Err("the issuer is a plain URL without user, query, fragment or space".to_owned());
    }
    let on_this_machine = url.host_str().is_some_and(|name| {
        let name = host::canonical(name);
        host::is_loopback(&name)
            && name != "0.0.0.0"
            && name != "::"
            && (name == "localhost" || host::is_address(&name))
    });
    match url.scheme() {
        "https" if url.host_str().is_some_and(|name| !name.is_empty()) => Ok(()),
        "http" if on_this_machine => Ok(()),
        "http" => Err("an issuer is https; http only on 127.0.0.0/8, ::1 or localhost".to_owned()),
        _ => Err("an issuer is an https URL".to_owned()),
    }
}

/// Whether a path is relative and stays where it starts, in the words of every platform.
fn is_inside(path: &str) -> bool {
    let plain = !path.trim().is_empty() && !path.contains(['\\', '\0']) && !path.contains(':');
    plain
        && Path::new(path).components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir))
        && Path::new(path).components().any(|component| matches!(component, Component::Normal(_)))
}
