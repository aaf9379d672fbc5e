//! Causes of release and failure (Q.763 section 3.12, values of Q.850).

use bytes::Bytes;
use tollgate_wire::{DecodeError, Fields, Value};

use crate::Phase;
use crate::asn::{FieldError, Type, bytes_of, group_of, number_of, within};
use crate::ber::{Element, Encoder, Tag};

/// A cause.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Cause {
    /// Coding standard: 0 ITU-T.
    pub coding: u8,
    /// Where it arose: 0 user, 2 public network serving the local user, 4 serving the remote user.
    pub location: u8,
    /// Cause value of Q.850, such as [`Cause::NORMAL_CLEARING`].
    pub value: u8,
    /// Diagnostics, mostly none.
    pub diagnostics: Vec<u8>,
}

impl Cause {
    /// Unallocated number.
    pub const UNALLOCATED: u8 = 1;
    /// Normal call clearing.
    pub const NORMAL_CLEARING: u8 = 16;
    /// User busy.
    pub const USER_BUSY: u8 = 17;
    /// No user responding.
    pub const NO_USER_RESPONDING: u8 = 18;
    /// No answer from the user.
    pub const NO_ANSWER: u8 = 19;
    /// Call rejected.
    pub const CALL_REJECTED: u8 = 21;
    /// Normal, unspecified.
    pub const NORMAL_UNSPECIFIED: u8 = 31;
    /// Resource unavailable, unspecified.
    pub const RESOURCE_UNAVAILABLE: u8 = 47;
    /// Requested facility not subscribed.
    pub const NOT_SUBSCRIBED: u8 = 50;

    /// A cause that arose in the public network serving the local user.
    #[must_use]
    pub const fn new(value: u8) -> Self {
        Self { coding: 0, location: 2, value, diagnostics: Vec::new() }
    }
}

impl Type for Cause {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        match &*element.octets()? {
            [first, value, diagnostics @ ..] => Ok(Self {
                coding: (first >> 5) & 3,
                location: first & 15,
                value: value & 0x7f,
                diagnostics: diagnostics.to_vec(),
            }),
            short => {
                Err(element
                    .invalid(short.len() as u64, "a cause has at least two octets (Q.763 section 3.12)"))
            }
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let mut octets = vec![0x80 | (self.coding & 3) << 5 | (self.location & 15), 0x80 | self.value & 0x7f];
        octets.extend(&self.diagnostics);
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        let mut fields =
            Fields::new().with("value", u32::from(self.value)).with("location", u32::from(self.location));
        if self.coding != 0 {
            fields.push("coding", u32::from(self.coding));
        }
        if !self.diagnostics.is_empty() {
            fields.push("diagnostics", Value::Bytes(Bytes::copy_from_slice(&self.diagnostics)));
        }
        Value::Group(fields)
    }

    /// A group as it is shown, or only the value.
    fn take(value: &Value) -> Result<Self, FieldError> {
        if let Value::Integer(_) | Value::Text(_) = value {
            return number_of(value).map(Self::new);
        }
        let mut own = Self::new(Self::NORMAL_UNSPECIFIED);
        for (name, value) in group_of(value)?.iter() {
            match name {
                "value" => own.value = within(name, number_of(value))?,
                "location" => own.location = within(name, number_of(value))?,
                "coding" => own.coding = within(name, number_of(value))?,
                "diagnostics" => own.diagnostics = within(name, bytes_of(value))?,
                other => return Err(FieldError::named(other, "value, location, coding, diagnostics")),
            }
        }
        Ok(own)
    }
}
