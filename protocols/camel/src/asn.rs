//! What every ASN.1 type of CAP can do, and the tables in which sequences, choices and enumerations are
//! written down: tag, name and type of each component, from which all four directions follow.
//!
//! A component that a table lacks is kept as [`Unknown`] and written again behind the known ones.

mod table;
mod value;

pub(crate) use table::{choice, enumerated, sequence};
pub use value::{FieldError, Null, Octets, Unknown};
pub(crate) use value::{bytes_of, group_of, integer_of, number_of, text_of, within};

use tollgate_wire::{DecodeError, Value};

use crate::Phase;
use crate::ber::{Element, Encoder, Tag};

/// A type of ASN.1.
pub trait Type: Sized {
    /// The tag where the type has no other.
    const TAG: Tag;

    /// Reads the value from an element, whatever its tag.
    ///
    /// # Errors
    /// The contents are not those of the type.
    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError>;

    /// Writes the value under `tag`.
    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder);

    /// The value as people and expectations see it.
    fn show(&self) -> Value;

    /// The value that people wrote.
    ///
    /// # Errors
    /// It is none of the type.
    fn take(value: &Value) -> Result<Self, FieldError>;
}

/// A component of a sequence: a type, or one that may be left out.
pub(crate) trait Member: Sized {
    /// The value where the component is absent; none where it must not be.
    fn absent() -> Option<Self>;
    fn read_member(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError>;
    fn write_member(&self, tag: Tag, phase: Phase, out: &mut Encoder);
    fn show_member(&self) -> Option<Value>;
    fn take_member(value: &Value) -> Result<Self, FieldError>;
}

impl<T: Type> Member for T {
    fn absent() -> Option<Self> {
        None
    }

    fn read_member(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        T::read(element, phase)
    }

    fn write_member(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        self.write(tag, phase, out);
    }

    fn show_member(&self) -> Option<Value> {
        Some(self.show())
    }

    fn take_member(value: &Value) -> Result<Self, FieldError> {
        T::take(value)
    }
}

impl<T: Type> Member for Option<T> {
    fn absent() -> Option<Self> {
        Some(None)
    }

    fn read_member(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        T::read(element, phase).map(Some)
    }

    fn write_member(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        if let Some(value) = self {
            value.write(tag, phase, out);
        }
    }

    fn show_member(&self) -> Option<Value> {
        self.as_ref().map(Type::show)
    }

    fn take_member(value: &Value) -> Result<Self, FieldError> {
        T::take(value).map(Some)
    }
}

/// SEQUENCE OF and SET OF.
impl<T: Type> Type for Vec<T> {
    const TAG: Tag = Tag::SEQUENCE;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        element.elements()?.map(|own| T::read(&own?.named(element.what), phase)).collect()
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        out.constructed(tag, |out| self.iter().for_each(|own| own.write(T::TAG, phase, out)));
    }

    fn show(&self) -> Value {
        Value::List(self.iter().map(Type::show).collect())
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        match value {
            Value::List(values) => values.iter().map(T::take).collect(),
            one => Ok(vec![T::take(one)?]),
        }
    }
}

impl<T: Type> Type for Box<T> {
    const TAG: Tag = T::TAG;

    fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
        T::read(element, phase).map(Self::new)
    }

    fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
        T::write(self, tag, phase, out);
    }

    fn show(&self) -> Value {
        T::show(self)
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        T::take(value).map(Self::new)
    }
}

impl Type for i64 {
    const TAG: Tag = Tag::INTEGER;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        element.integer()
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.integer(tag, *self);
    }

    fn show(&self) -> Value {
        Value::from(*self)
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        integer_of(value)
    }
}

/// INTEGER that the standards keep between 0 and 2³²−1.
impl Type for u32 {
    const TAG: Tag = Tag::INTEGER;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        let number = element.integer()?;
        Self::try_from(number)
            .map_err(|_| element.invalid(number.unsigned_abs(), "it must lie between 0 and 4294967295"))
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.integer(tag, i64::from(*self));
    }

    fn show(&self) -> Value {
        Value::from(*self)
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        number_of(value)
    }
}

impl Type for bool {
    const TAG: Tag = Tag::BOOLEAN;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        element.boolean()
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.boolean(tag, *self);
    }

    fn show(&self) -> Value {
        Value::Flag(*self)
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        match value {
            Value::Flag(flag) => Ok(*flag),
            other => Err(FieldError::new(other, "true or false")),
        }
    }
}
