//! The clock: seconds since 1970 in UTC, and how they are written down.

use std::time::{SystemTime, UNIX_EPOCH};

/// A moment, in whole seconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// Now, by this machine's clock. A clock before 1970 reads as 0.
    #[must_use]
    pub fn now() -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one reader of the clock")]
        let now = SystemTime::now();
        Timestamp(now.duration_since(UNIX_EPOCH).map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX)))
    }

    /// RFC 3339 in UTC, `2026-11-23T12:00:00Z`.
    #[must_use]
    pub fn to_rfc3339(self) -> String {
        jiff::Timestamp::from_second(self.0).map_or_else(|_| format!("@{}", self.0), |moment| moment.to_string())
    }

    /// Reads what [`Timestamp::to_rfc3339`] wrote; `None` for anything else than an RFC 3339 moment.
    #[must_use]
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|moment| Timestamp(moment.as_second()))
    }
}
