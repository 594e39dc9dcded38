//! Asking the CI for a token, in the shape of GitHub Actions.
//!
//! Believes nothing of what comes back: that is `verification`. Every failure here means that nothing proves CI, since the variables choose whom to
//! ask and anyone can set them.

use super::vendor::{self, REQUEST_TOKEN, REQUEST_URL};
use crate::system::environment::Environment;
use crate::system::network::{Address, NetworkError, get_json};

/// The longest token that is taken: 16 KiB. GitHub's are of about 2 KiB.
pub(super) const MAXIMUM_TOKEN_BYTES: usize = 16 * 1024;

/// A fresh token for this audience: GET `$ACTIONS_ID_TOKEN_REQUEST_URL&audience=…` with `Authorization: bearer …` answers `{"value": "<token>"}`
/// (docs.github.com, "OpenID Connect reference", "Methods for requesting the OIDC token").
///
/// # Errors
/// One sentence without any token.
pub(super) fn request(environment: &Environment, audience: &str) -> Result<String, String> {
    let claimed = vendor::claimed_name(environment);
    let says = claimed.map_or_else(|| "no variable claims CI".to_owned(), |name| format!("the variables claim {name}"));
    let (Some(url), Some(bearer)) = (environment.non_empty(REQUEST_URL), environment.non_empty(REQUEST_TOKEN)) else {
        let missing = "there is no way to ask its identity provider for a token";
        return Err(match vendor::row(environment).map(|row| row.vendor) {
            Some(super::Vendor::GithubActions) => {
                format!("{says}, but {missing} ({REQUEST_URL} is set in jobs with `permissions: id-token: write` only)")
            }
            Some(_) => format!(
                "{says}, but {missing} for a challenge; this version knows GitHub Actions' way, and attestation by key"
            ),
            None => format!("{says}, and {}", missing.replace("its", "an")),
        });
    };
    let failed = |error: NetworkError| {
        let provider =
            claimed.map_or_else(|| "the identity provider".to_owned(), |_| "its identity provider".to_owned());
        match error {
            NetworkError::Address(reason) => format!("{says}, but {REQUEST_URL} cannot be asked: {reason}"),
            NetworkError::Status { host, status } => {
                format!("{says}, but {provider} at {host} refused to hand out a token (HTTP status {status})")
            }
            error => format!("{says}, but {provider} hands out no token: {error}"),
        }
    };
    let address = Address::parse(url).map_err(failed)?.with_parameter("audience", audience);
    let answer = get_json(&address, &[("authorization", &format!("Bearer {bearer}"))]).map_err(failed)?;
    let token = answer.get("value").and_then(serde_json::Value::as_str).unwrap_or_default();
    if token.is_empty() || token.len() > MAXIMUM_TOKEN_BYTES {
        return Err(format!("{says}, but the answer of {} holds no token", address.host()));
    }
    Ok(token.to_owned())
}
