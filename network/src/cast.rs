//! What both drivers know alike: the nodes and their addresses, the links between them, what was observed, and
//! the record of what was carried. Moves nothing, and knows no time of its own.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use crate::chance::Chance;
use crate::links::Links;
use crate::record::Record;
use crate::{Action, ActionError, Between, Fault, FaultError, NodeId, Observation, Peer, Seen};

/// A node that answers one input with more outputs than this never stops.
pub(crate) const OUTPUTS_PER_TURN_MAX: u32 = 100_000;

/// So many addresses may belong to nodes, claimed ones among them; further ones stay nobody's.
pub(crate) const ADDRESSES_MAX: usize = 1 << 16;

/// The nodes of a driver with what surrounds them.
pub(crate) struct Cast {
    pub(crate) slots: Vec<Slot>,
    pub(crate) hosts: BTreeMap<IpAddr, NodeId>,
    pub(crate) links: Links,
    pub(crate) chance: Chance,
    /// Observed but not handed out yet.
    pub(crate) seen: VecDeque<Seen>,
    pub(crate) record: Record,
}

/// A node with what the driver knows of it.
pub(crate) struct Slot {
    pub(crate) peer: Box<dyn Peer>,
    pub(crate) up: bool,
    /// Counts crashes: what was under way for an earlier life of the node is lost, and so is its revival.
    pub(crate) life: u32,
    /// When it wants to be called.
    pub(crate) deadline: Option<Instant>,
}

impl Cast {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            slots: Vec::new(),
            hosts: BTreeMap::new(),
            links: Links::default(),
            chance: Chance::from_seed(seed),
            seen: VecDeque::new(),
            record: Record::default(),
        }
    }

    pub(crate) fn exists(&self, node: NodeId) -> Result<(), FaultError> {
        if node.0 < self.slots.len() {
            Ok(())
        } else {
            Err(FaultError(format!("there is no node {}", node.0)))
        }
    }

    pub(crate) fn known(&self, between: Between) -> Result<(), FaultError> {
        between.nodes().try_for_each(|node| self.exists(node))
    }

    /// The address of the list that another node has already.
    pub(crate) fn free(&self, addresses: &[IpAddr]) -> Result<(), FaultError> {
        match addresses.iter().find(|address| self.hosts.contains_key(address)) {
            Some(taken) => Err(FaultError(format!("{taken} is the address of another node"))),
            None => Ok(()),
        }
    }

    /// Adds a node whose addresses are free.
    pub(crate) fn add(&mut self, addresses: &[IpAddr], peer: Box<dyn Peer>) -> NodeId {
        let id = NodeId(self.slots.len());
        self.hosts.extend(addresses.iter().map(|address| (*address, id)));
        self.slots.push(Slot { peer, up: true, life: 0, deadline: None });
        id
    }

    /// Gives an address to a node. Answers with who had it; `None` when nothing has changed.
    pub(crate) fn claim(&mut self, node: NodeId, address: IpAddr) -> Option<Option<NodeId>> {
        let before = self.hosts.get(&address).copied();
        if before == Some(node) || before.is_none() && self.hosts.len() >= ADDRESSES_MAX {
            return None;
        }
        self.hosts.insert(address, node);
        Some(before)
    }

    /// What is observed of that.
    pub(crate) fn observe_claim(&mut self, at: Instant, node: NodeId, address: IpAddr, from: Option<NodeId>) {
        let mut fields = Fields::with_capacity(2).with("address", Value::Address(address));
        fields.push("taken", from.is_some());
        self.observe(at, node, Observation::new("claimed", fields), None);
    }

    /// Who a frame that is under way to a node arrives at, and in which life: another one has its address by now.
    pub(crate) fn holder(&self, node: NodeId, life: u32, address: IpAddr) -> (NodeId, u32) {
        match self.hosts.get(&address) {
            Some(holder) if *holder != node => (*holder, self.slots[holder.0].life),
            _ => (node, life),
        }
    }

    pub(crate) fn perform(&mut self, now: Instant, id: NodeId, action: &Action) -> Result<(), ActionError> {
        let slot = self.slots.get_mut(id.0);
        let slot = slot.ok_or_else(|| ActionError::Impossible(format!("there is no node {}", id.0)))?;
        if !slot.up {
            return Err(ActionError::Impossible("it is down".to_owned()));
        }
        slot.peer.perform(now, action)
    }

    pub(crate) fn observe(
        &mut self,
        at: Instant,
        node: NodeId,
        observation: Observation,
        frame: Option<u64>,
    ) {
        self.seen.push_back(Seen { at, node, observation, frame });
    }

    /// Checks a fault, and does of it what concerns links. Crashes and restarts are the driver's.
    pub(crate) fn order(&mut self, now: Instant, fault: Fault) -> Result<(), FaultError> {
        match fault {
            Fault::Impair { between, impairment, until } => {
                self.known(between)?;
                self.links.impair(now, between, impairment, until)
            }
            Fault::Partition { between, until } => {
                self.known(between)?;
                self.links.partition(now, between, until)
            }
            Fault::Heal => {
                self.links.heal();
                Ok(())
            }
            Fault::Reset { between } => self.known(between),
            Fault::Crash { node, .. } | Fault::Restart { node } => self.exists(node),
        }
    }

    pub(crate) fn crash(&mut self, node: NodeId) {
        let slot = &mut self.slots[node.0];
        slot.up = false;
        slot.life += 1;
        slot.deadline = None;
    }

    /// Whether a revival that was ordered for this life of a node is still to be done.
    pub(crate) fn is_due(&self, node: NodeId, life: u32) -> bool {
        let slot = &self.slots[node.0];
        !slot.up && slot.life == life
    }

    /// The node, if it is still in that life.
    pub(crate) fn alive(&mut self, node: NodeId, life: u32) -> Option<&mut Slot> {
        let slot = &mut self.slots[node.0];
        (slot.up && slot.life == life).then_some(slot)
    }
}
