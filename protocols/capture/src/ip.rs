//! IP headers (RFC 791, RFC 8200) and the Internet checksum (RFC 1071) of what is written. Knows no file format.
//! Never fragments.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const IPV4_HEADER: u16 = 20;
const IPV6_HEADER: u16 = 40;
const HOPS: u8 = 64;

/// Both addresses in one family: when only one is IPv4, it becomes the IPv4-mapped IPv6 address (RFC 4291 section
/// 2.5.5.2).
pub(crate) fn one_family(from: SocketAddr, to: SocketAddr) -> (SocketAddr, SocketAddr) {
    match (from.ip(), to.ip()) {
        (IpAddr::V4(ip), IpAddr::V6(_)) => (SocketAddr::from((ip.to_ipv6_mapped(), from.port())), to),
        (IpAddr::V6(_), IpAddr::V4(ip)) => (from, SocketAddr::from((ip.to_ipv6_mapped(), to.port()))),
        _ => (from, to),
    }
}

/// The length of the IP header, in bytes.
pub(crate) const fn header_length(from: SocketAddr) -> u16 {
    if from.is_ipv4() { IPV4_HEADER } else { IPV6_HEADER }
}

/// Appends the IP header for `length` bytes of a protocol, and begins that protocol's checksum with the pseudo
/// header (RFC 768, RFC 9293 section 3.1; RFC 8200 section 8.1 pads its last words with zeros).
pub(crate) fn emit_header(
    from: SocketAddr,
    to: SocketAddr,
    protocol: u8,
    length: u16,
    sum: &mut Sum,
    out: &mut Vec<u8>,
) {
    match (from.ip(), to.ip()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => emit_ipv4(from, to, protocol, length, sum, out),
        (from, to) => emit_ipv6(wide(from), wide(to), protocol, length, sum, out),
    }
    sum.word(u16::from(protocol));
    sum.word(length);
}

fn emit_ipv4(from: Ipv4Addr, to: Ipv4Addr, protocol: u8, length: u16, sum: &mut Sum, out: &mut Vec<u8>) {
    sum.bytes(&from.octets());
    sum.bytes(&to.octets());
    let total = IPV4_HEADER + length;
    // Version and header length, no service class; "do not fragment", which frees us of an
    // identification (RFC 6864 section 4.1).
    let words = [0x4500, total, 0, 0x4000, u16::from_be_bytes([HOPS, protocol])];
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

fn emit_ipv6(from: Ipv6Addr, to: Ipv6Addr, protocol: u8, length: u16, sum: &mut Sum, out: &mut Vec<u8>) {
    sum.bytes(&from.octets());
    sum.bytes(&to.octets());
    out.extend([0x60, 0, 0, 0]);
    out.extend(length.to_be_bytes());
    out.extend([protocol, HOPS]);
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
pub(crate) struct Sum(u64);

impl Sum {
    pub(crate) fn word(&mut self, word: u16) {
        self.0 += u64::from(word);
    }

    /// An odd last byte counts as if a zero followed.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        let (pairs, rest) = bytes.as_chunks::<2>();
        for pair in pairs {
            self.word(u16::from_be_bytes(*pair));
        }
        if let [last] = rest {
            self.word(u16::from_be_bytes([*last, 0]));
        }
    }

    pub(crate) fn complement(self) -> u16 {
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
}
