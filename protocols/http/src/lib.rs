//! HTTP/1.1 without I/O: octets of a connection go in, requests or responses come out, and the other way round.
//!
//! [`ServerConnection`] and [`ClientConnection`] are one connection each; [`Server`] holds all connections of a node that
//! takes some. They own no socket, no clock and no thread: whoever has a connection hands its octets in and carries out
//! what comes out. Heads are read by `httparse`, and messages are those of the crate `http`.
//!
//! Any octets give a message or an [`HttpError`] with the status that says what is wrong; nothing panics, and nothing
//! grows beyond its [`Limits`]. Not here: TLS (the driver's), HTTP/2, upgrades, and content codings.
//!
//! Sources: RFC 9110 (semantics), RFC 9112 (messages and connections).

mod body;
mod client;
mod error;
mod head;
mod limits;
mod server;
mod serving;
mod write;

pub use client::ClientConnection;
pub use error::{Fault, HttpError};
pub use limits::Limits;
pub use server::ServerConnection;
pub use serving::{Asked, Order, Server};

pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
