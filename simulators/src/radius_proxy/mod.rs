//! The RADIUS proxy in front of two charging systems (ARCH, Dual Version, RADIUS proxy): it finds the system of the account in
//! the forwarding registry, passes requests on with an authenticator and a Proxy-State of its own, and relays what the system
//! answers; two of them share an address that moves to the one that lives. It answers nothing in a system's place, so what no
//! system has recorded is never confirmed.

mod kind;
mod node;
mod packet;
mod pair;
mod settings;
mod table;

pub use kind::RADIUS_PROXY;
pub use node::RadiusProxy;
pub use settings::CLIENTS_MAX;
pub use table::{PENDING_MAX, SESSIONS_MAX};
