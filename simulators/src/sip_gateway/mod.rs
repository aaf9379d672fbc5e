//! A vendor's gateway: it takes calls and does with each what its rules say of the number (it rings, answers, talks, or fails
//! with a status), and places calls into the network. It may challenge whoever registers or calls.

mod kind;
mod node;
mod rules;

pub use kind::SIP_GATEWAY;
pub use node::SipGateway;
