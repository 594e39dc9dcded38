//! The identity provider of the policy: its discovery document and its published keys.
//!
//! Knows nothing of tokens. The issuer comes from the policy, and only from there.

use crate::system::network::{Address, NetworkError, get_json};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Why the provider's keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProviderError {
    #[error("the policy's issuer cannot be asked: {0}")]
    Issuer(&'static str),
    #[error("the policy's issuer is on http, which is allowed for a database on this machine only")]
    PlainIssuer,
    #[error("the discovery document of the policy's issuer cannot be had: {0}")]
    Discovery(NetworkError),
    #[error("the discovery document at {0} is of another issuer than the policy's")]
    OtherIssuer(String),
    #[error("the discovery document at {0} names no keys that may be asked for")]
    NoKeyAddress(String),
    #[error("the published keys of the policy's issuer cannot be had: {0}")]
    Keys(NetworkError),
    #[error("the policy's issuer publishes no key that tokens may be signed with ({0})")]
    NoKeys(String),
}

/// A published key that may sign tokens.
pub(super) struct PublishedKey {
    pub(super) id: String,
    /// What it may sign with, from the key itself: never from a token.
    pub(super) algorithms: Vec<Algorithm>,
    pub(super) key: DecodingKey,
}

/// The keys that an issuer publishes now.
pub(super) struct KeySet(pub(super) Vec<PublishedKey>);

/// Whether this issuer may be trusted at all.
///
/// # Errors
/// [`ProviderError::Issuer`] and [`ProviderError::PlainIssuer`].
pub(super) fn check_issuer(issuer: &str, local_database: bool) -> Result<Address, ProviderError> {
    if issuer.contains(['?', '#']) {
        return Err(ProviderError::Issuer("it holds a query or a fragment"));
    }
    // OpenID Connect Discovery 1.0, section 4: a terminating `/` is removed before the well-known path.
    let text = format!("{}/.well-known/openid-configuration", issuer.strip_suffix('/').unwrap_or(issuer));
    let address = Address::parse(&text).map_err(|error| match error {
        NetworkError::Address(reason) => ProviderError::Issuer(reason),
        _ => ProviderError::Issuer("it cannot be read"),
    })?;
    if address.is_plain() && !local_database {
        return Err(ProviderError::PlainIssuer);
    }
    Ok(address)
}

/// Fetches the keys of an issuer.
///
/// # Errors
/// See [`ProviderError`].
pub(super) fn fetch(issuer: &str, local_database: bool) -> Result<KeySet, ProviderError> {
    let address = check_issuer(issuer, local_database)?;
    let document = get_json(&address, &[]).map_err(ProviderError::Discovery)?;
    if document.get("issuer").and_then(serde_json::Value::as_str) != Some(issuer) {
        return Err(ProviderError::OtherIssuer(address.host()));
    }
    let keys = document.get("jwks_uri").and_then(serde_json::Value::as_str).unwrap_or_default();
    let keys = Address::parse(keys).ok().filter(|keys| !keys.is_plain() || address.is_plain());
    let keys = keys.ok_or_else(|| ProviderError::NoKeyAddress(address.host()))?;
    let set = get_json(&keys, &[]).map_err(ProviderError::Keys)?;
    let usable: Vec<PublishedKey> = set
        .get("keys")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .take(100)
        .filter_map(|key| serde_json::from_value::<Jwk>(key.clone()).ok())
        .filter_map(|key| usable(&key))
        .collect();
    if usable.is_empty() {
        return Err(ProviderError::NoKeys(keys.host()));
    }
    Ok(KeySet(usable))
}

/// The key, where it is public, asymmetric, for signatures and named.
fn usable(key: &Jwk) -> Option<PublishedKey> {
    let by_type: &[Algorithm] = match &key.algorithm {
        AlgorithmParameters::RSA(_) => &[Algorithm::RS256, Algorithm::RS384, Algorithm::RS512],
        AlgorithmParameters::EllipticCurve(parameters) => match parameters.curve {
            EllipticCurve::P256 => &[Algorithm::ES256],
            EllipticCurve::P384 => &[Algorithm::ES384],
            _ => return None,
        },
        AlgorithmParameters::OctetKeyPair(parameters) if parameters.curve == EllipticCurve::Ed25519 => {
            &[Algorithm::EdDSA]
        }
        _ => return None,
    };
    if !matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    if key.common.key_operations.as_ref().is_some_and(|list| !list.contains(&KeyOperations::Verify)) {
        return None;
    }
    let algorithms: Vec<Algorithm> = match key.common.key_algorithm {
        None => by_type.to_vec(),
        Some(named) => by_type.iter().copied().filter(|algorithm| KeyAlgorithm::from(*algorithm) == named).collect(),
    };
    let id = key.common.key_id.clone().filter(|id| !id.is_empty())?;
    let key = DecodingKey::from_jwk(key).ok()?;
    (!algorithms.is_empty()).then_some(PublishedKey { id, algorithms, key })
}
