//! Sequence numbers of a connection, as a capture shows them. The offset of an octet in its direction says
//! everything; nothing is kept but the two numbers that a connection starts from.

use tollgate_capture::{TcpFlags, TcpHeader};

/// Which end of a connection: the one that started it, or the one that accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Side {
    Caller,
    Callee,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Caller, Self::Callee];

    pub(crate) const fn other(self) -> Self {
        match self {
            Self::Caller => Self::Callee,
            Self::Callee => Self::Caller,
        }
    }

    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Caller => 0,
            Self::Callee => 1,
        }
    }
}

/// The numbers that a connection starts from (RFC 9293 section 3.4.1).
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbering([u32; 2]);

impl Numbering {
    /// Those of the n-th connection of a run: different for each, the same in each run.
    pub(crate) const fn of(connection: u64) -> Self {
        // The multiplier of Knuth's linear congruential generator scatters them.
        let scattered = connection.wrapping_add(1).wrapping_mul(6_364_136_223_846_793_005);
        let [a, b, c, d, e, f, g, h] = scattered.to_be_bytes();
        Self([u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])])
    }

    /// The first segment of a side; the callee's acknowledges the caller's.
    pub(crate) fn first(self, side: Side) -> TcpHeader {
        let ack = side == Side::Callee;
        TcpHeader {
            sequence: self.0[side.index()],
            acknowledgement: if ack { self.0[0].wrapping_add(1) } else { 0 },
            flags: TcpFlags { syn: true, ack, ..TcpFlags::default() },
        }
    }

    /// A segment whose first octet has this offset in its direction. `taken` octets of the other direction have
    /// arrived, with the one that an end in order counts as.
    pub(crate) fn segment(self, side: Side, offset: u64, taken: u64, flags: TcpFlags) -> TcpHeader {
        TcpHeader {
            sequence: after(self.0[side.index()], offset),
            acknowledgement: after(self.0[side.other().index()], taken),
            flags: TcpFlags { ack: true, ..flags },
        }
    }

    /// The segment that says that nobody listens here.
    pub(crate) fn refusal(self) -> TcpHeader {
        TcpHeader {
            sequence: 0,
            acknowledgement: self.0[0].wrapping_add(1),
            flags: TcpFlags { rst: true, ack: true, ..TcpFlags::default() },
        }
    }
}

/// The number of the octet at an offset; the first segment itself counts as one.
fn after(start: u32, offset: u64) -> u32 {
    let low = u32::try_from(offset & u64::from(u32::MAX)).unwrap_or(0);
    start.wrapping_add(1).wrapping_add(low)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_wrap_around_as_on_a_wire() {
        let numbering = Numbering([u32::MAX - 1, 7]);
        let data = numbering.segment(Side::Caller, 5, 2, TcpFlags::default());
        // 4,294,967,294 + 1 + 5 is 4 beyond 2³²; 7 + 1 + 2 is 10.
        assert_eq!((data.sequence, data.acknowledgement), (4, 10));
        assert_eq!(numbering.first(Side::Callee).acknowledgement, u32::MAX);
        let far = numbering.segment(Side::Callee, (1 << 32) + 1, 0, TcpFlags::default());
        assert_eq!(far.sequence, 9);
    }
}
