//! What simulators that speak Diameter share: connections and peers ([`Station`]), built into a node as the RADIUS client
//! is. What a message says is its owner's business.

mod desk;
mod settings;
mod sights;
mod spelt;
mod station;

pub(crate) use desk::{Desk, Outcome, text_of};
pub(crate) use settings::{LISTENING, SETTINGS, listening, named, own, servers};
pub(crate) use sights::{CREDIT, CX, NEIGHBOURS, S6A, join_sights};
pub(crate) use spelt::VERBS;
pub use station::{Happening, Station, StationSettings};
