//! One connection in memory: its two ends and the two directions between them. Counts and orders octets; moves no
//! time and knows no node.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::numbering::{Numbering, Side};
use crate::stream::WINDOW;
use crate::{NodeId, Refusal, StreamId, Transport};

/// A connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) over: Transport,
    pub(super) numbering: Numbering,
    pub(super) addresses: [SocketAddr; 2],
    pub(super) ends: [End; 2],
    /// What each side sends.
    pub(super) flows: [Flow; 2],
    /// A reset is under way: what else arrives is lost.
    pub(super) broken: bool,
    /// After what time octets are sent again at least: longer when setting up took long (RFC 6298 section 5.7).
    pub(super) pause: Duration,
    /// Why nobody took it, once that is known.
    pub(super) refusal: Option<Refusal>,
}

/// One end.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) node: NodeId,
    /// Which life of the node it belongs to.
    pub(super) life: u32,
    pub(super) id: StreamId,
    pub(super) state: State,
    /// The node takes nothing for now.
    pub(super) paused: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The connection is being set up.
    Waiting,
    Open,
    /// The node has closed it, or was told of its end: what is left is sent, what comes is thrown away.
    Closing,
    /// Nobody is here: octets are answered with a reset.
    Dead,
}

/// The octets of one direction.
#[derive(Debug, Default)]
pub(super) struct Flow {
    unsent: VecDeque<Bytes>,
    pub(super) unsent_length: usize,
    /// The offset behind what is on the wire.
    pub(super) sent: u64,
    /// The offset behind what the receiver has taken, as the sender knows.
    pub(super) confirmed: u64,
    pub(super) fin: Fin,
    /// The sender was told that much waits.
    pub(super) blocked: bool,
    /// The offset behind what has arrived without a gap.
    arrived: u64,
    /// What arrived before something that was sent earlier.
    early: BTreeMap<u64, Piece>,
    /// What has arrived and is not taken yet.
    ready: VecDeque<Piece>,
    /// The offset behind what was taken.
    pub(super) taken: u64,
    /// The offset that the record has last confirmed.
    pub(super) shown: u64,
}

/// Whether the sender has ended its direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Fin {
    #[default]
    No,
    /// When everything is sent.
    Wanted,
    Sent,
}

/// What one segment carries.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) offset: u64,
    /// No octets: the end of the direction, which counts as one.
    pub(super) octets: Bytes,
    /// The number of the segment in the capture.
    pub(super) number: u64,
}

impl Piece {
    pub(super) fn is_end(&self) -> bool {
        self.octets.is_empty()
    }

    fn length(&self) -> u64 {
        if self.is_end() { 1 } else { u64::try_from(self.octets.len()).unwrap_or(u64::MAX) }
    }

    pub(super) fn end(&self) -> u64 {
        self.offset + self.length()
    }
}

impl Flow {
    /// Adds octets to what is to be sent. Answers with the offset behind them.
    pub(super) fn push(&mut self, octets: Bytes) -> u64 {
        self.unsent_length += octets.len();
        if !octets.is_empty() {
            self.unsent.push_back(octets);
        }
        self.sent + u64::try_from(self.unsent_length).unwrap_or(0)
    }

    /// How many octets may be put on the wire now.
    pub(super) fn sendable(&self) -> usize {
        let under_way = usize::try_from(self.sent - self.confirmed).unwrap_or(usize::MAX);
        self.unsent_length.min(WINDOW.saturating_sub(under_way))
    }

    /// Takes the next so many octets off what is to be sent; there must be as many.
    pub(super) fn cut(&mut self, length: usize) -> Bytes {
        self.unsent_length -= length;
        if let Some(first) = self.unsent.front_mut()
            && first.len() >= length
        {
            let cut = first.split_to(length);
            if first.is_empty() {
                self.unsent.pop_front();
            }
            return cut;
        }
        let mut cut = BytesMut::with_capacity(length);
        while cut.len() < length {
            let Some(mut first) = self.unsent.pop_front() else { break };
            let rest = first.split_off(first.len().min(length - cut.len()));
            cut.extend_from_slice(&first);
            if !rest.is_empty() {
                self.unsent.push_front(rest);
            }
        }
        cut.freeze()
    }

    /// Forgets what is not on the wire yet.
    pub(super) fn drop_unsent(&mut self) {
        self.unsent.clear();
        self.unsent_length = 0;
    }

    /// Takes what a segment brings; what came before goes first.
    pub(super) fn arrive(&mut self, piece: Piece) {
        if piece.offset >= self.arrived {
            self.early.insert(piece.offset, piece);
        }
        while let Some(first) = self.early.first_entry()
            && *first.key() == self.arrived
        {
            let piece = first.remove();
            self.arrived = piece.end();
            self.ready.push_back(piece);
        }
    }

    /// The next piece in order.
    pub(super) fn take(&mut self) -> Option<Piece> {
        let piece = self.ready.pop_front()?;
        self.taken = piece.end();
        Some(piece)
    }

    /// Whether everything has been sent and taken, the end included.
    pub(super) fn is_over(&self) -> bool {
        self.fin == Fin::Sent && self.taken == self.sent
    }
}

impl Connection {
    pub(super) fn end(&mut self, side: Side) -> &mut End {
        &mut self.ends[side.index()]
    }

    pub(super) fn flow(&mut self, side: Side) -> &mut Flow {
        &mut self.flows[side.index()]
    }

    /// Whether nothing of it can be seen any more.
    pub(super) fn is_over(&self) -> bool {
        let [caller, callee] = &self.ends;
        match (caller.state, callee.state) {
            (State::Dead, State::Dead) => true,
            (State::Closing, State::Closing) => self.flows.iter().all(Flow::is_over),
            // The one that is left has sent all that it ever will, and nobody is there to take it.
            (State::Closing, State::Dead) | (State::Dead, State::Closing) => self.broken,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: u64, octets: &'static [u8]) -> Piece {
        Piece { offset, octets: Bytes::from_static(octets), number: 0 }
    }

    #[test]
    fn what_arrives_early_waits_for_what_was_sent_before() {
        let mut flow = Flow::default();
        for piece in [piece(5, b""), piece(3, b"de"), piece(3, b"de"), piece(0, b"abc"), piece(0, b"abc")] {
            flow.arrive(piece);
        }
        let taken: Vec<Bytes> = std::iter::from_fn(|| flow.take()).map(|piece| piece.octets).collect();
        assert_eq!(taken, [&b"abc"[..], b"de", b""]);
        assert_eq!(flow.taken, 6);
    }

    #[test]
    fn octets_are_cut_wherever_one_likes() {
        let mut flow = Flow::default();
        assert_eq!(flow.push(Bytes::from_static(b"abcd")), 4);
        assert_eq!(flow.push(Bytes::from_static(b"ef")), 6);
        assert_eq!((flow.cut(1), flow.cut(4), flow.cut(1)), ("a".into(), "bcde".into(), "f".into()));
        assert_eq!((flow.unsent_length, flow.sendable()), (0, 0));
    }

    #[test]
    fn no_more_than_a_window_is_under_way() {
        let mut flow = Flow::default();
        flow.push(vec![0; 100_000].into());
        assert_eq!(flow.sendable(), 65_535);
        flow.cut(65_535);
        flow.sent = 65_535;
        assert_eq!(flow.sendable(), 0);
        flow.confirmed = 10_000;
        assert_eq!(flow.sendable(), 10_000);
    }
}
