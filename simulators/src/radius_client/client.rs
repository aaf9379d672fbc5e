//! The exchanges of one client.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tollgate_network::{Frame, Server};
use tollgate_radius::{Code, EncodeError, Packet, Presence, attribute, message_fields, tunnel, verify};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::exchange::{Answer, Exchange, ExchangeId, Head, Request, Service};
use super::ports::{PORTS_MAX, Ports, Slot};
use super::retransmission::Retransmission;
use super::servers::{Servers, Tried};
use crate::outbox::Outbox;
use crate::timers::{TimerId, Timers};

/// What a client is told once.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its own address.
    pub address: IpAddr,
    /// The first of 2 × [`PORTS_MAX`] source ports: those for access requests, then those for accounting.
    pub source_port: u16,
    /// When requests are sent again.
    pub retransmission: Retransmission,
    /// How often an accounting record is offered to all servers before it is lost. An access request is
    /// offered once: nobody waits longer for it.
    pub accounting_rounds: u32,
    /// How long a server that did not answer is passed over.
    pub server_rest: Duration,
    /// Whether answers need a Message-Authenticator; one that is there must be right in any case.
    pub require_message_authenticator: bool,
}

/// Why a request was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Every source port and identifier waits for an answer.
    #[error("{} requests are waiting for an answer, more fit no source port", u32::from(PORTS_MAX) * 256)]
    Full,
    /// There is nobody to send it to.
    #[error("no charging system is known")]
    NoServer,
    /// It cannot be written as a packet.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// The client. `Q` is what the owner knows a request by.
#[derive(Debug)]
pub struct Client<Q> {
    settings: Settings,
    servers: Servers,
    access_ports: Ports,
    accounting_ports: Ports,
    exchanges: BTreeMap<Slot, Exchange<Q>>,
    timers: Timers<Slot>,
    random: ChaCha8Rng,
    serial: u64,
}

/// Writes the packet of a request; called again for every server that it goes to.
pub type Encode<'a, Q> = &'a mut dyn FnMut(&Q, &Head<'_>) -> Result<Vec<u8>, EncodeError>;

impl<Q> Client<Q> {
    /// A client of the first [`super::SERVERS_MAX`] of these servers, the preferred one first. What it
    /// draws by chance comes from the seed.
    #[must_use]
    pub fn new(settings: Settings, servers: &[Server], seed: u64) -> Self {
        Self {
            servers: Servers::new(servers, settings.server_rest),
            access_ports: Ports::new(settings.source_port),
            accounting_ports: Ports::new(settings.source_port.saturating_add(PORTS_MAX)),
            settings,
            exchanges: BTreeMap::new(),
            timers: Timers::default(),
            random: ChaCha8Rng::seed_from_u64(seed),
            serial: 0,
        }
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// How many requests wait for an answer.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.exchanges.len()
    }

    /// Sends a request.
    ///
    /// # Errors
    /// It cannot be written, or there is no server or no source port for it. Nothing was sent then.
    pub fn send(
        &mut self,
        now: Instant,
        out: &mut Outbox,
        request: Request<Q>,
        encode: Encode<'_, Q>,
    ) -> Result<ExchangeId, SendError> {
        let server = self.servers.pick(now, Tried::default()).ok_or(SendError::NoServer)?;
        let tried = Tried::default().with(server);
        self.dispatch(now, out, request, Turn { server, tried, rounds: 0 }, encode)
            .map_err(|(_, error)| error)
    }

    /// Stops waiting for an answer; the request is not sent again.
    pub fn cancel(&mut self, id: ExchangeId) -> Option<Q> {
        if self.exchanges.get(&id.slot).is_none_or(|exchange| exchange.serial != id.serial) {
            return None;
        }
        self.finish(id.slot).map(|exchange| exchange.request.query)
    }

    /// Forgets every request, as a loss of power does.
    pub fn clear(&mut self) {
        while let Some((&slot, _)) = self.exchanges.first_key_value() {
            self.finish(slot);
        }
    }

    /// Takes a frame. What answers no request, or does not prove that it comes from the server, is
    /// discarded and observed (RFC 2865 section 3, RFC 5080 section 2.2.2).
    pub fn receive<'f>(&mut self, frame: &'f Frame, out: &mut Outbox) -> Option<Answer<'f, Q>> {
        let packet = match Packet::parse(&frame.payload) {
            Ok(packet) => packet,
            Err(error) => {
                discard(out, frame, None, || Text::from(error.to_string()));
                return None;
            }
        };
        let slot = Slot { port: frame.to.port(), identifier: packet.identifier() };
        if let Err(reason) = self.examine(slot, frame, &packet) {
            discard(out, frame, Some(&packet), || reason.into());
            return None;
        }
        let exchange = self.finish(slot)?;
        self.servers.answered(exchange.server);
        if let Some(name) = packet.code().name() {
            match self.tunnel_passwords(&exchange, &packet, frame).filter(|_| out.is_observing()) {
                Some(fields) => out.observe(name, || fields),
                None => out.observe_message(name, &frame.payload, message_fields),
            }
        }
        Some(Answer { query: exchange.request.query, packet })
    }

    /// The fields of an answer that hides passwords of tunnels, which the secret shows.
    fn tunnel_passwords(&self, exchange: &Exchange<Q>, packet: &Packet<'_>, frame: &Frame) -> Option<Fields> {
        packet.get(attribute::TUNNEL_PASSWORD)?;
        let request = Packet::parse(&exchange.payload).ok()?;
        let secret = self.servers.secret(exchange.server);
        tunnel::fields_shown(packet, &frame.payload, secret, request.authenticator())
    }

    /// Sends again what is due, moves it to the next server, or gives it up: the request that was given
    /// up is returned. To be called until it answers `None`.
    pub fn expire(&mut self, now: Instant, out: &mut Outbox, encode: Encode<'_, Q>) -> Option<Q> {
        while let Some((due, slot)) = self.timers.pop_due(now) {
            let Some(exchange) = self.exchanges.get_mut(&slot) else { continue };
            let waited = due - exchange.began;
            if exchange.request.persistent
                && !self.settings.retransmission.is_over(exchange.retransmissions, waited)
            {
                self.retransmit(now, slot, out);
            } else if let Some(query) = self.give_up(now, slot, out, encode) {
                return Some(query);
            }
        }
        None
    }

    /// Whether this packet answers the request in this slot.
    fn examine(&self, slot: Slot, frame: &Frame, packet: &Packet<'_>) -> Result<(), &'static str> {
        let exchange = self.exchanges.get(&slot).ok_or("no request is waiting for it")?;
        if frame.from != self.servers.address(exchange.server, exchange.request.service) {
            return Err("it is not from the server that was asked");
        }
        if !exchange.is_answered_by(packet.code()) {
            return Err("it is no answer to this kind of request");
        }
        let authenticator = exchange.authenticator().ok_or("the request had no authenticator")?;
        let secret = self.servers.secret(exchange.server);
        if !verify::response(packet, authenticator, secret) {
            return Err("its authenticator is wrong");
        }
        match verify::message_authenticator(packet, secret, Some(authenticator)) {
            Presence::Invalid => Err("its Message-Authenticator is wrong"),
            Presence::Absent if self.settings.require_message_authenticator => {
                Err("it has no Message-Authenticator")
            }
            _ => Ok(()),
        }
    }

    fn retransmit(&mut self, now: Instant, slot: Slot, out: &mut Outbox) {
        let Some(exchange) = self.exchanges.get_mut(&slot) else { return };
        exchange.retransmissions += 1;
        exchange.wait = self.settings.retransmission.next_wait(exchange.wait, &mut self.random);
        exchange.timer = arm(&mut self.timers, now, slot, exchange, self.settings.retransmission.duration);
        let to = self.servers.address(exchange.server, exchange.request.service);
        let from = SocketAddr::new(self.settings.address, slot.port);
        out.transmit(Frame { from, to, payload: exchange.payload.clone() });
        let count = exchange.retransmissions;
        let code = exchange.request.code;
        out.observe("retransmission", || about(code, slot, to).with("count", count));
    }

    /// Leaves the server that did not answer: the next one is asked, or the request is given up.
    fn give_up(&mut self, now: Instant, slot: Slot, out: &mut Outbox, encode: Encode<'_, Q>) -> Option<Q> {
        let exchange = self.finish(slot)?;
        let Exchange { request, server, tried, rounds, retransmissions, .. } = exchange;
        let silent = self.servers.address(server, request.service);
        let code = request.code;
        out.observe("timeout", || about(code, slot, silent).with("count", retransmissions));
        if !request.persistent {
            return Some(request.query);
        }
        self.servers.fell_silent(server, now);
        let Some(turn) = self.next_turn(now, request.service, tried, rounds) else {
            return Some(request.query);
        };
        if turn.server != server {
            let next = self.servers.address(turn.server, request.service);
            out.observe("failover", || {
                Fields::new()
                    .with("message", name(code))
                    .with("from", address(silent))
                    .with("to", address(next))
            });
        }
        match self.dispatch(now, out, request, turn, encode) {
            Ok(_) => None,
            Err((query, _)) => Some(query),
        }
    }

    /// The server that a request goes to after the ones that did not answer.
    fn next_turn(&self, now: Instant, service: Service, tried: Tried, rounds: u32) -> Option<Turn> {
        if let Some(server) = self.servers.pick(now, tried) {
            return Some(Turn { server, tried: tried.with(server), rounds });
        }
        let rounds = rounds + 1;
        if service == Service::Access || rounds >= self.settings.accounting_rounds {
            return None;
        }
        let server = self.servers.pick(now, Tried::default())?;
        Some(Turn { server, tried: Tried::default().with(server), rounds })
    }

    /// Sends a request to a server for the first time. Another server, and another delay, make another
    /// packet with an identifier and authenticator of its own (RFC 2865 section 2.5, RFC 2866 section 4.1).
    fn dispatch(
        &mut self,
        now: Instant,
        out: &mut Outbox,
        request: Request<Q>,
        turn: Turn,
        encode: Encode<'_, Q>,
    ) -> Result<ExchangeId, (Q, SendError)> {
        let ports = match request.service {
            Service::Access => &mut self.access_ports,
            Service::Accounting => &mut self.accounting_ports,
        };
        let Some(slot) = ports.take() else { return Err((request.query, SendError::Full)) };
        let mut authenticator = [0; 16];
        if request.code.has_random_authenticator() {
            self.random.fill_bytes(&mut authenticator);
        }
        let delay = u32::try_from((now - request.since).as_secs()).unwrap_or(u32::MAX);
        let secret = self.servers.secret(turn.server);
        let head = Head { identifier: slot.identifier, authenticator, secret, delay_secs: delay };
        let payload = match encode(&request.query, &head) {
            Ok(payload) => Bytes::from(payload),
            Err(error) => {
                ports.give_back(slot);
                return Err((request.query, error.into()));
            }
        };
        let to = self.servers.address(turn.server, request.service);
        let from = SocketAddr::new(self.settings.address, slot.port);
        out.transmit(Frame { from, to, payload: payload.clone() });
        out.observe_message(name(request.code), &payload, message_fields);
        self.serial += 1;
        let wait = self.settings.retransmission.first_wait(&mut self.random);
        let mut exchange = Exchange {
            request,
            serial: self.serial,
            server: turn.server,
            tried: turn.tried,
            rounds: turn.rounds,
            payload,
            began: now,
            retransmissions: 0,
            wait,
            timer: TimerId::NEVER,
        };
        exchange.timer = arm(&mut self.timers, now, slot, &exchange, self.settings.retransmission.duration);
        self.exchanges.insert(slot, exchange);
        Ok(ExchangeId { slot, serial: self.serial })
    }

    /// Takes an exchange out and frees what it held.
    fn finish(&mut self, slot: Slot) -> Option<Exchange<Q>> {
        let exchange = self.exchanges.remove(&slot)?;
        self.timers.cancel(exchange.timer);
        match exchange.request.service {
            Service::Access => self.access_ports.give_back(slot),
            Service::Accounting => self.accounting_ports.give_back(slot),
        }
        Some(exchange)
    }
}

/// Which server a request goes to, and what was tried before.
#[derive(Debug, Clone, Copy)]
struct Turn {
    server: usize,
    tried: Tried,
    rounds: u32,
}

/// Sets the timer of an exchange: after its wait, or when the time for this server is over.
fn arm<Q>(
    timers: &mut Timers<Slot>,
    now: Instant,
    slot: Slot,
    exchange: &Exchange<Q>,
    duration: Duration,
) -> TimerId {
    let due = now + exchange.wait;
    let due = if duration.is_zero() { due } else { due.min(exchange.began + duration) };
    timers.set(due, slot)
}

fn name(code: Code) -> &'static str {
    code.name().unwrap_or("request")
}

fn address(address: SocketAddr) -> Text {
    Text::from(address.to_string())
}

fn about(code: Code, slot: Slot, server: SocketAddr) -> Fields {
    Fields::with_capacity(4)
        .with("message", name(code))
        .with("server", address(server))
        .with("identifier", u32::from(slot.identifier))
}

/// Notes a packet that nothing came of.
pub(crate) fn discard(
    out: &mut Outbox,
    frame: &Frame,
    packet: Option<&Packet<'_>>,
    reason: impl FnOnce() -> Text,
) {
    out.observe("discarded", || {
        let mut fields = Fields::with_capacity(4).with("reason", reason()).with("from", address(frame.from));
        if let Some(packet) = packet {
            fields.push("message", Text::from(packet.code().to_string()));
            fields.push("identifier", u32::from(packet.identifier()));
        }
        fields
    });
}
