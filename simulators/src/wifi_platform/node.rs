//! The node of the platform for voice over WiFi.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_sip::transaction::TransactionId;
use tollgate_sip::{Method, response};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

use crate::settings::{Reader, words};
use crate::sip::{self, Happening, Received, Station};
use crate::timers::{TimerId, Timers};

/// Subscribers that are here at once; further registrations are answered 503.
const SUBSCRIBERS_MAX: usize = 1 << 20;
/// How long a registration lasts that does not say so (RFC 3261 section 10.2.1.1).
const EXPIRES_SECS: u32 = 3_600;

/// The platform for voice over WiFi.
#[derive(Debug)]
pub struct WifiPlatform {
    station: Station,
    prefix: String,
    numbers: Vec<String>,
    lend: Duration,
    registrars: Vec<IpAddr>,
    /// Who is here, each with the alarm at which that ends.
    here: BTreeMap<String, TimerId>,
    /// Roaming numbers that are lent, each with its subscriber and until when.
    lent: BTreeMap<String, (String, Instant)>,
    alarms: Timers<String>,
}

impl WifiPlatform {
    /// One with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let texts = words(reader.value("roaming-numbers")).iter().filter_map(Value::as_text);
        let addresses = words(reader.value("registrars")).iter().filter_map(|value| match value {
            Value::Address(address) => Some(*address),
            _ => None,
        });
        Ok(Self {
            station: Station::new(sip::settings::station(setup, &[])?, setup.seed, setup.observe),
            prefix: reader.text("prefix")?.to_owned(),
            numbers: texts.map(str::to_owned).collect(),
            lend: reader.span("lend")?,
            registrars: addresses.collect(),
            here: BTreeMap::new(),
            lent: BTreeMap::new(),
            alarms: Timers::default(),
        })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.station.poll() {
            match happening {
                Happening::Request(id, request) => self.request(now, id, &request),
                Happening::Cancel(invite, request) => drop(self.station.reply(now, invite, &request, 487)),
                _ => {}
            }
        }
        while let Some((_, subscriber)) = self.alarms.pop_due(now) {
            self.here.remove(&subscriber);
            self.cancel_location(&subscriber, "expired");
        }
    }

    fn request(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        let known = self.registrars.is_empty() || self.registrars.contains(&request.source.ip());
        let code = match message.method() {
            _ if !known => 403,
            Some(Method::REGISTER) => return self.register(now, id, request),
            Some(Method::OPTIONS) => 200,
            _ => 405,
        };
        self.station.reply(now, id, request, code);
    }

    /// A registration that was forwarded; whoever forwards it does not wait for the answer.
    fn register(&mut self, now: Instant, id: TransactionId, request: &Received) {
        let Some(message) = request.message() else { return };
        let Some(subscriber) =
            message.to().ok().and_then(|to| to.uri.user_plain().map(|own| own.into_owned()))
        else {
            self.station.reply(now, id, request, 404);
            return;
        };
        if self.here.len() >= SUBSCRIBERS_MAX && !self.here.contains_key(&subscriber) {
            self.station.reply(now, id, request, 503);
            return;
        }
        let contact = message.contacts().filter_map(Result::ok).next();
        let by_contact = contact.and_then(|own| own.params.get("expires")?.parse().ok());
        let secs = by_contact.or_else(|| message.expires_secs().ok().flatten()).unwrap_or(EXPIRES_SECS);
        let contact = contact.map_or("", |own| own.uri.text).to_owned();
        let tag = self.station.chance.tag();
        if let Ok(mut answer) = response(&message, 200, None, &tag) {
            if secs > 0 && !contact.is_empty() {
                // It was read from a message.
                let _checked = answer.header("Contact", format_args!("<{contact}>;expires={secs}"));
            }
            // Where the request is over, nobody waits.
            let _over = self.station.respond(now, id, &answer);
        }
        if let Some(alarm) = self.here.remove(&subscriber) {
            self.alarms.cancel(alarm);
            if secs == 0 {
                self.cancel_location(&subscriber, "deregistered");
            }
        }
        if secs > 0 {
            let expires = Duration::from_secs(u64::from(secs));
            self.station.out.observe("Location-Update", || {
                Fields::new()
                    .with("subscriber", subscriber.as_str())
                    .with("contact", contact.as_str())
                    .with("registrar", Value::Address(request.source.ip()))
                    .with("expires", Value::Span(expires))
            });
            let alarm = self.alarms.set(now + expires, subscriber.clone());
            self.here.insert(subscriber, alarm);
        }
    }

    fn cancel_location(&mut self, subscriber: &str, reason: &'static str) {
        self.station.out.observe("Location-Cancel", || {
            Fields::new().with("subscriber", subscriber).with("reason", reason)
        });
    }

    /// The carrier asks for a roaming number.
    fn provide(&mut self, now: Instant, subscriber: &str) {
        self.lent.retain(|_, (_, until)| *until > now);
        let number = if !self.here.contains_key(subscriber) {
            Err("absent-subscriber")
        } else if self.numbers.is_empty() {
            Ok(subscriber.to_owned())
        } else {
            let held = self.lent.iter().find(|(_, (own, _))| own == subscriber).map(|(number, _)| number);
            let free = || self.numbers.iter().find(|number| !self.lent.contains_key(*number));
            held.or_else(free).cloned().ok_or("no-roaming-number")
        };
        match number {
            Ok(number) => {
                self.lent.insert(number.clone(), (subscriber.to_owned(), now + self.lend));
                let prefix = self.prefix.clone();
                self.station.out.observe("Roaming-Number", || {
                    Fields::new()
                        .with("subscriber", subscriber)
                        .with("roaming-number", number.as_str())
                        .with("prefix", prefix.as_str())
                        .with("number", format!("{prefix}{number}").as_str())
                });
            }
            Err(reason) => self.station.out.observe("Roaming-Refused", || {
                Fields::new().with("subscriber", subscriber).with("reason", reason)
            }),
        }
    }
}

impl Node for WifiPlatform {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.station.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.station.poll_output(&[self.alarms.next_deadline()])
    }

    fn restart(&mut self, _now: Instant) {
        self.station.restart();
        self.here.clear();
        self.lent.clear();
        self.alarms.clear();
    }
}

impl Peer for WifiPlatform {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        if action.verb.as_str() == "provide-roaming-number" {
            self.provide(now, action.text("subscriber")?);
            return Ok(());
        }
        sip::spelt::perform(&mut self.station, action, "", None)
            .unwrap_or_else(|| Err(ActionError::UnknownVerb(action.verb.to_string())))
    }
}
