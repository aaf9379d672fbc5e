//! A scenario's nodes on real sockets.
//!
//! Nodes see the scenario's addresses and time only. Faults are done on this side of the sockets: what is
//! lost is not sent, what is late is sent late, and what comes from outside is treated when it arrives. The
//! machine's own network adds what it adds; a run is therefore not repeatable to the frame, though the
//! chance in it comes from the seed.

mod arrivals;
mod streams;
mod talk;
mod waiting;

use std::future::{Future, poll_fn};
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tollgate_time::Instant;

use streams::{Position, Streams};

use crate::cast::{Cast, OUTPUTS_PER_TURN_MAX};
use crate::live::address::{AddressMap, Reach};
use crate::live::clock::LiveClock;
use crate::live::port::{Ports, Received, Underway};
use crate::record::PAYLOAD_MAX;
use crate::timeline::Timeline;
use crate::{
    Action, ActionError, Carried, Driver, Ending, Fate, Fault, FaultError, Frame, Impairment, Input, NodeId,
    Output, Peer, Seen, StreamEvent, StreamId, Tally,
};

/// So many frames may be held back at once by latency, jitter and reordering; more are lost.
pub const HELD_MAX: usize = 100_000;
/// So many frames are taken off the sockets before a node comes back.
const BACKLOG_MAX: u32 = 100_000;
/// The longest single wait in real time. Longer ones are made of several.
const WAIT_MAX: Duration = Duration::from_secs(3_600);

/// The real network.
pub struct LiveDriver {
    runtime: Runtime,
    clock: LiveClock,
    map: AddressMap,
    ports: Ports,
    timeline: Timeline<What>,
    cast: Cast,
    streams: Streams,
}

/// A frame with its number and whom it is for.
#[derive(Clone)]
struct Parcel {
    from: NodeId,
    to: Destination,
    number: u64,
    frame: Frame,
}

#[derive(Clone, Copy)]
enum Destination {
    /// A node of this driver, in this life.
    Inside { node: NodeId, life: u32 },
    /// Something outside, at this real address.
    Outside(SocketAddr),
}

enum What {
    /// A frame was held back and is sent now.
    Departure(Parcel),
    /// A frame from outside was held back and arrives now.
    Arrival {
        node: NodeId,
        life: u32,
        number: u64,
        frame: Frame,
    },
    Revival {
        node: NodeId,
        life: u32,
    },
    /// Something is due on a connection.
    Stream(u64),
    /// A node hears that a connection is over, since its address is another's now.
    Lost {
        node: NodeId,
        life: u32,
        name: StreamId,
    },
}

impl LiveDriver {
    /// An empty network. Links add nothing to what the machine's own do, unless faults say so.
    ///
    /// # Errors
    /// The machine refuses what the runtime needs.
    pub fn new(clock: LiveClock, map: AddressMap, seed: u64) -> Result<Self, FaultError> {
        let runtime = Builder::new_current_thread().enable_io().enable_time().build();
        let runtime =
            runtime.map_err(|error| FaultError(format!("the network cannot be started: {error}")))?;
        let streams = runtime.block_on(async { Self::watched() })?;
        let mut cast = Cast::new(seed);
        cast.links.set_usual(Impairment { latency: Duration::ZERO, ..Impairment::default() });
        Ok(Self { runtime, clock, map, ports: Ports::default(), timeline: Timeline::new(), cast, streams })
    }

    /// What links add to what the machine's own do, unless faults say so; by default nothing.
    #[must_use]
    pub fn with_usual_link(mut self, impairment: Impairment) -> Self {
        self.cast.links.set_usual(impairment);
        self
    }

    /// The same, keeping every frame that it carries for [`Driver::carried`].
    #[must_use]
    pub fn keeping_carried(mut self) -> Self {
        self.cast.record.keep();
        self
    }

    /// How many frames were carried, and what became of them.
    #[must_use]
    pub fn tally(&self) -> &Tally {
        &self.cast.record.tally
    }

    /// How many errors the sockets reported while receiving. That something outside was not reached is one, and
    /// also shows as [`Fate::Refused`] of the frame.
    #[must_use]
    pub fn receive_errors(&self) -> u64 {
        self.ports.errors
    }

    /// The real address of a node's, bound now if it was not yet: where something on this machine reaches
    /// the node.
    ///
    /// # Errors
    /// No node owns it, or it cannot be bound.
    pub fn real_address(&mut self, scenario: SocketAddr) -> Result<SocketAddr, FaultError> {
        let node = self.cast.hosts.get(&scenario.ip());
        let node = *node.ok_or_else(|| FaultError(format!("no node has the address {scenario}")))?;
        let port = self.open(node, scenario, Reach::Loopback)?;
        Ok(self.ports.get(port).real)
    }

    fn open(&mut self, node: NodeId, scenario: SocketAddr, reach: Reach) -> Result<usize, FaultError> {
        let _inside = self.runtime.enter();
        self.ports.open(&self.map, node, scenario, reach)
    }

    /// Takes what a node has to say after an input; `frame` is the one that it belongs to.
    fn turn(&mut self, id: NodeId, input: Option<u64>) {
        let mut frame = input;
        let mut outputs = 0;
        let mut told = Vec::new();
        // What was observed of octets that are in no segment yet.
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
                    let at = self.clock.now();
                    self.cast.observe(at, id, observation, frame);
                }
                Output::Heard(observation) => {
                    let at = self.clock.now();
                    self.cast.observe(at, id, observation, input);
                }
                Output::Claim(address) => self.claim(id, address),
                Output::Wait(deadline) => {
                    self.cast.slots[id.0].deadline = deadline;
                    if told.is_empty() {
                        break;
                    }
                    for (stream, event) in told.drain(..) {
                        let now = self.clock.now();
                        self.cast.slots[id.0].peer.handle_input(now, Input::Stream(stream, &event));
                    }
                }
            }
            outputs += 1;
            assert!(
                outputs < OUTPUTS_PER_TURN_MAX,
                "node {} does not stop: {outputs} outputs without a wait",
                id.0
            );
        }
        self.flush_streams(&pending);
    }

    /// Gives a node an address: the sockets there are its own from now on.
    fn claim(&mut self, node: NodeId, address: IpAddr) {
        let Some(before) = self.cast.claim(node, address) else { return };
        if let Some(former) = before {
            self.ports.hand_over(address, node, self.cast.slots[node.0].life);
            self.move_streams(address, former);
        }
        let at = self.clock.now();
        self.cast.observe_claim(at, node, address, before);
    }

    /// Treats a frame as its link does, and sends what is left of it. Answers with its number.
    fn transmit(&mut self, from: NodeId, frame: Frame) -> u64 {
        let now = self.clock.now();
        let to = match self.route(now, from, &frame) {
            Ok(to) => to,
            Err(fate) => return self.cast.record.enter(now, &frame, Some(fate)),
        };
        let peer = match to {
            Destination::Inside { node, .. } => Some(node),
            Destination::Outside(_) => None,
        };
        let Some(passage) = self.pass(now, from, peer, &frame) else { return self.cast.record.tally.carried };
        let parcel = Parcel { from, to, number: passage.number, frame };
        if let Some((number, delay)) = passage.copy {
            let copy = Parcel { number, ..parcel.clone() };
            self.depart_after(now, passage.delay, parcel);
            self.depart_after(now, delay, copy);
        } else {
            self.depart_after(now, passage.delay, parcel);
        }
        passage.number
    }

    /// Where a frame is for, or why it gets nowhere.
    fn route(&self, now: Instant, from: NodeId, frame: &Frame) -> Result<Destination, Fate> {
        if frame.payload.len() > PAYLOAD_MAX {
            return Err(Fate::TooLong);
        }
        let (to, peer) = match self.cast.hosts.get(&frame.to.ip()) {
            Some(node) => {
                (Destination::Inside { node: *node, life: self.cast.slots[node.0].life }, Some(*node))
            }
            None => (Destination::Outside(self.map.real(frame.to).ok_or(Fate::NoSuchHost)?), None),
        };
        if self.cast.links.cut(now, from, peer) { Err(Fate::Partitioned) } else { Ok(to) }
    }

    /// Draws what a link does to a frame, and records it; `None` when it loses it.
    fn pass(&mut self, now: Instant, node: NodeId, peer: Option<NodeId>, frame: &Frame) -> Option<Passage> {
        let link = *self.cast.links.impairment(now, node, peer);
        if self.cast.chance.hits(link.loss) {
            self.cast.record.enter(now, frame, Some(Fate::Lost));
            return None;
        }
        let held = self.cast.chance.hits(link.reordering);
        let number = self.cast.record.enter(now, frame, held.then_some(Fate::HeldBack));
        let mut delay = link.latency.saturating_add(self.cast.chance.up_to(link.jitter));
        if held {
            delay = delay.saturating_add(self.cast.chance.up_to(link.reordering_delay));
        }
        let copy = self.cast.chance.hits(link.duplication).then(|| {
            let number = self.cast.record.enter(now, frame, Some(Fate::Duplicated));
            (number, link.latency.saturating_add(self.cast.chance.up_to(link.jitter)))
        });
        Some(Passage { number, delay, copy })
    }

    fn depart_after(&mut self, now: Instant, delay: Duration, parcel: Parcel) {
        if delay.is_zero() {
            self.depart(&parcel);
        } else {
            self.hold(now + delay, parcel.number, What::Departure(parcel));
        }
    }

    fn hold(&mut self, at: Instant, number: u64, what: What) {
        if self.timeline.len() < HELD_MAX {
            self.timeline.enter(at, what);
        } else {
            self.cast.record.amend(number, Fate::Lost);
        }
    }

    /// Gives a frame to the machine.
    fn depart(&mut self, parcel: &Parcel) {
        let Parcel { from, to, number, ref frame } = *parcel;
        if let Err(_refused) = self.try_depart(from, to, number, frame) {
            self.cast.record.amend(number, Fate::Refused);
        }
    }

    fn try_depart(
        &mut self,
        from: NodeId,
        to: Destination,
        number: u64,
        frame: &Frame,
    ) -> Result<(), FaultError> {
        let (port, real) = match to {
            Destination::Outside(real) => (None, real),
            Destination::Inside { node, life } => {
                let port = self.open(node, frame.to, Reach::Loopback)?;
                (Some((port, life)), self.ports.get(port).real)
            }
        };
        let source = self.open(from, frame.from, Reach::of(real.ip()))?;
        let sent = self.ports.send(source, real, &frame.payload);
        sent.map_err(|error| FaultError(format!("{} cannot be reached: {error}", frame.to)))?;
        match port {
            Some((port, life)) => {
                let from = self.ports.get(source).real;
                self.ports.expect(port, Underway { from, number, life, payload: frame.payload.clone() });
            }
            None => self.ports.left(source, real, number),
        }
        Ok(())
    }

    /// Takes what a socket received.
    fn accept(&mut self, received: Received) {
        let port = self.ports.get(received.port);
        let to = port.scenario;
        // The address may be another node's by now.
        let node = self.cast.hosts.get(&to.ip()).copied().unwrap_or(port.node);
        if let Some(from) = self.ports.published(received.from)
            && let Some(Underway { number, life, .. }) = self.ports.expected(&received)
        {
            let sender = self.cast.hosts.get(&from.ip()).copied();
            if sender.is_some_and(|sender| self.cast.links.cut(self.clock.now(), sender, Some(node))) {
                return self.cast.record.amend(number, Fate::Partitioned);
            }
            let frame = Frame { from, to, payload: received.payload };
            return self.arrive(node, life, number, &frame);
        }
        let from = self.map.scenario(received.from);
        self.enter(node, Frame { from, to, payload: received.payload });
    }

    /// A frame comes in from outside: its link is on this side.
    fn enter(&mut self, node: NodeId, frame: Frame) {
        let now = self.clock.now();
        if self.cast.links.cut(now, node, None) {
            self.cast.record.enter(now, &frame, Some(Fate::Partitioned));
            return;
        }
        let Some(passage) = self.pass(now, node, None, &frame) else { return };
        let life = self.cast.slots[node.0].life;
        if let Some((number, delay)) = passage.copy {
            self.arrive_after(now, passage.delay, node, life, passage.number, frame.clone());
            self.arrive_after(now, delay, node, life, number, frame);
        } else {
            self.arrive_after(now, passage.delay, node, life, passage.number, frame);
        }
    }

    fn arrive_after(
        &mut self,
        now: Instant,
        delay: Duration,
        node: NodeId,
        life: u32,
        number: u64,
        frame: Frame,
    ) {
        if delay.is_zero() {
            self.arrive(node, life, number, &frame);
        } else {
            self.hold(now + delay, number, What::Arrival { node, life, number, frame });
        }
    }

    fn arrive(&mut self, node: NodeId, life: u32, number: u64, frame: &Frame) {
        let now = self.clock.now();
        let (node, life) = self.cast.holder(node, life, frame.to.ip());
        let Some(slot) = self.cast.alive(node, life) else {
            return self.cast.record.amend(number, Fate::HostDown);
        };
        slot.peer.handle_input(now, Input::Receive(frame));
        self.cast.record.tally.delivered += 1;
        self.turn(node, Some(number));
    }

    /// Does what is due, each node's timeout once.
    fn catch_up(&mut self) {
        for number in self.ports.unreachable() {
            self.cast.record.amend(number, Fate::Refused);
        }
        let now = self.clock.now();
        while let Some((at, what)) = self.timeline.next_until(now) {
            match what {
                What::Departure(parcel) => self.depart_late(now, &parcel),
                What::Stream(link) => self.stream_woken(link, at),
                What::Lost { node, life, name } => {
                    self.tell(node, life, name, &StreamEvent::Closed(Ending::Reset), None);
                }
                What::Arrival { node, life, number, frame } => {
                    if self.cast.links.cut(now, node, None) {
                        self.cast.record.amend(number, Fate::Partitioned);
                    } else {
                        self.arrive(node, life, number, &frame);
                    }
                }
                What::Revival { node, life } => {
                    if self.cast.is_due(node, life) {
                        self.restart(node);
                    }
                }
            }
        }
        self.streams.connections.flush();
        for id in (0..self.cast.slots.len()).map(NodeId) {
            let slot = &mut self.cast.slots[id.0];
            if slot.deadline.is_some_and(|deadline| deadline <= now) {
                slot.deadline = None;
                slot.peer.handle_input(now, Input::Timeout);
                self.turn(id, None);
            }
        }
    }

    /// Sends what was held back, unless something has come between meanwhile.
    fn depart_late(&mut self, now: Instant, parcel: &Parcel) {
        let peer = match parcel.to {
            Destination::Inside { node, .. } => Some(node),
            Destination::Outside(_) => None,
        };
        if self.cast.links.cut(now, parcel.from, peer) {
            self.cast.record.amend(parcel.number, Fate::Partitioned);
        } else {
            self.depart(parcel);
        }
    }

    /// Waits for a datagram, no longer than until `at`.
    fn wait(&mut self, at: Instant) -> Option<Received> {
        let most = self.clock.real_wait(at).min(WAIT_MAX).min(self.streams.connections.patience());
        let Self { runtime, ports, streams, .. } = self;
        runtime.block_on(async {
            // Has the runtime look at the sockets even when there is no time to wait.
            tokio::task::yield_now().await;
            let mut datagram = pin!(ports.receive());
            let anything = poll_fn(|context| {
                if let Poll::Ready(received) = datagram.as_mut().poll(context) {
                    return Poll::Ready(Some(received));
                }
                match streams.watch.poll_read_ready(context) {
                    Poll::Ready(Ok(mut ready)) => {
                        ready.clear_ready();
                        Poll::Ready(None)
                    }
                    Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
                }
            });
            tokio::time::timeout(most, anything).await.ok().flatten()
        })
    }

    fn next_due(&self) -> Option<Instant> {
        let deadlines = self.cast.slots.iter().filter_map(|slot| slot.deadline);
        deadlines.chain(self.timeline.next_at()).min()
    }

    fn crash(&mut self, node: NodeId) {
        self.cast.crash(node);
        self.crash_streams(node);
    }

    fn restart(&mut self, node: NodeId) {
        if self.cast.slots[node.0].up {
            self.crash(node);
        }
        // What the sockets still hold arrived while the node was down.
        for _ in 0..BACKLOG_MAX {
            let Some(received) = self.wait(Instant::EPOCH) else { break };
            self.accept(received);
        }
        let now = self.clock.now();
        let slot = &mut self.cast.slots[node.0];
        slot.up = true;
        slot.peer.restart(now);
        self.turn(node, None);
    }
}

/// What a link does to a frame that it does not lose.
struct Passage {
    number: u64,
    delay: Duration,
    /// The number and the delay of a copy.
    copy: Option<(u64, Duration)>,
}

impl Driver for LiveDriver {
    fn add_node(&mut self, addresses: &[IpAddr], node: Box<dyn Peer>) -> Result<NodeId, FaultError> {
        self.cast.free(addresses)?;
        for scenario in addresses.iter().flat_map(|host| self.map.bound_on(*host)).collect::<Vec<_>>() {
            self.open(NodeId(self.cast.slots.len()), scenario, Reach::Loopback)?;
        }
        let id = self.cast.add(addresses, node);
        self.turn(id, None);
        Ok(id)
    }

    fn now(&self) -> Instant {
        self.clock.now()
    }

    fn perform(&mut self, node: NodeId, action: &Action) -> Result<(), ActionError> {
        self.cast.perform(self.clock.now(), node, action)?;
        self.turn(node, None);
        Ok(())
    }

    fn advance(&mut self, until: Instant) -> Option<Seen> {
        loop {
            match self.cast.seen.front() {
                Some(seen) if seen.at <= until => return self.cast.seen.pop_front(),
                Some(_) if self.clock.now() >= until => return None,
                _ => {}
            }
            let due = self.next_due().map_or(until, |due| due.min(until));
            if let Some(received) = self.wait(due) {
                self.accept(received);
            }
            self.hear_streams();
            self.catch_up();
            if self.cast.seen.is_empty() && self.clock.now() >= until {
                return None;
            }
        }
    }

    fn inject(&mut self, fault: Fault) -> Result<(), FaultError> {
        let now = self.clock.now();
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
