//! Nodes in memory, on a virtual clock, from a seed.
//!
//! Time stands still while anything happens and jumps to the next event when nothing is left to do, so an
//! hour of talk costs as much as a second. Events are ordered by time and then by the order in which
//! they came about: the same nodes, actions, faults and seed give the same run, frame for frame. No
//! clock, no socket, no thread.

mod carriage;
mod connection;
mod streams;

use std::net::IpAddr;

use tollgate_time::Instant;

use carriage::Journey;
use connection::End;
use streams::{Position, Streams};

use crate::cast::{Cast, OUTPUTS_PER_TURN_MAX};
use crate::numbering::Side;
use crate::record::PAYLOAD_MAX;
use crate::timeline::Timeline;
use crate::{
    Action, ActionError, Between, Carried, Driver, Fate, Fault, FaultError, Frame, Impairment, Input, NodeId,
    Output, Peer, Ratio, Seen, Tally,
};

/// More events than this at one point in time mean that time will never move on: two nodes
/// answering each other over a link without latency, or one that asks for a timeout in the past again
/// and again.
pub const EVENTS_PER_INSTANT_MAX: u32 = 1_000_000;

/// How often a segment of a connection is cut shorter than it could be, unless told otherwise.
const CUTS: Ratio = Ratio::from_millionths(125_000);

/// The virtual network.
pub struct SimDriver {
    now: Instant,
    events_at_once: u32,
    timeline: Timeline<What>,
    cast: Cast,
    streams: Streams,
    /// When the earliest event that will look at a node's deadline comes. Later ones may be left over in the
    /// timeline; they find nothing to do.
    alarms: Vec<Option<Instant>>,
}

enum What {
    Arrival {
        node: NodeId,
        from: NodeId,
        life: u32,
        number: u64,
        frame: Frame,
    },
    Alarm(NodeId),
    Revival {
        node: NodeId,
        life: u32,
    },
    /// A segment of a connection is sent again.
    Depart(Journey),
    /// A segment of a connection arrives.
    Land(Journey),
    /// A node hears that a connection is over, since its address is another's now.
    Lost(End),
    /// What was held back for a node is handed over.
    Handover {
        connection: u64,
        side: Side,
    },
}

impl SimDriver {
    /// An empty network at this point in time.
    #[must_use]
    pub fn new(start: Instant, seed: u64) -> Self {
        Self {
            now: start,
            events_at_once: 0,
            timeline: Timeline::new(),
            cast: Cast::new(seed),
            streams: Streams::with_cuts(CUTS),
            alarms: Vec::new(),
        }
    }

    /// The same, keeping every frame that it carries for [`Driver::carried`].
    #[must_use]
    pub fn keeping_carried(mut self) -> Self {
        self.cast.record.keep();
        self
    }

    /// What links are like unless told otherwise; the default is [`Impairment::default`].
    #[must_use]
    pub fn with_usual_link(mut self, impairment: Impairment) -> Self {
        self.cast.links.set_usual(impairment);
        self
    }

    /// How often a segment of a connection is cut shorter than it could be, at a place drawn by chance; the default
    /// is one in eight.
    #[must_use]
    pub fn with_cuts(mut self, share: Ratio) -> Self {
        self.streams.cuts = share;
        self
    }

    /// What some links are like from the start: what [`Fault::Heal`] goes back to.
    ///
    /// # Errors
    /// A node that does not exist.
    pub fn set_link(&mut self, between: Between, impairment: Impairment) -> Result<(), FaultError> {
        self.cast.known(between)?;
        self.cast.links.set_special(between, impairment);
        Ok(())
    }

    /// How many frames were carried, and what became of them.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.cast.record.tally
    }

    /// Takes what a node has to say after an input; `frame` is the one that it belongs to.
    fn turn(&mut self, id: NodeId, input: Option<u64>) {
        let mut frame = input;
        let mut outputs = 0;
        let mut told = Vec::new();
        // What was observed of octets that are not on the wire yet.
        let mut pending: Vec<(usize, Position)> = Vec::new();
        let mut position = None;
        loop {
            match self.cast.slots[id.0].peer.poll_output() {
                Output::Transmit(sent) => {
                    frame = Some(self.transmit(id, sent));
                    position = None;
                }
                Output::Stream(stream, order) => match self.order(id, stream, order) {
                    Ok(sent) => position = sent.or(position),
                    Err(event) => told.push((stream, event)),
                },
                Output::Observe(observation) => {
                    if let Some(position) = position {
                        pending.push((self.cast.seen.len(), position));
                    }
                    self.cast.observe(self.now, id, observation, frame);
                }
                Output::Heard(observation) => self.cast.observe(self.now, id, observation, input),
                Output::Claim(address) => self.claim(id, address),
                Output::Wait(deadline) => {
                    self.cast.slots[id.0].deadline = deadline;
                    told.extend(self.flush(id));
                    if told.is_empty() {
                        self.settle(&pending);
                        return self.arm(id);
                    }
                    for (stream, event) in told.drain(..) {
                        self.cast.slots[id.0].peer.handle_input(self.now, Input::Stream(stream, &event));
                    }
                }
            }
            outputs += 1;
            assert!(
                outputs < OUTPUTS_PER_TURN_MAX,
                "node {} does not stop: {outputs} outputs without a wait at {}",
                id.0,
                self.now
            );
        }
    }

    /// Gives a node an address.
    fn claim(&mut self, node: NodeId, address: IpAddr) {
        let Some(before) = self.cast.claim(node, address) else { return };
        if let Some(former) = before {
            self.move_streams(address, former, node);
        }
        self.cast.observe_claim(self.now, node, address, before);
    }

    /// Ties what was observed of sent octets to the segments that carry them.
    fn settle(&mut self, pending: &[(usize, Position)]) {
        for (place, position) in pending {
            let number = self.streams.segment_of(*position);
            if let Some(seen) = self.cast.seen.get_mut(*place) {
                seen.frame = number;
            }
        }
        self.streams.marks.clear();
    }

    /// Sees to it that an event comes no later than the node's deadline.
    fn arm(&mut self, id: NodeId) {
        let Some(deadline) = self.cast.slots[id.0].deadline else { return };
        let at = deadline.max(self.now);
        if self.alarms[id.0].is_none_or(|alarm| at < alarm) {
            self.alarms[id.0] = Some(at);
            self.timeline.enter(at, What::Alarm(id));
        }
    }

    /// Puts a frame on the wire. Answers with its number.
    fn transmit(&mut self, from: NodeId, frame: Frame) -> u64 {
        let now = self.now;
        let node = match self.route(from, &frame) {
            Ok(node) => node,
            Err(fate) => return self.cast.record.enter(now, &frame, Some(fate)),
        };
        let link = *self.cast.links.impairment(now, from, Some(node));
        if self.cast.chance.hits(link.loss) {
            return self.cast.record.enter(now, &frame, Some(Fate::Lost));
        }
        let held = self.cast.chance.hits(link.reordering);
        let number = self.cast.record.enter(now, &frame, held.then_some(Fate::HeldBack));
        let mut at = now + link.latency + self.cast.chance.up_to(link.jitter);
        if held {
            at += self.cast.chance.up_to(link.reordering_delay);
        }
        let life = self.cast.slots[node.0].life;
        if self.cast.chance.hits(link.duplication) {
            let copy = frame.clone();
            let copy_number = self.cast.record.enter(now, &copy, Some(Fate::Duplicated));
            let copy_at = now + link.latency + self.cast.chance.up_to(link.jitter);
            self.timeline.enter(at, What::Arrival { node, from, life, number, frame });
            self.timeline
                .enter(copy_at, What::Arrival { node, from, life, number: copy_number, frame: copy });
        } else {
            self.timeline.enter(at, What::Arrival { node, from, life, number, frame });
        }
        number
    }

    /// Whom a frame is for, or why it gets nowhere.
    fn route(&self, from: NodeId, frame: &Frame) -> Result<NodeId, Fate> {
        if frame.payload.len() > PAYLOAD_MAX {
            return Err(Fate::TooLong);
        }
        let node = *self.cast.hosts.get(&frame.to.ip()).ok_or(Fate::NoSuchHost)?;
        if self.cast.links.cut(self.now, from, Some(node)) { Err(Fate::Partitioned) } else { Ok(node) }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Arrival { node, from, life, number, frame } => {
                self.arrive(node, from, life, number, &frame);
            }
            What::Alarm(node) => self.ring(node),
            What::Revival { node, life } => {
                if self.cast.is_due(node, life) {
                    self.restart(node);
                }
            }
            What::Depart(journey) => self.depart(journey),
            What::Land(journey) => self.land(journey),
            What::Lost(end) => self.lost(end),
            What::Handover { connection, side } => self.hand_over(connection, side),
        }
    }

    fn arrive(&mut self, node: NodeId, from: NodeId, life: u32, number: u64, frame: &Frame) {
        let (node, life) = self.cast.holder(node, life, frame.to.ip());
        if self.cast.links.cut(self.now, from, Some(node)) {
            return self.cast.record.amend(number, Fate::Partitioned);
        }
        let Some(slot) = self.cast.alive(node, life) else {
            return self.cast.record.amend(number, Fate::HostDown);
        };
        slot.peer.handle_input(self.now, Input::Receive(frame));
        self.cast.record.tally.delivered += 1;
        self.turn(node, Some(number));
    }

    fn ring(&mut self, node: NodeId) {
        let now = self.now;
        let slot = &mut self.cast.slots[node.0];
        if self.alarms[node.0] != Some(now) {
            return;
        }
        self.alarms[node.0] = None;
        match slot.deadline {
            Some(deadline) if deadline <= now => {
                slot.peer.handle_input(now, Input::Timeout);
                self.turn(node, None);
            }
            // It was put off while the alarm was set.
            _ => self.arm(node),
        }
    }

    fn crash(&mut self, node: NodeId) {
        self.cast.crash(node);
        self.crash_streams(node);
    }

    fn restart(&mut self, node: NodeId) {
        if self.cast.slots[node.0].up {
            self.crash(node);
        }
        let slot = &mut self.cast.slots[node.0];
        slot.up = true;
        slot.peer.restart(self.now);
        self.turn(node, None);
    }
}

impl Driver for SimDriver {
    fn add_node(&mut self, addresses: &[IpAddr], node: Box<dyn Peer>) -> Result<NodeId, FaultError> {
        self.cast.free(addresses)?;
        let id = self.cast.add(addresses, node);
        self.alarms.push(None);
        // It may have something to say, or a time to wait for, from the start.
        self.turn(id, None);
        Ok(id)
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn perform(&mut self, node: NodeId, action: &Action) -> Result<(), ActionError> {
        self.cast.perform(self.now, node, action)?;
        self.turn(node, None);
        Ok(())
    }

    fn advance(&mut self, until: Instant) -> Option<Seen> {
        loop {
            match self.cast.seen.front() {
                Some(seen) if seen.at <= until => return self.cast.seen.pop_front(),
                Some(_) => return None,
                None => {}
            }
            let Some((at, what)) = self.timeline.next_until(until) else {
                if until > self.now {
                    self.now = until;
                    self.events_at_once = 0;
                }
                return None;
            };
            if at > self.now {
                self.now = at;
                self.events_at_once = 0;
            }
            self.events_at_once += 1;
            assert!(
                self.events_at_once < EVENTS_PER_INSTANT_MAX,
                "time does not move on: {} events at {}",
                self.events_at_once,
                self.now
            );
            self.happen(what);
        }
    }

    fn inject(&mut self, fault: Fault) -> Result<(), FaultError> {
        let now = self.now;
        self.cast.order(now, fault)?;
        match fault {
            Fault::Crash { node, until } => {
                self.crash(node);
                if let Some(until) = until {
                    let life = self.cast.slots[node.0].life;
                    self.timeline.enter(until.max(now), What::Revival { node, life });
                }
            }
            Fault::Restart { node } => self.restart(node),
            Fault::Reset { between } => self.reset_between(between),
            Fault::Impair { .. } | Fault::Partition { .. } | Fault::Heal => {}
        }
        Ok(())
    }

    fn carried(&self) -> &[Carried] {
        self.cast.record.carried()
    }
}
