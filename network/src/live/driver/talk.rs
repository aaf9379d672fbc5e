//! What a capture shows of one real connection: its octets in segments, as if the sockets had not been between. Writes
//! the record; moves nothing.

use std::collections::VecDeque;
use std::net::SocketAddr;

use bytes::Bytes;
use tollgate_capture::{TcpFlags, TcpHeader};
use tollgate_time::Instant;

use crate::numbering::{Numbering, Side};
use crate::record::Record;
use crate::{Fate, Frame};

/// The longest segment, in octets: what fits over either version of IP.
pub(super) const SEGMENT_MAX: usize = 65_000;

/// A connection between two addresses of the scenario.
#[derive(Debug)]
pub(super) struct Talk {
    numbering: Numbering,
    addresses: [SocketAddr; 2],
    /// Ends that a driver's node has.
    pub(super) ends: u8,
    /// The offsets behind what each side has sent, and behind what was taken of it.
    sent: [u64; 2],
    taken: [u64; 2],
    /// Behind which octet of a direction each segment ends, with its number, until it is taken.
    marks: [VecDeque<(u64, u64)>; 2],
    shown: [u64; 2],
    stands: bool,
    over: [bool; 2],
}

impl Talk {
    pub(super) fn new(number: u64, addresses: [SocketAddr; 2]) -> Self {
        Self {
            numbering: Numbering::of(number),
            addresses,
            ends: 1,
            sent: [0; 2],
            taken: [0; 2],
            marks: [VecDeque::new(), VecDeque::new()],
            shown: [0; 2],
            stands: false,
            over: [false; 2],
        }
    }

    pub(super) fn address(&self, side: Side) -> SocketAddr {
        self.addresses[side.index()]
    }

    fn enter(
        &self,
        record: &mut Record,
        at: Instant,
        side: Side,
        header: TcpHeader,
        payload: Bytes,
        fate: Option<Fate>,
    ) -> u64 {
        let (from, to) = (self.addresses[side.index()], self.addresses[side.other().index()]);
        record.enter_segment(at, &Frame { from, to, payload }, header, fate)
    }

    fn flagged(&self, record: &mut Record, at: Instant, side: Side, flags: TcpFlags) -> u64 {
        let (sent, taken) = (self.sent[side.index()], self.taken[side.other().index()]);
        let header = self.numbering.segment(side, sent, taken, flags);
        self.enter(record, at, side, header, Bytes::new(), None)
    }

    /// The caller asks for it.
    pub(super) fn call(&self, record: &mut Record, at: Instant, fate: Option<Fate>) -> u64 {
        self.enter(record, at, Side::Caller, self.numbering.first(Side::Caller), Bytes::new(), fate)
    }

    /// Nobody takes it.
    pub(super) fn refuse(&self, record: &mut Record, at: Instant) -> u64 {
        self.enter(record, at, Side::Callee, self.numbering.refusal(), Bytes::new(), None)
    }

    /// It stands. Both ends may say so; the first is right.
    pub(super) fn stand(&mut self, record: &mut Record, at: Instant) {
        if !self.stands {
            self.stands = true;
            self.enter(record, at, Side::Callee, self.numbering.first(Side::Callee), Bytes::new(), None);
            self.flagged(record, at, Side::Caller, TcpFlags::default());
        }
    }

    /// A side sends octets, or they have come from outside. Answers with the number of the last segment.
    pub(super) fn send(
        &mut self,
        record: &mut Record,
        at: Instant,
        side: Side,
        octets: &Bytes,
        fate: Option<Fate>,
    ) -> Vec<(u64, u64)> {
        let mut marks = Vec::new();
        let mut rest = octets.clone();
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(SEGMENT_MAX));
            let taken = self.taken[side.other().index()];
            self.shown[side.other().index()] = taken;
            let flags = TcpFlags { psh: true, ..TcpFlags::default() };
            let header = self.numbering.segment(side, self.sent[side.index()], taken, flags);
            self.sent[side.index()] += u64::try_from(piece.len()).unwrap_or(0);
            let number = self.enter(record, at, side, header, piece, fate);
            marks.push((self.sent[side.index()], number));
        }
        self.marks[side.index()].extend(&marks);
        marks
    }

    /// The offset behind everything that a side has sent.
    pub(super) fn sent(&self, side: Side) -> u64 {
        self.sent[side.index()]
    }

    /// Octets of a side are being taken: how many of them belong to the next segment, and its number.
    pub(super) fn take(&mut self, side: Side, length: usize) -> (usize, Option<u64>) {
        let index = side.index();
        let Some((end, number)) = self.marks[index].front().copied() else {
            self.taken[index] += u64::try_from(length).unwrap_or(0);
            return (length, None);
        };
        let left = usize::try_from(end - self.taken[index]).unwrap_or(usize::MAX);
        if left <= length {
            self.marks[index].pop_front();
        }
        let taken = left.min(length);
        self.taken[index] += u64::try_from(taken).unwrap_or(0);
        (taken, Some(number))
    }

    /// What was taken is confirmed, unless something that was sent has done so.
    pub(super) fn confirm(&mut self, record: &mut Record, at: Instant, side: Side) {
        let (taken, other) = (self.taken[side.other().index()], side.other().index());
        if self.shown[other] < taken && !self.over[side.index()] {
            self.shown[other] = taken;
            self.flagged(record, at, side, TcpFlags::default());
        }
    }

    /// A side has sent everything.
    pub(super) fn finish(&mut self, record: &mut Record, at: Instant, side: Side) -> Option<u64> {
        if !self.stands || self.over[side.index()] {
            return None;
        }
        if self.over[side.other().index()] {
            // The end of the other direction counts as an octet.
            let other = side.other().index();
            self.taken[other] = self.sent[other];
        }
        let number = self.flagged(record, at, side, TcpFlags { fin: true, ..TcpFlags::default() });
        self.over[side.index()] = true;
        self.sent[side.index()] += 1;
        if self.over[side.other().index()] {
            self.taken[side.index()] = self.sent[side.index()];
            self.flagged(record, at, side.other(), TcpFlags::default());
        }
        Some(number)
    }

    /// A side ends it at once.
    pub(super) fn reset(&mut self, record: &mut Record, at: Instant, side: Side) -> Option<u64> {
        if self.over == [true; 2] || !self.stands {
            return None;
        }
        self.over = [true; 2];
        Some(self.flagged(record, at, side, TcpFlags { rst: true, ..TcpFlags::default() }))
    }
}
