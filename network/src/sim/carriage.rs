//! How segments of connections travel in memory: what a link does to them, when they are sent again, and what
//! they bring about where they arrive.

use std::time::Duration;

use bytes::Bytes;
use tollgate_capture::TcpFlags;
use tollgate_time::Instant;

use super::connection::{Fin, Piece, State};
use super::{SimDriver, What};
use crate::numbering::Side;
use crate::stream::UNSENT_HIGH;
use crate::{Ending, Fate, Frame, Refusal, StreamEvent, Transport};

/// The longest payload of a segment on an Ethernet, in octets: 1,500 less 20 of TCP and 20 of IPv4 (40 of IPv6).
const SEGMENT_V4: usize = 1_460;
const SEGMENT_V6: usize = 1_440;
/// A segment is sent again after at least this, and after at most that.
const REPEAT_MIN: Duration = Duration::from_millis(200);
const REPEAT_MAX: Duration = Duration::from_secs(60);
/// The first segment of a connection is sent again after this (RFC 6298 section 2.1).
const REPEAT_FIRST: Duration = Duration::from_secs(1);
/// Once that has happened, octets are sent again after at least this (RFC 6298 section 5.7).
const REPEAT_AFTER_START: Duration = Duration::from_secs(3);
/// For so long a connection is tried, and for so long octets are sent again (RFC 1122 section 4.2.3.5).
const CONNECT_MAX: Duration = Duration::from_secs(180);
/// See [`CONNECT_MAX`].
const UNCONFIRMED_MAX: Duration = Duration::from_secs(100);

/// Something that one end sends to the other.
#[derive(Debug, Clone)]
pub(super) struct Packet {
    pub(super) connection: u64,
    /// Who sends it.
    pub(super) side: Side,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Syn,
    SynAck,
    Ack,
    /// The round trip of TLS; not in the capture, which shows what TLS would hide.
    Hello,
    HelloBack,
    Ready,
    /// Octets; none for the end of the direction.
    Data {
        offset: u64,
        octets: Bytes,
    },
    /// The other direction has been taken up to this offset. The capture shows it on its own only where nothing
    /// else does.
    Confirm {
        upto: u64,
    },
    Reset,
}

/// A packet between sending and arrival.
#[derive(Debug, Clone)]
pub(super) struct Journey {
    packet: Packet,
    tries: u32,
    since: Instant,
    number: Option<u64>,
}

impl Kind {
    const fn is_start(&self) -> bool {
        matches!(self, Self::Syn | Self::SynAck)
    }
}

impl SimDriver {
    /// Sends a packet, again and again if it has to be.
    pub(super) fn set_off(&mut self, packet: Packet) {
        self.depart(Journey { packet, tries: 0, since: self.now, number: None });
    }

    pub(super) fn depart(&mut self, mut journey: Journey) {
        let Packet { connection: number, side, ref kind } = journey.packet;
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let (sender, receiver) = (*connection.end(side), *connection.end(side.other()));
        let is_reset = matches!(kind, Kind::Reset);
        if matches!(kind, Kind::Ack | Kind::Ready) && receiver.state != State::Waiting {
            // Octets have said the same meanwhile.
            return;
        }
        if !is_reset && (connection.broken || (journey.tries > 0 && sender.state == State::Dead)) {
            return;
        }
        let limit = if kind.is_start() { CONNECT_MAX } else { UNCONFIRMED_MAX };
        if journey.tries > 0 && self.now >= journey.since + limit {
            return self.give_up(&journey.packet);
        }
        let link = *self.cast.links.impairment(self.now, sender.node, Some(receiver.node));
        let sure = is_reset || matches!(kind, Kind::Confirm { .. });
        let fate = if self.cast.links.cut(self.now, sender.node, Some(receiver.node)) {
            Some(Fate::Partitioned)
        } else if !sure && self.cast.chance.hits(link.loss) {
            Some(Fate::Lost)
        } else if matches!(kind, Kind::Data { .. }) && self.cast.chance.hits(link.resets) {
            self.show(&journey.packet, Some(Fate::Lost));
            return self.reset_both(number, Fate::Reset);
        } else {
            None
        };
        let again = (journey.tries > 0 && !is_reset).then_some(Fate::Repeated);
        if !(is_reset && journey.tries > 0) {
            journey.number = self.show(&journey.packet, fate.or(again));
        }
        if let (Kind::Data { .. }, Some(shown), 0) = (&journey.packet.kind, journey.number, journey.tries) {
            let end = self.streams.connections.get(&number).map_or(0, |one| one.flows[side.index()].sent);
            self.streams.marks.push((number, side, end, shown));
        }
        if fate.is_some() {
            return self.repeat(journey, link.latency + link.jitter);
        }
        let mut at = self.now + link.latency + self.cast.chance.up_to(link.jitter);
        if !sure && self.cast.chance.hits(link.reordering) {
            at += self.cast.chance.up_to(link.reordering_delay);
        }
        self.timeline.enter(at, What::Land(journey));
    }

    /// Sends it again later.
    fn repeat(&mut self, mut journey: Journey, one_way: Duration) {
        let kind = &journey.packet.kind;
        let connection = self.streams.connections.get_mut(&journey.packet.connection);
        let own = connection.map(|connection| {
            if kind.is_start() {
                let tried = self.now.saturating_since(journey.since).saturating_mul(2);
                connection.pause = (tried + REPEAT_FIRST).max(REPEAT_AFTER_START);
            }
            connection.pause
        });
        let usual = (REPEAT_MIN + one_way.saturating_mul(4)).max(own.unwrap_or_default());
        let early = kind.is_start() || matches!(kind, Kind::Ack | Kind::Ready);
        let first = if early { REPEAT_FIRST } else { usual };
        let pause = first.saturating_mul(1 << journey.tries.min(16)).min(REPEAT_MAX);
        let limit = if kind.is_start() { CONNECT_MAX } else { UNCONFIRMED_MAX };
        let at = (self.now + pause).min(journey.since + limit).max(self.now);
        journey.tries += 1;
        self.timeline.enter(at, What::Depart(journey));
    }

    fn give_up(&mut self, packet: &Packet) {
        let (number, side) = (packet.connection, packet.side);
        match packet.kind {
            Kind::Syn | Kind::SynAck | Kind::Hello | Kind::HelloBack => {
                self.finish(number, Side::Caller, Ending::TimedOut, None);
            }
            Kind::Ack | Kind::Ready => {
                if let Some(connection) = self.streams.connections.get_mut(&number) {
                    let callee = connection.end(Side::Callee);
                    if callee.state == State::Waiting {
                        callee.state = State::Dead;
                    }
                }
            }
            Kind::Data { .. } => self.finish(number, side, Ending::TimedOut, None),
            // It is the other end that hears nothing of what it sent.
            Kind::Confirm { .. } | Kind::Reset => self.finish(number, side.other(), Ending::TimedOut, None),
        }
    }

    pub(super) fn land(&mut self, journey: Journey) {
        let Packet { connection: number, side, ref kind } = journey.packet;
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        if connection.broken && !matches!(kind, Kind::Reset) {
            return;
        }
        let (sender, receiver) = (*connection.end(side), *connection.end(side.other()));
        if self.cast.links.cut(self.now, sender.node, Some(receiver.node)) {
            if let Some(shown) = journey.number {
                self.record().amend(shown, Fate::Partitioned);
            }
            let link = *self.cast.links.impairment(self.now, sender.node, Some(receiver.node));
            return self.repeat(journey, link.latency + link.jitter);
        }
        let over = connection.over;
        let answer = |kind| Packet { connection: number, side: side.other(), kind };
        match journey.packet.kind {
            Kind::Syn => self.land_syn(number),
            Kind::SynAck if receiver.state == State::Waiting => {
                self.set_off(answer(Kind::Ack));
                if over == Transport::Tls {
                    self.set_off(answer(Kind::Hello));
                } else {
                    self.opened(number, journey.number);
                }
            }
            Kind::Hello => self.set_off(answer(Kind::HelloBack)),
            Kind::HelloBack if receiver.state == State::Waiting => {
                self.set_off(answer(Kind::Ready));
                self.opened(number, None);
            }
            Kind::Ack if over == Transport::Tls => {}
            Kind::Ack | Kind::Ready => self.accepted(number, journey.number),
            Kind::SynAck | Kind::HelloBack => {}
            Kind::Data { offset, octets } => {
                let piece = Piece { offset, octets, number: journey.number.unwrap_or(0) };
                self.land_data(number, side, piece);
            }
            Kind::Confirm { upto } => self.land_confirm(number, side.other(), upto),
            Kind::Reset => {
                self.finish(number, side.other(), Ending::Reset, journey.number);
            }
        }
    }

    fn land_syn(&mut self, number: u64) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let listener = self.streams.listeners.get(&connection.addresses[1]).copied();
        let over = connection.over;
        let callee = connection.end(Side::Callee);
        let kind = match listener {
            Some(listener) if listener.node == callee.node && listener.over == over => {
                callee.life = self.cast.slots[callee.node.0].life;
                Kind::SynAck
            }
            other => {
                callee.state = State::Dead;
                connection.refusal = other.map(|listener| {
                    Refusal::Insecure(format!("{} is spoken there, and not {over}", listener.over))
                });
                Kind::Reset
            }
        };
        self.set_off(Packet { connection: number, side: Side::Callee, kind });
    }

    fn opened(&mut self, number: u64, frame: Option<u64>) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let [local, remote] = connection.addresses;
        let caller = connection.end(Side::Caller);
        caller.state = State::Open;
        let end = *caller;
        self.tell(end, &StreamEvent::Opened { local, remote }, frame);
        // What was ordered before goes out now.
        self.push_out(number, Side::Caller);
        self.streams.marks.clear();
    }

    fn accepted(&mut self, number: u64, frame: Option<u64>) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let [remote, local] = connection.addresses;
        let over = connection.over;
        let callee = connection.end(Side::Callee);
        if callee.state != State::Waiting {
            return;
        }
        if self.cast.alive(callee.node, callee.life).is_none() {
            callee.state = State::Dead;
            return;
        }
        callee.state = State::Open;
        let end = *callee;
        self.streams.ids.insert((end.node, end.id), (number, Side::Callee));
        self.tell(end, &StreamEvent::Accepted { local, remote, over }, frame);
    }

    fn land_data(&mut self, number: u64, side: Side, piece: Piece) {
        // Octets may overtake what ends the set-up; they say the same.
        if side == Side::Caller {
            self.accepted(number, Some(piece.number));
        }
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let end = *connection.end(side.other());
        if end.state == State::Dead || self.cast.alive(end.node, end.life).is_none() {
            let Some(connection) = self.streams.connections.get_mut(&number) else { return };
            connection.end(side.other()).state = State::Dead;
            connection.broken = true;
            return self.reset(number, side.other(), None);
        }
        connection.flow(side).arrive(piece);
        self.hand_over(number, side.other());
    }

    /// Gives a node what has arrived for it in order, and confirms it.
    pub(super) fn hand_over(&mut self, number: u64, side: Side) {
        let mut took = false;
        loop {
            let Some(connection) = self.streams.connections.get_mut(&number) else { return };
            let end = *connection.end(side);
            if end.paused || connection.broken || matches!(end.state, State::Waiting | State::Dead) {
                break;
            }
            let Some(piece) = connection.flow(side.other()).take() else { break };
            took = true;
            if piece.is_end() {
                self.ended(number, side, piece.number);
            } else if end.state == State::Open {
                self.record().tally.delivered += 1;
                self.tell(end, &StreamEvent::Received(piece.octets), Some(piece.number));
            }
        }
        if took {
            self.confirm(number, side);
            self.streams.sweep(number);
        }
    }

    /// The other end has sent everything: this one does the same, and is over for its node.
    fn ended(&mut self, number: u64, side: Side, frame: u64) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let end = *connection.end(side);
        if end.state != State::Open {
            return;
        }
        connection.end(side).state = State::Closing;
        connection.flow(side).fin = Fin::Wanted;
        self.streams.forget(end.node, end.id);
        self.push_out(number, side);
        self.tell(end, &StreamEvent::Closed(Ending::Orderly), Some(frame));
    }

    fn confirm(&mut self, number: u64, side: Side) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        if connection.broken {
            return;
        }
        let flow = connection.flow(side.other());
        let (upto, shown) = (flow.taken, flow.shown);
        if shown < upto {
            flow.shown = upto;
            let offset = connection.flow(side).sent;
            let header = connection.numbering.segment(side, offset, upto, TcpFlags::default());
            self.enter(number, side, header, Bytes::new(), None);
        }
        self.set_off(Packet { connection: number, side, kind: Kind::Confirm { upto } });
    }

    fn land_confirm(&mut self, number: u64, side: Side, upto: u64) {
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let flow = connection.flow(side);
        flow.confirmed = flow.confirmed.max(upto);
        self.push_out(number, side);
        self.streams.marks.clear();
        let Some(connection) = self.streams.connections.get_mut(&number) else { return };
        let end = *connection.end(side);
        let flow = connection.flow(side);
        if flow.blocked && flow.unsent_length <= UNSENT_HIGH / 4 {
            flow.blocked = false;
            if end.state == State::Open {
                self.tell(end, &StreamEvent::Drained, None);
            }
        }
    }

    /// Puts on the wire what the window lets through, in pieces cut by chance.
    pub(super) fn push_out(&mut self, number: u64, side: Side) {
        loop {
            let Some(connection) = self.streams.connections.get_mut(&number) else { return };
            let usual = if connection.addresses[0].is_ipv4() { SEGMENT_V4 } else { SEGMENT_V6 };
            if matches!(connection.end(side).state, State::Waiting | State::Dead) || connection.broken {
                return;
            }
            let flow = connection.flow(side);
            let most = flow.sendable().min(usual);
            let octets = if most > 0 {
                let cut = most > 1 && self.cast.chance.hits(self.streams.cuts);
                let length = if cut { 1 + self.cast.chance.below(most - 1) } else { most };
                flow.cut(length)
            } else if flow.unsent_length == 0 && flow.fin == Fin::Wanted {
                flow.fin = Fin::Sent;
                Bytes::new()
            } else {
                return;
            };
            let offset = flow.sent;
            flow.sent += u64::try_from(octets.len()).unwrap_or(0).max(1);
            self.set_off(Packet { connection: number, side, kind: Kind::Data { offset, octets } });
        }
    }

    /// Sends a reset. `by` is the fault that ordered it.
    pub(super) fn reset(&mut self, number: u64, side: Side, by: Option<Fate>) {
        let packet = Packet { connection: number, side, kind: Kind::Reset };
        match by {
            None => self.set_off(packet),
            Some(fate) => {
                // It comes from between the ends, and does not fail to reach them.
                let shown = self.show(&packet, Some(fate));
                let journey = Journey { packet, tries: 0, since: self.now, number: shown };
                self.timeline.enter(self.now, What::Land(journey));
            }
        }
    }

    /// Enters a packet into the record. Answers with its number, if a capture shows it at all.
    fn show(&mut self, packet: &Packet, fate: Option<Fate>) -> Option<u64> {
        let (number, side) = (packet.connection, packet.side);
        let connection = self.streams.connections.get_mut(&number)?;
        let numbering = connection.numbering;
        let waiting = connection.end(Side::Caller).state == State::Waiting;
        let offset = connection.flow(side).sent;
        let taken = connection.flow(side.other()).taken;
        let none = TcpFlags::default();
        let mut payload = Bytes::new();
        let header = match &packet.kind {
            Kind::Syn | Kind::SynAck => numbering.first(side),
            Kind::Ack => numbering.segment(side, 0, 0, none),
            Kind::Data { offset, octets } => {
                connection.flow(side.other()).shown = taken;
                payload = octets.clone();
                let fin = octets.is_empty();
                numbering.segment(side, *offset, taken, TcpFlags { fin, psh: !fin, ..none })
            }
            Kind::Reset if waiting && side == Side::Callee => numbering.refusal(),
            Kind::Reset => numbering.segment(side, offset, taken, TcpFlags { rst: true, ..none }),
            Kind::Hello | Kind::HelloBack | Kind::Ready | Kind::Confirm { .. } => return None,
        };
        self.enter(number, side, header, payload, fate)
    }

    fn enter(
        &mut self,
        number: u64,
        side: Side,
        header: tollgate_capture::TcpHeader,
        payload: Bytes,
        fate: Option<Fate>,
    ) -> Option<u64> {
        let connection = self.streams.connections.get(&number)?;
        let addresses = connection.addresses;
        let frame = Frame { from: addresses[side.index()], to: addresses[side.other().index()], payload };
        Some(self.cast.record.enter_segment(self.now, &frame, header, fate))
    }
}
