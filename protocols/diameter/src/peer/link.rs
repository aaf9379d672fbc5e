//! One connection as an endpoint knows it.

use std::fmt;

use tollgate_time::Instant;

use crate::Splitter;

/// A connection. Those that this end opens have numbers of its own, those that others open the caller's.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(u64);

impl ConnectionId {
    const INCOMING: u64 = 1 << 63;

    /// A connection that somebody else opened, under the caller's number of 63 bits.
    #[must_use]
    pub const fn incoming(number: u64) -> Self {
        Self(number | Self::INCOMING)
    }

    /// A connection that this end opens.
    #[must_use]
    pub const fn outgoing(number: u64) -> Self {
        Self(number & !Self::INCOMING)
    }

    /// Whether somebody else opened it.
    #[must_use]
    pub const fn is_incoming(self) -> bool {
        self.0 & Self::INCOMING != 0
    }

    /// The number, without what tells the two kinds apart.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0 & !Self::INCOMING
    }
}

impl fmt::Debug for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_incoming() { "in-" } else { "out-" }, self.number())
    }
}

/// What is kept of a connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) splitter: Splitter,
    /// The peer, once its CER has said who it is; for our own connections from the start.
    pub(super) peer: Option<usize>,
    /// By when an incoming connection must have sent its CER.
    pub(super) deadline: Option<Instant>,
    /// The next Hop-by-Hop Identifier.
    pub(super) hop_by_hop: u32,
}
