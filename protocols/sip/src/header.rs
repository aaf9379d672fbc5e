//! One header of a message, and the names that have a compact form or a spelling of their own.

use std::borrow::Cow;
use std::ops::Range;

/// Names as the RFCs spell them, with their compact forms (RFC 3261 section 7.3.3, RFC 3515, 6665, 3892).
pub(crate) const NAMES: &[(&str, &str)] = &[
    ("Via", "v"),
    ("From", "f"),
    ("To", "t"),
    ("Call-ID", "i"),
    ("CSeq", ""),
    ("Contact", "m"),
    ("Max-Forwards", ""),
    ("Route", ""),
    ("Record-Route", ""),
    ("Content-Type", "c"),
    ("Content-Length", "l"),
    ("Content-Encoding", "e"),
    ("Content-Disposition", ""),
    ("Expires", ""),
    ("Min-Expires", ""),
    ("Authorization", ""),
    ("WWW-Authenticate", ""),
    ("Proxy-Authorization", ""),
    ("Proxy-Authenticate", ""),
    ("Authentication-Info", ""),
    ("Subject", "s"),
    ("Supported", "k"),
    ("Require", ""),
    ("Proxy-Require", ""),
    ("Unsupported", ""),
    ("Allow", ""),
    ("Accept", ""),
    ("Date", ""),
    ("Event", "o"),
    ("Allow-Events", "u"),
    ("Subscription-State", ""),
    ("Refer-To", "r"),
    ("Referred-By", "b"),
    ("Replaces", ""),
    ("Reason", ""),
    ("Retry-After", ""),
    ("Server", ""),
    ("User-Agent", ""),
    ("Timestamp", ""),
    ("Warning", ""),
    ("Session-Expires", "x"),
    ("Min-SE", ""),
    ("P-Asserted-Identity", ""),
    ("P-Preferred-Identity", ""),
    ("Remote-Party-ID", ""),
    ("Diversion", ""),
    ("Privacy", ""),
    ("Path", ""),
    ("Service-Route", ""),
];

/// What a name that is not among [`NAMES`] has instead of its place there.
const NO_PLACE: u8 = u8::MAX;

/// A place of its own for every name and compact form, by length, first and last letter in any case.
const fn slot(name: &[u8]) -> usize {
    let (Some(first), Some(last)) = (name.first(), name.last()) else { return 0 };
    let (first, last) = (first.to_ascii_lowercase() as usize, last.to_ascii_lowercase() as usize);
    (name.len() + 33 * first + 7 * last) % SLOTS_LEN
}

const SLOTS_LEN: usize = 256;

/// The place in [`NAMES`] of the only name that can stand in each slot. Two names in one slot do not compile.
static SLOTS: [u8; SLOTS_LEN] = {
    assert!(NAMES.len() <= 64);
    let mut slots = [NO_PLACE; SLOTS_LEN];
    let mut at = 0;
    while at < NAMES.len() {
        let (long, short) = NAMES[at];
        let own = slot(long.as_bytes());
        assert!(slots[own] == NO_PLACE, "two names in one slot: choose other factors");
        #[allow(clippy::cast_possible_truncation, reason = "NAMES is shorter, as asserted")]
        let place = at as u8;
        slots[own] = place;
        if !short.is_empty() {
            let own = slot(short.as_bytes());
            assert!(slots[own] == NO_PLACE, "two names in one slot: choose other factors");
            slots[own] = place;
        }
        at += 1;
    }
    slots
};

/// The place in [`NAMES`] of a name in any spelling; of its compact form too.
fn place(name: &str) -> u8 {
    let place = SLOTS[slot(name.as_bytes())];
    match NAMES.get(usize::from(place)) {
        Some((long, _)) if *long == name => place,
        Some((long, short)) if long.eq_ignore_ascii_case(name) || short.eq_ignore_ascii_case(name) => place,
        _ => NO_PLACE,
    }
}

/// A name that headers are looked for by: compared by its place where it has one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted<'n> {
    name: &'n str,
    place: u8,
}

impl Wanted<'static> {
    pub(crate) const VIA: Self = Self::known("Via");
    pub(crate) const FROM: Self = Self::known("From");
    pub(crate) const TO: Self = Self::known("To");
    pub(crate) const CALL_ID: Self = Self::known("Call-ID");
    pub(crate) const CSEQ: Self = Self::known("CSeq");
    pub(crate) const CONTACT: Self = Self::known("Contact");
    pub(crate) const MAX_FORWARDS: Self = Self::known("Max-Forwards");
    pub(crate) const CONTENT_LENGTH: Self = Self::known("Content-Length");
    pub(crate) const EXPIRES: Self = Self::known("Expires");
    pub(crate) const ROUTE: Self = Self::known("Route");
    pub(crate) const RECORD_ROUTE: Self = Self::known("Record-Route");

    /// One that is among [`NAMES`], as it stands there.
    const fn known(name: &'static str) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "the place of a bit of 64")]
        let place = marks(&[name]).trailing_zeros() as u8;
        Self { name, place }
    }
}

impl<'n> Wanted<'n> {
    /// The name.
    pub(crate) const fn name(self) -> &'n str {
        self.name
    }

    /// The long form of a name in any case; a compact form is no name here.
    #[inline]
    pub(crate) fn new(name: &'n str) -> Self {
        // No long form is as short as a compact one.
        let place = if name.len() < 2 { NO_PLACE } else { place(name) };
        Self { name, place }
    }

    #[inline]
    pub(crate) fn is(self, header: &Header<'_>) -> bool {
        header.place == self.place && (self.place != NO_PLACE || header.name.eq_ignore_ascii_case(self.name))
    }
}

/// A bit for each of these names, which must be among [`NAMES`].
pub(crate) const fn marks(names: &[&str]) -> u64 {
    let (mut marks, mut at) = (0, 0);
    while at < names.len() {
        let mut place = 0;
        while !same(names[at].as_bytes(), NAMES[place].0.as_bytes()) {
            place += 1;
        }
        marks |= 1 << place;
        at += 1;
    }
    marks
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// A header of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as it stands.
    pub wire_name: &'a str,
    /// The name as its RFC spells it; one that is not known as it stands.
    pub name: &'a str,
    /// The octets behind the colon, folds and all, up to the end of the line.
    pub raw: Cow<'a, [u8]>,
    /// The value without blanks around it; a fold is as many blanks as it has octets, an octet that is
    /// not UTF-8 is a question mark.
    pub text: Cow<'a, str>,
    /// Octets from the start of the message to the value.
    pub offset: usize,
    /// The place of the name in [`NAMES`].
    place: u8,
}

impl<'a> Header<'a> {
    /// One of this name and these octets behind the colon.
    pub(crate) fn new(wire_name: &'a str, raw: &'a [u8], text: Cow<'a, str>, offset: usize) -> Self {
        let place = place(wire_name);
        let name = NAMES.get(usize::from(place)).map_or(wire_name, |(long, _)| *long);
        Self { wire_name, name, raw: raw.into(), text, offset, place }
    }

    /// The same with other text in this place of its value.
    pub(crate) fn with(&self, place: Range<usize>, text: &str) -> Self {
        let lead = self.raw.iter().take_while(|octet| is_blank(**octet)).count();
        let (before, behind) = (self.raw.get(..lead + place.start), self.raw.get(lead + place.end..));
        let raw = [before.unwrap_or_default(), text.as_bytes(), behind.unwrap_or_default()].concat();
        let (before, behind) = (self.text.get(..place.start), self.text.get(place.end..));
        let text = [before.unwrap_or_default(), text, behind.unwrap_or_default()].concat();
        Self { raw: raw.into(), text: text.into(), ..self.clone() }
    }

    /// The name, and its mark among those of [`marks`]; `None` for one that is not known.
    pub(crate) fn mark(&self) -> Option<(&'static str, u64)> {
        let (name, _) = NAMES.get(usize::from(self.place))?;
        Some((name, 1 << self.place))
    }

    /// Whether it has this name, in any spelling of the long form.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The name as its RFC spells it, from any spelling or the compact form; `None` for one that is not known.
#[must_use]
pub fn canonical_name(name: &str) -> Option<&'static str> {
    NAMES.get(usize::from(place(name))).map(|(long, _)| *long)
}

/// Whether two names are those of the same header, in any spelling of either form.
pub(crate) fn same_name(left: &str, right: &str) -> bool {
    let own = place(left);
    own == place(right) && (own != NO_PLACE || left.eq_ignore_ascii_case(right))
}

/// The compact form of a name, where it has one.
#[must_use]
pub fn compact_name(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(long, short)| long.eq_ignore_ascii_case(name) && !short.is_empty())
        .map(|(_, short)| *short)
}

/// A blank, or an end of a line that is continued.
pub(crate) fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// The text of octets, octet for octet: line ends become blanks, what is not UTF-8 question marks.
pub(crate) fn text(octets: &[u8]) -> Cow<'_, str> {
    let folded = memchr::memchr2(b'\r', b'\n', octets).is_some();
    if let (false, Ok(text)) = (folded, std::str::from_utf8(octets)) {
        return text.into();
    }
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.extend(chunk.valid().chars().map(|c| if matches!(c, '\r' | '\n') { ' ' } else { c }));
        text.extend(chunk.invalid().iter().map(|_| '?'));
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_spelling_and_by_its_compact_form() {
        for (long, short) in NAMES {
            let spellings = [(*long).to_owned(), long.to_lowercase(), long.to_uppercase()];
            for name in spellings {
                assert_eq!(canonical_name(&name), Some(*long), "{name}");
            }
            if !short.is_empty() {
                assert_eq!(canonical_name(short), Some(*long));
                assert_eq!(canonical_name(&short.to_uppercase()), Some(*long));
            }
        }
        for name in ["", "q", "Vix", "Frm", "Call_ID", "X-Own", "Content-Lengths", "é"] {
            assert_eq!(canonical_name(name), None, "{name}");
        }
    }

    #[test]
    fn headers_are_looked_for_by_their_long_name() {
        let (via, own) = (Header::new("v", b"", "".into(), 0), Header::new("x-own", b"", "".into(), 0));
        assert!(Wanted::new("VIA").is(&via) && via.is("via") && !Wanted::new("v").is(&via));
        assert!(Wanted::new("X-Own").is(&own) && !Wanted::new("Via").is(&own));
        assert!(!Wanted::new("X-Other").is(&via) && !Wanted::new("X-Other").is(&own));
    }
}
