//! The timers of RFC 3261 table 4, and the retransmission of a 2xx until its ACK.

use std::time::Duration;

use tollgate_time::Instant;

/// The three times that all timers are made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// Estimate of the round trip.
    pub t1: Duration,
    /// The longest time between retransmissions of a request that is no INVITE, and of a response.
    pub t2: Duration,
    /// How long a message may stay in the network.
    pub t4: Duration,
    /// Timer D on an unreliable transport: how long a final response may come again.
    pub d: Duration,
    /// How long a server waits with its own 100.
    pub trying: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            d: Duration::from_secs(32),
            trying: Duration::from_millis(200),
        }
    }
}

impl Timers {
    /// 64 × T1: timers B, F, H, J, L and M.
    #[must_use]
    pub fn give_up(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}

/// When a 2xx to an INVITE is sent again (RFC 3261 section 13.3.1.4): at T1, doubling up to T2, on every
/// transport, until its ACK or 64 × T1. The user of the transactions keeps one for each 2xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retransmission {
    next: Instant,
    interval: Duration,
    interval_max: Duration,
    end: Instant,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Nothing yet.
    Nothing,
    /// Send again.
    Again,
    /// The ACK never came: the session is to be ended by BYE.
    GivenUp,
}

impl Retransmission {
    /// Of a 2xx that was sent at `now`.
    #[must_use]
    pub fn new(now: Instant, timers: &Timers) -> Self {
        Self {
            next: now + timers.t1,
            interval: timers.t1,
            interval_max: timers.t2,
            end: now + timers.give_up(),
        }
    }

    /// When [`Retransmission::handle_timeout`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.next.min(self.end)
    }

    /// What is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) -> Due {
        if now >= self.end {
            return Due::GivenUp;
        }
        if now < self.next {
            return Due::Nothing;
        }
        self.interval = self.interval.saturating_mul(2).min(self.interval_max);
        self.next = now + self.interval;
        Due::Again
    }
}
