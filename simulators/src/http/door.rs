//! Where a simulator takes requests: one port, any number of connections.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use serde_json::{Value as Json, json};
use tollgate_http::{Asked, Bytes, HttpError, Limits, Order, Request, Response, Server, StatusCode, header};
use tollgate_network::{StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_time::Instant;
use tollgate_wire::Fields;

use super::json;
use crate::outbox::Outbox;

/// Where the ids of listeners begin, one for each port, apart from those of other connections that the same node may have.
const LISTENERS: u64 = 1 << 61;

/// A request that wants an answer.
#[derive(Debug)]
pub struct Knock {
    /// The connection that it came by.
    pub stream: StreamId,
    /// The request.
    pub request: Request<Bytes>,
}

/// A port that takes requests.
#[derive(Debug)]
pub struct Door {
    at: SocketAddr,
    listener: StreamId,
    server: Server<StreamId>,
    streams: BTreeSet<StreamId>,
    listens: bool,
}

impl Door {
    /// A door at this address; it opens when it is told the time first.
    #[must_use]
    pub fn new(address: IpAddr, port: u16) -> Self {
        let (server, streams) = (Server::new(Limits::default()), BTreeSet::new());
        let listener = StreamId::outgoing(LISTENERS + u64::from(port));
        Self { at: SocketAddr::new(address, port), listener, server, streams, listens: false }
    }

    /// When [`Self::expire`] has something to do: at once, until it listens.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Instant> {
        if self.listens { None } else { Some(Instant::EPOCH) }
    }

    /// Listens, the first time.
    pub fn expire(&mut self, out: &mut Outbox) {
        if !std::mem::replace(&mut self.listens, true) {
            out.order(self.listener, StreamOrder::Listen { at: self.at, over: Transport::Tcp });
        }
    }

    /// Takes what happened to a connection; `false` when it is none of the door's.
    pub fn take(&mut self, id: StreamId, event: &StreamEvent, out: &mut Outbox) -> bool {
        match event {
            StreamEvent::Refused(why) if id == self.listener => {
                let why = why.to_string();
                out.observe("http-note", || Fields::new().with("detail", why.as_str()));
                return true;
            }
            StreamEvent::Accepted { local, .. } if local.port() == self.at.port() => {
                self.streams.insert(id);
                self.server.handle_accepted(id);
            }
            _ if !self.streams.contains(&id) => return id == self.listener,
            StreamEvent::Received(octets) => self.server.handle_octets(id, octets),
            StreamEvent::Closed(_) => {
                self.streams.remove(&id);
                self.server.handle_closed(id);
            }
            _ => {}
        }
        self.flush(out);
        true
    }

    /// The next request; what is none is answered here.
    pub fn poll(&mut self, out: &mut Outbox) -> Option<Knock> {
        while let Some(Asked { connection, request }) = self.server.poll_request() {
            match request {
                Ok(request) => {
                    self.flush(out);
                    return Some(Knock { stream: connection, request });
                }
                Err(error) => {
                    out.hear("http-note", || Fields::new().with("detail", error.to_string().as_str()));
                    self.server.answer(connection, &refused(&error));
                }
            }
        }
        self.flush(out);
        None
    }

    /// Answers the request of a connection.
    pub fn answer(&mut self, stream: StreamId, answer: &Response<Bytes>, out: &mut Outbox) {
        self.server.answer(stream, answer);
        self.flush(out);
    }

    /// The power came back: no connection is left.
    pub fn restart(&mut self) {
        self.server.clear();
        self.streams.clear();
        self.listens = false;
    }

    fn flush(&mut self, out: &mut Outbox) {
        while let Some(order) = self.server.poll_order() {
            match order {
                Order::Send(id, octets) => out.order(id, StreamOrder::Send(octets)),
                Order::Close(id) => {
                    self.streams.remove(&id);
                    out.order(id, StreamOrder::Close);
                }
            }
        }
    }
}

fn refused(error: &HttpError) -> Response<Bytes> {
    answer(error.status(), &json!({ "faultcode": "Http.Malformed", "faultstring": error.to_string() }))
}

/// An answer with a JSON body.
#[must_use]
pub fn answer(status: StatusCode, body: &Json) -> Response<Bytes> {
    let mut answer = Response::new(json::body(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    answer
}
