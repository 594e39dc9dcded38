//! The Ed25519 key that only CI holds, for CIs without an identity provider.
//!
//! Knows nothing of digests: it signs and verifies a challenge's text. The secret comes from one variable, and is never shown.

use crate::system::environment::Environment;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The variable that holds the secret half in CI: `ed25519-secret:` and the 32 bytes of RFC 8032's private key in base64url without padding.
pub const SIGNING_KEY_VARIABLE: &str = "PRISMA_GUARD_SIGNING_KEY";

const PUBLIC_PREFIX: &str = "ed25519:";
const SECRET_PREFIX: &str = "ed25519-secret:";

/// Why a key or its signature is not right.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum KeyFault {
    #[error("the policy trusts whoever holds its key, and {SIGNING_KEY_VARIABLE} is not set")]
    NoSecret,
    #[error("{SIGNING_KEY_VARIABLE} does not hold `{SECRET_PREFIX}` and 32 bytes in base64url without padding")]
    SecretFormat,
    #[error("the policy's publicKey is not `{PUBLIC_PREFIX}` and 32 bytes in base64url without padding")]
    PublicFormat,
    #[error("the key in {SIGNING_KEY_VARIABLE} is not the one whose public half the policy holds")]
    OtherKey,
    #[error("its signature is not by the policy's key over this content")]
    Signature,
}

/// A new key. Shows its public half only.
pub struct GeneratedKey {
    /// For the policy: `ed25519:…`.
    pub public: String,
    /// For the CI's secret store: `ed25519-secret:…`.
    pub secret: String,
}

impl std::fmt::Debug for GeneratedKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "GeneratedKey({})", self.public)
    }
}

/// Makes a key; `None` where the operating system hands out no random bytes.
#[must_use]
pub fn generate_key() -> Option<GeneratedKey> {
    let mut seed = [0_u8; 32];
    getrandom::fill(&mut seed).ok()?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).ok()?;
    Some(GeneratedKey {
        public: format!("{PUBLIC_PREFIX}{}", URL_SAFE_NO_PAD.encode(pair.public_key().as_ref())),
        secret: format!("{SECRET_PREFIX}{}", URL_SAFE_NO_PAD.encode(seed)),
    })
}

fn bytes<const LENGTH: usize>(text: &str, prefix: &str) -> Option<[u8; LENGTH]> {
    let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(prefix)?).ok()?;
    bytes.try_into().ok()
}

/// Signs a challenge with the key of the environment, if it is the policy's.
///
/// # Errors
/// See [`KeyFault`].
pub(super) fn sign(environment: &Environment, public: &str, challenge: &str) -> Result<String, KeyFault> {
    let public: [u8; 32] = bytes(public, PUBLIC_PREFIX).ok_or(KeyFault::PublicFormat)?;
    let secret = environment.non_empty(SIGNING_KEY_VARIABLE).ok_or(KeyFault::NoSecret)?;
    let seed: [u8; 32] = bytes(secret.trim(), SECRET_PREFIX).ok_or(KeyFault::SecretFormat)?;
    let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyFault::SecretFormat)?;
    if pair.public_key().as_ref() != public {
        return Err(KeyFault::OtherKey);
    }
    Ok(URL_SAFE_NO_PAD.encode(pair.sign(challenge.as_bytes()).as_ref()))
}

/// Verifies a signature over a challenge.
///
/// # Errors
/// See [`KeyFault`].
pub(super) fn verify(public: &str, challenge: &str, signature: &str) -> Result<(), KeyFault> {
    let public: [u8; 32] = bytes(public, PUBLIC_PREFIX).ok_or(KeyFault::PublicFormat)?;
    let signature: [u8; 64] = bytes(signature, "").ok_or(KeyFault::Signature)?;
    UnparsedPublicKey::new(&ED25519, public).verify(challenge.as_bytes(), &signature).map_err(|_| KeyFault::Signature)
}
