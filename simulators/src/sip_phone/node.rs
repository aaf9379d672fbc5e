//! The node of a phone: what happens is seen, and led on by its settings; verbs come in.

use std::collections::BTreeMap;

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_sip::Method;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::calls::{Line, peer_of};
use super::registration::Registration;
use super::settings::Settings;
use crate::settings::words;
use crate::sip::agent::{Agent, CallId, CallState, Event, Flow, uri_to};
use crate::sip::{self, Station};
use crate::timers::Timers;

/// What a phone does by itself later.
#[derive(Debug, Clone, Copy)]
pub(super) enum Alarm {
    Register,
    Answer(CallId),
    HangUp(CallId),
}

/// A SIP phone.
#[derive(Debug)]
pub struct SipPhone {
    pub(super) agent: Agent,
    pub(super) settings: Settings,
    /// Headers of every request of its own.
    pub(super) headers: Vec<(String, String)>,
    pub(super) lines: BTreeMap<CallId, Line>,
    pub(super) registration: Registration,
    pub(super) alarms: Timers<Alarm>,
    /// How many calls it has had.
    pub(super) count: u32,
}

impl SipPhone {
    /// A phone with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let settings = Settings::read(setup)?;
        let ports: Vec<u16> = words(setup.settings.get("more-ports"))
            .iter()
            .filter_map(|port| u16::try_from(port.as_integer()?).ok())
            .collect();
        let shown = match setup.settings.get("behind") {
            Some(Value::Address(address)) => Some(*address),
            _ => None,
        };
        let own = sip::StationSettings { shown, ..sip::settings::station(setup, &ports)? };
        let station = Station::new(own, setup.seed, setup.observe);
        let mut own = Self {
            agent: Agent::new(station),
            headers: headers(setup.settings.get("with")),
            lines: BTreeMap::new(),
            registration: Registration::new(settings.expires),
            alarms: Timers::default(),
            count: 0,
            settings,
        };
        own.begin();
        Ok(own)
    }

    fn begin(&mut self) {
        if self.settings.register {
            self.alarms.set(Instant::EPOCH, Alarm::Register);
        }
    }

    pub(super) fn see(&mut self, sight: &'static str, fields: impl FnOnce() -> Fields) {
        self.agent.station.out.observe(sight, fields);
    }

    fn settle(&mut self, now: Instant) {
        while let Some(event) = self.agent.poll() {
            self.event(now, event);
        }
        while let Some((_, alarm)) = self.alarms.pop_due(now) {
            match alarm {
                Alarm::Register => self.register_again(now),
                Alarm::Answer(call) => drop(self.pick_up(now, call)),
                Alarm::HangUp(call) => drop(self.hang_up(now, call)),
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Offered(call, request) => self.offered(now, call, &request),
            Event::Progress(call, code, _) => {
                let Some(line) = self.lines.get_mut(&call) else { return };
                let first = !std::mem::replace(&mut line.rung, true);
                let by = line.referred_by;
                if first {
                    self.see_line("ringing", call);
                }
                if let Some(by) = by.filter(|_| first) {
                    self.agent.notify(now, by, code);
                }
            }
            Event::Answered(call, _) => self.connected(now, call),
            // A call that was answered here was seen as connected then.
            Event::Acknowledged(_) => {}
            Event::Failed(call, code, response) => self.failed(now, call, code, response.as_ref()),
            Event::Cancelled(call) => self.end(now, call, "cancelled", None),
            Event::HungUp(call, _) => self.end(now, call, "released", None),
            Event::Lost(call, code) => self.end(now, call, "lost", Some(code)),
            Event::Changed(call, flow, _) => self.changed(call, flow, "other-side"),
            Event::ChangeAnswered(call, code) => self.change_answered(call, code),
            Event::Referred(call, target, _) => self.referred(now, call, &target),
            Event::ReferAnswered(call, code) if code >= 300 => {
                self.transfer(call, "refused", None, Some(code));
            }
            Event::ReferAnswered(..) => {}
            Event::Notified(call, code) => self.notified(now, call, code),
            Event::Request(id, request) => self.request(now, id, &request),
            Event::Answer(ask, draft, response) => {
                self.registered(now, ask, &draft, response.as_ref());
            }
        }
    }

    fn changed(&mut self, call: CallId, flow: Flow, by: &'static str) {
        let Some(fields) = self.lines.get(&call).map(Line::fields) else { return };
        let sight = if flow == Flow::Both { "resumed" } else { "held" };
        self.see(sight, || fields.with("by", by));
    }

    fn change_answered(&mut self, call: CallId, code: u16) {
        if (200..300).contains(&code) {
            self.changed(call, self.agent.flow(call), "this-side");
        } else if let Some(fields) = self.lines.get(&call).map(Line::fields) {
            self.see("change-refused", || fields.with("code", u32::from(code)));
        }
    }

    /// The other side wants somebody called.
    fn referred(&mut self, now: Instant, by: CallId, target: &str) {
        self.transfer(by, "asked", Some(target), None);
        self.agent.notify(now, by, 100);
        let identity = self.settings.identity(None);
        let placed = self.way(target).ok().and_then(|hop| {
            let draft = self.draft(Method::INVITE, target, &identity, hop);
            self.agent.invite(now, draft, &self.settings.user).ok()
        });
        match placed {
            Some(call) => {
                self.count += 1;
                let line = Line::new(format!("call-{}", self.count), peer_of(target), true);
                self.lines.insert(call, Line { referred_by: Some(by), ..line });
            }
            None => drop(self.agent.notify(now, by, 503)),
        }
    }

    /// How it goes with somebody whom the other side calls for us.
    fn notified(&mut self, now: Instant, call: CallId, code: u16) {
        let state = match code {
            ..200 => "under-way",
            200..300 => "done",
            _ => "failed",
        };
        self.transfer(call, state, None, Some(code));
        if (200..300).contains(&code) && self.agent.state(call) == CallState::Up {
            self.hang_up(now, call);
        }
    }

    fn transfer(&mut self, call: CallId, state: &'static str, target: Option<&str>, code: Option<u16>) {
        let fields = self.lines.get(&call).map(Line::fields).unwrap_or_default();
        self.see("transfer", || {
            let mut fields = fields.with("state", state);
            if let Some(target) = target {
                fields.push("target", target);
            }
            if let Some(code) = code {
                fields.push("code", u32::from(code));
            }
            fields
        });
    }

    /// Sends a request outside of calls: MESSAGE, OPTIONS.
    fn ask(&mut self, now: Instant, method: Method<'_>, action: &Action) -> Result<(), ActionError> {
        let uri = uri_to(action.text("to")?, &self.settings.domain).into_owned();
        let hop = self.way(&uri)?;
        let identity = self.settings.identity(action.opt_text("from"));
        let mut draft = self.draft(method, &uri, &identity, hop);
        draft.more.extend(headers(action.args.get("with")));
        if let Some(text) = action.opt_text("text") {
            draft.body = ("text/plain".to_owned(), text.as_bytes().to_vec());
        }
        self.agent.ask(now, draft).map(drop).map_err(|error| ActionError::Impossible(error.to_string()))
    }
}

/// Headers that a setting or an argument names; a list is a header for each.
pub(crate) fn headers(value: Option<&Value>) -> Vec<(String, String)> {
    let Some(Value::Group(fields)) = value else { return Vec::new() };
    let each = |value: &Value| match value {
        Value::List(all) => all.iter().map(ToString::to_string).collect(),
        one => vec![one.to_string()],
    };
    fields
        .iter()
        .flat_map(|(name, value)| each(value).into_iter().map(|text| (name.to_owned(), text)))
        .collect()
}

impl Node for SipPhone {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.agent.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.agent.poll_output(&[self.alarms.next_deadline()])
    }

    fn restart(&mut self, _now: Instant) {
        self.agent.restart();
        self.lines.clear();
        self.alarms.clear();
        self.registration = Registration::new(self.settings.expires);
        self.begin();
    }
}

impl Peer for SipPhone {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let usual = self.settings.servers.get(self.registration.server).copied();
        let user = self.settings.user.clone();
        if let Some(done) = sip::spelt::perform(&mut self.agent.station, action, &user, usual) {
            return done;
        }
        let done = match action.verb.as_str() {
            "register" => {
                let expires = action.opt_span("expires").unwrap_or(self.settings.expires);
                self.register(now, expires).map_err(ActionError::Impossible)
            }
            "unregister" => self.register(now, std::time::Duration::ZERO).map_err(ActionError::Impossible),
            "call" => self.call(now, action),
            "message" => self.ask(now, Method::MESSAGE, action),
            "options" => self.ask(now, Method::OPTIONS, action),
            _ => self.on_call(now, action),
        };
        self.settle(now);
        done
    }
}
