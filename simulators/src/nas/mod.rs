//! A network access server with an IVR: the calling-card service of ESI. It answers a caller, asks for card
//! and destination, has both judged over RADIUS, connects a second leg, warns and cuts when the credit
//! ends, and accounts for both legs.
//!
//! It simulates what a caller presses and hears, never media or call signalling; it owns no socket,
//! clock or random source.

mod call;
mod callback;
mod direct;
mod download;
mod errand;
mod grant;
mod ivr;
mod keys;
mod kind;
mod legs;
mod messages;
mod node;
mod office;
mod prompts;
mod quirks;
mod settings;
mod voucher;

pub use kind::NAS;
pub use node::Nas;
