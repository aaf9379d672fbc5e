//! The gateway as a participant of the network: a datagram comes in, is verified, looked up among its
//! copies, understood, given to the core, and answered.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tollgate_network::{Frame, Input, Node, Observation, Output};
use tollgate_ocs_core::site::Availability;
use tollgate_ocs_core::{
    Answer, Catalogue, Command, Context, Denial, Effect, Ocs, Record, RecordError, Seat,
};
use tollgate_radius::{Builder, Code, EncodeError, Packet, attribute};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use crate::access::{self, Access, Asked};
use crate::accounting::{self, Accounting};
use crate::answers::{self, About};
use crate::api::ApiFace;
use crate::charge;
use crate::clients::Client;
use crate::config::GatewayConfig;
use crate::counters::{Count, Counters, Discard};
use crate::custom::Custom;
use crate::diameter::{DiameterFace, DiameterOrder};
use crate::duplicates::{Duplicates, Key, Ticket, Verdict};
use crate::dynamic::{self, Dynamic, Order};
use crate::observe;
use crate::proof::verified;
use crate::reach::{Whom, seat_of};
use crate::record::Recorded;
use crate::routing::{self, Asking};
use crate::shared::{Oddities, Request};
use crate::site::{Duty, SiteFace};
use crate::voucher;

/// The RADIUS face of the charging core, with the core behind it.
pub struct RadiusGateway {
    pub(crate) config: Arc<GatewayConfig>,
    pub(crate) core: Recorded,
    duplicates: Duplicates,
    /// Sessions that their clients can be told to change or to end.
    pub(crate) dynamic: Dynamic,
    /// What effects ask of sessions, until it is sent.
    pub(crate) orders: Vec<(Whom, Order)>,
    /// The Diameter face, where there is one.
    pub(crate) diameter: Option<Box<DiameterFace>>,
    /// The HTTP face, where there is one.
    pub(crate) api: Option<Box<ApiFace>>,
    /// What effects ask of Diameter sessions, until it is sent.
    pub(crate) diameter_orders: Vec<DiameterOrder>,
    /// The link to the system's other sites, where there are some.
    pub(crate) site: Option<Box<SiteFace>>,
    counters: Counters,
    pub(crate) outputs: VecDeque<Output>,
    effects: Vec<Effect>,
    oddities: Oddities,
    /// The last answer's memory, for the next one.
    buffer: Vec<u8>,
}

/// A verified request.
struct Received<'a> {
    frame: &'a Frame,
    packet: &'a Packet<'a>,
    client: &'a Client,
    /// The client's place among the clients.
    place: usize,
    ticket: Ticket,
}

/// Why a verified request got no answer.
#[derive(Debug, thiserror::Error)]
enum Unanswerable {
    #[error(transparent)]
    DoesNotFit(#[from] EncodeError),
    #[error(transparent)]
    NotRecorded(#[from] RecordError),
}

impl Unanswerable {
    const fn reason(&self) -> Discard {
        match self {
            Self::DoesNotFit(_) => Discard::NoRoomForAnswer,
            Self::NotRecorded(_) => Discard::RecordFull,
        }
    }
}

/// A discard with what is to be said of it. The text is made only for an observer.
type Refused<'a> = (Discard, &'a dyn Fn() -> String);

impl RadiusGateway {
    /// A gateway in front of a core that begins with this catalogue. A restart begins with it again, so
    /// that many gateways may share one.
    #[must_use]
    pub fn new(config: GatewayConfig, catalogue: impl Into<Arc<Catalogue>>) -> Self {
        let mut core = Recorded::new(catalogue.into(), config.command_log);
        core.notes_time(config.site.is_some());
        Self::over(config, core)
    }

    fn over(config: GatewayConfig, core: Recorded) -> Self {
        let api = config.api.clone().map(|own| Box::new(ApiFace::new(own)));
        let mut gateway = Self {
            outputs: api.iter().flat_map(|face| face.listen()).collect(),
            core,
            duplicates: Duplicates::new(config.duplicate_life, config.duplicates_max),
            dynamic: Dynamic::default(),
            orders: Vec::new(),
            diameter: config
                .diameter
                .clone()
                .map(|own| Box::new(DiameterFace::new(own, config.observe, config.seed))),
            diameter_orders: Vec::new(),
            api,
            site: config.site.clone().map(|own| Box::new(SiteFace::new(own))),
            counters: Counters::new(config.clients.len()),
            effects: Vec::new(),
            oddities: Oddities::new(config.observe),
            buffer: Vec::new(),
            config: Arc::new(config),
        };
        gateway.begin_as_site();
        gateway
    }

    /// A gateway whose core goes on from what a store holds; answers with it how many commands were applied
    /// again. It says nothing before what it promises is stored; many requests that come before it is polled
    /// share one commit.
    ///
    /// # Errors
    /// The store cannot be read, or goes with another catalogue.
    pub fn stored(
        config: GatewayConfig,
        catalogue: impl Into<Arc<Catalogue>>,
        record: Box<dyn Record>,
    ) -> Result<(Self, u64), RecordError> {
        let catalogue = catalogue.into();
        let (core, replayed) = Recorded::stored(Arc::clone(&catalogue), record)?;
        Ok((Self::over(config, core), replayed))
    }

    /// Stores what waits and keeps the state for the next start, before an orderly end.
    ///
    /// # Errors
    /// The store failed.
    pub fn close(&mut self) -> Result<(), RecordError> {
        self.core.close()
    }

    /// The core, to look at.
    #[must_use]
    pub const fn ocs(&self) -> &Ocs {
        self.core.ocs()
    }

    /// What was counted since the start or the last restart.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &GatewayConfig {
        &self.config
    }

    /// The command log: what a restart applies again, in order.
    #[must_use]
    pub fn recorded(&self) -> &[(Instant, Command)] {
        self.core.commands()
    }

    /// The state that a restart at this time would find, as text.
    pub(crate) fn rebuilt(&self, now: Instant) -> String {
        self.core.rebuilt(now)
    }

    pub(crate) fn observe(&mut self, observation: impl FnOnce() -> Observation) {
        if self.config.observe {
            self.outputs.push_back(Output::Observe(observation()));
        }
    }

    /// Gives a command to the core, shows what it brought about, and returns its answer.
    ///
    /// # Errors
    /// The command log is full; nothing has changed.
    pub(crate) fn apply(&mut self, now: Instant, command: Command) -> Result<Option<Answer>, RecordError> {
        let mut effects = std::mem::take(&mut self.effects);
        let applied = self.core.apply(now, command, &mut effects);
        let answer = self.show(&mut effects);
        self.effects = effects;
        self.send_orders(now);
        self.send_diameter_orders(now);
        applied.map(|()| answer)
    }

    pub(crate) fn expire(&mut self, now: Instant) {
        let mut effects = std::mem::take(&mut self.effects);
        self.core.expire(now, &mut effects);
        self.show(&mut effects);
        self.effects = effects;
        self.send_orders(now);
        self.send_diameter_orders(now);
        self.send_again(now);
    }

    /// Observes effects in their order. The last answer among them is returned.
    fn show(&mut self, effects: &mut Vec<Effect>) -> Option<Answer> {
        let mut answer = None;
        for effect in effects.drain(..) {
            self.note_order(&effect);
            self.note_diameter_order(&effect);
            match effect {
                Effect::Answer(own) => answer = Some(own),
                Effect::Xdr(xdr) => self.observe(|| observe::xdr(&xdr)),
                Effect::XdrMoved(xdr) => self.observe(|| observe::moved_xdr(&xdr)),
                Effect::Balance(change) => self.observe(|| observe::balance_change(&change)),
                Effect::Event(event) => self.observe(|| observe::event(&event)),
                Effect::Closed(closed) => self.observe(|| observe::closed(&closed)),
                Effect::Site(fact) => self.show_site_fact(&fact),
            }
        }
        answer
    }

    /// Stores what the outputs promise. When that fails, none of them is said, nor any copy of an answer.
    fn commit(&mut self) {
        if let Err(error) = self.core.commit() {
            self.outputs.clear();
            self.duplicates.clear();
            if let Some(face) = &mut self.diameter {
                face.forget_answers();
            }
            // Said whether anybody observes or not: nothing more will be answered.
            self.outputs.push_back(Output::Observe(store_failed(&error)));
        }
    }

    pub(crate) fn discard(&mut self, frame: &Frame, client: Option<usize>, (why, detail): Refused<'_>) {
        self.counters.of(client).note_discard(why);
        let config = Arc::clone(&self.config);
        self.observe(|| {
            let mut fields = Fields::new().with("reason", why.name());
            if let Some(client) = client.and_then(|place| config.clients.get(place)) {
                fields.push("client", client.name.clone());
            }
            fields.push("from", frame.from.ip());
            let detail = detail();
            if !detail.is_empty() {
                fields.push("detail", detail.as_str());
            }
            Observation::new("discard", fields)
        });
    }

    fn receive(&mut self, now: Instant, frame: &Frame) {
        let config = Arc::clone(&self.config);
        let place = self.client_of(frame);
        let Some((place, client)) = place.and_then(|place| Some((place, config.clients.get(place)?))) else {
            return self.discard(frame, None, (Discard::UnknownClient, &String::new));
        };
        let packet = match Packet::parse(&frame.payload) {
            Ok(packet) => packet,
            Err(error) => {
                return self.discard(frame, Some(place), (Discard::Malformed, &|| error.to_string()));
            }
        };
        if self.pass_back(frame, &packet) {
            return;
        }
        if dynamic::is_answer(packet.code()) && frame.to.port() == config.acct_port {
            if let Err(why) = self.hear(now, frame, &packet, client) {
                self.discard(frame, Some(place), (why, &String::new));
            }
            return;
        }
        if let Err((why, detail)) = verified(&config, frame.to.port(), client, &packet) {
            return self.discard(frame, Some(place), (why, &|| detail.to_string()));
        }
        match self.duty() {
            Duty::Serve => {}
            Duty::Proxy => return self.pass_on(frame, &packet, place),
            Duty::Silent => {
                return self.discard(frame, Some(place), (Discard::NotServing, &String::new));
            }
        }
        self.counters.of(Some(place)).note(match packet.code() {
            Code::ACCESS_REQUEST => Count::AccessRequest,
            Code::ACCOUNTING_REQUEST => Count::AccountingRequest,
            _ => Count::StatusServer,
        });
        self.observe(|| observe::message(packet.code(), frame.payload.clone()));
        let key = Key { from: frame.from, code: packet.code().0, identifier: packet.identifier() };
        let ticket = match self.duplicates.admit(now, key, *packet.authenticator()) {
            Verdict::New(ticket) => ticket,
            Verdict::Answered(answer) => {
                let answer = Bytes::copy_from_slice(answer);
                return self.answer_again(frame, place, &packet, answer);
            }
            Verdict::Unanswered => {
                return self.discard(frame, Some(place), (Discard::Unanswered, &String::new));
            }
        };
        self.handle(now, &Received { frame, packet: &packet, client, place, ticket });
    }

    fn handle(&mut self, now: Instant, received: &Received<'_>) {
        let answered = match received.packet.code() {
            Code::ACCESS_REQUEST => self.handle_access(now, received),
            Code::ACCOUNTING_REQUEST => self.handle_accounting(now, received),
            _ => self.handle_status(received),
        };
        match answered.and_then(|builder| Ok(finished(builder, received)?)) {
            Ok(octets) => {
                self.duplicates.complete(received.ticket, &octets);
                self.transmit(received.frame, Bytes::copy_from_slice(&octets));
                self.buffer = octets;
            }
            Err(error) => {
                let detail = || error.to_string();
                self.discard(received.frame, Some(received.place), (error.reason(), &detail));
            }
        }
    }

    fn handle_access(&mut self, now: Instant, received: &Received<'_>) -> Result<Builder, Unanswerable> {
        let Received { packet, client, .. } = *received;
        let request = understood(packet, client);
        let application = self.application(request.application());
        let mut oddities = std::mem::take(&mut self.oddities);
        let (ocs, first) = (self.core.ocs(), self.core.ocs().env());
        let env = client.environment_of(request.custom.session_env, first);
        let password = |account: &str| ocs.environment(env).and_then(|ocs| ocs.password(account));
        let Access { asked, service, used, command } =
            access::read(&request, &client.secret, password, &mut oddities);
        self.note_oddities(received, oddities);
        let seed = answers::seed(self.config.seed, packet.authenticator());
        let access_code = request.custom.original_cld;
        let about = About { asked, service, node: &client.name, seed, access_code };
        let command = match command {
            Ok(_) if application.is_some_and(|own| own.alone == Availability::Closed) => {
                return Ok(self.reject(received, about, Denial::NotAvailable, None)?);
            }
            Ok(command) => command,
            Err(denial) => return Ok(self.reject(received, about, denial, None)?),
        };
        let mut seat = if client.templates.is_empty() { None } else { seat_of(&command, service) };
        if let Some(seat) = &mut seat {
            seat.account = self.ocs().qualified(env, &seat.account);
        }
        let seat = seat.as_ref();
        if let Some(used) = used {
            self.apply(now, Command::Account(*used).within(env, first))?;
        }
        let config = Arc::clone(&self.config);
        let routes = config.routes_of(env, first).filter(|_| asked == Asked::Routing);
        Ok(match (self.apply(now, command.within(env, first))?, routes) {
            // Who knows of no routes tells of none, but for the way to the own subscribers.
            (Some(Answer::Accepted(accepted)), Some(routes))
                if !routes.is_empty() || accepted.called.is_some() =>
            {
                let asking = Asking {
                    now,
                    start_wait: self
                        .ocs()
                        .environment(env)
                        .map_or(Duration::ZERO, |it| it.settings().start_wait),
                    seed: request.custom.seed,
                    calling_party: request.custom.calling_party,
                    knows_redirects: self.ocs().site().release().knows_redirects(),
                };
                self.accept(received, seat, |builder| {
                    routing::routed(builder, about, &asking, &accepted, routes)
                })?
            }
            (Some(Answer::Accepted(accepted)), _) => {
                self.accept(received, seat, |builder| answers::accept(builder, about, &accepted))?
            }
            (Some(Answer::Recharged(recharged)), _) => {
                self.accept(received, seat, |builder| voucher::recharged(builder, about, &recharged))?
            }
            (Some(Answer::Denied(denied)), _) => {
                self.reject(received, about, denied.denial, denied.context.as_ref())?
            }
            // The core answers a request for access with one of those above; anything else grants nothing.
            _ => self.reject(received, about, Denial::NotAvailable, None)?,
        })
    }

    fn accept(
        &mut self,
        received: &Received<'_>,
        seat: Option<&Seat>,
        write: impl FnOnce(&mut Builder) -> Result<(), EncodeError>,
    ) -> Result<Builder, EncodeError> {
        let mut builder = self.signed(received, Code::ACCESS_ACCEPT)?;
        write(&mut builder)?;
        self.counters.of(Some(received.place)).note(Count::AccessAccept);
        if received.client.templates.is_empty() {
            return Ok(builder);
        }
        let octets = builder.finish_response(received.packet.authenticator(), &received.client.secret)?;
        let mut builder = self.signed(received, Code::ACCESS_ACCEPT)?;
        self.rewrite(&octets, seat, received.client, &mut builder)?;
        Ok(builder)
    }

    fn reject(
        &mut self,
        received: &Received<'_>,
        about: About<'_>,
        denial: Denial,
        context: Option<&Context>,
    ) -> Result<Builder, EncodeError> {
        let mut builder = self.signed(received, Code::ACCESS_REJECT)?;
        answers::reject(&mut builder, about, denial, context)?;
        self.counters.of(Some(received.place)).note(Count::AccessReject);
        Ok(builder)
    }

    fn handle_accounting(&mut self, now: Instant, received: &Received<'_>) -> Result<Builder, Unanswerable> {
        let request = understood(received.packet, received.client);
        let mut oddities = std::mem::take(&mut self.oddities);
        let read = accounting::read(&request, &self.config.zones, &mut oddities);
        let first = self.ocs().env();
        let env = received.client.environment_of(request.custom.session_env, first);
        self.note_oddities(received, oddities);
        let mut charged = None;
        self.follow(received.frame, received.packet, (received.place, received.client), env, &read);
        let refused = if let Accounting::Refused(denial) = &read { Some(*denial) } else { None };
        // The command is in the record when it is applied: only then may it be confirmed (RFC 2866 section 2).
        match read {
            Accounting::Usage(report) => {
                let session = report.charge.is_some().then(|| report.session.clone());
                if let Some(Answer::Charged(report)) =
                    self.apply(now, Command::Account(*report).within(env, first))?
                {
                    charged = session.map(|session| (session, report));
                }
            }
            Accounting::NodeNotice(delay) => {
                let node = received.client.name.to_string();
                self.apply(now, Command::NodeRestarted { node, delay })?;
            }
            Accounting::Refused(_) => {}
        }
        self.counters.of(Some(received.place)).note(Count::AccountingResponse);
        let mut builder = self.unsigned(received, Code::ACCOUNTING_RESPONSE);
        if let Some((session, report)) = charged {
            charge::write(&mut builder, &session, &report)?;
        }
        if let Some(denial) = refused {
            charge::refuse(&mut builder, denial)?;
        }
        Ok(builder)
    }

    /// RFC 5997 section 2.1: an Access-Accept at the one port, an Accounting-Response at the other.
    fn handle_status(&mut self, received: &Received<'_>) -> Result<Builder, Unanswerable> {
        let auth = received.frame.to.port() == self.config.auth_port;
        Ok(self.signed(received, if auth { Code::ACCESS_ACCEPT } else { Code::ACCOUNTING_RESPONSE })?)
    }

    fn unsigned(&mut self, received: &Received<'_>, code: Code) -> Builder {
        Builder::over(std::mem::take(&mut self.buffer), code, received.packet.identifier())
    }

    /// An answer with a Message-Authenticator in front, where it protects what follows (CVE-2024-3596).
    fn signed(&mut self, received: &Received<'_>, code: Code) -> Result<Builder, EncodeError> {
        let mut builder = self.unsigned(received, code);
        builder.message_authenticator()?;
        Ok(builder)
    }

    fn note_oddities(&mut self, received: &Received<'_>, mut oddities: Oddities) {
        for (what, detail) in oddities.drain() {
            self.counters.of(Some(received.place)).note_oddity(what);
            self.observe(|| {
                let fields = Fields::new()
                    .with("what", what.name())
                    .with("client", received.client.name.clone())
                    .with("detail", detail.as_str());
                Observation::new("oddity", fields)
            });
        }
        self.oddities = oddities;
    }

    fn answer_again(&mut self, frame: &Frame, place: usize, packet: &Packet<'_>, answer: Bytes) {
        self.counters.of(Some(place)).note(Count::Duplicate);
        let config = Arc::clone(&self.config);
        self.observe(|| {
            let name = config.clients.get(place).map(|client| client.name.clone()).unwrap_or_default();
            let fields = Fields::new()
                .with("message", packet.code().to_string().as_str())
                .with("client", name)
                .with("identifier", u32::from(packet.identifier()));
            Observation::new("duplicate", fields)
        });
        self.transmit(frame, answer);
    }

    fn transmit(&mut self, request: &Frame, answer: Bytes) {
        self.outputs.push_back(Output::Transmit(request.answer(answer.clone())));
        if self.config.observe {
            self.outputs.push_back(Output::Observe(observe::answer(&self.config, request, answer)));
        }
    }
}

fn store_failed(error: &RecordError) -> Observation {
    Observation::new("store-failed", Fields::new().with("detail", error.to_string().as_str()))
}

fn understood<'a>(packet: &'a Packet<'a>, client: &'a Client) -> Request<'a> {
    Request { packet, custom: Custom::read(packet), node: &client.name, trusted: client.trusted }
}

/// The signed answer, the request's Proxy-States copied in their order (RFC 2865 section 5.33).
fn finished(mut builder: Builder, received: &Received<'_>) -> Result<Vec<u8>, EncodeError> {
    for own in received.packet.all(attribute::PROXY_STATE) {
        builder.bytes(attribute::PROXY_STATE, own.value)?;
    }
    builder.finish_response(received.packet.authenticator(), &received.client.secret)
}

impl Node for RadiusGateway {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => self.receive(now, frame),
            Input::Timeout => {
                self.expire_site(now);
                self.expire(now);
                self.expire_diameter(now);
            }
            Input::Stream(id, event) => {
                if !self.take_api_stream(now, id, event) && !self.take_site_stream(now, id, event) {
                    self.take_stream(now, id, event);
                }
            }
        }
    }

    fn poll_output(&mut self) -> Output {
        self.catch_up();
        if self.core.is_pending() {
            self.commit();
        }
        self.tell_followers();
        self.flush_site();
        self.outputs.pop_front().unwrap_or_else(|| Output::Wait(self.next_deadline()))
    }

    fn restart(&mut self, now: Instant) {
        self.outputs.clear();
        self.duplicates.clear();
        self.dynamic.clear();
        self.orders.clear();
        self.diameter_orders.clear();
        if let Some(face) = &mut self.diameter {
            face.restart(now);
        }
        if let Some(face) = &mut self.api {
            face.restart();
            self.outputs.extend(face.listen());
        }
        self.counters = Counters::new(self.config.clients.len());
        match self.core.replay() {
            Ok(commands) => self.observe(|| {
                Observation::new("replayed", Fields::new().with("commands", Value::from(commands)))
            }),
            Err(error) => self.outputs.push_back(Output::Observe(store_failed(&error))),
        }
        self.restart_site(now);
        // What would have expired meanwhile expires now.
        self.expire(now);
        self.expire_diameter(now);
    }
}
