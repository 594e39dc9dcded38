//! The one-shot approval, attacked: real processes, real sockets, a real lock and a real Ed25519 key. Each attack is the honest case of
//! `honest` with one thing changed, and is refused for exactly that.
#![cfg(target_os = "linux")]
#![expect(clippy::disallowed_methods, reason = "an attacker does not go through the guard's own doors")]
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a helper of a test fails the test")]

mod bindings;
mod holders;
mod honest;
mod messages;
mod parts;
mod replay;
mod standard_input;
mod support;
