//! The point in time that every part of tollgate speaks of: nanoseconds of the Unix epoch, UTC.
//!
//! Nothing here reads a clock. Under the virtual driver an [`Instant`] is the scenario's wall clock,
//! under the live driver it is derived from the machine's.

mod zone;

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

pub use zone::{DAY_SECS, Date, DateError, Local, WEEK_SECS, Zone, ZoneError};

/// A point in time, in nanoseconds since 1970-01-01T00:00:00Z. Reaches to the year 2554.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
)]
pub struct Instant(u64);

/// A text was not a point in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a time; write it as 2007-03-09T00:15:50-08:00 (RFC 3339, with its offset or Z)")]
pub struct InstantError {
    /// What was to be read.
    pub text: String,
}

impl Instant {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The point `nanos` nanoseconds after the epoch.
    #[must_use]
    pub const fn from_unix_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// The point `secs` whole seconds after the epoch.
    #[must_use]
    pub const fn from_unix_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds since the epoch.
    #[must_use]
    pub const fn unix_nanos(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    #[must_use]
    pub const fn unix_secs(self) -> u64 {
        self.0 / 1_000_000_000
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This point and `span`, or `None` past the year 2554.
    #[must_use]
    pub fn checked_add(self, span: Duration) -> Option<Self> {
        let nanos = u64::try_from(span.as_nanos()).ok()?;
        self.0.checked_add(nanos).map(Self)
    }

    /// Reads an RFC 3339 time with an offset (`2007-03-09T00:15:50.250-08:00`, `…Z`).
    ///
    /// # Errors
    /// The text is not such a time, or lies before 1970 or after 2554.
    pub fn parse_rfc3339(text: &str) -> Result<Self, InstantError> {
        let wrong = || InstantError { text: text.to_owned() };
        let stamp: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
        u64::try_from(stamp.as_nanosecond()).map(Self).map_err(|_| wrong())
    }
}

impl fmt::Display for Instant {
    /// RFC 3339 in UTC, with as many decimals as are needed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_nanosecond(i128::from(self.0)) {
            Ok(stamp) => write!(f, "{stamp}"),
            Err(_) => write!(f, "{} ns after the epoch", self.0),
        }
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;
    /// Saturates at the end of time, which no deadline reaches.
    fn add(self, span: Duration) -> Self {
        self.checked_add(span).unwrap_or(Self(u64::MAX))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub for Instant {
    type Output = Duration;
    /// The time between the two; zero when `earlier` is the later one.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_since(earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_printed_instant_reads_back() {
        let at = Instant::parse_rfc3339("2007-03-09T00:16:18.192-08:00").unwrap();
        assert_eq!(at.to_string(), "2007-03-09T08:16:18.192Z");
        assert_eq!(Instant::parse_rfc3339(&at.to_string()), Ok(at));
        assert_eq!(at.unix_secs(), 1_173_428_178);
    }

    #[test]
    fn a_time_without_an_offset_is_refused() {
        assert!(Instant::parse_rfc3339("2007-03-09T00:16:18").is_err());
        assert!(Instant::parse_rfc3339("1969-12-31T23:59:59Z").is_err());
    }

    #[test]
    fn the_difference_never_goes_below_zero() {
        let late = Instant::from_unix_secs(10);
        assert_eq!(Instant::EPOCH - late, Duration::ZERO);
        assert_eq!(late - Instant::from_unix_secs(7), Duration::from_secs(3));
    }
}
