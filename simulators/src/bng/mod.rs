//! A broadband gateway: users come online as over PPPoE, are judged and accounted for over RADIUS, carry traffic, and
//! have their sessions changed (throttled, hotlined, restored) and ended by CoA-Requests and Disconnect-Requests.
//! Profiles make it a PDSN, whose users roam from one sub-session to the next, or a GGSN that takes no requests.
//!
//! It counts octets that nobody sends: no packet of a user is simulated. It owns no socket, clock or random source.

mod change;
mod grant;
mod kind;
mod messages;
mod node;
mod office;
mod online;
mod policy;
mod quirks;
mod session;
mod settings;

pub use kind::BNG;
pub use node::Bng;
