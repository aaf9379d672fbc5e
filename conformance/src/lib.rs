//! The scenario language, its checks, the runner, expectations and the requirement catalogue.
//!
//! This crate never sees the reference OCS nor a simulator: peers reach it as tables
//! ([`tollgate_network::PeerKind`]), systems under test as a [`run::Target`].

pub mod diagnostics;
pub mod explain;
pub mod requirements;
pub mod run;
pub mod scenario;
pub mod schema;
pub mod world;
mod yaml;
