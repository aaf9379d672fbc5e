//! Datagrams and connections of one SIP element (RFC 3261 section 18). It finds the messages in what arrives and keeps
//! connections for those that follow; what a message says is not looked at here.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use tollgate_network::{Frame as Packet, Input, StreamEvent, StreamId, StreamOrder, Transport as Over};
use tollgate_sip::framing::{Frame, PONG, Stream};
use tollgate_sip::{Message, ParseError};

use super::hop::{Carrier, Hop};
use super::sights;
use crate::outbox::Outbox;

/// Connections that an element keeps at once; further ones that others start are reset, its own take the place of none.
pub const CONNECTIONS_MAX: usize = 16_384;
/// Octets that may wait unread for a whole message in all; the stream itself bounds each head and body.
const MESSAGES_PER_READ_MAX: usize = 4_096;

/// Octets that arrived, and by which way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// One message, or what should have been one. Of a request the topmost Via has what its receiver notes there.
    pub octets: Bytes,
    /// Who sent it.
    pub source: SocketAddr,
    /// The port of this element at which it arrived.
    pub port: u16,
    /// What carried it.
    pub over: Carrier,
    /// The connection, if it came by one.
    pub stream: Option<StreamId>,
}

impl Received {
    /// The message. A station hands over only what reads as one.
    #[must_use]
    pub fn message(&self) -> Option<Message<'_>> {
        Message::parse(&self.octets).ok()
    }

    /// The way back to where it came from: what a registrar keeps of a phone behind an address translation.
    #[must_use]
    pub const fn flow(&self) -> Hop {
        Hop { to: self.source, over: self.over, from: self.port, stream: self.stream }
    }
}

/// What came of an input.
#[derive(Debug)]
pub(super) enum Arrival {
    /// A message, unread.
    Message(Received),
    /// A connection had to be given up because where its next message begins is not known.
    Broken(Received, ParseError),
    /// A connection is gone, and what was sent by it may be lost.
    Gone(StreamId),
}

#[derive(Debug)]
struct Connection {
    remote: SocketAddr,
    /// The port of this element that it belongs to.
    port: u16,
    stream: Stream,
}

/// The transport of one element.
#[derive(Debug)]
pub(super) struct Transport {
    address: IpAddr,
    ports: Vec<u16>,
    takes_connections: bool,
    connections: BTreeMap<StreamId, Connection>,
    /// The connection to each address, the newest one.
    known: BTreeMap<SocketAddr, StreamId>,
    next: u64,
    arrivals: VecDeque<Arrival>,
}

/// Ids of listeners count from here, by the place of their port.
const LISTENERS: u64 = 1 << 61;

impl Transport {
    pub(super) fn new(address: IpAddr, ports: &[u16], takes_connections: bool) -> Self {
        Self {
            address,
            ports: ports.to_vec(),
            takes_connections,
            connections: BTreeMap::new(),
            known: BTreeMap::new(),
            next: 0,
            arrivals: VecDeque::new(),
        }
    }

    /// Orders the listeners.
    pub(super) fn start(&self, out: &mut Outbox) {
        if !self.takes_connections {
            return;
        }
        for (number, port) in (LISTENERS..).zip(&self.ports) {
            let at = SocketAddr::new(self.address, *port);
            out.order(StreamId::outgoing(number), StreamOrder::Listen { at, over: Over::Tcp });
        }
    }

    pub(super) fn restart(&mut self) {
        self.connections.clear();
        self.known.clear();
        self.arrivals.clear();
    }

    pub(super) fn poll(&mut self) -> Option<Arrival> {
        self.arrivals.pop_front()
    }

    /// The port that stands for 0.
    pub(super) fn first_port(&self) -> u16 {
        self.ports.first().copied().unwrap_or(super::hop::PORT)
    }

    pub(super) fn has_port(&self, port: u16) -> bool {
        self.ports.contains(&port)
    }

    pub(super) fn handle_input(&mut self, input: Input<'_>, out: &mut Outbox) {
        match input {
            Input::Receive(packet) => self.datagram(packet),
            Input::Stream(id, event) => self.event(id, event, out),
            Input::Timeout => {}
        }
    }

    fn datagram(&mut self, packet: &Packet) {
        // Line ends and zeros keep a binding open (RFC 5626 section 3.5.1) and want no answer.
        if packet.payload.iter().all(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
            return;
        }
        self.arrivals.push_back(Arrival::Message(Received {
            octets: packet.payload.clone(),
            source: packet.from,
            port: packet.to.port(),
            over: Carrier::Udp,
            stream: None,
        }));
    }

    fn event(&mut self, id: StreamId, event: &StreamEvent, out: &mut Outbox) {
        match event {
            StreamEvent::Accepted { local, remote, .. } => {
                if self.connections.len() >= CONNECTIONS_MAX {
                    out.order(id, StreamOrder::Reset);
                    return;
                }
                self.keep(id, *remote, local.port());
            }
            StreamEvent::Received(octets) => self.read(id, octets, out),
            StreamEvent::Refused(_) | StreamEvent::Closed(_) => {
                if let Some(gone) = self.connections.remove(&id) {
                    self.forget(&gone.remote, id);
                    self.arrivals.push_back(Arrival::Gone(id));
                }
            }
            StreamEvent::Listening { .. }
            | StreamEvent::Opened { .. }
            | StreamEvent::Blocked
            | StreamEvent::Drained => {}
        }
    }

    fn keep(&mut self, id: StreamId, remote: SocketAddr, port: u16) {
        self.connections.insert(id, Connection { remote, port, stream: Stream::new() });
        self.known.insert(remote, id);
    }

    fn forget(&mut self, remote: &SocketAddr, id: StreamId) {
        if self.known.get(remote) == Some(&id) {
            self.known.remove(remote);
        }
    }

    fn read(&mut self, id: StreamId, octets: &Bytes, out: &mut Outbox) {
        let Some(own) = self.connections.get_mut(&id) else { return };
        let (source, port) = (own.remote, own.port);
        let received = |octets| Received { octets, source, port, over: Carrier::Tcp, stream: Some(id) };
        own.stream.handle_octets(octets);
        // Each message takes octets, and a driver hands over a bounded number of them at once.
        for _ in 0..MESSAGES_PER_READ_MAX.max(octets.len()) {
            match own.stream.poll_frame() {
                Ok(Some(Frame::Message(message))) => {
                    self.arrivals.push_back(Arrival::Message(received(message.into())));
                }
                Ok(Some(Frame::Ping)) => out.order(id, StreamOrder::Send(Bytes::from_static(PONG))),
                Ok(Some(Frame::Pong)) => {}
                Ok(None) => return,
                Err(error) => {
                    let rest = own.stream.take_rest();
                    self.arrivals.push_back(Arrival::Broken(received(rest.into()), error));
                    return;
                }
            }
        }
    }

    /// Sends octets, and says by which connection if it is one.
    pub(super) fn send(&mut self, hop: &Hop, octets: &Bytes, out: &mut Outbox) -> Option<StreamId> {
        let port = if hop.from == 0 { self.first_port() } else { hop.from };
        let by = match hop.over {
            Carrier::Udp => {
                let from = SocketAddr::new(self.address, port);
                out.transmit(Packet { from, to: hop.to, payload: octets.clone() });
                None
            }
            Carrier::Tcp => {
                let stands = hop.stream.filter(|id| self.connections.contains_key(id));
                let id = stands.or_else(|| self.known.get(&hop.to).copied());
                let id = id.unwrap_or_else(|| self.connect(hop.to, port, out));
                out.order(id, StreamOrder::Send(octets.clone()));
                Some(id)
            }
        };
        if out.is_observing() {
            out.observe_message(sights::name_of(octets), octets, sights::sent_fields);
        }
        by
    }

    /// Ends a connection in order.
    pub(super) fn close(&mut self, id: StreamId, out: &mut Outbox) {
        if let Some(own) = self.connections.remove(&id) {
            self.forget(&own.remote, id);
            out.order(id, StreamOrder::Close);
            self.arrivals.push_back(Arrival::Gone(id));
        }
    }

    fn connect(&mut self, to: SocketAddr, port: u16, out: &mut Outbox) -> StreamId {
        let id = StreamId::outgoing(self.next);
        self.next = (self.next + 1) % LISTENERS;
        let from = SocketAddr::new(self.address, 0);
        out.order(id, StreamOrder::Connect { from, to, over: Over::Tcp });
        self.keep(id, to, port);
        id
    }
}
