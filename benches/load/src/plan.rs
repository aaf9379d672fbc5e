//! What a run is to do, checked before anything is sent.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use tollgate_radius::Secret;

/// The most requests in flight. Each 256 of them take a socket, as an identifier has one octet
/// (RFC 2865 section 3).
pub const IN_FLIGHT_MAX: u32 = 65_536;
/// The longest run.
pub const TIME_MAX: Duration = Duration::from_secs(24 * 3_600);

/// A bounded run against one server.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server's port for this traffic.
    pub server: SocketAddr,
    /// The secret that it shares with this machine's address.
    pub secret: Secret,
    /// What is sent.
    pub traffic: Traffic,
    /// Whose sessions they are.
    pub accounts: Accounts,
    /// When a request is sent.
    pub pace: Pace,
    /// The most requests; sessions that were begun are still ended.
    pub requests_max: u64,
    /// After so long no session is begun any more.
    pub time_max: Duration,
    /// How long an answer may take; then the request counts as lost, and is not repeated.
    pub answer_max: Duration,
    /// Of so many answers one has its authenticator checked; 1 checks them all.
    pub verify_every: u32,
    /// The server's process on this machine, to measure its processor time.
    pub server_pid: Option<u32>,
    /// Whether the server may be another machine.
    pub remote_allowed: bool,
    /// Distinguishes this run's sessions from those of other runs.
    pub run: u32,
}

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Traffic {
    /// An Accounting-Request Start and, when it is answered, the Stop of the same session.
    Accounting,
    /// An Access-Request with this User-Password.
    Access {
        /// The password; the empty one sends none.
        password: String,
    },
}

/// When a request is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Closed loop: as soon as fewer than so many are in flight. Measures how much a server can do.
    Window(u32),
    /// Open loop: so many a second, whatever the answers do. Latency counts from when a request was due.
    /// Measures how a server answers under a load.
    Rate {
        /// Requests a second.
        per_second: u32,
        /// The most in flight; those that are due meanwhile wait, and their latency counts.
        in_flight_max: u32,
    },
}

/// Names of accounts: consecutive decimal numbers of one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accounts {
    first: u64,
    count: u64,
    digits: usize,
}

/// A plan asks for what must not be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// Load on somebody else's machine needs somebody's word.
    #[error("{0} is not on this machine; allow remote servers if it is yours to load")]
    Remote(SocketAddr),
    /// A number is out of its bounds.
    #[error("{what} is {value}; it must be between {min} and {max}")]
    OutOfBounds {
        /// Which number.
        what: &'static str,
        /// What it is.
        value: u64,
        /// The least.
        min: u64,
        /// The most.
        max: u64,
    },
    /// Not a range of accounts.
    #[error("'{0}' is no range of accounts; write 90000000000+10000 for ten thousand from that number on")]
    Accounts(String),
}

impl Plan {
    /// Checks every bound.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn check(&self) -> Result<(), PlanError> {
        if !self.server.ip().is_loopback() && !self.remote_allowed {
            return Err(PlanError::Remote(self.server));
        }
        within("the number of requests", self.requests_max, 1, u64::from(u32::MAX))?;
        within("the time in seconds", self.time_max.as_secs(), 0, TIME_MAX.as_secs())?;
        let answer_max = u64::try_from(self.answer_max.as_millis()).unwrap_or(u64::MAX);
        within("the time for an answer in milliseconds", answer_max, 1, 60_000)?;
        within("the share of answers to verify", self.verify_every.into(), 1, u32::MAX.into())?;
        within("the number in flight", self.pace.in_flight_max().into(), 1, IN_FLIGHT_MAX.into())?;
        match self.pace {
            Pace::Window(_) => Ok(()),
            Pace::Rate { per_second, .. } => within("the rate a second", per_second.into(), 1, 10_000_000),
        }
    }
}

/// Whether a number is within its bounds.
pub(crate) fn within(what: &'static str, value: u64, min: u64, max: u64) -> Result<(), PlanError> {
    if (min..=max).contains(&value) { Ok(()) } else { Err(PlanError::OutOfBounds { what, value, min, max }) }
}

impl Pace {
    /// The most requests in flight.
    #[must_use]
    pub const fn in_flight_max(self) -> u32 {
        match self {
            Self::Window(max) | Self::Rate { in_flight_max: max, .. } => max,
        }
    }
}

impl Accounts {
    /// The length of every name.
    pub(crate) const fn digits(self) -> usize {
        self.digits
    }

    /// How many there are.
    pub(crate) const fn count(self) -> u64 {
        self.count
    }

    /// The account of a session: one after the other, and again from the first.
    pub(crate) const fn of(self, session: u64) -> u64 {
        self.first + session % self.count
    }
}

impl FromStr for Accounts {
    type Err = PlanError;

    /// Reads `first+count`; leading zeros of the first are part of every name.
    fn from_str(text: &str) -> Result<Self, PlanError> {
        let wrong = || PlanError::Accounts(text.to_owned());
        let (name, count) = text.split_once('+').unwrap_or((text, "1"));
        let first: u64 = name.parse().map_err(|_| wrong())?;
        let count: u64 = count.parse().map_err(|_| wrong())?;
        let last = first.checked_add(count.checked_sub(1).ok_or_else(wrong)?).ok_or_else(wrong)?;
        let digits = name.len();
        if last.to_string().len() > digits || !name.bytes().all(|digit| digit.is_ascii_digit()) {
            return Err(wrong());
        }
        Ok(Self { first, count, digits })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_keeps_its_zeros_and_starts_over() {
        let accounts: Accounts = "0098+3".parse().unwrap();
        assert_eq!(accounts.digits(), 4);
        assert_eq!([0, 1, 2, 3].map(|session| accounts.of(session)), [98, 99, 100, 98]);
    }

    #[test]
    fn a_range_that_outgrows_its_names_is_refused() {
        for text in ["", "+", "99+2", "x+1", "10+0", "+5+1", "18446744073709551615+2"] {
            assert!(text.parse::<Accounts>().is_err(), "{text}");
        }
    }
}
