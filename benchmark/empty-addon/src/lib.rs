//! The floor of the first benchmark: an addon that does nothing, built like ours and loaded by the same loader. Its functions have the names
//! of those that the loader and the measured process call, so that both do the same but for what ours does.

use napi_derive::napi;

/// Does nothing.
#[napi]
pub fn set_package(_folder: String) {}

/// Does nothing.
#[napi]
pub fn validate_database_url_early() {}
