//! The Diameter face of the core: credit control over Gy and Ro.
//!
//! [`config`] says what the services are that clients name, `request` reads a request, `answer` writes what the core
//! decided, `face` holds the connections, `reach` begins messages itself. What a service costs, what is reserved and what
//! was charged before is the core's.

mod answer;
pub mod config;
mod copies;
mod face;
mod money;
mod reach;
mod request;
mod results;
mod serve;
mod sessions;
mod tally;

pub(crate) use face::DiameterFace;
pub(crate) use reach::DiameterOrder;
pub use tally::DiameterTally;

/// Diameter Credit-Control Application (RFC 8506 section 1.3).
pub(crate) const CREDIT_CONTROL: u32 = 4;
