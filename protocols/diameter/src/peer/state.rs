//! One peer, and what the steps of its state machine do.

use std::sync::Arc;
use std::time::Duration;

use tollgate_time::Instant;

use super::action::{Action, Note};
use super::capabilities::Capabilities;
use super::endpoint::Endpoint;
use super::link::{ConnectionId, Link};
use super::machine::{self, Event, State, Step};
use super::watchdog::{Health, Watchdog, WatchdogOrder};
use super::{DisconnectCause, base};
use crate::{Builder, CommandFlags, Header, ResultCode, Splitter, avp};

/// What is kept of a peer.
#[derive(Debug)]
pub(super) struct Peer {
    pub(super) host: Arc<str>,
    /// Whether it was named before the start; others are forgotten when they leave.
    pub(super) named: bool,
    /// Whether this end connects whenever there is no connection.
    pub(super) wanted: bool,
    pub(super) state: State,
    pub(super) initiator: Option<ConnectionId>,
    pub(super) responder: Option<ConnectionId>,
    pub(super) watchdog: Watchdog,
    /// When the state ends by itself.
    timeout: Option<Instant>,
    /// When the connection is tried again.
    retry_at: Option<Instant>,
    failures: u32,
    pub(super) remote: Option<Capabilities>,
    /// The CER on R that has no CEA yet.
    cer: Option<(Header, Capabilities)>,
    /// Whether the connection ends by DPR.
    pub(super) in_order: bool,
    cause: DisconnectCause,
    /// The earliest entry of the timers.
    pub(super) armed: Option<Instant>,
}

impl Peer {
    pub(super) fn new(host: &str, named: bool, reopen_answers: u8) -> Self {
        Self {
            host: host.into(),
            named,
            wanted: false,
            state: State::Closed,
            initiator: None,
            responder: None,
            watchdog: Watchdog::new(reopen_answers),
            timeout: None,
            retry_at: None,
            failures: 0,
            remote: None,
            cer: None,
            in_order: false,
            cause: DisconnectCause::Rebooting,
            armed: None,
        }
    }

    /// The connection that carries the traffic.
    pub(super) const fn connection(&self) -> Option<ConnectionId> {
        match self.state {
            State::IOpen => self.initiator,
            State::ROpen => self.responder,
            State::Closing if self.initiator.is_some() => self.initiator,
            State::Closing => self.responder,
            _ => None,
        }
    }

    /// Whether requests may be sent to it.
    pub(super) fn is_up(&self) -> bool {
        self.state.is_open() && self.watchdog.health() == Health::Okay
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        [self.timeout, self.retry_at, self.watchdog.deadline()].into_iter().flatten().min()
    }
}

/// A CER, with the connection on which it came.
pub(super) type Incoming = (ConnectionId, Header, Capabilities);

impl Endpoint {
    /// Lets something happen to a peer.
    pub(super) fn event(&mut self, now: Instant, peer: usize, event: Event, incoming: Option<Incoming>) {
        let before = self.peers[peer].state;
        let Some((next, steps)) = machine::step(before, event) else {
            if let Some((connection, ..)) = incoming {
                self.close_link(connection);
            }
            return;
        };
        self.peers[peer].state = next;
        let mut incoming = incoming;
        let mut elect = false;
        for step in steps {
            match step {
                Step::Elect => elect = true,
                Step::RAccept | Step::RReject => self.receive_cer(peer, *step, incoming.take()),
                other => self.perform(peer, *other),
            }
        }
        if next != before {
            self.entered(now, peer, before, next);
        }
        self.arm(peer);
        if elect && self.wins_election(peer) {
            self.event(now, peer, Event::WinElection, None);
        }
    }

    /// RFC 6733 section 5.6.4: the greater name wins and closes the connection that it initiated.
    fn wins_election(&self, peer: usize) -> bool {
        let own = self.settings.identity.host.to_ascii_lowercase();
        let other = self.peers[peer].cer.as_ref().map_or("", |cer| cer.1.host.as_str()).to_ascii_lowercase();
        own > other
    }

    fn receive_cer(&mut self, peer: usize, step: Step, incoming: Option<Incoming>) {
        let Some((connection, header, capabilities)) = incoming else { return };
        if step == Step::RReject {
            self.note(Note::Refused { host: capabilities.host, code: ResultCode::ELECTION_LOST });
            return self.close_link(connection);
        }
        if let Some(link) = self.links.get_mut(&connection) {
            link.peer = Some(peer);
            link.deadline = None;
        }
        let own = &mut self.peers[peer];
        own.responder = Some(connection);
        own.cer = Some((header, capabilities));
    }

    fn perform(&mut self, peer: usize, step: Step) {
        match step {
            Step::IConnect => self.connect_now(peer),
            Step::ISendCer => self.send_cer(peer),
            Step::ProcessCer => {
                let own = &mut self.peers[peer];
                own.remote = own.cer.as_ref().map(|cer| cer.1.clone());
            }
            Step::RSendCea => {
                let Some((header, _)) = self.peers[peer].cer.take() else { return };
                let Own { identity, applications } = self.own();
                let cea = Capabilities::answer(&header, identity, applications, None);
                self.transmit(self.peers[peer].responder, cea.ok());
            }
            Step::IDisc => {
                let connection = self.peers[peer].initiator.take();
                self.disconnect_link(connection);
            }
            Step::RDisc => {
                let own = &mut self.peers[peer];
                own.cer = None;
                let connection = own.responder.take();
                self.disconnect_link(connection);
            }
            Step::Error => {
                self.perform(peer, Step::IDisc);
                self.perform(peer, Step::RDisc);
            }
            Step::ISendDpr => self.send_dpr(peer, self.peers[peer].initiator),
            Step::RSendDpr => self.send_dpr(peer, self.peers[peer].responder),
            // The DPA needs the header of its DPR, so whoever read that sends it.
            Step::ISendDpa | Step::RSendDpa | Step::ProcessCea => {}
            Step::Elect | Step::RAccept | Step::RReject => {}
        }
    }

    /// What a change of state brings with it.
    fn entered(&mut self, now: Instant, peer: usize, before: State, next: State) {
        let within = if next == State::Closing {
            self.settings.closing_within
        } else {
            self.settings.capabilities_within
        };
        let own = &mut self.peers[peer];
        own.timeout = next.has_timeout().then(|| now + within);
        own.retry_at = None;
        if next.is_open() {
            own.failures = 0;
            own.in_order = false;
            let tw = self.tw();
            let order = self.peers[peer].watchdog.connected(now, tw);
            if self.peers[peer].is_up() {
                let host = Arc::clone(&self.peers[peer].host);
                self.act(Action::Up { peer: host });
            }
            // FailBack says what Up has said.
            if order == Some(WatchdogOrder::SendDwr) {
                self.send_dwr(peer);
            }
        }
        if before.is_open() && !next.is_open() {
            let own = &mut self.peers[peer];
            own.in_order |= next == State::Closing;
            let (in_order, host) = (own.in_order, Arc::clone(&own.host));
            let was_up = own.watchdog.health() == Health::Okay;
            own.watchdog.disconnected(in_order);
            if was_up {
                self.act(Action::Down { peer: host });
            }
            if next == State::Closed {
                self.fail_over(now, peer);
            }
        }
        if before == State::Closing {
            self.fail_over(now, peer);
        }
        if next == State::Closed {
            self.closed_peer(now, peer);
        }
    }

    fn closed_peer(&mut self, now: Instant, peer: usize) {
        let chance = self.chance.octet();
        let own = &mut self.peers[peer];
        own.remote = None;
        if own.wanted {
            let failures = if own.cause == DisconnectCause::Busy { u32::MAX } else { own.failures };
            own.retry_at = Some(now + self.settings.backoff.wait(failures, chance));
            own.failures = own.failures.saturating_add(1);
            own.cause = DisconnectCause::Rebooting;
        } else if !own.named {
            self.forget_peer(peer);
        }
    }

    /// The peer's time has come.
    pub(super) fn expire_peer(&mut self, now: Instant, peer: usize) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if due(self.peers[peer].timeout) {
            self.peers[peer].timeout = None;
            self.note(Note::TooSlow);
            self.event(now, peer, Event::Timeout, None);
        }
        if due(self.peers[peer].retry_at) {
            self.peers[peer].retry_at = None;
            self.event(now, peer, Event::Start, None);
        }
        if due(self.peers[peer].watchdog.deadline()) {
            let tw = self.tw();
            let order = self.peers[peer].watchdog.elapsed(now, tw);
            self.watchdog_order(now, peer, order);
        }
        self.arm(peer);
    }

    pub(super) fn heard(&mut self, now: Instant, peer: usize, dwa: bool) {
        let tw = self.tw();
        let order = self.peers[peer].watchdog.received(now, dwa, tw);
        self.watchdog_order(now, peer, order);
    }

    fn watchdog_order(&mut self, now: Instant, peer: usize, order: Option<WatchdogOrder>) {
        let host = Arc::clone(&self.peers[peer].host);
        match order {
            None => {}
            Some(WatchdogOrder::SendDwr) => self.send_dwr(peer),
            Some(WatchdogOrder::FailBack) => self.act(Action::Up { peer: host }),
            Some(WatchdogOrder::FailOver) => {
                self.note(Note::Suspect { peer: Arc::clone(&host) });
                self.act(Action::Down { peer: host });
                self.fail_over(now, peer);
            }
            Some(WatchdogOrder::Close) => {
                let event =
                    if self.peers[peer].state == State::IOpen { Event::IPeerDisc } else { Event::RPeerDisc };
                self.event(now, peer, event, None);
            }
        }
    }

    fn tw(&mut self) -> Duration {
        self.chance.around(self.settings.watchdog, self.settings.watchdog_jitter)
    }

    fn connect_now(&mut self, peer: usize) {
        let connection = ConnectionId::outgoing(self.next_connection);
        self.next_connection += 1;
        let link = Link {
            splitter: Splitter::new(self.settings.message_len_max),
            peer: Some(peer),
            deadline: None,
            hop_by_hop: self.chance.number32(),
        };
        self.links.insert(connection, link);
        let own = &mut self.peers[peer];
        own.initiator = Some(connection);
        let host = Arc::clone(&own.host);
        self.act(Action::Connect { connection, peer: host });
    }

    fn send_cer(&mut self, peer: usize) {
        let Some(connection) = self.peers[peer].initiator else { return };
        let (hop, end) = (self.next_hop(connection), self.next_end());
        let Own { identity, applications } = self.own();
        let cer = Capabilities::request(identity, applications, hop, end);
        self.transmit(Some(connection), cer.ok());
    }

    fn send_dwr(&mut self, peer: usize) {
        let Some(connection) = self.peers[peer].connection() else { return };
        let mut builder = self.base_request(connection, base::WATCHDOG);
        self.settings.identity.write_state(&mut builder);
        self.transmit(Some(connection), builder.finish().ok());
    }

    fn send_dpr(&mut self, peer: usize, connection: Option<ConnectionId>) {
        let Some(own) = connection else { return };
        let mut builder = self.base_request(own, base::DISCONNECT);
        builder.u32(avp::DISCONNECT_CAUSE, self.peers[peer].cause.number());
        self.transmit(connection, builder.finish().ok());
    }

    fn base_request(&mut self, connection: ConnectionId, command: u32) -> Builder {
        let (hop, end) = (self.next_hop(connection), self.next_end());
        let header = Header::request(command, 0).flagged(CommandFlags::REQUEST).identified(hop, end);
        let mut builder = Builder::new(header);
        self.settings.identity.write(&mut builder);
        builder
    }

    /// This end stops the connection to a peer in order, and does not open it again.
    pub(super) fn stop_peer(&mut self, now: Instant, peer: usize, cause: DisconnectCause) {
        let own = &mut self.peers[peer];
        own.wanted = false;
        own.retry_at = None;
        own.cause = cause;
        let event = if own.state.is_open() { Event::Stop } else { Event::Timeout };
        self.event(now, peer, event, None);
        self.arm(peer);
    }

    /// A DPR came; who does not want to talk is not asked again.
    pub(super) fn told_to_stop(&mut self, peer: usize, cause: Option<DisconnectCause>) {
        let own = &mut self.peers[peer];
        own.in_order = true;
        own.cause = cause.unwrap_or(DisconnectCause::Rebooting);
        if own.cause == DisconnectCause::DoNotWantToTalkToYou {
            own.wanted = false;
        }
    }

    fn own(&self) -> Own<'_> {
        Own { identity: &self.settings.identity, applications: &self.settings.applications }
    }
}

/// The settings that capabilities are made of.
struct Own<'a> {
    identity: &'a super::Identity,
    applications: &'a super::Applications,
}
