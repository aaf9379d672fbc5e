//! The gateway as a node: what comes in is led to the call or message that it concerns.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tollgate_camel::cap::{ApplicationContext, CapError, Operation, Phase};
use tollgate_camel::dialogue::{self, Dialogue, Event, Refused};
use tollgate_camel::tcap::TransactionId;
use tollgate_diameter::peer::{ConnectionId, DisconnectCause};
use tollgate_diameter::{Message, ResultCode};
use tollgate_network::{Action, ActionError, Frame, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::call::Call;
use super::desk::Desk;
use super::message::ShortMessage;
use super::parties::{self, Parties};
use super::settings::{Charging, Settings};
use crate::camel::{Point, Talk, frame, observe, read};
use crate::credit_client::{CreditClient, CreditSession, Kind, Outcome, message_of};
use crate::outbox::Outbox;
use crate::timers::Timers;

/// What the gateway can be asked in.
const CONTEXTS: &[ApplicationContext] = &[
    ApplicationContext::calls(Phase::Three),
    ApplicationContext::calls(Phase::Two),
    ApplicationContext::SmsPhaseThree,
];

/// Commands that a server sends (RFC 8506 section 5.5, RFC 6733 section 8.5).
const RE_AUTH: u32 = 258;
const ABORT_SESSION: u32 = 274;

/// How long the switch has to answer ActivityTest (TS 29.078 section 6.1, a short timer).
const ACTIVITY_ANSWER: Duration = Duration::from_secs(10);

/// The service logic of one dialogue.
#[derive(Debug)]
enum Logic {
    Call(Box<Call>),
    Message(Box<ShortMessage>),
}

#[derive(Debug)]
struct Session {
    name: Text,
    switch: Point,
    talk: Talk,
    credit: CreditSession,
    logic: Logic,
    /// When the switch was heard last.
    heard: Instant,
    /// ActivityTest is not answered yet.
    tested: bool,
}

impl Session {
    fn is_over(&self) -> bool {
        match &self.logic {
            Logic::Call(call) => call.is_over(),
            Logic::Message(message) => message.is_over(),
        }
    }
}

/// A CAMEL gateway.
#[derive(Debug)]
pub struct CamelGateway {
    settings: Settings,
    out: Outbox,
    client: CreditClient<TransactionId>,
    sessions: BTreeMap<TransactionId, Session>,
    /// When dialogues are asked whether they still stand.
    tests: Timers<TransactionId>,
    /// Sessions whose end nobody has heard of; it is told when a server is there again.
    owed: Vec<TransactionId>,
    /// Counts dialogues; it goes on after a loss of power, so that none is named twice.
    made: u32,
}

impl CamelGateway {
    /// A gateway without calls.
    ///
    /// # Errors
    /// A setting is missing or of the wrong type, or no charging system is given.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        Ok(Self {
            settings: Settings::read(setup)?,
            out: Outbox::new(setup.observe),
            client: CreditClient::new(setup, "camel-gateway")?,
            sessions: BTreeMap::new(),
            tests: Timers::default(),
            owed: Vec::new(),
            made: 0,
        })
    }

    /// Has something happen to a session, sends what waits, and forgets the session when nothing is left to be done.
    fn with<T>(
        &mut self,
        now: Instant,
        id: TransactionId,
        act: impl FnOnce(&mut Logic, &mut Desk<'_>) -> T,
    ) -> Option<T> {
        let Self { settings, out, client, sessions, owed, .. } = self;
        let session = sessions.get_mut(&id)?;
        let Session { name, switch, talk, credit, logic, .. } = session;
        let done = act(logic, &mut Desk { now, id, name, settings, client, out, talk, credit });
        if let Some(octets) = talk.flush() {
            out.transmit(frame(&settings.own, switch, &octets));
            observe(out, name, &octets, false);
        }
        if session.is_over() {
            if !owed.contains(&id) {
                client.forget(id);
            }
            sessions.remove(&id);
        }
        Some(done)
    }

    fn receive(&mut self, now: Instant, incoming: &Frame) {
        let (switch, octets) = match read(incoming) {
            Ok(read) => read,
            Err(fault) => return self.malformed("", &fault.to_string()),
        };
        match dialogue::addressed(octets) {
            None => self.begin(now, switch, octets),
            Some(id) => self.go_on(now, id, &switch, octets),
        }
    }

    fn malformed(&mut self, name: &str, fault: &str) {
        self.out.observe("malformed-cap", || Fields::new().with("call", name).with("fault", fault));
    }

    fn begin(&mut self, now: Instant, switch: Point, octets: &[u8]) {
        let id = TransactionId::new(self.made.wrapping_add(1));
        let (dialogue, events) = match Dialogue::accept(id, octets, CONTEXTS) {
            Ok(begun) => begun,
            Err(refused) => {
                observe(&mut self.out, "", octets, true);
                if let Refused::Context { answer, .. } | Refused::NoContext { answer } = &refused {
                    self.out.transmit(frame(&self.settings.own, &switch, answer));
                    observe(&mut self.out, "", answer, false);
                }
                return self.malformed("", &refused.to_string());
            }
        };
        self.made = self.made.wrapping_add(1);
        let invoked = events.iter().find_map(|event| match event {
            Event::Invoked { id, operation, .. } => Some((*id, operation)),
            _ => None,
        });
        let mut talk = Talk::new(dialogue);
        let numbering = self.settings.numbering;
        let begun = match invoked {
            Some((_, Operation::InitialDp(own))) => parties::of_call(own, numbering),
            Some((_, Operation::InitialDpSms(own))) => parties::of_message(own, numbering),
            _ => None,
        };
        let Some(begun) = begun else {
            observe(&mut self.out, "", octets, true);
            if let Some((id, _)) = invoked {
                talk.fail(id, &CapError::MissingParameter);
            }
            talk.end();
            if let Some(answer) = talk.flush() {
                self.out.transmit(frame(&self.settings.own, &switch, &answer));
                observe(&mut self.out, "", &answer, false);
            }
            return;
        };
        let short = matches!(invoked, Some((_, Operation::InitialDpSms(_))));
        let name: Text = format!("{}-{}", if short { "message" } else { "call" }, self.made).into();
        observe(&mut self.out, &name, octets, true);
        let mut credit = self.open(now, &begun, short);
        let Self { settings, out, client, .. } = self;
        let mut desk =
            Desk { now, id, name: &name, settings, client, out, talk: &mut talk, credit: &mut credit };
        let logic = match invoked {
            Some((_, Operation::InitialDpSms(own))) => {
                Logic::Message(Box::new(ShortMessage::begin(&begun, own, &mut desk)))
            }
            _ => Logic::Call(Box::new(Call::begin(begun, &mut desk))),
        };
        self.sessions.insert(id, Session { name, switch, talk, credit, logic, heard: now, tested: false });
        self.tests.set(now + self.settings.activity, id);
        // What waits is sent.
        self.with(now, id, |_, _| ());
    }

    /// The session or event of credit control, and who pays.
    fn open(&mut self, now: Instant, parties: &Parties, short: bool) -> CreditSession {
        const E164: u32 = 0;
        const IMSI: u32 = 1;
        let settings = &self.settings;
        let context = match (short, settings.sms) {
            (false, _) => settings.context.clone(),
            (true, Charging::Reservation) => settings.sms_context.clone(),
            (true, Charging::Debiting) => settings.event_context.clone(),
        };
        let mut credit = self.client.open(now, context, None);
        if let Some(imsi) = parties.imsi.as_ref().filter(|_| settings.quirks.two_subscription_ids) {
            credit.subscriptions.push((IMSI, imsi.as_str().into()));
        }
        let plus = if settings.quirks.plus_prefix { "+" } else { "" };
        credit.subscriptions.push((E164, format!("{plus}{}", parties.subscriber).into()));
        credit
    }

    fn go_on(&mut self, now: Instant, id: TransactionId, switch: &Point, octets: &[u8]) {
        let Self { settings, out, sessions, .. } = self;
        let known = sessions.get_mut(&id).filter(|own| own.talk.dialogue.state() != dialogue::State::Ended);
        let Some(session) = known else {
            observe(out, "", octets, true);
            if let Some(answer) = dialogue::unknown_transaction(octets) {
                out.transmit(frame(&settings.own, switch, &answer));
                observe(out, "", &answer, false);
            }
            return;
        };
        observe(out, &session.name, octets, true);
        (session.heard, session.tested) = (now, false);
        let name = session.name.clone();
        let events = match session.talk.dialogue.handle(octets) {
            Ok(events) => events,
            Err(refused) => return self.malformed(&name, &refused.to_string()),
        };
        self.with(now, id, |logic, desk| events.iter().for_each(|event| hear(logic, event, desk)));
    }

    /// Leads what came of credit control to whom it concerns.
    fn settle(&mut self, now: Instant) {
        while let Some(outcome) = self.client.poll(now, &mut self.out) {
            match outcome {
                Outcome::Answered { key, kind, server, answer } => {
                    self.with(now, key, |logic, desk| {
                        desk.credit.learn(&answer, &server);
                        match logic {
                            Logic::Call(call) => call.answered(kind, &answer, desk),
                            Logic::Message(message) => message.answered(&answer, desk),
                        }
                    });
                }
                Outcome::Unanswered { key, kind, verdict } => {
                    if kind == Kind::Terminate {
                        self.owed.push(key);
                    }
                    self.with(now, key, |logic, desk| match logic {
                        Logic::Call(call) => call.unanswered(kind, verdict, desk),
                        Logic::Message(message) => message.unanswered(verdict, desk),
                    });
                }
                Outcome::Request { connection, octets } => self.asked(now, connection, &octets),
                Outcome::Up(_) => {
                    for id in std::mem::take(&mut self.owed) {
                        self.client.repeat(now, id, false);
                        self.client.forget(id);
                    }
                }
                // The service goes on meanwhile.
                Outcome::Late { .. } | Outcome::Down(_) => {}
            }
        }
    }

    /// The charging system asks for something.
    fn asked(&mut self, now: Instant, connection: ConnectionId, octets: &[u8]) {
        let Ok(message) = Message::parse(octets) else { return };
        let session = message.session_id().and_then(|id| {
            self.sessions.iter().find(|(_, own)| own.credit.id.as_str() == id).map(|(id, _)| *id)
        });
        let command = message.header.command;
        let result = match (command, session) {
            (RE_AUTH | ABORT_SESSION, None) => ResultCode::UNKNOWN_SESSION_ID,
            (RE_AUTH, Some(_)) => ResultCode::LIMITED_SUCCESS,
            (ABORT_SESSION, Some(_)) => ResultCode::SUCCESS,
            _ => ResultCode::COMMAND_UNSUPPORTED,
        };
        self.client.answer(connection, &message, result, |_| ());
        let Some(id) = session else { return };
        self.with(now, id, |logic, desk| match (logic, command) {
            (Logic::Call(call), RE_AUTH) => call.reauthorize(desk),
            (Logic::Call(call), ABORT_SESSION) => call.abort(desk),
            _ => {}
        });
    }

    fn expire(&mut self, now: Instant) {
        self.client.expire(now, &mut self.out);
        while let Some((_, id)) = self.tests.pop_due(now) {
            self.test(now, id);
        }
    }

    /// Asks a dialogue that was silent whether it still stands; one that does not answer is given up.
    fn test(&mut self, now: Instant, id: TransactionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        if session.talk.dialogue.state() == dialogue::State::Ended {
            return;
        }
        let silent_until = session.heard + self.settings.activity;
        if silent_until > now {
            self.tests.set(silent_until, id);
            return;
        }
        let lost = std::mem::replace(&mut session.tested, true);
        if !lost {
            self.tests.set(now + ACTIVITY_ANSWER, id);
        }
        self.with(now, id, |logic, desk| {
            if !lost {
                return desk.invoke(&Operation::ActivityTest);
            }
            desk.talk.abort();
            match logic {
                Logic::Call(call) => call.lost(desk),
                Logic::Message(message) => message.lost(desk),
            }
        });
    }

    fn server(&self, action: &Action) -> Result<Arc<str>, ActionError> {
        let servers = self.client.servers();
        let found = match action.opt_text("server") {
            Some(host) => servers.iter().find(|own| own.host.eq_ignore_ascii_case(host)),
            None => servers.first(),
        };
        let host = found.map(|own| Arc::from(own.host.as_str()));
        host.ok_or_else(|| ActionError::Impossible("there is no such server".to_owned()))
    }
}

fn hear(logic: &mut Logic, event: &Event, desk: &mut Desk<'_>) {
    match (event, logic) {
        (Event::Invoked { operation, .. }, Logic::Call(call)) => call.hear(operation, desk),
        (Event::Invoked { operation, .. }, Logic::Message(message)) => message.hear(operation, desk),
        (Event::Ended | Event::Aborted(_), Logic::Call(call)) => call.lost(desk),
        (Event::Ended | Event::Aborted(_), Logic::Message(message)) => message.lost(desk),
        _ => {}
    }
}

impl Node for CamelGateway {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => self.receive(now, frame),
            Input::Stream(id, event) => self.client.take(now, id, event, &mut self.out),
            Input::Timeout => self.expire(now),
        }
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.out.poll().unwrap_or_else(|| {
            let deadlines = [self.client.next_deadline(), self.tests.next_deadline()];
            Output::Wait(deadlines.into_iter().flatten().min())
        })
    }

    fn restart(&mut self, now: Instant) {
        self.out.clear();
        self.sessions.clear();
        self.tests.clear();
        self.owed.clear();
        self.client.restart(now);
        self.settle(now);
    }
}

impl Peer for CamelGateway {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "send" => {
                let message = message_of(action)?;
                if !self.client.send_message(now, message) {
                    return Err(ActionError::Impossible("no server is up".to_owned()));
                }
            }
            "disconnect" => {
                let cause = match action.text("cause")? {
                    "REBOOTING" => DisconnectCause::Rebooting,
                    "BUSY" => DisconnectCause::Busy,
                    _ => DisconnectCause::DoNotWantToTalkToYou,
                };
                let host = self.server(action)?;
                self.client.disconnect(now, &host, cause);
            }
            "connect" => {
                let host = self.server(action)?;
                self.client.connect(now, &host);
            }
            verb => return Err(ActionError::UnknownVerb(verb.to_owned())),
        }
        self.settle(now);
        Ok(())
    }
}
