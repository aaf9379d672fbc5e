//! The node of a mobility management entity: attaches step by step, and what the HSS wants meanwhile.

use std::collections::BTreeMap;

use tollgate_diameter::peer::{Applications, ConnectionId, Failure, RequestId, Sending};
use tollgate_diameter::{Message, Problem, ProblemKind, avp, check};
use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::subscription::Subscription;
use crate::diameter::{self, Desk, Happening, Outcome};
use crate::hss::{
    AUTHENTICATION, CANCEL_LOCATION, INSERT_DATA, NOTIFY, PURGE, S6A, UPDATE_LOCATION, plmn_octets,
};

/// A mobility management entity.
#[derive(Debug)]
pub struct Mme {
    desk: Desk,
    plmn: [u8; 3],
    /// The realm of its HSS.
    realm: Text,
    /// By IMSI.
    subscribers: BTreeMap<Text, Subscriber>,
    asked: BTreeMap<RequestId, Asked>,
}

/// A subscriber who is attached, or about to be.
#[derive(Debug)]
struct Subscriber {
    /// The access point that he wanted, then the one that he has.
    apn: Option<Text>,
    /// `None` as long as he is not attached.
    subscription: Option<Subscription>,
}

/// A request to the HSS.
#[derive(Debug)]
struct Asked {
    imsi: Text,
    step: Step,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Authentication,
    Location,
    /// Whatever is answered changes nothing.
    Told,
}

impl Step {
    const fn command(self) -> &'static str {
        match self {
            Self::Authentication => "AIR",
            Self::Location => "ULR",
            Self::Told => "PUR",
        }
    }
}

/// ULR-Flags: single registration, S6a, initial attach (TS 29.272 section 7.3.7).
const ULR_FLAGS: u32 = 1 | 2 | 32;

/// `DIAMETER_ERROR_USER_UNKNOWN` (TS 29.272 section 7.4.3).
const USER_UNKNOWN: u32 = 5001;

impl Mme {
    /// An MME with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or there is no HSS to ask.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let servers = match diameter::named(setup)? {
            Some(servers) if !servers.is_empty() => servers,
            // The world's charging system is no HSS.
            _ => {
                return Err(SetupError(
                    "an mme needs `servers:`: the HSS, or the agent that leads to it".to_owned(),
                ));
            }
        };
        let plmn = setup.settings.get("plmn").and_then(Value::as_text).and_then(plmn_octets);
        let plmn = plmn.ok_or_else(|| SetupError("'plmn' is no network of five or six digits".to_owned()))?;
        let said = setup.settings.get("hss-realm").and_then(Value::as_text).map(Text::from);
        let realm = said.or_else(|| servers.first().map(|server| server.realm.clone())).unwrap_or_default();
        let settings = diameter::own(setup, Applications::tgpp(S6A), None);
        let desk = Desk::new(settings, &servers, setup);
        Ok(Self { desk, plmn, realm, subscribers: BTreeMap::new(), asked: BTreeMap::new() })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.desk.next(now) {
            match happening {
                Happening::Request { connection, octets, .. } => self.serve(connection, &octets),
                Happening::Answer { request, octets, .. } => {
                    if let (Some(asked), Ok(answer)) = (self.asked.remove(&request), Message::parse(&octets))
                    {
                        self.heard(now, asked, &answer);
                    }
                }
                Happening::Failed { request, failure } => {
                    if let Some(asked) = self.asked.remove(&request) {
                        let why = match failure {
                            Failure::Malformed => "failed",
                            _ => "hss-unreachable",
                        };
                        self.turn_away(&asked, why, None);
                    }
                }
                Happening::Up(_) | Happening::Down(_) => {}
            }
        }
    }

    fn ask(&mut self, now: Instant, imsi: &Text, step: Step, command: u32, fields: &Fields) {
        let mut all = Fields::new().with("User-Name", imsi.clone());
        fields.iter().for_each(|(name, value)| all.push(Text::from(name), value.clone()));
        let realm = self.realm.clone();
        if let Some(octets) = self.desk.request(now, (command, S6A), (None, &realm), &all) {
            let request = self.desk.station.request(now, octets, Sending::default());
            self.asked.insert(request, Asked { imsi: imsi.clone(), step });
        }
    }

    fn network(&self) -> Value {
        Value::Bytes(self.plmn.to_vec().into())
    }

    fn attach(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let imsi = Text::from(action.text("imsi")?);
        if let Some(own) = self.subscribers.get(&imsi) {
            let state = if own.subscription.is_some() { "attached already" } else { "about to attach" };
            return Err(ActionError::Impossible(format!("'{imsi}' is {state}")));
        }
        let apn = action.opt_text("apn").map(Text::from);
        self.subscribers.insert(imsi.clone(), Subscriber { apn, subscription: None });
        let wanted = Fields::new()
            .with("Number-Of-Requested-Vectors", 1_u32)
            .with("Immediate-Response-Preferred", 1_u32);
        let fields = Fields::new()
            .with("Requested-EUTRAN-Authentication-Info", Value::Group(wanted))
            .with("Visited-PLMN-Id", self.network());
        self.ask(now, &imsi, Step::Authentication, AUTHENTICATION, &fields);
        Ok(())
    }

    fn detach(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let imsi = self.attached(action)?;
        self.subscribers.remove(&imsi);
        self.desk.out.observe("detached", || Fields::new().with("imsi", imsi.clone()).with("by", "user"));
        self.ask(now, &imsi, Step::Told, PURGE, &Fields::new());
        Ok(())
    }

    fn notify(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let imsi = self.attached(action)?;
        let used = self.subscribers.get(&imsi).and_then(|own| own.apn.clone());
        let apn = action.opt_text("apn").map(Text::from).or(used).unwrap_or_default();
        let gateway = action.text("gateway")?;
        let realm = gateway.split_once('.').map_or(gateway, |(_, realm)| realm);
        let host = Fields::new().with("Destination-Realm", realm).with("Destination-Host", gateway);
        let home = Fields::new().with("MIP-Home-Agent-Host", Value::Group(host));
        let fields = Fields::new().with("MIP6-Agent-Info", Value::Group(home)).with("Service-Selection", apn);
        self.ask(now, &imsi, Step::Told, NOTIFY, &fields);
        Ok(())
    }

    fn attached(&self, action: &Action) -> Result<Text, ActionError> {
        let imsi = action.text("imsi")?;
        let own = self.subscribers.get(imsi).filter(|own| own.subscription.is_some());
        own.map(|_| Text::from(imsi))
            .ok_or_else(|| ActionError::Impossible(format!("'{imsi}' is not attached")))
    }

    fn heard(&mut self, now: Instant, asked: Asked, answer: &Message<'_>) {
        let outcome = Outcome::of(answer);
        if asked.step == Step::Told {
            return;
        }
        // The HSS may have cancelled an attach that was under way.
        if !self.subscribers.contains_key(&asked.imsi) {
            return;
        }
        if !outcome.is_some_and(Outcome::is_success) {
            let why = why(outcome, answer);
            return self.turn_away(&asked, why, outcome);
        }
        match asked.step {
            Step::Authentication if answer.get(avp::AUTHENTICATION_INFO).is_none() => {
                self.turn_away(&asked, "no-vectors", outcome);
            }
            Step::Authentication => {
                let fields = Fields::new()
                    .with("RAT-Type", "EUTRAN")
                    .with("ULR-Flags", ULR_FLAGS)
                    .with("Visited-PLMN-Id", self.network());
                self.ask(now, &asked.imsi, Step::Location, UPDATE_LOCATION, &fields);
            }
            _ => self.let_in(now, &asked, answer),
        }
    }

    fn let_in(&mut self, now: Instant, asked: &Asked, answer: &Message<'_>) {
        let Some(own) = self.subscribers.get_mut(&asked.imsi) else { return };
        let subscription = Subscription::read(answer).unwrap_or_default();
        let Some(apn) = subscription.choose(own.apn.as_deref()).cloned() else {
            self.turn_away(asked, "apn-unknown", None);
            return self.ask(now, &asked.imsi, Step::Told, PURGE, &Fields::new());
        };
        self.desk.out.observe("attached", || subscription.fields(&asked.imsi, &apn));
        own.apn = Some(apn);
        own.subscription = Some(subscription);
    }

    fn turn_away(&mut self, asked: &Asked, why: &'static str, outcome: Option<Outcome>) {
        if asked.step == Step::Told {
            return;
        }
        self.subscribers.remove(&asked.imsi);
        let imsi = asked.imsi.clone();
        self.desk.out.observe("refused", || {
            let fields =
                Fields::new().with("why", why).with("imsi", imsi).with("command", asked.step.command());
            match outcome {
                Some(outcome) => fields.with("result", outcome.number()),
                None => fields,
            }
        });
    }

    /// What the HSS wants.
    fn serve(&mut self, connection: ConnectionId, octets: &[u8]) {
        let Ok(request) = Message::parse(octets) else { return };
        let command = request.header.command;
        let problem = match check::verify(&request) {
            Err(problem) => Some(problem),
            Ok(()) if !matches!(command, CANCEL_LOCATION | INSERT_DATA) => {
                Some(Problem::message(ProblemKind::Command))
            }
            Ok(()) => None,
        };
        let octets = match problem {
            Some(problem) => self.desk.refuse(&request, &problem),
            None => {
                let imsi = diameter::text_of(&request, avp::USER_NAME).unwrap_or_default();
                let outcome = match command {
                    CANCEL_LOCATION => self.cancel(&imsi, &request),
                    _ => self.change(&imsi, &request),
                };
                self.desk.reply(&request, outcome, &Fields::new())
            }
        };
        if let Some(octets) = octets {
            self.desk.station.answer(connection, octets);
        }
    }

    /// A location that is not known is cancelled as well (TS 29.272 section 5.2.1.2.2).
    fn cancel(&mut self, imsi: &Text, request: &Message<'_>) -> Outcome {
        if self.subscribers.remove(imsi).is_some() {
            let kind = request.u32(avp::CANCELLATION_TYPE).unwrap_or(0);
            let named = tollgate_diameter::dictionary::avp(avp::CANCELLATION_TYPE);
            let why = named.and_then(|own| own.value_name(kind)).unwrap_or("unknown");
            self.desk.out.observe("detached", || {
                Fields::new().with("imsi", imsi.clone()).with("by", "hss").with("why", why)
            });
        }
        Outcome::DONE
    }

    fn change(&mut self, imsi: &Text, request: &Message<'_>) -> Outcome {
        let Some(own) = self.subscribers.get_mut(imsi) else { return Outcome::Tgpp(USER_UNKNOWN) };
        let Some(subscription) = Subscription::read(request) else { return Outcome::DONE };
        if own.subscription.is_some() {
            let apn = own.apn.clone().unwrap_or_default();
            self.desk.out.observe("changed", || subscription.fields(imsi, &apn));
            own.subscription = Some(subscription);
        }
        Outcome::DONE
    }
}

/// What a refusal of the HSS means to the subscriber (TS 29.272 annex A).
fn why(outcome: Option<Outcome>, answer: &Message<'_>) -> &'static str {
    match outcome {
        Some(Outcome::Tgpp(USER_UNKNOWN)) => "unknown",
        Some(Outcome::Tgpp(5004)) if answer.get(avp::ERROR_DIAGNOSTIC).is_some() => "barred",
        Some(Outcome::Tgpp(5004)) => "roaming-not-allowed",
        Some(Outcome::Tgpp(5420 | 5421)) => "no-data",
        Some(Outcome::Tgpp(4181)) => "no-vectors",
        Some(Outcome::Base(code)) if code.is_protocol_error() => "hss-unreachable",
        _ => "failed",
    }
}

impl Node for Mme {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.desk.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.desk.poll_output()
    }

    fn restart(&mut self, now: Instant) {
        self.desk.restart(now);
        self.subscribers.clear();
        self.asked.clear();
    }
}

impl Peer for Mme {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let done = match action.verb.as_str() {
            "attach" => self.attach(now, action),
            "detach" => self.detach(now, action),
            "notify" => self.notify(now, action),
            verb => {
                let unknown = || Err(ActionError::UnknownVerb(verb.to_owned()));
                self.desk.by_hand(now, action).unwrap_or_else(unknown)
            }
        };
        self.settle(now);
        done
    }
}
