//! The switch as a node: what comes in is led to the call or message that it concerns.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_camel::cap::ApplicationContext;
use tollgate_camel::dialogue::{self, Dialogue, Event};
use tollgate_camel::ssf::Side;
use tollgate_camel::tcap::TransactionId;
use tollgate_camel::{Cause, Phase};
use tollgate_network::{Action, ActionError, Frame, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::arguments::{Parties, Role, initial_dp, initial_dp_sms};
use super::call::{Call, Doing};
use super::message::ShortMessage;
use super::session::{Session, Subject};
use super::settings::Settings;
use crate::camel::{Talk, frame, observe, read};
use crate::outbox::Outbox;

/// Whose doing it is that a call ends by the gsmSSF's word.
const BY_GATEWAY: &str = "gateway";
const BY_TIME: &str = "time";

/// A mobile switching centre.
#[derive(Debug)]
pub struct Msc {
    settings: Settings,
    out: Outbox,
    sessions: BTreeMap<TransactionId, Session>,
    names: BTreeMap<Text, TransactionId>,
    /// When which is to be looked at.
    due: BTreeSet<(Instant, TransactionId)>,
    /// The latest call or message that an action can mean.
    latest: Option<TransactionId>,
    /// Counts transactions; it goes on after a loss of power, so that none is named twice.
    made: u32,
    /// Counts calls and messages.
    named: u32,
}

impl Msc {
    /// A switch without calls.
    ///
    /// # Errors
    /// A setting is missing or of the wrong type.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        Ok(Self {
            settings: Settings::read(setup)?,
            out: Outbox::new(setup.observe),
            sessions: BTreeMap::new(),
            names: BTreeMap::new(),
            due: BTreeSet::new(),
            latest: None,
            made: 0,
            named: 0,
        })
    }

    fn begin(&mut self, now: Instant, action: &Action, role: Role, short: bool) -> Result<(), ActionError> {
        let usual = if short { "message" } else { "call" };
        let name = match action.opt_text("name") {
            Some(name) => Text::from(name),
            None => format!("{usual}-{}", self.named + 1).into(),
        };
        let known = self.names.get(&name).and_then(|id| self.sessions.get(id));
        if known.is_some_and(|session| !session.is_over()) {
            return Err(ActionError::Impossible(format!("there is '{name}' already")));
        }
        let id = TransactionId::new(self.made.wrapping_add(1));
        let parties = self.parties(action, role)?;
        let Settings { phase, timers, goes_on, .. } = self.settings;
        let (context, subject) = if short {
            if phase == Phase::Two {
                let why = "CAP of phase 2 has no short messages; give the peer `cap: 3`";
                return Err(ActionError::Impossible(why.to_owned()));
            }
            let argument = initial_dp_sms(&self.settings, role, &parties)?;
            let sends = role == Role::Originating;
            let message = ShortMessage::begin(now, sends, timers.instructions, goes_on, argument);
            (ApplicationContext::SmsPhaseThree, Subject::Message(Box::new(message)))
        } else {
            let argument = initial_dp(&self.settings, role, &parties)?;
            let side = if role == Role::Terminating { Side::Terminating } else { Side::Originating };
            let to = parties.forwarded_to.as_deref().unwrap_or(&parties.to);
            let call = Call::begin(now, side, (phase, timers), goes_on, to, argument);
            (self.settings.calls(), Subject::Call(Box::new(call)))
        };
        self.made = self.made.wrapping_add(1);
        self.named = self.named.saturating_add(1);
        let talk = Talk::new(Dialogue::open(id, context));
        self.sessions.insert(id, Session { name: name.clone(), talk, subject, due: None });
        self.names.insert(name, id);
        self.latest = Some(id);
        self.settle(now, id, BY_GATEWAY);
        Ok(())
    }

    fn parties(&self, action: &Action, role: Role) -> Result<Parties, ActionError> {
        let (from, to) = (action.text("from")?.to_owned(), action.text("to")?.to_owned());
        let subscriber = if role == Role::Originating { &from } else { &to };
        let imsi = match action.opt_text("imsi") {
            Some(imsi) => imsi.to_owned(),
            None => self.settings.imsi(subscriber).to_string(),
        };
        let forwarded_to = match role {
            Role::Forwarding => Some(action.text("forwarded-to")?.to_owned()),
            _ => None,
        };
        Ok(Parties { from, to, forwarded_to, imsi, reference: u64::from(self.made) + 1 })
    }

    /// The call or message that an action means.
    fn find(&self, action: &Action, short: bool) -> Result<TransactionId, ActionError> {
        let wanted = if short { "message" } else { "call" };
        let fits = |session: &Session| matches!(session.subject, Subject::Message(_)) == short;
        let impossible = |why: String| Err(ActionError::Impossible(why));
        match action.opt_text("name") {
            Some(name) => {
                let found = self.names.get(name).filter(|id| self.sessions.get(id).is_some_and(fits));
                found.copied().map_or_else(|| impossible(format!("there is no {wanted} '{name}'")), Ok)
            }
            None => {
                let usable =
                    |id: &TransactionId| self.sessions.get(id).is_some_and(|own| fits(own) && !own.is_over());
                let latest = self.latest.filter(usable);
                let any = || self.sessions.keys().rev().copied().find(|id| usable(id));
                latest.or_else(any).map_or_else(|| impossible(format!("there is no {wanted}")), Ok)
            }
        }
    }

    fn on_call(&mut self, now: Instant, action: &Action, doing: Doing) -> Result<(), ActionError> {
        let id = self.find(action, false)?;
        let Self { sessions, out, .. } = self;
        if let Some(Session { name, subject: Subject::Call(call), .. }) = sessions.get_mut(&id) {
            call.suffer(now, doing, name, out)?;
        }
        self.settle(now, id, BY_GATEWAY);
        Ok(())
    }

    fn on_message(&mut self, now: Instant, action: &Action, refusal: Option<u8>) -> Result<(), ActionError> {
        let id = self.find(action, true)?;
        let Self { sessions, out, .. } = self;
        if let Some(Session { name, subject: Subject::Message(message), .. }) = sessions.get_mut(&id) {
            message.settle(now, refusal, name, out)?;
        }
        self.settle(now, id, BY_GATEWAY);
        Ok(())
    }

    /// Does what the state machine of a call or message says, sends what waits, and forgets what is over.
    fn settle(&mut self, now: Instant, id: TransactionId, by: &'static str) {
        let Self { settings, out, sessions, due, .. } = self;
        let Some(session) = sessions.get_mut(&id) else { return };
        let Session { name, talk, subject, .. } = session;
        match subject {
            Subject::Call(call) => call.obey(now, talk, by, name, out),
            Subject::Message(message) => message.speak(now, talk),
        }
        if let Some(octets) = talk.flush() {
            out.transmit(frame(&settings.own, &settings.gateway, &octets));
            observe(out, name, &octets, false);
        }
        let ended = talk.dialogue.state() == dialogue::State::Ended;
        // Nobody answers a dialogue that nobody has accepted; what the call still does needs none.
        let forgotten = session.is_over() && (ended || !session.talk.dialogue.has_waiting());
        let next = session.next_deadline().filter(|_| !forgotten);
        if let Some(before) = session.due.filter(|before| Some(*before) != next) {
            due.remove(&(before, id));
        }
        session.due = next;
        if let Some(next) = next {
            due.insert((next, id));
        }
        if forgotten
            && let Some(session) = sessions.remove(&id)
            && self.names.get(&session.name) == Some(&id)
        {
            self.names.remove(&session.name);
        }
    }

    fn receive(&mut self, now: Instant, frame_in: &Frame) {
        let (sender, octets) = match read(frame_in) {
            Ok(read) => read,
            Err(fault) => {
                let fault = fault.to_string();
                return self.out.observe("malformed-message", || Fields::new().with("fault", fault.as_str()));
            }
        };
        let Self { settings, out, sessions, .. } = self;
        let Some((id, session)) =
            dialogue::addressed(octets).and_then(|id| sessions.get_mut(&id).map(|own| (id, own)))
        else {
            observe(out, "", octets, true);
            if let Some(answer) = dialogue::unknown_transaction(octets) {
                out.transmit(frame(&settings.own, &sender, &answer));
                observe(out, "", &answer, false);
            }
            return;
        };
        observe(out, &session.name, octets, true);
        match session.talk.dialogue.handle(octets) {
            Ok(events) => events.iter().for_each(|event| hear(now, session, event, out)),
            Err(refused) => {
                let why = refused.to_string();
                let name = session.name.clone();
                out.observe("malformed-message", || {
                    Fields::new().with("call", name).with("fault", why.as_str())
                });
            }
        }
        self.settle(now, id, BY_GATEWAY);
    }

    fn expire(&mut self, now: Instant) {
        while let Some((_, id)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            self.due.pop_first();
            let Self { sessions, out, .. } = self;
            if let Some(session) = sessions.get_mut(&id) {
                session.due = None;
                // Operations of ours have no results that could be missed.
                session.talk.dialogue.expire(now);
                let Session { name, subject, .. } = session;
                match subject {
                    Subject::Call(call) => call.expire(now),
                    Subject::Message(message) => message.expire(now, name, out),
                }
            }
            self.settle(now, id, BY_TIME);
        }
    }
}

fn hear(now: Instant, session: &mut Session, event: &Event, out: &mut Outbox) {
    let Session { name, subject, .. } = session;
    match (event, subject) {
        (Event::Invoked { id, operation, .. }, Subject::Call(call)) => {
            call.ssf().handle_operation(now, *id, operation);
        }
        (Event::Invoked { id, operation, .. }, Subject::Message(message)) => {
            message.handle_operation(now, *id, operation, name, out);
        }
        (Event::Ended | Event::Aborted(_) | Event::Refused { .. }, Subject::Call(call)) => {
            call.ssf().handle_dialogue_lost();
        }
        (Event::Ended | Event::Aborted(_) | Event::Refused { .. }, Subject::Message(message)) => {
            message.lost(name, out);
        }
        _ => {}
    }
}

impl Node for Msc {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => self.receive(now, frame),
            Input::Timeout => self.expire(now),
            // It orders no connections.
            Input::Stream(..) => {}
        }
    }

    fn poll_output(&mut self) -> Output {
        match self.out.poll() {
            Some(output) => output,
            None => Output::Wait(self.due.first().map(|(due, _)| *due)),
        }
    }

    fn restart(&mut self, _: Instant) {
        self.out.clear();
        self.sessions.clear();
        self.names.clear();
        self.due.clear();
        self.latest = None;
    }
}

impl Peer for Msc {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let number = |name: &str, usual: u8| {
            action.opt_integer(name).and_then(|number| u8::try_from(number).ok()).unwrap_or(usual)
        };
        match action.verb.as_str() {
            "call" => self.begin(now, action, Role::Originating, false),
            "receive" => self.begin(now, action, Role::Terminating, false),
            "forward" => self.begin(now, action, Role::Forwarding, false),
            "sms" => {
                let role = match action.opt_text("direction") {
                    Some("terminating") => Role::Terminating,
                    _ => Role::Originating,
                };
                self.begin(now, action, role, true)
            }
            "answer" => self.on_call(now, action, Doing::Answer),
            "busy" => self.on_call(now, action, Doing::Busy),
            "no-answer" => self.on_call(now, action, Doing::NoAnswer),
            "not-reachable" => self.on_call(now, action, Doing::NotReachable),
            "hang-up" => {
                let caller = action.opt_text("by") != Some("called");
                let cause = number("cause", Cause::NORMAL_CLEARING);
                self.on_call(now, action, Doing::HangUp { caller, cause })
            }
            "deliver" => self.on_message(now, action, None),
            "refuse" => self.on_message(now, action, Some(number("cause", 0xd0))),
            verb => Err(ActionError::UnknownVerb(verb.to_owned())),
        }
    }
}
