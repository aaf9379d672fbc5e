//! What is wrong with a message, and the status that says so.

use http::StatusCode;

/// A message cannot be taken; the connection ends with it, since nobody knows where the next one begins.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault} (octet {at} of the connection)")]
pub struct HttpError {
    /// What is wrong.
    pub fault: Fault,
    /// How many octets of the connection stood before the message, or before what is wrong in it.
    pub at: u64,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Neither a request nor a response.
    #[error("this is no HTTP/1 head")]
    Head,
    /// More header lines than are taken.
    #[error("there are more than 64 header lines")]
    TooManyHeaders,
    /// The request line alone is larger than a head may be.
    #[error("the request line is too long")]
    TargetTooLong,
    /// The head is larger than is taken.
    #[error("the head is too large")]
    HeadTooLarge,
    /// Another version than HTTP/1.0 and HTTP/1.1.
    #[error("the version is neither HTTP/1.0 nor HTTP/1.1")]
    Version,
    /// A request of HTTP/1.1 without a Host, or with two (RFC 9112 section 3.2).
    #[error("a request of HTTP/1.1 needs one Host")]
    Host,
    /// The request's target cannot be read.
    #[error("the request's target cannot be read")]
    Target,
    /// Content-Length is no number, is said twice, or stands beside Transfer-Encoding (RFC 9112 section 6.3).
    #[error("Content-Length is no single number, or stands beside Transfer-Encoding")]
    Length,
    /// A transfer coding other than chunked (RFC 9112 section 6.1).
    #[error("the transfer coding is not chunked")]
    Coding,
    /// The body is larger than is taken.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The size of a chunk, or what stands behind one, cannot be read.
    #[error("a chunk cannot be read")]
    Chunk,
    /// The connection ended within a message.
    #[error("the connection ended within a message")]
    CutShort,
    /// More requests came than can wait.
    #[error("too many requests wait on this connection")]
    TooManyWaiting,
    /// A response that nobody asked for.
    #[error("a response came to no request")]
    Unasked,
}

impl HttpError {
    /// The status of the response that tells the client.
    #[must_use]
    pub const fn status(&self) -> StatusCode {
        match self.fault {
            Fault::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Fault::TargetTooLong => StatusCode::URI_TOO_LONG,
            Fault::HeadTooLarge | Fault::TooManyHeaders => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Fault::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Fault::Coding => StatusCode::NOT_IMPLEMENTED,
            Fault::TooManyWaiting => StatusCode::TOO_MANY_REQUESTS,
            Fault::Head
            | Fault::Host
            | Fault::Target
            | Fault::Length
            | Fault::Chunk
            | Fault::CutShort
            | Fault::Unasked => StatusCode::BAD_REQUEST,
        }
    }
}
