//! The binding, which is the npm package's addon: convert, call, convert. One file an exported group; the only room that names napi.
//!
//! Two kinds of export. What looks throws: its errors become `GuardError` in `js/native.js`. What enforces ends the process:
//! it writes the refusal to standard error and calls `_exit`, so that no `try` swallows it (see [`speak`]).
#![allow(clippy::needless_pass_by_value, reason = "napi hands over values that it made for the call")]

mod ci;
mod classify;
mod command_line;
mod execute;
mod gate;
mod here;
mod scan;
mod speak;
mod state;
mod validate;
