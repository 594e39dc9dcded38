//! The network: one bounded, synchronous GET for JSON documents.
//!
//! Knows nothing of what the documents mean. https everywhere, http only to loopback addresses; no redirects; certificates of the machine, never
//! those that a variable names (`SSL_CERT_FILE` and a proxy together would let whoever sets variables speak for any issuer).

use std::time::Duration;
use url::{Host, Url};

/// The most that is read of an answer: 256 KiB. Larger is an error, never a cut.
pub const MAXIMUM_ANSWER_BYTES: u64 = 256 * 1024;

/// How long one request may take from beginning to end.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Why there is no document. Names the host at most: never a path, a query or a header, which may hold tokens.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The address is none that may be asked.
    #[error("the address is not allowed: {0}")]
    Address(&'static str),
    /// No answer came: no name, no connection, no trust in the certificate.
    #[error("{host} cannot be reached ({reason})")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What failed.
        reason: String,
    },
    /// The answer took longer than [`TIMEOUT`].
    #[error("{host} did not answer within {} seconds", TIMEOUT.as_secs())]
    Slow {
        /// Host and port.
        host: String,
    },
    /// The answer has another status than 200; redirects are not followed.
    #[error("{host} answered with HTTP status {status}")]
    Status {
        /// Host and port.
        host: String,
        /// The status.
        status: u16,
    },
    /// The answer is larger than [`MAXIMUM_ANSWER_BYTES`].
    #[error("the answer of {host} is larger than {MAXIMUM_ANSWER_BYTES} bytes")]
    TooLarge {
        /// Host and port.
        host: String,
    },
    /// The answer is not JSON.
    #[error("the answer of {host} is not JSON")]
    NotJson {
        /// Host and port.
        host: String,
    },
}

/// An address that may be asked: https, or http to this machine.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    url: Url,
    loopback: bool,
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`NetworkError::Address`] for anything but https, or http to a loopback address; for user names, passwords and fragments.
    pub fn parse(text: &str) -> Result<Self, NetworkError> {
        let url = Url::parse(text).map_err(|_| NetworkError::Address("it is not a URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NetworkError::Address("it holds a user name or a password"));
        }
        if url.fragment().is_some() {
            return Err(NetworkError::Address("it holds a fragment"));
        }
        let loopback = match url.host() {
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            Some(Host::Domain(name)) => name == "localhost",
            None => return Err(NetworkError::Address("it names no host")),
        };
        match url.scheme() {
            "https" => {}
            "http" if loopback => {}
            "http" => return Err(NetworkError::Address("http is allowed to a loopback address only")),
            _ => return Err(NetworkError::Address("it is not https")),
        }
        Ok(Address { url, loopback })
    }

    /// Whether it is on this machine: `127.0.0.0/8`, `::1` or `localhost`.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.loopback
    }

    /// Whether what is sent can be read on the way.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        self.url.scheme() == "http"
    }

    /// Host and port, for people.
    #[must_use]
    pub fn host(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        self.url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The same address with one more parameter, percent-encoded, at the end of its query.
    #[must_use]
    pub fn with_parameter(&self, name: &str, value: &str) -> Self {
        let mut address = self.clone();
        address.url.query_pairs_mut().append_pair(name, value);
        address
    }

    /// What is really asked: `localhost` is this machine by RFC 6761, 6.3, whatever a resolver or `HOSTALIASES` says.
    fn wire(&self) -> Url {
        let mut url = self.url.clone();
        if self.is_plain() && matches!(url.host(), Some(Host::Domain(_))) {
            let _ = url.set_host(Some("127.0.0.1"));
        }
        url
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Address({}://{}/…)", self.url.scheme(), self.host())
    }
}

/// Asks for a JSON document, with these headers.
///
/// # Errors
/// See [`NetworkError`]; none holds a path, a query or a header.
pub fn get_json(address: &Address, headers: &[(&str, &str)]) -> Result<serde_json::Value, NetworkError> {
    let host = address.host();
    let unreachable = |reason: &str| NetworkError::Unreachable { host: host.clone(), reason: reason.to_owned() };
    let tls = ureq::tls::TlsConfig::builder()
        .provider(ureq::tls::TlsProvider::Rustls)
        .root_certs(roots(address).ok_or_else(|| unreachable("this machine has no certificates to trust"))?)
        .build();
    let proxy = if address.is_loopback() { None } else { ureq::Proxy::try_from_env() };
    let agent = ureq::Agent::config_builder()
        .timeout_global(Some(TIMEOUT))
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .max_response_header_size(64 * 1024)
        .https_only(!address.is_plain())
        .proxy(proxy)
        .user_agent("prisma-guard")
        .tls_config(tls)
        .build()
        .new_agent();
    let mut request = agent.get(address.wire().as_str()).header("accept", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.call().map_err(|error| describe(&error, &host))?;
    let status = answer.status().as_u16();
    if status != 200 {
        return Err(NetworkError::Status { host, status });
    }
    let bytes = answer
        .body_mut()
        .with_config()
        .limit(MAXIMUM_ANSWER_BYTES)
        .read_to_vec()
        .map_err(|error| describe(&error, &host))?;
    serde_json::from_slice(&bytes).map_err(|_| NetworkError::NotJson { host })
}

/// ureq's errors can hold the whole address; only their kind is passed on.
fn describe(error: &ureq::Error, host: &str) -> NetworkError {
    let host = host.to_owned();
    let reason = match error {
        ureq::Error::Timeout(_) => return NetworkError::Slow { host },
        ureq::Error::BodyExceedsLimit(_) => return NetworkError::TooLarge { host },
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => return NetworkError::Slow { host },
        ureq::Error::Io(error) => error.kind().to_string(),
        ureq::Error::HostNotFound => "no such host".to_owned(),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) | ureq::Error::TlsRequired => {
            "its certificate is not trusted, or TLS failed".to_owned()
        }
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => "the proxy failed".to_owned(),
        ureq::Error::Http(_) => "a header or the address cannot be sent".to_owned(),
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(_, _) => "it does not speak HTTP".to_owned(),
        _ => "the request failed".to_owned(),
    };
    NetworkError::Unreachable { host, reason }
}

/// Where the distributions keep the certificates that their administrator trusts (the places of openssl-probe 0.2, without its variables).
#[cfg(all(unix, not(target_vendor = "apple")))]
const CERTIFICATE_FILES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/ssl/cert.pem",
];

/// The certificates to trust. rustls-platform-verifier reads `SSL_CERT_FILE` and `SSL_CERT_DIR` on Linux (rustls-native-certs, "Environment
/// variables"), so they are read here instead; on macOS and Windows it asks the operating system and no variable.
#[cfg(all(unix, not(target_vendor = "apple")))]
fn roots(address: &Address) -> Option<ureq::tls::RootCerts> {
    if address.is_plain() {
        return Some(ureq::tls::RootCerts::new_with_certs(&[]));
    }
    let bundle = CERTIFICATE_FILES
        .iter()
        .find_map(|file| super::files::read_bytes(std::path::Path::new(file), super::files::MAXIMUM_TEXT_BYTES).ok())?;
    let certificates: Vec<_> = ureq::tls::parse_pem(&bundle)
        .filter_map(|item| match item {
            Ok(ureq::tls::PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    (!certificates.is_empty()).then(|| ureq::tls::RootCerts::new_with_certs(&certificates))
}

#[cfg(not(all(unix, not(target_vendor = "apple"))))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there may be none")]
fn roots(_address: &Address) -> Option<ureq::tls::RootCerts> {
    Some(ureq::tls::RootCerts::PlatformVerifier)
}

#[cfg(test)]
mod tests {
    use super::{Address, NetworkError, get_json};

    #[test]
    fn only_https_and_http_on_loopback_may_be_asked() {
        for right in [
            "https://token.actions.githubusercontent.com/x",
            "http://127.0.0.1:1/",
            "http://[::1]:1/",
            "http://localhost:1",
        ] {
            assert!(Address::parse(right).is_ok(), "{right}");
        }
        for wrong in [
            "http://example.com",
            "http://127.0.0.1.example.com",
            "http://localhost.example.com",
            "http://0.0.0.0",
            "ftp://localhost",
            "file:///etc/passwd",
            "http://127.0.0.1@example.com/",
            "https://user:secret@example.com/",
            "https://example.com/#x",
            "",
            "localhost",
        ] {
            assert!(matches!(Address::parse(wrong), Err(NetworkError::Address(_))), "{wrong}");
        }
    }

    #[test]
    fn neither_debug_nor_an_error_shows_a_path_or_a_query() {
        let address = Address::parse("http://127.0.0.1:9/private?token=secret").unwrap();
        assert_eq!(format!("{address:?}"), "Address(http://127.0.0.1:9/…)");
        let error = get_json(&address, &[("authorization", "Bearer secret")]).unwrap_err();
        assert!(matches!(error, NetworkError::Unreachable { .. }), "{error}");
        assert!(!format!("{error} {error:?}").contains("secret") && !format!("{error} {error:?}").contains("private"));
    }

    #[test]
    fn a_parameter_is_percent_encoded_after_those_that_are_there() {
        let address =
            Address::parse("https://h.example/t?api-version=2.0").unwrap().with_parameter("audience", "a:b&c=d");
        assert_eq!(address.url.query(), Some("api-version=2.0&audience=a%3Ab%26c%3Dd"));
    }

    #[test]
    fn a_header_with_a_line_break_is_refused_without_being_shown() {
        let address = Address::parse("http://127.0.0.1:9/").unwrap();
        let error = get_json(&address, &[("authorization", "Bearer a\r\nsecret: b")]).unwrap_err();
        assert!(!format!("{error:?}").contains("secret"), "{error:?}");
    }
}
