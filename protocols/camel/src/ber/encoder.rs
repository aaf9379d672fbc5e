//! Writes elements with definite lengths in as few octets as they take.

use super::Tag;

/// Octets of an encoding that is being written.
#[derive(Debug, Clone, Default)]
pub struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been written.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Octets as they are.
    pub fn raw(&mut self, encoding: &[u8]) {
        self.bytes.extend_from_slice(encoding);
    }

    /// A primitive element.
    pub fn primitive(&mut self, tag: Tag, contents: &[u8]) {
        self.tag(tag, false);
        self.length(contents.len());
        self.raw(contents);
    }

    /// A constructed element that holds what `write` writes.
    pub fn constructed(&mut self, tag: Tag, write: impl FnOnce(&mut Self)) {
        self.tag(tag, true);
        let start = self.bytes.len();
        write(self);
        let length = self.bytes.len() - start;
        let mut head = Self::default();
        head.length(length);
        self.bytes.splice(start..start, head.bytes);
    }

    /// A whole number.
    pub fn integer(&mut self, tag: Tag, value: i64) {
        let octets = value.to_be_bytes();
        let mut from = 0;
        while from < 7
            && ((octets[from] == 0 && octets[from + 1] & 0x80 == 0)
                || (octets[from] == 0xff && octets[from + 1] & 0x80 != 0))
        {
            from += 1;
        }
        self.primitive(tag, &octets[from..]);
    }

    /// Yes or no.
    pub fn boolean(&mut self, tag: Tag, value: bool) {
        self.primitive(tag, &[if value { 0xff } else { 0 }]);
    }

    fn tag(&mut self, tag: Tag, constructed: bool) {
        let head = tag.class_bits() | if constructed { 0x20 } else { 0 };
        match u8::try_from(tag.number) {
            Ok(number @ 0..=0x1e) => self.bytes.push(head | number),
            _ => {
                self.bytes.push(head | 0x1f);
                let mut shift = 28;
                while shift > 0 && tag.number >> shift == 0 {
                    shift -= 7;
                }
                while shift > 0 {
                    self.bytes.push(0x80 | seven_bits(tag.number >> shift));
                    shift -= 7;
                }
                self.bytes.push(seven_bits(tag.number));
            }
        }
    }

    fn length(&mut self, length: usize) {
        match u8::try_from(length) {
            Ok(short @ 0..=0x7f) => self.bytes.push(short),
            _ => {
                let octets = length.to_be_bytes();
                let from = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len() - 1);
                let count = u8::try_from(octets.len() - from).unwrap_or(8);
                self.bytes.push(0x80 | count);
                self.raw(&octets[from..]);
            }
        }
    }
}

fn seven_bits(value: u32) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or(0x7f)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_lengths_and_numbers_take_as_few_octets_as_they_can() {
        let mut out = Encoder::new();
        out.integer(Tag::INTEGER, 128);
        out.integer(Tag::context(50), -1);
        out.integer(Tag::context(200), 0);
        out.constructed(Tag::SEQUENCE, |out| out.primitive(Tag::OCTET_STRING, &[0; 130]));
        let bytes = out.into_bytes();
        // 200 is 0x81 0x48 in groups of seven bits.
        assert_eq!(bytes[..4 + 4 + 5], [0x02, 2, 0, 0x80, 0x9f, 0x32, 1, 0xff, 0x9f, 0x81, 0x48, 1, 0]);
        // 130 octets and their header of 3: 133 = 0x85.
        assert_eq!(bytes[13..19], [0x30, 0x81, 0x85, 0x04, 0x81, 0x82]);
    }
}
