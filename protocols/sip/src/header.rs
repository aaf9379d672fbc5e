//! One header of a message, and the names that have a compact form or a spelling of their own.

use std::borrow::Cow;

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

/// A header of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as it stands.
    pub wire_name: &'a str,
    /// The name as its RFC spells it; one that is not known as it stands.
    pub name: &'a str,
    /// The octets behind the colon, folds and all, up to the end of the line.
    pub raw: &'a [u8],
    /// The value without blanks around it; a fold is as many blanks as it has octets, an octet that is
    /// not UTF-8 is a question mark.
    pub text: Cow<'a, str>,
    /// Octets from the start of the message to the value.
    pub offset: usize,
}

impl Header<'_> {
    /// Whether it has this name, in any spelling of the long form.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// The name as its RFC spells it, from any spelling or the compact form; `None` for one that is not known.
#[must_use]
pub fn canonical_name(name: &str) -> Option<&'static str> {
    // As the RFCs spell it, which nearly everybody does: the other ways to write it cost ten times as much.
    let plain = NAMES.iter().find(|(long, _)| *long == name);
    let known = plain.or_else(|| {
        NAMES.iter().find(|(long, short)| {
            long.eq_ignore_ascii_case(name) || (!short.is_empty() && short.eq_ignore_ascii_case(name))
        })
    });
    known.map(|(long, _)| *long)
}

/// The compact form of a name, where it has one.
#[must_use]
pub fn compact_name(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .find(|(long, short)| long.eq_ignore_ascii_case(name) && !short.is_empty())
        .map(|(_, short)| *short)
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
