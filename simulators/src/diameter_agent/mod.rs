//! A Diameter agent between clients and servers: a relay that leaves a Route-Record, or a proxy that leaves a Proxy-Info as
//! well. It routes by realm, goes over to the next server when one is lost, and stops what goes in circles. It looks into
//! no message further than that.

mod kind;
mod node;

pub use kind::DIAMETER_AGENT;
pub use node::DiameterAgent;
