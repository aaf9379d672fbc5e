//! The RADIUS face of the charging core: verifies requests, keeps copies of them from the core, turns them
//! into commands and the core's answers into responses. It decides nothing about money, and it owns no
//! socket and no clock: a driver hands it frames and the time.
//!
//! A request passes, in this order: the client by its source address, the lengths, the code at this port,
//! the authenticators, the duplicate cache, the reading of its attributes, the core. Whatever fails before
//! the duplicate cache is discarded without an answer, counted by client and reason, and observed.
//!
//! Sources: RFC 2865, 2866, 2869, 5080, 5090, 5997; ESI, RADIUS protocol and worked examples.

mod access;
mod accounting;
mod answers;
pub mod api;
mod charge;
mod clients;
mod config;
pub mod counters;
mod custom;
pub mod denials;
pub mod diameter;
pub mod duplicates;
mod dynamic;
mod kind;
mod local;
mod node;
mod observe;
mod proof;
mod quota;
mod reach;
mod record;
pub mod return_codes;
mod routing;
mod sessions;
mod shared;
mod site;
pub mod templates;
mod verbs;
mod vocabulary;
mod voucher;

pub use clients::{Client, Clients, ClientsError};
pub use config::{CommandLogging, GatewayConfig};
pub use counters::{Count, Counters, Discard, Oddity, Tally};
pub use dynamic::Abilities;
pub use kind::OCS;
pub use local::{Contact, LocalDelivery, Redirects, Unreached, Untrusted, Voicemail};
pub use node::RadiusGateway;
pub use routing::{Route, Routes};
pub use site::{LINK_PORT, OtherSite, SiteConfig};
