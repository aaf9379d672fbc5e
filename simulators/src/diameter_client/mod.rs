//! A Diameter node that does what it is told and shows what comes: it connects, takes connections, sends what a scenario
//! spells out and answers what it is asked. It knows no service; whoever does is another kind.

mod kind;
mod node;

pub use kind::DIAMETER_CLIENT;
pub use node::DiameterClient;
