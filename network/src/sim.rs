//! Nodes in memory, on a virtual clock, from a seed.
//!
//! Time stands still while anything happens and jumps to the next event when nothing is left to do, so an
//! hour of talk costs as much as a second. Events are ordered by time and then by the order in which
//! they came about: the same nodes, actions, faults and seed give the same run, frame for frame. No
//! clock, no socket, no thread.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use tollgate_time::Instant;

use crate::chance::Chance;
use crate::links::Links;
use crate::record::{PAYLOAD_MAX, Record};
use crate::timeline::Timeline;
use crate::{
    Action, ActionError, Between, Carried, Driver, Fate, Fault, FaultError, Frame, Impairment, Input, NodeId,
    Output, Peer, Refusal, Seen, StreamEvent, StreamOrder, Tally,
};

/// A node that answers one input with more outputs than this never stops.
pub const OUTPUTS_PER_TURN_MAX: u32 = 100_000;
/// More events than this at one point in time mean that time will never move on: two nodes
/// answering each other over a link without latency, or one that asks for a timeout in the past again
/// and again.
pub const EVENTS_PER_INSTANT_MAX: u32 = 1_000_000;

/// The virtual network.
pub struct SimDriver {
    now: Instant,
    events_at_once: u32,
    timeline: Timeline<What>,
    chance: Chance,
    links: Links,
    nodes: Vec<Slot>,
    hosts: BTreeMap<IpAddr, NodeId>,
    /// Observed but not handed out yet.
    seen: VecDeque<Seen>,
    record: Record,
}

/// A node with what the driver knows of it.
struct Slot {
    peer: Box<dyn Peer>,
    up: bool,
    /// Counts crashes: what was under way for an earlier life of the node is lost, and so is its revival.
    life: u32,
    /// When it wants to be called.
    deadline: Option<Instant>,
    /// When the earliest event that will look at `deadline` comes. Later ones may be left over in the
    /// queue; they find nothing to do.
    alarm: Option<Instant>,
}

enum What {
    Arrival { node: NodeId, from: NodeId, life: u32, number: u64, frame: Frame },
    Alarm(NodeId),
    Revival { node: NodeId, life: u32 },
}

impl SimDriver {
    /// An empty network at this point in time.
    #[must_use]
    pub fn new(start: Instant, seed: u64) -> Self {
        Self {
            now: start,
            events_at_once: 0,
            timeline: Timeline::new(),
            chance: Chance::from_seed(seed),
            links: Links::default(),
            nodes: Vec::new(),
            hosts: BTreeMap::new(),
            seen: VecDeque::new(),
            record: Record::default(),
        }
    }

    /// The same, keeping every frame that it carries for [`Driver::carried`].
    #[must_use]
    pub fn keeping_carried(mut self) -> Self {
        self.record.keep();
        self
    }

    /// What links are like unless told otherwise; the default is [`Impairment::default`].
    #[must_use]
    pub fn with_usual_link(mut self, impairment: Impairment) -> Self {
        self.links.set_usual(impairment);
        self
    }

    /// What some links are like from the start: what [`Fault::Heal`] goes back to.
    ///
    /// # Errors
    /// A node that does not exist.
    pub fn set_link(&mut self, between: Between, impairment: Impairment) -> Result<(), FaultError> {
        self.known(between)?;
        self.links.set_special(between, impairment);
        Ok(())
    }

    /// How many frames were carried, and what became of them.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.record.tally
    }

    fn known(&self, between: Between) -> Result<(), FaultError> {
        between.nodes().try_for_each(|node| self.exists(node))
    }

    fn exists(&self, node: NodeId) -> Result<(), FaultError> {
        if node.0 < self.nodes.len() {
            Ok(())
        } else {
            Err(FaultError(format!("there is no node {}", node.0)))
        }
    }

    /// Takes what a node has to say after an input; `frame` is the one that it belongs to.
    fn turn(&mut self, id: NodeId, mut frame: Option<u64>) {
        let mut outputs = 0;
        loop {
            match self.nodes[id.0].peer.poll_output() {
                Output::Transmit(sent) => frame = Some(self.transmit(id, sent)),
                Output::Stream(stream, order) => {
                    if let Some(refused) = refusal_of(&order) {
                        self.nodes[id.0].peer.handle_input(self.now, Input::Stream(stream, &refused));
                    }
                }
                Output::Observe(observation) => {
                    self.seen.push_back(Seen { at: self.now, node: id, observation, frame });
                }
                Output::Wait(deadline) => {
                    self.nodes[id.0].deadline = deadline;
                    return self.arm(id);
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

    /// Sees to it that an event comes no later than the node's deadline.
    fn arm(&mut self, id: NodeId) {
        let slot = &mut self.nodes[id.0];
        let Some(deadline) = slot.deadline else { return };
        let at = deadline.max(self.now);
        if slot.alarm.is_none_or(|alarm| at < alarm) {
            slot.alarm = Some(at);
            self.timeline.enter(at, What::Alarm(id));
        }
    }

    /// Puts a frame on the wire. Answers with its number.
    fn transmit(&mut self, from: NodeId, frame: Frame) -> u64 {
        let now = self.now;
        let node = match self.route(from, &frame) {
            Ok(node) => node,
            Err(fate) => return self.record.enter(now, &frame, Some(fate)),
        };
        let link = *self.links.impairment(now, from, Some(node));
        if self.chance.hits(link.loss) {
            return self.record.enter(now, &frame, Some(Fate::Lost));
        }
        let held = self.chance.hits(link.reordering);
        let number = self.record.enter(now, &frame, held.then_some(Fate::HeldBack));
        let mut at = now + link.latency + self.chance.up_to(link.jitter);
        if held {
            at += self.chance.up_to(link.reordering_delay);
        }
        let life = self.nodes[node.0].life;
        if self.chance.hits(link.duplication) {
            let copy = frame.clone();
            let copy_number = self.record.enter(now, &copy, Some(Fate::Duplicated));
            let copy_at = now + link.latency + self.chance.up_to(link.jitter);
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
        let node = *self.hosts.get(&frame.to.ip()).ok_or(Fate::NoSuchHost)?;
        if self.links.cut(self.now, from, Some(node)) { Err(Fate::Partitioned) } else { Ok(node) }
    }

    fn happen(&mut self, what: What) {
        match what {
            What::Arrival { node, from, life, number, frame } => {
                self.arrive(node, from, life, number, &frame);
            }
            What::Alarm(node) => self.ring(node),
            What::Revival { node, life } => {
                let slot = &self.nodes[node.0];
                if !slot.up && slot.life == life {
                    self.restart(node);
                }
            }
        }
    }

    fn arrive(&mut self, node: NodeId, from: NodeId, life: u32, number: u64, frame: &Frame) {
        if self.links.cut(self.now, from, Some(node)) {
            return self.record.amend(number, Fate::Partitioned);
        }
        let slot = &mut self.nodes[node.0];
        if !slot.up || slot.life != life {
            return self.record.amend(number, Fate::HostDown);
        }
        self.record.tally.delivered += 1;
        slot.peer.handle_input(self.now, Input::Receive(frame));
        self.turn(node, Some(number));
    }

    fn ring(&mut self, node: NodeId) {
        let now = self.now;
        let slot = &mut self.nodes[node.0];
        if slot.alarm != Some(now) {
            return;
        }
        slot.alarm = None;
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
        let slot = &mut self.nodes[node.0];
        slot.up = false;
        slot.life += 1;
        slot.deadline = None;
    }

    fn restart(&mut self, node: NodeId) {
        if self.nodes[node.0].up {
            self.crash(node);
        }
        let slot = &mut self.nodes[node.0];
        slot.up = true;
        slot.peer.restart(self.now);
        self.turn(node, None);
    }
}

/// What a driver of datagrams answers to an order about a connection.
pub(crate) fn refusal_of(order: &StreamOrder) -> Option<StreamEvent> {
    let asked = matches!(order, StreamOrder::Listen { .. } | StreamOrder::Connect { .. });
    asked.then(|| StreamEvent::Refused(Refusal::Unsupported("only datagrams are carried here".to_owned())))
}

impl Driver for SimDriver {
    fn add_node(&mut self, addresses: &[IpAddr], node: Box<dyn Peer>) -> Result<NodeId, FaultError> {
        let id = NodeId(self.nodes.len());
        if let Some(taken) = addresses.iter().find(|address| self.hosts.contains_key(address)) {
            return Err(FaultError(format!("{taken} is the address of another node")));
        }
        self.hosts.extend(addresses.iter().map(|address| (*address, id)));
        self.nodes.push(Slot { peer: node, up: true, life: 0, deadline: None, alarm: None });
        // It may have something to say, or a time to wait for, from the start.
        self.turn(id, None);
        Ok(id)
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn perform(&mut self, node: NodeId, action: &Action) -> Result<(), ActionError> {
        let slot = self.nodes.get_mut(node.0);
        let slot = slot.ok_or_else(|| ActionError::Impossible(format!("there is no node {}", node.0)))?;
        if !slot.up {
            return Err(ActionError::Impossible("it is down".to_owned()));
        }
        slot.peer.perform(self.now, action)?;
        self.turn(node, None);
        Ok(())
    }

    fn advance(&mut self, until: Instant) -> Option<Seen> {
        loop {
            match self.seen.front() {
                Some(seen) if seen.at <= until => return self.seen.pop_front(),
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
        match fault {
            Fault::Impair { between, impairment, until } => {
                self.known(between)?;
                self.links.impair(self.now, between, impairment, until)
            }
            Fault::Partition { between, until } => {
                self.known(between)?;
                self.links.partition(self.now, between, until)
            }
            Fault::Heal => {
                self.links.heal();
                Ok(())
            }
            Fault::Crash { node, until } => {
                self.exists(node)?;
                self.crash(node);
                if let Some(until) = until {
                    let life = self.nodes[node.0].life;
                    self.timeline.enter(until.max(self.now), What::Revival { node, life });
                }
                Ok(())
            }
            Fault::Restart { node } => {
                self.exists(node)?;
                self.restart(node);
                Ok(())
            }
        }
    }

    fn carried(&self) -> &[Carried] {
        self.record.carried()
    }
}
