//! Requests on their way: sent, answered, sent to another server, given up, stored.
//!
//! What becomes of a request that gets no answer (RFC 8506 sections 5.7, 6.5, 7, 8.14, 8.15):
//! - Within Tx a lost connection moves it to another server, with the T flag, where its session may move.
//! - Where no server is up, and the handling is one of these two, it waits for one as long as Tx.
//! - After Tx, or a 3002, 3004 or 3005, it goes to another server where the session may move and Credit-Control-Failure-
//!   Handling is CONTINUE or RETRY_AND_TERMINATE.
//! - What nobody took ends the service, or lets it go on uncontrolled, as the handling says.
//! - A debit that may have been made is stored, survives a loss of power, and goes out again with the T flag.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tollgate_diameter::peer::{Applications, ConnectionId, DisconnectCause, Failure, RequestId, Sending};
use tollgate_diameter::raw::{self, AvpPath};
use tollgate_diameter::{Builder, CommandFlags, Header, Message, ResultCode, avp};
use tollgate_network::{DiameterServer, Setup, SetupError, StreamEvent, StreamId};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::answer::CreditAnswer;
use super::raw::RawMessage;
use super::session::{CreditSession, Kind};
use super::settings::{CreditSettings, DebitHandling, FailureHandling};
use crate::diameter::{self, Happening, Station};
use crate::outbox::Outbox;

/// Credit-Control (RFC 8506 section 3), of application 4.
const COMMAND: u32 = 272;
const APPLICATION: u32 = 4;
/// How long a stored debit rests before it is tried again, where no connection comes up meanwhile.
const STORED_REST: Duration = Duration::from_secs(60);

/// What became of requests, and what servers ask.
#[derive(Debug)]
pub enum Outcome<K> {
    /// The answer to a request.
    Answered {
        /// Whose request it was.
        key: K,
        /// What it was.
        kind: Kind,
        /// Who answered.
        server: Arc<str>,
        /// What it says.
        answer: CreditAnswer,
    },
    /// Tx is over; another server is asked, and the service goes on meanwhile.
    Late {
        /// Whose request it is.
        key: K,
        /// What it is.
        kind: Kind,
    },
    /// Nobody answers.
    Unanswered {
        /// Whose request it was.
        key: K,
        /// What it was.
        kind: Kind,
        /// What to do.
        verdict: Verdict,
    },
    /// A server asks for something: RAR, ASR; answer it with [`CreditClient::answer`].
    Request {
        /// Where the answer goes.
        connection: ConnectionId,
        /// The message.
        octets: Vec<u8>,
    },
    /// A server can be used.
    Up(Arc<str>),
    /// A server cannot be used any more.
    Down(Arc<str>),
}

/// What becomes of a service when nobody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is refused, or ends.
    Terminate,
    /// It goes on, and nobody controls it.
    Continue,
    /// The event is served, and its request is stored to be sent again.
    Stored,
}

#[derive(Debug, Clone)]
struct Sent<K> {
    /// `None` for a message of a scenario, and for a stored one whose owner has gone on.
    key: Option<K>,
    kind: Kind,
    octets: Vec<u8>,
    failure_handling: FailureHandling,
    debit_handling: DebitHandling,
    may_move: bool,
    tried: Vec<Text>,
    stored: bool,
    /// Until when it waits for a connection, where none is up.
    patience: Instant,
}

/// The client of one node.
#[derive(Debug)]
pub struct CreditClient<K> {
    station: Station,
    settings: CreditSettings,
    waiting: BTreeMap<RequestId, Sent<K>>,
    stored: VecDeque<Sent<K>>,
    store_due: Option<Instant>,
    /// Requests that wait for a connection, as long as they may wait for an answer: those of before the first one, and those
    /// whose handling has them tried again.
    held: Vec<(Sent<K>, Option<Text>)>,
    held_until: Option<Instant>,
    has_been_up: bool,
    /// What the owner has not heard of yet.
    outcomes: VecDeque<Outcome<K>>,
    /// The last request of each session, to be sent once more.
    latest: BTreeMap<K, Sent<K>>,
    sessions_made: u32,
    numbers_made: u32,
}

impl<K: Copy + Ord> CreditClient<K> {
    /// A client of the servers that a setup names.
    ///
    /// # Errors
    /// No server is given, or a setting is wrong.
    pub fn new(setup: &Setup, kind: &str) -> Result<Self, SetupError> {
        let servers = diameter::servers(setup, kind)?;
        let own = diameter::own(setup, Applications::credit_control(), None);
        Ok(Self {
            station: Station::new(own, &servers, setup.seed, setup.observe),
            settings: CreditSettings::read(setup)?,
            waiting: BTreeMap::new(),
            stored: VecDeque::new(),
            store_due: None,
            held: Vec::new(),
            held_until: None,
            has_been_up: false,
            outcomes: VecDeque::new(),
            latest: BTreeMap::new(),
            sessions_made: 0,
            numbers_made: u32::try_from(setup.seed & 0xfff).unwrap_or_default(),
        })
    }

    /// The Origin-Host.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.station.settings().host
    }

    /// The settings.
    #[must_use]
    pub const fn settings(&self) -> &CreditSettings {
        &self.settings
    }

    /// The servers, the preferred one first.
    #[must_use]
    pub fn servers(&self) -> &[DiameterServer] {
        self.station.servers()
    }

    /// The power came back: connections and requests are lost, stored debits are not. Session-Ids stay unique because their
    /// upper half is the time at which they were made.
    pub fn restart(&mut self, now: Instant) {
        self.station.restart(now);
        self.settings.origin_state = self.settings.origin_state.saturating_add(1);
        self.waiting.clear();
        self.held.clear();
        self.outcomes.clear();
        self.held_until = None;
        self.has_been_up = false;
        self.latest.clear();
        self.store_due = (!self.stored.is_empty()).then_some(now + STORED_REST);
    }

    /// A new session or event, with a Session-Id of its own where none is given (RFC 6733 section 8.8).
    pub fn open(&mut self, now: Instant, context: Text, id: Option<Text>) -> CreditSession {
        self.sessions_made = self.sessions_made.wrapping_add(1);
        let high = now.unix_secs() & u64::from(u32::MAX);
        let id = id.unwrap_or_else(|| format!("{};{high};{}", self.host(), self.sessions_made).into());
        CreditSession::new(&self.settings, id, context)
    }

    /// Sends a request of a session; [`Outcome::Answered`] or [`Outcome::Unanswered`] follows. `body` writes what the request
    /// is about, behind what every request has.
    pub fn request(
        &mut self,
        now: Instant,
        session: &mut CreditSession,
        (key, kind): (K, Kind),
        body: impl FnOnce(&mut Builder),
    ) {
        let server = self.server_of(session).cloned();
        let number = session.next_number;
        session.next_number = number.saturating_add(1);
        let header = Header::request(COMMAND, APPLICATION).identified(0, self.next_end_to_end(now));
        let mut builder = Builder::new(header);
        let own = self.station.settings();
        builder.text(avp::SESSION_ID, &session.id);
        builder.text(avp::ORIGIN_HOST, &own.host);
        builder.text(avp::ORIGIN_REALM, &own.realm);
        // Whoever stands behind a relay is found by the realm, and once it has answered by its name (RFC 6733 section 6.1.1).
        let relayed = |host: &Text| self.station.relays(host, APPLICATION);
        let direct = server.as_ref().map(|server| &server.host).filter(|host| !relayed(host));
        if let Some(host) = direct.or(session.origin.as_ref().filter(|_| server.is_some())) {
            builder.text(avp::DESTINATION_HOST, host);
        }
        let realm = server.as_ref().map_or(&own.realm, |server| &server.realm);
        builder.text(avp::DESTINATION_REALM, realm);
        builder.u32(avp::AUTH_APPLICATION_ID, APPLICATION);
        builder.text(avp::SERVICE_CONTEXT_ID, &session.context);
        builder.u32(avp::CC_REQUEST_TYPE, kind.number());
        builder.u32(avp::CC_REQUEST_NUMBER, number);
        builder.u32(avp::ORIGIN_STATE_ID, self.settings.origin_state);
        for (kind, data) in &session.subscriptions {
            builder.group(avp::SUBSCRIPTION_ID, |own| {
                own.u32(avp::SUBSCRIPTION_ID_TYPE, *kind);
                own.text(avp::SUBSCRIPTION_ID_DATA, data);
            });
        }
        body(&mut builder);
        // Fields are checked where they come in.
        let _ = builder.fields(&session.with);
        builder.time(avp::EVENT_TIMESTAMP, now);
        let Ok(octets) = builder.finish() else { return };
        let is_new = matches!(kind, Kind::Initial | Kind::Event);
        let sent = Sent {
            key: Some(key),
            kind,
            octets,
            failure_handling: session.failure_handling,
            debit_handling: session.debit_handling,
            // A new session may begin anywhere; one that has begun moves where its server knows that it may.
            may_move: is_new || session.failover,
            tried: Vec::new(),
            stored: false,
            patience: now + self.settings.tx,
        };
        self.latest.insert(key, sent.clone());
        self.send(now, sent, server.map(|server| server.host));
    }

    /// Forgets what was sent last for a session that is over; late answers to it are dropped.
    pub fn forget(&mut self, key: K) {
        self.latest.remove(&key);
        let lost: Vec<RequestId> =
            self.waiting.iter().filter(|(_, sent)| sent.key == Some(key)).map(|(own, _)| *own).collect();
        self.held.retain(|(sent, _)| sent.key != Some(key));
        for request in lost {
            self.waiting.remove(&request);
            self.station.forget(request);
        }
    }

    /// Sends the last request of a session once more: as a retransmission with the T flag, or, `anew`, as a request of its own
    /// with the same number. Nobody waits for the answer. `false` where nothing was sent.
    pub fn repeat(&mut self, now: Instant, key: K, anew: bool) -> bool {
        let Some(sent) = self.latest.get(&key) else { return false };
        let mut again = Sent { key: None, ..sent.clone() };
        if anew {
            let number = self.next_end_to_end(now);
            raw::set_end_to_end(&mut again.octets, number);
        } else {
            mark(&mut again.octets);
        }
        self.send(now, again, None);
        true
    }

    /// Sends a message of a scenario. `false` where no server is up.
    pub(crate) fn send_message(&mut self, now: Instant, message: RawMessage) -> bool {
        let up = self.station.servers().iter().find(|own| match &message.to {
            Some(host) => own.host.eq_ignore_ascii_case(host),
            None => self.station.is_up(&own.host),
        });
        let Some(host) = up.map(|own| own.host.clone()) else { return false };
        let mut octets = message.octets;
        let number = self.next_end_to_end(now);
        raw::set_end_to_end(&mut octets, number);
        // What the connection was not made for is sent all the same.
        let ours = |message: Message<'_>| message.header.application == APPLICATION;
        if message.faults.is_empty() && Message::parse(&octets).is_ok_and(ours) {
            let sending =
                Sending { via: Some(&host), pinned: true, as_is: false, within: Some(self.settings.tx) };
            self.station.request(now, octets, sending);
            return true;
        }
        // A number that no request of the connection has yet.
        raw::set_hop_by_hop(&mut octets, number ^ 0x8000_0000);
        for fault in &message.faults {
            fault.apply(&mut octets);
        }
        self.station.send_raw(&host, octets)
    }

    /// Sends octets to the first server that is up, with identifiers of their own; what comes back is shown and nothing else.
    pub(crate) fn send_octets(&mut self, now: Instant, octets: Vec<u8>) -> bool {
        self.send_message(now, RawMessage { octets, faults: Vec::new(), to: None })
    }

    /// Answers a request of a server with a result, and what `more` writes.
    pub fn answer(
        &mut self,
        connection: ConnectionId,
        request: &Message<'_>,
        result: ResultCode,
        more: impl FnOnce(&mut Builder),
    ) {
        let mut builder = Builder::answer(request);
        builder.result(result);
        builder.text(avp::ORIGIN_HOST, &self.station.settings().host);
        builder.text(avp::ORIGIN_REALM, &self.station.settings().realm);
        builder.u32(avp::ORIGIN_STATE_ID, self.settings.origin_state);
        more(&mut builder);
        builder.proxy_infos(request);
        if let Ok(octets) = builder.finish() {
            self.station.answer(connection, octets);
        }
    }

    /// Connects to a server again that it was disconnected from.
    pub fn connect(&mut self, now: Instant, host: &str) {
        self.station.connect(now, host);
    }

    /// Ends the connection to a server with a DPR.
    pub fn disconnect(&mut self, now: Instant, host: &str, cause: DisconnectCause) {
        self.station.disconnect(now, host, cause);
    }

    /// Whether requests may be sent to a server.
    #[must_use]
    pub fn is_up(&self, host: &str) -> bool {
        self.station.is_up(host)
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        [self.station.next_deadline(), self.store_due, self.held_until].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn expire(&mut self, now: Instant, out: &mut Outbox) {
        self.station.expire(now, out);
        if self.store_due.is_some_and(|due| due <= now) {
            self.send_stored(now);
        }
        if self.held_until.is_some_and(|until| until <= now) {
            self.give_up_held(now, out);
        }
    }

    /// Takes what happened to a connection.
    pub fn take(&mut self, now: Instant, id: StreamId, event: &StreamEvent, out: &mut Outbox) {
        self.station.take(now, id, event, out);
    }

    /// What came of it all, for the owner; to be asked until there is nothing.
    pub fn poll(&mut self, now: Instant, out: &mut Outbox) -> Option<Outcome<K>> {
        if let Some(outcome) = self.outcomes.pop_front() {
            return Some(outcome);
        }
        while let Some(happening) = self.station.poll(now, out) {
            let outcome = match happening {
                Happening::Up(peer) => {
                    self.release(now);
                    self.send_stored(now);
                    Some(Outcome::Up(peer))
                }
                Happening::Down(peer) => Some(Outcome::Down(peer)),
                Happening::Request { connection, octets, .. } => {
                    Some(Outcome::Request { connection, octets })
                }
                Happening::Answer { request, peer, octets } => {
                    self.answered(now, request, peer, &octets, out)
                }
                Happening::Failed { request, failure } => self.failed(now, request, failure, out),
            };
            if outcome.is_some() {
                return outcome;
            }
        }
        None
    }

    /// The server that a session is with, or the one that a new session begins with.
    fn server_of(&self, session: &CreditSession) -> Option<&DiameterServer> {
        let servers = self.station.servers();
        let own = session.server.as_deref();
        let known = own.and_then(|host| servers.iter().find(|server| server.host.eq_ignore_ascii_case(host)));
        let up = || servers.iter().find(|server| self.station.is_up(&server.host));
        match known {
            Some(server) if !session.failover || self.station.is_up(&server.host) => Some(server),
            Some(server) => up().or(Some(server)),
            None => up().or(servers.first()),
        }
    }

    /// Twelve bits of the time, twenty that count (RFC 6733 section 3).
    fn next_end_to_end(&mut self, now: Instant) -> u32 {
        self.numbers_made = self.numbers_made.wrapping_add(1);
        let time = u32::try_from(now.unix_secs() & 0xfff).unwrap_or_default();
        time << 20 | (self.numbers_made & 0x000f_ffff)
    }

    /// Sends what waited for a connection.
    fn release(&mut self, now: Instant) {
        self.has_been_up = true;
        self.held_until = None;
        for (mut sent, host) in std::mem::take(&mut self.held) {
            let host = if sent.may_move { self.another(&[]).or(host) } else { host };
            if let Some(host) = &host {
                self.direct(&mut sent.octets, host);
            }
            self.send(now, sent, host);
        }
    }

    fn hold(&mut self, sent: Sent<K>, host: Option<Text>) {
        self.held_until = Some(self.held_until.map_or(sent.patience, |until| until.min(sent.patience)));
        self.held.push((sent, host));
    }

    /// What waited for a connection long enough goes without.
    fn give_up_held(&mut self, now: Instant, out: &mut Outbox) {
        self.held_until = None;
        for (sent, host) in std::mem::take(&mut self.held) {
            if sent.patience > now {
                self.hold(sent, host);
            } else if let Some(outcome) = self.unanswered(now, sent, Failure::UnableToDeliver, out) {
                self.outcomes.push_back(outcome);
            }
        }
    }

    fn send(&mut self, now: Instant, mut sent: Sent<K>, host: Option<Text>) {
        if !self.has_been_up {
            return self.hold(sent, host);
        }
        let within = Some(self.settings.tx);
        let request = {
            let via = host.as_deref().filter(|_| !sent.may_move);
            let sending = Sending { via, pinned: !sent.may_move, as_is: false, within };
            self.station.request(now, sent.octets.clone(), sending)
        };
        sent.tried.extend(host);
        self.waiting.insert(request, sent);
    }

    fn answered(
        &mut self,
        now: Instant,
        request: RequestId,
        peer: Arc<str>,
        octets: &[u8],
        out: &mut Outbox,
    ) -> Option<Outcome<K>> {
        let sent = self.waiting.remove(&request)?;
        let message = Message::parse(octets).ok()?;
        let answer = CreditAnswer::read(&message);
        let undelivered = matches!(
            answer.result,
            Some(ResultCode::UNABLE_TO_DELIVER | ResultCode::TOO_BUSY | ResultCode::LOOP_DETECTED)
        );
        if undelivered {
            return self.unanswered(now, sent, Failure::UnableToDeliver, out);
        }
        let (key, kind) = (sent.key?, sent.kind);
        Some(Outcome::Answered { key, kind, server: peer, answer })
    }

    fn failed(
        &mut self,
        now: Instant,
        request: RequestId,
        failure: Failure,
        out: &mut Outbox,
    ) -> Option<Outcome<K>> {
        let sent = self.waiting.remove(&request)?;
        self.unanswered(now, sent, failure, out)
    }

    fn unanswered(
        &mut self,
        now: Instant,
        mut sent: Sent<K>,
        failure: Failure,
        out: &mut Outbox,
    ) -> Option<Outcome<K>> {
        let late = failure == Failure::Timeout;
        let kind = sent.kind;
        let Some(key) = sent.key else {
            if sent.stored {
                self.store(now, sent);
            }
            return None;
        };
        out.observe("unanswered", || {
            Fields::new().with("message", kind.word()).with("why", failure.to_string().as_str())
        });
        let retries = match kind {
            Kind::Event => true,
            _ => sent.failure_handling != FailureHandling::Terminate,
        };
        if retries
            && sent.may_move
            && late
            && let Some(next) = self.another(&sent.tried)
        {
            mark(&mut sent.octets);
            self.direct(&mut sent.octets, &next);
            let from = sent.tried.last().cloned().unwrap_or_default();
            out.observe("failover", || {
                Fields::new().with("message", kind.word()).with("from", from).with("to", next.clone())
            });
            self.send_to(now, sent, next);
            return Some(Outcome::Late { key, kind });
        }
        if retries && !late && kind != Kind::Event && sent.patience > now {
            mark(&mut sent.octets);
            let host = sent.tried.last().cloned();
            self.hold(sent, host);
            return None;
        }
        let verdict = match kind {
            Kind::Event => match sent.debit_handling {
                DebitHandling::Continue => Verdict::Continue,
                // What never left was surely not charged.
                DebitHandling::TerminateOrBuffer if !late => Verdict::Terminate,
                DebitHandling::TerminateOrBuffer => {
                    out.observe("stored", || Fields::new().with("message", kind.word()));
                    self.store(now, Sent { key: None, stored: true, ..sent });
                    Verdict::Stored
                }
            },
            _ => match sent.failure_handling {
                FailureHandling::Continue => Verdict::Continue,
                FailureHandling::Terminate | FailureHandling::RetryAndTerminate => Verdict::Terminate,
            },
        };
        Some(Outcome::Unanswered { key, kind, verdict })
    }

    /// A server that is up and was not tried.
    fn another(&self, tried: &[Text]) -> Option<Text> {
        let usable = |server: &&DiameterServer| {
            self.station.is_up(&server.host)
                && !tried.iter().any(|own| own.eq_ignore_ascii_case(&server.host))
        };
        self.station.servers().iter().find(usable).map(|server| server.host.clone())
    }

    /// Writes to whom a request goes after all; through a relay it stays whoever stands behind it.
    fn direct(&self, octets: &mut Vec<u8>, host: &str) {
        if !self.station.relays(host, APPLICATION) {
            raw::set_avp_data(octets, &AvpPath::to(avp::DESTINATION_HOST), host.as_bytes());
        }
    }

    fn send_to(&mut self, now: Instant, mut sent: Sent<K>, host: Text) {
        let sending =
            Sending { via: Some(&host), pinned: true, as_is: false, within: Some(self.settings.tx) };
        let request = self.station.request(now, sent.octets.clone(), sending);
        sent.tried.push(host);
        self.waiting.insert(request, sent);
    }

    fn store(&mut self, now: Instant, mut sent: Sent<K>) {
        mark(&mut sent.octets);
        sent.tried.clear();
        self.stored.push_back(sent);
        self.store_due = Some(now + STORED_REST);
    }

    /// Sends what was stored, the oldest first.
    fn send_stored(&mut self, now: Instant) {
        self.store_due = None;
        let Some(host) = self.another(&[]) else {
            self.store_due = (!self.stored.is_empty()).then_some(now + STORED_REST);
            return;
        };
        for mut sent in std::mem::take(&mut self.stored) {
            self.direct(&mut sent.octets, &host);
            self.send_to(now, sent, host.clone());
        }
    }
}

/// Marks a request as perhaps sent before (RFC 6733 section 3).
fn mark(octets: &mut [u8]) {
    let flags = CommandFlags::from_bits(octets.get(4).copied().unwrap_or_default());
    raw::set_flags(octets, flags.with(CommandFlags::RETRANSMITTED).bits());
}
