//! Fragments of IP packets, put together (RFC 791 section 3.2, RFC 8200 section 4.5). Keeps what is not whole within a
//! bound, and drops the oldest first.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use bytes::{Bytes, BytesMut};

use super::packet::Ip;

/// So many packets may be incomplete at once.
const PACKETS_MAX: usize = 1_024;
/// So many fragments one packet may have.
const PARTS_MAX: usize = 1_024;
/// The longest packet, in octets.
const LENGTH_MAX: usize = 65_535;

type Name = (IpAddr, IpAddr, u8, u32);

/// Packets of which parts are missing.
#[derive(Debug, Default)]
pub struct Fragments {
    packets: BTreeMap<Name, Packet>,
    order: VecDeque<Name>,
    dropped: u64,
}

#[derive(Debug, Default)]
struct Packet {
    parts: BTreeMap<usize, Bytes>,
    /// Its length, once the last part is there.
    length: Option<usize>,
}

impl Fragments {
    /// How many fragments were given up, those that are waiting included.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        let waiting: usize = self.packets.values().map(|packet| packet.parts.len()).sum();
        self.dropped + u64::try_from(waiting).unwrap_or(0)
    }

    /// The packet, if it is whole or becomes so by this fragment.
    pub fn whole(&mut self, mut ip: Ip) -> Option<Ip> {
        let Some(fragment) = ip.fragment.take() else { return Some(ip) };
        let name = (ip.from, ip.to, ip.protocol, fragment.id);
        let end = fragment.offset + ip.payload.len();
        if end > LENGTH_MAX {
            self.dropped += 1;
            return None;
        }
        if !self.packets.contains_key(&name) {
            if self.packets.len() >= PACKETS_MAX
                && let Some(oldest) = self.order.pop_front()
            {
                self.give_up(&oldest);
            }
            self.order.push_back(name);
        }
        let packet = self.packets.entry(name).or_default();
        if packet.parts.len() >= PARTS_MAX {
            self.order.retain(|own| *own != name);
            self.give_up(&name);
            return None;
        }
        // The first of two fragments for one place counts.
        packet.parts.entry(fragment.offset).or_insert_with(|| ip.payload.clone());
        if !fragment.more {
            packet.length = Some(end);
        }
        ip.payload = packet.join()?;
        self.packets.remove(&name);
        self.order.retain(|own| *own != name);
        Some(ip)
    }

    fn give_up(&mut self, name: &Name) {
        if let Some(packet) = self.packets.remove(name) {
            self.dropped += u64::try_from(packet.parts.len()).unwrap_or(0);
        }
    }
}

impl Packet {
    fn join(&self) -> Option<Bytes> {
        let length = self.length?;
        let mut joined = BytesMut::new();
        for (offset, part) in &self.parts {
            let known = joined.len().checked_sub(*offset)?;
            joined.extend_from_slice(part.get(known..).unwrap_or_default());
        }
        joined.truncate(length);
        (joined.len() == length).then(|| joined.freeze())
    }
}
