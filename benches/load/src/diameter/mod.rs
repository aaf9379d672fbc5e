//! Diameter: sessions of credit control over connections, each request sent when the one before it is answered.
//!
//! A session is a CCR-I, a number of CCR-U and a CCR-T; every answer is held against what was asked: its Result-Code,
//! its session, its number, what it grants. How much money that is, the server tells.

mod connection;
mod generator;
mod messages;

use std::net::SocketAddr;
use std::time::Duration;

pub use generator::run;
pub use messages::{REPORT, world};

use crate::plan::{IN_FLIGHT_MAX, within};
use crate::{Accounts, Pace, PlanError, TIME_MAX};

/// The most connections.
pub const CONNECTIONS_MAX: u32 = 1_024;
/// The most sessions that are open at once.
pub const SESSIONS_MAX: u32 = 1_000_000;

/// A bounded run of sessions against one server.
#[derive(Debug, Clone)]
pub struct DiameterPlan {
    /// The server's address and port.
    pub server: SocketAddr,
    /// How many connections; each is a Diameter node of its own.
    pub connections: u32,
    /// Whose sessions they are.
    pub accounts: Accounts,
    /// How many sessions are open at once.
    pub sessions: u32,
    /// How many CCR-U a session has.
    pub updates: u32,
    /// When a request is sent.
    pub pace: Pace,
    /// The most requests; sessions that were begun are still ended.
    pub requests_max: u64,
    /// After so long no session is begun any more, and those that are open are ended.
    pub time_max: Duration,
    /// How long an answer may take; then the request counts as lost, and its session is given up.
    pub answer_max: Duration,
    /// The server's process on this machine, to measure its processor time.
    pub server_pid: Option<u32>,
    /// Whether the server may be another machine.
    pub remote_allowed: bool,
    /// Distinguishes this run's sessions from those of other runs.
    pub run: u32,
}

impl DiameterPlan {
    /// Checks every bound.
    ///
    /// # Errors
    /// The first that is broken.
    pub fn check(&self) -> Result<(), PlanError> {
        if !self.server.ip().is_loopback() && !self.remote_allowed {
            return Err(PlanError::Remote(self.server));
        }
        within("the number of connections", self.connections.into(), 1, CONNECTIONS_MAX.into())?;
        within("the number of sessions", self.sessions.into(), 1, SESSIONS_MAX.into())?;
        within("the number of updates", self.updates.into(), 0, u64::from(u32::MAX - 2))?;
        within("the number of requests", self.requests_max, 1, u64::from(u32::MAX))?;
        within("the time in seconds", self.time_max.as_secs(), 0, TIME_MAX.as_secs())?;
        let answer_max = u64::try_from(self.answer_max.as_millis()).unwrap_or(u64::MAX);
        within("the time for an answer in milliseconds", answer_max, 1, 60_000)?;
        within("the number in flight", self.pace.in_flight_max().into(), 1, IN_FLIGHT_MAX.into())?;
        match self.pace {
            Pace::Window(_) => Ok(()),
            Pace::Rate { per_second, .. } => within("the rate a second", per_second.into(), 1, 10_000_000),
        }
    }
}
