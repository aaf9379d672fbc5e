//! The gateway as a node: what comes in is led to the session that it concerns.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use tollgate_network::{Action, ActionError, Frame, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::messages::{self, Message, Query};
use super::office::{Alarm, Office};
use super::online::Online;
use super::policy::Held;
use super::session::{Alarms, By, Session, SessionKey, Stage};
use super::settings::Settings;
use crate::apart::Apart;
use crate::dynamic_authorization::{self, Receiver};
use crate::radius_client::{Answer, Head};
use crate::settings;
use crate::traffic::{Bursts, Traffic, Wish};

/// A broadband gateway.
#[derive(Debug)]
pub struct Bng {
    pub(super) office: Office,
    pub(super) receiver: Receiver,
    pub(super) sessions: BTreeMap<SessionKey, Session>,
    names: BTreeMap<Text, SessionKey>,
    sessions_made: u64,
}

impl Bng {
    /// A gateway without sessions.
    ///
    /// # Errors
    /// A setting is missing or of the wrong type, or no charging system is given.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let servers = settings::servers(setup, "bng")?;
        let settings = Settings::read(setup)?;
        Ok(Self {
            receiver: Receiver::new(setup.address, settings.identifier.clone(), &servers),
            office: Office::new(settings, &servers, setup.seed, setup.observe),
            sessions: BTreeMap::new(),
            names: BTreeMap::new(),
            sessions_made: 0,
        })
    }

    /// Has something happen to a session, and forgets the session when nothing is left to be done about it.
    pub(super) fn with_online<T>(
        &mut self,
        now: Instant,
        key: SessionKey,
        act: impl FnOnce(&mut Online<'_>) -> T,
    ) -> Option<T> {
        let session = self.sessions.get_mut(&key)?;
        let done = act(&mut Online { now, session, office: &mut self.office });
        if session.is_forgettable()
            && let Some(session) = self.sessions.remove(&key)
            && self.names.get(&session.name) == Some(&key)
        {
            self.names.remove(&session.name);
        }
        Some(done)
    }

    /// The session that an action means.
    fn find(&self, action: &Action) -> Result<SessionKey, ActionError> {
        let impossible = |why: String| Err(ActionError::Impossible(why));
        let Some(name) = action.opt_text("session") else {
            let latest = self.sessions.values().rev().find(|session| session.stage != Stage::Over);
            return latest
                .map(|session| session.key)
                .map_or_else(|| impossible("there is no session".to_owned()), Ok);
        };
        match self.names.get(name).and_then(|key| self.sessions.get(key)) {
            Some(session) if session.stage != Stage::Over => Ok(session.key),
            Some(_) => impossible(format!("the session '{name}' is over")),
            None => impossible(format!("there is no session '{name}'")),
        }
    }

    fn on_session(
        &mut self,
        now: Instant,
        action: &Action,
        act: impl FnOnce(&mut Online<'_>) -> Result<(), ActionError>,
    ) -> Result<(), ActionError> {
        let key = self.find(action)?;
        self.with_online(now, key, act).unwrap_or(Ok(()))
    }

    fn connect(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let key = SessionKey(self.sessions_made + 1);
        let kept = |name| action.opt_text(name).map(Text::from);
        let name = kept("session").unwrap_or_else(|| Text::from(format!("session-{}", key.0)));
        let known = self.names.get(&name).and_then(|key| self.sessions.get(key));
        if known.is_some_and(|session| session.stage != Stage::Over) {
            return Err(ActionError::Impossible(format!("there is a session '{name}' already")));
        }
        let (with, accounting_with) = (fields(action, "with")?, fields(action, "accounting-with")?);
        let port = action.opt_integer("port").and_then(|port| u32::try_from(port).ok());
        let offset = u32::try_from(self.sessions_made).unwrap_or(u32::MAX);
        let office = &mut self.office;
        let session_id = kept("session-id").unwrap_or_else(|| office.next_session_id());
        let service_name = office.settings.service_name.clone();
        let session = Session {
            key,
            name: name.clone(),
            user: action.text("user")?.into(),
            password: action.text("password")?.into(),
            chap: action.text("method")? == "chap",
            calling: kept("calling"),
            called: kept("called").or_else(|| Some(service_name).filter(|name| !name.is_empty())),
            // A port carries one session at a time (RFC 2865 section 5.5).
            port: port.unwrap_or_else(|| office.settings.port.wrapping_add(offset)),
            with,
            accounting_with,
            wanted_address: ipv4(action, "address")?,
            address: None,
            multi_id: session_id.clone(),
            session_id,
            asked: now,
            stage: Stage::Asking,
            parts: Vec::new(),
            traffic: Traffic::new(office.settings.packet_len),
            held: Held::default(),
            class: None,
            interim: None,
            session_timeout: None,
            idle_timeout: None,
            time_quota: None,
            octet_quota: None,
            asking_more: false,
            interim_sent: None,
            alarms: Alarms::default(),
            open: 0,
        };
        self.sessions_made += 1;
        self.sessions.insert(key, session);
        self.names.insert(name, key);
        self.with_online(now, key, |online| online.ask()).unwrap_or(Ok(()))
    }

    fn traffic(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let (up, down) = (wish(action, &UP)?, wish(action, &DOWN)?);
        let bursts = match (action.opt_span("burst"), action.opt_span("pause")) {
            (None, None) => None,
            (Some(on), Some(off)) if !on.is_zero() => Some(Bursts { on, off }),
            _ => {
                return Err(ActionError::Impossible(
                    "a burst needs a length, and a pause behind it".to_owned(),
                ));
            }
        };
        let span = action.opt_span("for");
        self.on_session(now, action, |online| online.carry(up, down, span, bursts))
    }

    fn send_apart(&mut self, now: Instant, apart: Apart) -> Result<(), ActionError> {
        let Self { office, sessions, .. } = self;
        let Office { settings, client, out, .. } = office;
        let request = apart.request(now, Query::Apart);
        let sent = client.send(now, out, request, &mut |query, head| write(settings, sessions, query, head));
        sent.map(|_| ()).map_err(|error| ActionError::Impossible(error.to_string()))
    }

    fn receive(&mut self, now: Instant, frame: &Frame) {
        if frame.to.port() == dynamic_authorization::PORT {
            return self.authorize_anew(now, frame);
        }
        let Some(Answer { query: Query::Session(key, message), packet }) =
            self.office.client.receive(frame, &mut self.office.out)
        else {
            return;
        };
        self.with_online(now, key, |online| {
            online.session.open = online.session.open.saturating_sub(1);
            match message {
                Message::Access | Message::More(..) => online.access_answered(message, &packet),
                Message::Stop(place) => online.stop_answered(place),
                Message::Interim(..) => online.session.interim_sent = None,
                Message::Start(_) => {}
            }
        });
    }

    fn expire(&mut self, now: Instant) {
        while let Some((at, (key, alarm))) = self.office.alarms.pop_due(now) {
            self.with_online(now, key, |online| ring_alarm(online, alarm, at));
        }
        loop {
            let Self { office, sessions, .. } = self;
            let Office { settings, client, out, .. } = office;
            let given_up = client.expire(now, out, &mut |query, head| write(settings, sessions, query, head));
            let (key, message) = match given_up {
                None => return,
                Some(Query::Apart(_)) => continue,
                Some(Query::Session(key, message)) => (key, message),
            };
            self.with_online(now, key, |online| {
                online.session.open = online.session.open.saturating_sub(1);
                if message.record().is_some() {
                    online.office.lost(online.session, message);
                } else {
                    online.access_unanswered();
                }
            });
        }
    }
}

impl Node for Bng {
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
        self.sessions.clear();
        self.names.clear();
        if let Some(notice) = self.office.notice(now) {
            // Without a server there is nobody to tell.
            let _ = self.send_apart(now, Apart::On(notice));
        }
    }
}

impl Peer for Bng {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "connect" => self.connect(now, action),
            "traffic" => self.traffic(now, action),
            "roam" => self.on_session(now, action, |online| online.roam()),
            "disconnect" => {
                let cause = action.text("cause")?;
                self.on_session(now, action, |online| online.disconnect(cause))
            }
            "send" => self.send_apart(now, Apart::read(action)?),
            verb => Err(ActionError::UnknownVerb(verb.to_owned())),
        }
    }
}

/// The octets of any request, for whichever server it goes to next.
fn write(
    settings: &Settings,
    sessions: &BTreeMap<SessionKey, Session>,
    query: &Query,
    head: &Head<'_>,
) -> Result<Vec<u8>, tollgate_radius::EncodeError> {
    match query {
        Query::Apart(apart) => apart.write(head),
        Query::Session(key, message) => match sessions.get(key) {
            Some(session) => messages::write(settings, session, *message, head),
            // A session stays in memory as long as a request of it is open.
            None => Ok(Vec::new()),
        },
    }
}

fn ring_alarm(online: &mut Online<'_>, alarm: Alarm, at: Instant) {
    match alarm {
        Alarm::Interim => {
            online.session.alarms.interim = None;
            online.interim(at);
        }
        Alarm::Timeout => {
            online.session.alarms.timeout = None;
            online.granted_is_over(at, By::Timeout);
        }
        Alarm::Quota => {
            online.session.alarms.quota = None;
            online.granted_is_over(at, By::Quota);
        }
        Alarm::RepeatStop(place) => {
            online.session.open = online.session.open.saturating_sub(1);
            online.stop(place);
        }
    }
}

/// The arguments of one direction of traffic.
struct Way {
    total: &'static str,
    packets: &'static str,
    rate: &'static str,
}

const UP: Way = Way { total: "up", packets: "up-packets", rate: "up-rate" };
const DOWN: Way = Way { total: "down", packets: "down-packets", rate: "rate" };

fn wish(action: &Action, way: &Way) -> Result<Wish, ActionError> {
    let number = |name: &'static str| match action.opt_integer(name) {
        None => Ok(None),
        Some(number) => {
            u64::try_from(number).map(Some).map_err(|_| ActionError::BadArgument(name.to_owned()))
        }
    };
    match (number(way.total)?, number(way.rate)?) {
        (Some(_), Some(_)) => {
            Err(ActionError::Impossible(format!("'{}' and '{}' exclude each other", way.total, way.rate)))
        }
        (None, Some(rate)) => Ok(Wish::Rate(rate)),
        (total, None) => Ok(Wish::Total(total.unwrap_or(0), number(way.packets)?)),
    }
}

/// Fields of a message, of which every one can be written.
fn fields(action: &Action, name: &str) -> Result<Fields, ActionError> {
    let Some(Value::Group(fields)) = action.args.get(name) else { return Ok(Fields::new()) };
    messages::check(fields).map_err(|error| ActionError::Impossible(format!("{name}: {error}")))?;
    Ok(fields.clone())
}

fn ipv4(action: &Action, name: &str) -> Result<Option<Ipv4Addr>, ActionError> {
    match action.opt_address(name) {
        None => Ok(None),
        Some(IpAddr::V4(address)) => Ok(Some(address)),
        Some(IpAddr::V6(_)) => Err(ActionError::BadArgument(name.to_owned())),
    }
}
