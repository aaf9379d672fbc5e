//! Breaks a message on purpose: `corrupt: operation 99`. What counts octets leaves the rest as it is; what
//! names a part reads the message, changes the part and writes it anew.

use std::str::FromStr;

use tollgate_wire::corruption::{self, Entry, entry};

use crate::asn::bytes_of;
use crate::cap::ApplicationContext;
use crate::tcap::{Code, Component, DialoguePortion, Message, Part, TransactionId};

/// One way to break a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Corruption {
    /// Another first octet: another tag.
    Tag(u8),
    /// Another second octet: another length.
    Length(u8),
    /// Only so many octets.
    Truncate(usize),
    /// One octet with bits turned.
    Flip {
        /// Octets from the start of the message.
        offset: usize,
        /// The bits to turn.
        mask: u8,
    },
    /// Octets behind the message.
    Append(Vec<u8>),
    /// Another operation code in the first invocation.
    Operation(i64),
    /// The argument of the first invocation replaced, or taken out where there are no octets.
    Argument(Vec<u8>),
    /// Another invoke identifier in the first component.
    InvokeId(i8),
    /// The first component a second time, behind the others.
    RepeatComponent,
    /// Another application context.
    Context(ApplicationContext),
    /// No dialogue portion.
    NoDialogue,
    /// Another transaction of the receiver.
    Destination(TransactionId),
    /// The outermost length left open, which is legal.
    Indefinite,
}

/// Every word, to list and to explain.
pub const CATALOGUE: &[Entry] = &[
    entry(
        "tag",
        "<0..255>",
        "writes another first octet; a message of no kind is aborted or discarded (Q.774)",
    ),
    entry("length", "<0..255>", "writes another second octet, so that the length does not fit the octets"),
    entry("truncate", "<octets to keep>", "cuts the message and leaves its lengths"),
    entry("flip", "<offset> [<mask, 0x01 if left out>]", "turns bits of one octet"),
    entry("append", "0x<hexadecimal digits>", "adds octets behind the message"),
    entry(
        "operation",
        "<code>",
        "writes another operation code; an unknown one is rejected (unrecognizedOperation)",
    ),
    entry(
        "argument",
        "0x<hexadecimal digits> | none",
        "writes another argument; a wrong one is rejected (mistypedParameter)",
    ),
    entry("invoke-id", "<-128..127>", "writes another invoke identifier in the first component"),
    entry(
        "repeat-component",
        "",
        "writes the first component twice; the second is rejected (duplicateInvokeID)",
    ),
    entry("context", "<name or identifier>", "writes another application context; an unknown one is refused"),
    entry("no-dialogue", "", "leaves the dialogue portion out"),
    entry("destination", "<1 to 4 octets>", "writes another dtid; an unknown one is aborted"),
    entry(
        "indefinite",
        "",
        "leaves the outermost length open, which every receiver must read (X.690 section 8.1.3.6)",
    ),
];

impl FromStr for Corruption {
    type Err = corruption::CorruptionError;

    fn from_str(text: &str) -> Result<Self, corruption::CorruptionError> {
        corruption::read(CATALOGUE, text, Self::read)
    }
}

impl Corruption {
    fn read(words: &[&str]) -> Option<Self> {
        Some(match *words {
            ["tag", octet] => Self::Tag(octet_of(octet)?),
            ["length", octet] => Self::Length(octet_of(octet)?),
            ["truncate", len] => Self::Truncate(len.parse().ok()?),
            ["flip", offset] => Self::Flip { offset: offset.parse().ok()?, mask: 1 },
            ["flip", offset, mask] => Self::Flip { offset: offset.parse().ok()?, mask: octet_of(mask)? },
            ["append", octets] => Self::Append(octets_of(octets)?),
            ["operation", code] => Self::Operation(code.parse().ok()?),
            ["argument", "none"] => Self::Argument(Vec::new()),
            ["argument", octets] => Self::Argument(octets_of(octets)?),
            ["invoke-id", id] => Self::InvokeId(id.parse().ok()?),
            ["repeat-component"] => Self::RepeatComponent,
            ["context", name] => Self::Context(ApplicationContext::from_name(name)?),
            ["no-dialogue"] => Self::NoDialogue,
            ["destination", id] => {
                let octets = octets_of(&format!("0x{}", id.strip_prefix("0x").unwrap_or(id)))?;
                Self::Destination(TransactionId::from_octets(&octets)?)
            }
            ["indefinite"] => Self::Indefinite,
            _ => return None,
        })
    }

    /// Breaks the message; answers whether it had what was to be broken. Otherwise it stays as it is.
    pub fn apply(&self, message: &mut Vec<u8>) -> bool {
        let before = message.clone();
        match self {
            Self::Tag(octet) => set(message, 0, *octet),
            Self::Length(octet) => set(message, 1, *octet),
            Self::Truncate(len) => message.truncate(*len),
            Self::Flip { offset, mask } => {
                if let Some(octet) = message.get_mut(*offset) {
                    *octet ^= mask;
                }
            }
            Self::Append(octets) => message.extend(octets),
            Self::Indefinite => leave_open(message),
            part => {
                if let Some(written) = part.rewrite(&before) {
                    *message = written;
                }
            }
        }
        *message != before
    }

    fn rewrite(&self, octets: &[u8]) -> Option<Vec<u8>> {
        let mut own = Message::parse(octets).ok()?;
        let first = own.components.first_mut();
        match (self, first) {
            (Self::Operation(new), Some(Component::Invoke { code, .. })) => *code = Code::Local(*new),
            (Self::Argument(new), Some(Component::Invoke { argument, .. })) => *argument = Part::of(new),
            (Self::InvokeId(new), Some(component)) => match component {
                Component::Invoke { id, .. } | Component::Result { id, .. } | Component::Error { id, .. } => {
                    *id = *new;
                }
                Component::Reject { id, .. } => *id = Some(*new),
                Component::Unreadable { .. } => return None,
            },
            (Self::RepeatComponent, Some(component)) => {
                let again = *component;
                own.components.push(again);
            }
            (Self::Context(new), _) => match own.dialogue.as_mut()? {
                DialoguePortion::Request { context, .. } | DialoguePortion::Response { context, .. } => {
                    *context = new.octets();
                }
                _ => return None,
            },
            (Self::NoDialogue, _) => own.dialogue = None,
            (Self::Destination(new), _) => *own.destination.as_mut()? = *new,
            _ => return None,
        }
        Some(own.encode())
    }
}

fn set(message: &mut [u8], at: usize, octet: u8) {
    if let Some(own) = message.get_mut(at) {
        *own = octet;
    }
}

fn leave_open(message: &mut Vec<u8>) {
    let Ok(outer) = crate::ber::single(message, "message") else { return };
    let mut open = vec![message[0], 0x80];
    open.extend(outer.contents);
    open.extend([0, 0]);
    *message = open;
}

fn octet_of(text: &str) -> Option<u8> {
    match text.strip_prefix("0x") {
        Some(digits) => u8::from_str_radix(digits, 16).ok(),
        None => text.parse().ok(),
    }
}

fn octets_of(text: &str) -> Option<Vec<u8>> {
    bytes_of(&tollgate_wire::Value::text(text)).ok()
}

#[cfg(test)]
mod tests {
    use tollgate_wire::{Fields, Value};

    use super::*;
    use crate::{message_fields, message_octets};

    fn begin() -> Vec<u8> {
        let argument = Value::Group(Fields::new().with("serviceKey", 100_u32));
        let fields = Fields::new()
            .with("message", "begin")
            .with("otid", "00000001")
            .with("dialogueRequest", "cap2-calls")
            .with("initialDP", argument);
        message_octets(&fields).unwrap()
    }

    fn broken(text: &str) -> Vec<u8> {
        let mut message = begin();
        assert!(text.parse::<Corruption>().unwrap().apply(&mut message), "{text}");
        message
    }

    #[test]
    fn every_word_of_the_catalogue_can_be_written_and_changes_a_message() {
        let examples = [
            "tag 0x30",
            "length 7",
            "truncate 5",
            "flip 3 0x80",
            "append 0x00",
            "operation 99",
            "argument none",
            "invoke-id 7",
            "repeat-component",
            "context 0.4.0.0.1.0.50.0",
            "no-dialogue",
            "indefinite",
        ];
        for text in examples {
            broken(text);
        }
        for entry in CATALOGUE {
            let shown =
                examples.iter().any(|text| text.starts_with(entry.word)) || entry.word == "destination";
            assert!(shown, "{} has no example", entry.word);
        }
        assert!("destination 0x01".parse::<Corruption>().is_ok());
        assert!("lenght 7".parse::<Corruption>().is_err() && "length".parse::<Corruption>().is_err());
    }

    #[test]
    fn a_changed_part_keeps_every_length_right() {
        let fields = message_fields(&broken("operation 99"));
        assert_eq!(
            fields.get("operation").map(ToString::to_string),
            Some("{ code: 99, argument: 0x3003800164 }".into())
        );
        assert_eq!(message_fields(&broken("repeat-component")).all("initialDP").count(), 2);
        assert_eq!(
            message_fields(&broken("context 0.4.0.0.1.0.50.0")).get("dialogueRequest"),
            Some(&Value::text("0.4.0.0.1.0.50.0"))
        );
    }

    #[test]
    fn an_open_length_reads_as_the_same_message() {
        assert_eq!(message_fields(&broken("indefinite")), message_fields(&begin()));
    }
}
