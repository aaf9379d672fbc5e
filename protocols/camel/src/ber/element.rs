//! One element of an encoding, and the walk over several.

use std::borrow::Cow;

use tollgate_wire::{DecodeError, Fault};

use super::{DEPTH_MAX, Tag};

/// One element as it stands in the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its tag.
    pub tag: Tag,
    /// Whether it holds elements.
    pub constructed: bool,
    /// What it holds, without the end mark of an indefinite length.
    pub contents: &'a [u8],
    /// All its octets, tag and length too.
    pub encoding: &'a [u8],
    /// Octets from the start of the message to its tag.
    pub offset: usize,
    /// What is being read, for errors.
    pub what: &'static str,
}

/// Elements one behind the other. Ends behind the first that cannot be read.
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    bytes: &'a [u8],
    base: usize,
    at: usize,
    what: &'static str,
}

impl<'a> Elements<'a> {
    /// The elements in `bytes`, which stand `base` octets behind the start of the message.
    #[must_use]
    pub const fn new(bytes: &'a [u8], base: usize) -> Self {
        Self { bytes, base, at: 0, what: "element" }
    }

    /// Octets from the start of the message to the next element.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.base + self.at
    }

    /// The one element that there must be.
    ///
    /// # Errors
    /// None, one that cannot be read, or more than one.
    pub fn only(mut self, what: &'static str) -> Result<Element<'a>, DecodeError> {
        self.what = what;
        let Some(first) = self.next() else {
            return Err(DecodeError {
                what,
                offset: self.offset(),
                fault: Fault::Short { needed: 2, left: 0 },
            });
        };
        let first = first?;
        match self.bytes.len() - self.at {
            0 => Ok(first),
            left => Err(DecodeError { what, offset: self.offset(), fault: Fault::Trailing { left } }),
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Element<'a>, DecodeError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let read = read(&self.bytes[self.at..], self.base + self.at, self.what, DEPTH_MAX);
        match &read {
            Ok(element) => self.at += element.encoding.len(),
            Err(_) => self.at = self.bytes.len(),
        }
        Some(read)
    }
}

impl<'a> Element<'a> {
    /// The same under another name for errors.
    #[must_use]
    pub const fn named(mut self, what: &'static str) -> Self {
        self.what = what;
        self
    }

    /// Octets from the start of the message to its contents.
    #[must_use]
    pub fn contents_offset(&self) -> usize {
        // Both are parts of one buffer, the contents within the encoding.
        self.offset + (self.contents.as_ptr() as usize - self.encoding.as_ptr() as usize)
    }

    /// The elements that it holds.
    ///
    /// # Errors
    /// It is primitive.
    pub fn elements(&self) -> Result<Elements<'a>, DecodeError> {
        if !self.constructed {
            return Err(self.invalid(u64::from(self.encoding[0]), "it must hold elements (bit 6 of the tag)"));
        }
        Ok(Elements { bytes: self.contents, base: self.contents_offset(), at: 0, what: self.what })
    }

    /// The one element that it holds.
    ///
    /// # Errors
    /// It is primitive, or holds none or several.
    pub fn inner(&self) -> Result<Self, DecodeError> {
        self.elements()?.only(self.what)
    }

    /// The octets of a primitive element.
    ///
    /// # Errors
    /// It is constructed.
    pub fn primitive(&self) -> Result<&'a [u8], DecodeError> {
        if self.constructed {
            return Err(self.invalid(u64::from(self.encoding[0]), "it must be primitive (bit 6 of the tag)"));
        }
        Ok(self.contents)
    }

    /// A whole number.
    ///
    /// # Errors
    /// It has no octets or more than eight.
    pub fn integer(&self) -> Result<i64, DecodeError> {
        let octets = self.primitive()?;
        let Some(&first) = octets.first() else {
            return Err(self.invalid(0, "a number has at least one octet (X.690 section 8.3)"));
        };
        if octets.len() > 8 {
            return Err(self.invalid(octets.len() as u64, "numbers longer than 8 octets are not read"));
        }
        let mut wide = if first & 0x80 == 0 { [0; 8] } else { [0xff; 8] };
        wide[8 - octets.len()..].copy_from_slice(octets);
        Ok(i64::from_be_bytes(wide))
    }

    /// Yes or no.
    ///
    /// # Errors
    /// It is not one octet.
    pub fn boolean(&self) -> Result<bool, DecodeError> {
        match self.primitive()? {
            [octet] => Ok(*octet != 0),
            octets => Err(self.invalid(octets.len() as u64, "a BOOLEAN has one octet (X.690 section 8.2)")),
        }
    }

    /// The octets of a string; those of a constructed one are joined.
    ///
    /// # Errors
    /// A segment that cannot be read.
    pub fn octets(&self) -> Result<Cow<'a, [u8]>, DecodeError> {
        if !self.constructed {
            return Ok(Cow::Borrowed(self.contents));
        }
        let mut joined = Vec::with_capacity(self.contents.len());
        self.join(&mut joined, DEPTH_MAX)?;
        Ok(Cow::Owned(joined))
    }

    fn join(&self, joined: &mut Vec<u8>, depth: usize) -> Result<(), DecodeError> {
        if !self.constructed {
            joined.extend_from_slice(self.contents);
            return Ok(());
        }
        let Some(depth) = depth.checked_sub(1) else { return Err(self.invalid(0, TOO_DEEP)) };
        for segment in self.elements()? {
            segment?.join(joined, depth)?;
        }
        Ok(())
    }

    /// An error at the contents.
    #[must_use]
    pub fn invalid(&self, value: u64, rule: &'static str) -> DecodeError {
        DecodeError { what: self.what, offset: self.contents_offset(), fault: Fault::Invalid { value, rule } }
    }

    /// The error of a mandatory element that is not there.
    #[must_use]
    pub fn lacks(&self, what: &'static str) -> DecodeError {
        let offset = self.contents_offset() + self.contents.len();
        DecodeError { what, offset, fault: Fault::Short { needed: 2, left: 0 } }
    }
}

const TOO_DEEP: &str = "elements nest deeper than 32 levels";

struct Header {
    tag: Tag,
    constructed: bool,
    /// None where the length is indefinite.
    length: Option<usize>,
    octets: usize,
}

fn read<'a>(
    bytes: &'a [u8],
    offset: usize,
    what: &'static str,
    depth: usize,
) -> Result<Element<'a>, DecodeError> {
    let header = header(bytes, offset, what)?;
    let Header { tag, constructed, octets, .. } = header;
    let (contents, whole) = match header.length {
        Some(length) => {
            let left = bytes.len() - octets;
            if length > left {
                let fault = Fault::Short { needed: length, left };
                return Err(DecodeError { what, offset: offset + octets, fault });
            }
            (length, octets + length)
        }
        None => {
            let contents = until_end_mark(&bytes[octets..], offset + octets, what, depth)?;
            (contents, octets + contents + 2)
        }
    };
    let encoding = &bytes[..whole];
    Ok(Element { tag, constructed, contents: &encoding[octets..octets + contents], encoding, offset, what })
}

/// How many octets stand before the end mark of an indefinite length.
fn until_end_mark(
    bytes: &[u8],
    offset: usize,
    what: &'static str,
    depth: usize,
) -> Result<usize, DecodeError> {
    let Some(depth) = depth.checked_sub(1) else {
        return Err(DecodeError { what, offset, fault: Fault::Invalid { value: 0, rule: TOO_DEEP } });
    };
    let mut at = 0;
    loop {
        match bytes.get(at..at + 2) {
            Some([0, 0]) => return Ok(at),
            Some(_) => at += read(&bytes[at..], offset + at, what, depth)?.encoding.len(),
            None => {
                let fault = Fault::Short { needed: 2, left: bytes.len() - at };
                return Err(DecodeError { what, offset: offset + at, fault });
            }
        }
    }
}

fn header(bytes: &[u8], offset: usize, what: &'static str) -> Result<Header, DecodeError> {
    let mut at = 0;
    let mut next = || {
        let octet = bytes.get(at).copied();
        let fault = Fault::Short { needed: at + 1, left: bytes.len() };
        at += 1;
        octet.ok_or(DecodeError { what, offset, fault })
    };
    let invalid = |at: usize, value: u64, rule| DecodeError {
        what,
        offset: offset + at,
        fault: Fault::Invalid { value, rule },
    };
    let first = next()?;
    let mut octets = 1;
    let mut number = u32::from(first & 0x1f);
    if number == 0x1f {
        number = 0;
        loop {
            let octet = next()?;
            octets += 1;
            if number > u32::MAX >> 7 {
                return Err(invalid(
                    octets - 1,
                    u64::from(number),
                    "tag numbers beyond 32 bits are not read",
                ));
            }
            number = (number << 7) | u32::from(octet & 0x7f);
            if octet & 0x80 == 0 {
                break;
            }
        }
    }
    let constructed = first & 0x20 != 0;
    let length = next()?;
    octets += 1;
    let length = match length {
        0x80 if !constructed => {
            return Err(invalid(
                octets - 1,
                0x80,
                "only a constructed element has no length (X.690 section 8.1.3)",
            ));
        }
        0x80 => None,
        0..=0x7f => Some(usize::from(length)),
        _ => {
            let mut value = 0_u64;
            for _ in 0..length & 0x7f {
                if value > u64::from(u32::MAX >> 8) {
                    return Err(invalid(octets - 1, value, "lengths beyond 32 bits are not read"));
                }
                value = (value << 8) | u64::from(next()?);
                octets += 1;
            }
            Some(usize::try_from(value).unwrap_or(usize::MAX))
        }
    };
    Ok(Header { tag: Tag::of_bits(first, number), constructed, length, octets })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ber::single;

    #[test]
    fn a_high_tag_and_a_long_length_are_read() {
        // [60] needs two octets: 9f 3c; 0x81 0x80 announces 128 octets.
        let mut bytes = vec![0x9f, 0x3c, 0x81, 0x80];
        bytes.extend([7; 128]);
        let element = single(&bytes, "x").unwrap();
        assert_eq!((element.tag, element.contents.len()), (Tag::context(60), 128));
        assert_eq!(element.contents_offset(), 4);
    }

    #[test]
    fn an_indefinite_length_ends_at_its_own_mark() {
        // SEQUENCE of indefinite length holding another that holds INTEGER 0 (02 01 00).
        let bytes = [0x30, 0x80, 0x30, 0x80, 0x02, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00];
        let outer = single(&bytes, "x").unwrap();
        assert_eq!(outer.contents.len(), 7);
        let number = outer.inner().unwrap().inner().unwrap();
        assert_eq!((number.integer(), number.offset), (Ok(0), 4));
    }

    #[test]
    fn an_error_says_at_which_octet_of_the_message() {
        let error = single(&[0x30, 0x03, 0x02, 0x05, 0x01], "x").unwrap().inner().unwrap_err();
        assert_eq!((error.offset, error.fault), (4, Fault::Short { needed: 5, left: 1 }));
        assert!(single(&[0x30, 0x80, 0x00], "x").is_err());
        assert!(single(&[0x04, 0x80, 0x00, 0x00], "x").is_err());
        assert!(single(&[0x05, 0x00, 0x00], "x").is_err());
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let mut bytes = [0x30, 0x80].repeat(40);
        bytes.extend([0; 80]);
        assert!(single(&bytes, "x").unwrap_err().to_string().contains("nest deeper"));
    }

    #[test]
    fn a_string_in_segments_is_joined() {
        let element = single(&[0x24, 0x80, 0x04, 0x01, 0x0a, 0x04, 0x01, 0x0b, 0x00, 0x00], "x").unwrap();
        assert_eq!(element.octets().unwrap().as_ref(), [0x0a, 0x0b]);
    }

    #[test]
    fn numbers_keep_their_sign() {
        for (octets, value) in [(&[0x7f][..], 127), (&[0x80], -128), (&[0, 0x80], 128), (&[0xff, 0x7f], -129)]
        {
            let mut bytes = vec![0x02, u8::try_from(octets.len()).unwrap()];
            bytes.extend(octets);
            assert_eq!(single(&bytes, "x").unwrap().integer(), Ok(value));
        }
    }
}
