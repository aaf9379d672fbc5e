//! The same nodes on real sockets and a real clock: the only part of this crate that touches either.
//!
//! [`LiveDriver`] runs a scenario's nodes and keeps the scenario's addresses, whatever the real ones are;
//! [`UdpServer`] and [`StreamServer`] run one node on given real addresses as fast as they can. Everything happens in the
//! caller's thread.
#![allow(clippy::disallowed_methods, reason = "this module is where clocks and sockets belong")]

pub mod address;
pub mod clock;
#[cfg(unix)]
pub mod connections;
pub mod driver;
mod port;
#[cfg(unix)]
mod receive;

#[cfg(target_os = "linux")]
pub mod batch;
#[cfg(target_os = "linux")]
pub mod server;
#[cfg(unix)]
pub mod signal;
#[cfg(target_os = "linux")]
pub mod stream_server;
#[cfg(unix)]
pub mod tls;
#[cfg(target_os = "linux")]
mod unreachable;
#[cfg(unix)]
mod watch;

pub use address::AddressMap;
pub use clock::LiveClock;
#[cfg(unix)]
pub use connections::StreamTotals;
pub use driver::LiveDriver;
pub use port::bind;
#[cfg(target_os = "linux")]
pub use server::{Totals, UdpServer};
#[cfg(unix)]
pub use signal::stop_on_signal;
#[cfg(target_os = "linux")]
pub use stream_server::StreamServer;
#[cfg(unix)]
pub use tls::{TlsError, TlsSettings};
