//! A channel between a process and the child that it starts: a pair of UNIX sockets, one end of which becomes the child's standard
//! input. The kernel says who made the pair, so that nobody can pretend to be somebody else's parent.
//!
//! Knows nothing of what is said over it. Where the kernel does not name the maker of a pair, nothing is received.

use std::io;
use std::time::Duration;

/// The longest message, in bytes: a token of an identity provider takes two or three thousand.
pub const MAXIMUM_MESSAGE_BYTES: usize = 64 * 1024;

/// Why no message was received.
#[derive(Debug, thiserror::Error)]
pub enum ChannelError {
    /// Standard input is a file, a pipe, a terminal, another kind of socket, or closed.
    #[error("standard input is not a socket that a parent made for this process")]
    NotAChannel,
    /// This platform does not say who made a pair of sockets.
    #[error("this platform does not say who made a socket")]
    Unsupported,
    /// Another process than the parent made the pair.
    #[error("the socket was made by process {maker}, and the parent of this process is {parent}")]
    NotTheParent {
        /// Who made it.
        maker: u32,
        /// Who started this process.
        parent: u32,
    },
    /// Nothing arrived, or nothing whole.
    #[error("no message arrived within {} seconds", .0.as_secs())]
    TimedOut(Duration),
    /// The other end was closed before a whole message arrived, or the message was taken by somebody else.
    #[error("the socket ended before a message arrived")]
    Ended,
    /// More than [`MAXIMUM_MESSAGE_BYTES`].
    #[error("the message is longer than {MAXIMUM_MESSAGE_BYTES} bytes")]
    TooLong,
    /// What the operating system says.
    #[error("the socket cannot be read: {0}")]
    System(#[from] io::Error),
}

/// What may be known of the channel on standard input before anything is read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The process that made the pair, by the kernel's word (`SO_PEERCRED`, socket(7) and unix(7)).
    pub pid: u32,
}

#[cfg(unix)]
mod pair {
    use super::{MAXIMUM_MESSAGE_BYTES, io};
    use std::io::Write as _;
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::Stdio;
    use std::time::Duration;

    /// The holder's end. The message can be sent once; the end stays open until this value is dropped.
    pub struct Holder(UnixStream);

    impl Holder {
        /// Sends one message and its line end.
        ///
        /// # Errors
        /// The operating system's; `InvalidInput` for a message that is too long or has a line end inside.
        pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
            if message.len() >= MAXIMUM_MESSAGE_BYTES || message.contains(&b'\n') {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidInput,
                    "the message is too long or more than one line",
                ));
            }
            self.0.set_write_timeout(Some(Duration::from_secs(5)))?;
            self.0.write_all(message)?;
            self.0.write_all(b"\n")
        }
    }

    /// A new channel: the holder's end, and what becomes the child's standard input. Both ends are closed on exec, so that no other
    /// child inherits one by accident.
    ///
    /// # Errors
    /// The operating system's.
    pub fn open() -> io::Result<(Holder, Stdio)> {
        let (holder, child) = UnixStream::pair()?;
        Ok((Holder(holder), Stdio::from(OwnedFd::from(child))))
    }
}

#[cfg(not(unix))]
mod pair {
    use super::io;

    /// There is no such channel on this platform.
    pub struct Holder(());

    impl Holder {
        /// Never succeeds.
        ///
        /// # Errors
        /// Always `Unsupported`.
        pub fn send(&mut self, _message: &[u8]) -> io::Result<()> {
            Err(io::ErrorKind::Unsupported.into())
        }
    }

    /// Never succeeds.
    ///
    /// # Errors
    /// Always `Unsupported`.
    pub fn open() -> io::Result<(Holder, std::process::Stdio)> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

pub use pair::{Holder, open};

/// Who made the channel on standard input, which must be the parent of this process.
///
/// # Errors
/// [`ChannelError::NotAChannel`], [`ChannelError::NotTheParent`], [`ChannelError::Unsupported`].
pub fn parent_on_standard_input() -> Result<Peer, ChannelError> {
    platform::peer()
}

/// Takes the one message from standard input, without its line end, and shuts the socket for reading: nobody reads from it again.
///
/// # Errors
/// As [`parent_on_standard_input`]; [`ChannelError::TimedOut`], [`ChannelError::Ended`], [`ChannelError::TooLong`].
pub fn receive(patience: Duration) -> Result<Vec<u8>, ChannelError> {
    platform::receive(patience)
}

#[cfg(target_os = "linux")]
mod platform {
    use super::{ChannelError, MAXIMUM_MESSAGE_BYTES, Peer};
    use rustix::net::{AddressFamily, SocketType, sockopt};
    use std::io::Read as _;
    use std::net::Shutdown;
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;
    use std::time::{Duration, Instant};

    pub(super) fn peer() -> Result<Peer, ChannelError> {
        let input = std::io::stdin();
        let socket = input.as_fd();
        let family = sockopt::socket_domain(socket).map_err(|_| ChannelError::NotAChannel)?;
        let kind = sockopt::socket_type(socket).map_err(|_| ChannelError::NotAChannel)?;
        if family != AddressFamily::UNIX || kind != SocketType::STREAM {
            return Err(ChannelError::NotAChannel);
        }
        let maker = sockopt::socket_peercred(socket).map_err(|_| ChannelError::NotAChannel)?;
        let maker = u32::try_from(maker.pid.as_raw_nonzero().get()).map_err(|_| ChannelError::NotAChannel)?;
        let parent = rustix::process::getppid().map_or(0, |pid| u32::try_from(pid.as_raw_nonzero().get()).unwrap_or(0));
        if maker == parent { Ok(Peer { pid: maker }) } else { Err(ChannelError::NotTheParent { maker, parent }) }
    }

    pub(super) fn receive(patience: Duration) -> Result<Vec<u8>, ChannelError> {
        peer()?;
        let socket = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        let message = read_line(&socket, patience);
        // Whatever came of it: there is no second message, and no second reader.
        let _ = socket.shutdown(Shutdown::Read);
        message
    }

    fn read_line(mut socket: &UnixStream, patience: Duration) -> Result<Vec<u8>, ChannelError> {
        let end = Instant::now() + patience;
        let mut message = Vec::new();
        let mut buffer = [0_u8; 4096];
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ChannelError::TimedOut(patience));
            }
            socket.set_read_timeout(Some(left))?;
            let count = match socket.read(&mut buffer) {
                Ok(0) => return Err(ChannelError::Ended),
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {
                    // A socket that was set non-blocking does not wait by itself.
                    std::thread::sleep(Duration::from_millis(5).min(left));
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let fresh = buffer.get(..count).unwrap_or_default();
            if let Some(position) = fresh.iter().position(|byte| *byte == b'\n') {
                message.extend_from_slice(fresh.get(..position).unwrap_or_default());
                return if message.len() > MAXIMUM_MESSAGE_BYTES { Err(ChannelError::TooLong) } else { Ok(message) };
            }
            message.extend_from_slice(fresh);
            if message.len() > MAXIMUM_MESSAGE_BYTES {
                return Err(ChannelError::TooLong);
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod platform {
    use super::{ChannelError, Peer};

    pub(super) fn peer() -> Result<Peer, ChannelError> {
        Err(ChannelError::Unsupported)
    }

    pub(super) fn receive(_patience: std::time::Duration) -> Result<Vec<u8>, ChannelError> {
        Err(ChannelError::Unsupported)
    }
}
