//! Requests that wait for their answers.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use tollgate_time::Instant;

use super::action::RequestId;
use super::link::ConnectionId;

/// Who wants the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanter {
    /// This node.
    Own(RequestId),
    /// A peer, whose request was passed on.
    Peer {
        /// Where the answer goes.
        connection: ConnectionId,
        /// What the peer's request carried.
        hop_by_hop: u32,
    },
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Waiting {
    pub(super) wanter: Wanter,
    /// As it was sent.
    pub(super) octets: Vec<u8>,
    /// Who has it.
    pub(super) peer: usize,
    pub(super) connection: ConnectionId,
    pub(super) hop_by_hop: u32,
    /// Who had it before.
    pub(super) tried: Vec<usize>,
    /// Whether another peer may get it.
    pub(super) failover: bool,
    pub(super) deadline: Instant,
}

/// All of them, in the order in which they were sent first.
#[derive(Debug, Default)]
pub(super) struct Pending {
    waiting: BTreeMap<u64, Waiting>,
    hops: HashMap<(ConnectionId, u32), u64, foldhash::fast::FixedState>,
    deadlines: BTreeSet<(Instant, u64)>,
    next: u64,
}

impl Pending {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|own| own.0)
    }

    /// A number for a request that is about to wait.
    pub(super) const fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    pub(super) fn insert(&mut self, number: u64, own: Waiting) {
        self.hops.insert((own.connection, own.hop_by_hop), number);
        self.deadlines.insert((own.deadline, number));
        self.waiting.insert(number, own);
    }

    fn remove(&mut self, number: u64) -> Option<Waiting> {
        let own = self.waiting.remove(&number)?;
        self.hops.remove(&(own.connection, own.hop_by_hop));
        self.deadlines.remove(&(own.deadline, number));
        Some(own)
    }

    /// The request that an answer belongs to; it waits no more.
    pub(super) fn answered(&mut self, connection: ConnectionId, hop_by_hop: u32) -> Option<(u64, Waiting)> {
        let number = *self.hops.get(&(connection, hop_by_hop))?;
        Some((number, self.remove(number)?))
    }

    /// One request whose time is over; it waits no more.
    pub(super) fn expired(&mut self, now: Instant) -> Option<Waiting> {
        let (at, number) = *self.deadlines.first()?;
        if at > now { None } else { self.remove(number) }
    }

    /// What a peer has; it waits no more.
    pub(super) fn of_peer(&mut self, peer: usize) -> Vec<(u64, Waiting)> {
        let numbers: Vec<u64> =
            self.waiting.iter().filter(|(_, own)| own.peer == peer).map(|(number, _)| *number).collect();
        numbers.into_iter().filter_map(|number| Some((number, self.remove(number)?))).collect()
    }

    /// A request of this node that nobody waits for any more.
    pub(super) fn forget(&mut self, request: RequestId) -> bool {
        self.remove(request.0).is_some()
    }
}
