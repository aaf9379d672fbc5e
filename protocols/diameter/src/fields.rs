//! A message as a field tree, under the names that the documents use.

use tollgate_wire::{Fields, Text, Value};

use crate::dictionary::Kind;
use crate::{Avps, Message, value};

impl Message<'_> {
    /// Every AVP by name, in order; an AVP that stands several times is several fields.
    ///
    /// - Text, addresses, times and numbers in their types; Enumerated as the name of its value,
    ///   Result-Code and other Unsigned32 as the number; octets and whatever does not fit its type
    ///   as bytes.
    /// - A group as a group. An Address of a telephone number is `tel:<digits>`, one of another
    ///   family `afn:<family>:<hexadecimal digits>`.
    /// - What no dictionary knows: `AVP-<n>`, `Vendor-<v>-AVP-<n>`.
    #[must_use]
    pub fn fields(&self) -> Fields {
        fields_of(self.avps())
    }
}

/// The same for AVPs of a group.
pub(crate) fn fields_of(avps: Avps<'_>) -> Fields {
    let mut fields = Fields::with_capacity(16);
    for own in avps {
        let Some(known) = own.definition() else {
            fields.push(Text::from(own.code.to_string()), value::octets(own.data));
            continue;
        };
        let name = Text::const_new(known.name);
        match (known.kind, own.group()) {
            (Kind::Grouped, Ok(inside)) => fields.push(name, Value::Group(fields_of(inside))),
            (Kind::Grouped, Err(_)) => fields.push(name, value::octets(own.data)),
            _ => fields.push(name, value::read(known, own.data)),
        }
    }
    fields
}

/// The fields of a message in octets; a malformed one shows as its `octets`.
#[must_use]
pub fn message_fields(octets: &[u8]) -> Fields {
    match Message::parse(octets) {
        Ok(message) => message.fields(),
        Err(_) => Fields::new().with("octets", value::octets(octets)),
    }
}
