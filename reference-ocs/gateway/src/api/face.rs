//! Connections of the HTTP face: what arrives becomes requests for the gateway, what it answers goes out.

use std::collections::BTreeSet;

use tollgate_http::{Asked, Bytes, Limits, Order, Request, Response, Server, StatusCode};
use tollgate_network::{Observation, Output, StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::config::ApiConfig;
use super::fault::Fault;
use super::sessions::ApiSessions;
use crate::node::RadiusGateway;

/// The first id of its listeners, apart from those of the Diameter face.
const LISTENERS: u64 = 1 << 61;

/// The HTTP face.
#[derive(Debug)]
pub(crate) struct ApiFace {
    pub(super) config: ApiConfig,
    pub(super) sessions: ApiSessions,
    server: Server<StreamId>,
    streams: BTreeSet<StreamId>,
}

impl ApiFace {
    pub(crate) fn new(config: ApiConfig) -> Self {
        let server = Server::new(Limits::default());
        Self { config, sessions: ApiSessions::default(), server, streams: BTreeSet::new() }
    }

    /// The power came back: connections and sessions are gone.
    pub(crate) fn restart(&mut self) {
        self.server.clear();
        self.streams.clear();
        self.sessions.clear();
    }

    /// What it orders at the start.
    pub(crate) fn listen(&self) -> impl Iterator<Item = Output> + '_ {
        (LISTENERS..).zip(&self.config.listen).map(|(id, at)| {
            Output::Stream(StreamId::outgoing(id), StreamOrder::Listen { at: *at, over: Transport::Tcp })
        })
    }

    /// Takes what happened to a connection; `false` when it is none of the face's.
    fn take(&mut self, id: StreamId, event: &StreamEvent) -> bool {
        let listeners = u64::try_from(self.config.listen.len()).unwrap_or_default();
        let is_listener = !id.is_incoming() && (LISTENERS..LISTENERS + listeners).contains(&id.number());
        match event {
            StreamEvent::Accepted { local, .. } if self.config.listen.contains(local) => {
                self.streams.insert(id);
                self.server.handle_accepted(id);
            }
            _ if !self.streams.contains(&id) => return is_listener,
            StreamEvent::Received(octets) => self.server.handle_octets(id, octets),
            StreamEvent::Closed(_) => {
                self.streams.remove(&id);
                self.server.handle_closed(id);
            }
            _ => {}
        }
        true
    }
}

impl RadiusGateway {
    /// Takes what happened to a connection of the HTTP face; `false` when it is none of them.
    pub(crate) fn take_api_stream(&mut self, now: Instant, id: StreamId, event: &StreamEvent) -> bool {
        let Some(face) = &mut self.api else { return false };
        if !face.take(id, event) {
            return false;
        }
        if let StreamEvent::Refused(refusal) = event {
            let why = refusal.to_string();
            self.observe(|| Observation::new("refused", Fields::new().with("detail", why.as_str())));
        }
        while let Some(Asked { connection, request }) =
            self.api.as_mut().and_then(|face| face.server.poll_request())
        {
            let answer = match request {
                Ok(request) => self.answer_api(now, &request),
                Err(error) => Some(Fault::from(error).answer()),
            };
            let Some(answer) = answer else { continue };
            if let Some(face) = &mut self.api {
                face.server.answer(connection, &answer);
            }
            self.flush_api();
        }
        self.flush_api();
        true
    }

    fn flush_api(&mut self) {
        let Some(face) = &mut self.api else { return };
        while let Some(order) = face.server.poll_order() {
            self.outputs.push_back(match order {
                Order::Send(id, octets) => Output::Stream(id, StreamOrder::Send(octets)),
                Order::Close(id) => {
                    face.streams.remove(&id);
                    Output::Stream(id, StreamOrder::Close)
                }
            });
        }
    }

    /// The answer to a request; `None` when what it promises cannot be stored.
    fn answer_api(&mut self, now: Instant, request: &Request<Bytes>) -> Option<Response<Bytes>> {
        let (answer, login) = self.route_api(now, request)?;
        if self.config.observe {
            let status = answer.status();
            let method = request.uri().path().trim_start_matches("/rest/");
            let mut fields = Fields::new().with("method", method).with("status", u32::from(status.as_u16()));
            if let Some(login) = login {
                fields.push("login", login.as_str());
            }
            if status != StatusCode::OK {
                let body: Option<serde_json::Value> = serde_json::from_slice(answer.body()).ok();
                for name in ["faultcode", "faultstring"] {
                    if let Some(text) = body.as_ref().and_then(|body| body[name].as_str()) {
                        fields.push(name, text);
                    }
                }
            }
            self.outputs.push_back(Output::Heard(Observation::new("api", fields)));
        }
        Some(answer)
    }
}
