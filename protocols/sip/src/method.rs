//! Methods and status codes.

use std::fmt;

/// A method, case-sensitive; one that nobody knows is kept as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Method<'a>(pub &'a str);

#[allow(missing_docs, reason = "the names say it")]
impl Method<'static> {
    pub const INVITE: Self = Self("INVITE");
    pub const ACK: Self = Self("ACK");
    pub const BYE: Self = Self("BYE");
    pub const CANCEL: Self = Self("CANCEL");
    pub const OPTIONS: Self = Self("OPTIONS");
    pub const REGISTER: Self = Self("REGISTER");
    pub const MESSAGE: Self = Self("MESSAGE");
    pub const REFER: Self = Self("REFER");
    pub const NOTIFY: Self = Self("NOTIFY");
    pub const SUBSCRIBE: Self = Self("SUBSCRIBE");
    pub const PRACK: Self = Self("PRACK");
    pub const UPDATE: Self = Self("UPDATE");
    pub const INFO: Self = Self("INFO");
}

impl fmt::Display for Method<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The phrase of a status (RFC 3261 section 21, RFC 3265, 3428, 6665); of an unknown one that of its class.
#[must_use]
pub const fn reason(code: u16) -> &'static str {
    match code {
        100 => "Trying",
        180 => "Ringing",
        181 => "Call Is Being Forwarded",
        182 => "Queued",
        183 => "Session Progress",
        200 => "OK",
        202 => "Accepted",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Moved Temporarily",
        305 => "Use Proxy",
        380 => "Alternative Service",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        410 => "Gone",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Unsupported URI Scheme",
        420 => "Bad Extension",
        421 => "Extension Required",
        423 => "Interval Too Brief",
        480 => "Temporarily Unavailable",
        481 => "Call/Transaction Does Not Exist",
        482 => "Loop Detected",
        483 => "Too Many Hops",
        484 => "Address Incomplete",
        485 => "Ambiguous",
        486 => "Busy Here",
        487 => "Request Terminated",
        488 => "Not Acceptable Here",
        489 => "Bad Event",
        491 => "Request Pending",
        493 => "Undecipherable",
        500 => "Server Internal Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Server Time-out",
        505 => "Version Not Supported",
        513 => "Message Too Large",
        600 => "Busy Everywhere",
        603 => "Decline",
        604 => "Does Not Exist Anywhere",
        606 => "Not Acceptable",
        _ => match code / 100 {
            1 => "Session Progress",
            2 => "OK",
            3 => "Redirection",
            4 => "Request Failure",
            5 => "Server Failure",
            _ => "Global Failure",
        },
    }
}
