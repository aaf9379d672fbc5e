//! Connections of the Diameter face: what arrives becomes tasks for the gateway, what it answers goes out.

use std::collections::{BTreeMap, HashMap, VecDeque};
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

use super::config::{DiameterClient, DiameterConfig, Listener, Profile};
use super::copies::Copies;
use super::reach::Errand;
use super::sessions::{SessionKey, Sessions};
use super::tally::DiameterTally;

/// The Diameter face: its peers, and what it knows of their sessions.
pub(crate) struct DiameterFace {
    pub(super) config: Arc<DiameterConfig>,
    /// One for each address at which connections are taken.
    endpoints: Vec<Endpoint>,
    /// The endpoint of each connection.
    connections: HashMap<ConnectionId, usize>,
    pub(super) copies: Copies,
    pub(super) sessions: Sessions,
    pub(crate) tally: DiameterTally,
    /// Requests of its own that wait for answers.
    errands: BTreeMap<(usize, RequestId), (SessionKey, Errand)>,
    outputs: VecDeque<Output>,
    /// When something happened last.
    now: Instant,
    observe: bool,
    seed: u64,
}

/// What the gateway has to do.
pub(super) enum Task {
    /// Answer a request.
    Serve { host: Text, peer: Arc<str>, connection: ConnectionId, octets: Vec<u8> },
    /// Hear the answer to a request of its own; `None` where none came.
    Hear { key: SessionKey, errand: Errand, answer: Option<Vec<u8>> },
}

impl DiameterFace {
    pub(crate) fn new(config: DiameterConfig, observe: bool, seed: u64) -> Self {
        let config = Arc::new(config);
        let mut face = Self {
            endpoints: endpoints(&config, observe, seed, Instant::EPOCH),
            connections: HashMap::new(),
            copies: Copies::new(config.duplicates_max),
            sessions: Sessions::default(),
            tally: DiameterTally::default(),
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
        self.endpoints = endpoints(&self.config, self.observe, self.seed, now);
        self.connections.clear();
        self.forget_answers();
        self.sessions.clear();
        self.tally = DiameterTally::default();
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
        for (number, own) in (0..).zip(&self.config.listen) {
            let order = StreamOrder::Listen { at: own.at, over: own.over };
            self.outputs.push_back(Output::Stream(StreamId::outgoing(number), order));
        }
    }

    /// Takes what happened to a connection.
    pub(super) fn take(&mut self, now: Instant, id: StreamId, event: &StreamEvent) {
        self.now = now;
        let connection = ConnectionId::incoming(id.number());
        let own = self.connections.get(&connection).copied();
        match event {
            StreamEvent::Accepted { local, .. } => {
                let place = self.config.listen.iter().position(|own| own.at.ip() == local.ip()).unwrap_or(0);
                if let Some(endpoint) = self.endpoints.get_mut(place) {
                    self.connections.insert(connection, place);
                    endpoint.accepted(now, connection);
                }
            }
            StreamEvent::Received(octets) => {
                if let Some(endpoint) = own.and_then(|place| self.endpoints.get_mut(place)) {
                    endpoint.received(now, connection, octets);
                }
            }
            StreamEvent::Closed(_) if id.is_incoming() => {
                self.connections.remove(&connection);
                if let Some(endpoint) = own.and_then(|place| self.endpoints.get_mut(place)) {
                    endpoint.closed(now, connection);
                }
            }
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
        self.endpoints.iter_mut().for_each(|endpoint| endpoint.expire(now));
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.endpoints.iter().filter_map(Endpoint::next_deadline).min()
    }

    /// The next thing for the gateway to do. What is for the network goes to the outputs in its order.
    pub(super) fn next_task(&mut self) -> Option<Task> {
        for place in 0..self.endpoints.len() {
            while let Some(action) = self.endpoints.get_mut(place).and_then(Endpoint::poll_action) {
                if let Some(task) = self.act(place, action) {
                    return Some(task);
                }
            }
        }
        None
    }

    fn act(&mut self, place: usize, action: Action) -> Option<Task> {
        match action {
            Action::Send { connection, octets } => self.send(connection, octets),
            Action::Close { connection } => {
                self.connections.remove(&connection);
                let id = StreamId::incoming(connection.number());
                self.outputs.push_back(Output::Stream(id, StreamOrder::Close));
            }
            Action::Request { peer, connection, octets } => {
                let host = self.config.listen.get(place)?.host.clone();
                return Some(Task::Serve { host, peer, connection, octets });
            }
            Action::Answer { request, octets, .. } => {
                let (key, errand) = self.errands.remove(&(place, request))?;
                return Some(Task::Hear { key, errand, answer: Some(octets) });
            }
            Action::Failed { request, .. } => {
                let (key, errand) = self.errands.remove(&(place, request))?;
                return Some(Task::Hear { key, errand, answer: None });
            }
            Action::Arrived { octets, .. } => {
                if self.observe {
                    self.outputs.push_back(Output::Heard(observed(octets.into())));
                }
            }
            Action::Noted(note) => {
                self.tally.note(&note);
                if !self.observe {
                    return None;
                }
                let detail = note.to_string();
                self.observe(|| {
                    Observation::new("diameter-note", Fields::new().with("detail", detail.as_str()))
                });
            }
            Action::Up { peer } => self.observe(|| peer_seen("peer-up", &peer)),
            Action::Down { peer } => self.observe(|| peer_seen("peer-down", &peer)),
            // It connects to nobody.
            Action::Connect { connection, .. } => {
                let now = self.now;
                if let Some(endpoint) = self.endpoints.get_mut(place) {
                    endpoint.closed(now, connection);
                }
            }
        }
        None
    }

    /// Answers a request of a peer.
    pub(super) fn answer(&mut self, connection: ConnectionId, octets: Vec<u8>) {
        let own = self.connections.get(&connection).copied();
        if let Some(endpoint) = own.and_then(|place| self.endpoints.get_mut(place)) {
            endpoint.answer(connection, octets);
        }
    }

    /// The place of an endpoint that reaches a peer, with its Origin-Host.
    pub(super) fn reaching(&self, peer: &str) -> Option<(usize, Text)> {
        let place = self.endpoints.iter().position(|endpoint| endpoint.is_up(peer))?;
        Some((place, self.config.listen.get(place)?.host.clone()))
    }

    /// Sends a request of its own to a peer; [`Task::Hear`] follows.
    pub(super) fn request(
        &mut self,
        (now, place): (Instant, usize),
        through: &str,
        octets: Vec<u8>,
        about: (SessionKey, Errand),
    ) {
        self.now = now;
        let sending = Sending { via: Some(through), pinned: true, ..Sending::default() };
        if let Some(endpoint) = self.endpoints.get_mut(place) {
            let request = endpoint.request(now, octets, sending);
            self.errands.insert((place, request), about);
        }
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

fn endpoints(config: &DiameterConfig, observe: bool, seed: u64, now: Instant) -> Vec<Endpoint> {
    let one = |(number, own): (u64, &Listener)| {
        let mut identity = Identity::new(own.host.as_str(), config.realm.as_str(), own.at.ip());
        identity.product = config.product.to_string();
        let mut settings = Settings::new(identity, applications(config.profile));
        settings.acceptance = if config.peers.is_empty() { Acceptance::Anybody } else { Acceptance::Known };
        settings.watchdog = config.watchdog;
        settings.message_len_max = config.message_max;
        settings.tells_arrivals = observe;
        let mut endpoint = Endpoint::new(settings, Routes::default(), seed.wrapping_add(number), now);
        for peer in &config.peers {
            endpoint.add_peer(&PeerSettings::from(peer.host.as_str()));
        }
        endpoint
    };
    (0..).zip(&config.listen).map(one).collect()
}

/// Credit control belongs to no vendor (RFC 8506 section 12.1). Yet clients route by 3GPP's number beside it, and send
/// nothing to who does not name both: Kamailio's ims_charging is one.
fn applications(profile: Profile) -> Applications {
    let own = Applications::credit_control();
    match profile {
        Profile::Strict => own,
        Profile::Lenient => own.and(&Applications::tgpp(super::CREDIT_CONTROL)),
    }
}

/// The message as an observation: its fields under the names of the dictionaries.
fn observed(octets: Bytes) -> Observation {
    let title = Message::parse(&octets).map_or("malformed-message", |message| message.title());
    Observation::message(Text::const_new(title), octets, message_fields)
}

fn peer_seen(kind: &'static str, peer: &str) -> Observation {
    Observation::new(kind, Fields::new().with("peer", peer))
}
