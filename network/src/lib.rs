//! How the participants of a test meet: the contract that every one of them keeps ([`Node`], [`Peer`]),
//! and the drivers that move frames and time between them.
//!
//! A node owns no socket, clock, thread or random source. `sim` runs nodes in memory on a virtual
//! clock, from a seed; `live` runs the same nodes on real sockets.

pub mod action;
mod cast;
mod chance;
pub mod driver;
pub mod fault;
pub mod frame;
pub mod kind;
pub mod links;
#[cfg(feature = "live")]
pub mod live;
pub mod node;
mod numbering;
pub mod observation;
pub mod record;
pub mod sim;
pub mod stream;
mod timeline;

pub use action::{Action, ActionError};
pub use driver::{Carried, Driver, NodeId, Seen};
pub use fault::{Between, Fault, FaultError, Impairment, Ratio};
pub use frame::Frame;
pub use kind::{
    Arg, ArgKind, DiameterServer, FieldNames, KnownSystem, Need, PeerKind, Server, Setup, SetupError, Sight,
    Verb, Vocabulary,
};
pub use node::{Input, Node, Output, Peer};
pub use observation::Observation;
pub use record::{Fate, M3UA_PORT, Tally, write_capture};
pub use sim::SimDriver;
pub use stream::{Ending, Refusal, StreamEvent, StreamId, StreamOrder, Transport};
