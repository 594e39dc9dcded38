//! The kernel's answer to "who listens on this port", over netlink (sock_diag(7)): it lists listening sockets alone, where `/proc/net/tcp` makes
//! it walk the whole table of connections.
//!
//! Knows Linux only. Knows sockets, not processes.

use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

/// `SOCK_DIAG_BY_FAMILY` of linux/sock_diag.h, and `NLM_F_REQUEST | NLM_F_DUMP`, `NLMSG_ERROR`, `NLMSG_DONE` of linux/netlink.h.
const SOCK_DIAG_BY_FAMILY: u16 = 20;
const REQUEST_DUMP: u16 = 0x1 | 0x300;
const ERROR: u16 = 2;
const DONE: u16 = 3;
const TCP: u8 = 6;
/// `TCPF_LISTEN` of net/tcp_states.h.
const LISTENING: u32 = 1 << 10;
const HEADER_BYTES: usize = 16;
/// The size of `struct inet_diag_msg` (linux/inet_diag.h).
const ANSWER_BYTES: usize = 72;

/// The owner and the inode of each socket of this network name space that listens on a TCP port, IPv4 and IPv6; `None` where the kernel does not
/// answer (no such module, or a sandbox forbids the question).
pub(super) fn listening(port: u16) -> Option<Vec<(u32, u64)>> {
    let mut found = Vec::new();
    let socket =
        socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, Some(netlink::SOCK_DIAG)).ok()?;
    // AF_INET and AF_INET6 of Linux.
    for family in [2_u8, 10] {
        sendto(&socket, &question(family), SendFlags::empty(), &SocketAddrNetlink::new(0, 0)).ok()?;
        let mut buffer = vec![0_u8; 32 * 1024];
        loop {
            let (length, _) = recv(&socket, &mut buffer[..], RecvFlags::empty()).ok()?;
            match messages(buffer.get(..length)?, port, &mut found)? {
                Answer::Goes => {}
                Answer::Ended => break,
            }
        }
    }
    Some(found)
}

enum Answer {
    Goes,
    Ended,
}

/// A `struct nlmsghdr` and a `struct inet_diag_req_v2`: every listening TCP socket of one family. The port in the request filters nothing in a dump.
fn question(family: u8) -> Vec<u8> {
    let body_bytes = 56_u32;
    let mut bytes = Vec::with_capacity(72);
    bytes.extend((16 + body_bytes).to_ne_bytes());
    bytes.extend(SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    bytes.extend(REQUEST_DUMP.to_ne_bytes());
    bytes.extend([0; 8]); // sequence and port number
    bytes.extend([family, TCP, 0, 0]);
    bytes.extend(LISTENING.to_ne_bytes());
    bytes.resize(72, 0); // the identity of one socket, which a dump does not read
    bytes
}

/// Reads one datagram of the answer; `None` where it is no answer to the question.
fn messages(mut rest: &[u8], port: u16, found: &mut Vec<(u32, u64)>) -> Option<Answer> {
    while rest.len() >= HEADER_BYTES {
        let length = usize::try_from(u32_at(rest, 0)?).ok()?;
        let kind = u16::from_ne_bytes(rest.get(4..6)?.try_into().ok()?);
        match kind {
            DONE => return Some(Answer::Ended),
            ERROR => return None,
            _ => {}
        }
        let body = rest.get(HEADER_BYTES..length)?;
        if kind == SOCK_DIAG_BY_FAMILY && body.len() >= ANSWER_BYTES {
            // idiag_family, state, timer, retrans (4 bytes); id: sport in network order; … idiag_uid at 64, idiag_inode at 68.
            let source = u16::from_be_bytes(body.get(4..6)?.try_into().ok()?);
            if source == port {
                found.push((u32_at(body, 64)?, u64::from(u32_at(body, 68)?)));
            }
        }
        // Messages start at multiples of four bytes.
        rest = rest.get(length.next_multiple_of(4).min(rest.len())..)?;
    }
    Some(Answer::Goes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::messages;

    #[test]
    fn an_answer_that_is_cut_or_lies_about_its_length_is_no_answer_and_no_panic() {
        let mut message = vec![0_u8; 88];
        message[0..4].copy_from_slice(&88_u32.to_ne_bytes());
        message[4..6].copy_from_slice(&20_u16.to_ne_bytes());
        for length in 0..message.len() {
            let _ = messages(&message[..length], 0, &mut Vec::new());
        }
        for lie in [0_u32, 1, 15, 89, u32::MAX] {
            message[0..4].copy_from_slice(&lie.to_ne_bytes());
            assert!(messages(&message, 0, &mut Vec::new()).is_none(), "{lie}");
        }
    }
}
