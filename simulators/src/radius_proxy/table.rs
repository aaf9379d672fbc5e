//! What a proxy remembers: requests that wait for their answer or were answered a moment ago, and the system where each session
//! began. What is remembered is bounded; what falls out is asked for again.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use tollgate_radius::Secret;
use tollgate_time::Instant;
use tollgate_wire::Text;

use crate::forwarding_registry::SystemPlace;

/// So many source ports, each with 256 identifiers.
const PORTS: u16 = 16;
/// So many requests may be remembered.
pub const PENDING_MAX: usize = 16 * 256;
/// So many sessions.
pub const SESSIONS_MAX: usize = 1 << 16;
/// How long an answer is kept for a request that comes again, and how long one is waited for.
const KEPT: Duration = Duration::from_secs(30);
const WAITED: Duration = Duration::from_secs(120);

/// A request's own source port, counted from the first, and identifier.
pub(super) type Slot = (u16, u8);
/// How a request is known when it comes again: where it came from, its identifier and its authenticator.
pub(super) type Asked = (SocketAddr, u8, [u8; 16]);

/// A request that was passed on.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) asked: Asked,
    /// The address that it came to, from which its answer goes back.
    pub(super) at: SocketAddr,
    pub(super) asker: Secret,
    pub(super) target: SocketAddr,
    pub(super) target_secret: Secret,
    /// From where it was passed on.
    pub(super) from: SocketAddr,
    /// As it was passed on.
    pub(super) octets: Bytes,
    pub(super) authenticator: [u8; 16],
    pub(super) state: Vec<u8>,
    pub(super) answer: Option<Bytes>,
    pub(super) last: Instant,
    /// How often it was sent to this server.
    pub(super) sent: u32,
    /// Which of the system's servers that is.
    pub(super) server: usize,
    pub(super) system: Option<SystemPlace>,
    pub(super) message: &'static str,
    pub(super) user: Text,
}

/// The requests.
#[derive(Debug, Default)]
pub(super) struct Table {
    slots: BTreeMap<Slot, Pending>,
    asked: BTreeMap<Asked, Slot>,
    next: u16,
}

impl Table {
    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.asked.clear();
    }

    pub(super) fn find(&mut self, asked: &Asked) -> Option<(Slot, &mut Pending)> {
        let slot = *self.asked.get(asked)?;
        self.slots.get_mut(&slot).map(|pending| (slot, pending))
    }

    pub(super) fn get(&mut self, slot: Slot) -> Option<&mut Pending> {
        self.slots.get_mut(&slot)
    }

    /// A slot that is free; none where everything is remembered.
    pub(super) fn free(&mut self, now: Instant) -> Option<Slot> {
        if self.slots.len() >= PENDING_MAX / 2 {
            self.forget_old(now);
        }
        for _ in 0..PENDING_MAX {
            let slot = (self.next / 256 % PORTS, u8::try_from(self.next % 256).unwrap_or(0));
            self.next = (self.next + 1) % (PORTS * 256);
            if !self.slots.contains_key(&slot) {
                return Some(slot);
            }
        }
        None
    }

    pub(super) fn put(&mut self, slot: Slot, pending: Pending) {
        self.asked.insert(pending.asked, slot);
        self.slots.insert(slot, pending);
    }

    pub(super) fn take(&mut self, slot: Slot) -> Option<Pending> {
        let pending = self.slots.remove(&slot)?;
        self.asked.remove(&pending.asked);
        Some(pending)
    }

    fn forget_old(&mut self, now: Instant) {
        let old = |pending: &Pending| {
            now.saturating_since(pending.last) > if pending.answer.is_some() { KEPT } else { WAITED }
        };
        let slots: Vec<Slot> = self.slots.iter().filter(|(_, own)| old(own)).map(|(slot, _)| *slot).collect();
        for slot in slots {
            self.take(slot);
        }
    }
}

/// Where sessions began: they end there, whoever has the account meanwhile.
#[derive(Debug, Default)]
pub(super) struct Homes {
    homes: BTreeMap<(IpAddr, Text), SystemPlace>,
    order: VecDeque<(IpAddr, Text)>,
}

impl Homes {
    pub(super) fn clear(&mut self) {
        self.homes.clear();
        self.order.clear();
    }

    pub(super) fn of(&self, client: IpAddr, session: &str) -> Option<SystemPlace> {
        self.homes.get(&(client, session.into())).copied()
    }

    pub(super) fn note(&mut self, client: IpAddr, session: &str, system: SystemPlace) {
        let key = (client, Text::from(session));
        if self.homes.insert(key.clone(), system).is_none() {
            self.order.push_back(key);
        }
        if self.order.len() > SESSIONS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.homes.remove(&oldest);
        }
    }
}
