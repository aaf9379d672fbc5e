//! What every SIP element is built around: it takes datagrams and connections, finds the transaction of each message,
//! sends requests and answers, and shows what goes in and out. What a message means is its owner's business.
//!
//! It owns no socket and reads no clock: inputs come in as arguments, outputs leave through its [`Outbox`].

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use tollgate_network::{Input, Output as NodeOutput, StreamId};
use tollgate_sip::transaction::{Handled, Output, Timers, TransactionError, TransactionId, Transactions};
use tollgate_sip::{Builder, Message, Method, ParseError, ParseFault, Stamp, Via, response, stamped_octets};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::chance::Chance;
use super::hop::{Carrier, Hop, Names, NoHop, host_of, ip_of};
use super::sights;
use super::transport::{Arrival, Received, Transport};
use crate::outbox::Outbox;

/// The longest request that goes by datagram; a longer one goes by a connection (RFC 3261 section 18.1.1).
pub const DATAGRAM_MAX: usize = 1_300;

/// What a station is told once.
#[derive(Debug, Clone)]
pub struct StationSettings {
    /// Its address.
    pub address: IpAddr,
    /// The address that it believes to have, and writes into Via and Contact, where a translation stands in between.
    pub shown: Option<IpAddr>,
    /// The ports at which it takes datagrams and connections; requests go out from the first unless their hop says
    /// another.
    pub ports: Vec<u16>,
    /// Whether it takes connections.
    pub tcp: bool,
    /// The longest request by datagram, in octets ([`DATAGRAM_MAX`]).
    pub datagram_max: usize,
    /// The timers of its transactions.
    pub timers: Timers,
    /// Addresses behind names.
    pub names: Names,
    /// Whether it remembers no transaction of what arrives: every message comes as [`Happening::Passing`].
    pub stateless: bool,
}

/// What came of what happened, for the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// A new request, checked; answer it with [`Station::respond`] or [`Station::reply`].
    Request(TransactionId, Received),
    /// The INVITE of this transaction is taken back; the station has answered the CANCEL. The owner ends the INVITE with
    /// 487 if it has not answered it finally.
    Cancel(TransactionId, Received),
    /// The ACK of a 2xx, with its INVITE while that is known.
    Ack(Option<TransactionId>, Received),
    /// A response to a request of this station; the ACK of a failure has gone out.
    Response(TransactionId, Received),
    /// A response that belongs to no transaction: a 2xx that came again or late.
    Stray(Received),
    /// Nobody answered a request, or the way to its next hop is gone: as if a 408 had come. Of an INVITE that was
    /// answered: its ACK never came.
    TimedOut(TransactionId),
    /// The transaction is over and forgotten.
    Ended(TransactionId),
    /// Any message, of a station that remembers none; [`Station::admit`] gives it a transaction after all.
    Passing(Received),
}

/// A request that could not be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no way.
    #[error(transparent)]
    NoHop(#[from] NoHop),
    /// It could not be written.
    #[error(transparent)]
    Build(#[from] tollgate_sip::BuildError),
    /// No transaction could begin, or it is over.
    #[error(transparent)]
    Transaction(#[from] TransactionError),
    /// It may take no further hop, or a header is broken: the status to answer with is [`ParseError::status`].
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Takes a message before any transaction knows of it, and says whether it has handled it. The message reads as it does
/// with what its receiver notes in the topmost Via; the octets received are as they came.
pub type First<'f> = &'f mut dyn FnMut(&mut Station, &Received, &Message<'_>) -> bool;

/// A SIP element's transport and transactions.
#[derive(Debug)]
pub struct Station {
    settings: StationSettings,
    /// The address that it writes into its messages, as they write it.
    host: Text,
    /// The way out of the node; the owner puts its own observations here too.
    pub out: Outbox,
    /// Chance for branches, tags and nonces.
    pub chance: Chance,
    transport: Transport,
    transactions: Transactions,
    /// Where the messages of each transaction go.
    places: BTreeMap<TransactionId, Hop>,
    happenings: VecDeque<Happening>,
}

impl Station {
    /// A station. Its first outputs are the orders to listen.
    #[must_use]
    pub fn new(settings: StationSettings, seed: u64, observing: bool) -> Self {
        let mut out = Outbox::new(observing);
        let transport = Transport::new(settings.address, &settings.ports, settings.tcp);
        transport.start(&mut out);
        Self {
            out,
            chance: Chance::new(seed),
            transport,
            transactions: Transactions::new(settings.timers),
            places: BTreeMap::new(),
            happenings: VecDeque::new(),
            host: host_of(settings.shown.unwrap_or(settings.address)),
            settings,
        }
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &StationSettings {
        &self.settings
    }

    /// The power came back: every connection and transaction is forgotten. Chance goes on, so that no branch comes twice.
    pub fn restart(&mut self) {
        self.transport.restart();
        self.transactions = Transactions::new(self.settings.timers);
        self.places.clear();
        self.happenings.clear();
        self.out.clear();
        self.transport.start(&mut self.out);
    }

    /// When the station has something to do by itself.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.transactions.next_deadline()
    }

    /// The oldest output, else to be woken at the station's deadline or the first of these.
    pub fn poll_output(&mut self, deadlines: &[Option<Instant>]) -> NodeOutput {
        match self.out.poll() {
            Some(output) => output,
            None => {
                let others = deadlines.iter().flatten().min().copied();
                NodeOutput::Wait(self.next_deadline().into_iter().chain(others).min())
            }
        }
    }

    /// Takes an input; [`Self::poll`] says what came of it.
    pub fn take(&mut self, now: Instant, input: Input<'_>) {
        self.take_first(now, input, &mut |_, _, _| false);
    }

    /// The same, where each message that is as it must be is shown to its owner first, before any transaction knows of it.
    /// Where the owner has handled it, nothing else becomes of it: what comes most is handled so, without memory.
    pub fn take_first(&mut self, now: Instant, input: Input<'_>, first: First<'_>) {
        match input {
            Input::Timeout => self.transactions.handle_timeout(now),
            input => self.transport.handle_input(input, &mut self.out),
        }
        while let Some(arrival) = self.transport.poll() {
            match arrival {
                Arrival::Message(received) => self.message(now, received, first),
                Arrival::Broken(received, error) => self.broken(&received, &error),
                Arrival::Gone(stream) => self.gone(stream),
            }
            self.pump();
        }
        self.pump();
    }

    /// What came of what happened, in order.
    pub fn poll(&mut self) -> Option<Happening> {
        self.happenings.pop_front()
    }

    /// Where a request to this URI goes.
    ///
    /// # Errors
    /// It is no SIP URI, or its host has no address here.
    pub fn hop(&self, uri: &str) -> Result<Hop, NoHop> {
        self.settings.names.hop(uri)
    }

    /// The URI of this element: `sip:<user>@<address>:<port>`, without the user where it is empty.
    #[must_use]
    pub fn uri(&self, user: &str, port: u16, over: Carrier) -> String {
        let port = if port == 0 { self.transport.first_port() } else { port };
        let at = if user.is_empty() { "" } else { "@" };
        ["sip:", user, at, &self.host, ":", &port.to_string(), over.param()].concat()
    }

    /// The address that it writes into its messages.
    #[must_use]
    pub fn shown(&self) -> IpAddr {
        self.settings.shown.unwrap_or(self.settings.address)
    }

    /// Whether a URI, or the sent-by of a Via, names this element: its address, and one of its ports.
    #[must_use]
    pub fn is_own(&self, host: &str, port: Option<u16>) -> bool {
        let here = ip_of(host).map(|ip| ip == self.settings.address || Some(ip) == self.settings.shown);
        let here = here.unwrap_or_else(|| {
            self.settings.names.find(host, port).is_some_and(|known| known.ip() == self.settings.address)
        });
        here && self.transport.has_port(port.unwrap_or(super::hop::PORT))
    }

    /// A Via of this element for a request with this branch to this hop.
    #[must_use]
    pub fn via(&self, hop: &Hop, branch: &str) -> String {
        let port = if hop.from == 0 { self.transport.first_port() } else { hop.from };
        let wish = if hop.over == Carrier::Udp { ";rport" } else { "" };
        let port = port.to_string();
        ["SIP/2.0/", hop.over.name(), " ", &self.host, ":", &port, ";branch=", branch, wish].concat()
    }

    /// Sends a request that has no Via yet, in a transaction of its own. One that is too long for a datagram goes by a
    /// connection.
    ///
    /// # Errors
    /// It is no request, or too many transactions run.
    pub fn request(&mut self, now: Instant, request: Builder, hop: &Hop) -> Result<TransactionId, SendError> {
        let (octets, hop) = self.write(request, hop)?;
        self.request_octets(now, octets, &hop)
    }

    /// Sends the octets of a request whose topmost Via is this station's, in a transaction of its own: what a proxy sends
    /// on.
    ///
    /// # Errors
    /// It is no request, its branch is taken, or too many transactions run.
    pub fn request_octets(
        &mut self,
        now: Instant,
        octets: Vec<u8>,
        hop: &Hop,
    ) -> Result<TransactionId, SendError> {
        let id = self.transactions.request(now, octets, hop.over.is_reliable())?;
        self.places.insert(id, *hop);
        self.pump();
        Ok(id)
    }

    /// Sends a request that has no Via yet outside of transactions: the ACK of a 2xx, or what nobody waits for.
    ///
    /// # Errors
    /// It could not be written.
    pub fn send(&mut self, request: Builder, hop: &Hop) -> Result<(), SendError> {
        let (octets, hop) = self.write(request, hop)?;
        self.send_octets(octets, &hop);
        Ok(())
    }

    /// Sends octets as they are.
    pub fn send_octets(&mut self, octets: Vec<u8>, hop: &Hop) {
        self.transport.send(hop, &octets.into(), &mut self.out);
    }

    fn write(&mut self, mut request: Builder, hop: &Hop) -> Result<(Vec<u8>, Hop), SendError> {
        let branch = self.chance.branch();
        request.push_front("Via", self.via(hop, &branch))?;
        let octets = request.finish();
        if hop.over == Carrier::Tcp || octets.len() <= self.settings.datagram_max || !self.settings.tcp {
            return Ok((octets, *hop));
        }
        let hop = Hop { over: Carrier::Tcp, ..*hop };
        request.pop_front("Via");
        request.push_front("Via", self.via(&hop, &branch))?;
        Ok((request.finish(), hop))
    }

    /// Takes back an INVITE of this station: a CANCEL goes out as soon as a provisional response has come. The INVITE ends
    /// by its own final response, or as if it had timed out.
    ///
    /// # Errors
    /// The transaction is over, or no INVITE of this station.
    pub fn cancel(&mut self, now: Instant, invite: TransactionId) -> Result<(), SendError> {
        self.transactions.cancel(now, invite)?;
        self.pump();
        Ok(())
    }

    /// Answers a request with a response that was written for it.
    ///
    /// # Errors
    /// The transaction is over, or has its final response.
    pub fn respond(&mut self, now: Instant, id: TransactionId, response: &Builder) -> Result<(), SendError> {
        self.respond_octets(now, id, response.finish())
    }

    /// Answers a request with the octets of a response.
    ///
    /// # Errors
    /// As for [`Self::respond`].
    pub fn respond_octets(
        &mut self,
        now: Instant,
        id: TransactionId,
        octets: Vec<u8>,
    ) -> Result<(), SendError> {
        self.transactions.respond(now, id, octets)?;
        self.pump();
        Ok(())
    }

    /// Answers a request with a status and nothing else; a tag is drawn for it. Says whether it could be sent.
    pub fn reply(&mut self, now: Instant, id: TransactionId, request: &Received, code: u16) -> bool {
        let tag = self.chance.tag();
        let Some(message) = request.message() else { return false };
        match response(&message, code, None, &tag) {
            Ok(own) => self.respond(now, id, &own).is_ok(),
            Err(_) => false,
        }
    }

    /// Answers a request outside of transactions, with a tag that is the same for each copy of it (RFC 3261
    /// section 8.2.7).
    pub fn reply_stateless(&mut self, request: &Message<'_>, received: &Received, code: u16) -> bool {
        let tag = self.chance.branch_of(request);
        let tag = tag.get(tollgate_sip::BRANCH_COOKIE.len()..).unwrap_or_default();
        let Ok(own) = response(request, code, None, tag) else { return false };
        let hop = self.way_back(request, received);
        self.send_octets(own.finish(), &hop);
        true
    }

    /// Where messages of a transaction go.
    #[must_use]
    pub fn place(&self, id: TransactionId) -> Option<Hop> {
        self.places.get(&id).copied()
    }

    /// How many transactions run.
    #[must_use]
    pub fn transactions(&self) -> usize {
        self.transactions.len()
    }

    /// Where the response to a request goes: by the connection that it came by, else by its topmost Via, in which its source
    /// is noted (RFC 3261 section 18.2.2).
    #[must_use]
    pub fn way_back(&self, request: &Message<'_>, received: &Received) -> Hop {
        let to = request.via().ok().and_then(|via| {
            let (host, port) = via.response_target();
            let port =
                if received.over == Carrier::Udp { port } else { via.port.unwrap_or(super::hop::PORT) };
            self.settings.names.find(host, Some(port))
        });
        Hop { to: to.unwrap_or(received.source), ..received.flow() }
    }

    /// Where a response goes by a Via: what a proxy finds once its own is taken off.
    #[must_use]
    pub fn hop_by(&self, via: &Via<'_>) -> Option<Hop> {
        let (host, port) = via.response_target();
        let to: SocketAddr = self.settings.names.find(host, Some(port))?;
        Some(Hop { to, over: Carrier::of(via.transport)?, from: 0, stream: None })
    }

    /// Gives a message of [`Happening::Passing`] its transaction.
    pub fn admit(&mut self, now: Instant, received: Received) {
        let octets = received.octets.clone();
        if let Ok(message) = Message::parse(&octets) {
            self.hand_to_transactions(now, &message, received);
        }
        self.pump();
    }

    fn message(&mut self, now: Instant, mut received: Received, first: First<'_>) {
        let octets = received.octets.clone();
        let mut message = match Message::parse(&octets) {
            Ok(message) => message,
            Err(error) => return self.unreadable(&received, &error),
        };
        if self.out.is_observing() {
            self.out.hear_message(sights::name_of(&octets), &octets, sights::received_fields);
        }
        let mut stamp = None;
        if message.code().is_none() {
            match Stamp::of(&message, received.source) {
                Ok(noted) => stamp = noted,
                Err(_) => return self.discard(&received, "Via: it is missing or broken", None),
            }
        }
        let note = |received: &mut Received| {
            if let Some(stamp) = &stamp {
                received.octets = stamp.octets(&octets).into();
            }
        };
        if let Err(error) = message.check() {
            note(&mut received);
            return self.refuse(&message, &received, &error);
        }
        if message.code().is_some() && !self.is_mine(&message) {
            return self.discard(&received, "Via: the topmost one is not of this element", None);
        }
        // Shown as it reads with the stamp; its octets are written only where somebody keeps them.
        let handled = match stamp.as_ref().map(|stamp| stamp.header(&message)) {
            None => first(self, &received, &message),
            Some(None) => false,
            Some(Some(via)) => {
                let plain = message.set_via(via);
                let handled = first(self, &received, &message);
                plain.and_then(|plain| message.set_via(plain));
                handled
            }
        };
        if handled {
            return;
        }
        note(&mut received);
        if self.settings.stateless {
            self.happenings.push_back(Happening::Passing(received));
        } else {
            self.hand_to_transactions(now, &message, received);
        }
    }

    /// Whether the topmost Via is of this element (RFC 3261 section 18.1.2).
    fn is_mine(&self, response: &Message<'_>) -> bool {
        response.via().is_ok_and(|via| self.is_own(via.host, via.port))
    }

    fn hand_to_transactions(&mut self, now: Instant, message: &Message<'_>, received: Received) {
        let reliable = received.over.is_reliable();
        match self.transactions.handle_message(now, message, &received.octets, reliable) {
            Ok(Handled::Request(id)) => {
                self.keep_way_back(id, message, &received);
                self.happenings.push_back(Happening::Request(id, received));
            }
            Ok(Handled::Cancel(id, invite)) => {
                self.keep_way_back(id, message, &received);
                self.reply(now, id, &received, if invite.is_some() { 200 } else { 481 });
                if let Some(invite) = invite {
                    self.happenings.push_back(Happening::Cancel(invite, received));
                }
            }
            Ok(Handled::Response(id)) => self.happenings.push_back(Happening::Response(id, received)),
            Ok(Handled::Ack(invite)) => self.happenings.push_back(Happening::Ack(invite, received)),
            Ok(Handled::StrayResponse) => self.happenings.push_back(Happening::Stray(received)),
            Ok(Handled::Absorbed) => {}
            Err(TransactionError::Full) => {
                let answered = !message.is(Method::ACK) && self.reply_stateless(message, &received, 503);
                self.discard(&received, "too many transactions run", answered.then_some(503));
            }
            Err(error) => self.discard(&received, &error.to_string(), None),
        }
    }

    /// Keeps where the answer to a request goes; `request` is as it was before its receiver noted anything.
    fn keep_way_back(&mut self, id: TransactionId, request: &Message<'_>, received: &Received) {
        let noted = received.over == Carrier::Udp && request.via().is_ok_and(|via| via.rport().is_some());
        // What was noted in the topmost Via is the source, unless the sender wants his answers elsewhere.
        let plain = noted && request.via().is_ok_and(|via| !via.params.has("maddr"));
        let hop = if plain {
            received.flow()
        } else {
            let octets = received.octets.clone();
            match Message::parse(&octets) {
                Ok(stamped) => self.way_back(&stamped, received),
                Err(_) => received.flow(),
            }
        };
        self.places.insert(id, hop);
    }

    /// A message that breaks a rule: a request is answered where that can be done (RFC 3261 section 8.2, RFC 4475
    /// section 3.1.2); an ACK and a response never are.
    fn refuse(&mut self, message: &Message<'_>, received: &Received, error: &ParseError) {
        let answerable = message.code().is_none() && !message.is(Method::ACK);
        let code = answerable.then(|| error.status());
        // Written from the stamped octets, so that the answer finds its way.
        let answered = code
            .filter(|code| received.message().is_some_and(|own| self.reply_stateless(&own, received, *code)));
        self.discard(received, &error.to_string(), answered);
    }

    /// Octets that do not read as a message are answered if they do with another version, or without the length of their
    /// body.
    fn unreadable(&mut self, received: &Received, error: &ParseError) {
        let octets = match error.fault {
            ParseFault::Version => with_version(&received.octets),
            ParseFault::Missing => Some(received.octets.to_vec()),
            _ => None,
        };
        let answered = octets.filter(|octets| self.answer_unreadable(received, octets, error.status()));
        self.discard(received, &error.to_string(), answered.map(|_| error.status()));
    }

    fn answer_unreadable(&mut self, received: &Received, octets: &[u8], code: u16) -> bool {
        let Ok(message) = Message::parse(octets) else { return false };
        if message.code().is_some() || message.is(Method::ACK) {
            return false;
        }
        match stamped_octets(&message, octets, received.source) {
            Ok(Some(stamped)) => {
                Message::parse(&stamped).is_ok_and(|own| self.reply_stateless(&own, received, code))
            }
            Ok(None) => self.reply_stateless(&message, received, code),
            Err(_) => false,
        }
    }

    /// A connection whose octets cannot be cut into messages is answered where its head can be read, and closed.
    fn broken(&mut self, received: &Received, error: &ParseError) {
        self.unreadable(received, error);
        if let Some(stream) = received.stream {
            self.transport.close(stream, &mut self.out);
        }
    }

    fn discard(&mut self, received: &Received, reason: &str, answer: Option<u16>) {
        self.out.hear("discard", || {
            let mut fields = Fields::new().with("reason", reason);
            if let Some(code) = answer {
                fields.push("answer", u32::from(code));
            }
            fields.push("source", Value::text(received.source.to_string()));
            fields.push("octets", Value::Bytes(received.octets.clone()));
            fields
        });
    }

    /// Requests that went by a connection that is gone fail (RFC 3261 section 17.1.4).
    fn gone(&mut self, stream: StreamId) {
        let lost: Vec<TransactionId> =
            self.places.iter().filter(|(_, hop)| hop.stream == Some(stream)).map(|(id, _)| *id).collect();
        for id in lost {
            if self.transactions.is_waiting(id) {
                self.transactions.handle_failure(id);
            }
        }
    }

    /// Sends what the transactions want sent, and notes what they report.
    fn pump(&mut self) {
        while let Some(output) = self.transactions.poll_output() {
            match output {
                Output::Transmit(id, octets) => {
                    let Some(hop) = self.places.get_mut(&id) else { continue };
                    let by = self.transport.send(hop, &octets, &mut self.out);
                    hop.stream = by.or(hop.stream);
                }
                Output::Cancelling(cancel, invite) => {
                    if let Some(hop) = self.places.get(&invite).copied() {
                        self.places.insert(cancel, hop);
                    }
                }
                Output::TimedOut(id) => self.happenings.push_back(Happening::TimedOut(id)),
                Output::Ended(id) => {
                    self.places.remove(&id);
                    self.happenings.push_back(Happening::Ended(id));
                }
            }
        }
    }
}

/// The octets with the version that is understood, to answer a request of another one.
fn with_version(octets: &[u8]) -> Option<Vec<u8>> {
    let end = octets.iter().position(|octet| *octet == b'\n')?;
    let (line, rest) = (octets.get(..end)?, octets.get(end..)?);
    let at = line.windows(4).rposition(|part| part.eq_ignore_ascii_case(b"SIP/"))?;
    Some([line.get(..at)?, b"SIP/2.0\r", rest].concat())
}
