//! The node of a Diameter proxy.

use std::collections::{BTreeMap, VecDeque};

use tollgate_diameter::peer::{Applications, ConnectionId, Relay};
use tollgate_diameter::{AvpFlags, Builder, Message, avp};
use tollgate_network::{Action, ActionError, DiameterServer, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use crate::diameter::{self, Desk, Happening};
use crate::forwarding_registry::{Registry, RegistryDoor, SystemPlace, follows};
use crate::settings::{Reader, words};

/// So many sessions are remembered; of further ones the oldest is forgotten, and goes where its subscriber is.
pub const SESSIONS_MAX: usize = 1 << 16;

/// A Diameter proxy.
#[derive(Debug)]
pub struct DiameterProxy {
    desk: Desk,
    registry: Registry,
    door: RegistryDoor,
    /// Whether a session goes where its subscriber is, and not where it began.
    follows: bool,
    homes: BTreeMap<Text, SystemPlace>,
    order: VecDeque<Text>,
}

impl DiameterProxy {
    /// A proxy with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or no system speaks Diameter.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let servers: Vec<DiameterServer> =
            setup.systems.iter().flat_map(|system| system.diameter.clone()).collect();
        if servers.is_empty() {
            return Err(SetupError(
                "a diameter-proxy needs a charging system that speaks Diameter".to_owned(),
            ));
        }
        let read = Reader { setup };
        let mut registry = Registry::new(setup.systems.clone());
        if let Some(name) = read.opt_text("fallback") {
            registry.set_fallback(name).map_err(|error| SetupError(error.to_string()))?;
        }
        let port = u16::try_from(read.u32("registry-port")?).unwrap_or(u16::MAX);
        let mut settings = diameter::own(setup, Applications::relay(), Some(diameter::listening(setup)?));
        let state = read.opt_text("proxy-state").unwrap_or(&setup.name);
        settings.relay = Relay::Proxy { state: state.as_bytes().to_vec() };
        settings.steered = true;
        Ok(Self {
            desk: Desk::new(settings, &servers, setup),
            registry,
            door: RegistryDoor::new(setup.address, port),
            follows: follows(setup),
            homes: BTreeMap::new(),
            order: VecDeque::new(),
        })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.desk.next(now) {
            if let Happening::Request { peer, connection, octets } = happening {
                self.steer(now, &peer, connection, octets);
            }
        }
    }

    /// A request of a client goes to the system of its session; one of a system to whom it names.
    fn steer(&mut self, now: Instant, peer: &str, connection: ConnectionId, octets: Vec<u8>) {
        let of_system =
            self.desk.station.servers().iter().any(|server| server.host.eq_ignore_ascii_case(peer));
        let steered = if of_system { None } else { self.steered(&octets) };
        self.desk.station.forward(now, peer, connection, &steered.unwrap_or(octets));
    }

    /// The request with the node of its system as its destination.
    fn steered(&mut self, octets: &[u8]) -> Option<Vec<u8>> {
        let message = Message::parse(octets).ok()?;
        let place = self.system_of(&message)?;
        let system = self.registry.system(place)?;
        let up = system.diameter.iter().find(|node| self.desk.station.is_up(&node.host));
        let node = up.or_else(|| system.diameter.first())?;
        let (host, realm) = (node.host.clone(), node.realm.clone());
        let (name, title) = (system.name.clone(), message.title());
        let session = message.text(avp::SESSION_ID).map(Text::from).unwrap_or_default();
        self.desk.out.observe("relayed", || {
            Fields::with_capacity(4)
                .with("system", name)
                .with("host", host.clone())
                .with("session", session)
                .with("message", title)
        });
        to(&message, &host, &realm)
    }

    /// Where a session began; else where its subscriber is, by each of the numbers that the request gives him.
    fn system_of(&mut self, message: &Message<'_>) -> Option<SystemPlace> {
        let session = message.text(avp::SESSION_ID).map(Text::from);
        let known = session.as_ref().and_then(|session| self.homes.get(session)).copied();
        if known.is_some() && !self.follows {
            return known;
        }
        let numbers = message.all(avp::SUBSCRIPTION_ID).filter_map(|own| {
            let data = own.members().get(avp::SUBSCRIPTION_ID_DATA)?;
            std::str::from_utf8(data.data).ok()
        });
        let mut numbers = numbers.chain(message.text(avp::USER_NAME));
        let place =
            numbers.find_map(|number| self.registry.locate(number)).or(known).or(self.registry.fallback())?;
        if let Some(session) = session.filter(|_| known.is_none()) {
            self.homes.insert(session.clone(), place);
            self.order.push_back(session);
        }
        if self.order.len() > SESSIONS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.homes.remove(&oldest);
        }
        Some(place)
    }
}

/// The request with another destination.
fn to(message: &Message<'_>, host: &str, realm: &str) -> Option<Vec<u8>> {
    let mut builder = Builder::new(message.header);
    let mut named = false;
    for own in message.avps() {
        let data = if own.code == avp::DESTINATION_HOST {
            named = true;
            host.as_bytes()
        } else if own.code == avp::DESTINATION_REALM {
            realm.as_bytes()
        } else {
            own.data
        };
        builder.avp(own.code, own.flags, data);
    }
    if !named {
        builder.avp(avp::DESTINATION_HOST, AvpFlags::MANDATORY, host.as_bytes());
    }
    builder.finish().ok()
}

impl Node for DiameterProxy {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Stream(id, event) if self.door.take(id, event, &mut self.registry, &mut self.desk.out) => {
            }
            Input::Timeout => {
                self.door.expire(&mut self.desk.out);
                self.desk.take(now, input);
            }
            other => self.desk.take(now, other),
        }
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        match self.desk.poll_output() {
            Output::Wait(own) => Output::Wait([own, self.door.next_deadline()].into_iter().flatten().min()),
            other => other,
        }
    }

    fn restart(&mut self, now: Instant) {
        self.desk.restart(now);
        self.door.restart();
        self.homes.clear();
        self.order.clear();
    }
}

impl Peer for DiameterProxy {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let target = match action.verb.as_str() {
            "move" => Some(action.text("to")?),
            "forget" => None,
            _ => {
                let done = self.desk.by_hand(now, action);
                self.settle(now);
                return done.unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())));
            }
        };
        for number in words(action.args.get("numbers")).iter().filter_map(Value::as_text) {
            let moved = match target {
                Some(system) => self.registry.assign(number, system),
                None => self.registry.forget(number),
            };
            moved.map_err(|error| ActionError::Impossible(error.to_string()))?;
        }
        Ok(())
    }
}
