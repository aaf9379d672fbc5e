//! The same nodes on real UDP sockets and a real clock: the only part of this crate that touches either.
//!
//! [`LiveDriver`] runs a scenario's nodes and keeps the scenario's addresses, whatever the real ones are;
//! [`UdpServer`] runs one node on given real addresses as fast as it can. Everything happens in the
//! caller's thread.
#![allow(clippy::disallowed_methods, reason = "this module is where clocks and sockets belong")]

pub mod address;
pub mod clock;
pub mod driver;
mod port;

#[cfg(target_os = "linux")]
pub mod batch;
#[cfg(target_os = "linux")]
pub mod server;
#[cfg(unix)]
pub mod signal;
#[cfg(target_os = "linux")]
mod unreachable;

pub use address::AddressMap;
pub use clock::LiveClock;
pub use driver::LiveDriver;
pub use port::bind;
#[cfg(target_os = "linux")]
pub use server::{Totals, UdpServer};
#[cfg(unix)]
pub use signal::stop_on_signal;
