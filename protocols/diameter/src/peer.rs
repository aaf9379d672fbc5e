//! Peers: capabilities, connections, watchdogs, routes, failover. No socket and no clock: an [`Endpoint`]
//! is told what happened and when, and says what to do.
//!
//! The parts can be used alone: [`machine`] is the table of RFC 6733 section 5.6, [`Watchdog`] the algorithm
//! of RFC 3539, [`Capabilities`] what CER and CEA carry, [`Routes`] the routing table.

mod action;
mod backoff;
mod capabilities;
mod chance;
mod endpoint;
mod identity;
mod link;
pub mod machine;
mod pending;
mod relay;
mod routes;
mod settings;
mod state;
mod traffic;
mod watchdog;

pub use action::{Action, Failure, Note, RequestId};
pub use backoff::Backoff;
pub use capabilities::{Applications, Capabilities, RELAY};
pub use endpoint::{Endpoint, PeerStatus};
pub use identity::Identity;
pub use link::ConnectionId;
pub use machine::State;
pub use relay::Relay;
pub use routes::{Route, Routes};
pub use settings::{Acceptance, PeerSettings, Settings};
pub use traffic::Sending;
pub use watchdog::{Health, Watchdog, WatchdogOrder};

/// Why a connection ends in order (RFC 6733 section 5.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DisconnectCause {
    /// The node is about to start anew.
    Rebooting,
    /// The node has too much to do.
    Busy,
    /// The node expects no more messages.
    DoNotWantToTalkToYou,
}

impl DisconnectCause {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Rebooting => 0,
            Self::Busy => 1,
            Self::DoNotWantToTalkToYou => 2,
        }
    }

    /// The cause of a number.
    #[must_use]
    pub const fn of(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Rebooting),
            1 => Some(Self::Busy),
            2 => Some(Self::DoNotWantToTalkToYou),
            _ => None,
        }
    }
}

/// Commands between neighbours, never routed (RFC 6733 section 5).
pub(crate) mod base {
    /// Capabilities-Exchange.
    pub(crate) const CAPABILITIES: u32 = 257;
    /// Device-Watchdog.
    pub(crate) const WATCHDOG: u32 = 280;
    /// Disconnect-Peer.
    pub(crate) const DISCONNECT: u32 = 282;
}
