//! The reference OCS as a system under test: made from a world, on a virtual network or on real sockets.

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod bad_worlds;
mod diameter;
mod numbers;
mod objects;
mod parties;
mod peers;
mod plans;
mod prices;
mod sim;
mod sockets;
mod system;
mod world;

pub(crate) use sim::Reference;
pub(crate) use sockets::ReferenceSockets;
pub(crate) use system::System;
pub(crate) use world::WorldError;
