//! A TCP segment with its IP header as it would stand on a wire: RFC 9293. Knows no file format and no
//! connection: whoever writes one says every number.

use std::net::SocketAddr;

use crate::ip::{Sum, emit_header, header_length, one_family};

/// The longest payload of a segment over IPv4: 65,535 less 20 of IP and 20 of TCP.
pub const SEGMENT_V4_MAX: u16 = 65_495;
/// The longest payload of a segment over IPv6: 65,535 less 20 of TCP.
pub const SEGMENT_V6_MAX: u16 = 65_515;

const TCP_HEADER: u16 = 20;
const PROTOCOL_TCP: u8 = 6;
/// Options of the first segment: maximum segment size, no operation, window scale (RFC 9293 section 3.2, RFC 7323).
const SYN_OPTIONS: u16 = 8;
/// The window is announced in units of 2⁷ octets.
const WINDOW_SCALE: u8 = 7;

/// What a segment is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpFlags {
    /// It starts the connection.
    pub syn: bool,
    /// Nothing comes after it.
    pub fin: bool,
    /// It ends the connection at once.
    pub rst: bool,
    /// The other side may hand over what it has.
    pub psh: bool,
    /// The acknowledgement is meant.
    pub ack: bool,
}

impl TcpFlags {
    fn octet(self) -> u8 {
        let bits = [self.fin, self.syn, self.rst, self.psh, self.ack];
        bits.iter().rev().fold(0, |octet, bit| octet << 1 | u8::from(*bit))
    }
}

/// The numbers of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpHeader {
    /// The number of its first octet.
    pub sequence: u32,
    /// The number of the octet that is expected next, when [`TcpFlags::ack`] is set.
    pub acknowledgement: u32,
    /// What it is for.
    pub flags: TcpFlags,
}

/// A payload with what its headers are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    from: SocketAddr,
    to: SocketAddr,
    header: TcpHeader,
    payload: &'a [u8],
    length: u16,
    dropped: usize,
}

impl<'a> Segment<'a> {
    /// A segment. What does not fit is cut ([`Self::dropped`] says by how much); of two families IPv6 is
    /// written.
    #[must_use]
    pub fn new(from: SocketAddr, to: SocketAddr, header: TcpHeader, payload: &'a [u8]) -> Self {
        let (from, to) = one_family(from, to);
        let options = if header.flags.syn { SYN_OPTIONS } else { 0 };
        let most = if from.is_ipv4() { SEGMENT_V4_MAX } else { SEGMENT_V6_MAX } - options;
        let length = u16::try_from(payload.len()).map_or(most, |length| length.min(most));
        let (payload, rest) = payload.split_at(usize::from(length));
        Self { from, to, header, payload, length, dropped: rest.len() }
    }

    /// How many bytes of the payload did not fit, and are left out.
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped
    }

    fn header_length(&self) -> u16 {
        TCP_HEADER + if self.header.flags.syn { SYN_OPTIONS } else { 0 }
    }

    /// The length with both headers, in bytes.
    #[must_use]
    pub fn packet_length(&self) -> u32 {
        u32::from(header_length(self.from)) + u32::from(self.header_length()) + u32::from(self.length)
    }

    /// Appends the packet: IP header, TCP header, payload.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let (length, own) = (self.header_length() + self.length, self.header_length());
        let mut sum = Sum::default();
        emit_header(self.from, self.to, PROTOCOL_TCP, length, &mut sum, out);
        let start = out.len();
        out.extend(self.from.port().to_be_bytes());
        out.extend(self.to.port().to_be_bytes());
        out.extend(self.header.sequence.to_be_bytes());
        let acknowledgement = if self.header.flags.ack { self.header.acknowledgement } else { 0 };
        out.extend(acknowledgement.to_be_bytes());
        let words = u8::try_from(own / 4).unwrap_or(5);
        out.extend([words << 4, self.header.flags.octet()]);
        // The window: the checksum behind it is filled in at the end, and nothing is urgent.
        out.extend(if self.header.flags.rst { [0, 0] } else { [0xff, 0xff] });
        let checksum_at = out.len();
        out.extend([0; 4]);
        if self.header.flags.syn {
            let largest = if self.from.is_ipv4() { SEGMENT_V4_MAX } else { SEGMENT_V6_MAX };
            out.extend([2, 4]);
            out.extend(largest.to_be_bytes());
            out.extend([1, 3, 3, WINDOW_SCALE]);
        }
        // Both lengths of a header are even, so the payload begins on a word.
        sum.bytes(&out[start..]);
        sum.bytes(self.payload);
        let checksum = sum.complement().to_be_bytes();
        out[checksum_at..checksum_at + 2].copy_from_slice(&checksum);
        out.extend(self.payload);
    }
}
