//! A UDP datagram with its IP header as it would stand on a wire: RFC 768, RFC 791, RFC 8200. Knows no
//! file format. Never fragments.

use std::net::SocketAddr;

use crate::ip::{Sum, emit_header, header_length, one_family};

/// The longest payload over IPv4: 65,535 less 20 of IP and 8 of UDP.
pub const PAYLOAD_V4_MAX: u16 = 65_507;
/// The longest payload over IPv6 without jumbograms: 65,535 less 8 of UDP.
pub const PAYLOAD_V6_MAX: u16 = 65_527;

const UDP_HEADER: u16 = 8;
const PROTOCOL_UDP: u8 = 17;

/// A payload with the addresses that its headers are made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    from: SocketAddr,
    to: SocketAddr,
    payload: &'a [u8],
    /// The length of `payload`, as it fits the headers.
    length: u16,
    dropped: usize,
}

impl<'a> Datagram<'a> {
    /// A datagram. A payload that no datagram can hold is cut to the longest that one can
    /// ([`Self::dropped`] says by how much). When only one address is IPv4, it is written as the
    /// IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2).
    #[must_use]
    pub fn new(from: SocketAddr, to: SocketAddr, payload: &'a [u8]) -> Self {
        let (from, to) = one_family(from, to);
        let most = if from.is_ipv4() { PAYLOAD_V4_MAX } else { PAYLOAD_V6_MAX };
        let length = u16::try_from(payload.len()).map_or(most, |length| length.min(most));
        let (payload, rest) = payload.split_at(usize::from(length));
        Self { from, to, payload, length, dropped: rest.len() }
    }

    /// How many bytes of the payload did not fit, and are left out.
    #[must_use]
    pub const fn dropped(&self) -> usize {
        self.dropped
    }

    /// The length with both headers, in bytes.
    #[must_use]
    pub fn packet_length(&self) -> u32 {
        u32::from(header_length(self.from)) + u32::from(UDP_HEADER) + u32::from(self.length)
    }

    /// Appends the packet: IP header, UDP header, payload.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let udp_length = UDP_HEADER + self.length;
        let mut sum = Sum::default();
        emit_header(self.from, self.to, PROTOCOL_UDP, udp_length, &mut sum, out);
        let (from, to) = (self.from.port(), self.to.port());
        for word in [from, to, udp_length] {
            sum.word(word);
            out.extend(word.to_be_bytes());
        }
        sum.bytes(self.payload);
        // A sum of zero would say that there is none (RFC 768).
        let checksum = match sum.complement() {
            0 => u16::MAX,
            checksum => checksum,
        };
        out.extend(checksum.to_be_bytes());
        out.extend(self.payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_udp_checksum_of_zero_is_sent_as_all_ones() {
        // Everything that is summed but the payload: 10.0.0.1 twice, the protocol, the length 10 twice and
        // the ports; the payload then fills the sum up to ffff.
        let one = SocketAddr::from(([10, 0, 0, 1], 1));
        let rest: u32 = 2 * (0x0a00 + 0x0001) + 17 + 2 * 10 + 2;
        let fill = u16::try_from(0xffff - rest % 0xffff).unwrap();
        let payload = fill.to_be_bytes();
        let mut packet = Vec::new();
        Datagram::new(one, one, &payload).emit(&mut packet);
        assert_eq!(packet[26..28], [0xff, 0xff]);
    }
}
