//! Builds a message; length fields are marked and filled in when the length is known.

/// Appends big-endian fields to a buffer that may be used again for the next message.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

/// A place in the message that is filled in later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a marked length is to be filled in"]
pub struct Mark(usize);

impl Mark {
    /// Octets from the start of the message to the marked place.
    #[must_use]
    pub const fn offset(self) -> usize {
        self.0
    }
}

impl Writer {
    /// An empty writer with room for `capacity` octets.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity) }
    }

    /// Writes on behind `bytes`.
    #[must_use]
    pub const fn over(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// What has been written.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// What has been written, to be changed in place.
    pub fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes
    }

    /// Octets written.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The message.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Forgets what was written and keeps the room.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    /// Octets as they are.
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// One octet.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// Two octets, big-endian.
    pub fn u16(&mut self, value: u16) {
        self.put(&value.to_be_bytes());
    }

    /// Four octets, big-endian.
    pub fn u32(&mut self, value: u32) {
        self.put(&value.to_be_bytes());
    }

    /// Eight octets, big-endian.
    pub fn u64(&mut self, value: u64) {
        self.put(&value.to_be_bytes());
    }

    /// `len` zero octets to be filled in.
    pub fn mark(&mut self, len: usize) -> Mark {
        let mark = Mark(self.bytes.len());
        self.bytes.resize(self.bytes.len() + len, 0);
        mark
    }

    /// Fills in one octet at `mark`.
    pub fn fill_u8(&mut self, mark: Mark, value: u8) {
        self.bytes[mark.0] = value;
    }

    /// Fills in two octets at `mark`, big-endian.
    pub fn fill_u16(&mut self, mark: Mark, value: u16) {
        self.fill(mark, &value.to_be_bytes());
    }

    /// Fills in octets at `mark`.
    ///
    /// # Panics
    /// They reach past what has been written.
    pub fn fill(&mut self, mark: Mark, bytes: &[u8]) {
        self.bytes[mark.0..mark.0 + bytes.len()].copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marked_length_is_filled_in_afterwards() {
        let mut writer = Writer::default();
        writer.u8(4);
        let length = writer.mark(2);
        writer.put(b"abc");
        writer.fill_u16(length, u16::try_from(writer.len()).unwrap());
        assert_eq!(writer.as_slice(), &[4, 0, 6, b'a', b'b', b'c']);
    }
}
