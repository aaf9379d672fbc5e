//! Connections of the Diameter face: what arrives becomes tasks for the gateway, what it answers goes out.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use tollgate_diameter::peer::{
    Acceptance, Action, Applications, ConnectionId, Endpoint, Identity, PeerSettings, RequestId, Routes,
    Sending, Settings,
};
use tollgate_diameter::{Message, message_fields};
use tollgate_network::{Observation, Output, StreamEvent, StreamId, StreamOrder};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::config::{DiameterClient, DiameterConfig};
use super::copies::Copies;
use super::reach::Errand;
use super::sessions::{SessionKey, Sessions};

/// The Diameter face: its peers, and what it knows of their sessions.
pub(crate) struct DiameterFace {
    pub(super) config: Arc<DiameterConfig>,
    endpoint: Endpoint,
    pub(super) copies: Copies,
    pub(super) sessions: Sessions,
    /// Requests of its own that wait for answers.
    pub(super) errands: BTreeMap<RequestId, (SessionKey, Errand)>,
    outputs: VecDeque<Output>,
    /// When something happened last.
    now: Instant,
    observe: bool,
    seed: u64,
}

/// What the gateway has to do.
pub(super) enum Task {
    /// Answer a request.
    Serve { peer: Arc<str>, connection: ConnectionId, octets: Vec<u8> },
    /// Hear the answer to a request of its own; `None` where none came.
    Hear { key: SessionKey, errand: Errand, answer: Option<Vec<u8>> },
}

impl DiameterFace {
    pub(crate) fn new(config: DiameterConfig, observe: bool, seed: u64) -> Self {
        let config = Arc::new(config);
        let mut face = Self {
            endpoint: endpoint(&config, observe, seed, Instant::EPOCH),
            copies: Copies::new(config.duplicates_max),
            sessions: Sessions::default(),
            errands: BTreeMap::new(),
            outputs: VecDeque::new(),
            now: Instant::EPOCH,
            observe,
            seed,
            config,
        };
        face.listen();
        face
    }

    /// The power came back: connections, copies and routes are gone.
    pub(crate) fn restart(&mut self, now: Instant) {
        self.endpoint = endpoint(&self.config, self.observe, self.seed, now);
        self.forget_answers();
        self.sessions.clear();
        self.errands.clear();
        self.outputs.clear();
        self.listen();
    }

    /// Nothing that waits to be said is said, nor is any of it said again: it could not be stored.
    pub(crate) fn forget_answers(&mut self) {
        self.copies.clear();
        self.outputs.clear();
    }

    fn listen(&mut self) {
        for (number, (at, over)) in (0..).zip(&self.config.listen) {
            let order = StreamOrder::Listen { at: *at, over: *over };
            self.outputs.push_back(Output::Stream(StreamId::outgoing(number), order));
        }
    }

    /// Takes what happened to a connection.
    pub(super) fn take(&mut self, now: Instant, id: StreamId, event: &StreamEvent) {
        self.now = now;
        let connection = ConnectionId::incoming(id.number());
        match event {
            StreamEvent::Accepted { .. } => self.endpoint.accepted(now, connection),
            StreamEvent::Received(octets) => self.endpoint.received(now, connection, octets),
            StreamEvent::Closed(_) if id.is_incoming() => self.endpoint.closed(now, connection),
            StreamEvent::Refused(refusal) => {
                let why = refusal.to_string();
                self.observe(|| Observation::new("refused", Fields::new().with("detail", why.as_str())));
            }
            _ => {}
        }
    }

    /// When something happened last.
    pub(super) const fn now(&self) -> Instant {
        self.now
    }

    pub(super) fn expire(&mut self, now: Instant) {
        self.now = now;
        self.endpoint.expire(now);
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.endpoint.next_deadline()
    }

    /// The next thing for the gateway to do. What is for the network goes to the outputs in its order.
    pub(super) fn next_task(&mut self) -> Option<Task> {
        while let Some(action) = self.endpoint.poll_action() {
            match action {
                Action::Send { connection, octets } => self.send(connection, octets),
                Action::Close { connection } => {
                    let id = StreamId::incoming(connection.number());
                    self.outputs.push_back(Output::Stream(id, StreamOrder::Close));
                }
                Action::Request { peer, connection, octets } => {
                    return Some(Task::Serve { peer, connection, octets });
                }
                Action::Answer { request, octets, .. } => {
                    if let Some((key, errand)) = self.errands.remove(&request) {
                        return Some(Task::Hear { key, errand, answer: Some(octets) });
                    }
                }
                Action::Failed { request, .. } => {
                    if let Some((key, errand)) = self.errands.remove(&request) {
                        return Some(Task::Hear { key, errand, answer: None });
                    }
                }
                Action::Arrived { octets, .. } => {
                    if self.observe {
                        self.outputs.push_back(Output::Heard(observed(octets.into())));
                    }
                }
                Action::Noted(note) => {
                    let detail = note.to_string();
                    self.observe(|| {
                        Observation::new("diameter-note", Fields::new().with("detail", detail.as_str()))
                    });
                }
                Action::Up { peer } => self.observe(|| peer_seen("peer-up", &peer)),
                Action::Down { peer } => self.observe(|| peer_seen("peer-down", &peer)),
                // It connects to nobody.
                Action::Connect { connection, .. } => self.endpoint.closed(Instant::EPOCH, connection),
            }
        }
        None
    }

    /// Answers a request of a peer.
    pub(super) fn answer(&mut self, connection: ConnectionId, octets: Vec<u8>) {
        self.endpoint.answer(connection, octets);
    }

    /// Sends a request of its own to a peer; [`Task::Hear`] follows.
    pub(super) fn request(
        &mut self,
        now: Instant,
        through: &str,
        octets: Vec<u8>,
        about: (SessionKey, Errand),
    ) {
        self.now = now;
        let sending = Sending { via: Some(through), pinned: true, ..Sending::default() };
        let request = self.endpoint.request(now, octets, sending);
        self.errands.insert(request, about);
    }

    fn send(&mut self, connection: ConnectionId, octets: Vec<u8>) {
        let id = StreamId::incoming(connection.number());
        if self.observe {
            let octets = Bytes::from(octets);
            self.outputs.push_back(Output::Stream(id, StreamOrder::Send(octets.clone())));
            self.outputs.push_back(Output::Observe(observed(octets)));
        } else {
            self.outputs.push_back(Output::Stream(id, StreamOrder::Send(octets.into())));
        }
    }

    pub(super) fn observe(&mut self, observation: impl FnOnce() -> Observation) {
        if self.observe {
            self.outputs.push_back(Output::Observe(observation()));
        }
    }

    /// What is for the network, in its order, goes behind what the gateway has to say.
    pub(crate) fn flush(&mut self, outputs: &mut VecDeque<Output>) {
        outputs.append(&mut self.outputs);
    }

    /// Who a peer is, by its Origin-Host.
    pub(super) fn client(&self, host: &str) -> Option<&DiameterClient> {
        self.config.peers.iter().find(|own| own.host.eq_ignore_ascii_case(host))
    }
}

fn endpoint(config: &DiameterConfig, observe: bool, seed: u64, now: Instant) -> Endpoint {
    let address = config.listen.first().map_or(std::net::Ipv4Addr::LOCALHOST.into(), |(at, _)| at.ip());
    let mut identity = Identity::new(config.host.as_str(), config.realm.as_str(), address);
    identity.product = config.product.to_string();
    identity.addresses = config.listen.iter().map(|(at, _)| at.ip()).collect();
    if identity.addresses.is_empty() {
        identity.addresses.push(address);
    }
    let mut settings = Settings::new(identity, Applications::credit_control());
    settings.acceptance = if config.peers.is_empty() { Acceptance::Anybody } else { Acceptance::Known };
    settings.watchdog = config.watchdog;
    settings.message_len_max = config.message_max;
    settings.tells_arrivals = observe;
    let mut endpoint = Endpoint::new(settings, Routes::default(), seed, now);
    for peer in &config.peers {
        endpoint.add_peer(&PeerSettings::from(peer.host.as_str()));
    }
    endpoint
}

/// The message as an observation: its fields under the names of the dictionaries.
fn observed(octets: Bytes) -> Observation {
    let title = Message::parse(&octets).map_or("malformed-message", |message| message.title());
    Observation::message(Text::const_new(title), octets, message_fields)
}

fn peer_seen(kind: &'static str, peer: &str) -> Observation {
    Observation::new(kind, Fields::new().with("peer", peer))
}
