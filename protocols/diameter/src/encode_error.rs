//! Why a message could not be written.

use tollgate_wire::Text;

/// A message or one of its AVPs could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// The message is longer than 24 bits can say.
    #[error("the message has {len} octets; {} are the most", crate::MESSAGE_LEN_MAX)]
    TooLong {
        /// Octets of the message.
        len: usize,
    },
    /// No AVP has this name.
    #[error("there is no AVP '{name}'; write its name, or AVP-<n>, or Vendor-<v>-AVP-<n>")]
    UnknownField {
        /// The name.
        name: Text,
    },
    /// The value does not fit the AVP's type.
    #[error("{name} takes {wanted}, not '{value}'")]
    WrongType {
        /// The AVP.
        name: Text,
        /// The value, as it shows.
        value: String,
        /// What the AVP takes.
        wanted: &'static str,
    },
}
