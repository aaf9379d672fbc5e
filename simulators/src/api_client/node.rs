//! The node of an API client.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tollgate_http::{Bytes, ClientConnection, Limits, Request, Response};
use tollgate_network::{
    Action, ActionError, Input, Node, Output, Peer, Setup, SetupError, StreamEvent, StreamId, StreamOrder,
    Transport,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Text, Value};

use crate::http::{Called, Caller, fields, read};
use crate::outbox::Outbox;
use crate::settings::Reader;

/// The first id of connections whose octets a scenario spells out.
const SPELT: u64 = 1 << 59;

/// A program that uses the interface of a charging system.
#[derive(Debug)]
pub struct ApiClient {
    address: IpAddr,
    server: SocketAddr,
    path: Text,
    within: Duration,
    caller: Caller<Text>,
    session: Option<String>,
    spelt: BTreeMap<StreamId, ClientConnection>,
    streams: u64,
    out: Outbox,
}

impl ApiClient {
    /// A client with these settings.
    ///
    /// # Errors
    /// A setting is not as it must be, or there is nobody to ask.
    pub fn new(setup: &Setup) -> Result<Self, SetupError> {
        let reader = Reader { setup };
        let port = u16::try_from(reader.u32("port")?).map_err(|_| crate::settings::wrong("port"))?;
        let named = match reader.value("server") {
            Some(Value::Address(address)) => Some(*address),
            _ => setup.systems.first().and_then(|own| own.addresses.first().copied()),
        };
        let server = named.ok_or_else(|| SetupError("there is no charging system to ask".to_owned()))?;
        Ok(Self {
            address: setup.address,
            server: SocketAddr::new(server, port),
            path: reader.text("path")?.into(),
            within: reader.span("answer-within")?,
            caller: Caller::new(setup.address),
            session: None,
            spelt: BTreeMap::new(),
            streams: 0,
            out: Outbox::new(setup.observe),
        })
    }

    fn call(&mut self, now: Instant, method: &str, params: Map<String, Json>, environment: Option<i128>) {
        let mut body = json!({ "params": params });
        let mut auth = Map::new();
        if let Some(session) = &self.session {
            auth.insert("session_id".to_owned(), json!(session));
        }
        if let Some(environment) = environment.and_then(|own| u32::try_from(own).ok()) {
            auth.insert("i_env".to_owned(), json!(environment));
        }
        if !auth.is_empty() {
            body["auth_info"] = Json::Object(auth);
        }
        let path = format!("{}/{method}", self.path);
        let (within, server) = (self.within, self.server);
        self.caller.post((now, within), server, &path, &body, method.into(), &mut self.out);
    }

    /// Sends what stands there, with `\r` and `\n` for the ends of lines.
    fn send(&mut self, text: &str) {
        self.streams += 1;
        let id = StreamId::outgoing(SPELT + self.streams);
        let from = SocketAddr::new(self.address, 0);
        self.out.order(id, StreamOrder::Connect { from, to: self.server, over: Transport::Tcp });
        let mut connection = ClientConnection::new(Limits::default());
        // Whatever was sent, one answer is waited for.
        connection.send(&Request::new(Bytes::new()));
        self.spelt.insert(id, connection);
        let octets = text.replace("\\r", "\r").replace("\\n", "\n");
        self.out.order(id, StreamOrder::Send(Bytes::from(octets)));
    }

    fn settle(&mut self) {
        while let Some(Called { what, answer }) = self.caller.poll() {
            match answer {
                Ok(answer) => self.hear(&what, &answer),
                Err(error) => self.out.observe("unanswered", || {
                    Fields::new().with("method", what.clone()).with("why", error.to_string().as_str())
                }),
            }
        }
    }

    fn hear(&mut self, method: &Text, answer: &Response<Bytes>) {
        let body = read(answer.body()).unwrap_or_default();
        if method == "Session/login"
            && let Some(session) = body.get("session_id").and_then(Json::as_str)
        {
            self.session = Some(session.to_owned());
        }
        let status = u32::from(answer.status().as_u16());
        self.out.observe("answer", || {
            let head = Fields::new().with("method", method.clone()).with("status", status);
            let members = fields(&body);
            let all = head.iter().chain(members.iter());
            all.map(|(name, value)| (Text::from(name), value.clone())).collect()
        });
    }

    fn take_spelt(&mut self, id: StreamId, event: &StreamEvent) {
        let Some(connection) = self.spelt.get_mut(&id) else { return };
        match event {
            StreamEvent::Received(octets) => connection.handle_octets(octets),
            StreamEvent::Closed(_) | StreamEvent::Refused(_) => connection.handle_end(),
            _ => return,
        }
        let Some(answer) = connection.poll_response() else { return };
        self.spelt.remove(&id);
        self.out.order(id, StreamOrder::Close);
        match answer {
            Ok(answer) => self.hear(&"send".into(), &answer),
            Err(error) => self.out.observe("unanswered", || {
                Fields::new().with("method", "send").with("why", error.to_string().as_str())
            }),
        }
    }
}

/// Parameters as JSON: a name that stands several times is a list.
fn object(group: &Fields) -> Map<String, Json> {
    let mut all = Map::new();
    for (name, value) in group.iter() {
        let json = value_of(value);
        match all.get_mut(name) {
            None => drop(all.insert(name.to_owned(), json)),
            Some(Json::Array(list)) => list.push(json),
            Some(first) => *first = json!([first.clone(), json]),
        }
    }
    all
}

fn value_of(value: &Value) -> Json {
    match value {
        Value::Flag(flag) => json!(flag),
        Value::Integer(number) => {
            i64::try_from(*number).map_or_else(|_| json!(number.to_string()), |number| json!(number))
        }
        Value::List(list) => Json::Array(list.iter().map(value_of).collect()),
        Value::Group(group) => Json::Object(object(group)),
        Value::Text(text) => json!(text.as_str()),
        other => json!(other.to_string()),
    }
}

impl Node for ApiClient {
    fn handle_input(&mut self, now: Instant, input: Input<'_>) {
        match input {
            Input::Receive(_) => {}
            Input::Stream(id, event) => {
                if !self.caller.take(id, event, &mut self.out) {
                    self.take_spelt(id, event);
                }
            }
            Input::Timeout => self.caller.expire(now, &mut self.out),
        }
        self.settle();
    }

    fn poll_output(&mut self) -> Output {
        self.out.poll_or_wait(&[self.caller.next_deadline()])
    }

    fn restart(&mut self, _: Instant) {
        self.caller.restart();
        self.spelt.clear();
        self.session = None;
        self.out.clear();
    }
}

impl Peer for ApiClient {
    fn perform(&mut self, now: Instant, action: &Action) -> Result<(), ActionError> {
        match action.verb.as_str() {
            "login" => {
                let mut params = Map::new();
                params.insert("login".to_owned(), json!(action.text("login")?));
                params.insert("password".to_owned(), json!(action.opt_text("password").unwrap_or_default()));
                self.session = None;
                self.call(now, "Session/login", params, None);
            }
            "call" => {
                let params = match action.args.get("with") {
                    Some(Value::Group(group)) => object(group),
                    _ => Map::new(),
                };
                self.call(now, action.text("method")?, params, action.opt_integer("environment"));
            }
            "send" => self.send(action.text("text")?),
            _ => return Err(ActionError::UnknownVerb(action.verb.to_string())),
        }
        self.settle();
        Ok(())
    }
}
