//! The tag of an element: its class and its number (X.690 section 8.1.2).

use std::fmt;

/// The class of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The types of X.680.
    Universal,
    /// One meaning in an application (TCAP's messages).
    Application,
    /// One meaning in its surroundings.
    Context,
    /// Of an enterprise.
    Private,
}

/// A tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag {
    /// Its class.
    pub class: Class,
    /// Its number.
    pub number: u32,
}

impl Tag {
    /// BOOLEAN.
    pub const BOOLEAN: Self = Self::universal(1);
    /// INTEGER.
    pub const INTEGER: Self = Self::universal(2);
    /// OCTET STRING.
    pub const OCTET_STRING: Self = Self::universal(4);
    /// NULL.
    pub const NULL: Self = Self::universal(5);
    /// OBJECT IDENTIFIER.
    pub const OBJECT_IDENTIFIER: Self = Self::universal(6);
    /// EXTERNAL.
    pub const EXTERNAL: Self = Self::universal(8);
    /// ENUMERATED.
    pub const ENUMERATED: Self = Self::universal(10);
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: Self = Self::universal(16);

    /// A tag of X.680.
    #[must_use]
    pub const fn universal(number: u32) -> Self {
        Self { class: Class::Universal, number }
    }

    /// An application's tag.
    #[must_use]
    pub const fn application(number: u32) -> Self {
        Self { class: Class::Application, number }
    }

    /// A tag in its context.
    #[must_use]
    pub const fn context(number: u32) -> Self {
        Self { class: Class::Context, number }
    }

    /// The class in the two highest bits of the first octet.
    pub(crate) const fn class_bits(self) -> u8 {
        match self.class {
            Class::Universal => 0x00,
            Class::Application => 0x40,
            Class::Context => 0x80,
            Class::Private => 0xc0,
        }
    }

    pub(crate) const fn of_bits(octet: u8, number: u32) -> Self {
        let class = match octet >> 6 {
            0 => Class::Universal,
            1 => Class::Application,
            2 => Class::Context,
            _ => Class::Private,
        };
        Self { class, number }
    }
}

impl fmt::Display for Tag {
    /// As ASN.1 writes it: `[3]`, `[APPLICATION 2]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.class {
            Class::Universal => write!(f, "[UNIVERSAL {}]", self.number),
            Class::Application => write!(f, "[APPLICATION {}]", self.number),
            Class::Context => write!(f, "[{}]", self.number),
            Class::Private => write!(f, "[PRIVATE {}]", self.number),
        }
    }
}
