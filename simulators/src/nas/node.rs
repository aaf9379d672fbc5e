//! The NAS as a node: what comes in is led to the call that it concerns.

use std::collections::BTreeMap;

use tollgate_network::{Action, ActionError, Frame, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_radius::Packet;
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::call::{Call, CallId, Leg, Stage};
use super::direct::Direct;
use super::errand::Errands;
use super::ivr::Line;
use super::keys::Keys;
use super::legs::{NO_ANSWER, USER_BUSY};
use super::messages::{self, Message, Query};
use super::office::{Alarm, Office};
use super::settings::Settings;
use crate::apart::Apart;
use crate::dynamic_authorization::{self, Cause, Receiver};
use crate::radius_client::{Answer, Request};
use crate::settings;

/// A NAS with an IVR.
#[derive(Debug)]
pub struct Nas {
    office: Office,
    receiver: Receiver,
    errands: Errands,
    calls: BTreeMap<CallId, Call>,
    names: BTreeMap<Text, CallId>,
    calls_made: u64,
}

impl Nas {
    /// A NAS without calls.
    ///
    /// # Errors
    /// A setting is missing or of the wrong type, or no charging system is given.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let servers = settings::servers(setup, "nas")?;
        let settings = Settings::read(setup)?;
        Ok(Self {
            receiver: Receiver::new(setup.address, settings.identifier.clone(), &servers),
            office: Office::new(settings, &servers, setup.seed, setup.observe),
            errands: Errands::default(),
            calls: BTreeMap::new(),
            names: BTreeMap::new(),
            calls_made: 0,
        })
    }

    /// Has something happen to a call, and forgets the call when nothing is left to be done about it.
    fn with_line<T>(&mut self, now: Instant, id: CallId, act: impl FnOnce(&mut Line<'_>) -> T) -> Option<T> {
        let call = self.calls.get_mut(&id)?;
        let done = act(&mut Line { now, call, office: &mut self.office });
        if call.is_forgettable()
            && let Some(call) = self.calls.remove(&id)
            && self.names.get(&call.name) == Some(&id)
        {
            self.names.remove(&call.name);
        }
        Some(done)
    }

    /// The call that an action means.
    fn find(&self, action: &Action) -> Result<CallId, ActionError> {
        let impossible = |why: String| Err(ActionError::Impossible(why));
        let Some(name) = action.opt_text("call") else {
            let latest = self.calls.values().rev().find(|call| call.end.is_none());
            return latest.map(|call| call.id).map_or_else(|| impossible("there is no call".to_owned()), Ok);
        };
        match self.names.get(name).and_then(|id| self.calls.get(id)) {
            Some(call) if call.stage != Stage::Over => Ok(call.id),
            Some(_) => impossible(format!("the call '{name}' is over")),
            None => impossible(format!("there is no call '{name}'")),
        }
    }

    fn on_line(
        &mut self,
        now: Instant,
        action: &Action,
        act: impl FnOnce(&mut Line<'_>) -> Result<(), ActionError>,
    ) -> Result<(), ActionError> {
        let id = self.find(action)?;
        self.with_line(now, id, act).unwrap_or(Ok(()))
    }

    fn call(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let id = CallId(self.calls_made + 1);
        let name = match action.opt_text("call") {
            Some(name) => Text::from(name),
            None => Text::from(format!("call-{}", id.0)),
        };
        let known = self.names.get(&name).and_then(|id| self.calls.get(id));
        if known.is_some_and(|call| call.stage != Stage::Over) {
            return Err(ActionError::Impossible(format!("there is a call '{name}' already")));
        }
        let kept = |name| action.opt_text(name).map(Text::from);
        let office = &mut self.office;
        let call = Call {
            id,
            name: name.clone(),
            from: action.text("from")?.into(),
            to: action.text("to")?.into(),
            conf_id: kept("conf-id").unwrap_or_else(|| office.draw_conf_id()),
            seed: kept("billing-seed").unwrap_or_else(|| office.draw_seed()),
            stage: Stage::Card,
            keys: Keys::default(),
            entry_alarm: None,
            card: Text::default(),
            pin: Text::default(),
            transaction: Text::default(),
            transaction_given: kept("transaction-id"),
            call_id_given: None,
            cards_refused: 0,
            destinations_refused: 0,
            authenticated: false,
            user_name: None,
            access_code: None,
            class: None,
            language: office.settings.language.clone(),
            session_id: office.next_session_id(),
            connected: now,
            end: None,
            stops_sent: 0,
            attempts: Vec::new(),
            open: 0,
        };
        self.calls_made += 1;
        self.calls.insert(id, call);
        self.names.insert(name, id);
        self.with_line(now, id, |line| line.begin());
        Ok(())
    }

    fn dial(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let digits = action.text("digits")?;
        self.on_line(now, action, |line| {
            if let Some(transaction) = action.opt_text("transaction-id") {
                line.call.transaction_given = Some(transaction.into());
            }
            if let Some(call_id) = action.opt_text("call-id") {
                line.call.call_id_given = Some(call_id.into());
            }
            line.press(digits)
        })
    }

    fn hang_up(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let cause = action.text("cause")?;
        match action.text("by")? {
            "called" => self.on_line(now, action, |line| line.called_hangs_up(cause)),
            _ => self.on_line(now, action, |line| line.caller_hangs_up(cause)),
        }
    }

    fn send_direct(&mut self, now: Instant, direct: Direct) -> Result<(), ActionError> {
        let request = Request {
            code: direct.code(),
            service: direct.service(),
            persistent: direct.is_persistent(),
            since: now,
            query: Query::Direct(Box::new(direct)),
        };
        let Self { office, calls, .. } = self;
        let Office { settings, client, out, .. } = office;
        let sent = client.send(now, out, request, &mut |query, head| write(settings, calls, query, head));
        sent.map(|_| ()).map_err(|error| ActionError::Impossible(error.to_string()))
    }

    /// A request of the charging system to end calls. A call cannot be changed while it lasts.
    fn authorize_anew(&mut self, now: Instant, frame: &Frame) {
        let Some(request) = self.receiver.receive(now, frame, &mut self.office.out) else { return };
        let named: Vec<CallId> =
            self.calls.values().filter(|call| call.is_named(&request.identity)).map(|call| call.id).collect();
        let outcome = if !request.is_disconnect() {
            Err(Cause::UnsupportedAttribute)
        } else {
            let found = if named.is_empty() { Err(Cause::SessionContextNotFound) } else { Ok(()) };
            request.carries_only_identity().and(found)
        };
        self.receiver.answer(now, &mut self.office.out, &request, outcome);
        if outcome.is_ok() {
            for id in named {
                self.with_line(now, id, |line| line.server_disconnects());
            }
        }
    }

    fn receive(&mut self, now: Instant, frame: &Frame) {
        if frame.to.port() == dynamic_authorization::PORT {
            return self.authorize_anew(now, frame);
        }
        let Some(Answer { query, packet }) = self.office.client.receive(frame, &mut self.office.out) else {
            return;
        };
        match query {
            Query::Call(id, message) => {
                self.with_line(now, id, |line| {
                    line.call.open = line.call.open.saturating_sub(1);
                    answered(line, message, &packet);
                });
            }
            Query::Errand(id, letter) => self.errands.answered(&mut self.office, now, id, &letter, &packet),
            Query::Direct(_) => {}
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, (id, alarm))) = self.office.alarms.pop_due(now) {
            self.with_line(now, id, |line| ring_alarm(line, alarm, at));
        }
        loop {
            let Self { office, calls, .. } = self;
            let Office { settings, client, out, .. } = office;
            let given_up = client.expire(now, out, &mut |query, head| write(settings, calls, query, head));
            match given_up {
                None => return,
                Some(Query::Direct(_)) => {}
                Some(Query::Errand(id, letter)) => self.errands.given_up(&mut self.office, now, id, &letter),
                Some(Query::Call(id, message)) => {
                    self.with_line(now, id, |line| {
                        line.call.open = line.call.open.saturating_sub(1);
                        if message.record().is_some() {
                            line.office.lost(line.call, message);
                        } else {
                            line.access_unanswered();
                        }
                    });
                }
            }
        }
    }
}

impl Node for Nas {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => self.receive(now, frame),
            Input::Timeout => self.expire(now),
            // It orders no connections.
            Input::Stream(..) => {}
        }
    }

    fn poll_output(&mut self) -> Output {
        self.office.poll()
    }

    fn restart(&mut self, now: Instant) {
        self.office.restart();
        self.receiver.clear();
        self.errands.clear();
        self.calls.clear();
        self.names.clear();
        if let Some(notice) = self.office.notice(now) {
            // Without a server there is nobody to tell.
            let _ = self.send_direct(now, Direct::Apart(Apart::On(notice)));
        }
    }
}

impl Peer for Nas {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        if let Some(done) = self.errands.perform(&mut self.office, now, action) {
            return done;
        }
        match action.verb.as_str() {
            "call" => self.call(now, action),
            "dial" => self.dial(now, action),
            "answer" => self.on_line(now, action, |line| line.answer()),
            "busy" => self.on_line(now, action, |line| line.fail("busy", USER_BUSY)),
            "no-answer" => self.on_line(now, action, |line| line.fail("no-answer", NO_ANSWER)),
            "fail" => {
                let cause = action.text("cause")?;
                self.on_line(now, action, |line| line.fail("call-failed", cause))
            }
            "hangup" => self.hang_up(now, action),
            "next-call" => self.on_line(now, action, |line| line.next_call()),
            "login" => {
                let login = Direct::login(action, &mut self.office)?;
                self.send_direct(now, login)
            }
            "send" => self.send_direct(now, Direct::Apart(Apart::read(action)?)),
            verb => Err(ActionError::UnknownVerb(verb.to_owned())),
        }
    }
}

/// The octets of any request, for whichever server it goes to next.
fn write(
    settings: &Settings,
    calls: &BTreeMap<CallId, Call>,
    query: &Query,
    head: &crate::radius_client::Head<'_>,
) -> Result<Vec<u8>, tollgate_radius::EncodeError> {
    match query {
        Query::Direct(direct) => direct.write(settings, head),
        Query::Errand(_, letter) => letter.write(settings, head),
        Query::Call(id, message) => match calls.get(id) {
            Some(call) => messages::write(settings, call, *message, head),
            // A call stays in memory as long as a request of it is open.
            None => Ok(Vec::new()),
        },
    }
}

fn answered(line: &mut Line<'_>, message: Message, packet: &Packet<'_>) {
    match message {
        Message::Authenticate | Message::Authorize(_) => line.access_answered(message, packet),
        Message::Stop(leg) => line.stop_answered(leg),
        Message::Start(_) | Message::Interim(..) => {}
    }
}

fn ring_alarm(line: &mut Line<'_>, alarm: Alarm, at: Instant) {
    match alarm {
        Alarm::Entry => line.entry_timed_out(),
        Alarm::Ring => line.ring_timed_out(),
        Alarm::Warning => line.warn(),
        Alarm::Cut => line.cut(at),
        Alarm::ReleaseAnswer(why) => line.release_answer(at, why),
        Alarm::ReleaseOriginate => line.release_originate(at),
        Alarm::Interim => line.interim(at),
        Alarm::RepeatStop(leg) => repeat_stop(line, leg),
    }
}

fn repeat_stop(line: &mut Line<'_>, leg: Leg) {
    line.call.open = line.call.open.saturating_sub(1);
    line.stop(leg);
}
