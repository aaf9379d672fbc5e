//! A mobile switching centre: its subscribers call, are called, forward calls and send short messages, each controlled over
//! CAP phase 2 or 3 by the gateway of the charging system. The gsmSSF measures calls and ends them when their time is over.
//!
//! No speech, no radio and no ISUP is simulated: what the other party does, the scenario says. It owns no socket, clock or
//! random source.

mod arguments;
mod call;
mod kind;
mod message;
mod node;
mod session;
mod settings;

pub use kind::MSC;
pub use node::Msc;
