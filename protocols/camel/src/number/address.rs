//! Address strings (TS 29.002 section 17.7.8, TS 24.008 section 10.5.4.7) and telephony BCD strings (IMSI,
//! IMEI).

use std::fmt;
use std::str::FromStr;

use tollgate_wire::{DecodeError, Fields, Text, Value};

use super::NumberError;
use super::isup::{code_of, named};
use crate::Phase;
use crate::asn::{FieldError, Type, group_of, text_of, within};
use crate::ber::{Element, Encoder, Tag};

const ALPHABET: &[u8; 16] = b"0123456789*#abcf";

/// The signals of a telephony BCD string: digits, `*`, `#`, a, b, c, and f for a filler that does not
/// stand at the end. An odd number of signals is filled up with 1111.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Tbcd(Text);

impl Tbcd {
    /// The signals as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn unpack(octets: &[u8]) -> Self {
        let mut text: String = octets
            .iter()
            .flat_map(|octet| [octet & 15, octet >> 4])
            .map(|code| char::from(ALPHABET[usize::from(code)]))
            .collect();
        if text.ends_with('f') {
            text.pop();
        }
        Self(text.into())
    }

    pub(crate) fn pack(&self, out: &mut Vec<u8>) {
        for pair in self.0.as_bytes().chunks(2) {
            let low = code(pair[0]);
            out.push(low | pair.get(1).map_or(15, |letter| code(*letter)) << 4);
        }
    }
}

pub(crate) fn code(letter: u8) -> u8 {
    ALPHABET.iter().zip(0..).find(|(own, _)| **own == letter).map_or(15, |(_, code)| code)
}

impl FromStr for Tbcd {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        // A filler as the last of an even number would be taken off when it is read.
        let ambiguous = text.len().is_multiple_of(2) && text.ends_with('f');
        if text.bytes().all(|letter| ALPHABET.contains(&letter)) && !ambiguous {
            Ok(Self(text.into()))
        } else {
            Err(NumberError { text: text.to_owned(), alphabet: "digits, *, #, a, b and c" })
        }
    }
}

impl fmt::Display for Tbcd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Type for Tbcd {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        Ok(Self::unpack(&element.octets()?))
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let mut octets = Vec::with_capacity(8);
        self.pack(&mut octets);
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        Value::text(self.0.clone())
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        text_of(value)?.parse().map_err(|error| FieldError::new(value, format!("a number ({error})")))
    }
}

const NATURES: &[(u8, &str)] = &[
    (0, "unknown"),
    (1, "international"),
    (2, "national"),
    (3, "networkSpecific"),
    (4, "subscriber"),
    (5, "alphanumeric"),
    (6, "abbreviated"),
];
const PLANS: &[(u8, &str)] = &[
    (0, "unknown"),
    (1, "isdn"),
    (3, "data"),
    (4, "telex"),
    (6, "landMobile"),
    (8, "national"),
    (9, "private"),
];

/// An address of MAP or a BCD number of the radio interface. An alphanumeric one (nature 5) keeps its
/// packed letters as signals.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct AddressString {
    /// Nature of address or type of number: 0 unknown, 1 international, 2 national.
    pub nature: u8,
    /// Numbering plan: 1 ISDN, 6 land mobile.
    pub plan: u8,
    /// The signals.
    pub digits: Tbcd,
}

impl AddressString {
    /// Nature of address: unknown.
    pub const UNKNOWN: u8 = 0;
    /// Nature of address: international number.
    pub const INTERNATIONAL: u8 = 1;
    /// Nature of address: national significant number.
    pub const NATIONAL: u8 = 2;

    /// An address of the ISDN plan.
    #[must_use]
    pub const fn new(nature: u8, digits: Tbcd) -> Self {
        Self { nature, plan: 1, digits }
    }
}

impl Type for AddressString {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        match &*element.octets()? {
            [first, signals @ ..] => {
                Ok(Self { nature: (first >> 4) & 7, plan: first & 15, digits: Tbcd::unpack(signals) })
            }
            [] => Err(element.invalid(0, "an address has at least one octet (TS 29.002 section 17.7.8)")),
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let mut octets = vec![0x80 | (self.nature & 7) << 4 | (self.plan & 15)];
        self.digits.pack(&mut octets);
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        let fields = Fields::new()
            .with("digits", self.digits.as_str())
            .with("nature", named(NATURES, self.nature))
            .with("plan", named(PLANS, self.plan));
        Value::Group(fields)
    }

    /// A group as it is shown, or only the number: `+49…` is international, anything else unknown.
    fn take(value: &Value) -> Result<Self, FieldError> {
        if let Value::Text(_) | Value::Integer(_) = value {
            let text = text_of(value)?;
            return Ok(match text.strip_prefix('+') {
                Some(digits) => Self::new(Self::INTERNATIONAL, Tbcd::take(&Value::text(digits))?),
                None => Self::new(Self::UNKNOWN, Tbcd::take(value)?),
            });
        }
        let mut own = Self::new(Self::UNKNOWN, Tbcd::default());
        for (name, value) in group_of(value)?.iter() {
            match name {
                "digits" => own.digits = within(name, Tbcd::take(value))?,
                "nature" => own.nature = within(name, code_of(NATURES, value, 7))?,
                "plan" => own.plan = within(name, code_of(PLANS, value, 15))?,
                other => return Err(FieldError::named(other, "digits, nature, plan")),
            }
        }
        Ok(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_packed_with_a_filler_at_the_end() {
        let mut out = Encoder::new();
        let own = AddressString::take(&Value::text("+49170123")).unwrap();
        own.write(Tag::OCTET_STRING, Phase::Two, &mut out);
        let bytes = out.into_bytes();
        assert_eq!(bytes, [0x04, 5, 0x91, 0x94, 0x71, 0x10, 0x32]);
        let imsi: Tbcd = "262011234567890".parse().unwrap();
        let mut octets = Vec::new();
        imsi.pack(&mut octets);
        assert_eq!(octets, [0x62, 0x02, 0x11, 0x32, 0x54, 0x76, 0x98, 0xf0]);
        assert_eq!(Tbcd::unpack(&octets), imsi);
    }
}
