//! What the records need of an attestor: to have a digest signed, and to have a signature verified.
//!
//! Knows nothing of vendors and keys: [`Attestor`] does.

use super::{Attestation, Attestor, Moment, Proof};
use crate::digest::Digest;
use crate::refusal::Refusal;

/// Signs digests and verifies signatures, for whom the policy trusts.
pub trait Attest {
    /// Has a digest signed, and verifies the signature as anyone else would.
    ///
    /// # Errors
    /// As [`Attestor::attest`].
    fn attest(&self, digest: &Digest) -> Result<(Attestation, Proof), Refusal>;

    /// Verifies that whom the policy trusts signed this digest.
    ///
    /// # Errors
    /// As [`Attestor::verify`].
    fn verify(&self, digest: &Digest, attestation: &Attestation, moment: Moment) -> Result<Proof, Refusal>;
}

impl Attest for Attestor<'_> {
    fn attest(&self, digest: &Digest) -> Result<(Attestation, Proof), Refusal> {
        Attestor::attest(self, digest)
    }

    fn verify(&self, digest: &Digest, attestation: &Attestation, moment: Moment) -> Result<Proof, Refusal> {
        Attestor::verify(self, digest, attestation, moment)
    }
}
