//! What travels between nodes.

use std::net::SocketAddr;

use bytes::Bytes;

/// One UDP datagram. The addresses are those of the scenario; a live driver maps them to real ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Who sent it.
    pub from: SocketAddr,
    /// Whom it is for.
    pub to: SocketAddr,
    /// The message.
    pub payload: Bytes,
}

impl Frame {
    /// A frame that answers this one: same addresses, the other way round.
    #[must_use]
    pub fn answer(&self, payload: impl Into<Bytes>) -> Self {
        Self { from: self.to, to: self.from, payload: payload.into() }
    }
}
