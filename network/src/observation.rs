//! What a node noticed. A message is kept as its octets and read only when somebody looks: most observations of a
//! run are never looked at, and reading all of them would cost more than the run.

use std::fmt;
use std::sync::OnceLock;

use bytes::Bytes;
use tollgate_wire::{Fields, Text};

/// A fact that a node noticed: a message sent or received, a prompt heard, an xDR written.
#[derive(Clone)]
pub struct Observation {
    /// One of the [`crate::Sight`]s that the node's kind publishes: `Access-Accept`, `prompt`, `xdr`.
    pub kind: Text,
    details: Details,
}

#[derive(Clone)]
enum Details {
    Known(Fields),
    Message { octets: Bytes, read: fn(&[u8]) -> Fields, known: OnceLock<Fields> },
}

impl Observation {
    /// An observation of this kind.
    pub fn new(kind: impl Into<Text>, fields: Fields) -> Self {
        Self { kind: kind.into(), details: Details::Known(fields) }
    }

    /// A message, with what reads its fields from its octets when they are asked for.
    pub fn message(kind: impl Into<Text>, octets: Bytes, read: fn(&[u8]) -> Fields) -> Self {
        Self { kind: kind.into(), details: Details::Message { octets, read, known: OnceLock::new() } }
    }

    /// The details.
    #[must_use]
    pub fn fields(&self) -> &Fields {
        match &self.details {
            Details::Known(fields) => fields,
            Details::Message { octets, read, known } => known.get_or_init(|| read(octets)),
        }
    }
}

impl PartialEq for Observation {
    /// Two observations are the same when they show the same.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.fields() == other.fields()
    }
}

impl Eq for Observation {}

impl fmt::Debug for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observation").field("kind", &self.kind).field("fields", self.fields()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Fields {
        Fields::new().with("octets", u32::try_from(octets.len()).unwrap_or_default())
    }

    #[test]
    fn a_message_shows_what_its_octets_read_as() {
        let message = Observation::message("Access-Accept", Bytes::from_static(&[2, 1, 0]), read);
        assert_eq!(message, Observation::new("Access-Accept", Fields::new().with("octets", 3_u32)));
        assert_ne!(message, Observation::new("Access-Reject", Fields::new().with("octets", 3_u32)));
    }
}
