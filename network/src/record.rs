//! What a driver remembers of the frames that it carried: their number, what became of them, and, when
//! asked to, the frames themselves.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;

use tollgate_capture::{CaptureError, PcapngWriter, SctpData, TcpHeader};
use tollgate_time::Instant;

use crate::{Carried, Frame};

/// The longest message that fits a UDP datagram over IPv4: 65,535 less 20 of IP and 8 of UDP (RFC 768,
/// RFC 791). Both drivers refuse a longer one, so that neither promises what a wire cannot do.
pub const PAYLOAD_MAX: usize = 65_507;

/// What the network did to a frame besides delivering it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// Lost by chance.
    Lost,
    /// A copy of the frame before it.
    Duplicated,
    /// Kept back so that later frames overtake it.
    HeldBack,
    /// Stopped by a partition.
    Partitioned,
    /// Nobody owns the address that it is for.
    NoSuchHost,
    /// The node that it is for is down.
    HostDown,
    /// Longer than [`PAYLOAD_MAX`].
    TooLong,
    /// The machine's own network refused it, or it came back from outside as unreachable (live only).
    Refused,
    /// Sent again, as nobody had confirmed it.
    Repeated,
    /// A reset that a fault ordered.
    Reset,
}

impl Fate {
    /// Every fate, in order.
    pub const ALL: [Self; 10] = [
        Self::Lost,
        Self::Duplicated,
        Self::HeldBack,
        Self::Partitioned,
        Self::NoSuchHost,
        Self::HostDown,
        Self::TooLong,
        Self::Refused,
        Self::Repeated,
        Self::Reset,
    ];

    /// The remark in the capture.
    #[must_use]
    pub const fn remark(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Duplicated => "duplicated",
            Self::HeldBack => "held back",
            Self::Partitioned => "partitioned",
            Self::NoSuchHost => "no such host",
            Self::HostDown => "host is down",
            Self::TooLong => "too long for a datagram",
            Self::Refused => "refused or unreachable",
            Self::Repeated => "sent again",
            Self::Reset => "reset by a fault",
        }
    }
}

/// How many frames met which fate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Frames on the wire: those that nodes sent, and copies of them.
    pub carried: u64,
    /// Frames handed to a node.
    pub delivered: u64,
    fates: [u64; Fate::ALL.len()],
}

impl Tally {
    /// How many met this fate.
    #[must_use]
    pub const fn of(&self, fate: Fate) -> u64 {
        self.fates[fate as usize]
    }

    fn count(&mut self, fate: Fate) {
        self.fates[fate as usize] += 1;
    }
}

/// Numbers, counts and keeps frames.
#[derive(Debug, Clone, Default)]
pub(crate) struct Record {
    keep: bool,
    carried: Vec<Carried>,
    pub(crate) tally: Tally,
}

impl Record {
    /// Keeps every frame from now on. To be called before the first one, or numbers and places differ.
    pub(crate) fn keep(&mut self) {
        self.keep = true;
    }

    /// A frame enters the network. Answers with its number, counted from 1.
    pub(crate) fn enter(&mut self, at: Instant, frame: &Frame, fate: Option<Fate>) -> u64 {
        self.count(at, frame, None, fate)
    }

    /// A segment of a connection enters the network. Answers with its number.
    pub(crate) fn enter_segment(
        &mut self,
        at: Instant,
        frame: &Frame,
        header: TcpHeader,
        fate: Option<Fate>,
    ) -> u64 {
        self.count(at, frame, Some(header), fate)
    }

    fn count(&mut self, at: Instant, frame: &Frame, tcp: Option<TcpHeader>, fate: Option<Fate>) -> u64 {
        self.tally.carried += 1;
        if let Some(fate) = fate {
            self.tally.count(fate);
        }
        if self.keep {
            self.carried.push(Carried { at, frame: frame.clone(), tcp, remark: fate.map(Fate::remark) });
        }
        self.tally.carried
    }

    /// A frame that was on its way is lost after all.
    pub(crate) fn amend(&mut self, number: u64, fate: Fate) {
        self.tally.count(fate);
        if self.keep {
            let place = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
            if let Some(carried) = place.and_then(|place| self.carried.get_mut(place)) {
                carried.remark = Some(fate.remark());
            }
        }
    }

    pub(crate) fn carried(&self) -> &[Carried] {
        &self.carried
    }
}

/// The port that M3UA has at both ends (RFC 4666 section 1.4.8). A frame between two of them is a message of signalling: on
/// real sockets a datagram carries it, as most machines have no SCTP, and a capture shows the SCTP packet that it stands for.
pub const M3UA_PORT: u16 = 2905;

/// Payload protocol identifier of M3UA (RFC 4666 section 7.1).
const M3UA: u32 = 3;
/// Stream 0 is for management (RFC 4666 section 1.4.7).
const M3UA_STREAM: u16 = 1;

/// Writes what a driver carried as a pcapng file, one packet a frame, in order, with the remark as the
/// packet's comment. Answers with the number of packets.
///
/// # Errors
/// The writer fails.
pub fn write_capture<W: Write>(carried: &[Carried], out: W) -> Result<u64, CaptureError> {
    let mut writer = PcapngWriter::new(out)?;
    // What each end of signalling says next to another; a tag of its own tells its messages from those the other way.
    let mut signalled: BTreeMap<(SocketAddr, SocketAddr), SctpData> = BTreeMap::new();
    for Carried { at, frame, tcp, remark } in carried {
        let ends = (frame.from, frame.to);
        match tcp {
            Some(header) => writer.segment(*at, ends, *header, &frame.payload, *remark)?,
            None if frame.from.port() == M3UA_PORT && frame.to.port() == M3UA_PORT => {
                let tag = u32::try_from(signalled.len()).unwrap_or(u32::MAX).saturating_add(1);
                let first = SctpData { tag, sent: 0, stream: M3UA_STREAM, protocol: M3UA };
                let data = signalled.entry(ends).or_insert(first);
                writer.sctp(*at, ends, *data, &frame.payload, *remark)?;
                data.sent = data.sent.wrapping_add(1);
            }
            None => writer.datagram(*at, frame.from, frame.to, &frame.payload, *remark)?,
        }
    }
    writer.finish()
}
