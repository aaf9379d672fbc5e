//! The node of a queue manager.

use std::collections::BTreeMap;

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_sip::Method;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::settings::{Queue, Settings};
use crate::sip::agent::{Agent, CallId, CallState, Draft, Event, Flow, uri_to};
use crate::sip::{self, Received, Station, host_of};
use crate::sip_phone::{peer_of, shown};
use crate::timers::Timers;

/// A queue manager.
#[derive(Debug)]
pub struct QueueManager {
    agent: Agent,
    settings: Settings,
    /// Callers by their own call, in the order of their coming.
    callers: BTreeMap<CallId, Caller>,
    /// Whose call each call to a line is.
    lines: BTreeMap<CallId, CallId>,
    alarms: Timers<Alarm>,
}

#[derive(Debug)]
struct Caller {
    queue: usize,
    number: String,
    since: Instant,
    /// The call to a line that rings or is joined, and its number.
    line: Option<(CallId, String)>,
    joined: bool,
    /// Lines that were tried since the last rest.
    tried: usize,
    late: bool,
}

#[derive(Debug, Clone, Copy)]
enum Alarm {
    /// A caller's next line is to be tried.
    Try(CallId),
    /// A line has rung long enough.
    RungOut(CallId),
    /// A caller has waited long enough.
    WaitedOut(CallId),
}

impl QueueManager {
    /// A manager with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let settings = Settings::read(setup)?;
        let own = sip::settings::station(setup, &[settings.out_port])?;
        Ok(Self {
            agent: Agent::new(Station::new(own, setup.seed, setup.observe)),
            settings,
            callers: BTreeMap::new(),
            lines: BTreeMap::new(),
            alarms: Timers::default(),
        })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(event) = self.agent.poll() {
            self.event(now, event);
        }
        while let Some((_, alarm)) = self.alarms.pop_due(now) {
            match alarm {
                Alarm::Try(caller) => self.try_line(now, caller),
                Alarm::RungOut(line) => drop(self.agent.cancel(now, line)),
                Alarm::WaitedOut(caller) => self.waited_out(now, caller),
            }
        }
    }

    fn event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Offered(call, request) => self.offered(now, call, &request),
            Event::Answered(line, _) => self.line_answered(now, line),
            Event::Failed(line, code, _) => self.line_failed(now, line, code),
            Event::Cancelled(call) => self.gone(now, call, "abandoned"),
            Event::HungUp(call, _) | Event::Lost(call, _) => match self.lines.get(&call).copied() {
                Some(caller) => self.line_gone(now, call, caller),
                None => {
                    let joined = self.callers.get(&call).is_some_and(|own| own.joined);
                    self.gone(now, call, if joined { "hung-up" } else { "abandoned" });
                }
            },
            Event::Referred(call, ..) => drop(self.agent.notify(now, call, 603)),
            Event::Request(id, request) => {
                let is_options = request.message().is_some_and(|own| own.is(Method::OPTIONS));
                self.agent.station.reply(now, id, &request, if is_options { 200 } else { 405 });
            }
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
        let called = message.uri().map(|uri| peer_of(uri.text)).unwrap_or_default();
        let number = message.from().map(|from| peer_of(from.uri.text)).unwrap_or_default();
        let Some(queue) = self.settings.queues.iter().position(|own| own.number == called) else {
            self.agent.refuse(now, call, 404, &[]);
            return;
        };
        let open = self.settings.queues.get(queue).is_some_and(|own| own.open);
        let waiting = self.callers.values().filter(|own| !own.joined).count();
        if !open || waiting >= self.settings.places {
            self.agent.refuse(now, call, if open { 486 } else { 480 }, &[]);
            return;
        }
        if self.settings.answers {
            // Held: the music plays one way.
            self.agent.set_flow(call, Flow::Out);
            self.agent.answer(now, call);
        } else {
            self.agent.ring(now, call, 182);
        }
        let own = Caller { queue, number, since: now, line: None, joined: false, tried: 0, late: false };
        self.callers.insert(call, own);
        let place = self.callers.values().filter(|own| own.queue == queue && !own.joined).count();
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        self.see("queued", call, |fields| fields.with("place", place));
        self.alarms.set(now + self.settings.wait_max, Alarm::WaitedOut(call));
        self.try_line(now, call);
    }

    /// Calls the next line that no other caller rings or talks to.
    fn try_line(&mut self, now: Instant, caller: CallId) {
        let Some(own) = self.callers.get(&caller).filter(|own| own.line.is_none()) else { return };
        let (index, tried, late) = (own.queue, own.tried, own.late);
        let Some(queue) = self.settings.queues.get(index) else { return };
        let count = queue.lines.len();
        // In turn a round begins behind the line of the last try, else it goes on where it is.
        let (first, steps) = if self.settings.in_turn {
            (queue.next, if tried < count { count } else { 0 })
        } else {
            (tried, count.saturating_sub(tried))
        };
        let overflow = self.settings.overflow.clone().filter(|_| late);
        let busy: Vec<&str> = self
            .callers
            .values()
            .filter_map(|own| own.line.as_ref())
            .map(|(_, line)| line.as_str())
            .collect();
        let free = (0..steps).map(|step| (first + step) % count.max(1)).find_map(|at| {
            queue.lines.get(at).filter(|line| !busy.contains(&line.as_str())).map(|line| (line.clone(), at))
        });
        let (line, tried) = match (overflow, free) {
            (Some(number), _) => (number, count),
            (None, Some((line, at))) => {
                if let Some(queue) = self.settings.queues.get_mut(index) {
                    queue.next = (at + 1) % count.max(1);
                }
                (line, if self.settings.in_turn { tried + 1 } else { at + 1 })
            }
            (None, None) => {
                if let Some(own) = self.callers.get_mut(&caller) {
                    own.tried = 0;
                }
                self.alarms.set(now + self.settings.retry, Alarm::Try(caller));
                return;
            }
        };
        if let Some(own) = self.callers.get_mut(&caller) {
            own.tried = tried;
        }
        self.call_line(now, caller, &line);
    }

    fn call_line(&mut self, now: Instant, caller: CallId, line: &str) {
        let Some(own) = self.callers.get(&caller) else { return };
        let hop = self.settings.server;
        let uri = uri_to(line, &shown(hop.to)).into_owned();
        let host = host_of(self.agent.station.shown());
        let identity = format!("<sip:{}@{host}>", tollgate_sip::escape_user(&own.number));
        let chance = &mut self.agent.station.chance;
        let draft = Draft::new(Method::INVITE, &uri, &identity, &format!("<{uri}>"), hop, chance);
        match self.agent.invite(now, draft, line) {
            Ok(call) => {
                self.lines.insert(call, caller);
                self.alarms.set(now + self.settings.ring_time, Alarm::RungOut(call));
                if let Some(own) = self.callers.get_mut(&caller) {
                    own.line = Some((call, line.to_owned()));
                }
            }
            Err(_) => drop(self.alarms.set(now + self.settings.retry, Alarm::Try(caller))),
        }
    }

    fn line_answered(&mut self, now: Instant, line: CallId) {
        let Some(caller) = self.lines.get(&line).copied() else { return };
        let Some(own) = self.callers.get_mut(&caller) else {
            // The caller has gone in the meantime.
            self.agent.hang_up(now, line);
            self.lines.remove(&line);
            return;
        };
        own.joined = true;
        let (number, waited) =
            (own.line.clone().unwrap_or((line, String::new())).1, now.saturating_since(own.since));
        if self.agent.state(caller) == CallState::Offered {
            self.agent.answer(now, caller);
        } else {
            // The music ends.
            self.agent.change(now, caller, Flow::Both);
        }
        self.see("joined", caller, |fields| {
            fields.with("line", number.as_str()).with("waited", Value::Span(waited))
        });
    }

    fn line_failed(&mut self, now: Instant, line: CallId, code: u16) {
        let Some(caller) = self.lines.remove(&line) else { return };
        let Some(own) = self.callers.get_mut(&caller) else { return };
        let number = own.line.take().map(|(_, number)| number).unwrap_or_default();
        // What rang too long was taken back.
        let code = if code == 487 { 408 } else { code };
        self.see("tried", caller, |fields| {
            fields.with("line", number.as_str()).with("code", u32::from(code))
        });
        self.try_line(now, caller);
    }

    /// A line has hung up.
    fn line_gone(&mut self, now: Instant, line: CallId, caller: CallId) {
        self.lines.remove(&line);
        self.agent.hang_up(now, caller);
        self.see("left", caller, |fields| fields.with("cause", "released"));
        self.callers.remove(&caller);
    }

    /// A caller has hung up.
    fn gone(&mut self, now: Instant, caller: CallId, cause: &'static str) {
        self.see("left", caller, |fields| fields.with("cause", cause));
        if let Some(own) = self.callers.remove(&caller)
            && let Some((line, _)) = own.line
        {
            self.agent.hang_up(now, line);
            if own.joined {
                self.lines.remove(&line);
            }
        }
    }

    fn waited_out(&mut self, now: Instant, caller: CallId) {
        let Some(own) = self.callers.get_mut(&caller).filter(|own| !own.joined && !own.late) else { return };
        own.late = true;
        if self.settings.overflow.is_some() {
            match own.line.as_ref().map(|(line, _)| *line) {
                // Its end leads on to the overflow.
                Some(line) => drop(self.agent.cancel(now, line)),
                None => self.try_line(now, caller),
            }
            return;
        }
        self.agent.hang_up(now, caller);
        self.gone(now, caller, "timed-out");
    }

    fn see(&mut self, sight: &'static str, caller: CallId, more: impl FnOnce(Fields) -> Fields) {
        let Some(own) = self.callers.get(&caller) else { return };
        let queue = self.settings.queues.get(own.queue).map_or("", |queue| queue.number.as_str());
        self.agent
            .station
            .out
            .observe(sight, || more(Fields::new().with("queue", queue).with("caller", own.number.as_str())));
    }
}

impl Node for QueueManager {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.agent.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.agent.poll_output(&[self.alarms.next_deadline()])
    }

    fn restart(&mut self, _now: Instant) {
        self.agent.restart();
        self.callers.clear();
        self.lines.clear();
        self.alarms.clear();
    }
}

impl Peer for QueueManager {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        let open = match action.verb.as_str() {
            "open" => true,
            "close" => false,
            _ => {
                return sip::spelt::perform(&mut self.agent.station, action, "", None)
                    .unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())));
            }
        };
        let number = action.text("queue")?;
        let queue: Option<&mut Queue> = self.settings.queues.iter_mut().find(|own| own.number == number);
        match queue {
            Some(queue) => {
                queue.open = open;
                Ok(())
            }
            None => Err(ActionError::Impossible(format!("there is no queue '{number}'"))),
        }
    }
}
