//! The node of a web dispatcher.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tollgate_http::{Bytes, Response, StatusCode};
use tollgate_network::{
    Action, ActionError, Input, KnownSystem, Node, Output, Peer, Setup, SetupError, StreamId,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text};

use super::session::{Session, Sessions, Side};
use crate::forwarding_registry::{Registry, RegistryDoor};
use crate::http::{CallError, Called, Caller, Door, Knock, answer, read};
use crate::outbox::Outbox;
use crate::settings::Reader;

/// A request that waits for one or both systems.
#[derive(Debug)]
struct Pending {
    stream: StreamId,
    kind: Kind,
    /// What each system has answered.
    answers: [Option<Result<Response<Bytes>, CallError>>; 2],
    waits: [bool; 2],
}

#[derive(Debug)]
enum Kind {
    Login { login: Text, only: Option<Side> },
    List,
    One { method: Text, params: Map<String, Json> },
}

/// The single entry for programs in front of two systems.
#[derive(Debug)]
pub struct WebDispatcher {
    door: Door,
    registry_door: RegistryDoor,
    registry: Registry,
    caller: Caller<(u64, Side)>,
    /// Names, addresses and environments of source and target.
    systems: [(Text, SocketAddr, Option<u32>); 2],
    sessions: Sessions,
    pending: BTreeMap<u64, Pending>,
    asked: u64,
    within: Duration,
    out: Outbox,
}

impl WebDispatcher {
    /// A dispatcher with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or there is no such system.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let port = |name: &str| u16::try_from(reader.u32(name)?).map_err(|_| crate::settings::wrong(name));
        let api = port("api-port")?;
        let system = |name: &str| {
            let name = reader.text(name)?;
            let known = setup.systems.iter().find(|own| own.name == name);
            let at = |own: &KnownSystem| Some(SocketAddr::new(*own.addresses.first()?, api));
            let found = known.and_then(|own| Some((own.name.clone(), at(own)?, own.environment)));
            found.ok_or_else(|| SetupError(format!("there is no system '{name}'")))
        };
        let mut out = Outbox::new(setup.observe);
        let mut door = Door::new(setup.address, port("port")?);
        let mut registry_door = RegistryDoor::new(setup.address, port("registry-port")?);
        // Open before anybody knocks.
        door.expire(&mut out);
        registry_door.expire(&mut out);
        Ok(Self {
            door,
            registry_door,
            registry: Registry::new(setup.systems.clone()),
            caller: Caller::new(setup.address),
            systems: [system("source")?, system("target")?],
            sessions: Sessions::default(),
            pending: BTreeMap::new(),
            asked: 0,
            within: reader.span("answer-within")?,
            out,
        })
    }

    fn settle(&mut self, now: Instant) {
        while let Some(knock) = self.door.poll(&mut self.out) {
            self.serve(now, knock);
        }
        while let Some(Called { what: (number, side), answer }) = self.caller.poll() {
            self.heard(number, side, answer);
        }
    }

    fn refuse(&mut self, stream: StreamId, status: StatusCode, code: &str, why: &str) {
        let body = json!({ "faultcode": code, "faultstring": why });
        self.door.answer(stream, &answer(status, &body), &mut self.out);
    }

    fn serve(&mut self, now: Instant, Knock { stream, request }: Knock) {
        let Some(method) = request.uri().path().strip_prefix("/rest/").map(Text::from) else {
            return self.refuse(
                stream,
                StatusCode::NOT_FOUND,
                "Server.NotFound",
                "methods are at /rest/<Service>/<method>",
            );
        };
        let mut body = match read(request.body()) {
            Ok(body) => body,
            Err(why) => return self.refuse(stream, StatusCode::BAD_REQUEST, "Server.Parameters", &why),
        };
        let auth = body.remove("auth_info").unwrap_or_default();
        let params = match body.remove("params") {
            Some(Json::Object(params)) => params,
            _ => Map::new(),
        };
        if method == "Session/login" {
            return self.log_in(now, stream, params);
        }
        let id = auth["session_id"].as_str().unwrap_or_default();
        let environment = auth["i_env"].as_u64().and_then(|own| u32::try_from(own).ok());
        let context = match environment {
            None => None,
            Some(own) => match self.side_of(own) {
                Some(side) => Some(side),
                None => {
                    let why = format!("there is no billing environment {own}");
                    return self.refuse(stream, StatusCode::BAD_REQUEST, "WebDispatcher.Context", &why);
                }
            },
        };
        let Some(session) = self.sessions.get_mut(id) else {
            let why = "there is no such session: log in with Session/login";
            return self.refuse(
                stream,
                StatusCode::UNAUTHORIZED,
                "Server.Session.check_auth.auth_failed",
                why,
            );
        };
        session.context = context.or(session.context);
        let session = session.clone();
        if method == "Session/logout" {
            self.sessions.end(id);
        }
        let (sides, by) = self.dispatch(&method, &params, &session);
        let sides: Vec<Side> =
            sides.into_iter().filter(|side| session.systems[side.index()].is_some()).collect();
        if sides.is_empty() {
            let why = "the system that has it gave no session";
            return self.refuse(stream, StatusCode::BAD_GATEWAY, "WebDispatcher.NoSession", why);
        }
        let kind = match by {
            "list" => Kind::List,
            _ => Kind::One { method: method.clone(), params: params.clone() },
        };
        self.send(
            now,
            (stream, kind),
            (&method, by),
            &sides,
            |side| json!({ "auth_info": { "session_id": session.systems[side.index()] }, "params": params }),
        );
    }

    /// The systems that a request goes to, and what decides it.
    fn dispatch(
        &self,
        method: &str,
        params: &Map<String, Json>,
        session: &Session,
    ) -> (Vec<Side>, &'static str) {
        if let Some(only) = session.only {
            return (vec![only], "login");
        }
        if method == "Customer/get_customer_list" {
            return (vec![Side::Source, Side::Target], "list");
        }
        // Of what is changed the members stand in an object of their own.
        let members = params.values().filter_map(Json::as_object).chain([params]);
        for object in members {
            for name in ["i_customer", "i_account"] {
                if let Some(number) = object.get(name).and_then(Json::as_u64) {
                    let own = self.registry.locate(&format!("{name}/{number}"));
                    let moved = own
                        .and_then(|place| self.registry.system(place))
                        .and_then(|own| self.named(&own.name));
                    let born = if number % 2 == 1 { Side::Source } else { Side::Target };
                    let by = if name == "i_customer" { "i_customer" } else { "i_account" };
                    return (vec![moved.unwrap_or(born)], by);
                }
            }
            let located = object.get("id").and_then(Json::as_str).and_then(|id| self.owner(id));
            if let Some(side) = located {
                return (vec![side], "id");
            }
        }
        match session.context {
            Some(context) => (vec![context], "context"),
            None => (vec![Side::Target], "default"),
        }
    }

    /// The system that has a number.
    fn owner(&self, number: &str) -> Option<Side> {
        let place = self.registry.locate(number)?;
        self.named(&self.registry.system(place)?.name)
    }

    fn named(&self, name: &str) -> Option<Side> {
        [Side::Source, Side::Target].into_iter().find(|side| self.systems[side.index()].0 == name)
    }

    fn side_of(&self, environment: u32) -> Option<Side> {
        let is = |side: &Side| self.systems[side.index()].2 == Some(environment);
        [Side::Source, Side::Target].into_iter().find(is)
    }

    fn log_in(&mut self, now: Instant, stream: StreamId, params: Map<String, Json>) {
        let login: Text = params.get("login").and_then(Json::as_str).unwrap_or_default().into();
        // A customer's user has one system; an administrator's has both, with the same credentials.
        let only = self.owner(&login);
        let sides = only.map_or_else(|| vec![Side::Source, Side::Target], |side| vec![side]);
        let by = if only.is_some() { "id" } else { "login" };
        let kind = Kind::Login { login, only };
        self.send(now, (stream, kind), ("Session/login", by), &sides, |_| json!({ "params": params }));
    }

    fn send(
        &mut self,
        now: Instant,
        (stream, kind): (StreamId, Kind),
        (method, by): (&str, &str),
        sides: &[Side],
        body: impl Fn(Side) -> Json,
    ) {
        self.asked += 1;
        let number = self.asked;
        let waits = [Side::Source, Side::Target].map(|side| sides.contains(&side));
        self.pending.insert(number, Pending { stream, kind, answers: [None, None], waits });
        let names: Vec<Text> = sides.iter().map(|side| self.systems[side.index()].0.clone()).collect();
        self.out.hear("dispatched", || {
            let mut fields = Fields::new().with("method", method);
            names.into_iter().for_each(|name| fields.push("system", name));
            fields.with("by", by)
        });
        for &side in sides {
            let to = self.systems[side.index()].1;
            let path = format!("/rest/{method}");
            self.caller.post((now, self.within), to, &path, &body(side), (number, side), &mut self.out);
        }
    }

    fn heard(&mut self, number: u64, side: Side, answer: Result<Response<Bytes>, CallError>) {
        let Some(pending) = self.pending.get_mut(&number) else { return };
        pending.answers[side.index()] = Some(answer);
        let still = |at: usize| pending.waits[at] && pending.answers[at].is_none();
        if still(0) || still(1) {
            return;
        }
        let Some(Pending { stream, kind, answers, .. }) = self.pending.remove(&number) else { return };
        match kind {
            Kind::Login { login, only } => self.logged_in(stream, &login, only, answers),
            Kind::List => self.merged(stream, answers),
            Kind::One { method, params } => {
                if let [Some(Ok(own)), _] | [_, Some(Ok(own))] = &answers {
                    self.note_porting(&method, &params, side, own.status());
                }
                let own = answers.into_iter().flatten().next();
                self.relay(stream, own);
            }
        }
    }

    fn relay(&mut self, stream: StreamId, own: Option<Result<Response<Bytes>, CallError>>) {
        match own {
            Some(Ok(own)) => self.door.answer(stream, &own, &mut self.out),
            Some(Err(why)) => {
                let why = why.to_string();
                self.refuse(stream, StatusCode::BAD_GATEWAY, "WebDispatcher.Unreachable", &why);
            }
            None => {
                self.refuse(stream, StatusCode::BAD_GATEWAY, "WebDispatcher.Unreachable", "nobody was asked");
            }
        }
    }

    /// A number that was ported in belongs to the system from now on, one that was ported out to nobody.
    fn note_porting(&mut self, method: &str, params: &Map<String, Json>, side: Side, status: StatusCode) {
        let text = |name: &str| params.get(name).and_then(Json::as_str).map(str::to_owned);
        let system = self.systems[side.index()].0.clone();
        // A registry that is full keeps what it has: the number falls back then.
        let noted = match (method, status) {
            ("NumberPorting/port_in_confirmed", StatusCode::OK) => {
                text("number").map(|number| self.registry.assign(&number, &system))
            }
            ("NumberPorting/port_out_confirmed", StatusCode::OK) => {
                text("id").map(|number| self.registry.forget(&number))
            }
            _ => None,
        };
        if let Some(Err(error)) = noted {
            self.out.hear("http-note", || Fields::new().with("detail", error.to_string().as_str()));
        }
    }

    fn logged_in(
        &mut self,
        stream: StreamId,
        login: &Text,
        only: Option<Side>,
        answers: [Option<Result<Response<Bytes>, CallError>>; 2],
    ) {
        let session = |own: &Option<Result<Response<Bytes>, CallError>>| match own {
            Some(Ok(own)) if own.status() == StatusCode::OK => {
                let body: Option<Json> = serde_json::from_slice(own.body()).ok();
                body.and_then(|body| body["session_id"].as_str().map(str::to_owned))
            }
            _ => None,
        };
        let systems = [session(&answers[0]), session(&answers[1])];
        let first = only.unwrap_or(Side::Target).index();
        let Some(id) = systems[first].clone() else {
            // What the target says counts: with it, or with the system of the account, a session stands or falls.
            let [source, target] = answers;
            let own = if first == Side::Target.index() { target } else { source };
            return self.relay(stream, own);
        };
        if only.is_none() && systems[Side::Source.index()].is_none() {
            let why = match &answers[Side::Source.index()] {
                Some(Err(error)) => error.to_string(),
                Some(Ok(own)) => format!("status {}", own.status()),
                None => String::new(),
            };
            self.out
                .hear("no-source", || Fields::new().with("login", login.clone()).with("why", why.as_str()));
        }
        self.sessions.begin(&id, systems, only);
        let [source, target] = answers;
        let own = if first == Side::Target.index() { target } else { source };
        self.relay(stream, own);
    }

    /// One list of both: customers of the source first, by their numbers.
    fn merged(&mut self, stream: StreamId, answers: [Option<Result<Response<Bytes>, CallError>>; 2]) {
        let mut rows: Vec<Json> = Vec::new();
        let mut total = 0;
        for own in answers {
            let Some(own) = own else { continue };
            match own {
                Ok(own) if own.status() == StatusCode::OK => {
                    let body: Json = serde_json::from_slice(own.body()).unwrap_or_default();
                    rows.extend(body["customer_list"].as_array().into_iter().flatten().cloned());
                    total += body["total"].as_u64().unwrap_or_default();
                }
                other => return self.relay(stream, Some(other)),
            }
        }
        rows.sort_by_key(|row| row["i_customer"].as_u64());
        let body = json!({ "customer_list": rows, "total": total });
        self.door.answer(stream, &answer(StatusCode::OK, &body), &mut self.out);
    }
}

impl Node for WebDispatcher {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(_) => {}
            Input::Stream(id, event) => {
                let taken = self.caller.take(id, event, &mut self.out)
                    || self.door.take(id, event, &mut self.out)
                    || self.registry_door.take(id, event, &mut self.registry, &mut self.out);
                if !taken {
                    self.out.hear("http-note", || Fields::new().with("detail", "a stream that is nobody's"));
                }
            }
            Input::Timeout => {
                self.door.expire(&mut self.out);
                self.registry_door.expire(&mut self.out);
                self.caller.expire(now, &mut self.out);
            }
        }
        self.settle(now);
    }

    fn poll_output(&mut self) -> Output {
        let doors = [self.door.next_deadline(), self.registry_door.next_deadline()];
        self.out.poll_or_wait(&[doors[0], doors[1], self.caller.next_deadline()])
    }

    fn restart(&mut self, _: Instant) {
        self.door.restart();
        self.registry_door.restart();
        self.caller.restart();
        self.sessions.clear();
        self.pending.clear();
        self.out.clear();
    }
}

impl Peer for WebDispatcher {
    fn perform(&mut self, _: Instant, action: &Action) -> Result<(), ActionError> {
        Err(ActionError::UnknownVerb(action.verb.to_string()))
    }
}
