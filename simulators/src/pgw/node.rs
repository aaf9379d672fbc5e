//! The P-GW as a node: what comes in is led to the session that it concerns.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tollgate_diameter::peer::{ConnectionId, DisconnectCause};
use tollgate_diameter::{Builder, Header, Message, ResultCode, avp};
use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::bearer::{Bearer, By, Key, Need, Office, Stage};
use super::charging::Line;
use super::event::Event;
use super::group::{Gate, Group};
use super::information::{Change, Information, octets_of};
use super::settings::Settings;
use crate::credit_client::{CreditClient, Outcome, message_of};
use crate::outbox::Outbox;
use crate::timers::Timers;
use crate::traffic::{Bursts, Wish};

/// Re-Auth and Abort-Session (RFC 6733 sections 8.3 and 8.5).
const RE_AUTH: u32 = 258;
const ABORT_SESSION: u32 = 274;
/// Gx (TS 29.212 section 5.1).
const GX: u32 = 16_777_238;
/// Credit-Control.
const CREDIT_CONTROL: u32 = 272;

/// A P-GW.
#[derive(Debug)]
pub struct Pgw {
    office: Office,
    bearers: BTreeMap<Key, Bearer>,
    events: BTreeMap<Key, Event>,
    names: BTreeMap<Text, Key>,
    made: u64,
}

impl Pgw {
    /// A gateway without sessions.
    ///
    /// # Errors
    /// A setting is missing or of the wrong type, or no charging system that speaks Diameter is given.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let office = Office {
            settings: Settings::read(setup)?,
            client: CreditClient::new(setup, "pgw")?,
            out: Outbox::new(setup.observe),
            alarms: Timers::default(),
        };
        Ok(Self {
            office,
            bearers: BTreeMap::new(),
            events: BTreeMap::new(),
            names: BTreeMap::new(),
            made: 0,
        })
    }

    /// Has something happen to a session, and forgets it when nothing is left to be done about it.
    fn with_line(&mut self, now: Instant, key: Key, act: impl FnOnce(&mut Line<'_>)) {
        let Some(bearer) = self.bearers.get_mut(&key) else { return };
        let mut line = Line { now, bearer, office: &mut self.office };
        act(&mut line);
        line.settle();
        if bearer.stage == Stage::Over && bearer.waiting.is_none() {
            self.office.client.forget(key);
            if let Some(bearer) = self.bearers.remove(&key)
                && self.names.get(&bearer.name) == Some(&key)
            {
                self.names.remove(&bearer.name);
            }
        }
    }

    /// Takes what came of it all.
    fn follow(&mut self, now: Instant) {
        while let Some(outcome) = self.office.client.poll(now, &mut self.office.out) {
            match outcome {
                Outcome::Answered { key, kind, server, answer } => {
                    if let Some(event) = self.events.remove(&key) {
                        event.answered(&answer, &mut self.office);
                        self.office.client.forget(key);
                    } else {
                        self.with_line(now, key, |line| line.answered(kind, &server, &answer));
                    }
                }
                Outcome::Late { key, kind } => self.with_line(now, key, |line| line.late(kind)),
                Outcome::Unanswered { key, kind, verdict } => {
                    if let Some(event) = self.events.remove(&key) {
                        event.unanswered(verdict, &mut self.office);
                        self.office.client.forget(key);
                    } else {
                        self.with_line(now, key, |line| line.unanswered(kind, verdict));
                    }
                }
                Outcome::Request { connection, octets } => self.asked(now, connection, &octets),
                Outcome::Up(_) | Outcome::Down(_) => {}
            }
        }
    }

    /// A server asks for something.
    fn asked(&mut self, now: Instant, connection: ConnectionId, octets: &[u8]) {
        let Ok(request) = Message::parse(octets) else { return };
        let aborts = match request.header.command {
            RE_AUTH => false,
            ABORT_SESSION => true,
            _ => {
                return self.office.client.answer(
                    connection,
                    &request,
                    ResultCode::COMMAND_UNSUPPORTED,
                    |_| {},
                );
            }
        };
        let named = |bearer: &&Bearer| request.session_id() == Some(bearer.credit.id.as_str());
        match self.bearers.values().find(named).map(|bearer| bearer.key) {
            Some(key) => self.with_line(now, key, |line| line.asked(connection, &request, aborts)),
            None => self.office.client.answer(connection, &request, ResultCode::UNKNOWN_SESSION_ID, |_| {}),
        }
    }

    fn expire(&mut self, now: Instant) {
        self.office.client.expire(now, &mut self.office.out);
        while let Some((_, key)) = self.office.alarms.pop_due(now) {
            if let Some(bearer) = self.bearers.get_mut(&key) {
                bearer.alarm = None;
            }
            self.with_line(now, key, |_| {});
        }
    }

    /// The session that an action means.
    fn find(&self, action: &Action) -> Result<Key, ActionError> {
        let impossible = |why: String| Err(ActionError::Impossible(why));
        let key = match action.opt_text("session") {
            None => self.bearers.values().rev().find(|own| own.stage != Stage::Over).map(|own| own.key),
            Some(name) => self.names.get(name).copied(),
        };
        match (key.and_then(|key| self.bearers.get(&key)), action.opt_text("session")) {
            (Some(bearer), _) if bearer.stage != Stage::Over => Ok(bearer.key),
            (Some(_), Some(name)) => impossible(format!("the session '{name}' is over")),
            (_, Some(name)) => impossible(format!("there is no session '{name}'")),
            _ => impossible("there is no session".to_owned()),
        }
    }

    fn attach(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let key = Key(self.made + 1);
        let kept = |name| action.opt_text(name).map(Text::from);
        let bad = |name: &str| ActionError::BadArgument(name.to_owned());
        let name = kept("session").unwrap_or_else(|| format!("session-{}", key.0).into());
        if self.names.contains_key(&name) {
            return Err(ActionError::Impossible(format!("there is a session '{name}' already")));
        }
        let with = match action.args.get("with") {
            Some(Value::Group(fields)) => checked(fields)?,
            _ => Fields::new(),
        };
        let ids = groups(action).ok_or_else(|| bad("rating-groups"))?;
        let address = match action.opt_address("address") {
            None => nth(self.office.settings.pool, self.made),
            Some(IpAddr::V4(address)) => address,
            Some(IpAddr::V6(_)) => return Err(bad("address")),
        };
        let location = match action.opt_text("location") {
            None => Vec::new(),
            Some(text) => octets_of(text).ok_or_else(|| bad("location"))?,
        };
        let subscriptions = self.subscriptions(action)?;
        let office = &mut self.office;
        let settings = &office.settings;
        let information = Information {
            charging_id: u32::try_from(key.0 & 0xffff_ffff).unwrap_or_default(),
            address,
            apn: kept("apn").unwrap_or_else(|| settings.apn.clone()),
            sgsn: action.opt_address("sgsn").unwrap_or(settings.sgsn),
            rat: action.text("rat")?.into(),
            location,
            qos: kept("qos").unwrap_or_default(),
            timezone: None,
            charging_characteristics: kept("charging-characteristics")
                .unwrap_or_else(|| settings.charging_characteristics.clone()),
        };
        let context = kept("context").unwrap_or_else(|| settings.context.clone());
        let ids: BTreeSet<u32> = if settings.quirks.single_rg {
            ids.into_iter().take(1).collect()
        } else {
            ids.into_iter().collect()
        };
        let (packet_len, gx) = (settings.packet_len, settings.quirks.gx_on_gy);
        let mut credit = office.client.open(now, context, kept("session-id"));
        credit.subscriptions = subscriptions;
        credit.with = with;
        if gx {
            send_gx(now, &credit.id, office);
        }
        let bearer = Bearer {
            key,
            name: name.clone(),
            credit,
            information,
            stage: Stage::Asking,
            asked_at: now,
            groups: ids.into_iter().map(|id| (id, Group::new(now, id, packet_len))).collect(),
            uncontrolled: false,
            waiting: None,
            asking: BTreeSet::new(),
            queue: BTreeMap::new(),
            must_report: false,
            reauthorising: false,
            ending: None,
            twice: false,
            alarm: None,
        };
        self.made += 1;
        self.bearers.insert(key, bearer);
        self.names.insert(name, key);
        self.with_line(now, key, |line| line.begin());
        Ok(())
    }

    /// Who pays: the number, with the quirk the IMSI before it.
    fn subscriptions(&self, action: &Action) -> Result<Vec<(u32, Text)>, ActionError> {
        const E164: u32 = 0;
        const IMSI: u32 = 1;
        let quirks = self.office.settings.quirks;
        let number = action.opt_text("msisdn").map(|number| {
            let text = if quirks.plus_prefix { format!("+{number}") } else { number.to_owned() };
            (E164, Text::from(text))
        });
        let imsi = action.opt_text("imsi").map(|imsi| (IMSI, Text::from(imsi)));
        if quirks.two_subscription_ids && (number.is_none() || imsi.is_none()) {
            let why = "the quirk two-subscription-ids needs msisdn and imsi".to_owned();
            return Err(ActionError::Impossible(why));
        }
        let both = quirks.two_subscription_ids;
        let own: Vec<_> = if both {
            imsi.into_iter().chain(number).collect()
        } else {
            number.or(imsi).into_iter().collect()
        };
        if own.is_empty() {
            return Err(ActionError::Impossible("a subscriber has a number (msisdn) or an IMSI".to_owned()));
        }
        Ok(own)
    }

    fn traffic(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let (up, down) = (wish(action, &UP)?, wish(action, &DOWN)?);
        let bursts = match (action.opt_span("burst"), action.opt_span("pause")) {
            (None, None) => None,
            (Some(on), Some(off)) if !on.is_zero() => Some(Bursts { on, off }),
            _ => {
                let why = "a burst needs a length, and a pause behind it".to_owned();
                return Err(ActionError::Impossible(why));
            }
        };
        let named = match action.opt_integer("rating-group") {
            None => None,
            Some(number) => {
                Some(u32::try_from(number).map_err(|_| ActionError::BadArgument("rating-group".to_owned()))?)
            }
        };
        let key = self.find(action)?;
        let settings = &self.office.settings;
        let span = action.opt_span("for").or_else(|| line_time(up, down, settings.line_rate));
        let (single, packet_len) = (settings.quirks.single_rg, settings.packet_len);
        let bearer = self.bearers.get(&key);
        let id = bearer.and_then(|bearer| bearer.group_of(named, single));
        let id = id.ok_or_else(|| ActionError::Impossible("the session has no rating group".to_owned()))?;
        self.with_line(now, key, |line| {
            let bearer = &mut *line.bearer;
            let known = bearer.groups.contains_key(&id);
            let group = bearer.groups.entry(id).or_insert_with(|| Group::new(now, id, packet_len));
            if !known {
                if bearer.uncontrolled {
                    group.set_gate(now, Gate::Uncontrolled);
                } else {
                    bearer.queue.insert(id, Need { reason: None, trigger: None, wants: true });
                }
            }
            group.carry(now, (up, down), span, bursts);
        });
        Ok(())
    }

    fn change(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let key = self.find(action)?;
        let bad = |name: &str| ActionError::BadArgument(name.to_owned());
        let mut changes = Vec::new();
        let Some(bearer) = self.bearers.get_mut(&key) else { return Ok(()) };
        let mut information = bearer.information.clone();
        if let Some(rat) = action.opt_text("rat") {
            information.rat = rat.into();
            changes.push(Change::Rat);
        }
        if let Some(location) = action.opt_text("location") {
            information.location = octets_of(location).ok_or_else(|| bad("location"))?;
            changes.push(Change::Location);
        }
        if let Some(sgsn) = action.opt_address("sgsn") {
            information.sgsn = sgsn;
            changes.push(Change::Sgsn);
        }
        if let Some(qos) = action.opt_text("qos") {
            information.qos = qos.into();
            changes.push(Change::Qos);
        }
        if let Some(quarters) = action.opt_integer("timezone") {
            information.timezone = Some(u8::try_from(quarters).map_err(|_| bad("timezone"))?);
            changes.push(Change::Timezone);
        }
        if changes.is_empty() {
            return Err(ActionError::Impossible("nothing is said that changes".to_owned()));
        }
        bearer.information = information;
        self.with_line(now, key, |line| changes.into_iter().for_each(|change| line.change(change)));
        Ok(())
    }

    fn server(&self, action: &Action) -> Result<Text, ActionError> {
        let servers = self.office.client.servers();
        let found = match action.opt_text("server") {
            None => servers.first(),
            Some(host) => servers.iter().find(|own| own.host.eq_ignore_ascii_case(host)),
        };
        let none = || ActionError::Impossible("there is no server of this name".to_owned());
        found.map(|own| own.host.clone()).ok_or_else(none)
    }
}

impl Node for Pgw {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Stream(id, event) => self.office.client.take(now, id, event, &mut self.office.out),
            Input::Timeout => self.expire(now),
            // It speaks over connections alone.
            Input::Receive(_) => {}
        }
        self.follow(now);
    }

    fn poll_output(&mut self) -> Output {
        let Office { out, alarms, client, .. } = &mut self.office;
        out.poll_or_wait(&[alarms.next_deadline(), client.next_deadline()])
    }

    fn restart(&mut self, now: Instant) {
        self.office.client.restart(now);
        self.office.out.clear();
        self.office.alarms.clear();
        self.bearers.clear();
        self.events.clear();
        self.names.clear();
    }
}

impl Peer for Pgw {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "attach" => self.attach(now, action)?,
            "traffic" => self.traffic(now, action)?,
            "change" => self.change(now, action)?,
            "detach" => {
                let key = self.find(action)?;
                self.with_line(now, key, |line| line.end(By::User));
            }
            "repeat" => {
                let key = self.find(action)?;
                if !self.office.client.repeat(now, key, action.flag("anew")) {
                    return Err(ActionError::Impossible("nothing was sent yet".to_owned()));
                }
            }
            "event" => {
                let key = Key(self.made + 1);
                let event = Event::send(now, key, action, &mut self.office)?;
                self.made += 1;
                self.events.insert(key, event);
            }
            "send" => {
                if !self.office.client.send_message(now, message_of(action)?) {
                    return Err(ActionError::Impossible("no server is connected".to_owned()));
                }
            }
            "disconnect-peer" => {
                let host = self.server(action)?;
                let cause = match action.text("cause")? {
                    "rebooting" => DisconnectCause::Rebooting,
                    "busy" => DisconnectCause::Busy,
                    _ => DisconnectCause::DoNotWantToTalkToYou,
                };
                self.office.client.disconnect(now, &host, cause);
            }
            "connect-peer" => {
                let host = self.server(action)?;
                self.office.client.connect(now, &host);
            }
            verb => return Err(ActionError::UnknownVerb(verb.to_owned())),
        }
        self.follow(now);
        Ok(())
    }
}

/// A Gx request of the session, as if the charging system were a PCRF.
fn send_gx(now: Instant, session: &str, office: &mut Office) {
    let host = office.client.host().to_owned();
    let mut builder = Builder::new(Header::request(CREDIT_CONTROL, GX));
    builder.text(avp::SESSION_ID, &format!("{session};gx"));
    builder.u32(avp::AUTH_APPLICATION_ID, GX);
    builder.text(avp::ORIGIN_HOST, &host);
    builder.text(avp::ORIGIN_REALM, host.split_once('.').map_or(host.as_str(), |(_, realm)| realm));
    builder.text(avp::DESTINATION_REALM, host.split_once('.').map_or(host.as_str(), |(_, realm)| realm));
    builder.u32(avp::CC_REQUEST_TYPE, 1);
    builder.u32(avp::CC_REQUEST_NUMBER, 0);
    if let Ok(octets) = builder.finish() {
        office.client.send_octets(now, octets);
    }
}

/// The rating groups of an action; `None` where one is no number.
fn groups(action: &Action) -> Option<Vec<u32>> {
    match action.args.get("rating-groups") {
        Some(Value::List(list)) => list.iter().map(|own| u32::try_from(own.as_integer()?).ok()).collect(),
        _ => Some(vec![100]),
    }
}

/// Fields of a message, of which every one can be written.
fn checked(fields: &Fields) -> Result<Fields, ActionError> {
    let mut trial = Builder::new(Header::request(CREDIT_CONTROL, 4));
    trial.fields(fields).map_err(|error| ActionError::Impossible(format!("with: {error}")))?;
    Ok(fields.clone())
}

fn nth(first: Ipv4Addr, place: u64) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(first).wrapping_add(u32::try_from(place & 0xffff).unwrap_or_default()))
}

/// How long totals take at the line's speed, where no time is named.
fn line_time(up: Wish, down: Wish, rate: u64) -> Option<Duration> {
    let (Wish::Total(up, _), Wish::Total(down, _)) = (up, down) else { return None };
    let nanos = u128::from(up.max(down)) * 8 * 1_000_000_000 / u128::from(rate.max(1));
    Some(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX).max(1)))
}

/// The arguments of one direction of traffic.
struct Way {
    total: &'static str,
    rate: &'static str,
}

const UP: Way = Way { total: "up", rate: "up-rate" };
const DOWN: Way = Way { total: "down", rate: "rate" };

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
        (total, None) => Ok(Wish::Total(total.unwrap_or(0), None)),
    }
}
