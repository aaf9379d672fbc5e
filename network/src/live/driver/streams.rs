//! Connections of a scenario's nodes on real sockets.
//!
//! Nodes see the scenario's addresses. What faults say is done on this side of the sockets: octets wait as long as a
//! link is slow, loses, or is cut, and are never lost; the order is kept.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::unix::AsyncFd;
use tollgate_time::Instant;

use super::talk::Talk;
use super::waiting::{Deed, Waiting};
use super::{LiveDriver, What};
use crate::live::address::Reach;
use crate::live::connections::{Connections, Key, StreamTotals};
use crate::live::tls::TlsSettings;
use crate::live::watch::watch;
use crate::numbering::Side;
use crate::{
    Between, Ending, Fate, FaultError, Input, NodeId, Refusal, StreamEvent, StreamId, StreamOrder, Transport,
};

/// What a lost segment costs (RFC 6298 section 2.4 rounds up to a second, machines to this).
const REPEAT: Duration = Duration::from_millis(200);
/// For so long octets wait for a link (RFC 1122 section 4.2.3.5).
pub(super) const UNCONFIRMED_MAX: Duration = Duration::from_secs(100);

/// Every connection of a live driver.
pub(super) struct Streams {
    pub(super) connections: Connections,
    pub(super) watch: AsyncFd<OwnedFd>,
    pub(super) links: BTreeMap<u64, Link>,
    pub(super) keys: BTreeMap<Key, u64>,
    pub(super) names: BTreeMap<(NodeId, StreamId), u64>,
    pub(super) listeners: BTreeMap<SocketAddr, Listener>,
    pub(super) talks: BTreeMap<u64, Talk>,
    pub(super) count: u64,
    /// Where connections between two of our nodes come from, until they are accepted.
    pub(super) callers: BTreeMap<SocketAddr, (u64, NodeId)>,
    pub(super) dirty: Vec<u64>,
    /// Segments sent in this turn: of which link, behind which octet, and their number.
    pub(super) marks: Vec<(u64, u64, u64)>,
}

pub(super) struct Listener {
    pub(super) node: NodeId,
    pub(super) name: StreamId,
    pub(super) key: Key,
    pub(super) real: SocketAddr,
}

/// One end of a connection that a node has.
pub(super) struct Link {
    pub(super) node: NodeId,
    pub(super) life: u32,
    pub(super) name: StreamId,
    pub(super) side: Side,
    /// The node at the other end, if it is one of ours.
    pub(super) peer: Option<NodeId>,
    pub(super) talk: u64,
    pub(super) key: Option<Key>,
    /// What the node has sent in this turn.
    pub(super) gathered: BytesMut,
    /// What waits for the link, in order, with when it is due and since when it waits.
    pub(super) out: VecDeque<Waiting<Deed>>,
    pub(super) arriving: VecDeque<Waiting<StreamEvent>>,
    /// When it is looked after next: one entry of the timeline, however much waits.
    pub(super) wakes: Option<Instant>,
    /// Nobody speaks of it any more.
    pub(super) dead: bool,
    pub(super) closing: bool,
}

/// An octet of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    link: u64,
    end: u64,
}

impl Streams {
    /// To be called inside the runtime.
    pub(super) fn new() -> io::Result<Self> {
        let connections = Connections::new(None, false)?;
        let watch = watch(connections.set()?)?;
        Ok(Self {
            connections,
            watch,
            links: BTreeMap::new(),
            keys: BTreeMap::new(),
            names: BTreeMap::new(),
            listeners: BTreeMap::new(),
            talks: BTreeMap::new(),
            count: 0,
            callers: BTreeMap::new(),
            dirty: Vec::new(),
            marks: Vec::new(),
        })
    }

    fn segment_of(&self, position: Position) -> Option<u64> {
        let mut marks = self.marks.iter();
        let carries = |(link, end, _): &&(u64, u64, u64)| *link == position.link && *end >= position.end;
        marks.find(carries).map(|(.., number)| *number)
    }

    pub(super) fn drop_link(&mut self, id: u64) {
        let Some(link) = self.links.remove(&id) else { return };
        if let Some(key) = link.key {
            self.keys.remove(&key);
        }
        if self.names.get(&(link.node, link.name)) == Some(&id) {
            self.names.remove(&(link.node, link.name));
        }
        if let Some(talk) = self.talks.get_mut(&link.talk) {
            talk.ends -= 1;
            if talk.ends == 0 {
                self.talks.remove(&link.talk);
            }
        }
    }
}

impl LiveDriver {
    /// The same with certificates for TLS. Without them TLS is refused.
    #[must_use]
    pub fn with_tls(mut self, tls: TlsSettings) -> Self {
        self.streams.connections.set_tls(tls);
        self
    }

    /// What the real connections did.
    #[must_use]
    pub fn stream_totals(&self) -> StreamTotals {
        self.streams.connections.totals
    }

    /// The real address at which a node listens for connections to one of the scenario.
    #[must_use]
    pub fn listening_at(&self, scenario: SocketAddr) -> Option<SocketAddr> {
        self.streams.listeners.get(&scenario).map(|listener| listener.real)
    }

    /// Does what a node orders. Answers with the last octet of what is sent, or with what the node is to be told.
    pub(super) fn order(
        &mut self,
        node: NodeId,
        name: StreamId,
        order: StreamOrder,
    ) -> Result<Option<Position>, StreamEvent> {
        match order {
            StreamOrder::Listen { at, over } => {
                return Err(self.listen(node, name, at, over).unwrap_or_else(StreamEvent::Refused));
            }
            StreamOrder::Connect { from, to, over } => {
                self.call(node, name, from, to, over).map_err(StreamEvent::Refused)?;
            }
            StreamOrder::Send(octets) => {
                let Some((id, link)) = self.named(node, name) else { return Ok(None) };
                link.gathered.extend_from_slice(&octets);
                let (side, length, talk) = (link.side, link.gathered.len(), link.talk);
                let sent = self.streams.talks.get(&talk).map_or(0, |talk| talk.sent(side));
                self.streams.dirty.push(id);
                return Ok(Some(Position { link: id, end: sent + u64::try_from(length).unwrap_or(0) }));
            }
            StreamOrder::Pause | StreamOrder::Resume => {
                if let Some((_, Link { key: Some(key), .. })) = self.named(node, name) {
                    let key = *key;
                    self.streams.connections.pause(key, order == StreamOrder::Pause);
                }
            }
            StreamOrder::Close => {
                self.stop_listening(|one| (one.node, one.name) == (node, name));
                if let Some((id, link)) = self.named(node, name) {
                    if link.key.is_none() {
                        // Nobody has heard of it yet, and nobody is to once the link works again.
                        self.cut_off(id);
                        return Ok(None);
                    }
                    (link.dead, link.closing) = (true, true);
                    self.streams.names.remove(&(node, name));
                    self.streams.dirty.push(id);
                }
            }
            StreamOrder::Reset => {
                if let Some((id, _)) = self.named(node, name) {
                    self.cut_off(id);
                }
            }
        }
        Ok(None)
    }

    fn named(&mut self, node: NodeId, name: StreamId) -> Option<(u64, &mut Link)> {
        let id = *self.streams.names.get(&(node, name))?;
        self.streams.links.get_mut(&id).map(|link| (id, link))
    }

    fn listen(
        &mut self,
        node: NodeId,
        name: StreamId,
        at: SocketAddr,
        over: Transport,
    ) -> Result<StreamEvent, Refusal> {
        if self.cast.hosts.get(&at.ip()) != Some(&node) || at.port() == 0 {
            return Err(Refusal::Local(format!("{at} is no address to listen at")));
        }
        if self.streams.listeners.contains_key(&at) {
            return Err(Refusal::Local(format!("{at} is listened at already")));
        }
        let place = self.map.place(at, Reach::Loopback);
        let (key, real) = self.streams.connections.listen(name, place, over)?;
        self.streams.listeners.insert(at, Listener { node, name, key, real });
        Ok(StreamEvent::Listening { local: at })
    }

    fn call(
        &mut self,
        node: NodeId,
        name: StreamId,
        from: SocketAddr,
        to: SocketAddr,
        over: Transport,
    ) -> Result<(), Refusal> {
        if self.streams.names.contains_key(&(node, name)) {
            return Err(Refusal::Local(format!("the stream {name} is in use")));
        }
        let now = self.clock.now();
        let number = self.streams.count;
        self.streams.count += 1;
        // Until the machine has given one, the port is made up.
        let mut local = from;
        if local.port() == 0 {
            let port = 49_152 + u16::try_from(number % 16_384).unwrap_or(0);
            local.set_port(port);
        }
        let talk = Talk::new(number, [local, to]);
        let peer = self.cast.hosts.get(&to.ip()).copied();
        if peer.is_none() && self.map.real(to).is_none() {
            talk.call(&mut self.cast.record, now, Some(Fate::NoSuchHost));
            return Err(Refusal::Unreachable);
        }
        let cut = self.cast.links.cut(now, node, peer).then_some(Fate::Partitioned);
        talk.call(&mut self.cast.record, now, cut);
        self.streams.talks.insert(number, talk);
        let life = self.cast.slots[node.0].life;
        let id = self.add_link(node, life, name, Side::Caller, peer, number, None);
        // There and back.
        let delay = self.delay(now, node, peer).saturating_mul(2);
        self.depart_stream(id, now + delay, Deed::Connect { from, to, over });
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "they are what a link is made of")]
    pub(super) fn add_link(
        &mut self,
        node: NodeId,
        life: u32,
        name: StreamId,
        side: Side,
        peer: Option<NodeId>,
        talk: u64,
        key: Option<Key>,
    ) -> u64 {
        let id = talk << 1 | u64::from(side == Side::Callee);
        let (gathered, out, arriving) = (BytesMut::new(), VecDeque::new(), VecDeque::new());
        let link = Link {
            node,
            life,
            name,
            side,
            peer,
            talk,
            key,
            gathered,
            out,
            arriving,
            wakes: None,
            dead: false,
            closing: false,
        };
        self.streams.links.insert(id, link);
        self.streams.names.insert((node, name), id);
        self.streams.keys.extend(key.map(|key| (key, id)));
        id
    }

    /// How long the link holds octets back: what it loses comes later.
    pub(super) fn delay(&mut self, now: Instant, node: NodeId, peer: Option<NodeId>) -> Duration {
        let link = *self.cast.links.impairment(now, node, peer);
        let mut delay = link.latency.saturating_add(self.cast.chance.up_to(link.jitter));
        let mut repeat = REPEAT;
        while delay < UNCONFIRMED_MAX && self.cast.chance.hits(link.loss) {
            delay = delay.saturating_add(repeat);
            repeat = repeat.saturating_mul(2);
        }
        delay
    }

    /// At the end of a turn: what was sent goes out.
    pub(super) fn flush_streams(&mut self, pending: &[(usize, Position)]) {
        for id in std::mem::take(&mut self.streams.dirty) {
            self.flush_link(id);
        }
        self.streams.connections.flush();
        for (place, position) in pending {
            let number = self.streams.segment_of(*position);
            if let Some(seen) = self.cast.seen.get_mut(*place) {
                seen.frame = number;
            }
        }
        self.streams.marks.clear();
    }

    fn flush_link(&mut self, id: u64) {
        let now = self.clock.now();
        let Some(link) = self.streams.links.get_mut(&id) else { return };
        let (node, peer, side, talk, closing) = (link.node, link.peer, link.side, link.talk, link.closing);
        let octets = link.gathered.split().freeze();
        let resets = self.cast.links.impairment(now, node, peer).resets;
        if !octets.is_empty() && self.cast.chance.hits(resets) {
            return self.reset_by_fault(id);
        }
        let delay = self.delay(now, node, peer);
        let cut = self.cast.links.cut(now, node, peer);
        let fate = if cut { Some(Fate::Partitioned) } else { (delay >= REPEAT).then_some(Fate::HeldBack) };
        if !octets.is_empty() {
            if let Some(talk) = self.streams.talks.get_mut(&talk) {
                let marks = talk.send(&mut self.cast.record, now, side, &octets, fate);
                self.streams.marks.extend(marks.into_iter().map(|(end, number)| (id, end, number)));
            }
            self.depart_stream(id, now + delay, Deed::Send(octets));
        }
        if closing {
            if let Some(talk) = self.streams.talks.get_mut(&talk) {
                talk.finish(&mut self.cast.record, now, side);
            }
            self.depart_stream(id, now + delay, Deed::Close);
        }
    }

    pub(super) fn connect(&mut self, id: u64, from: SocketAddr, to: SocketAddr, over: Transport) {
        let inside = self.cast.hosts.contains_key(&to.ip());
        let real = if inside {
            self.streams.listeners.get(&to).map(|listener| listener.real)
        } else {
            self.map.real(to)
        };
        let Some(link) = self.streams.links.get(&id) else { return };
        let (name, talk, node) = (link.name, link.talk, link.node);
        let made = match real {
            None => Err(Refusal::Refused),
            Some(real) => {
                let place = self.map.place(from, Reach::of(real.ip()));
                self.streams.connections.connect(name, Some(place), real, over)
            }
        };
        match made {
            Ok(key) => {
                self.streams.keys.insert(key, id);
                if inside && let Some((local, _)) = self.streams.connections.addresses(key) {
                    self.streams.callers.insert(local, (talk, node));
                }
                if let Some(link) = self.streams.links.get_mut(&id) {
                    link.key = Some(key);
                }
            }
            Err(refusal) => self.refused(id, refusal),
        }
    }

    pub(super) fn refused(&mut self, id: u64, refusal: Refusal) {
        let now = self.clock.now();
        let Some(link) = self.streams.links.get(&id) else { return };
        let mut frame = None;
        if let (Refusal::Refused, Some(talk)) = (&refusal, self.streams.talks.get(&link.talk)) {
            frame = Some(talk.refuse(&mut self.cast.record, now));
        }
        self.conclude(id, &StreamEvent::Refused(refusal), frame);
    }

    /// Tells a node the last of a link.
    pub(super) fn conclude(&mut self, id: u64, event: &StreamEvent, frame: Option<u64>) {
        let Some(link) = self.streams.links.get(&id) else { return };
        let (node, life, name, dead) = (link.node, link.life, link.name, link.dead);
        self.streams.drop_link(id);
        if !dead {
            self.tell(node, life, name, event, frame);
        }
    }

    pub(super) fn tell(
        &mut self,
        node: NodeId,
        life: u32,
        name: StreamId,
        event: &StreamEvent,
        frame: Option<u64>,
    ) {
        let now = self.clock.now();
        if let Some(slot) = self.cast.alive(node, life) {
            slot.peer.handle_input(now, Input::Stream(name, event));
            self.turn(node, frame);
        }
    }

    pub(super) fn give_up(&mut self, id: u64) {
        let Some(link) = self.streams.links.get(&id) else { return };
        match link.key {
            Some(key) => {
                self.streams.connections.reset(key);
                self.conclude(id, &StreamEvent::Closed(Ending::TimedOut), None);
            }
            None => self.conclude(id, &StreamEvent::Refused(Refusal::TimedOut), None),
        }
    }

    /// Ends a link at once, without a word to its own node.
    pub(super) fn cut_off(&mut self, id: u64) {
        let now = self.clock.now();
        let Some(link) = self.streams.links.get(&id) else { return };
        let (key, side, talk) = (link.key, link.side, link.talk);
        if let Some(talk) = self.streams.talks.get_mut(&talk) {
            talk.reset(&mut self.cast.record, now, side);
        }
        if let Some(key) = key {
            self.streams.connections.reset(key);
        }
        self.streams.drop_link(id);
    }

    fn reset_by_fault(&mut self, id: u64) {
        // Its other end, if it is ours as well.
        let other = id ^ 1;
        for id in [id, other] {
            let Some(link) = self.streams.links.get(&id) else { continue };
            let (node, life, name, dead) = (link.node, link.life, link.name, link.dead);
            self.cut_off(id);
            if !dead {
                self.tell(node, life, name, &StreamEvent::Closed(Ending::Reset), None);
            }
        }
    }

    pub(super) fn reset_between(&mut self, between: Between) {
        let links = self.streams.links.iter().filter(|(_, link)| between.concerns(link.node, link.peer));
        for id in links.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.reset_by_fault(id);
        }
    }

    /// An address is another node's: nobody listens there, and connections of the former holder are reset.
    pub(super) fn move_streams(&mut self, address: IpAddr, former: NodeId) {
        let Streams { listeners, connections, .. } = &mut self.streams;
        listeners.retain(|at, listener| {
            let stays = at.ip() != address;
            if !stays {
                connections.close(listener.key);
            }
            stays
        });
        let there = |link: &Link| {
            let talk = self.streams.talks.get(&link.talk);
            link.node == former && talk.is_some_and(|talk| talk.address(link.side).ip() == address)
        };
        let over: Vec<u64> =
            self.streams.links.iter().filter(|(_, link)| there(link)).map(|(id, _)| *id).collect();
        for id in over {
            let Some(link) = self.streams.links.get(&id) else { continue };
            let (node, life, name, dead) = (link.node, link.life, link.name, link.dead);
            self.cut_off(id);
            if !dead {
                // Not now: the turn is the new holder's.
                self.timeline.enter(self.clock.now(), What::Lost { node, life, name });
            }
        }
    }

    fn stop_listening(&mut self, whose: impl Fn(&Listener) -> bool) {
        let Streams { listeners, connections, .. } = &mut self.streams;
        listeners.retain(|_, listener| {
            let stops = whose(listener);
            if stops {
                connections.close(listener.key);
            }
            !stops
        });
    }

    /// A node is gone: nobody listens at its addresses, and octets for its connections meet nobody.
    pub(super) fn crash_streams(&mut self, node: NodeId) {
        self.stop_listening(|listener| listener.node == node);
        self.streams.names.retain(|(owner, _), _| *owner != node);
        for link in self.streams.links.values_mut().filter(|link| link.node == node) {
            link.dead = true;
            link.out.clear();
            link.gathered.clear();
            if let Some(key) = link.key {
                self.streams.connections.pause(key, false);
            }
        }
    }

    /// Watching a descriptor can fail only where the machine does.
    pub(super) fn watched() -> Result<Streams, FaultError> {
        Streams::new().map_err(|error| FaultError(format!("connections cannot be watched: {error}")))
    }
}
