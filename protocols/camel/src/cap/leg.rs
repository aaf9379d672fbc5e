//! The legs of a call: 1 the party that the service is for, 2 the other one.

use tollgate_wire::{DecodeError, Value};

use crate::Phase;
use crate::asn::{FieldError, Type, choice, enumerated};
use crate::ber::{Element, Encoder, Tag};

enumerated! {
    /// A leg of a call.
    Leg: octet {
        /// The party that started the call, or for whom the service is.
        1, "leg1" => ONE,
        /// The party that is called.
        2, "leg2" => TWO,
    }
}

choice! {
    /// A leg, as one side or the other names it.
    LegId {
        /// In what the gsmSCF sends.
        [Tag::context(0)] "sendingSideID" => Sending(Leg),
        /// In what the gsmSSF sends.
        [Tag::context(1)] "receivingSideID" => Receiving(Leg),
    }
}

/// A leg in what the gsmSCF sends (SendingSideID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct SendingSide(pub Leg);

/// A leg in what the gsmSSF sends (ReceivingSideID).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct ReceivingSide(pub Leg);

/// A choice of one alternative shows as that one.
macro_rules! side {
    ($name:ident, $number:literal) => {
        impl Type for $name {
            const TAG: Tag = Tag::SEQUENCE;

            fn read(element: &Element<'_>, phase: Phase) -> Result<Self, DecodeError> {
                let inner = element.inner()?;
                if inner.tag != Tag::context($number) {
                    let rule = concat!("the leg has the tag [", $number, "] here");
                    return Err(inner.invalid(u64::from(inner.tag.number), rule));
                }
                Leg::read(&inner, phase).map(Self)
            }

            fn write(&self, tag: Tag, phase: Phase, out: &mut Encoder) {
                out.constructed(tag, |out| self.0.write(Tag::context($number), phase, out));
            }

            fn show(&self) -> Value {
                self.0.show()
            }

            fn take(value: &Value) -> Result<Self, FieldError> {
                Leg::take(value).map(Self)
            }
        }
    };
}

side!(SendingSide, 0);
side!(ReceivingSide, 1);
