//! The one place that touches the environment, files, processes, the clock and the network. Everything above asks here, so that
//! what the guard reads of the world can be seen, bounded and tested in one place.
//!
//! Knows nothing of rules, policy or Prisma.

pub mod channel;
pub mod clock;
pub mod environment;
pub mod files;
#[cfg(unix)]
pub mod folder;
pub mod listeners;
pub mod network;
pub mod places;
pub mod process;
pub mod program;
#[cfg(target_os = "linux")]
mod sock_diag;
pub mod tree;
