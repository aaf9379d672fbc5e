//! The kind of a packet.

use std::fmt;

/// The Code of a packet (RFC 2865 section 4, RFC 2866 section 4, RFC 5176 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u8);

/// Codes with their names.
const NAMES: [(Code, &str); 13] = [
    (Code::ACCESS_REQUEST, "Access-Request"),
    (Code::ACCESS_ACCEPT, "Access-Accept"),
    (Code::ACCESS_REJECT, "Access-Reject"),
    (Code::ACCOUNTING_REQUEST, "Accounting-Request"),
    (Code::ACCOUNTING_RESPONSE, "Accounting-Response"),
    (Code::ACCESS_CHALLENGE, "Access-Challenge"),
    (Code::STATUS_SERVER, "Status-Server"),
    (Code::DISCONNECT_REQUEST, "Disconnect-Request"),
    (Code::DISCONNECT_ACK, "Disconnect-ACK"),
    (Code::DISCONNECT_NAK, "Disconnect-NAK"),
    (Code::COA_REQUEST, "CoA-Request"),
    (Code::COA_ACK, "CoA-ACK"),
    (Code::COA_NAK, "CoA-NAK"),
];

impl Code {
    /// Asks for access (RFC 2865 section 4.1).
    pub const ACCESS_REQUEST: Self = Self(1);
    /// Grants access (RFC 2865 section 4.2).
    pub const ACCESS_ACCEPT: Self = Self(2);
    /// Denies access (RFC 2865 section 4.3).
    pub const ACCESS_REJECT: Self = Self(3);
    /// Reports use (RFC 2866 section 4.1).
    pub const ACCOUNTING_REQUEST: Self = Self(4);
    /// Confirms a report (RFC 2866 section 4.2).
    pub const ACCOUNTING_RESPONSE: Self = Self(5);
    /// Asks the user for more (RFC 2865 section 4.4).
    pub const ACCESS_CHALLENGE: Self = Self(11);
    /// Asks whether a server is alive (RFC 5997 section 2.1).
    pub const STATUS_SERVER: Self = Self(12);
    /// Ends a session from the server's side (RFC 5176 section 2.1).
    pub const DISCONNECT_REQUEST: Self = Self(40);
    /// The session was ended (RFC 5176 section 2.1).
    pub const DISCONNECT_ACK: Self = Self(41);
    /// The session was not ended (RFC 5176 section 2.1).
    pub const DISCONNECT_NAK: Self = Self(42);
    /// Changes a session from the server's side (RFC 5176 section 2.2).
    pub const COA_REQUEST: Self = Self(43);
    /// The session was changed (RFC 5176 section 2.2).
    pub const COA_ACK: Self = Self(44);
    /// The session was not changed (RFC 5176 section 2.2).
    pub const COA_NAK: Self = Self(45);

    /// The name in the RFCs: `Access-Request`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(code, _)| *code == self).map(|(_, name)| *name)
    }

    /// The code of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, own)| *own == name).map(|(code, _)| *code)
    }

    /// Every code that has a name.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(code, _)| *code)
    }

    /// Whether the Request Authenticator of this kind is random; of any other request it is a digest
    /// of the packet (RFC 2865 section 3, RFC 2866 section 3, RFC 5176 section 2.3).
    #[must_use]
    pub const fn has_random_authenticator(self) -> bool {
        matches!(self, Self::ACCESS_REQUEST | Self::STATUS_SERVER)
    }

    /// Whether packets of this kind are requests.
    #[must_use]
    pub const fn is_request(self) -> bool {
        matches!(
            self,
            Self::ACCESS_REQUEST
                | Self::ACCOUNTING_REQUEST
                | Self::STATUS_SERVER
                | Self::DISCONNECT_REQUEST
                | Self::COA_REQUEST
        )
    }
}

impl fmt::Display for Code {
    /// The name, or `Code-<n>`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "Code-{}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_shown_by_name_or_number() {
        assert_eq!(Code(4).to_string(), "Accounting-Request");
        assert_eq!(Code(99).to_string(), "Code-99");
        assert!(Code::all().all(|code| code.name().and_then(Code::named) == Some(code)));
    }
}
