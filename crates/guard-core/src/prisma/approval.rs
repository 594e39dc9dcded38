//! The one-shot approval: made by the holder of the deployment lock, handed over an inherited socket, attested, used once.

use crate::ci::Attestation;
use crate::digest::Digest;
use crate::system::process::ProcessIdentity;
use serde::{Deserialize, Serialize};

/// What is approved: this command line, on these targets, by this holder, for this chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovedCommand {
    /// The arguments after the CLI's entry.
    pub arguments: Vec<String>,
    /// The fingerprints of the connection strings' endpoints (`gate::endpoints_digest`).
    pub targets: Digest,
    /// The policy's name of the environment.
    pub environment: String,
    /// The chain.
    pub chain: String,
    /// Who holds the lock.
    pub holder: ProcessIdentity,
    /// Random, so that no two approvals are alike.
    pub nonce: String,
}

/// The message on the socket.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// What is approved.
    pub command: ApprovedCommand,
    /// Over the SHA-256 of its canonical JSON, by whom the policy trusts.
    pub attestation: Attestation,
}
