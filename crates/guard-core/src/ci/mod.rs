//! Proof of CI: which vendor a process claims, how its identity provider is asked, and what a signature really says.
//!
//! Knows nothing of records: it attests digests and verifies attestations of digests. Behind this door: `vendor` (the table of CIs), `contradiction`
//! (cheap signs that no CI runs this), `token` (asking for a token), `provider` (the published keys), `verification` (what a token really says),
//! `claims` (the policy's patterns), `key` (the Ed25519 key that only CI holds).

mod claims;
mod contradiction;
mod key;
mod provider;
mod token;
mod vendor;
mod verification;

pub use key::{GeneratedKey, SIGNING_KEY_VARIABLE, generate_key};

pub mod attest;

pub use attest::Attest;

use crate::digest::Digest;
use crate::policy::AttestationPolicy;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::system::clock::Timestamp;
use crate::system::environment::Environment;
use crate::system::process::Process;
use once_cell::unsync::OnceCell;
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

impl Vendor {
    /// The vendor's published name, in kebab-case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Vendor::GithubActions => "github-actions",
            Vendor::Gitlab => "gitlab",
            Vendor::Circleci => "circleci",
            Vendor::Buildkite => "buildkite",
            Vendor::Bitbucket => "bitbucket",
            Vendor::AzureDevops => "azure-devops",
            Vendor::GoogleCloudBuild => "google-cloud-build",
        }
    }
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
pub fn detect(environment: &Environment) -> CiDetection {
    vendor::detect(environment)
}

/// What is signed for a digest: the audience of a token, or the text under a key's signature.
#[must_use]
pub fn challenge(digest: &Digest) -> String {
    format!("prisma-guard:sha256:{digest}")
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

/// Shows its kind only: a token is a secret while it lives.
impl std::fmt::Debug for Attestation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Attestation::Oidc { .. } => "Attestation::Oidc(…)",
            Attestation::Key { .. } => "Attestation::Key(…)",
        })
    }
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
    /// The issuer's published keys, once they were fetched.
    keys: OnceCell<provider::KeySet>,
}

/// Why there is no proof, before it is known which rule that breaks.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// There is no way to ask, or whoever was asked refused.
    #[error("{0}")]
    NotProven(String),
    /// The provider of the policy cannot be asked, or does not answer as it should.
    #[error("{0}")]
    Unavailable(#[from] provider::ProviderError),
    /// What was signed is not what should have been.
    #[error("{0}")]
    NotGenuine(#[from] verification::TokenFault),
    /// The key's signature is not right.
    #[error("{0}")]
    Key(#[from] key::KeyFault),
}

impl Failure {
    /// As the refusal of a process that wants to prove that CI runs it.
    fn of_proof(&self) -> Refusal {
        match self {
            Failure::Unavailable(error) => unavailable(error),
            Failure::NotProven(why) => not_proven(why.clone()),
            Failure::NotGenuine(fault) => {
                not_proven(format!("the token that was handed out does not prove it: {fault}"))
            }
            Failure::Key(fault) => not_proven(fault.to_string()),
        }
    }

    /// As the refusal of a record.
    fn of_record(&self) -> Refusal {
        let fault = match self {
            Failure::Unavailable(error) => return unavailable(error),
            Failure::NotGenuine(verification::TokenFault::UnknownKey) => {
                return Refusal::new(
                    Rule::ProofUnavailable,
                    "the attestation of a record cannot be verified",
                    "the identity provider of the policy does not publish the key that it names, or no longer does",
                );
            }
            Failure::NotProven(why) => why.clone(),
            Failure::NotGenuine(fault) => fault.to_string(),
            Failure::Key(fault) => fault.to_string(),
        };
        Refusal::new(Rule::RecordNotGenuine, "the attestation of a record does not hold", fault)
    }
}

fn not_proven(why: String) -> Refusal {
    Refusal::new(Rule::LocalDeployment, "nothing proves that CI runs this process", why)
}

fn unavailable(error: &provider::ProviderError) -> Refusal {
    Refusal::new(
        Rule::ProofUnavailable,
        "the identity provider of the policy cannot vouch for anything",
        error.to_string(),
    )
}

impl<'a> Attestor<'a> {
    /// An attestor that has not asked anyone yet.
    #[must_use]
    pub fn new(
        policy: &'a AttestationPolicy,
        environment: &'a Environment,
        lineage: &'a [Process],
        local_database: bool,
    ) -> Self {
        Attestor { policy, environment, lineage, local_database, keys: OnceCell::new() }
    }

    /// Proves that this process runs in the CI that the policy trusts, with a fresh challenge, and that nothing contradicts it.
    ///
    /// # Errors
    /// Rule `local-deployment` where there is no proof or something contradicts it, `proof-unavailable` where the provider cannot be asked.
    pub fn prove(&self) -> Result<Proof, Refusal> {
        let mut random = [0_u8; 32];
        getrandom::fill(&mut random).map_err(|_| {
            Refusal::new(
                Rule::InternalError,
                "no challenge can be made",
                "the operating system hands out no random bytes",
            )
        })?;
        self.attest(&Digest::of(&random)).map(|(_, proof)| proof)
    }

    /// Has a digest signed, and verifies the signature as anyone else would.
    ///
    /// # Errors
    /// As [`Attestor::prove`].
    pub fn attest(&self, digest: &Digest) -> Result<(Attestation, Proof), Refusal> {
        if let Some(why) = contradiction::find(self.policy, self.environment, self.lineage) {
            return Err(not_proven(why));
        }
        let made = self.make(digest).and_then(|attestation| {
            let proof = self.check(digest, &attestation, Moment::Live)?;
            Ok((attestation, proof))
        });
        made.map_err(|failure| failure.of_proof())
    }

    /// Verifies that whom the policy trusts signed this digest.
    ///
    /// # Errors
    /// Rule `record-not-genuine` where the signature, its digest, times or claims are not right; `proof-unavailable` where the keys cannot be
    /// had or no longer hold the one that signed.
    pub fn verify(&self, digest: &Digest, attestation: &Attestation, moment: Moment) -> Result<Proof, Refusal> {
        self.check(digest, attestation, moment).map_err(|failure| failure.of_record())
    }

    fn make(&self, digest: &Digest) -> Result<Attestation, Failure> {
        match self.policy {
            AttestationPolicy::Oidc { issuer, .. } => {
                provider::check_issuer(issuer, self.local_database)?;
                let token = token::request(self.environment, &challenge(digest)).map_err(Failure::NotProven)?;
                Ok(Attestation::Oidc { token })
            }
            AttestationPolicy::Key { public_key } => {
                let signature = key::sign(self.environment, public_key, &challenge(digest))?;
                Ok(Attestation::Key { signature })
            }
        }
    }

    fn check(&self, digest: &Digest, attestation: &Attestation, moment: Moment) -> Result<Proof, Failure> {
        let now = Timestamp::now();
        match (self.policy, attestation) {
            (AttestationPolicy::Oidc { issuer, claims }, Attestation::Oidc { token }) => {
                let keys = self.keys.get_or_try_init(|| provider::fetch(issuer, self.local_database))?;
                let expected = verification::Expected { issuer, audience: &challenge(digest), claims, moment, now };
                Ok(verification::verify(token, keys, &expected)?)
            }
            (AttestationPolicy::Key { public_key }, Attestation::Key { signature }) => {
                key::verify(public_key, &challenge(digest), signature)?;
                Ok(Proof {
                    issuer: "key".to_owned(),
                    run: None,
                    attempt: None,
                    commit: None,
                    reference: None,
                    actor: None,
                    repository: None,
                    issued: now,
                    expires: now,
                })
            }
            (AttestationPolicy::Oidc { .. }, Attestation::Key { .. }) => Err(Failure::NotProven(
                "it is signed with a key, where the policy wants a token of the identity provider".to_owned(),
            )),
            (AttestationPolicy::Key { .. }, Attestation::Oidc { .. }) => Err(Failure::NotProven(
                "it is a token of an identity provider, where the policy wants a signature with its key".to_owned(),
            )),
        }
    }
}
