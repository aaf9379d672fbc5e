//! Every transaction of an element: which one a message belongs to, and what is due.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use tollgate_time::Instant;

use super::TransactionId;
use super::key::Key;
use super::machine::{Kind, Machine, State, Step};
use super::timers::Timers;
use crate::{BuildError, Message, Method, ParseError, ack_of_failure, cancel, response};

/// Transactions that an element keeps at once; new requests beyond are refused.
pub const TRANSACTIONS_MAX: usize = 1 << 20;

/// What came of a message that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// A new request; [`Transactions::respond`] answers it.
    Request(TransactionId),
    /// A new CANCEL, to be answered like a request, and the INVITE that it cancels, to be answered with
    /// 487. Without one the CANCEL is answered with 481.
    Cancel(TransactionId, Option<TransactionId>),
    /// A response for the user of this client.
    Response(TransactionId),
    /// The ACK of a 2xx, with its INVITE while that is still known: the user's, by its dialog.
    Ack(Option<TransactionId>),
    /// A response that belongs to nothing here (a 2xx that comes late): a user agent sends its ACK
    /// again, a proxy sends it on.
    StrayResponse,
    /// A message that came again, or an ACK that ended a transaction: done with.
    Absorbed,
}

/// What an element has to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send these octets to the peer of the transaction.
    Transmit(TransactionId, Bytes),
    /// The first transaction is the CANCEL of the second, and goes where that went; its
    /// [`Output::Transmit`] follows.
    Cancelling(TransactionId, TransactionId),
    /// Nobody answered: a client goes on as if a 408 had come; a server's final response got no ACK.
    TimedOut(TransactionId),
    /// The transaction is over and forgotten.
    Ended(TransactionId),
}

/// Why a transaction did not begin or go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransactionError {
    /// The octets are no message.
    #[error("the message cannot be read: {0}")]
    Parse(#[from] ParseError),
    /// A message that follows from another could not be made.
    #[error("{0}")]
    Build(#[from] BuildError),
    /// The message is a response where a request begins a transaction, or the reverse.
    #[error("{0}")]
    Kind(&'static str),
    /// No transaction has this name any more.
    #[error("the transaction is over")]
    Unknown,
    /// A transaction with the same branch is running.
    #[error("a transaction with the same branch is running; draw another branch")]
    Duplicate,
    /// The final response has been sent already.
    #[error("the final response has been sent already")]
    Answered,
    /// Too many run.
    #[error("{TRANSACTIONS_MAX} transactions are running; wait until some are over")]
    Full,
}

#[derive(Debug)]
struct Entry {
    key: Key,
    machine: Machine,
    /// The request, of which CANCEL, ACK and the own 100 are made.
    request: Bytes,
    /// The deadline under which it stands.
    deadline: Option<Instant>,
    /// A CANCEL waits for the first provisional response; then, whether over a reliable transport.
    cancel: bool,
    reliable: bool,
}

/// Every transaction of an element.
#[derive(Debug, Default)]
pub struct Transactions {
    timers: Timers,
    next_id: u64,
    entries: BTreeMap<TransactionId, Entry>,
    keys: BTreeMap<Key, TransactionId>,
    deadlines: BTreeSet<(Instant, TransactionId)>,
    outputs: VecDeque<Output>,
}

impl Transactions {
    /// None yet.
    #[must_use]
    pub fn new(timers: Timers) -> Self {
        Self { timers, ..Self::default() }
    }

    /// How many run.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none runs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Begins a client transaction and sends its request. The ACK of a 2xx is no transaction: it is
    /// sent as it is.
    ///
    /// # Errors
    /// The octets are no request, or its branch is taken, or too many transactions run.
    pub fn request(
        &mut self,
        now: Instant,
        octets: impl Into<Bytes>,
        reliable: bool,
    ) -> Result<TransactionId, TransactionError> {
        let octets = octets.into();
        let id = self.begin(now, &octets, reliable)?;
        self.outputs.push_back(Output::Transmit(id, octets));
        Ok(id)
    }

    fn begin(
        &mut self,
        now: Instant,
        octets: &Bytes,
        reliable: bool,
    ) -> Result<TransactionId, TransactionError> {
        let message = Message::parse(octets)?;
        let method = message.method().ok_or(TransactionError::Kind("a client begins with a request"))?;
        if method == Method::ACK {
            return Err(TransactionError::Kind("an ACK begins no transaction"));
        }
        let key = Key::client(&message)?;
        let machine = Machine::client(now, method == Method::INVITE, octets.clone(), reliable, &self.timers);
        self.insert(key, machine, octets.clone(), reliable)
    }

    /// Sends a CANCEL for a client's INVITE: at once where a provisional response came, else when the
    /// first comes (RFC 3261 section 9.1). After the final response nothing is sent. The transaction of
    /// the CANCEL reports like any other.
    ///
    /// # Errors
    /// The transaction is over, is no INVITE of a client, or the CANCEL cannot be made.
    pub fn cancel(&mut self, now: Instant, id: TransactionId) -> Result<(), TransactionError> {
        let entry = self.entries.get_mut(&id).ok_or(TransactionError::Unknown)?;
        if entry.machine.kind != Kind::ClientInvite {
            return Err(TransactionError::Kind("only an INVITE that was sent can be cancelled"));
        }
        match entry.machine.state {
            State::Trying => entry.cancel = true,
            State::Proceeding => self.send_cancel(now, id)?,
            _ => {}
        }
        Ok(())
    }

    /// Answers a request with the octets of a response.
    ///
    /// # Errors
    /// The octets are no response, the transaction is over, or has its final response already (a 2xx of
    /// an INVITE may be sent again).
    pub fn respond(
        &mut self,
        now: Instant,
        id: TransactionId,
        octets: impl Into<Bytes>,
    ) -> Result<(), TransactionError> {
        let octets = octets.into();
        let code = match status_of(&octets) {
            Some(code) => code,
            // Slowly, for the error with its place.
            None => Message::parse(&octets)?
                .code()
                .ok_or(TransactionError::Kind("a server answers with a response"))?,
        };
        let entry = self.entries.get_mut(&id).ok_or(TransactionError::Unknown)?;
        if entry.machine.is_client() {
            return Err(TransactionError::Kind("only a request that arrived can be answered"));
        }
        if !entry.machine.answer(now, code, octets.clone(), &self.timers) {
            return Err(TransactionError::Answered);
        }
        self.outputs.push_back(Output::Transmit(id, octets));
        self.settle(id);
        Ok(())
    }

    /// Takes a message that arrived; `octets` are those of `message`, kept for the life of a server.
    ///
    /// # Errors
    /// A header by which it is matched is missing or broken, or too many transactions run.
    pub fn handle_message(
        &mut self,
        now: Instant,
        message: &Message<'_>,
        octets: &Bytes,
        reliable: bool,
    ) -> Result<Handled, TransactionError> {
        match (message.method(), message.code()) {
            (Some(method), _) => self.handle_request(now, message, method, octets, reliable),
            (None, Some(code)) => self.handle_response(now, message, code),
            (None, None) => Ok(Handled::Absorbed),
        }
    }

    fn handle_request(
        &mut self,
        now: Instant,
        message: &Message<'_>,
        method: Method<'_>,
        octets: &Bytes,
        reliable: bool,
    ) -> Result<Handled, TransactionError> {
        let key = Key::server(message, method)?;
        let known = self.keys.get(&key).copied();
        if method == Method::ACK {
            return Ok(self.handle_ack(now, known));
        }
        if let Some(id) = known {
            if let Some(entry) = self.entries.get(&id)
                && entry.machine.repeated() == Step::Resend
            {
                self.outputs.push_back(Output::Transmit(id, entry.machine.last.clone()));
            }
            return Ok(Handled::Absorbed);
        }
        let machine = Machine::server(now, method == Method::INVITE, reliable, &self.timers);
        let id = self.insert(key, machine, octets.clone(), reliable)?;
        if method != Method::CANCEL {
            return Ok(Handled::Request(id));
        }
        let invite = self.keys.get(&Key::server(message, Method::INVITE)?).copied();
        Ok(Handled::Cancel(id, invite))
    }

    fn handle_ack(&mut self, now: Instant, known: Option<TransactionId>) -> Handled {
        let Some(id) = known else { return Handled::Ack(None) };
        let Some(entry) = self.entries.get_mut(&id) else { return Handled::Ack(None) };
        let step = entry.machine.ack(now, &self.timers);
        self.settle(id);
        if step == Step::Pass { Handled::Ack(Some(id)) } else { Handled::Absorbed }
    }

    fn handle_response(
        &mut self,
        now: Instant,
        message: &Message<'_>,
        code: u16,
    ) -> Result<Handled, TransactionError> {
        let Some(id) = self.keys.get(&Key::client(message)?).copied() else {
            return Ok(Handled::StrayResponse);
        };
        let Some(entry) = self.entries.get_mut(&id) else { return Ok(Handled::StrayResponse) };
        let first_failure = entry.machine.kind == Kind::ClientInvite
            && matches!(entry.machine.state, State::Trying | State::Proceeding)
            && code >= 300;
        if first_failure {
            // Made before the state changes: without it the transaction could not go on.
            let invite = Message::parse(&entry.request)?;
            entry.machine.last = ack_of_failure(&invite, message)?.finish().into();
        }
        let step = entry.machine.response(now, code, &self.timers);
        if first_failure || step == Step::Resend {
            self.outputs.push_back(Output::Transmit(id, entry.machine.last.clone()));
        }
        if std::mem::take(&mut entry.cancel) && entry.machine.state == State::Proceeding {
            self.send_cancel(now, id)?;
        }
        self.settle(id);
        Ok(if step == Step::Pass { Handled::Response(id) } else { Handled::Absorbed })
    }

    /// Whether it is a request of this side that waits for its final response.
    #[must_use]
    pub fn is_waiting(&self, id: TransactionId) -> bool {
        let own = self.entries.get(&id).map(|entry| &entry.machine);
        own.is_some_and(|own| own.is_client() && matches!(own.state, State::Trying | State::Proceeding))
    }

    /// The transport could not send: a client ends as if it had timed out, a server just ends (RFC 3261
    /// sections 17.1.4 and 17.2.4).
    pub fn handle_failure(&mut self, id: TransactionId) {
        if let Some(entry) = self.entries.get(&id) {
            if entry.machine.is_client() {
                self.outputs.push_back(Output::TimedOut(id));
            }
            self.forget(id);
        }
    }

    /// Does what is due at `now`.
    pub fn handle_timeout(&mut self, now: Instant) {
        while let Some((at, id)) = self.deadlines.first().copied() {
            if at > now {
                return;
            }
            let Some(entry) = self.entries.get_mut(&id) else {
                self.deadlines.pop_first();
                continue;
            };
            match entry.machine.timeout(now, &self.timers) {
                Step::Resend => {
                    self.outputs.push_back(Output::Transmit(id, entry.machine.last.clone()));
                }
                Step::GivenUp => self.outputs.push_back(Output::TimedOut(id)),
                Step::Trying => self.send_trying(now, id),
                Step::Pass | Step::Nothing => {}
            }
            self.settle(id);
        }
    }

    /// When [`Transactions::handle_timeout`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// The next thing to do, in order.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn send_trying(&mut self, now: Instant, id: TransactionId) {
        let Some(entry) = self.entries.get(&id) else { return };
        let trying = Message::parse(&entry.request)
            .ok()
            .and_then(|request| response(&request, 100, None, "").ok())
            .map(|own| own.finish());
        if let Some(octets) = trying {
            // It cannot be refused: the transaction is there, and open.
            let _ = self.respond(now, id, octets);
        }
    }

    fn send_cancel(&mut self, now: Instant, id: TransactionId) -> Result<(), TransactionError> {
        let entry = self.entries.get_mut(&id).ok_or(TransactionError::Unknown)?;
        let octets = cancel(&Message::parse(&entry.request)?)?.finish();
        entry.machine.cancelled(now, &self.timers);
        let reliable = entry.reliable;
        self.settle(id);
        let octets = Bytes::from(octets);
        match self.begin(now, &octets, reliable) {
            Ok(own) => {
                self.outputs.push_back(Output::Cancelling(own, id));
                self.outputs.push_back(Output::Transmit(own, octets));
                Ok(())
            }
            // It is on its way already.
            Err(TransactionError::Duplicate) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn insert(
        &mut self,
        key: Key,
        machine: Machine,
        request: Bytes,
        reliable: bool,
    ) -> Result<TransactionId, TransactionError> {
        if self.keys.contains_key(&key) {
            return Err(TransactionError::Duplicate);
        }
        if self.entries.len() >= TRANSACTIONS_MAX {
            return Err(TransactionError::Full);
        }
        let id = TransactionId(self.next_id);
        self.next_id += 1;
        self.keys.insert(key.clone(), id);
        self.entries.insert(id, Entry { key, machine, request, deadline: None, cancel: false, reliable });
        self.settle(id);
        Ok(id)
    }

    /// Puts a transaction under its present deadline, or forgets it when it is over.
    fn settle(&mut self, id: TransactionId) {
        let Some(entry) = self.entries.get_mut(&id) else { return };
        if entry.machine.state == State::Terminated {
            self.forget(id);
            return;
        }
        let deadline = entry.machine.deadline();
        if deadline != entry.deadline {
            if let Some(old) = std::mem::replace(&mut entry.deadline, deadline) {
                self.deadlines.remove(&(old, id));
            }
            self.deadlines.extend(deadline.map(|at| (at, id)));
        }
    }

    fn forget(&mut self, id: TransactionId) {
        if let Some(entry) = self.entries.remove(&id) {
            self.keys.remove(&entry.key);
            if let Some(at) = entry.deadline {
                self.deadlines.remove(&(at, id));
            }
            self.outputs.push_back(Output::Ended(id));
        }
    }
}

/// The status of a response by its first line alone, where that is as everybody writes it.
fn status_of(octets: &[u8]) -> Option<u16> {
    let digits = octets.strip_prefix(b"SIP/2.0 ")?.split_at_checked(3)?;
    let code = std::str::from_utf8(digits.0).ok()?.parse().ok()?;
    (digits.1.first() == Some(&b' ') && (100..=699).contains(&code)).then_some(code)
}
