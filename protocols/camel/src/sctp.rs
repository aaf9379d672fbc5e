//! SCTP packets with one DATA chunk, as a capture needs them (RFC 9260), and the whole stack down to them.
//! No association is ever set up here: messages travel between nodes in other ways.

use tollgate_wire::{DecodeError, Fault, Reader, Writer};

use crate::m3ua::{self, SI_SCCP};
use crate::sccp::{Address, Unitdata};

/// The number of SCTP among the protocols over IP.
pub const IP_PROTOCOL: u8 = 132;
/// The port that M3UA is registered for (RFC 4666 section 1.4.8).
pub const PORT_M3UA: u16 = 2905;
/// Payload protocol identifier of M3UA (RFC 4666 section 1.4.1).
pub const PPID_M3UA: u32 = 3;

const CHUNK_DATA: u8 = 0;
/// One chunk holds the whole message: the bits B and E.
const WHOLE: u8 = 3;

/// A packet with one DATA chunk that holds a whole message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Packet<'a> {
    /// Source port.
    pub from: u16,
    /// Destination port.
    pub to: u16,
    /// Verification tag of the receiver.
    pub tag: u32,
    /// Transmission sequence number.
    pub sequence: u32,
    /// Stream.
    pub stream: u16,
    /// Sequence number within the stream.
    pub stream_sequence: u16,
    /// Payload protocol identifier.
    pub protocol: u32,
    /// The message.
    pub data: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet whose first chunk is DATA; what follows that chunk is passed over.
    ///
    /// # Errors
    /// A length leads out of it, the checksum is wrong, or the chunk is another or only a part of a message.
    pub fn parse(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(octets);
        let (from, to) = (reader.u16("source port")?, reader.u16("destination port")?);
        let tag = reader.u32("verification tag")?;
        let sum = u32::from_le_bytes(*reader.array("checksum")?);
        let [kind, flags] = *reader.array("chunk")?;
        if (kind, flags & WHOLE) != (CHUNK_DATA, WHOLE) {
            let value = u64::from(u16::from_be_bytes([kind, flags]));
            let rule = "only DATA that holds a whole message is read";
            return Err(DecodeError { what: "chunk", offset: 12, fault: Fault::Invalid { value, rule } });
        }
        let len = reader.u16("chunk length")?;
        let sequence = reader.u32("TSN")?;
        let (stream, stream_sequence) = (reader.u16("stream")?, reader.u16("stream sequence")?);
        let protocol = reader.u32("payload protocol")?;
        let fault = Fault::Invalid { value: u64::from(len), rule: "a DATA chunk has at least 16 octets" };
        let len = usize::from(len).checked_sub(16).ok_or_else(|| reader.fail("chunk length", fault))?;
        let data = reader.take("DATA", len)?;
        if checksum(octets) != sum {
            let rule = "the CRC32c of the packet is another (RFC 9260 section 6.8)";
            let fault = Fault::Invalid { value: u64::from(sum), rule };
            return Err(DecodeError { what: "checksum", offset: 8, fault });
        }
        Ok(Self { from, to, tag, sequence, stream, stream_sequence, protocol, data })
    }

    /// The octets of the packet. Data beyond 65,519 octets is cut.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let data = &self.data[..self.data.len().min(usize::from(u16::MAX) - 16)];
        let mut out = Writer::with_capacity(data.len() + 32);
        out.u16(self.from);
        out.u16(self.to);
        out.u32(self.tag);
        let sum = out.mark(4);
        out.put(&[CHUNK_DATA, WHOLE]);
        out.u16(u16::try_from(16 + data.len()).unwrap_or(u16::MAX));
        out.u32(self.sequence);
        out.u16(self.stream);
        out.u16(self.stream_sequence);
        out.u32(self.protocol);
        out.put(data);
        out.put(&[0; 3][..(4 - data.len() % 4) % 4]);
        let crc = checksum(out.as_slice());
        out.fill(sum, &crc.to_le_bytes());
        out.into_bytes()
    }
}

/// CRC32c of a packet, its own place counted as zeros.
fn checksum(packet: &[u8]) -> u32 {
    let (head, rest) = packet.split_at(packet.len().min(8));
    let rest = rest.get(4..).unwrap_or_default();
    !head.iter().chain(&[0; 4]).chain(rest).fold(u32::MAX, |crc, octet| step(crc, *octet))
}

fn step(crc: u32, octet: u8) -> u32 {
    let [low, ..] = crc.to_le_bytes();
    (crc >> 8) ^ TABLE[usize::from(low ^ octet)]
}

/// The polynomial 0x1EDC6F41, its bits reversed.
static TABLE: [u32; 256] = table();

const fn table() -> [u32; 256] {
    let mut table = [0; 256];
    let mut crc = 0_u32;
    let mut place = 0;
    // The table of a linear code follows from its entries at the powers of two.
    let mut power = 128;
    table[0] = 0;
    crc += 1;
    while power > 0 {
        crc = if crc & 1 == 1 { (crc >> 1) ^ 0x82f6_3b78 } else { crc >> 1 };
        while place < 256 {
            table[power + place] = crc ^ table[place];
            place += 2 * power;
        }
        place = 0;
        power /= 2;
    }
    table
}

/// One side of a signalling relation, as a capture shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Signalling point code.
    pub point_code: u32,
    /// SCCP address.
    pub address: Address,
    /// SCTP port.
    pub port: u16,
}

/// A signalling relation, which numbers its messages in each direction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relation {
    /// The two sides.
    pub sides: [Side; 2],
    sent: [u32; 2],
}

impl Relation {
    /// A relation that has carried nothing.
    #[must_use]
    pub const fn new(first: Side, second: Side) -> Self {
        Self { sides: [first, second], sent: [0, 0] }
    }

    /// The SCTP packet that carries a TCAP message from the first side, or from the second if `back`: the
    /// payload of an IP packet of protocol [`IP_PROTOCOL`].
    pub fn packet(&mut self, back: bool, message: &[u8]) -> Vec<u8> {
        let (from, to) = if back { (1, 0) } else { (0, 1) };
        let (sender, receiver) = (&self.sides[from], &self.sides[to]);
        let sccp = Unitdata::new(receiver.address.clone(), sender.address.clone(), message).encode();
        let transfer = m3ua::Data {
            origin: sender.point_code,
            destination: receiver.point_code,
            service: SI_SCCP,
            network: 2,
            data: &sccp,
            ..m3ua::Data::default()
        };
        let sequence = self.sent[from];
        self.sent[from] = sequence.wrapping_add(1);
        let [_, _, high, low] = sequence.to_be_bytes();
        let packet = Packet {
            from: sender.port,
            to: receiver.port,
            tag: receiver.point_code,
            sequence: sequence.wrapping_add(1),
            // Stream 0 is for management (RFC 4666 section 1.4.7).
            stream: 1,
            stream_sequence: u16::from_be_bytes([high, low]),
            protocol: PPID_M3UA,
            data: &transfer.encode(),
        };
        packet.encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32c() {
        let crc = !b"123456789".iter().fold(u32::MAX, |crc, octet| step(crc, *octet));
        assert_eq!(crc, 0xe306_9283);
    }

    #[test]
    fn a_packet_reads_back_and_a_turned_bit_is_noticed() {
        let own = Packet {
            from: 2905,
            to: 2905,
            tag: 7,
            sequence: 1,
            stream: 1,
            stream_sequence: 0,
            protocol: PPID_M3UA,
            data: &[1, 2, 3],
        };
        let mut octets = own.encode();
        assert_eq!((octets.len(), Packet::parse(&octets)), (32, Ok(own)));
        octets[29] ^= 1;
        assert_eq!(Packet::parse(&octets).unwrap_err().what, "checksum");
    }
}
