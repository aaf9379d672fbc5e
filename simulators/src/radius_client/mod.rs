//! The client side of RADIUS, to be built into any node that speaks it: requests are sent, sent again, moved to
//! another server and matched with their answers. What a request says is its owner's business; the
//! client asks for the octets whenever it needs them.
//!
//! It owns no socket: frames leave through an [`Outbox`](crate::outbox::Outbox) and come in as arguments.

mod client;
mod exchange;
mod ports;
mod retransmission;
mod rows;
mod servers;

pub(crate) use client::discard;
pub use client::{Client, Encode, SendError, Settings};
pub use exchange::{Answer, ExchangeId, Head, Request, Service};
pub use ports::PORTS_MAX;
pub use retransmission::Retransmission;
pub(crate) use rows::{DISCARDED, FAILOVER, RETRANSMISSION, ROWS, TIMEOUT, message};
pub use servers::SERVERS_MAX;
