//! Why a packet could not be built.

use tollgate_wire::Text;

/// What a [`crate::Builder`] refuses to write.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The value does not fit the length octet of its attribute.
    #[error("the value of attribute {number} has {len} octets, at most {max} fit")]
    ValueTooLong {
        /// The attribute.
        number: u8,
        /// Octets of the value.
        len: usize,
        /// Octets that fit.
        max: usize,
    },
    /// Text of no length must not be sent (RFC 2865 section 5).
    #[error("attribute {number} has no text; leave it out instead")]
    EmptyText {
        /// The attribute.
        number: u8,
    },
    /// The packet would pass 4,096 octets (RFC 2865 section 3).
    #[error("the packet has {len} octets, at most 4096 are allowed")]
    PacketTooLong {
        /// Octets of the packet.
        len: usize,
    },
    /// The password is longer than RFC 2865 section 5.2 allows.
    #[error("the password has {len} octets, at most 128 can be hidden")]
    PasswordTooLong {
        /// Octets of the password.
        len: usize,
    },
    /// A password was hidden with an authenticator that changed afterwards.
    #[error("the authenticator was set after a password was hidden with it; set it first")]
    AuthenticatorChanged,
    /// A second Message-Authenticator (RFC 2869 section 5.19 allows one).
    #[error("the packet has a Message-Authenticator already")]
    SecondMessageAuthenticator,
    /// No attribute has this name.
    #[error("no attribute is named '{name}'")]
    UnknownField {
        /// The name.
        name: Text,
    },
    /// The value is not of the attribute's type.
    #[error("'{value}' cannot be written as {name}, which is {wanted}")]
    WrongType {
        /// The attribute.
        name: Text,
        /// The value as it shows.
        value: String,
        /// What the attribute holds.
        wanted: &'static str,
    },
    /// The packet is of the wrong kind for the way it is finished.
    #[error("{code} cannot be finished as {wanted}")]
    WrongCode {
        /// The kind of the packet.
        code: crate::Code,
        /// What was asked for.
        wanted: &'static str,
    },
}
