//! Connections between the nodes of a virtual network: what nodes order about them, and what becomes of it.
//!
//! Octets are never lost: what a link does to a segment makes the connection slower, as retransmission would
//! (RFC 6298), until nobody can be reached for so long that it ends (RFC 1122 section 4.2.3.5). How segments
//! travel is in `carriage`.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;

use super::carriage::{Kind, Packet};
use super::connection::{Connection, End, Fin, Flow, State};
use super::{SimDriver, What};
use crate::numbering::{Numbering, Side};
use crate::record::Record;
use crate::stream::{UNSENT_HIGH, UNSENT_MAX};
use crate::{
    Between, Ending, Fate, Frame, Input, NodeId, Ratio, Refusal, StreamEvent, StreamId, StreamOrder,
    Transport,
};

/// So many connections may stand at once; further ones are refused.
const CONNECTIONS_MAX: usize = 100_000;
/// The ports that a node gets when it asks for any (RFC 6335 section 6).
const PORT_FIRST: u16 = 49_152;
const PORTS: u16 = 16_384;

/// Every connection and listener of a virtual network.
#[derive(Debug, Default)]
pub(super) struct Streams {
    pub(super) connections: BTreeMap<u64, Connection>,
    /// What nodes call them, while they may speak of them.
    pub(super) ids: BTreeMap<(NodeId, StreamId), (u64, Side)>,
    pub(super) listeners: BTreeMap<SocketAddr, Listener>,
    /// Connections so far.
    count: u64,
    ports: BTreeMap<IpAddr, u16>,
    /// Which have something to send at the end of the node's turn.
    dirty: Vec<(u64, Side)>,
    /// Segments that were sent during the turn: behind which octet each ends, and its number.
    pub(super) marks: Vec<(u64, Side, u64, u64)>,
    pub(super) cuts: Ratio,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Listener {
    pub(super) node: NodeId,
    id: StreamId,
    pub(super) over: Transport,
}

/// An octet of a connection; what is observed belongs to the segment that carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    connection: u64,
    side: Side,
    /// The offset behind it.
    end: u64,
}

impl Streams {
    pub(super) fn with_cuts(cuts: Ratio) -> Self {
        Self { cuts, ..Self::default() }
    }

    /// The number of the segment that carried an octet; `None` when it waits for the window.
    pub(super) fn segment_of(&self, position: Position) -> Option<u64> {
        let mut marks = self.marks.iter();
        let carries = |(connection, side, end, _): &&(u64, Side, u64, u64)| {
            *connection == position.connection && *side == position.side && *end >= position.end
        };
        marks.find(carries).map(|(.., number)| *number)
    }

    fn port(&mut self, host: IpAddr) -> u16 {
        let next = self.ports.entry(host).or_default();
        let port = PORT_FIRST + *next;
        *next = (*next + 1) % PORTS;
        port
    }

    /// An end no longer has a node that may speak of it.
    pub(super) fn forget(&mut self, node: NodeId, id: StreamId) {
        self.ids.remove(&(node, id));
    }

    /// Takes a connection away when nothing of it is left.
    pub(super) fn sweep(&mut self, connection: u64) {
        if self.connections.get(&connection).is_some_and(Connection::is_over)
            && let Some(over) = self.connections.remove(&connection)
        {
            for (side, end) in Side::BOTH.into_iter().zip(over.ends) {
                if self.ids.get(&(end.node, end.id)) == Some(&(connection, side)) {
                    self.forget(end.node, end.id);
                }
            }
        }
    }
}

impl SimDriver {
    /// How many connections there are, those included that are being set up or ended.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.streams.connections.len()
    }

    /// Does what a node orders. Answers with the last octet of what is sent, or with what the node is to be
    /// told when its turn is over.
    pub(super) fn order(
        &mut self,
        node: NodeId,
        stream: StreamId,
        order: StreamOrder,
    ) -> Result<Option<Position>, StreamEvent> {
        match order {
            StreamOrder::Listen { at, over } => return Err(self.listen(node, stream, at, over)),
            StreamOrder::Connect { from, to, over } => {
                self.connect(node, stream, from, to, over).map_err(StreamEvent::Refused)?;
            }
            StreamOrder::Send(octets) => return Ok(self.send(node, stream, octets)),
            StreamOrder::Pause => {
                if let Some((_, connection, side)) = self.named(node, stream) {
                    connection.end(side).paused = true;
                }
            }
            StreamOrder::Resume => {
                if let Some((number, connection, side)) = self.named(node, stream) {
                    connection.end(side).paused = false;
                    self.timeline.enter(self.now, What::Handover { connection: number, side });
                }
            }
            StreamOrder::Close => self.close(node, stream),
            StreamOrder::Reset => {
                if let Some((number, connection, side)) = self.named(node, stream) {
                    connection.end(side).state = State::Dead;
                    connection.broken = true;
                    self.streams.forget(node, stream);
                    self.reset(number, side, None);
                    self.streams.sweep(number);
                }
            }
        }
        Ok(None)
    }

    fn named(&mut self, node: NodeId, stream: StreamId) -> Option<(u64, &mut Connection, Side)> {
        let (number, side) = *self.streams.ids.get(&(node, stream))?;
        let connection = self.streams.connections.get_mut(&number)?;
        Some((number, connection, side))
    }

    fn listen(&mut self, node: NodeId, id: StreamId, at: SocketAddr, over: Transport) -> StreamEvent {
        let refused = |text: String| StreamEvent::Refused(Refusal::Local(text));
        if over == Transport::Sctp {
            return StreamEvent::Refused(no_sctp());
        }
        if self.cast.hosts.get(&at.ip()) != Some(&node) || at.port() == 0 {
            return refused(format!("{at} is no address to listen at"));
        }
        if self.streams.listeners.contains_key(&at) {
            return refused(format!("{at} is listened at already"));
        }
        self.streams.listeners.insert(at, Listener { node, id, over });
        StreamEvent::Listening { local: at }
    }

    fn connect(
        &mut self,
        node: NodeId,
        id: StreamId,
        from: SocketAddr,
        to: SocketAddr,
        over: Transport,
    ) -> Result<(), Refusal> {
        if over == Transport::Sctp {
            return Err(no_sctp());
        }
        if self.cast.hosts.get(&from.ip()) != Some(&node) {
            return Err(Refusal::Local(format!("{} is not an address of the node", from.ip())));
        }
        if self.streams.ids.contains_key(&(node, id)) {
            return Err(Refusal::Local(format!("the stream {id} is in use")));
        }
        if self.streams.connections.len() >= CONNECTIONS_MAX {
            return Err(Refusal::Local(format!("{CONNECTIONS_MAX} connections stand already")));
        }
        let mut local = from;
        if local.port() == 0 {
            local.set_port(self.streams.port(from.ip()));
        }
        let number = self.streams.count;
        self.streams.count += 1;
        let numbering = Numbering::of(number);
        let Some(other) = self.cast.hosts.get(&to.ip()).copied() else {
            let frame = Frame { from: local, to, payload: Bytes::new() };
            let header = numbering.first(Side::Caller);
            self.cast.record.enter_segment(self.now, &frame, header, Some(Fate::NoSuchHost));
            return Err(Refusal::Unreachable);
        };
        let life = self.cast.slots[node.0].life;
        let end = End { node, life, id, state: State::Waiting, paused: false };
        let callee =
            End { node: other, life: self.cast.slots[other.0].life, id: StreamId::incoming(number), ..end };
        self.streams.connections.insert(
            number,
            Connection {
                over,
                numbering,
                addresses: [local, to],
                ends: [end, callee],
                flows: [Flow::default(), Flow::default()],
                broken: false,
                pause: Duration::ZERO,
                refusal: None,
            },
        );
        self.streams.ids.insert((node, id), (number, Side::Caller));
        self.set_off(Packet { connection: number, side: Side::Caller, kind: Kind::Syn });
        Ok(())
    }

    fn send(&mut self, node: NodeId, stream: StreamId, octets: Bytes) -> Option<Position> {
        let (number, connection, side) = self.named(node, stream)?;
        let flow = connection.flow(side);
        if flow.unsent_length + octets.len() > UNSENT_MAX {
            self.reset_both(number, Fate::Reset);
            return None;
        }
        let position = Position { connection: number, side, end: flow.push(octets) };
        if self.streams.dirty.last() != Some(&(number, side)) {
            self.streams.dirty.push((number, side));
        }
        Some(position)
    }

    fn close(&mut self, node: NodeId, stream: StreamId) {
        self.streams.listeners.retain(|_, listener| (listener.node, listener.id) != (node, stream));
        let Some((number, connection, side)) = self.named(node, stream) else { return };
        let waiting = connection.end(side).state == State::Waiting;
        connection.end(side).state = if waiting { State::Dead } else { State::Closing };
        connection.end(side).paused = false;
        connection.flow(side).fin = Fin::Wanted;
        self.streams.forget(node, stream);
        if waiting {
            self.reset(number, side, None);
        } else {
            self.streams.dirty.push((number, side));
            // What was held back for the node is thrown away now.
            self.timeline.enter(self.now, What::Handover { connection: number, side });
        }
    }

    /// At the end of a node's turn: what it wants to send goes out. Answers with what the node is to be told.
    pub(super) fn flush(&mut self, node: NodeId) -> Vec<(StreamId, StreamEvent)> {
        let mut told = Vec::new();
        let dirty = std::mem::take(&mut self.streams.dirty);
        for (number, side) in dirty {
            self.push_out(number, side);
            let Some(connection) = self.streams.connections.get_mut(&number) else { continue };
            let end = *connection.end(side);
            let flow = connection.flow(side);
            if end.node == node
                && end.state == State::Open
                && !flow.blocked
                && flow.unsent_length >= UNSENT_HIGH
            {
                flow.blocked = true;
                told.push((end.id, StreamEvent::Blocked));
            }
        }
        told
    }

    /// Tells a node something about a stream, and takes what it has to say.
    pub(super) fn tell(&mut self, end: End, event: &StreamEvent, frame: Option<u64>) {
        if let Some(slot) = self.cast.alive(end.node, end.life) {
            slot.peer.handle_input(self.now, Input::Stream(end.id, event));
            self.turn(end.node, frame);
        }
    }

    /// An end is told that it is over, and nobody is there any more. `frame` brought the news.
    pub(super) fn finish(&mut self, number: u64, side: Side, ending: Ending, frame: Option<u64>) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let (end, refusal) = (*connection.end(side), connection.refusal.clone());
        connection.end(side).state = State::Dead;
        connection.flow(side).drop_unsent();
        if end.state == State::Waiting && side == Side::Caller {
            // Nobody else has heard of it.
            connection.end(Side::Callee).state = State::Dead;
        }
        self.streams.forget(end.node, end.id);
        self.streams.sweep(number);
        match end.state {
            State::Open => self.tell(end, &StreamEvent::Closed(ending), frame),
            State::Waiting if side == Side::Caller => {
                let usual = if ending == Ending::TimedOut { Refusal::TimedOut } else { Refusal::Refused };
                self.tell(end, &StreamEvent::Refused(refusal.unwrap_or(usual)), frame);
            }
            State::Waiting | State::Closing | State::Dead => {}
        }
    }

    /// A fault, or a node that sends too much, resets a connection: both ends hear of it.
    pub(super) fn reset_both(&mut self, number: u64, fate: Fate) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        connection.broken = true;
        for side in Side::BOTH {
            self.reset(number, side, Some(fate));
        }
    }

    pub(super) fn reset_between(&mut self, between: Between) {
        let concerned = |connection: &Connection| {
            between.concerns(connection.ends[0].node, Some(connection.ends[1].node)) && !connection.broken
        };
        let connections = self.streams.connections.iter();
        let numbers: Vec<u64> =
            connections.filter(|(_, connection)| concerned(connection)).map(|(number, _)| *number).collect();
        for number in numbers {
            self.reset_both(number, Fate::Reset);
        }
    }

    /// A node is gone: nobody listens at its addresses, and octets for its connections meet nobody.
    pub(super) fn crash_streams(&mut self, node: NodeId) {
        self.streams.listeners.retain(|_, listener| listener.node != node);
        self.streams.ids.retain(|(owner, _), _| *owner != node);
        let mut concerned = Vec::new();
        for (number, connection) in &mut self.streams.connections {
            for side in Side::BOTH {
                if connection.end(side).node == node {
                    let waiting = connection.end(side).state == State::Waiting;
                    // A caller whose connection the callee has not accepted yet is still refused, not dropped.
                    if !(waiting && side == Side::Callee) {
                        connection.end(side).state = State::Dead;
                    }
                    connection.flow(side).drop_unsent();
                    concerned.push(*number);
                }
            }
        }
        for number in concerned {
            self.streams.sweep(number);
        }
    }

    /// The former holder of an address hears that a connection there is over.
    pub(super) fn lost(&mut self, end: End) {
        let event = match end.state {
            State::Waiting => {
                StreamEvent::Refused(Refusal::Local("the address is another node's now".to_owned()))
            }
            _ => StreamEvent::Closed(Ending::Reset),
        };
        self.tell(end, &event, None);
    }

    /// An address is another node's: nobody listens there, and connections of the former holder meet the new one, which
    /// knows nothing of them. Those that are being set up are the new one's to take.
    pub(super) fn move_streams(&mut self, address: IpAddr, former: NodeId, holder: NodeId) {
        self.streams.listeners.retain(|at, _| at.ip() != address);
        let life = self.cast.slots[holder.0].life;
        let mut over = Vec::new();
        for (number, connection) in &mut self.streams.connections {
            for side in Side::BOTH {
                if connection.addresses[side.index()].ip() != address || connection.end(side).node != former {
                    continue;
                }
                let end = *connection.end(side);
                *connection.end(side) = End { node: holder, life, ..end };
                if end.state == State::Waiting && side == Side::Callee {
                    continue;
                }
                connection.end(side).state = State::Dead;
                connection.flow(side).drop_unsent();
                over.push((*number, end));
            }
        }
        for (number, end) in over {
            self.streams.forget(end.node, end.id);
            self.streams.sweep(number);
            if matches!(end.state, State::Open | State::Waiting) {
                // Not now: the turn is the new holder's.
                self.timeline.enter(self.now, What::Lost(end));
            }
        }
    }

    pub(super) fn record(&mut self) -> &mut Record {
        &mut self.cast.record
    }
}

fn no_sctp() -> Refusal {
    Refusal::Unsupported("there is no SCTP in the virtual network; use TCP or TLS".to_owned())
}
