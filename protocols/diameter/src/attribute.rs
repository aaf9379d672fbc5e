//! One AVP as it was received, and the AVPs of a message or group one after the other.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use tollgate_time::Instant;

use crate::problem::{Problem, ProblemKind};
use crate::{AvpCode, dictionary, ntp};

/// Octets in front of the data of an AVP without a vendor.
pub const AVP_HEAD_LEN: usize = 8;
/// Octets in front of the data of a vendor's AVP.
pub const AVP_HEAD_VENDOR_LEN: usize = 12;
/// How deep groups may stand in groups; deeper ones are refused, for a hostile message has thousands.
pub const DEPTH_MAX: u8 = 16;

/// The flags of an AVP (RFC 6733 section 4.1).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct AvpFlags(u8);

impl AvpFlags {
    /// V: a vendor is named.
    pub const VENDOR: Self = Self(0x80);
    /// M: who does not know the AVP must refuse the message.
    pub const MANDATORY: Self = Self(0x40);
    /// P: once for end-to-end security; nobody sets it any more.
    pub const PROTECTED: Self = Self(0x20);

    /// The flags of this octet, reserved ones included.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits)
    }

    /// The octet.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The reserved bits that are set.
    #[must_use]
    pub const fn reserved(self) -> u8 {
        self.0 & 0x1f
    }
}

impl fmt::Debug for AvpFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (flag, letter) in [(Self::VENDOR, 'V'), (Self::MANDATORY, 'M'), (Self::PROTECTED, 'P')] {
            write!(f, "{}", if self.has(flag) { letter } else { '-' })?;
        }
        Ok(())
    }
}

/// One AVP; its data are borrowed from the message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Avp<'a> {
    /// Vendor and number.
    pub code: AvpCode,
    /// V, M and P.
    pub flags: AvpFlags,
    /// What it holds, without padding.
    pub data: &'a [u8],
    /// Octets from the start of the message to its header.
    pub offset: usize,
    depth: u8,
}

impl fmt::Debug for Avp<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?} at octet {}, {} octets", self.code, self.flags, self.offset, self.data.len())
    }
}

impl<'a> Avp<'a> {
    /// Unsigned32 and Enumerated.
    #[must_use]
    pub fn u32(&self) -> Option<u32> {
        self.data.try_into().ok().map(u32::from_be_bytes)
    }

    /// Integer32.
    #[must_use]
    pub fn i32(&self) -> Option<i32> {
        self.data.try_into().ok().map(i32::from_be_bytes)
    }

    /// Unsigned64.
    #[must_use]
    pub fn u64(&self) -> Option<u64> {
        self.data.try_into().ok().map(u64::from_be_bytes)
    }

    /// Integer64.
    #[must_use]
    pub fn i64(&self) -> Option<i64> {
        self.data.try_into().ok().map(i64::from_be_bytes)
    }

    /// UTF8String, DiameterIdentity, DiameterURI and IPFilterRule.
    #[must_use]
    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.data).ok()
    }

    /// Time: seconds since 1900 in 32 bits, which begin anew in 2036.
    #[must_use]
    pub fn time(&self) -> Option<Instant> {
        self.data.try_into().ok().map(|octets| ntp::read(u32::from_be_bytes(octets)))
    }

    /// Address of IPv4 or IPv6; other families are [`Self::family`]'s.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self.family()? {
            (1, octets) => <[u8; 4]>::try_from(octets).ok().map(|four| Ipv4Addr::from(four).into()),
            (2, octets) => <[u8; 16]>::try_from(octets).ok().map(|all| Ipv6Addr::from(all).into()),
            _ => None,
        }
    }

    /// Address: the family (IANA address family numbers) and what follows it.
    #[must_use]
    pub fn family(&self) -> Option<(u16, &'a [u8])> {
        let (family, octets) = self.data.split_first_chunk::<2>()?;
        Some((u16::from_be_bytes(*family), octets))
    }

    /// Grouped: the AVPs inside.
    ///
    /// # Errors
    /// A length that does not fit, or [`DEPTH_MAX`] groups around it.
    pub fn group(&self) -> Result<Avps<'a>, Problem> {
        if self.depth >= DEPTH_MAX {
            return Err(Problem::of(ProblemKind::TooDeep, *self));
        }
        let avps = Avps { bytes: self.data, offset: self.data_offset(), depth: self.depth + 1 };
        avps.checked()
    }

    /// The AVPs inside, or none where their structure is broken; for readers behind a check.
    #[must_use]
    pub fn members(&self) -> Avps<'a> {
        let bytes = if self.depth >= DEPTH_MAX { &[] } else { self.data };
        Avps { bytes, offset: self.data_offset(), depth: self.depth + 1 }
    }

    /// Octets from the start of the message to the data.
    #[must_use]
    pub const fn data_offset(&self) -> usize {
        self.offset + self.head_len()
    }

    /// The length field: header and data without padding.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.head_len() + self.data.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// What the dictionaries say about it.
    #[must_use]
    pub fn definition(&self) -> Option<&'static dictionary::Definition> {
        dictionary::avp(self.code)
    }

    const fn head_len(&self) -> usize {
        if self.flags.has(AvpFlags::VENDOR) { AVP_HEAD_VENDOR_LEN } else { AVP_HEAD_LEN }
    }
}

/// AVPs one after the other; stops where the structure is broken.
#[derive(Debug, Clone, Copy)]
pub struct Avps<'a> {
    bytes: &'a [u8],
    offset: usize,
    depth: u8,
}

impl<'a> Avps<'a> {
    pub(crate) const fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset, depth: 0 }
    }

    /// The first AVP of this code.
    #[must_use]
    pub fn get(&self, code: AvpCode) -> Option<Avp<'a>> {
        let mut rest = *self;
        rest.find(|own| own.code == code)
    }

    /// Every AVP of this code.
    pub fn all(&self, code: AvpCode) -> impl Iterator<Item = Avp<'a>> + use<'a> {
        self.into_iter().filter(move |own| own.code == code)
    }

    /// The same, where every length fits.
    pub(crate) fn checked(self) -> Result<Self, Problem> {
        let mut rest = self.bytes;
        while let Some(head) = rest.first_chunk::<AVP_HEAD_LEN>() {
            let len = u32::from_be_bytes([0, head[5], head[6], head[7]]) as usize;
            let head_len = if head[4] & AvpFlags::VENDOR.0 == 0 { AVP_HEAD_LEN } else { AVP_HEAD_VENDOR_LEN };
            if len < head_len || len > rest.len() {
                break;
            }
            rest = rest.get((len + 3) & !3..).unwrap_or_default();
        }
        if !rest.is_empty() {
            let at = self.bytes.len() - rest.len();
            return Err(Self { bytes: rest, offset: self.offset + at, depth: self.depth }.broken());
        }
        Ok(self)
    }

    /// What is wrong with the AVP at the cursor, which could not be read.
    #[cold]
    fn broken(&self) -> Problem {
        let octet = |at: usize| self.bytes.get(at).copied().unwrap_or(0);
        let word = |at: usize| u32::from_be_bytes([octet(at), octet(at + 1), octet(at + 2), octet(at + 3)]);
        let flags = AvpFlags(octet(4));
        let vendor = if flags.has(AvpFlags::VENDOR) { word(8) } else { 0 };
        let announced = word(4) & 0x00ff_ffff;
        Problem::length(AvpCode::new(vendor, word(0)), flags, self.offset, announced, self.bytes.len())
    }
}

impl<'a> Iterator for Avps<'a> {
    type Item = Avp<'a>;

    #[inline]
    fn next(&mut self) -> Option<Avp<'a>> {
        let head = self.bytes.first_chunk::<AVP_HEAD_LEN>()?;
        let number = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        let word = u32::from_be_bytes([0, head[5], head[6], head[7]]);
        let flags = AvpFlags(head[4]);
        let len = word as usize;
        let (code, data) = if flags.has(AvpFlags::VENDOR) {
            let head = self.bytes.first_chunk::<AVP_HEAD_VENDOR_LEN>()?;
            let vendor = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
            (AvpCode::new(vendor, number), self.bytes.get(AVP_HEAD_VENDOR_LEN..len)?)
        } else {
            (AvpCode::ietf(number), self.bytes.get(AVP_HEAD_LEN..len)?)
        };
        let avp = Avp { code, flags, data, offset: self.offset, depth: self.depth };
        // The padding of the last AVP may be missing; some senders leave it out within groups.
        let padded = (len + 3) & !3;
        self.bytes = self.bytes.get(padded..).unwrap_or_default();
        self.offset += padded;
        Some(avp)
    }
}
