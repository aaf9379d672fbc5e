//! The octets of TCP connections in order, from segments in any order (RFC 9293): repeated, overlapping, late, missing.
//! Acknowledges nothing and judges nobody; what does not come is noted as a gap.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;

use bytes::Bytes;
use tollgate_time::Instant;

use crate::TcpHeader;

/// So many connections are followed at once; the one that began first is given up for a further one.
const CONNECTIONS_MAX: usize = 16_384;
/// What one direction keeps while it waits for what was sent before, in octets, and in segments.
const WAITING_MAX: usize = 1 << 20;
const PIECES_MAX: usize = 4_096;
/// Octets that were confirmed, but are in no packet, are missed for good when so many segments wait for them.
const MISSED_AFTER: usize = 8;

/// Something of one direction of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPiece {
    /// The connection, counted from 0.
    pub connection: u64,
    /// The packet that brought it, or that let it be given.
    pub frame: u64,
    /// When.
    pub at: Instant,
    /// Who sent it.
    pub from: SocketAddr,
    /// Whom it is for.
    pub to: SocketAddr,
    /// What.
    pub piece: Piece,
}

/// What is next in a direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// The connection begins; `whole` when its first segment is there, and the octets are its first.
    Begin {
        /// Whether the beginning is there.
        whole: bool,
    },
    /// Octets, in order.
    Octets(Bytes),
    /// So many octets of a connection that is encrypted with TLS.
    Opaque(u64),
    /// So many octets are missing.
    Gap(u64),
    /// The sender has sent everything.
    End,
    /// The connection was reset.
    Reset,
}

/// Every connection that is being followed.
#[derive(Debug, Default)]
pub struct Reassembly {
    connections: BTreeMap<(SocketAddr, SocketAddr), Connection>,
    order: VecDeque<((SocketAddr, SocketAddr), u64)>,
    count: u64,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    /// By who sends: the lower address first.
    flows: [Flow; 2],
    reset: bool,
    /// `None` until the first octets of either direction say so.
    encrypted: Option<bool>,
}

#[derive(Debug, Default)]
struct Flow {
    /// The number of the octet that is next, and of the first segment.
    next: Option<u32>,
    first: Option<u32>,
    /// Segments that wait, by how far they are from `base`.
    waiting: BTreeMap<u64, (Bytes, u64, Instant)>,
    waiting_length: usize,
    /// How many octets were given or missed so far: where `next` stands.
    base: u64,
    /// Where the direction ends, counted as `base`.
    end: Option<u64>,
    ended: bool,
    /// Up to where the other side has confirmed, counted as `base`.
    confirmed: u64,
}

impl Flow {
    /// How a number lies to `next`, counted as `base`; `None` when it is before the beginning.
    fn place(&self, sequence: u32) -> Option<i64> {
        let next = self.next?;
        let distance = i64::from(sequence.wrapping_sub(next).cast_signed());
        i64::try_from(self.base).ok()?.checked_add(distance)
    }

    fn advance(&mut self, length: u64) {
        self.base += length;
        let low = u32::try_from(length & u64::from(u32::MAX)).unwrap_or(0);
        self.next = self.next.map(|next| next.wrapping_add(low));
    }
}

impl Reassembly {
    /// Takes a segment; what can be given because of it is added to `out`.
    pub fn take(
        &mut self,
        frame: u64,
        at: Instant,
        (from, to): (SocketAddr, SocketAddr),
        header: TcpHeader,
        payload: Bytes,
        out: &mut Vec<StreamPiece>,
    ) {
        let name = if from <= to { (from, to) } else { (to, from) };
        let side = usize::from(from > to);
        let starts = header.flags.syn && !header.flags.ack;
        if starts
            && let Some(known) = self.connections.get(&name)
            && known.flows[side].first != Some(header.sequence)
        {
            // The same addresses and ports, another connection.
            self.drop_connection(name, out);
        }
        if !self.connections.contains_key(&name) {
            if self.connections.len() >= CONNECTIONS_MAX {
                self.drop_oldest(out);
            }
            self.order.push_back((name, self.count));
            let flows = [Flow::default(), Flow::default()];
            self.connections
                .insert(name, Connection { number: self.count, flows, reset: false, encrypted: None });
            self.count += 1;
            if self.order.len() > 2 * CONNECTIONS_MAX {
                let connections = &self.connections;
                self.order.retain(|(name, number)| {
                    connections.get(name).is_some_and(|connection| connection.number == *number)
                });
            }
        }
        let Some(connection) = self.connections.get_mut(&name) else { return };
        let mut given = Given { connection: connection.number, ends: (from, to), out };
        connection.take(side, (frame, at), header, payload, &mut given);
    }

    /// The capture is over: what waits is given, with what is missing before it.
    pub fn finish(&mut self, out: &mut Vec<StreamPiece>) {
        let mut names: Vec<_> = self.connections.iter().map(|(name, one)| (one.number, *name)).collect();
        names.sort_unstable();
        for (_, name) in names {
            self.drop_connection(name, out);
        }
    }

    fn drop_oldest(&mut self, out: &mut Vec<StreamPiece>) {
        while let Some((name, number)) = self.order.pop_front() {
            if self.connections.get(&name).is_some_and(|connection| connection.number == number) {
                return self.drop_connection(name, out);
            }
        }
    }

    fn drop_connection(&mut self, name: (SocketAddr, SocketAddr), out: &mut Vec<StreamPiece>) {
        let Some(mut connection) = self.connections.remove(&name) else { return };
        for side in 0..2 {
            let ends = if side == 0 { name } else { (name.1, name.0) };
            let mut given = Given { connection: connection.number, ends, out: &mut *out };
            while connection.skip(side, &mut given) {}
        }
    }
}

/// Where pieces of one direction go.
struct Given<'a> {
    connection: u64,
    ends: (SocketAddr, SocketAddr),
    out: &'a mut Vec<StreamPiece>,
}

impl Given<'_> {
    fn give(&mut self, (frame, at): (u64, Instant), piece: Piece) {
        let (from, to) = self.ends;
        self.out.push(StreamPiece { connection: self.connection, frame, at, from, to, piece });
    }
}

impl Connection {
    fn take(
        &mut self,
        side: usize,
        when: (u64, Instant),
        header: TcpHeader,
        payload: Bytes,
        given: &mut Given<'_>,
    ) {
        let flags = header.flags;
        let flow = &mut self.flows[side];
        let mut sequence = header.sequence;
        if flags.syn {
            sequence = sequence.wrapping_add(1);
            if flow.next.is_none() {
                (flow.next, flow.first) = (Some(sequence), Some(header.sequence));
                given.give(when, Piece::Begin { whole: true });
            }
        }
        if flags.rst {
            if !self.reset {
                self.reset = true;
                while self.skip(side, given) {}
                given.give(when, Piece::Reset);
            }
            return;
        }
        let flow = &mut self.flows[side];
        if flow.next.is_none() {
            if payload.is_empty() && !flags.fin {
                return;
            }
            // The beginning is not in the capture.
            (flow.next, flow.first) = (Some(sequence), Some(sequence));
            given.give(when, Piece::Begin { whole: false });
        }
        let Some(place) = flow.place(sequence) else { return };
        let length = i64::try_from(payload.len()).unwrap_or(0);
        if flags.fin && flow.end.is_none() {
            flow.end = u64::try_from(place + length).ok();
        }
        let base = i64::try_from(flow.base).unwrap_or(i64::MAX);
        if place + length > base {
            // What was given already is cut off.
            let known = usize::try_from((base - place).max(0)).unwrap_or(0);
            let rest = payload.slice(known..);
            let place = u64::try_from(place.max(base)).unwrap_or(0);
            let longer = flow.waiting.get(&place).is_none_or(|(own, ..)| own.len() < rest.len());
            if longer {
                flow.waiting_length += rest.len();
                if let Some((old, ..)) = flow.waiting.insert(place, (rest, when.0, when.1)) {
                    flow.waiting_length -= old.len();
                }
            }
        }
        self.drain(side, when, given);
        while self.flows[side].is_stuck() && self.skip(side, given) {}
        if flags.ack {
            let other = &mut self.flows[1 - side];
            if let Some(place) =
                other.place(header.acknowledgement).and_then(|place| u64::try_from(place).ok())
            {
                other.confirmed = other.confirmed.max(place);
            }
        }
    }

    /// Gives what is next without a gap.
    fn drain(&mut self, side: usize, when: (u64, Instant), given: &mut Given<'_>) {
        loop {
            let flow = &mut self.flows[side];
            let Some(first) = flow.waiting.first_entry() else { break };
            let place = *first.key();
            if place > flow.base {
                break;
            }
            let (octets, frame, at) = first.remove();
            flow.waiting_length -= octets.len();
            let known = usize::try_from(flow.base - place).unwrap_or(usize::MAX);
            if octets.len() <= known {
                continue;
            }
            let rest = octets.slice(known..);
            let length = u64::try_from(rest.len()).unwrap_or(0);
            let begins = flow.base == 0;
            flow.advance(length);
            if begins && self.encrypted != Some(true) {
                self.encrypted = Some(is_tls(&rest));
            }
            let opaque = self.encrypted == Some(true);
            let piece = if opaque { Piece::Opaque(length) } else { Piece::Octets(rest) };
            // A piece that waited was complete only by the packet at hand; it is named by its own.
            given.give((frame, at), piece);
        }
        let flow = &mut self.flows[side];
        if !flow.ended && flow.end == Some(flow.base) {
            flow.ended = true;
            given.give(when, Piece::End);
        }
    }

    /// Misses what is before the first that waits. Answers whether there was any.
    fn skip(&mut self, side: usize, given: &mut Given<'_>) -> bool {
        let flow = &mut self.flows[side];
        let Some((place, (_, frame, at))) = flow.waiting.first_key_value() else { return false };
        let (missing, when) = (place.saturating_sub(flow.base), (*frame, *at));
        flow.advance(missing);
        if missing > 0 {
            given.give(when, Piece::Gap(missing));
        }
        self.drain(side, when, given);
        true
    }
}

impl Flow {
    /// Whether what is missing will not come any more.
    fn is_stuck(&self) -> bool {
        let Some((first, _)) = self.waiting.first_key_value() else { return false };
        self.waiting_length > WAITING_MAX
            || self.waiting.len() > PIECES_MAX
            || (self.waiting.len() >= MISSED_AFTER && *first <= self.confirmed)
    }
}

/// Whether a connection begins with a handshake of TLS (RFC 8446 section 5.1).
fn is_tls(octets: &[u8]) -> bool {
    matches!(octets, [22, 3, 0..=4, ..])
}
