//! The dispatching SBC as a node.

use std::net::{IpAddr, SocketAddr};

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_sip::{Message, Method};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use super::paths::Paths;
use crate::forwarding_registry::{Registry, RegistryDoor, SystemPlace};
use crate::settings::{Reader, words};
use crate::sip::{self, Carrier, Changes, Hop, Received, Station};

/// The dispatching SBC.
#[derive(Debug)]
pub struct SipDispatcher {
    station: Station,
    door: RegistryDoor,
    desk: Desk,
}

/// Where messages go.
#[derive(Debug)]
struct Desk {
    registry: Registry,
    paths: Paths,
    /// Termination partners: what they send comes in from other networks.
    partners: Vec<IpAddr>,
}

impl Desk {
    /// Sends a message on.
    fn pass_on(&mut self, station: &mut Station, now: Instant, received: &Received, message: &Message<'_>) {
        self.paths.heard(received.source.ip());
        if message.code().is_some() {
            station.pass_response(message);
        } else {
            self.request(station, now, received, message);
        }
    }

    fn request(&mut self, station: &mut Station, now: Instant, received: &Received, message: &Message<'_>) {
        let within = message.to().is_ok_and(|to| to.tag().is_some());
        let routed = station.own_routes(message) > 0;
        let server = self.paths.is_server(received.source.ip());
        // Of a failed INVITE the ACK has a tag and no route: it goes where its INVITE went.
        if routed || server {
            return Self::onward(station, received, message, server && !within);
        }
        let uri = message.uri().ok();
        let here = uri.is_some_and(|uri| uri.user.is_none() && station.is_own(uri.host, uri.port));
        if here && message.is(Method::OPTIONS) {
            station.reply_stateless(message, received, 200);
            return;
        }
        self.dispatch(station, now, received, (message, uri.and_then(|uri| uri.user)));
    }

    /// A request that says itself where it goes.
    fn onward(station: &mut Station, received: &Received, message: &Message<'_>, begins: bool) {
        let changes = Changes { record_route: begins && makes_dialog(message), ..Changes::default() };
        let hop = station.hop_onward(message).ok().filter(|hop| {
            // To itself it would go round and round.
            let own = station.settings();
            hop.to.ip() != own.address || !own.ports.contains(&hop.to.port())
        });
        match hop {
            Some(hop) => Self::pass(station, received, message, &hop, &changes),
            None => Self::refuse(station, received, message, 404),
        }
    }

    /// A request that begins something: its system is looked up.
    fn dispatch(
        &mut self,
        station: &mut Station,
        now: Instant,
        received: &Received,
        (message, called): (&Message<'_>, Option<&str>),
    ) {
        let call_id = message.value("Call-ID").unwrap_or_default();
        let follows = message.is(Method::CANCEL) || message.is(Method::ACK);
        let known = if follows { self.paths.call(call_id) } else { None };
        let Some(to) = known.or_else(|| self.find(station, now, received.source.ip(), (message, called)))
        else {
            return Self::refuse(station, received, message, 404);
        };
        if message.is(Method::INVITE) {
            self.paths.note_call(call_id, to);
        }
        let asked = message.uri_text().unwrap_or_default();
        let uri = match called {
            Some(user) => format!("sip:{user}@{to}"),
            None => format!("sip:{to}"),
        };
        let source = received.source.ip();
        // As the documents show it: what was asked for, and where the request came from.
        let notify = format!("NAT={source};NAT-type=4");
        let own = station.uri("", received.port, Carrier::Udp);
        let path = format!("<{own};lr>");
        let mut more = vec![("PortaOne-Requested-URI", asked), ("PortaSIP-Notify", notify.as_str())];
        if message.is(Method::REGISTER) {
            more.push(("Path", path.as_str()));
        }
        let changes = Changes {
            uri: Some(&uri),
            record_route: makes_dialog(message),
            more: if follows { &[] } else { &more },
            ..Changes::default()
        };
        Self::pass(station, received, message, &Hop::udp(to), &changes);
        if !message.is(Method::ACK) {
            self.paths.sent(now, to);
        }
    }

    /// The server that a request which begins something goes to.
    fn find(
        &mut self,
        station: &mut Station,
        now: Instant,
        from: IpAddr,
        (message, asked): (&Message<'_>, Option<&str>),
    ) -> Option<SocketAddr> {
        let called =
            if message.is(Method::REGISTER) { message.to().ok().and_then(|to| to.uri.user) } else { asked };
        let calling = message.from().ok().and_then(|from| from.uri.user);
        // What comes in from a partner is for the system that has the destination; what a customer begins is for his own,
        // which knows where the destination has moved (ARCH, fallback call delivery and inter-system calling).
        let first = if self.partners.contains(&from) { [called, calling] } else { [calling, called] };
        let numbers = first.into_iter().flatten().map(|user| user.trim_start_matches('+'));
        let system = self.registry.route(numbers)?;
        let (to, silent) = self.paths.pick(now, system)?;
        if let Some(silent) = silent {
            let name = self.registry.system(system).map(|own| own.name.clone()).unwrap_or_default();
            station.out.observe("server-silent", || {
                Fields::with_capacity(2).with("system", name).with("server", silent.ip())
            });
        }
        Some(to)
    }

    fn pass(
        station: &mut Station,
        received: &Received,
        message: &Message<'_>,
        hop: &Hop,
        changes: &Changes<'_>,
    ) {
        if let Err(error) = station.pass_request(message, hop, changes) {
            let code = match error {
                sip::SendError::Parse(error) => error.status(),
                _ => 500,
            };
            Self::refuse(station, received, message, code);
        }
    }

    /// An ACK is never answered (RFC 3261 section 17).
    fn refuse(station: &mut Station, received: &Received, message: &Message<'_>, code: u16) {
        if !message.is(Method::ACK) {
            station.reply_stateless(message, received, code);
        }
    }
}

impl SipDispatcher {
    /// One that knows the systems of its setup.
    ///
    /// # Errors
    /// A setting is missing or of the wrong type, or names a system that there is not.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let read = Reader { setup };
        let mut registry = Registry::new(setup.systems.to_vec());
        if let Some(name) = read.opt_text("fallback") {
            registry.set_fallback(name).map_err(|error| SetupError(format!("fallback: {error}")))?;
        }
        let mut paths = Paths::new(read.span("patience")?, read.span("server-rest")?);
        for text in words(setup.settings.get("servers")).iter().filter_map(Value::as_text) {
            let (system, at) = server(&registry, text)?;
            if !paths.add(system, at) {
                return Err(SetupError(format!(
                    "servers: more than {} of one system",
                    super::paths::SERVERS_MAX
                )));
            }
        }
        let port =
            u16::try_from(read.u32("registry-port")?).map_err(|_| crate::settings::wrong("registry-port"))?;
        let settings = sip::StationSettings { stateless: true, ..sip::settings::station(setup, &[])? };
        Ok(Self {
            station: Station::new(settings, setup.seed, setup.observe),
            door: RegistryDoor::new(setup.address, port),
            desk: Desk {
                registry,
                paths,
                partners: words(setup.settings.get("partners"))
                    .iter()
                    .filter_map(|value| match value {
                        Value::Address(address) => Some(*address),
                        _ => None,
                    })
                    .collect(),
            },
        })
    }

    fn direct(&mut self, action: &Action) -> Result<(), ActionError> {
        let name = action.text("system")?;
        let impossible = |why: String| ActionError::Impossible(why);
        let system = self
            .desk
            .registry
            .place(name)
            .ok_or_else(|| impossible(format!("no system is called '{name}'")))?;
        let server =
            action.opt_address("server").ok_or_else(|| ActionError::BadArgument("server".to_owned()))?;
        if self.desk.paths.prefer(system, server) {
            return Ok(());
        }
        Err(impossible(format!("{server} is no SIP server of '{name}'; name it in `servers:`")))
    }

    fn assign(&mut self, action: &Action) -> Result<(), ActionError> {
        let number = action.text("number")?;
        let moved = match action.opt_text("system") {
            Some(system) => self.desk.registry.assign(number, system),
            None => self.desk.registry.forget(number),
        };
        moved.map_err(|error| ActionError::Impossible(error.to_string()))
    }
}

/// Whether later requests are to come through here too.
fn makes_dialog(message: &Message<'_>) -> bool {
    [Method::INVITE, Method::SUBSCRIBE, Method::REFER].into_iter().any(|method| message.is(method))
}

/// `<system>=<address>[:<port>]`
fn server(registry: &Registry, text: &str) -> Result<(SystemPlace, SocketAddr), SetupError> {
    let read = text.split_once('=').and_then(|(name, at)| Some((name, sip::place_of(at)?)));
    let (name, at) = read.ok_or_else(|| {
        SetupError(format!("servers: '{text}' is no server of a system; write it as ocs=192.0.2.1:5060"))
    })?;
    let system = registry.place(name);
    let system = system.ok_or_else(|| SetupError(format!("servers: no system is called '{name}'")))?;
    Ok((system, at))
}

impl Node for SipDispatcher {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        if let Input::Stream(id, event) = &input
            && self.door.take(*id, event, &mut self.desk.registry, &mut self.station.out)
        {
            return;
        }
        if matches!(input, Input::Timeout) {
            self.door.expire(&mut self.station.out);
        }
        let Self { station, desk, .. } = self;
        station.take_first(now, input, &mut |station, received, message| {
            desk.pass_on(station, now, received, message);
            true
        });
    }

    fn poll_output(&mut self) -> Output {
        self.station.poll_output(&[self.door.next_deadline()])
    }

    fn restart(&mut self, _now: Instant) {
        self.station.restart();
        self.door.restart();
        self.desk.paths.restart();
    }
}

impl Peer for SipDispatcher {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "direct" => self.direct(action),
            "assign" => self.assign(action),
            _ => sip::spelt::perform(&mut self.station, action, "", None)
                .unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string()))),
        }
    }
}
