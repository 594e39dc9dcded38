//! The facts and guards of `@org/prisma-guard`. Nothing here knows Node, and nothing here prints or ends a process: a guard
//! returns a decision or a [`refusal::Refusal`], and the binding above speaks.
//!
//! Floors, from the ground up (an arrow only ever points down): [`rule`], [`refusal`], [`finding`], [`digest`], [`system`]; then
//! [`policy`], [`context`], [`git`], `prisma_config`; then [`target`], [`ci`]; then [`state`], [`database`]; then [`prisma`]; then [`gate`], [`early`]
//! and [`promotion`].
#![forbid(unsafe_code)]

pub mod ci;
pub mod context;
pub mod database;
pub mod digest;
pub mod early;
pub mod finding;
pub mod gate;
pub mod git;
pub mod policy;
pub mod prisma;
mod prisma_config;
pub mod promotion;
pub mod refusal;
pub mod rule;
pub mod state;
pub mod system;
pub mod target;
