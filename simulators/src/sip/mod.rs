//! What simulators that speak SIP share.
//!
//! A [`Station`] is built into a node as the RADIUS client is. The node gives it every input ([`Station::take`]), asks what
//! came of it ([`Station::poll`]) until nothing is left, and hands the driver what it wants done
//! ([`Station::poll_output`]). In between it sends requests and answers:
//!
//! ```text
//! fn handle_input(&mut self, now, input)   { self.station.take(now, input); self.settle(now); }
//! fn settle(&mut self, now)                { while let Some(happening) = self.station.poll() { … } }
//! fn poll_output(&mut self) -> Output      { self.station.poll_output(&[self.alarms.next_deadline()]) }
//! ```
//!
//! A user agent answers with [`Station::reply`] or [`Station::respond`], and asks with [`Station::request`]. A proxy that
//! remembers what it sends on uses [`Relays`]. One that does not (a dispatcher, whose hot path this is) has the setting
//! `stateless`, gets each message as [`Happening::Passing`], and uses [`Station::pass_request`] and
//! [`Station::pass_response`]; for what is meant for itself it calls [`Station::admit`].
//!
//! Every message that goes in or out is an observation under its method or status; a response is told apart by
//! `is:`, the method that it answers, and the two ways of an element in between by `direction`.

pub mod agent;
mod chance;
mod guard;
mod hop;
mod relay;
pub(crate) mod settings;
pub(crate) mod sights;
pub(crate) mod spelt;
mod station;
mod transport;

pub use chance::Chance;
pub(crate) use guard::{Guard, Judgement};
pub use hop::{Carrier, Hop, Names, NoHop, PORT, host_of, ip_of, place_of};
pub use relay::{Changes, Memory, Relayed, Relays, is_within_dialog};
pub(crate) use settings::SETTINGS;
pub(crate) use sights::SIGHTS;
pub(crate) use spelt::VERBS;
pub use station::{DATAGRAM_MAX, First, Happening, SendError, Station, StationSettings};
pub use transport::{CONNECTIONS_MAX, Received};
