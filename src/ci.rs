//! `detectCi` and `assertCi`.

use crate::here::Here;
use crate::speak;
use guard_core::{ci, promotion};
use napi_derive::napi;

/// What the variables of this process claim. It proves nothing.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct CiDetection {
    /// Whether they claim that this is CI.
    pub claimed: bool,
    /// Whose, where a known vendor is named.
    pub vendor: Option<String>,
    /// Whether they offer a way to ask an identity provider for a token.
    pub can_request_token: bool,
    /// One sentence.
    pub reason: String,
}

/// A proof of CI: read from a token whose signature, issuer, times, audience and claims were verified, or from the signature of a key.
#[napi(object, object_from_js = false, use_nullable = true)]
pub struct CiProof {
    /// The issuer of the policy, or `key`.
    pub issuer: String,
    /// The CI run, where the vendor names one.
    pub run: Option<String>,
    /// The attempt of that run.
    pub attempt: Option<String>,
    /// The commit that CI was asked to build.
    pub commit: Option<String>,
    /// The full ref.
    pub reference: Option<String>,
    /// Who set it off.
    pub actor: Option<String>,
    /// The repository.
    pub repository: Option<String>,
    /// When the token was issued, in seconds since 1970.
    pub issued: f64,
    /// When it expires, in seconds since 1970.
    pub expires: f64,
}

/// The folder to start from.
#[napi(object, object_to_js = false)]
pub struct FolderOptions {
    /// Instead of the process's own working folder.
    pub cwd: Option<String>,
}

/// What the variables of this process claim about CI. Looks only, and proves nothing: see `assertCi`.
#[napi]
pub fn detect_ci(options: Option<FolderOptions>) -> napi::Result<CiDetection> {
    speak::looking(|| {
        let here = Here::new(options.and_then(|given| given.cwd))?;
        let detection = ci::detect(&here.environment);
        Ok(CiDetection {
            claimed: detection.claimed,
            vendor: detection.vendor.map(|vendor| vendor.name().to_owned()),
            can_request_token: detection.can_request_token,
            reason: detection.reason,
        })
    })
}

/// Proves that this process runs in the CI that the policy trusts: its identity provider signs a fresh challenge now, and nothing that can be
/// seen contradicts it. **Ends the process** with exit code 77 where there is no proof, 78 where the provider or the policy cannot be read.
#[napi]
pub fn assert_ci(options: Option<FolderOptions>) -> CiProof {
    speak::enforcing(|| {
        let world = crate::execute::Outside::new(options.and_then(|given| given.cwd))?;
        let proof = promotion::prove_ci(&world.world(&crate::scan::scan))?;
        #[expect(
            clippy::cast_precision_loss,
            reason = "seconds since 1970 stay below 2^53 for longer than there are clocks"
        )]
        let seconds = |moment: guard_core::system::clock::Timestamp| moment.0 as f64;
        Ok(CiProof {
            issued: seconds(proof.issued),
            expires: seconds(proof.expires),
            issuer: proof.issuer,
            run: proof.run,
            attempt: proof.attempt,
            commit: proof.commit,
            reference: proof.reference,
            actor: proof.actor,
            repository: proof.repository,
        })
    })
}
