//! The calls of a phone, by the names that a scenario gives them, and what can be done with one.

use std::collections::VecDeque;
use std::time::Duration;

use tollgate_network::{Action, ActionError};
use tollgate_sip::{Method, redirect_targets};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::node::{Alarm, SipPhone};
use crate::sip::agent::{CallId, CallState, Draft, Flow, uri_to};
use crate::sip::{Hop, Received};

/// Places that one call tries at most, by redirection or because a server is silent.
const PLACES_MAX: u8 = 8;

/// A call as the phone knows it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) name: String,
    pub(super) peer: String,
    pub(super) outgoing: bool,
    /// Since when it is up.
    pub(super) since: Option<Instant>,
    pub(super) rung: bool,
    /// The call whose other side asked for this one.
    pub(super) referred_by: Option<CallId>,
    /// Where else a redirected call may go.
    pub(super) targets: VecDeque<String>,
    pub(super) places: u8,
    /// How long it talks by itself.
    pub(super) talk: Option<Duration>,
}

impl SipPhone {
    /// Where requests of this phone go that are for this URI: to its server, or straight there.
    pub(super) fn way(&self, uri: &str) -> Result<Hop, ActionError> {
        match self.settings.servers.get(self.registration.server) {
            Some(server) => Ok(*server),
            None => self.agent.station.hop(uri).map_err(|error| ActionError::Impossible(error.to_string())),
        }
    }

    pub(super) fn call(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let to = action.text("to")?;
        let uri = uri_to(to, &self.settings.domain).into_owned();
        let hop = self.way(&uri)?;
        let identity = self.settings.identity(action.opt_text("from"));
        let mut draft = self.draft(Method::INVITE, &uri, &identity, hop);
        draft.more.extend(super::node::headers(action.args.get("with")));
        let call = self.agent.invite(now, draft, &self.settings.user).map_err(impossible)?;
        self.count += 1;
        let name = action.opt_text("call").map_or_else(|| format!("call-{}", self.count), str::to_owned);
        let line = Line::new(name, peer_of(&uri), true);
        self.lines.insert(call, Line { talk: action.opt_span("talk"), ..line });
        Ok(())
    }

    /// A request of the phone with what its settings add.
    pub(super) fn draft(&mut self, method: Method<'_>, uri: &str, identity: &str, hop: Hop) -> Draft {
        let to = format!("<{uri}>");
        let mut draft = Draft::new(method, uri, identity, &to, hop, &mut self.agent.station.chance);
        draft.login = self.settings.login.clone();
        draft.more.extend(self.headers.iter().cloned());
        draft
    }

    /// Does a verb that concerns a call.
    pub(super) fn on_call(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let verb = action.verb.as_str();
        let (states, what): (&[CallState], _) = match verb {
            "ring" | "answer" | "busy" | "decline" | "refuse" | "redirect" => {
                (&[CallState::Offered], "no call rings here")
            }
            "cancel" => (&[CallState::Calling], "there is no call to take back"),
            "hangup" => (
                &[CallState::Up, CallState::Answered, CallState::Calling, CallState::Offered],
                "there is no call to hang up",
            ),
            _ => (&[CallState::Up], "there is no call that is up"),
        };
        let call = self.find(action.opt_text("call"), states, what)?;
        let done = match verb {
            "ring" => self.ring(now, call),
            "answer" => self.pick_up(now, call),
            "busy" => self.refuse(now, call, 486),
            "decline" => self.refuse(now, call, 603),
            "refuse" => {
                let code = action.opt_integer("code").and_then(|own| u16::try_from(own).ok());
                self.refuse(now, call, code.unwrap_or(480))
            }
            "redirect" => self.redirect(now, call, crate::settings::words(action.args.get("to"))),
            "cancel" => self.agent.cancel(now, call),
            "hangup" => self.hang_up(now, call),
            "hold" => self.agent.change(now, call, Flow::Out),
            "resume" => self.agent.change(now, call, Flow::Both),
            "transfer" => {
                let uri = uri_to(action.text("to")?, &self.settings.domain).into_owned();
                self.agent.refer(now, call, &uri)
            }
            _ => return Err(ActionError::UnknownVerb(verb.to_owned())),
        };
        if done {
            Ok(())
        } else {
            Err(ActionError::Impossible("the call is not where that can be done".to_owned()))
        }
    }

    fn find(&self, name: Option<&str>, states: &[CallState], what: &str) -> Result<CallId, ActionError> {
        let fits = |call: &CallId| states.contains(&self.agent.state(*call));
        let mut latest = self.lines.iter().rev().filter(|(call, _)| fits(call));
        let found = match name {
            Some(name) => latest.find(|(_, line)| line.name == name),
            None => latest.next(),
        };
        let missing = || match name {
            Some(name) => ActionError::Impossible(format!("{what} of the name '{name}'")),
            None => ActionError::Impossible(what.to_owned()),
        };
        found.map(|(call, _)| *call).ok_or_else(missing)
    }

    pub(super) fn hang_up(&mut self, now: Instant, call: CallId) -> bool {
        let was = self.agent.state(call);
        let done = self.agent.hang_up(now, call);
        // A call that is taken back ends by its own answer.
        if done && was != CallState::Calling {
            self.end(now, call, "hung-up", None);
        }
        done
    }

    /// A call of ours has failed: it goes where it is redirected, or to the next server, or it is over.
    pub(super) fn failed(&mut self, now: Instant, call: CallId, code: u16, response: Option<&Received>) {
        let message = response.and_then(Received::message);
        if let Some(message) =
            message.filter(|_| (300..400).contains(&code) && self.settings.follow_redirects)
            && let Some(line) = self.lines.get_mut(&call)
        {
            line.targets = redirect_targets(&message).iter().map(|own| own.uri.text.to_owned()).collect();
        }
        while let Some(line) = self.lines.get_mut(&call)
            && line.places < PLACES_MAX
            && code != 487
            && let Some(target) = line.targets.pop_front()
        {
            line.places += 1;
            if let Ok(hop) = self.agent.station.hop(&target)
                && self.agent.retarget(now, call, &target, hop)
            {
                return;
            }
        }
        let silent = response.is_none() && code == 408 && self.settings.servers.len() > 1;
        if silent
            && let Some(line) = self.lines.get_mut(&call)
            && line.places + 1 < u8::try_from(self.settings.servers.len()).unwrap_or(PLACES_MAX)
        {
            line.places += 1;
            self.next_server(now);
            let uri = self.agent.target(call).unwrap_or_default();
            if let Ok(hop) = self.way(&uri)
                && self.agent.retarget(now, call, &uri, hop)
            {
                return;
            }
        }
        self.end(now, call, cause_of(code), Some(code));
    }

    /// A call is over: it is seen, and forgotten.
    pub(super) fn end(&mut self, now: Instant, call: CallId, cause: &str, code: Option<u16>) {
        let Some(line) = self.lines.remove(&call) else { return };
        if let Some(by) = line.referred_by
            && line.since.is_none()
        {
            self.agent.notify(now, by, code.unwrap_or(503));
        }
        self.see("ended", || {
            let mut fields = Fields::new()
                .with("call", line.name.as_str())
                .with("peer", line.peer.as_str())
                .with("cause", cause);
            if let Some(code) = code {
                fields.push("code", u32::from(code));
            }
            if let Some(since) = line.since {
                fields.push("talked", Value::Span(now.saturating_since(since)));
            }
            fields
        });
    }

    pub(super) fn connected(&mut self, now: Instant, call: CallId) {
        let Some(line) = self.lines.get_mut(&call) else { return };
        line.since = Some(now);
        let (talk, by) = (line.talk, line.referred_by);
        if let Some(talk) = talk {
            self.alarms.set(now + talk, Alarm::HangUp(call));
        }
        self.see_line("connected", call);
        if let Some(by) = by {
            self.agent.notify(now, by, 200);
        }
    }

    pub(super) fn see_line(&mut self, sight: &'static str, call: CallId) {
        if let Some(line) = self.lines.get(&call) {
            self.agent.station.out.observe(sight, || {
                let way = if line.outgoing { "out" } else { "in" };
                line.fields().with("way", way)
            });
        }
    }
}

impl Line {
    pub(super) const fn new(name: String, peer: String, outgoing: bool) -> Self {
        Self {
            name,
            peer,
            outgoing,
            since: None,
            rung: false,
            referred_by: None,
            targets: VecDeque::new(),
            places: 0,
            talk: None,
        }
    }

    pub(super) fn fields(&self) -> Fields {
        Fields::new().with("call", self.name.as_str()).with("peer", self.peer.as_str())
    }
}

/// The user of a URI, else its host.
pub(crate) fn peer_of(uri: &str) -> String {
    match tollgate_sip::Uri::parse(uri) {
        Ok(uri) => uri.user_plain().map_or_else(|| uri.host.to_owned(), std::borrow::Cow::into_owned),
        Err(_) => uri.to_owned(),
    }
}

fn cause_of(code: u16) -> &'static str {
    match code {
        300..400 => "redirected",
        404 | 410 | 604 => "not-found",
        408 | 480 => "no-answer",
        486 | 600 => "busy",
        487 => "cancelled",
        603 => "declined",
        _ => "refused",
    }
}

fn impossible(error: impl std::fmt::Display) -> ActionError {
    ActionError::Impossible(error.to_string())
}
