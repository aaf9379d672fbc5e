//! SIP on the wire and above it, without I/O: messages, transactions, dialogs, digest authentication.

mod error;
mod header;
mod message;
mod method;
mod params;
mod scan;
mod typed;
mod uri;
mod value;

pub use error::{ParseError, ParseFault};
pub use header::{Header, canonical_name, compact_name};
pub use message::{BODY_LEN_MAX, HEAD_LEN_MAX, HEADERS_MAX, Message, Start};
pub use method::{Method, reason};
pub use params::Params;
pub use uri::{Scheme, Uri, escape_user, unescape};
pub use value::{BRANCH_COOKIE, CSeq, NameAddr, Via};
