//! What the runner needs of a driver, whether time is virtual or real.

use std::net::IpAddr;

use tollgate_capture::TcpHeader;
use tollgate_time::Instant;

use crate::{Action, ActionError, Fault, FaultError, Frame, Observation, Peer};

/// A node in a driver: its place in the order in which nodes were added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub usize);

/// An observation with when, by whom, and on which frame it was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When.
    pub at: Instant,
    /// By whom.
    pub node: NodeId,
    /// What.
    pub observation: Observation,
    /// The frame it belongs to, counted from 1 as Wireshark counts the frames of the capture.
    pub frame: Option<u64>,
}

/// Moves frames and time for a set of nodes. Everything happens inside these calls, in the caller's
/// thread.
pub trait Driver {
    /// Adds a node that owns these addresses, all their ports.
    ///
    /// # Errors
    /// An address is taken, or (live) cannot be bound.
    fn add_node(&mut self, addresses: &[IpAddr], node: Box<dyn Peer>) -> Result<NodeId, FaultError>;

    /// The time.
    fn now(&self) -> Instant;

    /// Has a node start an action at this moment.
    ///
    /// # Errors
    /// The node refuses.
    fn perform(&mut self, node: NodeId, action: &Action) -> Result<(), ActionError>;

    /// Lets things happen until one is observed, and returns it; returns `None` when `until` has come
    /// and nothing is left to be observed before or at it. Never goes past `until`.
    fn advance(&mut self, until: Instant) -> Option<Seen>;

    /// Orders a fault from this moment on.
    ///
    /// # Errors
    /// A node that does not exist, or more faults at once than [`crate::links::FAULTS_MAX`].
    fn inject(&mut self, fault: Fault) -> Result<(), FaultError>;

    /// Everything that was carried so far, in order; empty unless the driver was made to keep it.
    fn carried(&self) -> &[Carried];
}

/// A frame as the network carried it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// When it was sent.
    pub at: Instant,
    /// The frame: a datagram, or a segment of a connection.
    pub frame: Frame,
    /// The numbers of a segment; none makes it a datagram.
    pub tcp: Option<TcpHeader>,
    /// What the network did to it: nothing, or one of [`crate::Fate`]'s remarks (`lost`, `duplicated`,
    /// `held back`, …).
    pub remark: Option<&'static str>,
}
