//! SIP on the wire and above it: messages, framing, transactions, dialogs, digest authentication.
//!
//! Three layers. [`Message`] is a view over received octets that keeps every header, its octets and its
//! order, also those that nobody knows; [`Message::check`] holds it to the rules. [`Builder`] writes
//! messages that read back as what was meant. Above them stand machines without I/O: messages and the
//! time go in, octets and events come out.
//!
//! Nothing here does I/O, reads a clock or draws a random number: branches, tags and nonces are made of
//! what the caller hands in.
//!
//! Sources: RFC 3261, 3263 (where responses go), 3420, 3428, 3515, 3581, 4475 (tests), 5626 (keep-alive),
//! 6026, 7616, 8760.

mod auth;
mod builder;
mod derive;
pub mod dialog;
pub mod digest;
mod error;
mod fields;
mod forward;
pub mod framing;
mod header;
mod message;
mod method;
mod naming;
mod params;
pub mod raw;
mod scan;
pub mod transaction;
mod typed;
mod uri;
mod value;

pub use auth::Auth;
pub use builder::{BuildError, Builder};
pub use derive::{ack_of_failure, cancel, redirect_targets, response, stamped};
pub use error::{ParseError, ParseFault};
pub use fields::{FIELD_NAMES, message_fields};
pub use forward::{Forwarding, Stamp, forwarded, returned, stamped_octets};
pub use header::{Header, canonical_name, compact_name};
pub use message::{BODY_LEN_MAX, HEAD_LEN_MAX, HEADERS_MAX, Message, Start};
pub use method::{Method, reason};
pub use naming::{names, naming};
pub use params::Params;
pub use uri::{Scheme, Uri, escape_user, unescape};
pub use value::{BRANCH_COOKIE, CSeq, NameAddr, Via};
