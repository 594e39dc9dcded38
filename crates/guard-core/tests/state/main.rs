//! The records of a deployment, attacked: with a real Ed25519 key, real files, real processes and real mounts.
#![expect(clippy::disallowed_methods, reason = "an attacker does not go through the guard's own doors")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a helper of a test fails the test")]

mod attacks;
mod crashes;
mod disks;
mod locks;
mod order;
mod support;
