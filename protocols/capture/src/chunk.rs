//! One SCTP packet with one DATA chunk that holds a whole message (RFC 9260 section 3.3.1). Associations are neither set up
//! nor ended: a reader of the capture sees messages, and that none is missing.

use std::net::SocketAddr;

/// SCTP's number among the protocols over IP.
pub(crate) const PROTOCOL_SCTP: u8 = 132;

/// A DATA chunk, the bits B and E set: the whole message.
const DATA_WHOLE: [u8; 2] = [0, 3];
const CHUNK_HEADER: usize = 16;

/// What a packet says besides its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SctpData {
    /// Verification tag of the receiver.
    pub tag: u32,
    /// How many messages this end sent before on the stream: TSN and stream sequence number follow from it.
    pub sent: u32,
    /// Stream.
    pub stream: u16,
    /// Payload protocol identifier: 3 is M3UA.
    pub protocol: u32,
}

impl SctpData {
    /// The octets of the packet. What does not fit a chunk is cut.
    pub(crate) fn packet(&self, from: SocketAddr, to: SocketAddr, message: &[u8]) -> Vec<u8> {
        let message = &message[..message.len().min(usize::from(u16::MAX) - CHUNK_HEADER)];
        let length = u16::try_from(message.len() + CHUNK_HEADER).unwrap_or(u16::MAX);
        let [_, _, high, low] = self.sent.to_be_bytes();
        let mut out = Vec::with_capacity(message.len() + 32);
        out.extend(from.port().to_be_bytes());
        out.extend(to.port().to_be_bytes());
        out.extend(self.tag.to_be_bytes());
        out.extend([0; 4]);
        out.extend(DATA_WHOLE);
        out.extend(length.to_be_bytes());
        out.extend(self.sent.wrapping_add(1).to_be_bytes());
        out.extend(self.stream.to_be_bytes());
        out.extend([high, low]);
        out.extend(self.protocol.to_be_bytes());
        out.extend(message);
        out.resize(out.len().next_multiple_of(4), 0);
        let checksum = crc32c(&out);
        out[8..12].copy_from_slice(&checksum.to_le_bytes());
        out
    }
}

/// CRC32c, bit by bit: captures are written, not served (RFC 9260 appendix A).
fn crc32c(octets: &[u8]) -> u32 {
    let sum = octets.iter().fold(u32::MAX, |crc, octet| {
        (0..8).fold(
            crc ^ u32::from(*octet),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 },
        )
    });
    !sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32c() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
    }

    #[test]
    fn a_packet_is_padded_and_its_chunk_is_not() {
        let own = SctpData { tag: 7, sent: 0x1_0002, stream: 1, protocol: 3 };
        let port = |port| SocketAddr::from(([10, 0, 0, 1], port));
        let octets = own.packet(port(2905), port(2906), &[1, 2, 3]);
        // 12 of the common header, 16 of the chunk's, 3 of the message and one of padding; 2905 is 0x0b59.
        assert_eq!(octets.len(), 32);
        assert_eq!(octets[..8], [0x0b, 0x59, 0x0b, 0x5a, 0, 0, 0, 7]);
        // Length 19; TSN 65,539; stream 1, its third message after 65,536: 2.
        assert_eq!(octets[12..26], [0, 3, 0, 19, 0, 1, 0, 3, 0, 1, 0, 2, 0, 0]);
    }
}
