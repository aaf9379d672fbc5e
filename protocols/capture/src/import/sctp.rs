//! Messages in SCTP packets (RFC 9260 section 3): those that one DATA chunk holds. Follows no association.

use bytes::Bytes;

const COMMON_HEADER: usize = 12;
const CHUNK_HEADER: usize = 4;
/// Type, flags, length, TSN, stream, sequence number, protocol.
const DATA_HEADER: usize = 16;
const DATA: u8 = 0;
/// The chunk begins and ends its message.
const WHOLE: u8 = 0b11;

/// A message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SctpData {
    /// Its stream in the association.
    pub stream: u16,
    /// What it carries, by the registry of payload protocols: 3 is M3UA, 46 Diameter.
    pub protocol: u32,
    /// The message.
    pub payload: Bytes,
}

/// What a packet holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SctpPacket {
    /// From and to.
    pub ports: (u16, u16),
    /// Whole messages.
    pub messages: Vec<SctpData>,
    /// Chunks with a part of a message.
    pub partial: u64,
}

/// Reads a packet; `None` when it contradicts itself.
#[must_use]
pub fn read(packet: &Bytes) -> Option<SctpPacket> {
    let two = |at: usize| Some(u16::from_be_bytes(packet.get(at..at + 2)?.try_into().ok()?));
    let four = |at: usize| Some(u32::from_be_bytes(packet.get(at..at + 4)?.try_into().ok()?));
    let mut found = SctpPacket { ports: (two(0)?, two(2)?), messages: Vec::new(), partial: 0 };
    let mut at = COMMON_HEADER;
    while at + CHUNK_HEADER <= packet.len() {
        let (kind, flags, length) = (packet[at], packet[at + 1], usize::from(two(at + 2)?));
        if length < CHUNK_HEADER || at + length > packet.len() {
            return None;
        }
        if kind == DATA {
            if length <= DATA_HEADER {
                return None;
            }
            if flags & WHOLE == WHOLE {
                let payload = packet.slice(at + DATA_HEADER..at + length);
                found.messages.push(SctpData { stream: two(at + 8)?, protocol: four(at + 12)?, payload });
            } else {
                found.partial += 1;
            }
        }
        at += length.next_multiple_of(4);
    }
    Some(found)
}
