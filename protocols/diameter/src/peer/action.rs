//! What an endpoint asks of whoever drives it, and tells whoever uses it.

use std::sync::Arc;

use super::link::ConnectionId;
use crate::{FramingError, Problem, ResultCode};

/// A request that this node sent itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What is to be done or was found, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Open a connection to this peer; say `opened` or `closed` under this number.
    Connect {
        /// The number of the connection.
        connection: ConnectionId,
        /// To whom.
        peer: Arc<str>,
    },
    /// Send these octets: one message.
    Send {
        /// On which connection.
        connection: ConnectionId,
        /// The message.
        octets: Vec<u8>,
    },
    /// Close this connection, once what was sent is out; it says no more of it.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// A peer can be used.
    Up {
        /// Its Origin-Host.
        peer: Arc<str>,
    },
    /// A peer cannot be used any more; requests that waited have gone elsewhere or failed.
    Down {
        /// Its Origin-Host.
        peer: Arc<str>,
    },
    /// A request for this node; answer it with [`super::Endpoint::answer`].
    Request {
        /// From whom it came.
        peer: Arc<str>,
        /// On which connection the answer goes.
        connection: ConnectionId,
        /// The message; its structure is right, its content is not yet checked.
        octets: Vec<u8>,
    },
    /// The answer to a request of this node.
    Answer {
        /// The request.
        request: RequestId,
        /// Who answered.
        peer: Arc<str>,
        /// The message.
        octets: Vec<u8>,
    },
    /// A request of this node gets no answer any more.
    Failed {
        /// The request.
        request: RequestId,
        /// Why.
        failure: Failure,
    },
    /// A message came, whatever becomes of it; nothing is to be done.
    Arrived {
        /// On which connection.
        connection: ConnectionId,
        /// The message.
        octets: Vec<u8>,
    },
    /// Something to count and log; nothing is to be done.
    Noted(Note),
}

/// Why a request gets no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No peer of its route is up, or every one was tried.
    #[error("no peer can take it")]
    UnableToDeliver,
    /// No route for its realm.
    #[error("no route serves its realm")]
    RealmNotServed,
    /// The answer did not come in time.
    #[error("no answer came in time")]
    Timeout,
    /// Too many requests wait.
    #[error("too many requests wait for answers")]
    TooBusy,
    /// The octets are no request.
    #[error("the octets are no Diameter request")]
    Malformed,
}

impl Failure {
    /// What a relay answers.
    #[must_use]
    pub const fn result_code(self) -> ResultCode {
        match self {
            Self::UnableToDeliver | Self::Timeout => ResultCode::UNABLE_TO_DELIVER,
            Self::RealmNotServed => ResultCode::REALM_NOT_SERVED,
            Self::TooBusy => ResultCode::TOO_BUSY,
            Self::Malformed => ResultCode::UNABLE_TO_COMPLY,
        }
    }
}

/// What is to be counted and logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    /// An answer matched no request, or came too late; it was dropped (RFC 6733 section 3).
    #[error("an answer with Hop-by-Hop Identifier {hop_by_hop} matches no request")]
    UnmatchedAnswer {
        /// What it carried.
        hop_by_hop: u32,
    },
    /// A message cannot be read; a request was answered so.
    #[error("a message cannot be read: {0}")]
    Malformed(Problem),
    /// The stream cannot be cut; the connection was closed.
    #[error("{0}")]
    Framing(FramingError),
    /// A CER was refused, and its connection closed.
    #[error("the CER of '{host}' was refused: {code}")]
    Refused {
        /// Who it said it was.
        host: String,
        /// The answer.
        code: ResultCode,
    },
    /// Our CER was refused.
    #[error("'{host}' refused our CER: {}", code.map_or_else(|| "it is no CEA".to_owned(), |code| code.to_string()))]
    CerRefused {
        /// Who was asked.
        host: String,
        /// Its answer; `None` where it was no CEA.
        code: Option<ResultCode>,
    },
    /// A message came that may not come in this state; the connection was closed.
    #[error("a message with command {command} may not come now")]
    Unexpected {
        /// The command.
        command: u32,
    },
    /// One connection too many; it was closed.
    #[error("too many connections")]
    TooMany,
    /// A connection brought no CER or CEA, or did not close, in time.
    #[error("a connection took too long")]
    TooSlow,
    /// A peer does not answer; its requests go elsewhere.
    #[error("'{peer}' does not answer")]
    Suspect {
        /// Its Origin-Host.
        peer: Arc<str>,
    },
    /// A request was sent again, to another peer.
    #[error("a request went from '{from}' to '{to}'")]
    FailedOver {
        /// Who had it.
        from: Arc<str>,
        /// Who has it now.
        to: Arc<str>,
    },
}
