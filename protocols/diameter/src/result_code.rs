//! Result-Code values (RFC 6733 section 7.1, RFC 8506 section 9).

use std::fmt;

use crate::{avp, dictionary};

/// How a request fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResultCode(pub u32);

impl ResultCode {
    /// The request was fulfilled.
    pub const SUCCESS: Self = Self(2001);
    /// Fulfilled, and more is needed: a CCR follows an RAA.
    pub const LIMITED_SUCCESS: Self = Self(2002);
    /// Nobody here knows this command.
    pub const COMMAND_UNSUPPORTED: Self = Self(3001);
    /// No way to the destination.
    pub const UNABLE_TO_DELIVER: Self = Self(3002);
    /// No peer for this realm.
    pub const REALM_NOT_SERVED: Self = Self(3003);
    /// Too much to do.
    pub const TOO_BUSY: Self = Self(3004);
    /// The request has been here before.
    pub const LOOP_DETECTED: Self = Self(3005);
    /// Ask another host.
    pub const REDIRECT_INDICATION: Self = Self(3006);
    /// Nobody here knows this application.
    pub const APPLICATION_UNSUPPORTED: Self = Self(3007);
    /// Flags of the header that may not stand together.
    pub const INVALID_HDR_BITS: Self = Self(3008);
    /// Flags of an AVP that may not be set.
    pub const INVALID_AVP_BITS: Self = Self(3009);
    /// A CER from a peer that nobody told about.
    pub const UNKNOWN_PEER: Self = Self(3010);
    /// The other connection is kept.
    pub const ELECTION_LOST: Self = Self(4003);
    /// The service is barred for the subscriber.
    pub const END_USER_SERVICE_DENIED: Self = Self(4010);
    /// The service is free.
    pub const CREDIT_CONTROL_NOT_APPLICABLE: Self = Self(4011);
    /// Not enough money.
    pub const CREDIT_LIMIT_REACHED: Self = Self(4012);
    /// An AVP with the M flag that is not known.
    pub const AVP_UNSUPPORTED: Self = Self(5001);
    /// The session is not known.
    pub const UNKNOWN_SESSION_ID: Self = Self(5002);
    /// The subscriber may not.
    pub const AUTHORIZATION_REJECTED: Self = Self(5003);
    /// A value that the AVP cannot have.
    pub const INVALID_AVP_VALUE: Self = Self(5004);
    /// An AVP is missing.
    pub const MISSING_AVP: Self = Self(5005);
    /// More than can be had.
    pub const RESOURCES_EXCEEDED: Self = Self(5006);
    /// AVPs that say different things.
    pub const CONTRADICTING_AVPS: Self = Self(5007);
    /// An AVP that may not stand there.
    pub const AVP_NOT_ALLOWED: Self = Self(5008);
    /// An AVP too often.
    pub const AVP_OCCURS_TOO_MANY_TIMES: Self = Self(5009);
    /// A CER without an application that both know.
    pub const NO_COMMON_APPLICATION: Self = Self(5010);
    /// A version other than 1.
    pub const UNSUPPORTED_VERSION: Self = Self(5011);
    /// Another error.
    pub const UNABLE_TO_COMPLY: Self = Self(5012);
    /// A reserved bit of the header is set.
    pub const INVALID_BIT_IN_HEADER: Self = Self(5013);
    /// A length of an AVP that cannot be.
    pub const INVALID_AVP_LENGTH: Self = Self(5014);
    /// A length of the message that cannot be.
    pub const INVALID_MESSAGE_LENGTH: Self = Self(5015);
    /// A CER without a security mechanism that both know.
    pub const NO_COMMON_SECURITY: Self = Self(5017);
    /// The subscriber is not known.
    pub const USER_UNKNOWN: Self = Self(5030);
    /// No price for the service.
    pub const RATING_FAILED: Self = Self(5031);

    /// 2xxx.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 / 1000 == 2
    }

    /// 3xxx; the answer carries the E flag (RFC 6733 section 7.1.3).
    #[must_use]
    pub const fn is_protocol_error(self) -> bool {
        self.0 / 1000 == 3
    }

    /// 4xxx: it may be tried again later.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.0 / 1000 == 4
    }

    /// 5xxx, and every class that is not known (RFC 6733 section 7.1).
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        !matches!(self.0 / 1000, 1..=4)
    }

    /// Neither success nor a step on the way (1xxx).
    #[must_use]
    pub const fn is_failure(self) -> bool {
        !matches!(self.0 / 1000, 1 | 2)
    }

    /// `DIAMETER_SUCCESS`.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        dictionary::avp(avp::RESULT_CODE)?.value_name(self.0)
    }
}

impl fmt::Display for ResultCode {
    /// `2001 DIAMETER_SUCCESS`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        self.name().map_or(Ok(()), |name| write!(f, " {name}"))
    }
}
