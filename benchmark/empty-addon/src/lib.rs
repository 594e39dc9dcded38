//! The floor of the first benchmark: an addon that does nothing, built like ours and loaded by the same loader.

use napi_derive::napi;

/// Does nothing.
#[napi]
pub fn nothing() {}
