//! The Diameter proxy between the mobile core and two charging systems (ARCH, Dual Version, proxying Diameter requests): a
//! session goes to the system that has its subscriber and stays there, and what a system asks by itself finds its way back.

mod kind;
mod node;

pub use kind::DIAMETER_PROXY;
pub use node::{DiameterProxy, SESSIONS_MAX};
