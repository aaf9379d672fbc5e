//! What a node is told before it starts.

use std::time::Duration;

use super::{Applications, Backoff, Identity, Relay, Watchdog};

/// Who may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Acceptance {
    /// Only peers that were named; others are answered 3010.
    #[default]
    Known,
    /// Anybody.
    Anybody,
}

/// How an endpoint behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Who it is.
    pub identity: Identity,
    /// What it serves or asks.
    pub applications: Applications,
    /// Who may connect.
    pub acceptance: Acceptance,
    /// Tw: silence before a DWR (RFC 3539 section 3.4.1). Not below 6 seconds but for tests.
    pub watchdog: Duration,
    /// How far Tw is moved by chance, either way.
    pub watchdog_jitter: Duration,
    /// DWAs that a peer must bring before it is used again after it was lost; 0 uses it at once.
    pub reopen_answers: u8,
    /// How long a connection may take to open and bring its CER or CEA.
    pub capabilities_within: Duration,
    /// How long the other end may take to close after DPR or DPA.
    pub closing_within: Duration,
    /// Before a lost or refused connection is tried again.
    pub backoff: Backoff,
    /// How long an answer may take before the request is given up; failover comes from watchdogs and
    /// closed connections before that.
    pub answer_within: Duration,
    /// The longest message that is taken, in octets.
    pub message_len_max: usize,
    /// Most requests that wait for their answers.
    pub pending_max: usize,
    /// Most connections.
    pub connections_max: usize,
    /// Whether requests of others are passed on.
    pub relay: Relay,
    /// Whether the owner says where requests of others go: they come to it as [`super::Action::Request`], and
    /// [`super::Endpoint::forward`] passes them on.
    pub steered: bool,
    /// Whether [`super::Action::Arrived`] tells of each message that came, for a journal.
    pub tells_arrivals: bool,
}

impl Settings {
    /// Settings with the standards' times.
    #[must_use]
    pub fn new(identity: Identity, applications: Applications) -> Self {
        Self {
            identity,
            applications,
            acceptance: Acceptance::Known,
            watchdog: Duration::from_secs(30),
            watchdog_jitter: Duration::from_secs(2),
            reopen_answers: Watchdog::ANSWERS_WANTED,
            capabilities_within: Duration::from_secs(10),
            closing_within: Duration::from_secs(5),
            backoff: Backoff::default(),
            answer_within: Duration::from_secs(30),
            message_len_max: crate::Splitter::LEN_MAX,
            pending_max: 100_000,
            connections_max: 20_000,
            relay: Relay::Off,
            steered: false,
            tells_arrivals: false,
        }
    }
}

/// A peer that is named before the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerSettings {
    /// Its Origin-Host.
    pub host: String,
    /// Its realm, as far as it is known.
    pub realm: Option<String>,
    /// Whether this end connects; else it waits for the peer.
    pub connect: bool,
}

impl PeerSettings {
    /// A peer to connect to.
    #[must_use]
    pub fn to(host: impl Into<String>) -> Self {
        Self { host: host.into(), realm: None, connect: true }
    }

    /// A peer that connects to us.
    #[must_use]
    pub fn from(host: impl Into<String>) -> Self {
        Self { host: host.into(), realm: None, connect: false }
    }
}
