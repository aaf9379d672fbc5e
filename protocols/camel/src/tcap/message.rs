//! One message of TCAP: its kind, transaction identifiers, dialogue portion and components.

use std::fmt;

use tollgate_wire::{DecodeError, Fault};

use super::{Component, DialoguePortion};
use crate::asn::enumerated;
use crate::ber::{Element, Encoder, Tag, single};

/// The kind of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// No dialogue.
    Unidirectional,
    /// Opens a dialogue.
    Begin,
    /// Goes on with it.
    Continue,
    /// Ends it.
    End,
    /// Ends it for a fault.
    Abort,
}

impl Kind {
    const ALL: [Self; 5] = [Self::Unidirectional, Self::Begin, Self::Continue, Self::End, Self::Abort];

    /// Its tag (Q.773 section 3.1).
    #[must_use]
    pub const fn tag(self) -> Tag {
        Tag::application(match self {
            Self::Unidirectional => 1,
            Self::Begin => 2,
            Self::End => 4,
            Self::Continue => 5,
            Self::Abort => 7,
        })
    }

    /// The word for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unidirectional => "unidirectional",
            Self::Begin => "begin",
            Self::Continue => "continue",
            Self::End => "end",
            Self::Abort => "abort",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }
}

/// A transaction identifier: one to four octets, whose number matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TransactionId {
    len: u8,
    octets: [u8; 4],
}

impl TransactionId {
    /// One of four octets.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self { len: 4, octets: number.to_be_bytes() }
    }

    /// One of these octets; none where they are not one to four.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Option<Self> {
        let len = u8::try_from(octets.len()).ok().filter(|len| (1..=4).contains(len))?;
        let mut own = [0; 4];
        own[..octets.len()].copy_from_slice(octets);
        Some(Self { len, octets: own })
    }

    /// Its octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.len)]
    }

    fn read(element: &Element<'_>) -> Result<Self, DecodeError> {
        let octets = element.primitive()?;
        Self::from_octets(octets).ok_or_else(|| {
            element.invalid(octets.len() as u64, "a transaction identifier has one to four octets (Q.773)")
        })
    }
}

impl fmt::Display for TransactionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.octets().iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

enumerated! {
    /// Why the provider aborts a transaction.
    PAbort: enumerated {
        /// A message of an unknown kind.
        0, "unrecognizedMessageType" => UNRECOGNIZED_MESSAGE_TYPE,
        /// No such transaction.
        1, "unrecognizedTransactionID" => UNRECOGNIZED_TRANSACTION_ID,
        /// A transaction portion that cannot be read.
        2, "badlyFormattedTransactionPortion" => BADLY_FORMATTED,
        /// One that can be read and makes no sense.
        3, "incorrectTransactionPortion" => INCORRECT,
        /// No room.
        4, "resourceLimitation" => RESOURCE_LIMITATION,
    }
}

/// One message. What is set and does not belong to its kind is not written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message<'a> {
    /// Its kind.
    pub kind: Kind,
    /// The sender's transaction: Begin and Continue.
    pub origin: Option<TransactionId>,
    /// The receiver's transaction: Continue, End and Abort.
    pub destination: Option<TransactionId>,
    /// What is said about the dialogue.
    pub dialogue: Option<DialoguePortion<'a>>,
    /// Why the provider aborts.
    pub p_abort: Option<PAbort>,
    /// The components.
    pub components: Vec<Component<'a>>,
}

const ORIGIN: Tag = Tag::application(8);
const DESTINATION: Tag = Tag::application(9);
const P_ABORT: Tag = Tag::application(10);
const DIALOGUE: Tag = Tag::application(11);
const COMPONENTS: Tag = Tag::application(12);

impl<'a> Message<'a> {
    /// A message of this kind with nothing in it.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self { kind, origin: None, destination: None, dialogue: None, p_abort: None, components: Vec::new() }
    }

    /// Reads a message.
    ///
    /// # Errors
    /// It is no message of TCAP, or its transaction portion cannot be read. A dialogue portion or a component
    /// that cannot be read is kept as such.
    pub fn parse(octets: &'a [u8]) -> Result<Self, DecodeError> {
        let outer = single(octets, "TCAP message")?;
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.tag() == outer.tag) else {
            let fault = Fault::Invalid {
                value: u64::from(outer.tag.number),
                rule: "this tag begins no message of TCAP (Q.773 section 3.1)",
            };
            return Err(DecodeError { what: "TCAP message", offset: 0, fault });
        };
        let mut own = Self::new(kind);
        for part in outer.elements()? {
            let part = part?;
            match part.tag {
                ORIGIN => own.origin = Some(TransactionId::read(&part.named("otid"))?),
                DESTINATION => own.destination = Some(TransactionId::read(&part.named("dtid"))?),
                P_ABORT => {
                    own.p_abort =
                        Some(<PAbort as crate::Type>::read(&part.named("P-Abort"), crate::Phase::Two)?);
                }
                DIALOGUE => own.dialogue = Some(DialoguePortion::read(&part.named("dialogue portion"))),
                COMPONENTS => {
                    for component in part.named("component portion").elements()? {
                        own.components.push(Component::read(&component?));
                    }
                }
                _ => {}
            }
        }
        own.check(&outer)?;
        Ok(own)
    }

    /// The identifiers that the kind must have.
    fn check(&self, outer: &Element<'_>) -> Result<(), DecodeError> {
        let origin = matches!(self.kind, Kind::Begin | Kind::Continue);
        let destination = matches!(self.kind, Kind::Continue | Kind::End | Kind::Abort);
        if origin && self.origin.is_none() {
            return Err(outer.lacks("otid"));
        }
        if destination && self.destination.is_none() {
            return Err(outer.lacks("dtid"));
        }
        Ok(())
    }

    /// The octets of the message.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new();
        out.constructed(self.kind.tag(), |out| {
            if let (Kind::Begin | Kind::Continue, Some(id)) = (self.kind, &self.origin) {
                out.primitive(ORIGIN, id.octets());
            }
            if let (Kind::Continue | Kind::End | Kind::Abort, Some(id)) = (self.kind, &self.destination) {
                out.primitive(DESTINATION, id.octets());
            }
            if let (Kind::Abort, Some(cause)) = (self.kind, self.p_abort) {
                out.integer(P_ABORT, i64::from(cause.0));
            }
            if let Some(dialogue) = &self.dialogue {
                dialogue.write(DIALOGUE, out);
            }
            if self.kind != Kind::Abort && !self.components.is_empty() {
                out.constructed(COMPONENTS, |out| {
                    self.components.iter().for_each(|own| own.write(out));
                });
            }
        });
        out.into_bytes()
    }
}
