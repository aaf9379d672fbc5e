//! The attributes of vendors within Vendor-Specific (RFC 2865 section 5.26).

/// One attribute of a vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VendorAttribute<'a> {
    /// Its number in the vendor's own numbering.
    pub number: u8,
    /// The octets of its value.
    pub value: &'a [u8],
    /// Octets from the start of the packet to the vendor's attribute.
    pub offset: usize,
}

/// Octets of the vendor's number.
pub(crate) const VENDOR_LEN: usize = 4;

/// The vendor of a Vendor-Specific value.
#[inline]
pub(crate) fn of(value: &[u8]) -> Option<u32> {
    value.first_chunk().map(|vendor| u32::from_be_bytes(*vendor))
}

/// The attributes of a Vendor-Specific value that starts at `offset`: all, or none where its body is
/// not a sequence of number, length, value.
#[inline]
pub(crate) fn attributes(value: &[u8], offset: usize) -> Inner<'_> {
    let inner = Inner { bytes: value.get(VENDOR_LEN..).unwrap_or(&[]), offset: offset + VENDOR_LEN };
    if inner.is_well_formed() { inner } else { Inner { bytes: &[], offset } }
}

/// Number, length, value, one behind the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Inner<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Inner<'a> {
    /// Octets that start at `offset` of the packet.
    pub(crate) const fn new(bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset }
    }

    /// Whether every octet belongs to an attribute.
    #[inline]
    pub(crate) fn is_well_formed(mut self) -> bool {
        while self.next().is_some() {}
        self.bytes.is_empty()
    }
}

impl<'a> Iterator for Inner<'a> {
    type Item = VendorAttribute<'a>;

    #[inline]
    fn next(&mut self) -> Option<VendorAttribute<'a>> {
        let &[number, len, ..] = self.bytes else { return None };
        let value = self.bytes.get(2..usize::from(len))?;
        let offset = self.offset;
        self.bytes = self.bytes.get(usize::from(len)..)?;
        self.offset += usize::from(len);
        Some(VendorAttribute { number, value, offset })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_attributes_stand_in_one_vendor_specific() {
        let body = [0, 0, 0, 9, 1, 4, b'a', b'b', 2, 2, 3, 3, b'c'];
        let found: Vec<_> = attributes(&body, 100).map(|own| (own.number, own.value, own.offset)).collect();
        assert_eq!(found, [(1, &b"ab"[..], 104), (2, b"", 108), (3, b"c", 110)]);
    }

    #[test]
    fn a_body_in_another_format_has_no_attributes() {
        for body in
            [&[0, 0, 0, 9, 1][..], &[0, 0, 0, 9, 1, 1], &[0, 0, 0, 9, 1, 9, 0], &[0, 0, 0, 9, 1, 3, 7, 5]]
        {
            assert_eq!(attributes(body, 0).count(), 0, "{body:?}");
        }
        assert_eq!(attributes(&[0, 0], 0).count(), 0);
        assert_eq!(of(&[0, 0, 0]), None);
    }
}
