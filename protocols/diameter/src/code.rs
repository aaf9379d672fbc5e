//! Which AVP: a vendor and a number.

use std::fmt;

use crate::dictionary;

/// Vendor and number of an AVP; vendor 0 is the IETF.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AvpCode(u64);

impl AvpCode {
    /// The AVP of this number of a vendor.
    #[must_use]
    pub const fn new(vendor: u32, number: u32) -> Self {
        Self((vendor as u64) << 32 | number as u64)
    }

    /// The AVP of this number of the IETF.
    #[must_use]
    pub const fn ietf(number: u32) -> Self {
        Self(number as u64)
    }

    /// The vendor's enterprise number, or 0.
    #[must_use]
    pub const fn vendor(self) -> u32 {
        (self.0 >> 32) as u32
    }

    /// The number.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "the lower half is the number")]
    pub const fn number(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for AvpCode {
    /// The name, or `AVP-9999`, `Vendor-10415-AVP-9999` where there is none.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (dictionary::avp(*self), self.vendor()) {
            (Some(known), _) => f.write_str(known.name),
            (None, 0) => write!(f, "AVP-{}", self.number()),
            (None, vendor) => write!(f, "Vendor-{vendor}-AVP-{}", self.number()),
        }
    }
}

impl fmt::Debug for AvpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
