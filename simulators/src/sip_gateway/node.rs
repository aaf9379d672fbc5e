//! The node of a vendor's gateway.

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Message, Method, response};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::rules::{Outcome, Rules};
use crate::settings::{Reader, words};
use crate::sip::agent::{Agent, CallId, CallState, Credentials, Draft, Event, uri_to};
use crate::sip::{self, Guard, Hop, Judgement, Received, Station, host_of};
use crate::timers::Timers;

/// A vendor's gateway.
#[derive(Debug)]
pub struct SipGateway {
    agent: Agent,
    rules: Option<Rules>,
    server: Option<Hop>,
    guard: Option<Guard>,
    guards_calls: bool,
    registration_min: Duration,
    calls: BTreeMap<CallId, Line>,
    alarms: Timers<Alarm>,
    count: u32,
}

#[derive(Debug)]
struct Line {
    name: String,
    called: String,
    caller: String,
    outgoing: bool,
    since: Option<Instant>,
    talk: Option<Duration>,
    /// What is said when it has rung long enough.
    outcome: Option<Outcome>,
}

#[derive(Debug, Clone, Copy)]
enum Alarm {
    Decide(CallId),
    HangUp(CallId),
}

impl SipGateway {
    /// A gateway with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let mut station = Station::new(sip::settings::station(setup, &[])?, setup.seed, setup.observe);
        let texts = |name: &str| words(reader.value(name)).iter().filter_map(Value::as_text);
        let rules = match reader.value("rules") {
            Some(_) => Some(Rules::read(texts("rules")).map_err(SetupError)?),
            None => None,
        };
        let server = match texts("servers").next() {
            Some(text) => {
                let (to, over) = sip::settings::place("servers", text)?;
                Some(Hop { over, ..Hop::udp(to) })
            }
            None => None,
        };
        let accounts: Vec<Credentials> =
            texts("accounts").map(Credentials::parse).collect::<Result<_, SetupError>>()?;
        let named: Vec<&str> = texts("algorithms").collect();
        let algorithms = if named.is_empty() { vec!["SHA-256", "MD5"] } else { named };
        let guard = match accounts.is_empty() {
            true => None,
            false => {
                let life = reader.span("nonce-life")?;
                Some(Guard::new(accounts, reader.text("realm")?, &algorithms, life, &mut station.chance)?)
            }
        };
        Ok(Self {
            agent: Agent::new(station),
            rules,
            server,
            guard,
            guards_calls: reader.flag("challenge-calls")?,
            registration_min: Duration::from_secs(u64::from(reader.u32("registration-min")?)),
            calls: BTreeMap::new(),
            alarms: Timers::default(),
            count: 0,
        })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(event) = self.agent.poll() {
            self.event(now, event);
        }
        while let Some((_, alarm)) = self.alarms.pop_due(now) {
            match alarm {
                Alarm::Decide(call) => self.decide(now, call),
                Alarm::HangUp(call) => drop(self.hang_up(now, call)),
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Offered(call, request) => self.offered(now, call, &request),
            Event::Answered(call, _) => self.connected(now, call),
            Event::Failed(call, code, _) => self.end(now, call, "failed", Some(code)),
            Event::Cancelled(call) => self.end(now, call, "cancelled", None),
            Event::HungUp(call, _) => self.end(now, call, "released", None),
            Event::Lost(call, code) => self.end(now, call, "lost", Some(code)),
            // A gateway calls nobody for others: the transfer fails.
            Event::Referred(call, ..) => drop(self.agent.notify(now, call, 603)),
            Event::Request(id, request) => self.request(now, id, &request),
            Event::Progress(..)
            | Event::Acknowledged(_)
            | Event::Changed(..)
            | Event::ChangeAnswered(..)
            | Event::ReferAnswered(..)
            | Event::Notified(..)
            | Event::Answer(..) => {}
        }
    }

    fn offered(&mut self, now: Instant, call: CallId, request: &Received) {
        let Some(message) = request.message() else { return };
        if self.guards_calls
            && let Some(challenges) = self.judge(now, &message).err()
        {
            let challenges: Vec<(&str, String)> =
                challenges.iter().flatten().map(|own| ("WWW-Authenticate", own.clone())).collect();
            let code = if challenges.is_empty() { 403 } else { 401 };
            self.agent.refuse(now, call, code, &challenges);
            return;
        }
        let user =
            |text: Option<std::borrow::Cow<'_, str>>| text.map_or_else(String::new, |own| own.into_owned());
        let called = user(message.uri().ok().and_then(|uri| uri.user_plain()));
        let caller = user(message.from().ok().and_then(|from| from.uri.user_plain()));
        let rule = match &self.rules {
            Some(rules) => rules.find(&called),
            None => Rules::read(["*: answer"].into_iter()).ok().and_then(|all| all.find("")),
        };
        self.count += 1;
        let outcome = rule.map_or(Some(Outcome::Fail(404)), |rule| rule.outcome);
        let name = format!("call-{}", self.count);
        let line = Line { name, called, caller, outgoing: false, since: None, talk: None, outcome };
        self.calls.insert(call, line);
        self.see("offered", call, |fields| fields);
        if let Some(code) = rule.and_then(|rule| rule.progress) {
            self.agent.ring(now, call, code);
        }
        match rule.map(|rule| rule.after) {
            Some(after) if !after.is_zero() => drop(self.alarms.set(now + after, Alarm::Decide(call))),
            _ => self.decide(now, call),
        }
    }

    /// What a rule says of a call is done, if nothing else has been done with it since.
    fn decide(&mut self, now: Instant, call: CallId) {
        if self.agent.state(call) != CallState::Offered {
            return;
        }
        match self.calls.get(&call).and_then(|line| line.outcome) {
            Some(Outcome::Answer(talk)) => drop(self.answer(now, call, talk)),
            Some(Outcome::Fail(code)) => drop(self.fail(now, call, code)),
            None => {}
        }
    }

    fn answer(&mut self, now: Instant, call: CallId, talk: Option<Duration>) -> bool {
        let done = self.agent.answer(now, call);
        if done {
            if let Some(line) = self.calls.get_mut(&call) {
                line.talk = talk;
            }
            self.connected(now, call);
        }
        done
    }

    fn fail(&mut self, now: Instant, call: CallId, code: u16) -> bool {
        let done = self.agent.refuse(now, call, code, &[]);
        if done {
            self.end(now, call, "failed", Some(code));
        }
        done
    }

    fn connected(&mut self, now: Instant, call: CallId) {
        let Some(line) = self.calls.get_mut(&call) else { return };
        line.since = Some(now);
        if let Some(talk) = line.talk {
            self.alarms.set(now + talk, Alarm::HangUp(call));
        }
        self.see("connected", call, |fields| fields);
    }

    fn hang_up(&mut self, now: Instant, call: CallId) -> bool {
        let was = self.agent.state(call);
        let done = self.agent.hang_up(now, call);
        if done && was != CallState::Calling {
            self.end(now, call, "hung-up", None);
        }
        done
    }

    fn end(&mut self, now: Instant, call: CallId, cause: &'static str, code: Option<u16>) {
        let talked =
            self.calls.get(&call).and_then(|line| line.since).map(|since| now.saturating_since(since));
        self.see("ended", call, |mut fields| {
            fields.push("cause", cause);
            if let Some(code) = code {
                fields.push("code", u32::from(code));
            }
            if let Some(talked) = talked {
                fields.push("talked", Value::Span(talked));
            }
            fields
        });
        self.calls.remove(&call);
    }

    fn see(&mut self, sight: &'static str, call: CallId, more: impl FnOnce(Fields) -> Fields) {
        if let Some(line) = self.calls.get(&call) {
            self.agent.station.out.observe(sight, || {
                more(
                    Fields::new()
                        .with("call", line.name.as_str())
                        .with("called", line.called.as_str())
                        .with("caller", line.caller.as_str())
                        .with("way", if line.outgoing { "out" } else { "in" }),
                )
            });
        }
    }

    /// Who asks; else the challenges for it, or none where it is refused.
    fn judge(&mut self, now: Instant, message: &Message<'_>) -> Result<String, Option<Vec<String>>> {
        let Some(guard) = self.guard.as_mut() else { return Ok(String::new()) };
        match guard.judge(now, message, &mut self.agent.station.chance) {
            Judgement::Accepted(user) => Ok(user),
            Judgement::Challenged(challenges) => Err(Some(challenges)),
            Judgement::Refused => Err(None),
        }
    }

    fn request(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        let guarded = message.is(Method::REGISTER) || (self.guards_calls && message.is(Method::MESSAGE));
        let user = match if guarded { self.judge(now, &message) } else { Ok(String::new()) } {
            Ok(user) => user,
            Err(Some(challenges)) => {
                return self.reply_with(now, id, &message, 401, "WWW-Authenticate", &challenges);
            }
            Err(None) => {
                self.agent.station.reply(now, id, request, 403);
                return;
            }
        };
        match message.method() {
            Some(Method::REGISTER) if self.guard.is_some() => self.register(now, id, &message, &user),
            Some(Method::OPTIONS) => drop(self.agent.station.reply(now, id, request, 200)),
            Some(Method::MESSAGE) => drop(self.agent.station.reply(now, id, request, 202)),
            _ => drop(self.agent.station.reply(now, id, request, 405)),
        }
    }

    /// Nothing is kept of a registration: the gateway calls nobody who registers with it.
    fn register(&mut self, now: Instant, id: TransactionId, message: &Message<'_>, user: &str) {
        let contact = message.contacts().filter_map(Result::ok).next();
        let by_contact = contact.and_then(|own| own.params.get("expires")?.parse().ok());
        let secs =
            by_contact.or_else(|| message.expires_secs().ok().flatten().map(u64::from)).unwrap_or(3_600);
        let expires = Duration::from_secs(secs);
        if !expires.is_zero() && expires < self.registration_min {
            let shortest = self.registration_min.as_secs().to_string();
            return self.reply_with(now, id, message, 423, "Min-Expires", &[shortest]);
        }
        let uri = contact.map_or("", |own| own.uri.text).to_owned();
        let kept = if uri.is_empty() || secs == 0 { vec![] } else { vec![format!("<{uri}>;expires={secs}")] };
        self.reply_with(now, id, message, 200, "Contact", &kept);
        self.agent.station.out.observe("bound", || {
            Fields::new()
                .with("user", user)
                .with("contact", uri.as_str())
                .with("expires", Value::Span(expires))
        });
    }

    fn reply_with(
        &mut self,
        now: Instant,
        id: TransactionId,
        message: &Message<'_>,
        code: u16,
        name: &str,
        values: &[String],
    ) {
        let tag = self.agent.station.chance.tag();
        let Ok(mut answer) = response(message, code, None, &tag) else { return };
        for value in values {
            // Contacts were read from a message, and what is made here has no line ends.
            let _checked = answer.header(name, value);
        }
        // Where the request is over, nobody waits.
        let _over = self.agent.station.respond(now, id, &answer);
    }

    fn call(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let impossible = |error: &dyn std::fmt::Display| ActionError::Impossible(error.to_string());
        let place = self.server.map(|hop| crate::sip_phone::shown(hop.to));
        let own = host_of(self.agent.station.settings().address);
        let uri = uri_to(action.text("to")?, place.as_deref().unwrap_or(own.as_str())).into_owned();
        let hop = match self.server {
            Some(hop) => hop,
            None => self.agent.station.hop(&uri).map_err(|error| impossible(&error))?,
        };
        let caller = action.text("from")?;
        let identity = format!("<sip:{}@{own}>", tollgate_sip::escape_user(caller));
        let chance = &mut self.agent.station.chance;
        let mut draft = Draft::new(Method::INVITE, &uri, &identity, &format!("<{uri}>"), hop, chance);
        draft.more.extend(crate::sip_phone::headers(action.args.get("with")));
        let call = self.agent.invite(now, draft, caller).map_err(|error| impossible(&error))?;
        self.count += 1;
        let name = action.opt_text("call").map_or_else(|| format!("call-{}", self.count), str::to_owned);
        let called = crate::sip_phone::peer_of(&uri);
        let (talk, caller) = (action.opt_span("talk"), caller.to_owned());
        self.calls
            .insert(call, Line { name, called, caller, outgoing: true, since: None, talk, outcome: None });
        Ok(())
    }

    fn find(&self, action: &Action, states: &[CallState]) -> Result<CallId, ActionError> {
        let name = action.opt_text("call");
        let mut latest =
            self.calls.iter().rev().filter(|(call, _)| states.contains(&self.agent.state(**call)));
        let found = latest.find(|(_, line)| name.is_none_or(|name| line.name == name));
        found
            .map(|(call, _)| *call)
            .ok_or_else(|| ActionError::Impossible("there is no call where that can be done".to_owned()))
    }
}

impl Node for SipGateway {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.agent.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.agent.poll_output(&[self.alarms.next_deadline()])
    }

    fn restart(&mut self, _now: Instant) {
        self.agent.restart();
        self.calls.clear();
        self.alarms.clear();
    }
}

impl Peer for SipGateway {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        if let Some(done) = sip::spelt::perform(&mut self.agent.station, action, "", self.server) {
            return done;
        }
        let open = [CallState::Offered];
        let any = [CallState::Up, CallState::Answered, CallState::Calling, CallState::Offered];
        match action.verb.as_str() {
            "call" => self.call(now, action)?,
            "answer" => {
                let call = self.find(action, &open)?;
                self.answer(now, call, None);
            }
            "fail" => {
                let call = self.find(action, &open)?;
                let code = action.opt_integer("code").and_then(|own| u16::try_from(own).ok());
                self.fail(now, call, code.unwrap_or(503));
            }
            "hangup" => {
                let call = self.find(action, &any)?;
                self.hang_up(now, call);
            }
            "rules" => {
                let texts = words(action.args.get("rules")).iter().filter_map(Value::as_text);
                self.rules = Some(Rules::read(texts).map_err(ActionError::Impossible)?);
            }
            _ => return Err(ActionError::UnknownVerb(action.verb.to_string())),
        }
        self.settle(now);
        Ok(())
    }
}
