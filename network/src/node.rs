//! The contract between a participant and the driver that runs it.

use std::net::IpAddr;

use tollgate_time::Instant;

use crate::{Action, ActionError, Frame, Observation, StreamEvent, StreamId, StreamOrder};

/// What a driver tells a node.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A frame for one of the node's addresses has arrived.
    Receive(&'a Frame),
    /// Something happened to one of the node's connections. A node that orders none hears of none.
    Stream(StreamId, &'a StreamEvent),
    /// The point in time that the node asked for with [`Output::Wait`] has come.
    Timeout,
}

/// What a node asks of its driver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this frame.
    Transmit(Frame),
    /// Do this with one of the node's connections.
    Stream(StreamId, StreamOrder),
    /// Note this in the journal. What belongs to a frame (its decoded message) comes right after the
    /// frame's [`Output::Transmit`], or while its [`Input::Receive`] is being handled, before anything else is transmitted:
    /// the driver notes the number of the frame that the node last received or sent. On a connection it is the frame with the
    /// last octet of what was sent or received last.
    Observe(Observation),
    /// Note this in the journal as part of the input that is being handled, whatever was sent since: a node that finds several
    /// messages in one [`StreamEvent::Received`] answers the first before it reads the second.
    Heard(Observation),
    /// This address is the node's from now on, whoever had it: what a gratuitous ARP does (RFC 5227 section 3), or VRRP (RFC 5798
    /// section 6.4). Frames that are under way arrive here. Nobody listens at the address any more until the node does, and
    /// connections of the former holder from or to it are over: it is told so as of a reset, and the other end when it sends
    /// next. The driver observes `claimed` for the node; a node that has the address already is told nothing. Whoever
    /// crashes keeps its addresses until another one claims them.
    Claim(IpAddr),
    /// Nothing more for now; call again with [`Input::Timeout`] at this time, if one is given.
    Wait(Option<Instant>),
}

/// A participant: bytes and time go in, bytes and observations come out.
pub trait Node {
    /// Takes one input. Any bytes at all may arrive; none may make a node panic.
    fn handle_input(&mut self, now: Instant, input: Input<'_>);

    /// The next output. A driver calls this after every input and every action until it answers
    /// [`Output::Wait`]. The batched server calls it after every batch of inputs, so outputs are to be queued: a node that must store what
    /// it promises does so here, once for all of them, before it gives the first output.
    fn poll_output(&mut self) -> Output;

    /// The power failed and came back: what was only in memory is gone, what the node's own durable
    /// record holds is there again. Frames that arrived in between are lost.
    fn restart(&mut self, now: Instant);
}

/// A node that a scenario steers.
pub trait Peer: Node {
    /// Starts an action. Arguments have been checked against the verb's table; what is left to refuse is
    /// what depends on the state (hanging up without a call).
    ///
    /// # Errors
    /// The action cannot be done now; nothing has changed.
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError>;
}
