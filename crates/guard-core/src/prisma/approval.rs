//! The one-shot approval: made by the holder of the deployment lock, handed over an inherited socket, attested, used once.
//!
//! The holder makes a pair of sockets and gives one end to the Prisma CLI as its standard input (`migrate deploy` never asks a
//! question). The process that receives it accepts only what the kernel says comes from its own living parent, which is also the
//! process that the deployment lock names, and what the CI signed for exactly this command line and these databases. So neither a
//! variable, nor a file, nor a socket of somebody else's, nor a forged holder opens anything.
//!
//! Knows nothing of commands and classes: whether an approval is needed is decided by `gate`.

use crate::ci::Attestation;
use crate::digest::Digest;
use crate::refusal::Refusal;
use crate::rule::Rule;
use crate::state::LockHolder;
use crate::system::channel;
use crate::system::environment::Environment;
use crate::system::process::{self, ProcessIdentity};
use serde::{Deserialize, Serialize};
use std::sync::Mutex;
use std::time::Duration;

/// The variable that stands beside an approval. Alone it opens nothing.
pub const VARIABLE: &str = "PRISMA_DEPLOYMENT_APPROVED";

/// How long the message is waited for: it is sent right after the process was started.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is approved: this command line, on these targets, by this holder, for this chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovedCommand {
    /// The arguments after the CLI's entry.
    pub arguments: Vec<String>,
    /// The identity of the databases (`target::endpoints_identity`).
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

impl ApprovedCommand {
    /// The digest that is attested: SHA-256 over the canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// Rule `internal-error` where it cannot be written as canonical JSON.
    pub fn digest(&self) -> Result<Digest, Refusal> {
        serde_json_canonicalizer::to_vec(self).map(|bytes| Digest::of(&bytes)).map_err(|error| {
            Refusal::new(
                Rule::InternalError,
                "the approval cannot be written",
                format!("it has no canonical JSON: {error}"),
            )
        })
    }
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

/// What an approval must be for.
#[derive(Clone, Copy)]
pub struct Expectation<'a> {
    /// The arguments of this process after the CLI's entry.
    pub arguments: &'a [String],
    /// The identity of every database that the command may touch; `None` while a connection string is still to be computed by
    /// `prisma.config.*`, whose custody then asks again with it.
    pub targets: Option<&'a Digest>,
    /// The policy's name of the environment; `None` as for the targets.
    pub environment: Option<&'a str>,
}

/// How the signature of an approval is verified: the digest, the attestation, and the environment that the approval names.
pub type Verify<'a> = &'a dyn Fn(&Digest, &Attestation, &str) -> Result<(), Refusal>;

/// Who holds the deployment lock now and for which chain, if anyone does.
pub type Holder<'a> = &'a dyn Fn() -> Result<Option<LockHolder>, Refusal>;

/// What became of the one message that a process can receive.
enum Use {
    /// It was accepted.
    Accepted(ApprovedCommand),
    /// It was refused, and why.
    Refused(String),
}

/// Native memory: later doors of the same process ask here. Nothing outside the process can write it.
static USED: Mutex<Option<Use>> = Mutex::new(None);

/// Accepts the approval of this process: receives it and uses it up at the first call, and remembers what came of it for later ones.
///
/// # Errors
/// The precise reason, as one sentence, why nothing is approved; it is the `why` of a refusal `direct-execution`.
pub fn accept(
    environment: &Environment,
    expectation: &Expectation<'_>,
    holder: Holder<'_>,
    verify: Verify<'_>,
) -> Result<(), String> {
    let mut used = USED.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if used.is_none() {
        if environment.get(VARIABLE) != Some("true") {
            return Err("no approval reached this process".to_owned());
        }
        *used = Some(match receive(holder, verify, expectation) {
            Ok(command) => Use::Accepted(command),
            Err(why) => Use::Refused(why),
        });
    }
    match used.as_ref() {
        Some(Use::Accepted(command)) => compare(command, expectation),
        Some(Use::Refused(why)) => Err(why.clone()),
        None => Err("no approval reached this process".to_owned()),
    }
}

fn receive(holder: Holder<'_>, verify: Verify<'_>, expectation: &Expectation<'_>) -> Result<ApprovedCommand, String> {
    let alone = |why: &dyn std::fmt::Display| format!("{why}; {VARIABLE} alone opens nothing");
    let peer = channel::parent_on_standard_input().map_err(|error| alone(&error))?;
    let parent = process::look_up(peer.pid)
        .ok_or_else(|| alone(&format_args!("the process {} that made the socket is not alive", peer.pid)))?;
    let named = holder().map_err(|refusal| alone(&refusal.why))?;
    let named = named.ok_or_else(|| alone(&"nobody holds the deployment lock"))?;
    if named.process != parent.identity {
        return Err(alone(&format_args!(
            "the deployment lock is held by process {}, and the socket was made by process {}",
            named.process.pid, peer.pid
        )));
    }
    let message = channel::receive(PATIENCE).map_err(|error| alone(&error))?;
    // The error of the parser is not shown: it may quote the token.
    let approval: Approval =
        serde_json::from_slice(&message).map_err(|_| "the message on the socket is no approval".to_owned())?;
    if approval.command.holder != parent.identity {
        return Err("the approval was made by another process than the one that sent it".to_owned());
    }
    if approval.command.chain != named.chain {
        return Err("the approval is for another deployment than the one that holds the lock".to_owned());
    }
    compare(&approval.command, expectation)?;
    let digest = approval.command.digest().map_err(|refusal| refusal.why)?;
    verify(&digest, &approval.attestation, &approval.command.environment)
        .map_err(|refusal| format!("the approval's signature does not hold: {}", refusal.why))?;
    if !process::is_alive(parent.identity) {
        return Err("the process that approved this one has ended".to_owned());
    }
    Ok(approval.command)
}

fn compare(command: &ApprovedCommand, expectation: &Expectation<'_>) -> Result<(), String> {
    if command.arguments != expectation.arguments {
        return Err("the approval is for another command line".to_owned());
    }
    if expectation.environment.is_some_and(|environment| environment != command.environment) {
        return Err("the approval is for another environment of the policy".to_owned());
    }
    if expectation.targets.is_some_and(|targets| *targets != command.targets) {
        return Err("the approval is for another database".to_owned());
    }
    Ok(())
}
