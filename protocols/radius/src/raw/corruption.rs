//! Faults that a scenario names in words: `corrupt: length 7`.

use std::str::FromStr;

use tollgate_wire::corruption::{self, CorruptionError, Entry, entry, octet, octets as octets_of};
use tollgate_wire::unhex;

use crate::dictionary::{self, Numbered, Place};
use crate::raw;

/// One way to break a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corruption {
    /// Another code.
    Code(u8),
    /// Another identifier.
    Identifier(u8),
    /// Another Length than the octets have.
    Length(u16),
    /// An authenticator of zeros.
    AuthenticatorZero,
    /// Every bit of the authenticator turned.
    AuthenticatorFlip,
    /// This authenticator.
    Authenticator([u8; 16]),
    /// Only so many octets, the Length as it was.
    Truncate(usize),
    /// One octet with bits turned.
    Flip {
        /// Octets from the start of the packet.
        offset: usize,
        /// The bits to turn.
        mask: u8,
    },
    /// Octets behind the Length.
    Append(Vec<u8>),
    /// A length octet that does not fit its attribute.
    AttributeLength {
        /// The attribute.
        number: u8,
        /// The length octet.
        len: u8,
    },
    /// Another value, as octets.
    AttributeValue {
        /// The attribute.
        number: u8,
        /// Its octets.
        value: Vec<u8>,
    },
    /// An attribute left out.
    Remove(u8),
    /// An attribute twice.
    Repeat(u8),
    /// An attribute at the end of the packet.
    MoveToEnd(u8),
    /// An inner length that does not fit its Vendor-Specific.
    VendorLength {
        /// The vendor.
        vendor: u32,
        /// The length octet.
        len: u8,
    },
}

/// Every word, to list and to explain.
pub const CATALOGUE: &[Entry] = &[
    entry("code", "<0..255>", "writes another Code; one that is unknown is discarded (RFC 2865 section 3)"),
    entry("identifier", "<0..255>", "writes another Identifier, so that a response matches no request"),
    entry(
        "length",
        "<0..65535>",
        "writes another Length; a packet shorter than its Length, or a Length outside 20 to 4096, is discarded",
    ),
    entry(
        "authenticator",
        "zero | flip | <32 hexadecimal digits>",
        "writes another authenticator; a digest that is wrong is discarded",
    ),
    entry("truncate", "<octets to keep>", "cuts the datagram and leaves the Length; it is discarded"),
    entry("flip", "<offset> [<mask, 0x01 if left out>]", "turns bits of one octet"),
    entry("append", "0x<hexadecimal digits>", "adds octets behind the Length; they are padding and ignored"),
    entry(
        "attribute-length",
        "<attribute> <0..255>",
        "writes another length octet; below 2 or beyond the packet it is discarded",
    ),
    entry("attribute-value", "<attribute> 0x<hexadecimal digits>", "writes other octets as the value"),
    entry("remove", "<attribute>", "leaves the attribute out"),
    entry("repeat", "<attribute>", "writes the attribute a second time, at the end"),
    entry("move-to-end", "<attribute>", "moves the attribute behind all others"),
    entry(
        "vendor-length",
        "<vendor> <0..255>",
        "writes another length octet within a Vendor-Specific; its body is no longer understood",
    ),
];

impl FromStr for Corruption {
    type Err = CorruptionError;

    fn from_str(text: &str) -> Result<Self, CorruptionError> {
        corruption::read(CATALOGUE, text, Self::read)
    }
}

impl Corruption {
    fn read(words: &[&str]) -> Option<Self> {
        Some(match *words {
            ["code", code] => Self::Code(code.parse().ok()?),
            ["identifier", identifier] => Self::Identifier(identifier.parse().ok()?),
            ["length", length] => Self::Length(length.parse().ok()?),
            ["authenticator", "zero"] => Self::AuthenticatorZero,
            ["authenticator", "flip"] => Self::AuthenticatorFlip,
            ["authenticator", digits] => {
                Self::Authenticator(unhex(digits.strip_prefix("0x").unwrap_or(digits))?.try_into().ok()?)
            }
            ["truncate", len] => Self::Truncate(len.parse().ok()?),
            ["flip", offset] => Self::Flip { offset: offset.parse().ok()?, mask: 1 },
            ["flip", offset, mask] => Self::Flip { offset: offset.parse().ok()?, mask: octet(mask)? },
            ["append", octets] => Self::Append(octets_of(octets)?),
            ["attribute-length", own, len] => {
                Self::AttributeLength { number: number(own)?, len: len.parse().ok()? }
            }
            ["attribute-value", own, value] => {
                Self::AttributeValue { number: number(own)?, value: octets_of(value)? }
            }
            ["remove", own] => Self::Remove(number(own)?),
            ["repeat", own] => Self::Repeat(number(own)?),
            ["move-to-end", own] => Self::MoveToEnd(number(own)?),
            ["vendor-length", vendor, len] => {
                Self::VendorLength { vendor: vendor.parse().ok()?, len: len.parse().ok()? }
            }
            _ => return None,
        })
    }

    /// Breaks the packet; answers whether it had what was to be broken.
    pub fn apply(&self, packet: &mut Vec<u8>) -> bool {
        match self {
            Self::Code(code) => raw::set_code(packet, *code),
            Self::Identifier(identifier) => raw::set_identifier(packet, *identifier),
            Self::Length(length) => raw::set_length(packet, *length),
            Self::AuthenticatorZero => raw::set_authenticator(packet, &[0; 16]),
            Self::AuthenticatorFlip => raw::flip_authenticator(packet),
            Self::Authenticator(authenticator) => raw::set_authenticator(packet, authenticator),
            Self::Truncate(len) => raw::truncate(packet, *len),
            Self::Flip { offset, mask } => raw::flip(packet, *offset, *mask),
            Self::Append(octets) => raw::append(packet, octets),
            Self::AttributeLength { number, len } => raw::set_attribute_length(packet, *number, *len),
            Self::AttributeValue { number, value } => raw::set_attribute_value(packet, *number, value),
            Self::Remove(number) => raw::remove_attribute(packet, *number),
            Self::Repeat(number) => raw::repeat_attribute(packet, *number),
            Self::MoveToEnd(number) => raw::move_to_end(packet, *number),
            Self::VendorLength { vendor, len } => raw::set_vendor_length(packet, *vendor, *len),
        }
    }
}

/// An attribute by name or number. A vendor's or a pair's stands in Vendor-Specific, of which there
/// may be many, so none is meant.
fn number(text: &str) -> Option<u8> {
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    match (dictionary::named(text).map(|own| own.place), Numbered::parse(text)) {
        (Some(Place::Plain(number)), _) | (None, Some(Numbered::Plain(number))) => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Builder, Code, Secret, attribute};

    fn packet() -> Vec<u8> {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 7);
        builder.text(attribute::USER_NAME, "10086610975").unwrap();
        builder.u32(attribute::ACCT_STATUS_TYPE, 2).unwrap();
        builder.cisco(crate::cisco::H323_RETURN_CODE, "0").unwrap();
        builder.finish_accounting_request(&Secret::new("s")).unwrap()
    }

    fn broken(text: &str) -> Vec<u8> {
        let mut packet = packet();
        assert!(text.parse::<Corruption>().unwrap().apply(&mut packet), "{text}");
        packet
    }

    #[test]
    fn every_word_of_the_catalogue_is_read_and_breaks_the_packet() {
        let examples = [
            "code 99",
            "identifier 3",
            "length 7",
            "authenticator 000102030405060708090a0b0c0d0e0f",
            "truncate 10",
            "flip 25 0x80",
            "append 0xdead",
            "attribute-length User-Name 0",
            "attribute-value 40 0x0000ff",
            "remove Acct-Status-Type",
            "repeat Attr-1",
            "move-to-end User-Name",
            "vendor-length 9 1",
        ];
        assert_eq!(examples.len(), CATALOGUE.len());
        for (example, entry) in examples.iter().zip(CATALOGUE) {
            assert_eq!(example.split(' ').next(), Some(entry.word));
            assert_ne!(broken(example), packet(), "{example}");
        }
    }

    #[test]
    fn structure_stays_readable_where_only_content_is_broken() {
        let repeated = broken("repeat User-Name");
        let view = crate::Packet::parse(&repeated).unwrap();
        assert_eq!(view.all(attribute::USER_NAME).count(), 2);
        let removed = broken("remove User-Name");
        assert_eq!(crate::Packet::parse(&removed).unwrap().text(attribute::USER_NAME), None);
        let moved = broken("move-to-end User-Name");
        let last = crate::Packet::parse(&moved).unwrap().attributes().last().map(|own| own.number);
        assert_eq!(last, Some(attribute::USER_NAME));
        assert!(crate::Packet::parse(&broken("append 0x00")).is_ok());
        let vendor = broken("vendor-length 9 1");
        assert_eq!(crate::Packet::parse(&vendor).unwrap().vendor(9).count(), 0);
    }

    #[test]
    fn broken_lengths_cannot_be_read() {
        for text in [
            "length 7",
            "length 4097",
            "truncate 30",
            "attribute-length User-Name 1",
            "attribute-length 40 255",
        ] {
            assert!(crate::Packet::parse(&broken(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_no_corruption_says_what_there_is() {
        let error = |text: &str| text.parse::<Corruption>().unwrap_err().to_string();
        assert!(
            error("lenght 7")
                .starts_with("there is no corruption 'lenght'; there are code, identifier, length")
        );
        assert_eq!(error("length"), "'length' is not complete; write length <0..65535>");
        assert_eq!(error("remove Usr-Name"), "'remove Usr-Name' is not complete; write remove <attribute>");
        assert!(error("").starts_with("there is no corruption ''"));
        assert!(!Corruption::Remove(200).apply(&mut packet()));
    }
}
