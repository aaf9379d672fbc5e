//! The element that takes text messages between accounts: it challenges the sender, has the charging system judge the
//! answer, says 202, and delivers the message to the recipient's server from a port of its own (ESI, SIP MESSAGE).

mod kind;
mod node;
mod radius;
mod settings;

pub use kind::IM_GATE;
pub use node::ImGate;
