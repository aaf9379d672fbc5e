//! Drives accounting and access requests at a RADIUS server over UDP, or sessions of credit control at a Diameter
//! server over TCP, and measures rate, latency and the processor time of both ends.
//!
//! One thread, batched sockets. A [`Plan`] is bounded in requests and in time, and stays on this machine
//! unless it says otherwise. What the report calls clean was limited by the server; when the
//! generator itself was the bottleneck, the report says so.
#![allow(clippy::disallowed_methods, reason = "a load generator reads the real clock and opens sockets")]

mod cpu;
pub mod diameter;
mod flight;
mod generator;
mod plan;
mod report;
mod request;

pub use generator::run;
pub use plan::{Accounts, IN_FLIGHT_MAX, Pace, Plan, PlanError, TIME_MAX, Traffic};
pub use report::{Latency, Processor, Report, Usage, Verdict};
pub use request::RequestError;

/// A run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The plan asks for what must not be.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// A request does not fit a packet.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// A Diameter message does not come about.
    #[error(transparent)]
    Message(#[from] tollgate_diameter::EncodeError),
    /// The Diameter server does not go along.
    #[error("{0}")]
    Diameter(String),
    /// The machine refuses a socket.
    #[error("a socket fails: {0}")]
    Socket(#[source] std::io::Error),
    /// The server's processor time cannot be read.
    #[error("process {pid}, of which the processor time was asked for, cannot be read: {why}")]
    Process {
        /// The process.
        pid: u32,
        /// What went wrong.
        why: String,
    },
}
