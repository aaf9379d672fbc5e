//! A UDP datagram with its IP header as it would stand on a wire: RFC 768, RFC 791, RFC 8200. Knows no
//! file format. Never fragments.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The longest payload over IPv4: 65,535 less 20 of IP and 8 of UDP.
pub const PAYLOAD_V4_MAX: u16 = 65_507;
/// The longest payload over IPv6 without jumbograms: 65,535 less 8 of UDP.
pub const PAYLOAD_V6_MAX: u16 = 65_527;

const UDP_HEADER: u16 = 8;
const IPV4_HEADER: u16 = 20;
const PROTOCOL_UDP: u8 = 17;
const HOPS: u8 = 64;

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
        let (from, to) = match (from.ip(), to.ip()) {
            (IpAddr::V4(ip), IpAddr::V6(_)) => (SocketAddr::from((ip.to_ipv6_mapped(), from.port())), to),
            (IpAddr::V6(_), IpAddr::V4(ip)) => (from, SocketAddr::from((ip.to_ipv6_mapped(), to.port()))),
            _ => (from, to),
        };
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
        let ip = match self.from.ip() {
            IpAddr::V4(_) => u32::from(IPV4_HEADER),
            IpAddr::V6(_) => 40,
        };
        ip + u32::from(UDP_HEADER) + u32::from(self.length)
    }

    /// Appends the packet: IP header, UDP header, payload.
    pub fn emit(&self, out: &mut Vec<u8>) {
        let udp_length = UDP_HEADER + self.length;
        let mut sum = Sum::default();
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => emit_ipv4(from, to, udp_length, &mut sum, out),
            (from, to) => emit_ipv6(wide(from), wide(to), udp_length, &mut sum, out),
        }
        // The pseudo header's last two words (RFC 768; RFC 8200 section 8.1 pads them with zeros).
        sum.word(u16::from(PROTOCOL_UDP));
        sum.word(udp_length);
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

fn emit_ipv4(from: Ipv4Addr, to: Ipv4Addr, udp_length: u16, sum: &mut Sum, out: &mut Vec<u8>) {
    sum.bytes(&from.octets());
    sum.bytes(&to.octets());
    let total = IPV4_HEADER + udp_length;
    // Version and header length, no service class; "do not fragment", which frees us of an
    // identification (RFC 6864 section 4.1).
    let words = [0x4500, total, 0, 0x4000, u16::from_be_bytes([HOPS, PROTOCOL_UDP])];
    let mut header = Sum::default();
    for word in words {
        header.word(word);
        out.extend(word.to_be_bytes());
    }
    header.bytes(&from.octets());
    header.bytes(&to.octets());
    out.extend(header.complement().to_be_bytes());
    out.extend(from.octets());
    out.extend(to.octets());
}

fn emit_ipv6(from: Ipv6Addr, to: Ipv6Addr, udp_length: u16, sum: &mut Sum, out: &mut Vec<u8>) {
    sum.bytes(&from.octets());
    sum.bytes(&to.octets());
    out.extend([0x60, 0, 0, 0]);
    out.extend(udp_length.to_be_bytes());
    out.extend([PROTOCOL_UDP, HOPS]);
    out.extend(from.octets());
    out.extend(to.octets());
}

fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// The Internet checksum (RFC 1071): the one's complement sum of 16-bit words.
#[derive(Debug, Clone, Copy, Default)]
struct Sum(u64);

impl Sum {
    fn word(&mut self, word: u16) {
        self.0 += u64::from(word);
    }

    /// An odd last byte counts as if a zero followed.
    fn bytes(&mut self, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<2>();
        for pair in pairs {
            self.word(u16::from_be_bytes(*pair));
        }
        if let [last] = rest {
            self.word(u16::from_be_bytes([*last, 0]));
        }
    }

    fn complement(self) -> u16 {
        let mut sum = self.0;
        while let Err(_carry) = u16::try_from(sum) {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        u16::try_from(sum).map_or(0, |sum| !sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_internet_checksum_is_that_of_rfc_1071() {
        // RFC 1071 section 3: 0001 f203 f4f5 f6f7 sum to 2ddf0, folded ddf2.
        let mut sum = Sum::default();
        sum.bytes(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.complement(), !0xddf2);
    }

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
