//! The node of a home subscriber server: requests in, answers out, and what it tells an MME by itself.

use std::collections::BTreeMap;

use tollgate_diameter::peer::{Applications, ConnectionId, RequestId, Sending};
use tollgate_diameter::{Message, Problem, ProblemKind, avp, check};
use tollgate_network::{Action, ActionError, Input, Node, Output, Peer, Setup, SetupError};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use super::cx::{self, CX};
use super::s6a::{self, CANCEL_LOCATION, INSERT_DATA, Reply, S6A, USER_UNKNOWN};
use super::subscriber::{Place, Subscriber};
use crate::diameter::{self, Desk, Happening, Outcome};

/// A home subscriber server.
#[derive(Debug)]
pub struct Hss {
    desk: Desk,
    /// By IMSI. Kept through a restart, as a database is.
    subscribers: BTreeMap<Text, Subscriber>,
    /// What it told an MME that has not answered.
    told: BTreeMap<RequestId, Told>,
}

#[derive(Debug)]
struct Told {
    imsi: Text,
    mme: Text,
    sight: &'static str,
}

/// Why a location is cancelled (TS 29.272 section 7.3.24).
const MOVED: &str = "MME_UPDATE_PROCEDURE";
const WITHDRAWN: &str = "SUBSCRIPTION_WITHDRAWAL";

impl Hss {
    /// A server with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or two subscribers have one IMSI.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let applications = Applications::tgpp(S6A).and(&Applications::tgpp(CX));
        let listen = Some(diameter::listening(setup)?);
        let servers = diameter::named(setup)?.unwrap_or_default();
        let mut subscribers = BTreeMap::new();
        if let Some(Value::List(lines)) = setup.settings.get("subscribers") {
            for line in lines.iter().filter_map(Value::as_text) {
                let own = Subscriber::read(line)?;
                if let Some(twin) = subscribers.insert(own.imsi.clone(), own) {
                    return Err(SetupError(format!("two subscribers have the IMSI {}", twin.imsi)));
                }
            }
        }
        let desk = Desk::new(diameter::own(setup, applications, listen), &servers, setup);
        Ok(Self { desk, subscribers, told: BTreeMap::new() })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(happening) = self.desk.next(now) {
            match happening {
                Happening::Request { peer, connection, octets } => {
                    self.serve(now, &peer, connection, &octets);
                }
                Happening::Answer { request, octets, .. } => {
                    let outcome = Message::parse(&octets).ok().and_then(|answer| Outcome::of(&answer));
                    self.heard(request, outcome);
                }
                Happening::Failed { request, failure } => {
                    if let Some(told) = self.told.remove(&request) {
                        self.unanswered(&told, &failure.to_string());
                    }
                }
                Happening::Up(_) | Happening::Down(_) => {}
            }
        }
    }

    fn serve(&mut self, now: Instant, peer: &str, connection: ConnectionId, octets: &[u8]) {
        let Ok(request) = Message::parse(octets) else { return };
        if let Err(problem) = check::verify(&request) {
            return self.refuse(connection, &request, &problem);
        }
        let Some(own) = find(&mut self.subscribers, &request) else {
            return self.reply(now, connection, &request, Reply::refused(USER_UNKNOWN), None);
        };
        let imsi = own.imsi.clone();
        let reply = match request.header.application {
            S6A => s6a::answer(own, &request, peer),
            _ => cx::answer(own, &request),
        };
        match reply {
            Some(reply) => self.reply(now, connection, &request, reply, Some(imsi)),
            // A command of the application that only an HSS sends.
            None => self.refuse(connection, &request, &Problem::message(ProblemKind::Command)),
        }
    }

    fn refuse(&mut self, connection: ConnectionId, request: &Message<'_>, problem: &Problem) {
        if let Some(octets) = self.desk.refuse(request, problem) {
            self.desk.station.answer(connection, octets);
        }
    }

    fn reply(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        request: &Message<'_>,
        reply: Reply,
        imsi: Option<Text>,
    ) {
        let Some(octets) = self.desk.reply(request, reply.outcome, &reply.fields) else { return };
        self.desk.station.answer(connection, octets);
        if !reply.outcome.is_success() {
            let named =
                imsi.clone().or_else(|| diameter::text_of(request, avp::USER_NAME)).unwrap_or_default();
            let command = request.name().unwrap_or("request");
            self.desk.out.observe("refused", || {
                Fields::new()
                    .with("imsi", named)
                    .with("command", command)
                    .with("result", reply.outcome.number())
            });
        }
        let Some(imsi) = imsi else { return };
        if request.header.command == s6a::UPDATE_LOCATION && reply.outcome.is_success() {
            let place = self.subscribers.get(&imsi).and_then(|own| own.place.clone());
            if let Some(place) = place {
                self.desk
                    .out
                    .observe("located", || Fields::new().with("imsi", imsi.clone()).with("mme", place.host));
            }
        }
        if let Some(old) = reply.left {
            self.cancel(now, imsi, old, MOVED);
        }
    }

    /// Tells an MME that a subscriber is with it no more.
    fn cancel(&mut self, now: Instant, imsi: Text, place: Place, why: &str) {
        let fields = Fields::new().with("User-Name", imsi.clone()).with("Cancellation-Type", why);
        self.tell(now, CANCEL_LOCATION, imsi, place, &fields, "cancelled");
    }

    fn tell(
        &mut self,
        now: Instant,
        command: u32,
        imsi: Text,
        place: Place,
        fields: &Fields,
        sight: &'static str,
    ) {
        let to = (Some(place.host.as_str()), place.realm.as_str());
        let Some(octets) = self.desk.request(now, (command, S6A), to, fields) else { return };
        // The connection that brought the subscriber's location leads to the MME, agents in between included.
        let sending = Sending { via: Some(&place.through), ..Sending::default() };
        let request = self.desk.station.request(now, octets, sending);
        self.told.insert(request, Told { imsi, mme: place.host, sight });
    }

    fn heard(&mut self, request: RequestId, outcome: Option<Outcome>) {
        let Some(told) = self.told.remove(&request) else { return };
        if !outcome.is_some_and(Outcome::is_success) {
            let why = outcome.map_or_else(|| "no result".to_owned(), |own| own.number().to_string());
            return self.unanswered(&told, &why);
        }
        let Told { imsi, mme, sight } = told;
        self.desk.out.observe(sight, || Fields::new().with("imsi", imsi).with("mme", mme));
    }

    fn unanswered(&mut self, told: &Told, why: &str) {
        let (imsi, mme) = (told.imsi.clone(), told.mme.clone());
        self.desk
            .out
            .observe("unanswered", || Fields::new().with("imsi", imsi).with("mme", mme).with("why", why));
    }

    fn known(&mut self, action: &Action) -> Result<&mut Subscriber, ActionError> {
        let imsi = action.text("imsi")?;
        self.subscribers
            .get_mut(imsi)
            .ok_or_else(|| ActionError::Impossible(format!("there is no subscriber '{imsi}'")))
    }

    fn provision(&mut self, action: &Action) -> Result<(), ActionError> {
        let own = Subscriber::provisioned(action)?;
        if self.subscribers.contains_key(&own.imsi) {
            return Err(ActionError::Impossible(format!("there is a subscriber '{}' already", own.imsi)));
        }
        self.subscribers.insert(own.imsi.clone(), own);
        Ok(())
    }

    fn change(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let own = self.known(action)?;
        *own = own.changed(action)?;
        let (imsi, place, data) = (own.imsi.clone(), own.place.clone(), own.data());
        if let Some(place) = place {
            let fields =
                Fields::new().with("User-Name", imsi.clone()).with("Subscription-Data", Value::Group(data));
            self.tell(now, INSERT_DATA, imsi, place, &fields, "informed");
        }
        Ok(())
    }

    /// The subscriber is with nobody any more, whether he was or not.
    fn send_away(&mut self, now: Instant, action: &Action, barred: Option<bool>) -> Result<(), ActionError> {
        let own = self.known(action)?;
        own.barred = barred.unwrap_or(own.barred);
        own.gateways.clear();
        if own.barred {
            own.call_control = None;
        }
        let (imsi, place) = (own.imsi.clone(), own.place.take());
        match place {
            Some(place) => self.cancel(now, imsi, place, WITHDRAWN),
            None if barred.is_none() => {
                return Err(ActionError::Impossible(format!("'{imsi}' is with no MME")));
            }
            None => {}
        }
        Ok(())
    }

    fn remove(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        self.known(action)?;
        let gone = self.subscribers.remove(action.text("imsi")?);
        if let Some(Subscriber { imsi, place: Some(place), .. }) = gone {
            self.cancel(now, imsi, place, WITHDRAWN);
        }
        Ok(())
    }
}

/// The subscriber of a request: by User-Name, for Cx by whichever identity it has.
fn find<'a>(
    subscribers: &'a mut BTreeMap<Text, Subscriber>,
    request: &Message<'_>,
) -> Option<&'a mut Subscriber> {
    if request.header.application == S6A {
        return subscribers.get_mut(request.text(avp::USER_NAME)?);
    }
    let identity = request.text(avp::USER_NAME).or_else(|| request.text(avp::PUBLIC_IDENTITY))?;
    subscribers.values_mut().find(|own| own.is_called(identity))
}

impl Node for Hss {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        self.desk.take(now, input);
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        self.desk.poll_output()
    }

    fn restart(&mut self, now: Instant) {
        self.desk.restart(now);
        self.told.clear();
    }
}

impl Peer for Hss {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        let done = match action.verb.as_str() {
            "provision" => self.provision(action),
            "change" => self.change(now, action),
            "bar" => self.send_away(now, action, Some(true)),
            "unbar" => self.known(action).map(|own| own.barred = false),
            "remove" => self.remove(now, action),
            "cancel-location" => self.send_away(now, action, None),
            verb => {
                let unknown = || Err(ActionError::UnknownVerb(verb.to_owned()));
                self.desk.by_hand(now, action).unwrap_or_else(unknown)
            }
        };
        self.settle(now);
        done
    }
}
