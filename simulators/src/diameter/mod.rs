//! What simulators that speak Diameter share: connections and peers ([`Station`]), built into a node as the RADIUS client
//! is. What a message says is its owner's business.

mod settings;
mod station;

pub(crate) use settings::{SETTINGS, own, servers};
pub use station::{Happening, Station, StationSettings};
