//! Breaks a message on purpose: faults that a scenario names in words, `corrupt: fold From`. Nothing here
//! keeps a message legal.

use std::str::FromStr;

pub use tollgate_wire::corruption::Entry;
use tollgate_wire::corruption::entry;

use crate::header::same_name;
use crate::{canonical_name, compact_name};

/// One way to break a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corruption {
    /// Another start line.
    StartLine(String),
    /// Another version in the start line.
    Version(String),
    /// Another value in the first header of a name.
    Header {
        /// The name.
        name: String,
        /// What stands behind the colon.
        value: String,
    },
    /// Every header of a name left out.
    Remove(String),
    /// The first header of a name twice.
    Repeat(String),
    /// A line break at the first blank of a header, or before its value.
    Fold(String),
    /// Every name in its compact form.
    Compact,
    /// Every line ends with LF alone.
    LfOnly,
    /// Only so many octets.
    Truncate(usize),
    /// One octet with bits turned.
    Flip {
        /// Octets from the start.
        offset: usize,
        /// The bits to turn.
        mask: u8,
    },
    /// Text behind the body.
    Append(String),
}

/// Every word, to list and to explain.
pub const CATALOGUE: &[Entry] = &[
    entry("start-line", "<text>", "writes another start line; one that is broken is answered with 400"),
    entry("version", "<text>", "writes another version; one that is not SIP/2.0 is answered with 505"),
    entry("header", "<name> <value>", "writes another value, also a Content-Length that does not fit"),
    entry("remove", "<name>", "leaves a header out"),
    entry("repeat", "<name>", "writes a header twice"),
    entry("fold", "<name>", "breaks the line of a header; it still means the same (RFC 3261 section 7.3.1)"),
    entry("compact", "", "writes names in their compact form; they mean the same (RFC 3261 section 7.3.3)"),
    entry("lf-only", "", "ends the lines of the head with LF alone"),
    entry("truncate", "<octets to keep>", "cuts the message"),
    entry("flip", "<offset> [<mask, 1 if left out>]", "turns bits of one octet"),
    entry(
        "append",
        "<text>",
        "adds text behind the body; in a datagram it is ignored (RFC 3261 section 18.3)",
    ),
];

/// A text that names no corruption.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorruptionError {
    /// The first word is not in the catalogue.
    #[error(
        "'{0}' is no way to break a SIP message; there are start-line, version, header, remove, repeat, fold, compact, lf-only, truncate, flip and append"
    )]
    Unknown(String),
    /// What stands behind the word is wrong.
    #[error("'{word}' takes {arguments}")]
    Arguments {
        /// The word.
        word: &'static str,
        /// What it takes.
        arguments: &'static str,
    },
}

impl FromStr for Corruption {
    type Err = CorruptionError;

    fn from_str(text: &str) -> Result<Self, CorruptionError> {
        let (word, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let rest = rest.trim();
        let known = CATALOGUE.iter().find(|entry| entry.word == word);
        let known = known.ok_or_else(|| CorruptionError::Unknown(word.to_owned()))?;
        let wrong = || CorruptionError::Arguments { word: known.word, arguments: known.arguments };
        let some = || if rest.is_empty() { Err(wrong()) } else { Ok(rest.to_owned()) };
        Ok(match word {
            "start-line" => Self::StartLine(some()?),
            "version" => Self::Version(some()?),
            "header" => {
                let (name, value) = rest.split_once(' ').ok_or_else(wrong)?;
                Self::Header { name: name.to_owned(), value: value.trim().to_owned() }
            }
            "remove" => Self::Remove(some()?),
            "repeat" => Self::Repeat(some()?),
            "fold" => Self::Fold(some()?),
            "append" => Self::Append(some()?),
            "truncate" => Self::Truncate(rest.parse().map_err(|_| wrong())?),
            "flip" => {
                let (offset, mask) = rest.split_once(' ').unwrap_or((rest, "1"));
                let mask = match mask.trim().strip_prefix("0x") {
                    Some(digits) => u8::from_str_radix(digits, 16).map_err(|_| wrong())?,
                    None => mask.trim().parse().map_err(|_| wrong())?,
                };
                Self::Flip { offset: offset.parse().map_err(|_| wrong())?, mask }
            }
            "compact" if rest.is_empty() => Self::Compact,
            "lf-only" if rest.is_empty() => Self::LfOnly,
            _ => return Err(wrong()),
        })
    }
}

impl Corruption {
    /// Breaks a message; says whether it had what was to be broken, else it stays as it is.
    pub fn apply(&self, message: &mut Vec<u8>) -> bool {
        match self {
            Self::Truncate(len) => {
                let longer = message.len() > *len;
                message.truncate(*len);
                longer
            }
            Self::Flip { offset, mask } => match message.get_mut(*offset) {
                Some(octet) => {
                    *octet ^= mask;
                    *mask != 0
                }
                None => false,
            },
            Self::Append(text) => {
                message.extend_from_slice(text.as_bytes());
                true
            }
            _ => {
                let Some(mut lines) = Lines::of(message) else { return false };
                let done = self.apply_to(&mut lines);
                if done {
                    *message = lines.finish(if *self == Self::LfOnly { b"\n" } else { b"\r\n" });
                }
                done
            }
        }
    }

    fn apply_to(&self, lines: &mut Lines) -> bool {
        match self {
            Self::StartLine(text) => lines.start = text.clone().into_bytes(),
            Self::Version(text) => {
                let old = b"SIP/2.0";
                let Some(at) = lines.start.windows(old.len()).rposition(|part| part == old) else {
                    return false;
                };
                lines.start.splice(at..at + old.len(), text.bytes());
            }
            Self::Header { name, value } => {
                let Some((_, raw)) = lines.find(name) else { return false };
                *raw = format!(" {value}").into_bytes();
            }
            Self::Remove(name) => {
                let before = lines.headers.len();
                lines.headers.retain(|(own, _)| !same_name(own, name));
                return lines.headers.len() < before;
            }
            Self::Repeat(name) => {
                let Some(at) = lines.headers.iter().position(|(own, _)| same_name(own, name)) else {
                    return false;
                };
                lines.headers.extend_from_within(at..=at);
                if let Some(copy) = lines.headers.pop() {
                    lines.headers.insert(at, copy);
                }
            }
            Self::Fold(name) => {
                let Some((_, raw)) = lines.find(name) else { return false };
                let start = raw.iter().take_while(|octet| **octet == b' ').count();
                let at = raw.iter().skip(start).position(|octet| *octet == b' ').map_or(0, |at| start + at);
                raw.splice(at..at, *b"\r\n ");
            }
            Self::Compact => {
                for (own, _) in &mut lines.headers {
                    if let Some(short) = canonical_name(own).and_then(compact_name) {
                        short.clone_into(own);
                    }
                }
            }
            Self::LfOnly | Self::Truncate(_) | Self::Flip { .. } | Self::Append(_) => {}
        }
        true
    }
}

/// A message taken apart, the octets behind each colon as they stood.
struct Lines {
    start: Vec<u8>,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

impl Lines {
    fn of(octets: &[u8]) -> Option<Self> {
        let head = crate::message::Head::parse(octets).ok()?;
        let line = head.message.head().split(|octet| *octet == b'\n').next()?;
        Some(Self {
            start: line.strip_suffix(b"\r").unwrap_or(line).to_vec(),
            headers: head
                .message
                .headers()
                .iter()
                .map(|own| (own.wire_name.to_owned(), own.raw.to_vec()))
                .collect(),
            body: octets.get(head.len..).unwrap_or_default().to_vec(),
        })
    }

    fn find(&mut self, name: &str) -> Option<&mut (String, Vec<u8>)> {
        self.headers.iter_mut().find(|(own, _)| same_name(own, name))
    }

    fn finish(&self, end: &[u8]) -> Vec<u8> {
        let mut octets = [self.start.as_slice(), end].concat();
        for (name, raw) in &self.headers {
            octets.extend([name.as_bytes(), b":", raw, end].concat());
        }
        octets.extend([end, &self.body].concat());
        octets
    }
}
