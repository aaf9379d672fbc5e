//! A CAMEL gateway: the service control of a switch's calls and short messages on one side, a client of credit control (Ro)
//! on the other. What the switch asks over CAP it asks the charging system, and what that says becomes instructions.
//!
//! In the variant towards WIN (INTEROP, BFX Interface Gateway) numbers are North American and service numbers are translated
//! by the charging system. How WIN itself is carried is told nowhere: its side has the shape of CAP here too.
//!
//! It owns no socket, clock or random source.

mod call;
mod desk;
mod information;
mod kind;
mod message;
mod node;
mod parties;
mod quirks;
mod settings;

pub use kind::CAMEL_GATEWAY;
pub use node::CamelGateway;
