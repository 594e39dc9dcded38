//! Proof of CI: which vendor a process claims, how its identity provider is asked, and what a signature really says.
//!
//! Knows nothing of records: it attests digests and verifies attestations of digests.

pub mod attest;

pub use attest::Attest;

use crate::digest::Digest;
use crate::policy::AttestationPolicy;
use crate::refusal::Refusal;
use crate::system::clock::Timestamp;
use crate::system::environment::Environment;
use crate::system::process::Process;
use serde::{Deserialize, Serialize};

/// The CIs whose ways are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vendor {
    /// GitHub Actions.
    GithubActions,
    /// GitLab CI/CD.
    Gitlab,
    /// CircleCI.
    Circleci,
    /// Buildkite.
    Buildkite,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Azure DevOps.
    AzureDevops,
    /// Google Cloud Build.
    GoogleCloudBuild,
}

/// What a process's variables claim. It proves nothing: it only chooses which proof to ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CiDetection {
    /// Whether the variables claim that this is CI.
    pub claimed: bool,
    /// Whose, where a known vendor is named.
    pub vendor: Option<Vendor>,
    /// Whether the variables offer a way to ask an identity provider for a token.
    pub can_request_token: bool,
    /// One sentence for a person.
    pub reason: String,
}

/// What the variables claim.
#[must_use]
pub fn detect(_environment: &Environment) -> CiDetection {
    unimplemented!()
}

/// A signature over a digest, by whom the policy trusts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Attestation {
    /// A token of the CI's identity provider whose audience carries the digest.
    Oidc {
        /// The compact JWT.
        token: String,
    },
    /// An Ed25519 signature by the key that only CI holds.
    Key {
        /// base64url without padding, over the same challenge text that an audience would carry.
        signature: String,
    },
}

/// What a verified attestation says. Nothing in it was read before its signature held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Proof {
    /// The issuer, or `key` for a key of the policy.
    pub issuer: String,
    /// The CI run, where the vendor names one: the same for all jobs and attempts of one run.
    pub run: Option<String>,
    /// The attempt of that run.
    pub attempt: Option<String>,
    /// The commit that CI was asked to build.
    pub commit: Option<String>,
    /// The full ref.
    pub reference: Option<String>,
    /// Who set it off.
    pub actor: Option<String>,
    /// The repository's name.
    pub repository: Option<String>,
    /// When it was issued; a key's signature has no time of its own, and carries the moment of verification.
    #[serde(skip)]
    pub issued: Timestamp,
    /// When it expires.
    #[serde(skip)]
    pub expires: Timestamp,
}

/// When an attestation is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// It must be valid now.
    Live,
    /// It need only have been valid when it was issued.
    Recorded,
}

/// Attests and verifies under one environment's policy. Keys are fetched once and kept for the life of the value.
pub struct Attestor<'a> {
    /// Whom the policy trusts.
    pub policy: &'a AttestationPolicy,
    /// The variables that say how to ask.
    pub environment: &'a Environment,
    /// This process's living ancestors.
    pub lineage: &'a [Process],
    /// Whether the database is on this machine, which is what allows an issuer on http and loopback.
    pub local_database: bool,
}

impl Attestor<'_> {
    /// Proves that this process runs in the CI that the policy trusts, with a fresh challenge, and that nothing contradicts it.
    ///
    /// # Errors
    /// Rule `local-deployment` where there is no proof or something contradicts it, `proof-unavailable` where the provider cannot be asked.
    pub fn prove(&self) -> Result<Proof, Refusal> {
        unimplemented!()
    }

    /// Has a digest signed, and verifies the signature as anyone else would.
    ///
    /// # Errors
    /// As [`Attestor::prove`].
    pub fn attest(&self, _digest: &Digest) -> Result<(Attestation, Proof), Refusal> {
        unimplemented!()
    }

    /// Verifies that whom the policy trusts signed this digest.
    ///
    /// # Errors
    /// Rule `record-not-genuine` where the signature, its digest, times or claims are not right; `proof-unavailable` where the keys cannot be
    /// had or no longer hold the one that signed.
    pub fn verify(&self, _digest: &Digest, _attestation: &Attestation, _moment: Moment) -> Result<Proof, Refusal> {
        unimplemented!()
    }
}
