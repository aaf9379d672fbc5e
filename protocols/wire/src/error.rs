//! Why bytes could not be read, and where.

/// A read that failed: what was being read, at which octet of the message, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at octet {offset}: {fault}")]
pub struct DecodeError {
    /// The part of the message that was being read.
    pub what: &'static str,
    /// Octets from the start of the message.
    pub offset: usize,
    /// The reason.
    pub fault: Fault,
}

/// The reason for a [`DecodeError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Fewer octets are left than the field takes.
    #[error("needs {needed} octets, {left} are left")]
    Short {
        /// Octets that the field takes.
        needed: usize,
        /// Octets that are there.
        left: usize,
    },
    /// Octets are left behind what should have been the end.
    #[error("{left} octets too many")]
    Trailing {
        /// Octets that are left.
        left: usize,
    },
    /// The value is outside what the protocol allows.
    #[error("{value} is not allowed: {rule}")]
    Invalid {
        /// What stood there.
        value: u64,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// The octets are not text in UTF-8.
    #[error("is not UTF-8 text")]
    NotText,
}
