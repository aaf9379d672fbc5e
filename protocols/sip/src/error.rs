//! Why octets are not a SIP message, where, and how a server answers that.

/// A message, a header or a URI that could not be read: which part, at which octet of the message (of
/// the text, where a text alone was read), and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{what} at octet {offset}: {fault}")]
pub struct ParseError {
    /// The part that was being read: a header by its name, or the part of the start line.
    pub what: &'static str,
    /// Octets from the start.
    pub offset: usize,
    /// The reason.
    pub fault: ParseFault,
}

/// The reason for a [`ParseError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParseFault {
    /// Something else was expected here.
    #[error("{0} is expected")]
    Expected(&'static str),
    /// A number is larger than the protocol allows.
    #[error("the number is larger than {0}")]
    TooLarge(u64),
    /// The message ends before its body does.
    #[error("the body has {announced} octets by Content-Length, {left} are left")]
    ShortBody {
        /// Octets by Content-Length.
        announced: u64,
        /// Octets that are there.
        left: usize,
    },
    /// The message or its head is longer than is taken.
    #[error("longer than {0} octets")]
    TooLong(usize),
    /// A header that every message needs is missing.
    #[error("the header is missing")]
    Missing,
    /// A header that may stand once stands again.
    #[error("the header stands twice")]
    Repeated,
    /// The version is not 2.0.
    #[error("the version is not SIP/2.0")]
    Version,
    /// The method of CSeq is not that of the request.
    #[error("the method is not that of the request line")]
    MethodMismatch,
    /// The Request-URI has a scheme that no SIP element routes.
    #[error("the scheme is not known")]
    Scheme,
    /// The request went through too many elements.
    #[error("no hop is left")]
    TooManyHops,
}

impl ParseError {
    pub(crate) const fn expected(what: &'static str, offset: usize, expected: &'static str) -> Self {
        Self { what, offset, fault: ParseFault::Expected(expected) }
    }

    /// The status with which a server answers a request that has this error (RFC 3261 sections 8.2,
    /// 16.3, 21.4.1, 21.5.6).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self.fault {
            ParseFault::Version => 505,
            ParseFault::Scheme => 416,
            ParseFault::TooManyHops => 483,
            ParseFault::TooLong(_) => 513,
            _ => 400,
        }
    }

    /// The error with its place moved by `base` octets.
    pub(crate) const fn moved(mut self, base: usize) -> Self {
        self.offset += base;
        self
    }
}
