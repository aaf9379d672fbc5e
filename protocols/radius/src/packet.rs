//! A view over the octets of one packet. It copies no value, allocates nothing and keeps what it does
//! not know; it never judges whether a packet makes sense.

use std::net::Ipv4Addr;

use tollgate_wire::{DecodeError, Fault};

use crate::vendor::{self, VendorAttribute};
use crate::{AUTHENTICATOR_LEN, Code, PACKET_LEN_MAX, PACKET_LEN_MIN, Pair, attribute, cisco};

/// Attributes whose numbers and places are kept beside the octets; any further ones are walked to.
const INDEXED: usize = 64;

/// One packet (RFC 2865 section 3).
#[derive(Clone)]
pub struct Packet<'a> {
    bytes: &'a [u8],
    authenticator: &'a [u8; AUTHENTICATOR_LEN],
    /// How many attributes are indexed.
    indexed: usize,
    /// Where the first attribute that is not indexed starts; the end of the packet when all are.
    beyond: usize,
    numbers: [u8; INDEXED],
    offsets: [u16; INDEXED],
}

/// One attribute as it stands in the packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attribute<'a> {
    /// Its number (Type).
    pub number: u8,
    /// The octets of its value.
    pub value: &'a [u8],
    /// Octets from the start of the packet to the attribute.
    pub offset: usize,
}

impl<'a> Packet<'a> {
    /// Reads one packet. Octets behind its Length are padding and are ignored (RFC 2865 section 3).
    ///
    /// # Errors
    /// A Length outside 20 to 4096 or beyond the octets that are there; an attribute shorter than two
    /// octets or longer than what is left. Such a packet is to be discarded silently.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let (bytes, authenticator) = narrow(bytes)?;
        let mut packet = Self {
            bytes,
            authenticator,
            indexed: 0,
            beyond: bytes.len(),
            numbers: [0; INDEXED],
            offsets: [0; INDEXED],
        };
        packet.index()?;
        Ok(packet)
    }

    /// Checks every length and remembers where the first attributes stand.
    #[inline]
    fn index(&mut self) -> Result<(), DecodeError> {
        let mut at = PACKET_LEN_MIN;
        while at < self.bytes.len() {
            let Some(&[number, len]) = self.bytes.get(at..at + 2) else {
                return Err(short(at, 2, self.bytes.len() - at));
            };
            let next = at + usize::from(len);
            if len < 2 || next > self.bytes.len() {
                return Err(bad_length(at, len, self.bytes.len() - at));
            }
            if self.indexed < INDEXED {
                self.numbers[self.indexed] = number;
                // A packet has at most 4096 octets.
                self.offsets[self.indexed] = u16::try_from(at).unwrap_or(u16::MAX);
                self.indexed += 1;
            } else {
                self.beyond = self.beyond.min(at);
            }
            at = next;
        }
        Ok(())
    }

    /// The kind of the packet.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code(self.bytes[0])
    }

    /// The identifier that joins a response to its request.
    #[must_use]
    pub const fn identifier(&self) -> u8 {
        self.bytes[1]
    }

    /// The Request or Response Authenticator.
    #[must_use]
    pub const fn authenticator(&self) -> &'a [u8; AUTHENTICATOR_LEN] {
        self.authenticator
    }

    /// The octets of the packet, without padding behind its Length.
    #[must_use]
    pub const fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Every attribute, in order.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        Walk { bytes: self.bytes, at: PACKET_LEN_MIN }
    }

    /// Every attribute of this number, in order.
    pub fn all(&self, number: u8) -> impl Iterator<Item = Attribute<'a>> {
        let indexed = self.numbers[..self.indexed].iter().zip(&self.offsets);
        let near = indexed.filter(move |(own, _)| **own == number).map(|(_, at)| usize::from(*at));
        near.filter_map(|at| attribute_at(self.bytes, at))
            .chain(Walk { bytes: self.bytes, at: self.beyond }.filter(move |own| own.number == number))
    }

    /// The value of the first attribute of this number.
    #[must_use]
    pub fn get(&self, number: u8) -> Option<&'a [u8]> {
        match self.numbers[..self.indexed].iter().position(|own| *own == number) {
            Some(place) => Some(attribute_at(self.bytes, usize::from(self.offsets[place]))?.value),
            None => self.get_beyond(number),
        }
    }

    #[cold]
    #[inline(never)]
    fn walk_to(&self, number: u8) -> Option<&'a [u8]> {
        let mut walk = Walk { bytes: self.bytes, at: self.beyond };
        walk.find(|own| own.number == number).map(|own| own.value)
    }

    #[inline]
    fn get_beyond(&self, number: u8) -> Option<&'a [u8]> {
        if self.beyond == self.bytes.len() { None } else { self.walk_to(number) }
    }

    /// The text of the first attribute of this number; `None` too where it is not UTF-8.
    #[must_use]
    pub fn text(&self, number: u8) -> Option<&'a str> {
        std::str::from_utf8(self.get(number)?).ok()
    }

    /// The 32 bits of the first attribute of this number; `None` too where it has another length.
    #[must_use]
    pub fn u32(&self, number: u8) -> Option<u32> {
        self.get(number)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// The address of the first attribute of this number; `None` too where it has another length.
    #[must_use]
    pub fn ipv4(&self, number: u8) -> Option<Ipv4Addr> {
        self.u32(number).map(Ipv4Addr::from_bits)
    }

    /// Every attribute of a vendor, those of several Vendor-Specific attributes and several within one
    /// joined, in order. A Vendor-Specific attribute whose body does not follow RFC 2865 section 5.26
    /// has none; it is still among [`Self::attributes`].
    pub fn vendor(&self, vendor: u32) -> impl Iterator<Item = VendorAttribute<'a>> {
        self.all(attribute::VENDOR_SPECIFIC)
            .filter(move |own| vendor::of(own.value) == Some(vendor))
            .flat_map(|own| vendor::attributes(own.value, own.offset + 2))
    }

    /// The text of Cisco's attribute of this number, without the name that may stand in front of it.
    /// Where it is missing, a Cisco-AVPair of its name is read: many gateways send
    /// `h323-incoming-conf-id` so.
    #[must_use]
    pub fn cisco(&self, number: u8) -> Option<&'a str> {
        if let Some(own) = self.vendor(cisco::VENDOR).find(|own| own.number == number) {
            return std::str::from_utf8(own.value).ok().map(|text| cisco::strip_prefix(number, text));
        }
        let name = cisco::name(number)?;
        self.pairs()
            .find(|pair| pair.carrier == crate::Carrier::AvPair && pair.name == name)
            .map(|pair| pair.value)
    }

    /// Every Cisco-AVPair that is text, in order.
    pub fn pairs(&self) -> impl Iterator<Item = Pair<'a>> {
        self.vendor(cisco::VENDOR)
            .filter(|own| own.number == cisco::AV_PAIR)
            .filter_map(|own| std::str::from_utf8(own.value).ok())
            .map(Pair::parse)
    }
}

impl std::fmt::Debug for Packet<'_> {
    /// Code, identifier and the attributes' numbers and octets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut list = f.debug_struct("Packet");
        list.field("code", &self.code()).field("identifier", &self.identifier());
        list.field("attributes", &self.attributes().collect::<Vec<_>>()).finish()
    }
}

/// Attributes one behind the other, their lengths checked already.
#[derive(Debug, Clone, Copy)]
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Walk<'a> {
    type Item = Attribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<Attribute<'a>> {
        let attribute = attribute_at(self.bytes, self.at)?;
        self.at += 2 + attribute.value.len();
        Some(attribute)
    }
}

#[inline]
fn attribute_at(bytes: &[u8], offset: usize) -> Option<Attribute<'_>> {
    let rest = bytes.get(offset..)?;
    let &[number, len, ..] = rest else { return None };
    Some(Attribute { number, value: rest.get(2..usize::from(len))?, offset })
}

/// The octets up to the announced Length, and the authenticator among them.
#[inline]
fn narrow(bytes: &[u8]) -> Result<(&[u8], &[u8; AUTHENTICATOR_LEN]), DecodeError> {
    let Some((&[_, _, high, low], rest)) = bytes.split_first_chunk() else {
        return Err(too_short(bytes.len()));
    };
    let Some(authenticator) = rest.first_chunk() else { return Err(too_short(bytes.len())) };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if !(PACKET_LEN_MIN..=PACKET_LEN_MAX).contains(&len) {
        let fault =
            Fault::Invalid { value: len as u64, rule: "a packet has 20 to 4096 octets (RFC 2865 section 3)" };
        return Err(DecodeError { what: "Length", offset: 2, fault });
    }
    match bytes.get(..len) {
        Some(packet) => Ok((packet, authenticator)),
        None => {
            let fault = Fault::Short { needed: len, left: bytes.len() };
            Err(DecodeError { what: "packet", offset: 0, fault })
        }
    }
}

#[cold]
fn too_short(left: usize) -> DecodeError {
    DecodeError { what: "packet", offset: 0, fault: Fault::Short { needed: PACKET_LEN_MIN, left } }
}

#[cold]
fn short(offset: usize, needed: usize, left: usize) -> DecodeError {
    DecodeError { what: "attribute", offset, fault: Fault::Short { needed, left } }
}

#[cold]
fn bad_length(offset: usize, len: u8, left: usize) -> DecodeError {
    if len >= 2 {
        return short(offset, usize::from(len), left);
    }
    let fault = Fault::Invalid {
        value: u64::from(len),
        rule: "an attribute has at least 2 octets (RFC 2865 section 5)",
    };
    DecodeError { what: "attribute length", offset: offset + 1, fault }
}
