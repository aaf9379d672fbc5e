//! The dispatching SBC: the one address that telephones and carriers know of several systems. It finds the system that a
//! call, a registration or a message is for, in the forwarding registry, and sends it to a SIP server of that system; the
//! later requests of a dialog come through it as well (ARCH, call delivery in Dual Version).
//!
//! It remembers no transaction: a copy of a request goes the same way with the same branch (RFC 3261 section 16.11). What it
//! keeps is where the last INVITEs went, so that a CANCEL follows its INVITE whatever has been ordered since, and which
//! servers are silent. It never judges whether anybody may call.

mod kind;
mod node;
mod paths;

pub use kind::SIP_DISPATCHER;
pub use node::SipDispatcher;
