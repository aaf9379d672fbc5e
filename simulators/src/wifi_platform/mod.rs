//! The platform that lets subscribers be called over WiFi while they roam: it hears of their registrations, tells their
//! carrier where they are, and gives the carrier a roaming number by which a call reaches them (INTEROP, voice over WiFi).

mod kind;
mod node;

pub use kind::WIFI_PLATFORM;
pub use node::WifiPlatform;
