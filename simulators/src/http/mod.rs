//! What simulators that speak HTTP share: a door that takes requests, a caller that makes them, and JSON as the fields of an
//! observation. They own no socket: orders leave through an [`Outbox`](crate::outbox::Outbox), events come in as arguments.

mod caller;
mod door;
mod json;

pub use caller::{CallError, Called, Caller};
pub use door::{Door, Knock, answer};
pub use json::{fields, read};

pub use tollgate_http::{Method, StatusCode};
