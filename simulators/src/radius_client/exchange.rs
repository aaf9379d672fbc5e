//! One request and what became of it.

use std::time::Duration;

use bytes::Bytes;
use tollgate_radius::{Code, Packet, Secret};
use tollgate_time::Instant;

use super::ports::Slot;
use super::servers::Tried;
use crate::timers::TimerId;

/// Which port of a server a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Authentication and authorization (1812).
    Access,
    /// Accounting (1813).
    Accounting,
}

/// A request to be sent.
#[derive(Debug)]
pub struct Request<Q> {
    /// What the owner knows it by, handed back with the answer.
    pub query: Q,
    /// Where it goes.
    pub service: Service,
    /// What kind of request it is meant to be; its octets may say otherwise on purpose.
    pub code: Code,
    /// When what it reports happened: the start of Acct-Delay-Time (RFC 2866 section 5.2).
    pub since: Instant,
    /// Whether it is sent again when no answer comes.
    pub persistent: bool,
}

/// What the client decides about a packet.
#[derive(Debug)]
pub struct Head<'a> {
    /// Its identifier.
    pub identifier: u8,
    /// A random Request Authenticator, for the kinds of packets that have one.
    pub authenticator: [u8; 16],
    /// The secret shared with the server that it goes to.
    pub secret: &'a Secret,
    /// How long ago what it reports happened, in whole seconds; 0 when it is built for the first time.
    pub delay_secs: u32,
}

/// A request in flight, to be called off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExchangeId {
    pub(super) slot: Slot,
    pub(super) serial: u64,
}

/// The answer to a request.
#[derive(Debug)]
pub struct Answer<'a, Q> {
    /// The request that it answers.
    pub query: Q,
    /// The packet, verified.
    pub packet: Packet<'a>,
}

/// A request in flight.
#[derive(Debug)]
pub(super) struct Exchange<Q> {
    pub(super) request: Request<Q>,
    pub(super) serial: u64,
    pub(super) server: usize,
    pub(super) tried: Tried,
    /// How often all servers have been tried.
    pub(super) rounds: u32,
    /// The octets as they were sent: a retransmission is the same packet (RFC 5080 section 2.2.1).
    pub(super) payload: Bytes,
    /// When this server got it first.
    pub(super) began: Instant,
    /// How often it was sent again to this server.
    pub(super) retransmissions: u32,
    pub(super) wait: Duration,
    pub(super) timer: TimerId,
}

impl<Q> Exchange<Q> {
    /// The Request Authenticator as it was sent; `None` for a packet that was cut short on purpose.
    pub(super) fn authenticator(&self) -> Option<&[u8; 16]> {
        self.payload.get(4..20)?.try_into().ok()
    }

    /// Whether a packet of this kind answers the request (RFC 2865 section 2, RFC 2866 section 2, RFC 5997
    /// section 4.2).
    pub(super) fn is_answered_by(&self, code: Code) -> bool {
        match (self.request.code, self.request.service) {
            (Code::STATUS_SERVER, Service::Access) => code == Code::ACCESS_ACCEPT,
            (_, Service::Access) => {
                matches!(code, Code::ACCESS_ACCEPT | Code::ACCESS_REJECT | Code::ACCESS_CHALLENGE)
            }
            (_, Service::Accounting) => code == Code::ACCOUNTING_RESPONSE,
        }
    }
}
