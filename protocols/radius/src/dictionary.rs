//! What the numbers mean: the CSV files of `dictionary/`, parsed once.
//!
//! A row that cannot be read is left out and its attribute shown by number; a test reads every row.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::{Carrier, cisco};

/// What an attribute's value holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text in UTF-8.
    Text,
    /// Octets.
    Octets,
    /// User-Password, hidden with the secret (RFC 2865 section 5.2).
    Password,
    /// Tunnel-Password, hidden with the secret and a salt behind a tag (RFC 2868 section 3.5).
    TunnelPassword,
    /// 32 bits, or the name of an enumerated value.
    Integer,
    /// An IPv4 address.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An IPv6 prefix with its length (RFC 3162 section 2.3).
    Ipv6Prefix,
    /// Seconds since 1970, 32 bits.
    Time,
    /// A point in time as Cisco writes it; see [`crate::h323::H323Time`].
    H323Time,
    /// A tag octet and 24 bits (RFC 2868 section 3.1).
    TaggedInteger,
    /// Text behind an optional tag octet (RFC 2868 section 3.3).
    TaggedText,
    /// A vendor's attributes.
    Vendor,
    /// Sub-attributes of draft-sterman-aaa-sip-00.
    DigestAttributes,
}

impl Kind {
    fn named(word: &str) -> Option<Self> {
        Some(match word {
            "text" => Self::Text,
            "octets" => Self::Octets,
            "password" => Self::Password,
            "tunnel-password" => Self::TunnelPassword,
            "integer" => Self::Integer,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "ipv6-prefix" => Self::Ipv6Prefix,
            "time" => Self::Time,
            "h323-time" => Self::H323Time,
            "tagged-integer" => Self::TaggedInteger,
            "tagged-text" => Self::TaggedText,
            "vendor" => Self::Vendor,
            "digest-attributes" => Self::DigestAttributes,
            _ => return None,
        })
    }

    /// The kind as an error names it: "a number of 32 bits".
    #[must_use]
    pub const fn wanted(self) -> &'static str {
        match self {
            Self::Text | Self::TaggedText => "text",
            Self::Octets | Self::Vendor | Self::DigestAttributes => "octets (0x…) or text",
            Self::Password | Self::TunnelPassword => "text, or octets (0x…) that are hidden already",
            Self::Integer => "a number of 32 bits or one of its names",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Ipv6Prefix => "an IPv6 prefix",
            Self::Time => "a time, or seconds since 1970",
            Self::H323Time => "a time, or text",
            Self::TaggedInteger => "a number of 24 bits or one of its names",
        }
    }
}

/// Where an attribute stands in a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// An attribute of this number.
    Plain(u8),
    /// An attribute of a vendor.
    Vendor(u32, u8),
    /// A sub-attribute within an attribute.
    Inner(u8, u8),
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name: `Called-Station-Id`.
    pub name: &'static str,
    /// Where it stands.
    pub place: Place,
    /// What it holds.
    pub kind: Kind,
    /// The document and section that define it.
    pub source: &'static str,
    /// Names of its values by number; the first name of a number is the one shown.
    names: BTreeMap<u32, &'static str>,
    numbers: BTreeMap<&'static str, u32>,
}

impl Definition {
    /// The name of an enumerated value: 2 of Acct-Status-Type is `Stop`.
    #[must_use]
    pub fn value_name(&self, number: u32) -> Option<&'static str> {
        self.names.get(&number).copied()
    }

    /// The number of an enumerated value under any of its names.
    #[must_use]
    pub fn value_number(&self, name: &str) -> Option<u32> {
        self.numbers.get(name).copied()
    }
}

/// One attribute-value pair that ESI defines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairDefinition {
    /// Its name: `PortaBilling_AccessCode`.
    pub name: &'static str,
    /// How it travels.
    pub carrier: Carrier,
    /// What it says.
    pub meaning: &'static str,
}

/// Files of attributes, with the vendor. The first file that names an attribute decides how it is built.
const FILES: [(Option<u32>, &str); 20] = [
    (None, include_str!("../dictionary/rfc2865.csv")),
    (None, include_str!("../dictionary/rfc2866.csv")),
    (None, include_str!("../dictionary/rfc2867.csv")),
    (None, include_str!("../dictionary/rfc2868.csv")),
    (None, include_str!("../dictionary/rfc2869.csv")),
    (None, include_str!("../dictionary/rfc3162.csv")),
    (None, include_str!("../dictionary/rfc4372.csv")),
    (None, include_str!("../dictionary/rfc4675.csv")),
    (None, include_str!("../dictionary/rfc4818.csv")),
    (None, include_str!("../dictionary/rfc4849.csv")),
    (None, include_str!("../dictionary/rfc5090.csv")),
    (None, include_str!("../dictionary/rfc5176.csv")),
    (None, include_str!("../dictionary/rfc6911.csv")),
    (None, include_str!("../dictionary/sterman.csv")),
    (Some(cisco::VENDOR), include_str!("../dictionary/cisco.csv")),
    (Some(14_988), include_str!("../dictionary/mikrotik.csv")),
    (Some(529), include_str!("../dictionary/ascend.csv")),
    (Some(4_874), include_str!("../dictionary/erx.csv")),
    (Some(6_527), include_str!("../dictionary/alcatel.csv")),
    (Some(5_535), include_str!("../dictionary/3gpp2.csv")),
];
const VALUES: &str = include_str!("../dictionary/values.csv");
const ALIASES: &str = include_str!("../dictionary/aliases.csv");
const PAIRS: &str = include_str!("../dictionary/esi.csv");

static DICTIONARY: LazyLock<Dictionary> = LazyLock::new(Dictionary::load);

struct Dictionary {
    definitions: Vec<Definition>,
    places: BTreeMap<Place, usize>,
    names: BTreeMap<&'static str, usize>,
    pairs: Vec<PairDefinition>,
}

impl Dictionary {
    fn load() -> Self {
        let mut definitions: Vec<Definition> = FILES
            .iter()
            .flat_map(|(vendor, file)| rows(file).filter_map(|row| attribute_row(row, *vendor)))
            .collect();
        for row in rows(VALUES) {
            let Some((attribute, number, name)) = value_row(row) else { continue };
            for own in definitions.iter_mut().filter(|own| own.name == attribute) {
                own.names.entry(number).or_insert(name);
                own.numbers.entry(name).or_insert(number);
            }
        }
        let mut places = BTreeMap::new();
        let mut names = BTreeMap::new();
        for (index, own) in definitions.iter().enumerate() {
            places.entry(own.place).or_insert(index);
            names.entry(own.name).or_insert(index);
        }
        for [alias, name, _source] in rows(ALIASES).filter_map(columns) {
            if let Some(index) = names.get(name).copied() {
                names.entry(alias).or_insert(index);
            }
        }
        Self { definitions, places, names, pairs: rows(PAIRS).filter_map(pair_row).collect() }
    }

    fn at(&'static self, place: Place) -> Option<&'static Definition> {
        self.definitions.get(*self.places.get(&place)?)
    }
}

/// Rows behind the heading; a line that starts with `#` is a comment.
fn rows(file: &'static str) -> impl Iterator<Item = &'static str> {
    file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).skip(1)
}

/// The columns of a row; the last one takes what is left, commas included.
fn columns<const N: usize>(row: &'static str) -> Option<[&'static str; N]> {
    let mut columns = [""; N];
    let mut written = 0;
    for (column, text) in columns.iter_mut().zip(row.splitn(N, ',')) {
        *column = text;
        written += 1;
    }
    (written == N).then_some(columns)
}

fn attribute_row(row: &'static str, vendor: Option<u32>) -> Option<Definition> {
    let [name, number, kind, source] = columns(row)?;
    let place = match (vendor, number.split_once('.')) {
        (Some(vendor), _) => Place::Vendor(vendor, number.parse().ok()?),
        (None, None) => Place::Plain(number.parse().ok()?),
        (None, Some((outer, inner))) => Place::Inner(outer.parse().ok()?, inner.parse().ok()?),
    };
    let kind = Kind::named(kind)?;
    Some(Definition { name, place, kind, source, names: BTreeMap::new(), numbers: BTreeMap::new() })
}

fn value_row(row: &'static str) -> Option<(&'static str, u32, &'static str)> {
    let [attribute, number, name, _source] = columns(row)?;
    Some((attribute, number.parse().ok()?, name))
}

fn pair_row(row: &'static str) -> Option<PairDefinition> {
    let [name, carrier, _section, meaning] = columns(row)?;
    let carrier = match carrier {
        "pair" => Carrier::AvPair,
        "ivr-out" => Carrier::IvrOut,
        "ivr-in" => Carrier::IvrIn,
        _ => return None,
    };
    Some(PairDefinition { name, carrier, meaning })
}

/// The attribute of this number.
#[must_use]
pub fn attribute(number: u8) -> Option<&'static Definition> {
    DICTIONARY.at(Place::Plain(number))
}

/// The attribute of this number of a vendor.
#[must_use]
pub fn vendor_attribute(vendor: u32, number: u8) -> Option<&'static Definition> {
    DICTIONARY.at(Place::Vendor(vendor, number))
}

/// The sub-attribute of this number within an attribute.
#[must_use]
pub fn inner_attribute(outer: u8, number: u8) -> Option<&'static Definition> {
    DICTIONARY.at(Place::Inner(outer, number))
}

/// The attribute of this name or alias; where two sources share a name, the standard's.
#[must_use]
pub fn named(name: &str) -> Option<&'static Definition> {
    DICTIONARY.definitions.get(*DICTIONARY.names.get(name)?)
}

/// Every attribute, source by source.
#[must_use]
pub fn attributes() -> &'static [Definition] {
    &DICTIONARY.definitions
}

/// Every attribute-value pair that ESI defines.
#[must_use]
pub fn pairs() -> &'static [PairDefinition] {
    &DICTIONARY.pairs
}

/// The pair of this name and carrier.
#[must_use]
pub fn pair(carrier: Carrier, name: &str) -> Option<&'static PairDefinition> {
    pairs().iter().find(|own| own.carrier == carrier && own.name == name)
}

/// The name as the dictionary spells it where `name` has spaces in place of its underscores, as some
/// examples of ESI have: `PortaBilling Seed`.
#[must_use]
pub(crate) fn respelt(name: &str) -> Option<&'static str> {
    let same = |own: &str| {
        own.len() == name.len()
            && own.bytes().zip(name.bytes()).all(|(a, b)| a == b || (a == b'_' && b == b' '))
    };
    pairs().iter().map(|own| own.name).find(|own| same(own))
}

/// Whether a field of a packet may have this name: an attribute's, alias included, a pair's, with a
/// tag (`Tunnel-Type:1`), or by number (`Attr-250`, `Vendor-311-Attr-10`).
#[must_use]
pub fn field_known(name: &str) -> bool {
    let untagged =
        || name.split_once(':').is_some_and(|(name, tag)| tag.parse::<u8>().is_ok() && is_tagged(name));
    named(name).is_some()
        || name == Carrier::IvrIn.name()
        || name == Carrier::IvrOut.name()
        || pair(Carrier::AvPair, name).is_some()
        || untagged()
        || Numbered::parse(name).is_some()
}

/// Every name that a field may have, without those by number; to suggest and to complete.
#[must_use]
pub fn field_names() -> Vec<&'static str> {
    let pairs = pairs().iter().filter(|own| own.carrier == Carrier::AvPair).map(|own| own.name);
    let mut names: Vec<&'static str> = DICTIONARY.names.keys().copied().collect();
    names.extend([Carrier::IvrIn.name(), Carrier::IvrOut.name()]);
    names.extend(pairs);
    names.sort_unstable();
    names.dedup();
    names
}

fn is_tagged(name: &str) -> bool {
    named(name)
        .is_some_and(|own| matches!(own.kind, Kind::TaggedInteger | Kind::TaggedText | Kind::TunnelPassword))
}

/// A field that is named by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbered {
    /// `Attr-250`.
    Plain(u8),
    /// `Vendor-311-Attr-10`.
    Vendor(u32, u8),
}

impl Numbered {
    pub(crate) fn parse(name: &str) -> Option<Self> {
        if let Some(number) = name.strip_prefix("Attr-") {
            return number.parse().ok().map(Self::Plain);
        }
        let (vendor, number) = name.strip_prefix("Vendor-")?.split_once("-Attr-")?;
        Some(Self::Vendor(vendor.parse().ok()?, number.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_every_file_is_read() {
        for (vendor, file) in FILES {
            for row in rows(file) {
                assert!(attribute_row(row, vendor).is_some(), "{row}");
            }
        }
        for row in rows(VALUES) {
            let (attribute, ..) = value_row(row).unwrap_or_else(|| panic!("{row}"));
            assert!(named(attribute).is_some(), "{row}");
        }
        for row in rows(ALIASES) {
            let [alias, name, _] = columns(row).unwrap_or_else(|| panic!("{row}"));
            assert_eq!(named(alias), named(name), "{row}");
        }
        for row in rows(PAIRS) {
            assert!(pair_row(row).is_some(), "{row}");
        }
    }

    #[test]
    fn no_place_is_given_to_two_attributes() {
        assert_eq!(DICTIONARY.places.len(), DICTIONARY.definitions.len());
    }

    #[test]
    fn the_name_of_the_documents_is_shown_and_every_name_is_read() {
        let status = attribute(40).unwrap();
        assert_eq!(status.value_name(3), Some("Alive"));
        assert_eq!(status.value_number("Interim-Update"), Some(3));
        assert_eq!(named("Password").map(|own| own.name), Some("User-Password"));
        assert_eq!(named("Digest-Realm").map(|own| own.place), Some(Place::Plain(104)));
    }

    #[test]
    fn a_name_that_nothing_has_is_unknown() {
        for name in ["User-Name", "h323-ivr-in", "call-id", "PortaOne-Charge", "Tunnel-Type:3", "Attr-250"] {
            assert!(field_known(name), "{name}");
        }
        for name in
            ["Usr-Name", "User-Name:1", "Tunnel-Type:x", "Attr-256", "Vendor-9", "Vendor-x-Attr-1", ""]
        {
            assert!(!field_known(name), "{name}");
        }
        assert!(field_names().iter().all(|name| field_known(name)));
    }
}
