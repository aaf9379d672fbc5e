//! The tables: macros that make a type of ASN.1 from its tags and names.

/// A SEQUENCE: `[tag] "name" => field: type`. A field of type `Option` may be absent. Elements of other tags
/// are kept in `unknown`, in order.
macro_rules! sequence {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$about:meta])* [$tag:expr] $asn:literal => $field:ident: $kind:ty,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $($(#[$about])* pub $field: $kind,)*
            /// Elements that the type does not know, in order.
            pub unknown: Vec<$crate::asn::Unknown>,
        }

        impl $crate::asn::Type for $name {
            const TAG: $crate::ber::Tag = $crate::ber::Tag::SEQUENCE;

            fn read(
                element: &$crate::ber::Element<'_>,
                phase: $crate::Phase,
            ) -> Result<Self, tollgate_wire::DecodeError> {
                $(let mut $field: Option<$kind> = None;)*
                let mut unknown = Vec::new();
                for own in element.elements()? {
                    let own = own?;
                    match own.tag {
                        $(tag if tag == $tag => {
                            let own = own.named($asn);
                            if $field.is_some() {
                                return Err(own.invalid(u64::from(tag.number), "it stands there twice"));
                            }
                            $field = Some($crate::asn::Member::read_member(&own, phase)?);
                        })*
                        _ => unknown.push($crate::asn::Unknown::of(&own)),
                    }
                }
                let _ = phase;
                Ok(Self {
                    $($field: $field
                        .or_else($crate::asn::Member::absent)
                        .ok_or_else(|| element.lacks($asn))?,)*
                    unknown,
                })
            }

            fn write(
                &self,
                tag: $crate::ber::Tag,
                phase: $crate::Phase,
                out: &mut $crate::ber::Encoder,
            ) {
                let _ = phase;
                out.constructed(tag, |out| {
                    $($crate::asn::Member::write_member(&self.$field, $tag, phase, out);)*
                    self.unknown.iter().for_each(|own| own.write_again(out));
                });
            }

            fn show(&self) -> tollgate_wire::Value {
                let mut fields = tollgate_wire::Fields::new();
                $(if let Some(value) = $crate::asn::Member::show_member(&self.$field) {
                    fields.push($asn, value);
                })*
                for own in &self.unknown {
                    fields.push("unknown", $crate::asn::Type::show(own));
                }
                tollgate_wire::Value::Group(fields)
            }

            fn take(value: &tollgate_wire::Value) -> Result<Self, $crate::asn::FieldError> {
                $(let mut $field: Option<$kind> = None;)*
                let mut unknown = Vec::new();
                for (name, value) in $crate::asn::group_of(value)?.iter() {
                    match name {
                        $($asn => {
                            let taken = $crate::asn::Member::take_member(value);
                            $field = Some($crate::asn::within($asn, taken)?);
                        })*
                        "unknown" => {
                            let taken = $crate::asn::Unknown::take_encoding(value);
                            unknown.push($crate::asn::within(name, taken)?);
                        }
                        other => {
                            let names: &[&str] = &[$($asn,)* "unknown"];
                            return Err($crate::asn::FieldError::named(other, names.join(", ")));
                        }
                    }
                }
                Ok(Self {
                    $($field: $field.or_else($crate::asn::Member::absent).ok_or_else(|| {
                        $crate::asn::FieldError::named("nothing", concat!("the mandatory ", $asn))
                    })?,)*
                    unknown,
                })
            }
        }
    };
}

/// A CHOICE: `[tag] "name" => Variant(type)`. Under a tag of its surroundings it is tagged explicitly
/// (X.680 section 31.2.7).
macro_rules! choice {
    ($(#[$meta:meta])* $name:ident {
        $($(#[$about:meta])* [$tag:expr] $asn:literal => $variant:ident($kind:ty),)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($(#[$about])* $variant($kind),)*
            /// An alternative that the type does not know.
            Unknown($crate::asn::Unknown),
        }

        impl $name {
            /// Reads the alternative itself, where no tag is around it.
            pub(crate) fn read_alternative(
                own: &$crate::ber::Element<'_>,
                phase: $crate::Phase,
            ) -> Result<Self, tollgate_wire::DecodeError> {
                Ok(match own.tag {
                    $(tag if tag == $tag => {
                        Self::$variant($crate::asn::Type::read(&own.named($asn), phase)?)
                    })*
                    _ => Self::Unknown($crate::asn::Unknown::of(own)),
                })
            }

            /// Writes the alternative without a tag around it.
            pub(crate) fn write_alternative(
                &self,
                phase: $crate::Phase,
                out: &mut $crate::ber::Encoder,
            ) {
                match self {
                    $(Self::$variant(value) => $crate::asn::Type::write(value, $tag, phase, out),)*
                    Self::Unknown(own) => own.write_again(out),
                }
            }
        }

        impl $crate::asn::Type for $name {
            const TAG: $crate::ber::Tag = $crate::ber::Tag::SEQUENCE;

            fn read(
                element: &$crate::ber::Element<'_>,
                phase: $crate::Phase,
            ) -> Result<Self, tollgate_wire::DecodeError> {
                Self::read_alternative(&element.inner()?, phase)
            }

            fn write(
                &self,
                tag: $crate::ber::Tag,
                phase: $crate::Phase,
                out: &mut $crate::ber::Encoder,
            ) {
                out.constructed(tag, |out| self.write_alternative(phase, out));
            }

            fn show(&self) -> tollgate_wire::Value {
                let (name, value) = match self {
                    $(Self::$variant(value) => ($asn, $crate::asn::Type::show(value)),)*
                    Self::Unknown(own) => ("unknown", $crate::asn::Type::show(own)),
                };
                tollgate_wire::Value::Group(tollgate_wire::Fields::new().with(name, value))
            }

            fn take(value: &tollgate_wire::Value) -> Result<Self, $crate::asn::FieldError> {
                let names: &[&str] = &[$($asn,)* "unknown"];
                let mut fields = $crate::asn::group_of(value)?.iter();
                let (Some((name, inner)), None) = (fields.next(), fields.next()) else {
                    return Err($crate::asn::FieldError::new(value, format!("one of {}", names.join(", "))));
                };
                match name {
                    $($asn => {
                        $crate::asn::within($asn, $crate::asn::Type::take(inner)).map(Self::$variant)
                    })*
                    "unknown" => {
                        $crate::asn::within(name, $crate::asn::Unknown::take_encoding(inner)).map(Self::Unknown)
                    }
                    other => Err($crate::asn::FieldError::named(other, names.join(", "))),
                }
            }
        }
    };
}

/// A number whose values have names: `number, "name" => CONSTANT`. Other numbers are kept. `$carrier` says how
/// it is encoded: `enumerated` or `octet` (an OCTET STRING of one octet).
macro_rules! enumerated {
    ($(#[$meta:meta])* $name:ident: $carrier:ident {
        $($(#[$about:meta])* $number:literal, $asn:literal => $constant:ident,)*
    }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
        pub struct $name(pub u8);

        impl $name {
            $($(#[$about])* pub const $constant: Self = Self($number);)*

            /// The number's name in ASN.1.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($asn),)*
                    _ => None,
                }
            }

            /// The value of this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($asn => Some(Self::$constant),)*
                    _ => None,
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, "{}", self.0),
                }
            }
        }

        impl $crate::asn::Type for $name {
            const TAG: $crate::ber::Tag = $crate::asn::enumerated!(@tag $carrier);

            fn read(
                element: &$crate::ber::Element<'_>,
                _: $crate::Phase,
            ) -> Result<Self, tollgate_wire::DecodeError> {
                $crate::asn::enumerated!(@read $carrier, element).map(Self)
            }

            fn write(&self, tag: $crate::ber::Tag, _: $crate::Phase, out: &mut $crate::ber::Encoder) {
                $crate::asn::enumerated!(@write $carrier, self.0, tag, out);
            }

            fn show(&self) -> tollgate_wire::Value {
                match self.name() {
                    Some(name) => tollgate_wire::Value::text(name),
                    None => tollgate_wire::Value::from(u32::from(self.0)),
                }
            }

            fn take(value: &tollgate_wire::Value) -> Result<Self, $crate::asn::FieldError> {
                let named = value.as_text().and_then(Self::from_name);
                named.map_or_else(
                    || {
                        $crate::asn::number_of(value).map(Self).map_err(|_| {
                            let names: &[&str] = &[$($asn,)*];
                            $crate::asn::FieldError::new(value, format!("one of {}, or a number", names.join(", ")))
                        })
                    },
                    Ok,
                )
            }
        }
    };
    (@tag enumerated) => { $crate::ber::Tag::ENUMERATED };
    (@tag octet) => { $crate::ber::Tag::OCTET_STRING };
    (@read enumerated, $element:ident) => {{
        let number = $element.integer()?;
        u8::try_from(number)
            .map_err(|_| $element.invalid(number.unsigned_abs(), "values beyond 255 are not read"))
    }};
    (@read octet, $element:ident) => {
        match *$element.octets()? {
            [octet] => Ok(octet),
            ref octets => Err($element.invalid(octets.len() as u64, "it has one octet")),
        }
    };
    (@write enumerated, $number:expr, $tag:ident, $out:ident) => { $out.integer($tag, i64::from($number)) };
    (@write octet, $number:expr, $tag:ident, $out:ident) => { $out.primitive($tag, &[$number]) };
}

pub(crate) use {choice, enumerated, sequence};
