//! The SIP server as a node: what comes in is led to the call or the registration that it concerns.

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_radius::Code;
use tollgate_sip::Method;
use tollgate_sip::dialog::DialogId;
use tollgate_sip::transaction::TransactionId;
use tollgate_time::Instant;

use super::answers;
use super::call::{Call, CallId};
use super::messages::{About, Ask, Query};
use super::office::{Alarm, Office, Role};
use super::register::{self, Registration, Registrations};
use super::registrar::Registrar;
use super::settings::Settings;
use crate::apart::Notice;
use crate::dynamic_authorization::{self, Cause, Identity, Receiver};
use crate::radius_client::{Answer, Request, Service};
use crate::settings;
use crate::sip::{self, Happening, Received, Station, is_within_dialog};

/// How often ended bindings are looked for.
pub(super) const SWEEP: Duration = Duration::from_secs(600);

/// A SIP server.
#[derive(Debug)]
pub struct SipServer {
    pub(super) office: Office,
    pub(super) registrar: Registrar,
    pub(super) registrations: Registrations,
    receiver: Receiver,
    pub(super) calls: BTreeMap<CallId, Call>,
    pub(super) calls_made: u64,
}

/// One call in the hands of what has happened to it.
pub(super) struct Line<'a> {
    pub(super) now: Instant,
    pub(super) call: &'a mut Call,
    pub(super) office: &'a mut Office,
    pub(super) registrar: &'a mut Registrar,
}

impl SipServer {
    /// A server without calls.
    ///
    /// # Errors
    /// A setting is missing or of the wrong type, or no charging system is given.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let servers = settings::servers(setup, "sip-server")?;
        let station = sip::settings::station(setup, &[])?;
        let own = Settings::read(setup, station.timers)?;
        Ok(Self {
            receiver: Receiver::new(setup.address, own.identifier.clone(), &servers),
            office: Office::open(own, Station::new(station, setup.seed, setup.observe), &servers, setup.seed),
            registrar: Registrar::default(),
            registrations: Registrations::default(),
            calls: BTreeMap::new(),
            calls_made: 0,
        })
    }

    /// Has something happen to a call, and forgets it when nothing is left to be done about it.
    pub(super) fn with_line<T>(
        &mut self,
        now: Instant,
        id: CallId,
        act: impl FnOnce(&mut Line<'_>) -> T,
    ) -> Option<T> {
        let mut call = self.calls.remove(&id)?;
        let Self { office, registrar, .. } = self;
        let done = act(&mut Line { now, call: &mut call, office, registrar });
        if call.is_forgettable() {
            for party in [&call.caller, &call.callee].into_iter().flatten() {
                self.office.dialogs.remove(party.dialog.id());
            }
        } else {
            self.calls.insert(id, call);
        }
        Some(done)
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.office.station.poll() {
            match happening {
                Happening::Request(id, request) => self.request(now, id, &request),
                Happening::Cancel(invite, _) => {
                    if let Some((call, Role::Offer)) = self.office.transactions.get(&invite).copied() {
                        self.with_line(now, call, |line| line.caller_gives_up());
                    }
                }
                Happening::Ack(_, ack) => self.acknowledged(now, &ack),
                Happening::Response(id, answer) => {
                    if let Some((call, role)) = self.office.transactions.get(&id).copied() {
                        self.with_line(now, call, |line| line.answered(id, role, Some(&answer)));
                    }
                }
                Happening::TimedOut(id) => {
                    if let Some((call, role)) = self.office.transactions.get(&id).copied() {
                        self.with_line(now, call, |line| line.answered(id, role, None));
                    }
                }
                Happening::Stray(answer) => self.stray(now, &answer),
                Happening::Ended(id) => {
                    if let Some((call, Role::Attempt)) = self.office.transactions.remove(&id) {
                        self.with_line(now, call, |line| line.attempt_ended(id));
                    }
                }
                Happening::Passing(_) => {}
            }
        }
    }

    fn request(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        let Some(method) = message.method() else { return };
        if is_within_dialog(&message) {
            return self.within(now, id, request);
        }
        match method {
            Method::INVITE => self.begin(now, id, request),
            Method::REGISTER => self.register(now, id, request),
            Method::OPTIONS => self.office.turn_down(now, id, request, 200),
            _ => self.office.turn_down(now, id, request, 405),
        }
    }

    /// A request within a dialog goes to its call.
    fn within(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let dialog = request.message().and_then(|message| DialogId::of_received(&message).ok());
        let known = dialog.and_then(|dialog| self.office.dialogs.get(&dialog).copied());
        let taken = known.and_then(|(call, side)| {
            self.office.transactions.insert(id, (call, Role::Within(side)));
            self.with_line(now, call, |line| line.within(id, side, request))
        });
        if taken.is_none() {
            self.office.turn_down(now, id, request, 481);
        }
    }

    /// The ACK of a 2xx belongs to its dialog.
    fn acknowledged(&mut self, now: Instant, ack: &Received) {
        let dialog = ack.message().and_then(|message| DialogId::of_received(&message).ok());
        let known = dialog.and_then(|dialog| self.office.dialogs.get(&dialog).copied());
        if let Some((call, side)) = known {
            self.with_line(now, call, |line| line.acknowledged(side, ack));
        }
    }

    /// A 2xx that came again: its ACK goes out again.
    fn stray(&mut self, now: Instant, answer: &Received) {
        let dialog = answer.message().and_then(|message| DialogId::of_received(&message).ok());
        let known = dialog.and_then(|dialog| self.office.dialogs.get(&dialog).copied());
        if let Some((call, side)) = known {
            self.with_line(now, call, |line| line.acknowledge_again(side));
        }
    }

    fn answer(&mut self, now: Instant, ask: Ask, verdict: answers::Verdict) {
        match ask.about {
            About::Registration(number) => self.registration_answered(now, number, Some(&verdict)),
            About::Caller(id) => {
                self.with_line(now, id, |line| line.caller_answered(&ask, verdict));
            }
            About::Incoming(id) => {
                self.with_line(now, id, |line| line.incoming_answered(&ask, verdict));
            }
            About::Onward(id) => {
                self.with_line(now, id, |line| line.onward_answered(&ask, verdict));
            }
            About::Transfer(id) => {
                self.with_line(now, id, |line| line.transfer_answered(&ask, verdict));
            }
        }
    }

    fn receive(&mut self, now: Instant, frame: &tollgate_network::Frame) -> bool {
        if frame.to.port() == dynamic_authorization::PORT {
            self.authorize_anew(now, frame);
            return true;
        }
        let own = self.office.settings.client.source_port;
        let ports = u32::from(own)..u32::from(own) + 2 * u32::from(crate::radius_client::PORTS_MAX);
        if !ports.contains(&u32::from(frame.to.port())) {
            return false;
        }
        let Some(Answer { query, packet }) = self.office.client.receive(frame, &mut self.office.station.out)
        else {
            return true;
        };
        if let Query::Ask(ask) = query {
            self.answer(now, *ask, answers::read(&packet));
        }
        true
    }

    /// A request of the charging system to end calls.
    fn authorize_anew(&mut self, now: Instant, frame: &tollgate_network::Frame) {
        let Some(request) = self.receiver.receive(now, frame, &mut self.office.station.out) else { return };
        let named = |call: &Call| {
            call.charges.iter().filter(|charge| !charge.stopped).any(|charge| {
                request.identity.names(&Identity {
                    user_name: Some(&charge.leg.user),
                    nas_port: Some(5060),
                    called: Some(&charge.leg.called),
                    calling: Some(&charge.leg.calling),
                    session_id: Some(&charge.leg.session_id),
                    conf_id: Some(&charge.leg.conf_id),
                    ..Identity::default()
                })
            })
        };
        let calls: Vec<CallId> = self.calls.values().filter(|call| named(call)).map(|call| call.id).collect();
        let outcome = if !request.is_disconnect() {
            Err(Cause::UnsupportedAttribute)
        } else {
            let found = if calls.is_empty() { Err(Cause::SessionContextNotFound) } else { Ok(()) };
            request.carries_only_identity().and(found)
        };
        self.receiver.answer(now, &mut self.office.station.out, &request, outcome);
        if outcome.is_ok() {
            for id in calls {
                self.with_line(now, id, |line| line.end_by_server(now, "disconnected"));
            }
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, alarm)) = self.office.alarms.pop_due(now) {
            match alarm {
                Alarm::Patience(id) => {
                    self.with_line(now, id, |line| line.patience_ends());
                }
                Alarm::Cut(id) => {
                    self.with_line(now, id, |line| line.end_by_server(at, "granted-time-over"));
                }
                Alarm::Interim(id) => {
                    self.with_line(now, id, |line| line.interim());
                }
                Alarm::Again(id) => {
                    self.with_line(now, id, |line| line.answer_again());
                }
                Alarm::Sweep => {
                    self.registrar.sweep(now);
                    if self.registrar.len() > 0 {
                        self.office.alarms.set(now + SWEEP, Alarm::Sweep);
                    }
                }
            }
        }
        while let Some(query) = self.office.give_up(now) {
            match query {
                Query::Ask(ask) => self.unanswered(now, &ask),
                Query::Report(report) => {
                    self.office.lost((
                        report.stage.name(),
                        report.leg.origin.name(),
                        report.leg.user.clone(),
                    ));
                }
                Query::On(_) => {}
            }
        }
    }

    /// No charging system answered.
    fn unanswered(&mut self, now: Instant, ask: &Ask) {
        match ask.about {
            About::Registration(number) => self.registration_answered(now, number, None),
            About::Caller(id) | About::Incoming(id) | About::Onward(id) => {
                self.with_line(now, id, |line| line.unanswered());
            }
            About::Transfer(id) => {
                self.with_line(now, id, |line| line.transfer_unanswered());
            }
        }
    }

    /// Keeps a registration until the charging system has answered.
    pub(super) fn keep(&mut self, registration: Registration) -> Option<u64> {
        self.registrations.keep(registration)
    }
}

impl Node for SipServer {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        let taken = match input {
            Input::Receive(frame) => self.receive(now, frame),
            Input::Timeout => {
                self.expire(now);
                false
            }
            Input::Stream(..) => false,
        };
        if !taken {
            let Self { office, registrar, registrations, .. } = self;
            let Office { settings, station, .. } = office;
            station.take_first(now, input, &mut |station, received, message| {
                register::again(now, settings, (registrar, registrations), station, (received, message))
            });
        }
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.office.poll()
    }

    fn restart(&mut self, now: Instant) {
        self.office.restart();
        self.registrar.clear();
        self.registrations.clear();
        self.receiver.clear();
        self.calls.clear();
        if self.office.settings.accounting_on {
            let settings = &self.office.settings;
            let (address, identifier) = (settings.address, settings.identifier.clone());
            let session_id = self.office.next_session_id();
            let request = Request {
                query: Query::On(Notice { address, identifier, session_id, at: now }),
                service: Service::Accounting,
                code: Code::ACCOUNTING_REQUEST,
                since: now,
                persistent: true,
            };
            // Without a server there is nobody to tell.
            let _ = self.office.send(now, request);
        }
    }
}

impl Peer for SipServer {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        if action.verb.as_str() == "hangup" {
            let wanted = action.opt_text("user");
            let of =
                |call: &&Call| wanted.is_none_or(|user| call.charges.iter().any(|own| own.leg.user == *user));
            let ids: Vec<CallId> = self.calls.values().filter(of).map(|call| call.id).collect();
            if ids.is_empty() {
                return Err(ActionError::Impossible("there is no such call".to_owned()));
            }
            for id in ids {
                self.with_line(now, id, |line| line.end_by_server(now, "hung-up"));
            }
            self.settle(now);
            return Ok(());
        }
        sip::spelt::perform(&mut self.office.station, action, "", None)
            .unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())))
    }
}
