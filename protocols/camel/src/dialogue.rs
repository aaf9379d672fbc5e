//! One dialogue of TCAP as a state machine (Q.774): transaction and invoke identifiers, the dialogue portion of
//! the first messages, timers by class of operation, rejects. Time is an argument; octets come in and go out.
//!
//! Which dialogue a message belongs to is for the node to say: [`addressed`] tells the transaction.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tollgate_time::Instant;
use tollgate_wire::DecodeError;

use crate::cap::{ApplicationContext, CapError, Class, Operation, OperationError, Phase};
use crate::tcap::{
    AbortSource, Code, Component, DialoguePortion, Kind, Message, Outgoing, PAbort, Part, Problem, Refusal,
    TransactionId,
};

/// Where a dialogue stands (Q.774 section 3.2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Ours, and nothing has been sent.
    Idle,
    /// Ours; no answer has come.
    InitiationSent,
    /// Theirs; we have not answered.
    InitiationReceived,
    /// Both have spoken.
    Active,
    /// Over.
    Ended,
}

/// Why a dialogue was aborted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Aborted {
    /// By the other side's TCAP, for this reason.
    Provider(PAbort),
    /// By the other side's user or dialogue handling.
    User(AbortSource),
    /// Without a reason.
    Unsaid,
}

/// What a message or a timer means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The other side has accepted the dialogue.
    Accepted,
    /// The other side has refused it and offers this context.
    Refused {
        /// Why.
        refusal: Refusal,
        /// The context that it offers.
        offered: ApplicationContext,
    },
    /// An operation.
    Invoked {
        /// Its identifier.
        id: i8,
        /// What it is linked to.
        linked: Option<i8>,
        /// The operation.
        operation: Operation,
    },
    /// An operation of ours has succeeded, with a result.
    Result {
        /// Its identifier.
        id: i8,
        /// Its code.
        code: i64,
    },
    /// An operation of ours has failed.
    Error {
        /// Its identifier.
        id: i8,
        /// Its code.
        code: i64,
        /// The error; none where its parameter cannot be read.
        error: Option<CapError>,
    },
    /// A component of ours was rejected.
    Rejected {
        /// Its identifier, if they could read it.
        id: Option<i8>,
        /// Why.
        problem: Problem,
    },
    /// A component of theirs is rejected with our next message.
    Rejecting {
        /// Its identifier, if it could be read.
        id: Option<i8>,
        /// Why.
        problem: Problem,
    },
    /// An operation of ours that must have a result had none in time.
    TimedOut {
        /// Its identifier.
        id: i8,
        /// Its code.
        code: i64,
    },
    /// The other side has ended the dialogue.
    Ended,
    /// The dialogue was aborted.
    Aborted(Aborted),
}

/// A message was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It cannot be read.
    #[error("{0}")]
    Unreadable(#[from] DecodeError),
    /// It belongs to no dialogue, or to another, or does not fit where this one stands.
    #[error("a {kind} does not fit a dialogue in the state {state:?}")]
    Unexpected {
        /// The word for its kind.
        kind: &'static str,
        /// Where the dialogue stands.
        state: State,
    },
    /// A Begin in a context that is not supported; the answer is to be sent.
    #[error("the application context {context} is not supported")]
    Context {
        /// The context.
        context: ApplicationContext,
        /// The Abort to send.
        answer: Vec<u8>,
    },
    /// A Begin that names no context; the answer is to be sent.
    #[error("the message names no application context")]
    NoContext {
        /// The Abort to send.
        answer: Vec<u8>,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Invocation {
    code: i64,
    class: Class,
    deadline: Option<Instant>,
}

/// One dialogue.
#[derive(Debug, Clone)]
pub struct Dialogue {
    state: State,
    local: TransactionId,
    remote: Option<TransactionId>,
    context: ApplicationContext,
    last_id: i8,
    /// Operations of ours that may still be answered.
    invoked: BTreeMap<i8, Invocation>,
    /// Operations of theirs that we must answer.
    owed: BTreeSet<i8>,
    waiting: Vec<Outgoing>,
}

/// The transaction of the receiver that a message is for; none for a Begin or what cannot be read.
#[must_use]
pub fn addressed(octets: &[u8]) -> Option<TransactionId> {
    Message::parse(octets).ok()?.destination
}

/// The answer to a message whose transaction nobody knows: an Abort, where the message says to whom.
#[must_use]
pub fn unknown_transaction(octets: &[u8]) -> Option<Vec<u8>> {
    let message = Message::parse(octets).ok()?;
    let destination = message.origin.filter(|_| message.kind == Kind::Continue)?;
    let abort = Message {
        destination: Some(destination),
        p_abort: Some(PAbort::UNRECOGNIZED_TRANSACTION_ID),
        ..Message::new(Kind::Abort)
    };
    Some(abort.encode())
}

impl Dialogue {
    const fn new(state: State, local: TransactionId, context: ApplicationContext) -> Self {
        Self {
            state,
            local,
            remote: None,
            context,
            last_id: 0,
            invoked: BTreeMap::new(),
            owed: BTreeSet::new(),
            waiting: Vec::new(),
        }
    }

    /// A dialogue of ours, of which nothing has been sent.
    #[must_use]
    pub const fn open(local: TransactionId, context: ApplicationContext) -> Self {
        Self::new(State::Idle, local, context)
    }

    /// A dialogue that a Begin opens, and what is in it.
    ///
    /// # Errors
    /// It is no Begin, or in none of the supported contexts.
    pub fn accept(
        local: TransactionId,
        octets: &[u8],
        supported: &[ApplicationContext],
    ) -> Result<(Self, Vec<Event>), Refused> {
        let message = Message::parse(octets)?;
        let (Kind::Begin, Some(remote)) = (message.kind, message.origin) else {
            return Err(Refused::Unexpected { kind: message.kind.name(), state: State::Idle });
        };
        let abort = Message { destination: Some(remote), ..Message::new(Kind::Abort) };
        let Some(DialoguePortion::Request { context, .. }) = message.dialogue else {
            let answer = Message { p_abort: Some(PAbort::INCORRECT), ..abort }.encode();
            return Err(Refused::NoContext { answer });
        };
        let context = ApplicationContext::from_octets(context);
        if !supported.contains(&context) {
            let offered = supported.first().unwrap_or(&context);
            let dialogue = DialoguePortion::Response {
                context: offered.octets(),
                refusal: Refusal::ContextNotSupported,
                user_information: None,
            };
            let answer = Message { dialogue: Some(dialogue), ..abort }.encode();
            return Err(Refused::Context { context, answer });
        }
        let mut own = Self::new(State::InitiationReceived, local, context);
        own.remote = Some(remote);
        let events = own.components(&message);
        Ok((own, events))
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// Our transaction.
    #[must_use]
    pub const fn local(&self) -> TransactionId {
        self.local
    }

    /// The application context.
    #[must_use]
    pub const fn context(&self) -> &ApplicationContext {
        &self.context
    }

    /// The phase that both speak.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.context.phase()
    }

    /// Whether components wait to be sent.
    #[must_use]
    pub fn has_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Puts an operation into the next message. None where the dialogue is over or all 127 identifiers are in
    /// use.
    pub fn invoke(&mut self, now: Instant, operation: &Operation) -> Option<i8> {
        if self.state == State::Ended {
            return None;
        }
        let id = (0..127)
            .scan(self.last_id, |id, _| {
                *id = if *id == i8::MAX { 1 } else { *id + 1 };
                Some(*id)
            })
            .find(|id| !self.invoked.contains_key(id))?;
        self.last_id = id;
        let deadline = now.checked_add(Duration::from_millis(operation.timer_millis()));
        self.invoked.insert(id, Invocation { code: operation.code(), class: operation.class(), deadline });
        let argument = operation.argument(self.phase());
        self.waiting.push(Outgoing::Invoke { id, linked: None, code: operation.code(), argument });
        Some(id)
    }

    /// Puts an empty result into the next message, as ActivityTest has it.
    pub fn answer(&mut self, id: i8) {
        self.owed.remove(&id);
        self.waiting.push(Outgoing::Result { id, last: true });
    }

    /// Puts an error into the next message.
    pub fn fail(&mut self, id: i8, error: &CapError) {
        self.owed.remove(&id);
        let parameter = error.parameter(self.phase());
        self.waiting.push(Outgoing::Error { id, code: error.code(), parameter });
    }

    /// The message that carries what waits: a Begin where nothing was sent yet, else a Continue. None where the
    /// dialogue is over.
    pub fn send(&mut self) -> Option<Vec<u8>> {
        let (kind, next) = match self.state {
            State::Idle => (Kind::Begin, State::InitiationSent),
            // Before the other side has spoken it has no transaction that a Continue could be for.
            State::InitiationSent | State::Ended => return None,
            State::InitiationReceived | State::Active => (Kind::Continue, State::Active),
        };
        let octets = self.write(kind);
        self.state = next;
        Some(octets)
    }

    /// The message that carries what waits and ends the dialogue. None where the other side has not spoken: there
    /// is nobody to tell.
    pub fn end(&mut self) -> Option<Vec<u8>> {
        let told = matches!(self.state, State::InitiationReceived | State::Active);
        let octets = told.then(|| self.write(Kind::End));
        self.close();
        octets
    }

    /// Ends the dialogue without a message, as both sides know it must (prearranged end).
    pub fn end_prearranged(&mut self) {
        self.close();
    }

    /// The message that aborts the dialogue. None where the other side has not spoken.
    pub fn abort(&mut self) -> Option<Vec<u8>> {
        let told = matches!(self.state, State::InitiationReceived | State::Active);
        let destination = self.remote.filter(|_| told);
        self.close();
        let dialogue = DialoguePortion::Abort { source: AbortSource::User, user_information: None };
        destination.map(|destination| {
            Message { destination: Some(destination), dialogue: Some(dialogue), ..Message::new(Kind::Abort) }
                .encode()
        })
    }

    fn close(&mut self) {
        self.state = State::Ended;
        self.invoked.clear();
        self.owed.clear();
        self.waiting.clear();
    }

    fn write(&mut self, kind: Kind) -> Vec<u8> {
        let waiting = std::mem::take(&mut self.waiting);
        let context = self.context.octets();
        let dialogue = match self.state {
            State::Idle => Some(DialoguePortion::Request { context, user_information: None }),
            State::InitiationReceived => {
                Some(DialoguePortion::Response { context, refusal: Refusal::None, user_information: None })
            }
            _ => None,
        };
        let message = Message {
            origin: Some(self.local),
            destination: self.remote,
            dialogue,
            components: waiting.iter().map(Outgoing::component).collect(),
            ..Message::new(kind)
        };
        message.encode()
    }

    /// Takes a message of the other side.
    ///
    /// # Errors
    /// It cannot be read or does not fit. The dialogue is as it was.
    pub fn handle(&mut self, octets: &[u8]) -> Result<Vec<Event>, Refused> {
        let message = Message::parse(octets)?;
        let unexpected = Refused::Unexpected { kind: message.kind.name(), state: self.state };
        let spoken = matches!(self.state, State::InitiationSent | State::InitiationReceived | State::Active);
        if !spoken || message.destination != Some(self.local) {
            return Err(unexpected);
        }
        if matches!(message.kind, Kind::Continue) && self.state == State::InitiationReceived {
            return Err(unexpected);
        }
        let mut events = Vec::new();
        if self.state == State::InitiationSent && matches!(message.kind, Kind::Continue | Kind::End) {
            if let Some(DialoguePortion::Response { context, refusal, .. }) = message.dialogue {
                if refusal != Refusal::None {
                    self.close();
                    let offered = ApplicationContext::from_octets(context);
                    return Ok(vec![Event::Refused { refusal, offered }]);
                }
                self.context = ApplicationContext::from_octets(context);
            }
            events.push(Event::Accepted);
        }
        match message.kind {
            Kind::Continue => {
                self.remote = message.origin;
                self.state = State::Active;
                events.extend(self.components(&message));
            }
            Kind::End => {
                events.extend(self.components(&message));
                self.close();
                events.push(Event::Ended);
            }
            Kind::Abort => {
                self.close();
                events.push(aborted(&message));
            }
            Kind::Begin | Kind::Unidirectional => return Err(unexpected),
        }
        Ok(events)
    }

    fn components(&mut self, message: &Message<'_>) -> Vec<Event> {
        let mut seen = BTreeSet::new();
        let mut events = Vec::new();
        for component in &message.components {
            let event = match *component {
                Component::Invoke { id, linked, code, argument } => {
                    let twice = !seen.insert(id) || self.owed.contains(&id);
                    self.invoked_by_them(id, linked, code, argument, twice)
                }
                Component::Result { id, last, .. } => self.result(id, last),
                Component::Error { id, code, parameter } => self.error(id, code, parameter),
                Component::Reject { id, problem } => {
                    if let Some(id) = id {
                        self.invoked.remove(&id);
                    }
                    Some(Event::Rejected { id, problem })
                }
                Component::Unreadable { .. } => Some(self.reject(None, Problem::BADLY_STRUCTURED)),
            };
            events.extend(event);
        }
        events
    }

    fn reject(&mut self, id: Option<i8>, problem: Problem) -> Event {
        self.waiting.push(Outgoing::Reject { id, problem });
        Event::Rejecting { id, problem }
    }

    fn invoked_by_them(
        &mut self,
        id: i8,
        linked: Option<i8>,
        code: Code<'_>,
        argument: Option<Part<'_>>,
        twice: bool,
    ) -> Option<Event> {
        if twice {
            return Some(self.reject(Some(id), Problem::DUPLICATE_INVOKE_ID));
        }
        let Some(code) = code.local().filter(|code| crate::cap::name_of(*code).is_some()) else {
            return Some(self.reject(Some(id), Problem::UNRECOGNIZED_OPERATION));
        };
        let base = argument.map_or(0, |part| part.offset);
        let read = Operation::decode(code, argument.map(|part| part.octets), base, self.phase());
        let operation = match read {
            Ok(operation) if !matches!(operation, Operation::Other { .. }) => operation,
            Ok(_) | Err(OperationError::Argument(_) | OperationError::NoArgument(_)) => {
                return Some(self.reject(Some(id), Problem::MISTYPED_PARAMETER));
            }
        };
        if matches!(operation.class(), Class::ResultOnly | Class::ResultOrError) {
            self.owed.insert(id);
        }
        Some(Event::Invoked { id, linked, operation })
    }

    fn result(&mut self, id: i8, last: bool) -> Option<Event> {
        let Some(own) = self.invoked.get(&id).copied() else {
            return Some(self.reject(Some(id), Problem::RESULT_FOR_NOTHING));
        };
        if matches!(own.class, Class::ErrorOnly | Class::Nothing) {
            self.invoked.remove(&id);
            return Some(self.reject(Some(id), Problem::RESULT_UNEXPECTED));
        }
        if !last {
            return None;
        }
        self.invoked.remove(&id);
        Some(Event::Result { id, code: own.code })
    }

    fn error(&mut self, id: i8, code: Code<'_>, parameter: Option<Part<'_>>) -> Option<Event> {
        let Some(own) = self.invoked.remove(&id) else {
            return Some(self.reject(Some(id), Problem::ERROR_FOR_NOTHING));
        };
        if matches!(own.class, Class::ResultOnly | Class::Nothing) {
            return Some(self.reject(Some(id), Problem::ERROR_UNEXPECTED));
        }
        let base = parameter.map_or(0, |part| part.offset);
        let octets = parameter.map(|part| part.octets);
        let error = code.local().and_then(|code| CapError::decode(code, octets, base, self.phase()).ok());
        Some(Event::Error { id, code: own.code, error })
    }

    /// When the next timer ends.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.invoked.values().filter_map(|own| own.deadline).min()
    }

    /// Ends the timers that are over. An operation that may only fail has succeeded then, without an event.
    pub fn expire(&mut self, now: Instant) -> Vec<Event> {
        let over: Vec<i8> = self
            .invoked
            .iter()
            .filter(|(_, own)| own.deadline.is_some_and(|deadline| deadline <= now))
            .map(|(id, _)| *id)
            .collect();
        let mut events = Vec::new();
        for id in over {
            let own = self.invoked.remove(&id);
            if let Some(Invocation { code, class: Class::ResultOnly | Class::ResultOrError, .. }) = own {
                events.push(Event::TimedOut { id, code });
            }
        }
        events
    }
}

fn aborted(message: &Message<'_>) -> Event {
    match (message.p_abort, &message.dialogue) {
        (Some(cause), _) => Event::Aborted(Aborted::Provider(cause)),
        (None, Some(DialoguePortion::Response { context, refusal, .. })) => {
            Event::Refused { refusal: *refusal, offered: ApplicationContext::from_octets(context) }
        }
        (None, Some(DialoguePortion::Abort { source, .. })) => Event::Aborted(Aborted::User(*source)),
        _ => Event::Aborted(Aborted::Unsaid),
    }
}
