//! Connections in the contract of nodes: octets in order, in pieces that mean nothing.
//!
//! A node orders ([`StreamOrder`]) and is told ([`StreamEvent`]). A driver cuts what is sent wherever it likes, so
//! a node finds the bounds of its messages itself. Knows no socket and no TLS: a driver adds both.

use std::fmt;
use std::net::SocketAddr;

use bytes::Bytes;

/// A node that sends further while more than this waits to be sent on one stream loses the stream: it is reset.
/// In octets. [`StreamEvent::Blocked`] comes at a sixteenth of it.
pub const UNSENT_MAX: usize = 16 << 20;
/// From so many unsent octets on the node is told [`StreamEvent::Blocked`]; when a quarter of it is left,
/// [`StreamEvent::Drained`].
pub const UNSENT_HIGH: usize = UNSENT_MAX / 16;
/// What a receiver that pauses takes off the wire at most before the sender has to wait, in octets.
pub const WINDOW: usize = 65_535;

/// A connection, or a listener, as one node knows it. Two nodes may use the same number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(u64);

impl StreamId {
    /// The bit that sets those apart that a driver chose.
    const INCOMING: u64 = 1 << 63;

    /// An id that the node chooses, for a connection that it starts or a listener. The number has 63 bits; it may be used
    /// again once the stream is closed or refused.
    #[must_use]
    pub const fn outgoing(number: u64) -> Self {
        Self(number & !Self::INCOMING)
    }

    /// An id that the driver chooses, for a connection that somebody else started. A driver never uses one again.
    #[must_use]
    pub const fn incoming(number: u64) -> Self {
        Self(number | Self::INCOMING)
    }

    /// Whether somebody else started it.
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

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", if self.is_incoming() { "in-" } else { "out-" }, self.number())
    }
}

/// What carries a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Transport {
    /// TCP (RFC 9293).
    #[default]
    Tcp,
    /// TLS 1.2 or 1.3 over TCP, from the first octet on. In memory it costs a further round trip and hides nothing.
    Tls,
    /// SCTP (RFC 9260). Refused wherever the machine has none, and in memory.
    Sctp,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Sctp => "SCTP",
        })
    }
}

/// What a node orders about one of its streams. An order about a stream that is closed already is ignored: it may
/// have been under way when the news was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamOrder {
    /// Take connections at this address of the node. Answered with [`StreamEvent::Listening`] or
    /// [`StreamEvent::Refused`]; afterwards the id stands for the listener. A node that restarts orders it anew.
    Listen {
        /// Where. The batched server takes port 0 for a free one.
        at: SocketAddr,
        /// What carries the connections.
        over: Transport,
    },
    /// Connect. Answered with [`StreamEvent::Opened`] or [`StreamEvent::Refused`].
    Connect {
        /// One of the node's addresses; port 0 takes a free one.
        from: SocketAddr,
        /// To whom.
        to: SocketAddr,
        /// What carries it.
        over: Transport,
    },
    /// Send these octets after all that were sent before. Before [`StreamEvent::Opened`] they are kept until then.
    Send(Bytes),
    /// Take nothing more off the wire for now. What was taken already may still be handed over.
    Pause,
    /// Take it again.
    Resume,
    /// Send what is left, then end it in order. The node hears no more of it; what still arrives is thrown away. A
    /// listener stops, its connections go on.
    Close,
    /// End it at once; what is on its way is lost, and the other end hears of a reset.
    Reset,
}

/// What a driver tells a node about one of its streams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamEvent {
    /// Connections are taken here from now on.
    Listening {
        /// The address, with its port.
        local: SocketAddr,
    },
    /// The connection that the node asked for stands; with TLS, the other end is who it should be.
    Opened {
        /// The node's address, with the port that was taken.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
    },
    /// The connection, or the listener, that the node asked for did not come about. The id is free again.
    Refused(Refusal),
    /// Somebody has connected to an address that the node listens on.
    Accepted {
        /// The node's address.
        local: SocketAddr,
        /// The other end.
        remote: SocketAddr,
        /// What carries it.
        over: Transport,
    },
    /// The next octets; never none.
    Received(Bytes),
    /// Much of what was sent waits for the other end to take it ([`UNSENT_HIGH`]).
    Blocked,
    /// Most of it is gone now.
    Drained,
    /// It is over. Everything that the other end sent before an orderly end has been handed over. The id is free
    /// again.
    Closed(Ending),
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ending {
    /// The other end closed it.
    Orderly,
    /// The other end, or something in between, reset it; or the node sent more than [`UNSENT_MAX`] ahead.
    Reset,
    /// The other end did not confirm what was sent for too long.
    TimedOut,
    /// What arrived is no TLS.
    Insecure,
}

impl Ending {
    /// A lowercase word for a journal.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Orderly => "orderly",
            Self::Reset => "reset",
            Self::TimedOut => "timed-out",
            Self::Insecure => "insecure",
        }
    }
}

/// Why a connection or a listener did not come about.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Nobody listens there.
    #[error("nobody listens there")]
    Refused,
    /// There is no way to that address.
    #[error("there is no way to that address")]
    Unreachable,
    /// No answer came in time.
    #[error("no answer came in time")]
    TimedOut,
    /// TLS was not agreed on; the text says why.
    #[error("TLS was not agreed on: {0}")]
    Insecure(String),
    /// This cannot be done here; the text says why and what to do instead.
    #[error("{0}")]
    Unsupported(String),
    /// The address is taken, is none of the node's, or the machine has no room.
    #[error("{0}")]
    Local(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_node_and_what_a_driver_choose_never_collide() {
        for number in [0, 7, u64::MAX] {
            let (own, other) = (StreamId::outgoing(number), StreamId::incoming(number));
            assert_ne!(own, other);
            assert!(!own.is_incoming() && other.is_incoming());
            assert_eq!(own.number(), other.number());
        }
        assert_eq!(StreamId::incoming(7).to_string(), "in-7");
    }
}
