//! The documents' processing node: a SIP server between two parties of a call (a back-to-back user agent) that authorises
//! and accounts over RADIUS. It challenges callers or knows them by their address, follows the routes that it is told in
//! their order, limits the call to the granted time, keeps the registrar, delivers to telephones, static contacts and
//! redirect servers, and ends calls when it is told to.
//!
//! It never decides what a call costs or who may make it: passwords are judged by the charging system, to which it hands
//! the digest on. Media are not simulated: descriptions of sessions pass through as they are.
//!
//! Sources: RFC 3261, 3515 (REFER), 3327 (Path), 5090 (digest over RADIUS), 5176; ESI, SIP routing request and failed
//! outgoing call; ARCH, call delivery; NEW, redirect servers; INTEROP, third_party_registrars.

mod answers;
mod begin;
mod call;
mod hunt;
mod kind;
mod messages;
mod node;
mod office;
mod records;
mod register;
mod registrar;
mod settings;
mod talk;
mod transfer;

pub use kind::SIP_SERVER;
pub use node::SipServer;
