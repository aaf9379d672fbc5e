//! Address signals, four bits each, the first in the low bits of the first octet.

use std::fmt;
use std::str::FromStr;

use tollgate_wire::Text;

/// A text is no number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is no number; write only {alphabet}")]
pub struct NumberError {
    /// What was written.
    pub text: String,
    /// What may stand in it.
    pub alphabet: &'static str,
}

/// The address signals of an ISUP number: digits, and A to F for the codes 10 to 15 (B is `*` or code 11, C
/// is `#` or code 12, F ends the sending; Q.763 section 3.9).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Digits(Text);

const ALPHABET: &str = "0123456789ABCDEF";

impl Digits {
    /// The signals as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is an odd number of them.
    pub(crate) fn is_odd(&self) -> bool {
        self.0.len() % 2 == 1
    }

    /// Reads the signals of all octets, the last half octet left out where their number is odd.
    pub(crate) fn unpack(octets: &[u8], odd: bool) -> Self {
        let mut text: String = octets.iter().flat_map(|octet| [octet & 15, octet >> 4]).map(letter).collect();
        if odd {
            text.pop();
        }
        Self(text.into())
    }

    /// The octets; a filler of zero makes an odd number even.
    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        for pair in self.0.as_bytes().chunks(2) {
            out.push(pair.iter().rev().fold(0, |octet, signal| (octet << 4) | code(*signal)));
        }
    }
}

fn letter(code: u8) -> char {
    char::from(ALPHABET.as_bytes()[usize::from(code & 15)])
}

fn code(letter: u8) -> u8 {
    ALPHABET.bytes().zip(0..).find(|(own, _)| *own == letter).map_or(0, |(_, code)| code)
}

impl FromStr for Digits {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if text.chars().all(|letter| ALPHABET.contains(letter)) {
            Ok(Self(text.into()))
        } else {
            Err(NumberError { text: text.to_owned(), alphabet: "digits and A to F" })
        }
    }
}

impl fmt::Display for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
