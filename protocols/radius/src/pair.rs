//! Attribute-value pairs in Cisco-AVPair (vendor 9, number 1), in every spelling that ESI shows.

use std::fmt;

use crate::dictionary;

/// How a pair travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Carrier {
    /// `name=value`.
    AvPair,
    /// `h323-ivr-out=name:value`, NAS to billing.
    IvrOut,
    /// `h323-ivr-in=name:value`, billing to NAS.
    IvrIn,
}

impl Carrier {
    /// The field under which such a pair is shown: `h323-ivr-out`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AvPair => "Cisco-AVPair",
            Self::IvrOut => "h323-ivr-out",
            Self::IvrIn => "h323-ivr-in",
        }
    }

    /// What stands in front of the pair's name on the wire.
    #[inline]
    pub(crate) const fn prefix(self) -> &'static str {
        match self {
            Self::AvPair => "",
            Self::IvrOut => "h323-ivr-out=",
            Self::IvrIn => "h323-ivr-in=",
        }
    }
}

/// One pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pair<'a> {
    /// How it travels.
    pub carrier: Carrier,
    /// Its name; the dictionary's spelling where the packet has spaces in place of underscores.
    pub name: &'a str,
    /// Its value, without quotes around it and spaces in front of it; empty where there is none.
    pub value: &'a str,
}

impl<'a> Pair<'a> {
    /// Reads the text of a Cisco-AVPair. Every text is a pair: one without `=` is a name.
    #[must_use]
    pub fn parse(text: &'a str) -> Self {
        if text.starts_with("h323-ivr-") {
            for carrier in [Carrier::IvrOut, Carrier::IvrIn] {
                if let Some(inner) = carried(text, carrier) {
                    return Self::inner(carrier, inner);
                }
            }
        }
        // PortaOne attributes are written with either separator; the names of others may have a colon.
        if text.starts_with("PortaOne-") {
            return Self::inner(Carrier::AvPair, text);
        }
        let (name, value) = split(text, |octet| octet == b'=');
        Self::trimmed(Carrier::AvPair, name, value)
    }

    /// `name:value` or `name=value`, whichever separator comes first.
    pub(crate) fn inner(carrier: Carrier, text: &'a str) -> Self {
        let (name, value) = split(unquoted(text), |octet| octet == b':' || octet == b'=');
        Self::trimmed(carrier, name, value)
    }

    fn trimmed(carrier: Carrier, name: &'a str, value: &'a str) -> Self {
        let name = name.trim_ascii();
        let respelt = if name.as_bytes().contains(&b' ') { dictionary::respelt(name) } else { None };
        Self { carrier, name: respelt.unwrap_or(name), value: unquoted(value) }
    }
}

/// What stands before and behind the first separator; nothing behind it where there is none.
#[inline]
fn split(text: &str, is_separator: impl Fn(u8) -> bool) -> (&str, &str) {
    match text.bytes().position(is_separator) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, ""),
    }
}

/// What stands behind `h323-ivr-out=`, spaces around the sign allowed.
fn carried(text: &str, carrier: Carrier) -> Option<&str> {
    text.strip_prefix(carrier.name())?.trim_ascii_start().strip_prefix('=')
}

/// The text without spaces in front of it and without a pair of single or double quotes around it.
fn unquoted(text: &str) -> &str {
    let text = text.trim_ascii_start();
    let quote = match text.as_bytes().first() {
        Some(b'\'') => '\'',
        Some(b'"') => '"',
        _ => return text,
    };
    let within = text.trim_ascii_end().strip_prefix(quote).and_then(|text| text.strip_suffix(quote));
    within.unwrap_or(text)
}

impl fmt::Display for Pair<'_> {
    /// The text of the Cisco-AVPair.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.carrier {
            Carrier::AvPair => write!(f, "{}={}", self.name, self.value),
            carrier => write!(f, "{}{}:{}", carrier.prefix(), self.name, self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Carrier, &str, &str) {
        let pair = Pair::parse(text);
        (pair.carrier, pair.name, pair.value)
    }

    #[test]
    fn each_carrier_is_told_from_the_others() {
        use Carrier::{AvPair, IvrIn, IvrOut};
        assert_eq!(read("call-id=94fef899-3f606c5c@h=x"), (AvPair, "call-id", "94fef899-3f606c5c@h=x"));
        assert_eq!(
            read("h323-ivr-out=PortaBilling_AccessCode:6045551600"),
            (IvrOut, "PortaBilling_AccessCode", "6045551600")
        );
        assert_eq!(read("h323-ivr-in=DURATION:30000"), (IvrIn, "DURATION", "30000"));
        assert_eq!(
            read("PortaOne-Calling-Party=name=1;id=2"),
            (AvPair, "PortaOne-Calling-Party", "name=1;id=2")
        );
    }

    /// Spellings of ESI, "custom attributes" and "worked examples".
    #[test]
    fn every_spelling_of_the_documents_is_read() {
        use Carrier::{AvPair, IvrOut};
        assert_eq!(
            read("h323-ivr-out = 'PortaBilling AuthMethod: INVITE'"),
            (IvrOut, "PortaBilling_AuthMethod", "INVITE")
        );
        assert_eq!(
            read("h323-ivr-out=PortaBilling Seed:2912511541"),
            (IvrOut, "PortaBilling_Seed", "2912511541")
        );
        assert_eq!(
            read("h323-ivr-out='PortaOne-Called-Party = 'ctx-id=52333; name=EASYCALL''"),
            (IvrOut, "PortaOne-Called-Party", "ctx-id=52333; name=EASYCALL")
        );
        assert_eq!(
            read("h323-ivr-out=PortaBilling_Authorize:base=sessiontime;max=10"),
            (IvrOut, "PortaBilling_Authorize", "base=sessiontime;max=10")
        );
        assert_eq!(read("PortaOne-Geo-Location:fr.Paris"), (AvPair, "PortaOne-Geo-Location", "fr.Paris"));
        assert_eq!(
            read("PortaOne-Service-Features = 'routing=1;'"),
            (AvPair, "PortaOne-Service-Features", "routing=1;")
        );
    }

    #[test]
    fn text_that_is_no_pair_is_kept_as_a_name() {
        assert_eq!(read("ip:inacl#1=permit any"), (Carrier::AvPair, "ip:inacl#1", "permit any"));
        assert_eq!(read("nothing"), (Carrier::AvPair, "nothing", ""));
        assert_eq!(read("h323-ivr-outer=1"), (Carrier::AvPair, "h323-ivr-outer", "1"));
        assert_eq!(read(""), (Carrier::AvPair, "", ""));
        assert_eq!(read("a='"), (Carrier::AvPair, "a", "'"));
    }
}
