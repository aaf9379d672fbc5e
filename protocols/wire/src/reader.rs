//! A cursor over received octets that knows its offset in the whole message.

use crate::{DecodeError, Fault};

/// Reads big-endian fields from a slice; every failure names the field and its offset.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    /// Offset of `bytes[0]` in the message.
    base: usize,
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of a message.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, base: 0, at: 0 }
    }

    /// Octets from the start of the message to the cursor.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.base + self.at
    }

    /// Octets between the cursor and the end.
    #[must_use]
    pub const fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Whether the cursor is at the end.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.left() == 0
    }

    /// The octets from the cursor to the end, without moving.
    #[must_use]
    pub fn peek(&self) -> &'a [u8] {
        &self.bytes[self.at..]
    }

    /// The next `len` octets.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn take(&mut self, what: &'static str, len: usize) -> Result<&'a [u8], DecodeError> {
        if len > self.left() {
            return Err(self.fail(what, Fault::Short { needed: len, left: self.left() }));
        }
        let taken = &self.bytes[self.at..self.at + len];
        self.at += len;
        Ok(taken)
    }

    /// The next `N` octets as an array.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn array<const N: usize>(&mut self, what: &'static str) -> Result<&'a [u8; N], DecodeError> {
        let offset = self.offset();
        let left = self.left();
        self.take(what, N)?.try_into().map_err(|_| DecodeError {
            what,
            offset,
            fault: Fault::Short { needed: N, left },
        })
    }

    /// A reader over the next `len` octets alone; the cursor moves behind them.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn sub(&mut self, what: &'static str, len: usize) -> Result<Reader<'a>, DecodeError> {
        let base = self.offset();
        Ok(Reader { bytes: self.take(what, len)?, base, at: 0 })
    }

    /// All octets from the cursor to the end.
    pub fn rest(&mut self) -> &'a [u8] {
        let rest = &self.bytes[self.at..];
        self.at = self.bytes.len();
        rest
    }

    /// One octet.
    ///
    /// # Errors
    /// None is left.
    pub fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        Ok(self.array::<1>(what)?[0])
    }

    /// Two octets, big-endian.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(*self.array(what)?))
    }

    /// Four octets, big-endian.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(*self.array(what)?))
    }

    /// Eight octets, big-endian.
    ///
    /// # Errors
    /// Fewer are left.
    pub fn u64(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(*self.array(what)?))
    }

    /// Nothing may be left.
    ///
    /// # Errors
    /// Octets are left.
    pub fn end(&self, what: &'static str) -> Result<(), DecodeError> {
        if self.is_empty() { Ok(()) } else { Err(self.fail(what, Fault::Trailing { left: self.left() })) }
    }

    /// An error at the cursor.
    #[must_use]
    pub const fn fail(&self, what: &'static str, fault: Fault) -> DecodeError {
        DecodeError { what, offset: self.offset(), fault }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_read_says_where_and_how_much_is_missing() {
        let mut reader = Reader::new(&[1, 0, 2, 9]);
        assert_eq!(reader.u8("code"), Ok(1));
        assert_eq!(reader.u16("length"), Ok(2));
        let error = reader.u32("value").unwrap_err();
        assert_eq!(error.to_string(), "value at octet 3: needs 4 octets, 1 are left");
        assert_eq!(reader.left(), 1, "a failed read takes nothing");
    }

    #[test]
    fn a_sub_reader_counts_from_the_start_of_the_message() {
        let mut reader = Reader::new(&[0, 0, 5, 6, 7]);
        reader.u16("head").unwrap();
        let mut inner = reader.sub("body", 2).unwrap();
        assert_eq!(inner.offset(), 2);
        assert_eq!(inner.u8("a"), Ok(5));
        assert_eq!(inner.u16("b").unwrap_err().offset, 3);
        assert_eq!(reader.rest(), &[7]);
        assert!(reader.end("message").is_ok());
    }
}
