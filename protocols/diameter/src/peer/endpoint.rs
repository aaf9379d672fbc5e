//! A node's peers and connections: takes what happened, says what to do.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, VecDeque};
use std::sync::Arc;

use hashbrown::HashMap;
use tollgate_time::Instant;

use super::action::{Action, Note};
use super::capabilities::{Capabilities, Refusal};
use super::chance::Chance;
use super::identity::same;
use super::link::{ConnectionId, Link};
use super::machine::{Event, State};
use super::pending::Pending;
use super::settings::{Acceptance, PeerSettings, Settings};
use super::state::Peer;
use super::watchdog::Health;
use super::{DisconnectCause, Routes, base};
use crate::{Builder, CommandFlags, Header, Message, Problem, ResultCode, Splitter, avp};

/// A node of Diameter without sockets or clock.
///
/// - [`Self::start`], [`Self::accepted`], [`Self::opened`], [`Self::received`], [`Self::closed`] and
///   [`Self::expire`] tell it what happened; [`Self::poll_action`] says what to do and what it found;
///   [`Self::next_deadline`] is when `expire` is to be called, and may come early.
/// - [`Self::request`] sends a request of this node, [`Self::answer`] answers one of a peer.
#[derive(Debug)]
pub struct Endpoint {
    pub(super) settings: Settings,
    pub(super) routes: Routes,
    pub(super) chance: Chance,
    pub(super) peers: Vec<Peer>,
    /// Places in `peers` that are free again.
    free: BTreeSet<usize>,
    hosts: HashMap<String, usize, foldhash::fast::FixedState>,
    pub(super) links: HashMap<ConnectionId, Link, foldhash::fast::FixedState>,
    pub(super) pending: Pending,
    actions: VecDeque<Action>,
    /// A peer's or connection's deadline is never before its earliest entry.
    timers: BinaryHeap<Reverse<(Instant, Timer)>>,
    pub(super) next_connection: u64,
    end_to_end: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Peer(usize),
    Link(ConnectionId),
}

/// How a peer fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerStatus {
    /// Its Origin-Host.
    pub host: Arc<str>,
    /// Where its state machine stands.
    pub state: State,
    /// What its watchdog believes.
    pub health: Health,
    /// What it said about itself, while it is connected.
    pub capabilities: Option<Capabilities>,
}

impl Endpoint {
    /// An endpoint; `seed` decides its identifiers and jitter, `now` the upper bits of End-to-End
    /// Identifiers (RFC 6733 section 3).
    #[must_use]
    pub fn new(settings: Settings, routes: Routes, seed: u64, now: Instant) -> Self {
        let mut chance = Chance::new(seed);
        let secs = u32::try_from(now.unix_secs() & 0xfff).unwrap_or(0);
        let end_to_end = secs << 20 | chance.number32() >> 12;
        Self {
            settings,
            routes,
            chance,
            peers: Vec::new(),
            free: BTreeSet::new(),
            hosts: HashMap::default(),
            links: HashMap::default(),
            pending: Pending::default(),
            actions: VecDeque::new(),
            timers: BinaryHeap::new(),
            next_connection: 0,
            end_to_end,
        }
    }

    /// Who this node is, and how it behaves.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Names a peer; one that this end connects to is connected to from [`Self::start`] on, or at once
    /// by [`Self::connect`].
    pub fn add_peer(&mut self, peer: &PeerSettings) {
        let index = self.peer_named(&peer.host, true);
        self.peers[index].named = true;
        self.peers[index].wanted = peer.connect;
    }

    /// Connects to every peer to which this end connects.
    pub fn start(&mut self, now: Instant) {
        for peer in 0..self.peers.len() {
            if self.peers[peer].wanted {
                self.event(now, peer, Event::Start, None);
            }
        }
    }

    /// Connects to one peer; one that is not known is named by it.
    pub fn connect(&mut self, now: Instant, host: &str) {
        self.add_peer(&PeerSettings::to(host));
        if let Some(peer) = self.find(host) {
            self.event(now, peer, Event::Start, None);
        }
    }

    /// Ends the connection to a peer with a DPR, and does not open it again.
    pub fn disconnect(&mut self, now: Instant, host: &str, cause: DisconnectCause) {
        if let Some(peer) = self.find(host) {
            self.stop_peer(now, peer, cause);
        }
    }

    /// Ends every connection with a DPR.
    pub fn stop(&mut self, now: Instant, cause: DisconnectCause) {
        for peer in 0..self.peers.len() {
            self.stop_peer(now, peer, cause);
        }
    }

    /// Somebody connected; `connection` is [`ConnectionId::incoming`].
    pub fn accepted(&mut self, now: Instant, connection: ConnectionId) {
        if self.links.len() >= self.settings.connections_max {
            self.note(Note::TooMany);
            return self.act(Action::Close { connection });
        }
        let deadline = now + self.settings.capabilities_within;
        let hop_by_hop = self.chance.number32();
        let splitter = Splitter::new(self.settings.message_len_max);
        self.links.insert(connection, Link { splitter, peer: None, deadline: Some(deadline), hop_by_hop });
        self.timers.push(Reverse((deadline, Timer::Link(connection))));
    }

    /// A connection that [`Action::Connect`] asked for is open.
    pub fn opened(&mut self, now: Instant, connection: ConnectionId) {
        if let Some(peer) = self.peer_of(connection) {
            self.event(now, peer, Event::RcvConnAck, None);
        }
    }

    /// A connection was closed by the other end, or could not be opened.
    pub fn closed(&mut self, now: Instant, connection: ConnectionId) {
        let peer = self.peer_of(connection);
        self.links.remove(&connection);
        let Some(peer) = peer else { return };
        let own = &self.peers[peer];
        let event = if own.responder == Some(connection) {
            Event::RPeerDisc
        } else if matches!(own.state, State::WaitConnAck | State::WaitConnAckElect) {
            Event::RcvConnNack
        } else {
            Event::IPeerDisc
        };
        self.event(now, peer, event, None);
    }

    /// Octets arrived, in any cut.
    pub fn received(&mut self, now: Instant, connection: ConnectionId, octets: &[u8]) {
        let Some(link) = self.links.get_mut(&connection) else { return };
        let mut splitter = std::mem::take(&mut link.splitter);
        splitter.push(octets);
        loop {
            match splitter.next_message() {
                Ok(Some(message)) => self.message(now, connection, message),
                Ok(None) => break,
                Err(error) => {
                    self.note(Note::Framing(error));
                    return self.abandon(now, connection);
                }
            }
            // A message may have ended the connection.
            if !self.links.contains_key(&connection) {
                return;
            }
        }
        if let Some(link) = self.links.get_mut(&connection) {
            link.splitter = splitter;
        }
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant) {
        while let Some(Reverse((at, timer))) = self.timers.peek().copied() {
            if at > now {
                break;
            }
            self.timers.pop();
            match timer {
                Timer::Peer(peer) => {
                    self.peers[peer].armed = None;
                    self.expire_peer(now, peer);
                }
                Timer::Link(connection) => {
                    let due = |link: &Link| link.peer.is_none() && link.deadline.is_some_and(|at| at <= now);
                    if self.links.get(&connection).is_some_and(due) {
                        self.note(Note::TooSlow);
                        self.close_link(connection);
                    }
                }
            }
        }
        self.expire_requests(now);
    }

    /// When [`Self::expire`] is to be called; nothing may be due then yet.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let timer = self.timers.peek().map(|Reverse((at, _))| *at);
        [timer, self.pending.next_deadline()].into_iter().flatten().min()
    }

    /// The next action, in order.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Every peer.
    pub fn peers(&self) -> impl Iterator<Item = PeerStatus> + '_ {
        let known = self.peers.iter().enumerate().filter(|(index, _)| !self.free.contains(index));
        known.map(|(_, own)| PeerStatus {
            host: Arc::clone(&own.host),
            state: own.state,
            health: own.watchdog.health(),
            capabilities: own.remote.clone(),
        })
    }

    /// Whether requests may be sent to this peer.
    #[must_use]
    pub fn is_up(&self, host: &str) -> bool {
        self.find(host).is_some_and(|peer| self.peers[peer].is_up())
    }

    /// What a connected peer said about itself.
    #[must_use]
    pub fn capabilities(&self, host: &str) -> Option<&Capabilities> {
        self.peers[self.find(host)?].remote.as_ref()
    }

    /// The connection that carries a peer's traffic.
    #[must_use]
    pub fn connection(&self, host: &str) -> Option<ConnectionId> {
        self.peers[self.find(host)?].connection()
    }

    fn message(&mut self, now: Instant, connection: ConnectionId, octets: &[u8]) {
        let Some(header) = Header::read(octets) else { return };
        if self.settings.tells_arrivals {
            self.act(Action::Arrived { connection, octets: octets.to_vec() });
        }
        let Some(peer) = self.peer_of(connection) else {
            return self.first_message(now, connection, header, octets);
        };
        let role = self.peers[peer].initiator == Some(connection);
        let message = match Message::parse(octets) {
            Ok(message) => message,
            Err(problem) => return self.malformed(now, peer, connection, octets, problem),
        };
        let unopened = !matches!(self.peers[peer].state, State::IOpen | State::ROpen | State::Closing);
        match (header.command, header.is_request()) {
            (base::CAPABILITIES, false) if role => self.cea(now, peer, &message),
            _ if unopened && role => self.event(now, peer, Event::IRcvNonCea, None),
            (base::CAPABILITIES, _) => {
                self.note(Note::Unexpected { command: header.command });
                self.abandon(now, connection);
            }
            _ if unopened => {
                self.note(Note::Unexpected { command: header.command });
                self.abandon(now, connection);
            }
            (base::WATCHDOG, true) => {
                self.heard(now, peer, false);
                let mut builder = self.base_answer(&message);
                self.settings.identity.write_state(&mut builder);
                self.transmit(Some(connection), builder.finish().ok());
            }
            (base::WATCHDOG, false) => self.heard(now, peer, true),
            (base::DISCONNECT, true) => {
                let builder = self.base_answer(&message);
                self.transmit(Some(connection), builder.finish().ok());
                self.told_to_stop(peer, message.u32(avp::DISCONNECT_CAUSE).and_then(DisconnectCause::of));
                self.event(now, peer, if role { Event::IRcvDpr } else { Event::RRcvDpr }, None);
            }
            (base::DISCONNECT, false) => {
                self.event(now, peer, if role { Event::IRcvDpa } else { Event::RRcvDpa }, None);
            }
            (_, request) => {
                self.heard(now, peer, false);
                if request {
                    self.receive_request(now, peer, connection, &message);
                } else {
                    self.receive_answer(now, connection, &message);
                }
            }
        }
        // What came may have moved a deadline forward.
        self.arm(peer);
    }

    /// The first message on a connection that somebody else opened: a CER, or the end of it.
    fn first_message(&mut self, now: Instant, connection: ConnectionId, header: Header, octets: &[u8]) {
        if header.command != base::CAPABILITIES || !header.is_request() {
            self.note(Note::Unexpected { command: header.command });
            return self.close_link(connection);
        }
        let read = Message::parse(octets).and_then(|message| Capabilities::read(&message));
        let capabilities = match read {
            Ok(own) => own,
            Err(problem) => {
                let host = String::new();
                return self.refuse(connection, &header, host, &Refusal::Problem(problem));
            }
        };
        let known = self.find(&capabilities.host);
        let refusal = if same(&capabilities.host, &self.settings.identity.host) {
            // A node that connects to itself, or steals this one's name.
            Some(ResultCode::UNKNOWN_PEER)
        } else if known.is_none() && self.settings.acceptance == Acceptance::Known {
            Some(ResultCode::UNKNOWN_PEER)
        } else if !capabilities.applications.meet(&self.settings.applications) {
            Some(ResultCode::NO_COMMON_APPLICATION)
        } else {
            None
        };
        if let Some(code) = refusal {
            return self.refuse(connection, &header, capabilities.host, &Refusal::Result(code));
        }
        let peer = self.peer_named(&capabilities.host, false);
        let own = &self.peers[peer];
        let before = own.remote.as_ref().and_then(|remote| remote.state);
        // A grown Origin-State-Id says that the peer lost its old connection (RFC 6733 section 8.16).
        if own.state.is_open() && before.zip(capabilities.state).is_some_and(|(old, new)| new > old) {
            let event = if own.state == State::IOpen { Event::IPeerDisc } else { Event::RPeerDisc };
            // It starts afresh: no trial, and it is not forgotten in between.
            self.peers[peer].in_order = true;
            let wanted = std::mem::replace(&mut self.peers[peer].wanted, true);
            self.event(now, peer, event, None);
            self.peers[peer].wanted = wanted;
        }
        self.event(now, peer, Event::RConnCer, Some((connection, header, capabilities)));
    }

    fn refuse(&mut self, connection: ConnectionId, header: &Header, host: String, refusal: &Refusal) {
        let Settings { identity, applications, .. } = &self.settings;
        let cea = Capabilities::answer(header, identity, applications, Some(refusal));
        self.transmit(Some(connection), cea.ok());
        let code = match refusal {
            Refusal::Result(code) => *code,
            Refusal::Problem(problem) => problem.result_code(),
        };
        self.note(Note::Refused { host, code });
        self.close_link(connection);
    }

    fn cea(&mut self, now: Instant, peer: usize, message: &Message<'_>) {
        let code = message.result_code();
        let read = Capabilities::read(message).ok();
        let agreed = code.is_some_and(ResultCode::is_success);
        let common = read.as_ref().is_some_and(|own| own.applications.meet(&self.settings.applications));
        let waits = matches!(self.peers[peer].state, State::WaitICea | State::WaitReturns);
        if agreed && common && waits {
            if let Some(own) = &read {
                // A peer that was named by its address says here what it is called.
                self.hosts.entry(own.host.to_ascii_lowercase()).or_insert(peer);
            }
            self.peers[peer].remote = read;
            self.event(now, peer, Event::IRcvCea, None);
        } else if waits {
            self.note(Note::CerRefused { host: self.peers[peer].host.to_string(), code });
            self.event(now, peer, Event::IRcvNonCea, None);
        } else {
            self.note(Note::Unexpected { command: base::CAPABILITIES });
        }
    }

    /// A request that cannot be read is answered, an answer dropped; the stream goes on behind it.
    fn malformed(&mut self, now: Instant, peer: usize, on: ConnectionId, octets: &[u8], problem: Problem) {
        if self.peers[peer].state.is_open() {
            self.heard(now, peer, false);
            if let Some(mut builder) = Builder::answer_to_broken(octets) {
                self.settings.identity.write(&mut builder);
                builder.problem(&problem);
                self.transmit(Some(on), builder.finish().ok());
            }
            self.note(Note::Malformed(problem));
        } else {
            self.note(Note::Malformed(problem));
            self.abandon(now, on);
        }
    }

    fn base_answer(&self, request: &Message<'_>) -> Builder {
        let mut builder = Builder::new(request.header.answer().flagged(CommandFlags::default()));
        builder.result(ResultCode::SUCCESS);
        self.settings.identity.write(&mut builder);
        builder
    }

    /// Closes a connection as if the other end had.
    fn abandon(&mut self, now: Instant, connection: ConnectionId) {
        self.act(Action::Close { connection });
        self.closed(now, connection);
    }

    pub(super) fn close_link(&mut self, connection: ConnectionId) {
        if self.links.remove(&connection).is_some() {
            self.act(Action::Close { connection });
        }
    }

    /// The same for a connection that there may not be.
    pub(super) fn disconnect_link(&mut self, connection: Option<ConnectionId>) {
        if let Some(connection) = connection {
            self.close_link(connection);
        }
    }

    pub(super) fn transmit(&mut self, connection: Option<ConnectionId>, octets: Option<Vec<u8>>) {
        if let (Some(connection), Some(octets)) = (connection, octets) {
            self.act(Action::Send { connection, octets });
        }
    }

    pub(super) fn act(&mut self, action: Action) {
        self.actions.push_back(action);
    }

    pub(super) fn note(&mut self, note: Note) {
        self.actions.push_back(Action::Noted(note));
    }

    pub(super) fn next_hop(&mut self, connection: ConnectionId) -> u32 {
        let Some(link) = self.links.get_mut(&connection) else { return 0 };
        link.hop_by_hop = link.hop_by_hop.wrapping_add(1);
        link.hop_by_hop
    }

    pub(super) const fn next_end(&mut self) -> u32 {
        self.end_to_end = self.end_to_end.wrapping_add(1);
        self.end_to_end
    }

    pub(super) fn peer_of(&self, connection: ConnectionId) -> Option<usize> {
        self.links.get(&connection)?.peer
    }

    pub(super) fn find(&self, host: &str) -> Option<usize> {
        self.hosts.get(host.to_ascii_lowercase().as_str()).copied()
    }

    fn peer_named(&mut self, host: &str, named: bool) -> usize {
        if let Some(peer) = self.find(host) {
            return peer;
        }
        let own = Peer::new(host, named, self.settings.reopen_answers);
        let index = match self.free.pop_first() {
            Some(index) => {
                self.peers[index] = own;
                index
            }
            None => {
                self.peers.push(own);
                self.peers.len() - 1
            }
        };
        self.hosts.insert(host.to_ascii_lowercase(), index);
        index
    }

    pub(super) fn forget_peer(&mut self, peer: usize) {
        self.hosts.remove(self.peers[peer].host.to_ascii_lowercase().as_str());
        self.free.insert(peer);
    }

    /// Sees to it that the timers know the peer's deadline.
    pub(super) fn arm(&mut self, peer: usize) {
        let own = &mut self.peers[peer];
        let Some(deadline) = own.deadline() else { return };
        if own.armed.is_none_or(|armed| deadline < armed) {
            own.armed = Some(deadline);
            self.timers.push(Reverse((deadline, Timer::Peer(peer))));
        }
    }
}
