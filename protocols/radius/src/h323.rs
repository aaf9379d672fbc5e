//! Values of Cisco's voice VSAs that have a form of their own: times and conference identifiers.

mod conf_id;
mod time;
mod zone;

pub use conf_id::{ConfId, ConfIdError};
pub use time::{Clock, H323Time, TimeError};
pub use zone::{Zone, ZoneError, Zones};
