//! The plain types (octets, NULL, what is unknown), and how values that people wrote are taken.

use bytes::Bytes;
use tollgate_wire::{DecodeError, Fields, Text, Value};

use super::Type;
use crate::Phase;
use crate::ber::{Element, Encoder, Tag};

/// A value that people wrote does not fit its place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{found} does not fit here; write {wanted}", if path.is_empty() { String::new() } else { format!("{path}: ") })]
pub struct FieldError {
    /// The names that lead to it, with dots.
    pub path: String,
    /// What was written.
    pub found: String,
    /// What fits.
    pub wanted: String,
}

impl FieldError {
    pub(crate) fn new(found: &Value, wanted: impl Into<String>) -> Self {
        Self { path: String::new(), found: found.to_string(), wanted: wanted.into() }
    }

    pub(crate) fn named(name: &str, wanted: impl Into<String>) -> Self {
        Self { path: String::new(), found: format!("'{name}'"), wanted: wanted.into() }
    }
}

/// Puts a name in front of the path of an error.
pub(crate) fn within<T>(name: &str, result: Result<T, FieldError>) -> Result<T, FieldError> {
    result.map_err(|error| FieldError {
        path: if error.path.is_empty() { name.to_owned() } else { format!("{name}.{}", error.path) },
        ..error
    })
}

pub(crate) fn integer_of(value: &Value) -> Result<i64, FieldError> {
    let number = match value {
        Value::Integer(number) => i64::try_from(*number).ok(),
        Value::Text(text) => text.parse().ok(),
        _ => None,
    };
    number.ok_or_else(|| FieldError::new(value, "a whole number"))
}

pub(crate) fn number_of<T: TryFrom<i64>>(value: &Value) -> Result<T, FieldError> {
    T::try_from(integer_of(value)?).map_err(|_| FieldError::new(value, "a whole number within its bounds"))
}

pub(crate) fn text_of(value: &Value) -> Result<Text, FieldError> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(Text::from(number.to_string())),
        other => Err(FieldError::new(other, "text")),
    }
}

pub(crate) fn group_of(value: &Value) -> Result<&Fields, FieldError> {
    match value {
        Value::Group(fields) => Ok(fields),
        other => Err(FieldError::new(other, "a group of fields")),
    }
}

pub(crate) fn bytes_of(value: &Value) -> Result<Vec<u8>, FieldError> {
    let wanted = "octets, such as 0x01ff";
    match value {
        Value::Bytes(bytes) => Ok(bytes.to_vec()),
        Value::Text(text) => {
            let digits = text.strip_prefix("0x").ok_or_else(|| FieldError::new(value, wanted))?;
            tollgate_wire::unhex(digits).ok_or_else(|| FieldError::new(value, wanted))
        }
        other => Err(FieldError::new(other, wanted)),
    }
}

/// An OCTET STRING whose octets are not looked into.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Octets(pub Vec<u8>);

impl Type for Octets {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        Ok(Self(element.octets()?.into_owned()))
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.primitive(tag, &self.0);
    }

    fn show(&self) -> Value {
        Value::Bytes(Bytes::copy_from_slice(&self.0))
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        bytes_of(value).map(Self)
    }
}

/// NULL: that it is there says all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Null;

impl Type for Null {
    const TAG: Tag = Tag::NULL;

    fn read(_: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        Ok(Self)
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.primitive(tag, &[]);
    }

    fn show(&self) -> Value {
        Value::Flag(true)
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        match value {
            Value::Flag(true) => Ok(Self),
            other => Err(FieldError::new(other, "true, or leave it out")),
        }
    }
}

/// An element that no table knows, or whose contents are not looked into: its contents and whether they
/// are elements. Its tag is that of its place, or is kept beside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unknown {
    /// Its tag.
    pub tag: Tag,
    /// Whether it holds elements.
    pub constructed: bool,
    /// Its contents.
    pub contents: Vec<u8>,
}

impl Unknown {
    pub(crate) fn of(element: &Element<'_>) -> Self {
        Self { tag: element.tag, constructed: element.constructed, contents: element.contents.to_vec() }
    }

    /// Writes it under its own tag.
    pub(crate) fn write_again(&self, out: &mut Encoder) {
        self.write(self.tag, Phase::Three, out);
    }

    /// All its octets.
    pub(crate) fn encoding(&self) -> Vec<u8> {
        let mut out = Encoder::new();
        self.write_again(&mut out);
        out.into_bytes()
    }

    pub(crate) fn take_encoding(value: &Value) -> Result<Self, FieldError> {
        let octets = bytes_of(value)?;
        crate::ber::single(&octets, "unknown")
            .map(|element| Self::of(&element))
            .map_err(|error| FieldError::new(value, format!("one whole element ({error})")))
    }
}

/// Constructed contents that are kept as they are.
impl Type for Unknown {
    const TAG: Tag = Tag::SEQUENCE;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        Ok(Self::of(element))
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        if self.constructed {
            out.constructed(tag, |out| out.raw(&self.contents));
        } else {
            out.primitive(tag, &self.contents);
        }
    }

    fn show(&self) -> Value {
        Value::Bytes(Bytes::from(self.encoding()))
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        Self::take_encoding(value)
    }
}
