//! One canonical form for a host, so that two spellings of the same one compare equal: lower case, no trailing dot, no brackets,
//! punycode for international names, one spelling for each address.
//!
//! Knows nothing of ports and patterns, and asks no resolver: names are compared, not what they resolve to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Longer than any DNS name (253 bytes, RFC 1035) or address with its zone: beyond it a host is only put into lower case.
const LONGEST_READ: usize = 512;

/// The canonical form of a host as a connection string names it, percent-decoded. Never fails: what is no host stays what it is.
///
/// IPv4 in all spellings that `inet_aton` takes (`127.1`, `2130706433`, `0x7f.0.0.1`, `0177.0.0.1`) becomes the dotted form, as the URL
/// Standard's host parser does it; an IPv4-mapped IPv6 address becomes the IPv4 address; a zone (`%eth0`) is left out.
#[must_use]
pub fn canonical(host: &str) -> String {
    let text = host.trim();
    if is_plain_name(text) {
        return text.to_owned();
    }
    let inner = text.strip_prefix('[').map_or(text, |rest| rest.strip_suffix(']').unwrap_or(rest));
    let without_zone = inner.split_once('%').map_or(inner, |(address, _)| address);
    if let Ok(address) = without_zone.parse::<Ipv6Addr>() {
        return match address.to_ipv4_mapped() {
            Some(mapped) => mapped.to_string(),
            None => address.to_string(),
        };
    }
    let name = inner.trim_end_matches(['.', '。', '．', '｡']);
    if name.is_empty() || name.len() > LONGEST_READ {
        return name.to_lowercase();
    }
    match url::Host::parse(name) {
        Ok(url::Host::Domain(domain)) => domain.trim_end_matches('.').to_ascii_lowercase(),
        Ok(url::Host::Ipv4(address)) => address.to_string(),
        Ok(url::Host::Ipv6(address)) => address.to_string(),
        Err(_) => name.to_lowercase(),
    }
}

/// Whether a canonical host is this machine: 127.0.0.0/8, `::1`, `localhost` and names below it (RFC 6761, section 6.3), and the
/// unspecified addresses, which connect to this machine on Linux (ip(7)).
#[must_use]
pub fn is_loopback(canonical: &str) -> bool {
    if canonical == "localhost" || canonical.ends_with(".localhost") {
        return true;
    }
    match canonical.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_loopback() || address == Ipv4Addr::UNSPECIFIED,
        Ok(IpAddr::V6(address)) => address == Ipv6Addr::LOCALHOST || address == Ipv6Addr::UNSPECIFIED,
        Err(_) => false,
    }
}

/// Whether a canonical host is an address and not a name.
#[must_use]
pub fn is_address(canonical: &str) -> bool {
    canonical.parse::<IpAddr>().is_ok()
}

/// A host that is its own canonical form: the usual case, found without parsing.
fn is_plain_name(text: &str) -> bool {
    let bytes = text.as_bytes();
    let plain = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.');
    let last_label = text.rsplit('.').next().unwrap_or_default();
    !bytes.is_empty()
        && bytes.len() <= LONGEST_READ
        && bytes.iter().all(plain)
        // An address in any spelling ends in a label that starts with a digit; an empty last label is a trailing dot.
        && last_label.bytes().next().is_some_and(|byte| !byte.is_ascii_digit())
        && !text.contains("xn--")
}

#[cfg(test)]
mod tests {
    use super::{canonical, is_loopback};

    #[test]
    fn every_spelling_of_an_address_has_one_form() {
        for text in [
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "[::ffff:127.0.0.1]",
            "::ffff:7f00:1",
            "１２７.0.0.1",
        ] {
            assert_eq!(canonical(text), "127.0.0.1", "{text}");
            assert!(is_loopback(&canonical(text)));
        }
        assert_eq!(canonical("[0:0:0:0:0:0:0:1]"), "::1");
        assert_eq!(canonical("FE80::1%eth0"), "fe80::1");
    }

    #[test]
    fn every_spelling_of_a_name_has_one_form() {
        for text in [
            "db.example.com",
            "DB.Example.COM",
            "db.example.com.",
            " db.example.com ",
            "db.example.com..",
            "ｄｂ.example.com",
            "db。example.com",
        ] {
            assert_eq!(canonical(text), "db.example.com", "{text}");
        }
        assert_eq!(canonical("bücher.example"), "xn--bcher-kva.example");
        assert_eq!(canonical("xn--bcher-kva.example"), "xn--bcher-kva.example");
    }

    #[test]
    fn what_only_looks_like_this_machine_is_not() {
        for text in [
            "localhost.example.com",
            "127.0.0.1.example.com",
            "notlocalhost",
            "128.0.0.1",
            "::2",
            "127.0.0.1.nip.io",
            "local",
        ] {
            assert!(!is_loopback(&canonical(text)), "{text}");
        }
        assert!(is_loopback(&canonical("LOCALHOST.")));
        assert!(is_loopback(&canonical("shop.localhost")));
    }
}
