//! The server side of RFC 5176, to be built into any node that an OCS may tell to change a session or to end
//! it: CoA-Requests and Disconnect-Requests are proved, repeated ones are answered as the first one was, and
//! answers are written. Which sessions a request means and what becomes of them is its owner's business.
//!
//! It owns no socket: frames come in as arguments and leave through an [`Outbox`](crate::outbox::Outbox).

mod identity;
mod receiver;

pub use identity::Identity;
pub(crate) use identity::is_identity;
pub(crate) use receiver::is_of_exchange;
pub use receiver::{Cause, PORT, Receiver, Request, TIMESTAMP_WINDOW};
