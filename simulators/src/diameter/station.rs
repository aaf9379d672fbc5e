//! The connections of one Diameter node: it connects to its servers, or takes connections, and passes on what is for its
//! owner.
//!
//! It owns no socket: orders leave through an [`Outbox`](crate::outbox::Outbox), events come in as arguments.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tollgate_diameter::peer::{
    Acceptance, Action, Applications, ConnectionId, DisconnectCause, Endpoint, Failure, Identity, Note,
    PeerSettings, Relay, RequestId, Route, Routes, Sending, Settings,
};
use tollgate_diameter::{Header, Message, message_fields};
use tollgate_network::{DiameterServer, StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use crate::outbox::Outbox;

/// What a station is told once.
#[derive(Debug, Clone)]
pub struct StationSettings {
    /// Its Origin-Host.
    pub host: Text,
    /// Its Origin-Realm.
    pub realm: Text,
    /// Its address.
    pub address: IpAddr,
    /// What it speaks.
    pub applications: Applications,
    /// Where it takes connections, if it does.
    pub listen: Option<(u16, Transport)>,
    /// Silence before a connection is watched (RFC 3539, Tw).
    pub watchdog: Duration,
    /// How long an answer may take.
    pub answer_within: Duration,
    /// Whether it passes on what is for others.
    pub relay: Relay,
    /// Its routes; without them everything goes to its servers.
    pub routes: Option<Routes>,
    /// Whether the owner says where requests of others go ([`Station::forward`]).
    pub steered: bool,
    /// The Origin-Hosts that may connect; without them anybody may.
    pub known: Option<Vec<Text>>,
}

/// What came of what happened, for the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A peer can be used.
    Up(Arc<str>),
    /// A peer cannot be used any more.
    Down(Arc<str>),
    /// A peer asks for something; answer it with [`Station::answer`].
    Request {
        /// Who.
        peer: Arc<str>,
        /// Where the answer goes.
        connection: ConnectionId,
        /// The message.
        octets: Vec<u8>,
    },
    /// The answer to a request.
    Answer {
        /// The request.
        request: RequestId,
        /// Who answered.
        peer: Arc<str>,
        /// The message.
        octets: Vec<u8>,
    },
    /// A request gets no answer.
    Failed {
        /// The request.
        request: RequestId,
        /// Why.
        failure: Failure,
    },
}

/// A Diameter node's connections.
#[derive(Debug)]
pub struct Station {
    settings: StationSettings,
    servers: Vec<DiameterServer>,
    endpoint: Endpoint,
    /// Connections of its own by the number of their stream.
    streams: BTreeMap<StreamId, ConnectionId>,
    /// Hop-by-Hop Identifiers of requests that were sent as octets: answers to them are no surprise.
    spelt: BTreeSet<u32>,
    seed: u64,
    observing: bool,
    started: bool,
}

/// The id of the listener.
const LISTENER: StreamId = StreamId::outgoing((1 << 62) - 1);

impl Station {
    /// A station that knows these servers, the preferred one first. It connects when it is told the time first.
    #[must_use]
    pub fn new(settings: StationSettings, servers: &[DiameterServer], seed: u64, observing: bool) -> Self {
        let endpoint = endpoint(&settings, servers, seed, observing, Instant::EPOCH);
        let servers = servers.to_vec();
        let (streams, spelt) = (BTreeMap::new(), BTreeSet::new());
        Self { settings, servers, endpoint, streams, spelt, seed, observing, started: false }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &StationSettings {
        &self.settings
    }

    /// The servers that it knows, the preferred one first.
    #[must_use]
    pub fn servers(&self) -> &[DiameterServer] {
        &self.servers
    }

    /// The power came back: it has no connection and asks for new ones.
    pub fn restart(&mut self, now: Instant) {
        self.endpoint = endpoint(&self.settings, &self.servers, self.seed, self.observing, now);
        self.streams.clear();
        self.spelt.clear();
        self.started = false;
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.started { self.endpoint.next_deadline() } else { Some(Instant::EPOCH) }
    }

    /// Does what is due; the first time, it listens and connects.
    pub fn expire(&mut self, now: Instant, out: &mut Outbox) {
        if !self.started {
            self.started = true;
            if let Some((port, over)) = self.settings.listen {
                let at = SocketAddr::new(self.settings.address, port);
                out.order(LISTENER, StreamOrder::Listen { at, over });
            }
            self.endpoint.start(now);
        }
        self.endpoint.expire(now);
    }

    /// Takes what happened to a connection.
    pub fn take(&mut self, now: Instant, id: StreamId, event: &StreamEvent, out: &mut Outbox) {
        let connection = if id.is_incoming() {
            ConnectionId::incoming(id.number())
        } else {
            match self.streams.get(&id) {
                Some(own) => *own,
                None => {
                    if let (LISTENER, StreamEvent::Refused(why)) = (id, event) {
                        let why = why.to_string();
                        out.observe("diameter-note", || Fields::new().with("detail", why.as_str()));
                    }
                    return;
                }
            }
        };
        match event {
            StreamEvent::Accepted { .. } => self.endpoint.accepted(now, connection),
            StreamEvent::Opened { .. } => self.endpoint.opened(now, connection),
            StreamEvent::Received(octets) => self.endpoint.received(now, connection, octets),
            StreamEvent::Refused(why) => {
                let why = format!("a connection did not come about: {why}");
                out.observe("diameter-note", || Fields::new().with("detail", why.as_str()));
                self.streams.remove(&id);
                self.endpoint.closed(now, connection);
            }
            StreamEvent::Closed(_) => {
                self.streams.remove(&id);
                self.endpoint.closed(now, connection);
            }
            _ => {}
        }
    }

    /// Whether requests may be sent to a peer.
    #[must_use]
    pub fn is_up(&self, host: &str) -> bool {
        self.endpoint.is_up(host)
    }

    /// Whether a peer has said that it passes messages of an application on, and does not serve it itself.
    #[must_use]
    pub fn relays(&self, host: &str, application: u32) -> bool {
        let known = self.endpoint.capabilities(host).map(|own| &own.applications);
        known.is_some_and(|own| own.has(application) && !own.serves(application))
    }

    /// Connects to a peer, again if it was disconnected.
    pub fn connect(&mut self, now: Instant, host: &str) {
        self.endpoint.connect(now, host);
    }

    /// Ends the connection to a peer with a DPR.
    pub fn disconnect(&mut self, now: Instant, host: &str, cause: DisconnectCause) {
        self.endpoint.disconnect(now, host, cause);
    }

    /// Sends a request. [`Happening::Answer`] or [`Happening::Failed`] follows.
    pub fn request(&mut self, now: Instant, octets: Vec<u8>, sending: Sending<'_>) -> RequestId {
        self.endpoint.request(now, octets, sending)
    }

    /// Does not wait for an answer any more.
    pub fn forget(&mut self, request: RequestId) {
        self.endpoint.forget(request);
    }

    /// Answers a request of a peer.
    pub fn answer(&mut self, connection: ConnectionId, octets: Vec<u8>) {
        self.endpoint.answer(connection, octets);
    }

    /// Passes a request of a peer on, as the owner may have changed it.
    pub fn forward(&mut self, now: Instant, peer: &str, connection: ConnectionId, octets: &[u8]) {
        self.endpoint.forward(now, peer, connection, octets);
    }

    /// Sends octets to a peer as they are; `false` where it is not connected.
    pub fn send_raw(&mut self, host: &str, octets: Vec<u8>) -> bool {
        if let Some(header) = Header::read(&octets).filter(Header::is_request) {
            self.spelt.insert(header.hop_by_hop);
        }
        self.endpoint.send_raw(host, octets)
    }

    /// What came of it all, for the owner; what is for the network leaves through the outbox.
    pub fn poll(&mut self, now: Instant, out: &mut Outbox) -> Option<Happening> {
        while let Some(action) = self.endpoint.poll_action() {
            match action {
                Action::Connect { connection, peer } => self.open(now, connection, &peer, out),
                Action::Send { connection, octets } => {
                    let octets = Bytes::from(octets);
                    out.order(stream_of(connection), StreamOrder::Send(octets.clone()));
                    out.observe_message(title(&octets), &octets, message_fields);
                }
                Action::Close { connection } => {
                    let id = stream_of(connection);
                    self.streams.remove(&id);
                    out.order(id, StreamOrder::Close);
                }
                Action::Up { peer } => {
                    out.observe("peer-up", || Fields::new().with("peer", &*peer));
                    return Some(Happening::Up(peer));
                }
                Action::Down { peer } => {
                    out.observe("peer-down", || Fields::new().with("peer", &*peer));
                    return Some(Happening::Down(peer));
                }
                Action::Request { peer, connection, octets } => {
                    return Some(Happening::Request { peer, connection, octets });
                }
                Action::Answer { request, peer, octets } => {
                    return Some(Happening::Answer { request, peer, octets });
                }
                Action::Failed { request, failure } => return Some(Happening::Failed { request, failure }),
                Action::Arrived { octets, .. } => {
                    let octets = Bytes::from(octets);
                    out.hear_message(title(&octets), &octets, message_fields);
                }
                Action::Noted(Note::UnmatchedAnswer { hop_by_hop }) if self.spelt.remove(&hop_by_hop) => {}
                Action::Noted(note) => {
                    let detail = note.to_string();
                    out.observe("diameter-note", || Fields::new().with("detail", detail.as_str()));
                }
            }
        }
        None
    }

    fn open(&mut self, now: Instant, connection: ConnectionId, peer: &str, out: &mut Outbox) {
        let known = self.servers.iter().find(|own| own.host.eq_ignore_ascii_case(peer));
        let Some(server) = known else {
            return self.endpoint.closed(now, connection);
        };
        let id = stream_of(connection);
        self.streams.insert(id, connection);
        let order = StreamOrder::Connect {
            from: SocketAddr::new(self.settings.address, 0),
            to: SocketAddr::new(server.address, server.port),
            over: server.over,
        };
        out.order(id, order);
    }
}

const fn stream_of(connection: ConnectionId) -> StreamId {
    if connection.is_incoming() {
        StreamId::incoming(connection.number())
    } else {
        StreamId::outgoing(connection.number())
    }
}

/// What a message is called in the journal.
fn title(octets: &[u8]) -> &'static str {
    Message::parse(octets).map_or("malformed-message", |message| message.title())
}

fn endpoint(
    own: &StationSettings,
    servers: &[DiameterServer],
    seed: u64,
    observing: bool,
    now: Instant,
) -> Endpoint {
    let identity = Identity::new(own.host.as_str(), own.realm.as_str(), own.address);
    let mut settings = Settings::new(identity, own.applications.clone());
    settings.acceptance = if own.known.is_some() { Acceptance::Known } else { Acceptance::Anybody };
    settings.relay = own.relay.clone();
    settings.steered = own.steered;
    settings.watchdog = own.watchdog;
    settings.answer_within = own.answer_within;
    settings.tells_arrivals = observing;
    let hosts: Vec<&str> = servers.iter().map(|server| server.host.as_str()).collect();
    let routes = own.routes.clone().unwrap_or_else(|| Routes::new(vec![Route::new(None, None, &hosts)]));
    let mut endpoint = Endpoint::new(settings, routes, seed, now);
    for host in hosts {
        endpoint.add_peer(&PeerSettings::to(host));
    }
    for host in own.known.iter().flatten().filter(|known| !servers.iter().any(|own| own.host == **known)) {
        endpoint.add_peer(&PeerSettings::from(host.as_str()));
    }
    endpoint
}
