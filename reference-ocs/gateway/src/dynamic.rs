//! Dynamic authorization (RFC 5176): the gateway tells the client of a session to end it (Disconnect-Request) or to treat
//! it otherwise (CoA-Request). It remembers by which attributes a client knows its sessions, sends, sends again with
//! growing waits, and hears the answers. What a session costs is none of its business.
//!
//! - A session's route begins with its Start or Interim and ends with its Stop. Routes are not durable: after a restart
//!   the next report of a session makes its route again.
//! - Requests leave from the accounting port, and their answers come back to it. A request that is sent again is the
//!   same packet (RFC 5176 section 2.3). The waits are those of RFC 5080 section 2.2.1 without the jitter: the gateway
//!   has no random numbers.
//! - What a session is told is compared with what it was told before, as its templates put it: nothing is sent that says
//!   the same again. A session whose Access-Accept said already how it is treated is not told at its Start.
//! - A change that a client refuses, or that its templates do not tell how to make, becomes a disconnect when nothing
//!   pays for more: nobody goes on unpaid. What was not heard is tried again with the session's next report.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use tollgate_network::{Frame, Observation, Output};
use tollgate_ocs_core::{Seat, Standing};
use tollgate_radius::{Builder, Code, EncodeError, Packet, Presence, attribute, cisco, verify};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use crate::clients::{Client, Clients};
use crate::counters::Discard;
use crate::observe::message;
use crate::templates::{self, Variables};

/// What can be done to the sessions of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Abilities {
    /// Nothing: it hears no request (a GGSN of old).
    #[default]
    Nothing,
    /// They can be ended.
    Disconnect,
    /// They can be ended, and changed by CoA.
    Change,
}

/// UDP port at which clients listen (RFC 5176 section 2.3).
pub(crate) const PORT: u16 = 3799;
/// RFC 5080 section 2.2.1: initial and longest wait, and how often a request is sent again.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(16);
const RETRANSMISSIONS_MAX: u32 = 5;

/// The attributes by which a client knows its session (RFC 5176 section 3), in the order in which they are sent.
const IDENTITY: [u8; 6] = [
    attribute::USER_NAME,
    attribute::NAS_IP_ADDRESS,
    attribute::NAS_IDENTIFIER,
    attribute::FRAMED_IP_ADDRESS,
    attribute::ACCT_SESSION_ID,
    attribute::ACCT_MULTI_SESSION_ID,
];

/// What is to become of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Order {
    /// It ends.
    End,
    /// It is treated as its account stands now.
    Review,
    /// It ends when its account's time is over, which is another than before.
    Expiry,
}

/// How a session is treated.
pub(crate) type Treatment = Standing;

/// What a request asks of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Errand {
    End,
    Treat(Treatment),
}

/// Account and session.
pub(crate) type RouteKey = (String, String);

/// How to reach a session.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    /// The client's place among the clients.
    client: usize,
    /// From and to.
    ends: (SocketAddr, SocketAddr),
    identity: Vec<(u8, Vec<u8>)>,
    conf_id: Option<String>,
    seat: Seat,
    /// How its client was told to treat it.
    told: Treatment,
    /// When its account expires.
    expires_at: Option<Instant>,
}

/// Logins that were told of another treatment than the usual and have not begun yet; more are not remembered, and told
/// once more at their Start.
const TOLD_MAX: usize = 65_536;

#[derive(Debug)]
struct Exchange {
    key: RouteKey,
    errand: Errand,
    code: Code,
    client: usize,
    frame: Frame,
    authenticator: [u8; 16],
    sent: u32,
    wait: Duration,
    due: Instant,
}

/// Routes, and requests that wait for an answer.
#[derive(Debug, Default)]
pub(crate) struct Dynamic {
    routes: BTreeMap<RouteKey, Route>,
    /// What Access-Accepts have said of sessions that have not begun yet, by account.
    told: BTreeMap<String, Treatment>,
    /// When accounts of sessions expire.
    expiries: BTreeSet<(Instant, RouteKey)>,
    /// By the client's end and the identifier.
    exchanges: BTreeMap<(SocketAddr, u8), Exchange>,
    /// What found no free identifier.
    waiting: VecDeque<(RouteKey, Errand)>,
    next_identifier: u8,
}

/// What the sending of a request needs to know of the world.
pub(crate) struct Surroundings<'a> {
    pub(crate) now: Instant,
    pub(crate) clients: &'a Clients,
    pub(crate) observe: bool,
    /// The variables of a session's templates: of an account, and how it is treated.
    pub(crate) variables: &'a dyn Fn(&str, &Treatment) -> Variables,
    pub(crate) outputs: &'a mut VecDeque<Output>,
}

impl Surroundings<'_> {
    fn client(&self, place: usize) -> Option<&Client> {
        self.clients.get(place)
    }

    fn observe(&mut self, observation: impl FnOnce() -> Observation) {
        if self.observe {
            self.outputs.push_back(Output::Observe(observation()));
        }
    }

    fn transmit(&mut self, frame: &Frame, code: Code) {
        self.outputs.push_back(Output::Transmit(frame.clone()));
        self.observe(|| message(code, frame.payload.clone()));
    }
}

impl Dynamic {
    /// Remembers how to reach a session that a report speaks of; `true` when it was not known before.
    pub(crate) fn learn(
        &mut self,
        seat: Seat,
        (place, client): (usize, &Client),
        frame: &Frame,
        packet: &Packet<'_>,
    ) -> bool {
        if client.abilities == Abilities::Nothing {
            return false;
        }
        let attributes = IDENTITY.iter().filter_map(|number| Some((*number, packet.get(*number)?.to_vec())));
        let identity = attributes.filter(|(_, value)| !value.is_empty()).collect();
        let to = SocketAddr::new(frame.from.ip(), client.dynamic_port);
        let conf_id = packet.cisco(cisco::H323_CONF_ID).map(str::to_owned);
        let key = key_of(&seat);
        let known = self.routes.get(&key).map(|route| (route.told.clone(), route.expires_at));
        let is_new = known.is_none();
        let (told, expires_at) =
            known.unwrap_or_else(|| (self.told.remove(&seat.account).unwrap_or_default(), None));
        let ends = (frame.to, to);
        self.routes.insert(key, Route { client: place, ends, identity, conf_id, seat, told, expires_at });
        is_new
    }

    /// Remembers how an Access-Accept has told an account's next session to be treated.
    pub(crate) fn note_told(&mut self, account: &str, treatment: &Treatment) {
        if *treatment == Treatment::default() {
            self.told.remove(account);
        } else if self.told.len() < TOLD_MAX || self.told.contains_key(account) {
            self.told.insert(account.to_owned(), treatment.clone());
        }
    }

    /// Forgets a session that has ended.
    pub(crate) fn forget(&mut self, key: &RouteKey) {
        if let Some(route) = self.routes.remove(key)
            && let Some(at) = route.expires_at
        {
            self.expiries.remove(&(at, key.clone()));
        }
    }

    /// Forgets the sessions of a client that has restarted.
    pub(crate) fn forget_client(&mut self, client: usize) {
        self.routes.retain(|_, route| route.client != client);
        let Self { routes, expiries, .. } = self;
        expiries.retain(|(_, key)| routes.contains_key(key));
    }

    /// Has a session end when its account expires.
    pub(crate) fn set_expiry(&mut self, key: &RouteKey, at: Option<Instant>) {
        let Some(route) = self.routes.get_mut(key).filter(|route| route.expires_at != at) else { return };
        if let Some(before) = std::mem::replace(&mut route.expires_at, at) {
            self.expiries.remove(&(before, key.clone()));
        }
        if let Some(at) = at {
            self.expiries.insert((at, key.clone()));
        }
    }

    /// Ends the sessions whose accounts have expired.
    fn end_expired(&mut self, around: &mut Surroundings<'_>) {
        while self.expiries.first().is_some_and(|(at, _)| *at <= around.now) {
            let Some((_, key)) = self.expiries.pop_first() else { return };
            if let Some(route) = self.routes.get_mut(&key) {
                route.expires_at = None;
            }
            self.begin(&key, Errand::End, around);
        }
    }

    /// Forgets everything, as a loss of power does.
    pub(crate) fn clear(&mut self) {
        *self = Self { next_identifier: self.next_identifier, ..Self::default() };
    }

    /// Whether no session can be reached.
    pub(crate) fn is_idle(&self) -> bool {
        self.routes.is_empty()
    }

    /// The sessions that can be reached, of the accounts that are wanted.
    pub(crate) fn sessions(&self, wanted: impl Fn(&RouteKey) -> bool) -> Vec<RouteKey> {
        self.routes.keys().filter(|key| wanted(key)).cloned().collect()
    }

    /// The sessions of one account that can be reached.
    pub(crate) fn sessions_of(&self, account: &str) -> Vec<RouteKey> {
        let from = (account.to_owned(), String::new());
        let own = self.routes.range(from..).map(|(key, _)| key);
        own.take_while(|key| key.0 == account).cloned().collect()
    }

    /// Whether a session can be reached.
    pub(crate) fn reaches(&self, key: &RouteKey) -> bool {
        self.routes.contains_key(key)
    }

    /// What is used in a session that can be reached.
    pub(crate) fn seat(&self, key: &RouteKey) -> Option<&Seat> {
        self.routes.get(key).map(|route| &route.seat)
    }

    /// The client of a session that can be reached.
    pub(crate) fn client_of(&self, key: &RouteKey) -> Option<usize> {
        self.routes.get(key).map(|route| route.client)
    }

    /// When a request is to be sent again, or an account expires.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        let expiry = self.expiries.first().map(|(at, _)| *at);
        self.exchanges.values().map(|exchange| exchange.due).chain(expiry).min()
    }

    /// Has a session's client end it. What is under way already is not asked for again.
    pub(crate) fn end(&mut self, key: &RouteKey, around: &mut Surroundings<'_>) {
        self.begin(key, Errand::End, around);
    }

    /// Has a session's client treat it in this way, where it can and does not yet.
    pub(crate) fn treat(&mut self, key: &RouteKey, wanted: Treatment, around: &mut Surroundings<'_>) {
        let Some(route) = self.routes.get(key) else { return };
        let Some(client) = around.client(route.client) else { return };
        let changes = client.abilities == Abilities::Change;
        // Nearly every report of a session changes nothing.
        if self.exchanges.is_empty() && !wanted.exhausted && wanted == route.told {
            return;
        }
        let put = |treatment: &Treatment| {
            client.templates.expand(&mut (around.variables)(&route.seat.account, treatment))
        };
        if wanted.exhausted && (!changes || put(&wanted) == put(&Treatment::default())) {
            return self.begin(key, Errand::End, around);
        }
        if !changes {
            return;
        }
        let under_way = self.exchanges.values().any(|exchange| exchange.key == *key);
        if under_way || put(&wanted) != put(&route.told) {
            self.begin(key, Errand::Treat(wanted), around);
        }
    }

    fn begin(&mut self, key: &RouteKey, errand: Errand, around: &mut Surroundings<'_>) {
        let mut mine = self.exchanges.values().filter(|exchange| exchange.key == *key);
        if mine.any(|exchange| exchange.errand == errand || exchange.errand == Errand::End) {
            return;
        }
        let Some(to) = self.routes.get(key).map(|route| route.ends.1) else { return };
        let Some(identifier) = self.free_identifier(to) else {
            self.waiting.push_back((key.clone(), errand));
            return;
        };
        // What was asked before is overtaken by this, and not sent again.
        self.exchanges.retain(|_, exchange| exchange.key != *key);
        self.send(key, errand, identifier, around);
    }

    fn free_identifier(&mut self, to: SocketAddr) -> Option<u8> {
        for _ in 0..=u8::MAX {
            let identifier = self.next_identifier;
            self.next_identifier = identifier.wrapping_add(1);
            if !self.exchanges.contains_key(&(to, identifier)) {
                return Some(identifier);
            }
        }
        None
    }

    fn send(&mut self, key: &RouteKey, errand: Errand, identifier: u8, around: &mut Surroundings<'_>) {
        let Some(route) = self.routes.get(key) else { return };
        let Some(client) = around.client(route.client) else { return };
        let (code, octets) = match &errand {
            Errand::End => (Code::DISCONNECT_REQUEST, write(route, client, identifier, around.now, None)),
            Errand::Treat(treatment) => {
                let mut variables = (around.variables)(&key.0, treatment);
                (Code::COA_REQUEST, write(route, client, identifier, around.now, Some(&mut variables)))
            }
        };
        let octets = match octets {
            Ok(octets) => octets,
            Err(error) => {
                let client = client.name.clone();
                around.observe(|| failed(code, &client, key, &error.to_string()));
                return;
            }
        };
        let Ok(packet) = Packet::parse(&octets) else { return };
        let authenticator = *packet.authenticator();
        let (from, to) = route.ends;
        let frame = Frame { from, to, payload: Bytes::from(octets) };
        around.transmit(&frame, code);
        let exchange = Exchange {
            key: key.clone(),
            errand,
            code,
            client: route.client,
            frame,
            authenticator,
            sent: 1,
            wait: FIRST_WAIT,
            due: around.now + FIRST_WAIT,
        };
        self.exchanges.insert((to, identifier), exchange);
    }

    /// Sends again what is due, and gives up what was sent often enough.
    pub(crate) fn expire(&mut self, around: &mut Surroundings<'_>) {
        self.end_expired(around);
        let now = around.now;
        let due: Vec<_> =
            self.exchanges.iter().filter(|(_, it)| it.due <= now).map(|(place, _)| *place).collect();
        for place in due {
            let Some(exchange) = self.exchanges.get_mut(&place) else { continue };
            if exchange.sent <= RETRANSMISSIONS_MAX {
                exchange.sent += 1;
                exchange.wait = (exchange.wait * 2).min(LONGEST_WAIT);
                exchange.due = now + exchange.wait;
                around.transmit(&exchange.frame, exchange.code);
            } else if let Some(exchange) = self.exchanges.remove(&place) {
                let client = around.client(exchange.client).map(|client| client.name.clone());
                let client = client.unwrap_or_default();
                around.observe(|| failed(exchange.code, &client, &exchange.key, "no answer"));
            }
        }
        self.send_waiting(around);
    }

    fn send_waiting(&mut self, around: &mut Surroundings<'_>) {
        for _ in 0..self.waiting.len() {
            let Some((key, errand)) = self.waiting.pop_front() else { return };
            self.begin(&key, errand, around);
        }
    }

    /// Takes the answer to a request.
    ///
    /// # Errors
    /// It answers nothing that was asked, or does not prove that the client sent it; nothing has changed.
    pub(crate) fn answer(
        &mut self,
        frame: &Frame,
        packet: &Packet<'_>,
        client: &Client,
        around: &mut Surroundings<'_>,
    ) -> Result<(), Discard> {
        let place = (frame.from, packet.identifier());
        let exchange = self.exchanges.get(&place).ok_or(Discard::UnexpectedCode)?;
        let acknowledged = match (exchange.code, packet.code()) {
            (Code::DISCONNECT_REQUEST, Code::DISCONNECT_ACK) | (Code::COA_REQUEST, Code::COA_ACK) => true,
            (Code::DISCONNECT_REQUEST, Code::DISCONNECT_NAK) | (Code::COA_REQUEST, Code::COA_NAK) => false,
            _ => return Err(Discard::UnexpectedCode),
        };
        if !verify::response(packet, &exchange.authenticator, &client.secret) {
            return Err(Discard::WrongAuthenticator);
        }
        let presence = verify::message_authenticator(packet, &client.secret, Some(&exchange.authenticator));
        if presence == Presence::Invalid {
            return Err(Discard::WrongMessageAuthenticator);
        }
        around.observe(|| message(packet.code(), frame.payload.clone()));
        let Some(Exchange { key, errand, .. }) = self.exchanges.remove(&place) else { return Ok(()) };
        let gone = packet.u32(attribute::ERROR_CAUSE) == Some(SESSION_CONTEXT_NOT_FOUND);
        match errand {
            Errand::End if acknowledged => self.forget(&key),
            _ if gone => self.forget(&key),
            Errand::Treat(treatment) if acknowledged => {
                if let Some(route) = self.routes.get_mut(&key) {
                    route.told = treatment;
                }
            }
            Errand::Treat(treatment) if treatment.exhausted => self.begin(&key, Errand::End, around),
            Errand::End | Errand::Treat(_) => {}
        }
        self.send_waiting(around);
        Ok(())
    }
}

/// Account and session as routes are found by.
pub(crate) fn key_of(seat: &Seat) -> RouteKey {
    (seat.account.clone(), seat.session.as_str().to_owned())
}

/// Error-Cause: the client knows no such session (RFC 5176 section 3.5).
const SESSION_CONTEXT_NOT_FOUND: u32 = 503;

/// Whether a packet answers a request of this kind.
pub(crate) const fn is_answer(code: Code) -> bool {
    matches!(code, Code::DISCONNECT_ACK | Code::DISCONNECT_NAK | Code::COA_ACK | Code::COA_NAK)
}

/// A request: what identifies the session, and with `variables` what is to change. A Disconnect-Request has nothing else
/// (RFC 5176 section 3).
fn write(
    route: &Route,
    client: &Client,
    identifier: u8,
    now: Instant,
    variables: Option<&mut Variables>,
) -> Result<Vec<u8>, EncodeError> {
    let code = if variables.is_some() { Code::COA_REQUEST } else { Code::DISCONNECT_REQUEST };
    let mut builder = Builder::new(code, identifier);
    builder.message_authenticator()?;
    for (number, value) in &route.identity {
        builder.bytes(*number, value)?;
    }
    if let Some(conf_id) = &route.conf_id {
        builder.cisco(cisco::H323_CONF_ID, conf_id)?;
    }
    // The field has 32 bits; they last until 2106 (RFC 2869 section 5.3).
    builder.u32(attribute::EVENT_TIMESTAMP, u32::try_from(now.unix_secs()).unwrap_or(u32::MAX))?;
    if let Some(variables) = variables {
        templates::write(&client.templates.expand(variables), &mut builder)?;
    }
    builder.finish_computed_request(&client.secret)
}

fn failed(code: Code, client: &Text, (account, session): &RouteKey, why: &str) -> Observation {
    let fields = Fields::new()
        .with("message", code.to_string().as_str())
        .with("client", client.clone())
        .with("account", account.as_str())
        .with("session", session.as_str())
        .with("why", why);
    Observation::new("unreachable", fields)
}
