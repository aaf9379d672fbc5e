//! The node of a RADIUS proxy.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tollgate_network::{Action, ActionError, Frame, Input, Node, Output, Peer, Server, Setup, SetupError};
use tollgate_radius::{Code, Packet, Presence, Secret, attribute, cisco, verify};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::packet::{self, Secrets};
use super::pair::{Pair, Part, Step};
use super::settings::Settings;
use super::table::{Homes, Pending, Table};
use crate::dynamic_authorization::PORT as DYNAMIC;
use crate::forwarding_registry::{Registry, RegistryDoor, SystemPlace, follows};
use crate::outbox::Outbox;
use crate::radius_client::discard;
use crate::settings::{Reader, words};

/// Ports of access and accounting requests (RFC 2865 section 3, RFC 2866 section 3).
const ACCESS: u16 = 1812;
const ACCOUNTING: u16 = 1813;
/// After so many tries at one server of a system the next one is asked, if it has another.
const TRIES: u32 = 2;

/// A RADIUS proxy.
#[derive(Debug)]
pub struct RadiusProxy {
    settings: Settings,
    registry: Registry,
    door: RegistryDoor,
    table: Table,
    homes: Homes,
    pair: Pair,
    random: ChaCha8Rng,
    started: bool,
    /// Whether a session goes where its account is, and not where it began.
    follows: bool,
    /// Counts what it passes on, for its Proxy-State.
    count: u64,
    out: Outbox,
}

/// A request that is to be passed on.
struct Errand<'a> {
    packet: Packet<'a>,
    /// From where, and to which address, it came.
    from: SocketAddr,
    at: SocketAddr,
    asker: Secret,
    target: SocketAddr,
    target_secret: Secret,
    /// Our own address in this.
    own: IpAddr,
    system: Option<SystemPlace>,
    server: usize,
}

impl RadiusProxy {
    /// A proxy with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let settings = Settings::read(setup)?;
        let read = Reader { setup };
        let mut registry = Registry::new(setup.systems.clone());
        if let Some(name) = read.opt_text("fallback") {
            registry.set_fallback(name).map_err(|error| SetupError(error.to_string()))?;
        }
        let port = u16::try_from(read.u32("registry-port")?).unwrap_or(u16::MAX);
        let pair = Pair::new(settings.watch, settings.misses, settings.begins);
        Ok(Self {
            door: RegistryDoor::new(setup.address, port),
            registry,
            table: Table::default(),
            homes: Homes::default(),
            pair,
            random: ChaCha8Rng::seed_from_u64(setup.seed),
            started: false,
            follows: follows(setup),
            count: 0,
            out: Outbox::new(setup.observe),
            settings,
        })
    }

    fn receive(&mut self, now: Instant, frame: &Frame) {
        let packet = match Packet::parse(&frame.payload) {
            Ok(packet) => packet,
            Err(error) => return discard(&mut self.out, frame, None, || error.to_string().into()),
        };
        match (packet.code(), frame.to.port()) {
            (Code::STATUS_SERVER, _) if Some(frame.from.ip()) == self.settings.partner => {
                self.partner_asks(frame, &packet);
            }
            (Code::ACCESS_REQUEST | Code::STATUS_SERVER, ACCESS)
            | (Code::ACCOUNTING_REQUEST | Code::STATUS_SERVER, ACCOUNTING) => {
                self.client_asks(now, frame, packet);
            }
            (Code::DISCONNECT_REQUEST | Code::COA_REQUEST, DYNAMIC) => self.system_asks(now, frame, packet),
            (code, _) if code.is_request() => {
                discard(&mut self.out, frame, Some(&packet), || "it is not for this port".into());
            }
            _ if Some(frame.from.ip()) == self.settings.partner => self.partner_answers(now, &packet),
            _ => self.answered(now, frame, &packet),
        }
    }

    /// A client of ours asks.
    fn client_asks(&mut self, now: Instant, frame: &Frame, packet: Packet<'_>) {
        let Some(secret) = self.settings.clients.get(&frame.from.ip()).cloned() else {
            return discard(&mut self.out, frame, Some(&packet), || "nobody knows this client".into());
        };
        let presence = verify::message_authenticator(&packet, &secret, None);
        let proved = match packet.code() {
            Code::ACCOUNTING_REQUEST => verify::accounting_request(&packet, &secret),
            Code::STATUS_SERVER => presence == Presence::Valid,
            _ => presence != Presence::Invalid,
        };
        if !proved {
            return discard(&mut self.out, frame, Some(&packet), || "its authenticator is wrong".into());
        }
        if packet.code() == Code::STATUS_SERVER {
            let code =
                if frame.to.port() == ACCESS { Code::ACCESS_ACCEPT } else { Code::ACCOUNTING_RESPONSE };
            if let Some(octets) = packet::alive(&packet, code, &secret, "this proxy is alive") {
                self.out.transmit(frame.answer(octets));
            }
            return;
        }
        let Some(server) = self.asked_before(now, frame, &packet) else { return };
        let Some(place) = self.system_of(frame.from.ip(), &packet) else {
            return discard(&mut self.out, frame, Some(&packet), || {
                "it is for no system, and none is the fallback".into()
            });
        };
        let servers = self.registry.system(place).map_or(&[][..], |system| &system.servers);
        let Some(chosen) = servers.get(server % servers.len().max(1)) else {
            return discard(&mut self.out, frame, Some(&packet), || {
                "the system does not know this proxy as its client".into()
            });
        };
        let Server { address, auth_port, acct_port, secret: target_secret } = chosen.clone();
        let port = if packet.code() == Code::ACCOUNTING_REQUEST { acct_port } else { auth_port };
        let errand = Errand {
            packet,
            from: frame.from,
            at: frame.to,
            asker: secret,
            target: SocketAddr::new(address, port),
            target_secret: Secret::from(target_secret.as_str()),
            own: self.settings.address,
            system: Some(place),
            server,
        };
        self.pass_on(now, errand);
    }

    /// A request that was passed on before is answered as before, or passed on again unchanged. Answers with the number of the
    /// server that one goes to which is new, or whose server does not answer.
    fn asked_before(&mut self, now: Instant, frame: &Frame, packet: &Packet<'_>) -> Option<usize> {
        let asked = (frame.from, packet.identifier(), *packet.authenticator());
        let Some((slot, pending)) = self.table.find(&asked) else { return Some(0) };
        pending.last = now;
        let (message, user) = (pending.message, pending.user.clone());
        let repeated = move |how: &'static str| {
            Fields::new().with("how", how).with("message", message).with("user", user)
        };
        if let Some(answer) = &pending.answer {
            let frame = frame.answer(answer.clone());
            self.out.transmit(frame);
            self.out.observe("repeated", || repeated("answered"));
            return None;
        }
        let servers =
            pending.system.and_then(|place| self.registry.system(place)).map_or(0, |own| own.servers.len());
        if pending.sent >= TRIES && servers > 1 {
            let next = pending.server + 1;
            let old = self.table.take(slot)?;
            self.out.observe("failover", || passed(&self.registry, &old, old.target));
            return Some(next);
        }
        pending.sent += 1;
        let frame = Frame { from: pending.from, to: pending.target, payload: pending.octets.clone() };
        self.out.transmit(frame);
        self.out.observe("repeated", || repeated("again"));
        None
    }

    /// Where a session goes: where it began, else where its account is; then where its numbers are.
    fn system_of(&mut self, client: IpAddr, packet: &Packet<'_>) -> Option<SystemPlace> {
        let session = packet.cisco(cisco::H323_CONF_ID).or_else(|| packet.text(attribute::ACCT_SESSION_ID));
        let known = session.and_then(|session| self.homes.of(client, session));
        let names = [attribute::USER_NAME, attribute::CALLING_STATION_ID, attribute::CALLED_STATION_ID];
        let names = names.into_iter().filter_map(|number| packet.text(number));
        // What follows its account goes where that is now, if the request tells it at all.
        let now = |registry: &Registry| names.clone().find_map(|name| registry.locate(name));
        let place = if self.follows { now(&self.registry).or(known) } else { known };
        let place = place.or_else(|| self.registry.route(names.clone()))?;
        if let Some(session) = session {
            self.homes.note(client, session, place);
        }
        Some(place)
    }

    /// A charging system wants a session ended or changed: the client is the one that the session's reports named.
    fn system_asks(&mut self, now: Instant, frame: &Frame, packet: Packet<'_>) {
        let from = frame.from.ip();
        let known = self.registry.systems().find_map(|(place, system)| {
            let server = system.servers.iter().find(|server| server.address == from)?;
            Some((place, Secret::from(server.secret.as_str())))
        });
        let Some((place, asker)) = known.filter(|(_, secret)| verify::accounting_request(&packet, secret))
        else {
            return discard(&mut self.out, frame, Some(&packet), || {
                "it does not prove that a charging system sent it".into()
            });
        };
        if self.asked_before(now, frame, &packet).is_none() {
            return;
        }
        let client = packet.ipv4(attribute::NAS_IP_ADDRESS).map(IpAddr::V4);
        let client = client.and_then(|at| Some((at, self.settings.clients.get(&at)?.clone())));
        let Some((client, target_secret)) = client else {
            return discard(&mut self.out, frame, Some(&packet), || "it names none of the clients".into());
        };
        // Clients trust the address that they ask.
        let active = matches!(self.pair.part(), Part::Active(_));
        let own = self.settings.shared.filter(|_| active).unwrap_or(self.settings.address);
        let target = SocketAddr::new(client, DYNAMIC);
        let errand = Errand {
            packet,
            from: frame.from,
            at: frame.to,
            asker,
            target,
            target_secret,
            own,
            system: Some(place),
            server: 0,
        };
        self.pass_on(now, errand);
    }

    fn pass_on(&mut self, now: Instant, errand: Errand<'_>) {
        let Errand { packet, from, at, asker, target, target_secret, own, system, server } = errand;
        let Some(slot) = self.table.free(now) else {
            return self.refuse(from, &packet, "too many requests wait for an answer");
        };
        let mut random = [0; 16];
        self.random.fill_bytes(&mut random);
        self.count += 1;
        let state = [&self.random_name()[..], &self.count.to_be_bytes()].concat();
        let secrets = Secrets { asker: &asker, asked: &target_secret };
        let Some(octets) = packet::onward(&packet, secrets, slot.1, &random, &state) else {
            return self.refuse(from, &packet, "it would become too long");
        };
        let authenticator = octets.get(4..20).and_then(|octets| octets.try_into().ok()).unwrap_or(random);
        let octets = Bytes::from(octets);
        let own = SocketAddr::new(own, self.settings.source_port.saturating_add(slot.0));
        self.out.transmit(Frame { from: own, to: target, payload: octets.clone() });
        let pending = Pending {
            asked: (from, packet.identifier(), *packet.authenticator()),
            at,
            asker,
            target,
            target_secret,
            from: own,
            octets,
            authenticator,
            state,
            answer: None,
            last: now,
            sent: 1,
            server,
            system,
            message: packet.code().name().unwrap_or("packet"),
            user: packet.text(attribute::USER_NAME).unwrap_or_default().into(),
        };
        self.out.observe("relayed", || passed(&self.registry, &pending, target));
        self.table.put(slot, pending);
    }

    /// What tells its Proxy-States from those of another proxy.
    fn random_name(&self) -> Vec<u8> {
        self.settings.address.to_string().into_bytes()
    }

    fn refuse(&mut self, from: SocketAddr, packet: &Packet<'_>, why: &'static str) {
        self.out.observe("discarded", || {
            Fields::new()
                .with("reason", why)
                .with("from", from.to_string().as_str())
                .with("message", packet.code().name().unwrap_or("packet"))
                .with("identifier", u32::from(packet.identifier()))
        });
    }

    /// An answer to what was passed on goes back to who asked.
    fn answered(&mut self, now: Instant, frame: &Frame, packet: &Packet<'_>) {
        let port = frame.to.port().checked_sub(self.settings.source_port);
        let pending = port.and_then(|port| self.table.get((port, packet.identifier())));
        let Some(pending) =
            pending.filter(|pending| pending.target == frame.from && pending.answer.is_none())
        else {
            return discard(&mut self.out, frame, Some(packet), || "it answers no request".into());
        };
        let proved = verify::response(packet, &pending.authenticator, &pending.target_secret)
            && verify::message_authenticator(packet, &pending.target_secret, Some(&pending.authenticator))
                != Presence::Invalid;
        if !proved {
            return discard(&mut self.out, frame, Some(packet), || "its authenticator is wrong".into());
        }
        let (from, identifier, authenticator) = pending.asked;
        let Some(octets) = packet::back(packet, &pending.asker, (identifier, &authenticator), &pending.state)
        else {
            return discard(&mut self.out, frame, Some(packet), || {
                "it does not return the Proxy-State".into()
            });
        };
        let octets = Bytes::from(octets);
        pending.answer = Some(octets.clone());
        pending.last = now;
        let mut fields = passed(&self.registry, pending, frame.from);
        fields =
            std::iter::once((Text::from("message"), Value::text(packet.code().name().unwrap_or("packet"))))
                .chain(
                    fields
                        .iter()
                        .filter(|(name, _)| *name != "message")
                        .map(|(name, value)| (name.into(), value.clone())),
                )
                .collect();
        let at = pending.at;
        // What came to the shared address is answered from it, by whoever has it.
        if Some(at.ip()) != self.settings.shared || matches!(self.pair.part(), Part::Active(_)) {
            self.out.transmit(Frame { from: at, to: from, payload: octets });
            self.out.observe("returned", || fields);
        }
    }

    fn partner_asks(&mut self, frame: &Frame, packet: &Packet<'_>) {
        let secret = self.settings.pair_secret.clone();
        if verify::message_authenticator(packet, &secret, None) != Presence::Valid {
            return discard(&mut self.out, frame, Some(packet), || "its authenticator is wrong".into());
        }
        let said = self.pair.part().said();
        if let Some(octets) = packet::alive(packet, Code::ACCESS_ACCEPT, &secret, &said) {
            self.out.transmit(frame.answer(octets));
        }
    }

    fn partner_answers(&mut self, now: Instant, packet: &Packet<'_>) {
        let own = self.heartbeat(packet.identifier());
        let proved = verify::response(packet, &own, &self.settings.pair_secret);
        let part = packet.text(attribute::REPLY_MESSAGE).and_then(Part::read);
        if let Some(part) = part.filter(|_| proved)
            && let Some(step) = self.pair.heard(part)
        {
            self.step(now, step);
        }
    }

    /// The authenticator of a heartbeat: it says nothing, and both know its answer by it.
    fn heartbeat(&self, identifier: u8) -> [u8; 16] {
        let mut authenticator = [identifier; 16];
        for (octet, own) in authenticator.iter_mut().zip(self.settings.address.to_string().bytes()) {
            *octet ^= own;
        }
        authenticator
    }

    fn step(&mut self, now: Instant, step: Step) {
        match step {
            Step::Ask => {
                let Some(partner) = self.settings.partner else { return };
                self.count += 1;
                let identifier = u8::try_from(self.count % 256).unwrap_or(0);
                let authenticator = self.heartbeat(identifier);
                if let Some(octets) = packet::status(identifier, &authenticator, &self.settings.pair_secret) {
                    let from =
                        SocketAddr::new(self.settings.address, self.settings.source_port.saturating_sub(1));
                    let to = SocketAddr::new(partner, ACCESS);
                    self.out.transmit(Frame { from, to, payload: octets.into() });
                }
            }
            Step::Claim(why) => {
                let Some(shared) = self.settings.shared else { return };
                self.pair.claimed(now);
                self.out.observe("active", || Fields::new().with("why", why));
                self.out.claim(shared);
            }
            Step::Yield => self.out.observe("standby", Fields::new),
        }
    }

    fn expire(&mut self, now: Instant) {
        self.door.expire(&mut self.out);
        if !self.started {
            self.started = true;
            if self.settings.begins {
                self.step(now, Step::Claim("it begins so"));
            }
        }
        if self.settings.partner.is_some() {
            for step in self.pair.expire(now) {
                self.step(now, step);
            }
        }
    }
}

/// What is observed of a request that is passed on.
fn passed(registry: &Registry, pending: &Pending, server: SocketAddr) -> Fields {
    let system = pending.system.and_then(|place| registry.system(place));
    Fields::with_capacity(5)
        .with("message", pending.message)
        .with("user", pending.user.clone())
        .with("system", system.map(|system| system.name.clone()).unwrap_or_default())
        .with("client", pending.asked.0.ip().to_string().as_str())
        .with("server", server.to_string().as_str())
}

impl Node for RadiusProxy {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(frame) => self.receive(now, frame),
            Input::Stream(id, event) => {
                self.door.take(id, event, &mut self.registry, &mut self.out);
            }
            Input::Timeout => self.expire(now),
        }
    }

    fn poll_output(&mut self) -> Output {
        let watch = if self.started {
            self.settings.partner.map(|_| self.pair.next_deadline())
        } else {
            Some(Instant::EPOCH)
        };
        self.out.poll_or_wait(&[watch, self.door.next_deadline()])
    }

    fn restart(&mut self, now: Instant) {
        self.out.clear();
        self.table.clear();
        self.homes.clear();
        self.door.restart();
        if self.settings.partner.is_some() {
            self.pair.restart(now);
        }
    }
}

impl Peer for RadiusProxy {
    fn perform(&mut self, _: Instant, action: &Action) -> Result<(), ActionError> {
        let to = match action.verb.as_str() {
            "move" => Some(action.text("to")?),
            "forget" => None,
            other => return Err(ActionError::UnknownVerb(other.to_owned())),
        };
        for number in words(action.args.get("numbers")).iter().filter_map(Value::as_text) {
            let moved = match to {
                Some(system) => self.registry.assign(number, system),
                None => self.registry.forget(number),
            };
            moved.map_err(|error| ActionError::Impossible(error.to_string()))?;
        }
        Ok(())
    }
}
