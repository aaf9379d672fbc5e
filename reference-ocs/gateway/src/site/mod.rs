//! A site among the sites of one system (ARCH, sites): the link to the others, who serves when, and the hand-over of what a
//! site has spent alone. What that means for money stands in the core ([`tollgate_ocs_core::site`]).
//!
//! - A stand-by site connects to the primary, is sent its commands and passes its own clients' requests on to it.
//! - At each interval of the watchdog in which it heard nothing it counts a miss; after some in a row it stands alone.
//! - When it hears of the primary again it goes back: first what it has spent is locked there, period by period; until that is
//!   confirmed it answers nobody, and its clients ask again. Then records follow, as many as the primary takes.
//! - A primary that has restarted waits as long as another one may be silent, for it may have been replaced meanwhile, or
//!   have to lock what was spent elsewhere; it stops waiting when the other site has said that there is nothing.
//! - Everything that outlives a crash is in the command log: the role, the delta, what was locked and taken.

mod config;
mod face;
pub(crate) mod kind;
mod message;
mod orders;
mod proxy;
mod serve;
mod show;

pub use config::{LINK_PORT, OtherSite, SiteConfig};
pub(crate) use face::SiteFace;
pub(crate) use serve::Duty;
