//! How a simulator asks others: each call has a connection of its own while it is under way, and connections are used again.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::Value as Json;
use tollgate_http::{Bytes, ClientConnection, Limits, Method, Request, Response, header};
use tollgate_network::{StreamEvent, StreamId, StreamOrder, Transport};
use tollgate_time::Instant;

use super::json;
use crate::outbox::Outbox;
use crate::timers::{TimerId, Timers};

/// Calls under way at most; what is asked beyond them waits.
const UNDER_WAY_MAX: usize = 256;
/// Calls that wait at most; what is asked beyond them fails at once.
const WAITING_MAX: usize = 16_384;
/// Connections that are kept open for the next call.
const IDLE_MAX: usize = 32;
/// The first number of its streams, apart from those of other connections that the same node may have.
const STREAMS: u64 = 1 << 60;

/// What came of a call.
#[derive(Debug)]
pub struct Called<T> {
    /// What it was made with.
    pub what: T,
    /// The answer.
    pub answer: Result<Response<Bytes>, CallError>,
}

/// Why a call has no answer. Whether the other side did what it was asked is not known then, but for
/// [`CallError::NotReached`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There was no connection: nothing was asked.
    #[error("not reached: {0}")]
    NotReached(String),
    /// The connection ended before the answer came, or what came is none.
    #[error("no answer: {0}")]
    Lost(String),
    /// The answer did not come in time.
    #[error("no answer in time")]
    TimedOut,
    /// Too much waits to be asked already.
    #[error("too many calls wait")]
    TooMany,
}

/// Makes calls; `T` says what each is for.
#[derive(Debug)]
pub struct Caller<T> {
    address: IpAddr,
    connections: BTreeMap<StreamId, Connection<T>>,
    waiting: VecDeque<Call<T>>,
    deadlines: Timers<StreamId>,
    done: VecDeque<Called<T>>,
    streams: u64,
}

#[derive(Debug)]
struct Connection<T> {
    to: SocketAddr,
    open: bool,
    /// It carried a call before: the other side may have closed it meanwhile.
    used: bool,
    http: ClientConnection,
    call: Option<(Call<T>, TimerId)>,
}

#[derive(Debug)]
struct Call<T> {
    to: SocketAddr,
    request: Request<Bytes>,
    what: T,
    until: Instant,
}

impl<T> Caller<T> {
    /// One that calls from this address.
    #[must_use]
    pub fn new(address: IpAddr) -> Self {
        Self {
            address,
            connections: BTreeMap::new(),
            waiting: VecDeque::new(),
            deadlines: Timers::default(),
            done: VecDeque::new(),
            streams: 0,
        }
    }

    /// Asks with a JSON body, and waits so long for the answer.
    pub fn post(
        &mut self,
        (now, within): (Instant, Duration),
        to: SocketAddr,
        path: &str,
        body: &Json,
        what: T,
        out: &mut Outbox,
    ) {
        self.call((now, within), to, path, json::body(body), what, out);
    }

    /// The same with a body that is JSON already.
    pub fn call(
        &mut self,
        (now, within): (Instant, Duration),
        to: SocketAddr,
        path: &str,
        body: Bytes,
        what: T,
        out: &mut Outbox,
    ) {
        let mut request = Request::new(body);
        *request.method_mut() = Method::POST;
        match path.parse() {
            Ok(uri) => *request.uri_mut() = uri,
            Err(_) => {
                let error = CallError::NotReached(format!("'{path}' is no path"));
                return self.done.push_back(Called { what, answer: Err(error) });
            }
        }
        let json = header::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        if let Ok(host) = header::HeaderValue::from_str(&to.to_string()) {
            request.headers_mut().insert(header::HOST, host);
        }
        let call = Call { to, request, what, until: now + within };
        if self.waiting.len() >= WAITING_MAX {
            return self.done.push_back(Called { what: call.what, answer: Err(CallError::TooMany) });
        }
        self.waiting.push_back(call);
        self.start(out);
    }

    /// Whether anything waits for an answer.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.connections.values().all(|own| own.call.is_none())
    }

    /// Takes what happened to a connection; `false` when it is none of its own.
    pub fn take(&mut self, id: StreamId, event: &StreamEvent, out: &mut Outbox) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else { return false };
        match event {
            StreamEvent::Opened { .. } => connection.open = true,
            StreamEvent::Received(octets) => {
                connection.http.handle_octets(octets);
                self.hear(id, out);
            }
            StreamEvent::Refused(why) => {
                let why = CallError::NotReached(why.to_string());
                self.fail(id, why);
                self.connections.remove(&id);
            }
            StreamEvent::Closed(ending) => {
                connection.http.handle_end();
                self.hear(id, out);
                let lost = CallError::Lost(format!("the connection ended ({})", ending.name()));
                self.fail(id, lost);
                self.connections.remove(&id);
            }
            _ => {}
        }
        self.start(out);
        true
    }

    /// When [`Self::expire`] has something to do.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.next_deadline()
    }

    /// Gives up what has waited too long.
    pub fn expire(&mut self, now: Instant, out: &mut Outbox) {
        while let Some((_, id)) = self.deadlines.pop_due(now) {
            self.fail(id, CallError::TimedOut);
            if self.connections.remove(&id).is_some() {
                out.order(id, StreamOrder::Reset);
            }
        }
        self.start(out);
    }

    /// What came of the calls, in the order in which it was known.
    pub fn poll(&mut self) -> Option<Called<T>> {
        self.done.pop_front()
    }

    /// The power came back: nothing is known of what was asked.
    pub fn restart(&mut self) {
        self.connections.clear();
        self.waiting.clear();
        self.deadlines.clear();
        self.done.clear();
    }

    fn hear(&mut self, id: StreamId, out: &mut Outbox) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        while let Some(response) = connection.http.poll_response() {
            let Some((call, timer)) = connection.call.take() else { break };
            self.deadlines.cancel(timer);
            let answer = response.map_err(|error| CallError::Lost(error.to_string()));
            self.done.push_back(Called { what: call.what, answer });
        }
        if connection.http.is_done() && self.connections.remove(&id).is_some() {
            out.order(id, StreamOrder::Close);
        }
    }

    fn fail(&mut self, id: StreamId, why: CallError) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some((call, timer)) = connection.call.take() else { return };
        self.deadlines.cancel(timer);
        self.done.push_back(Called { what: call.what, answer: Err(why) });
    }

    fn start(&mut self, out: &mut Outbox) {
        while let Some(call) = self.waiting.front() {
            let free =
                self.connections.iter().find(|(_, own)| own.call.is_none() && own.open && own.to == call.to);
            let free = free.map(|(id, _)| *id);
            let busy = self.connections.values().filter(|own| own.call.is_some()).count();
            if free.is_none() && busy >= UNDER_WAY_MAX {
                return;
            }
            let Some(call) = self.waiting.pop_front() else { return };
            let id = free.unwrap_or_else(|| self.connect(call.to, out));
            let Some(connection) = self.connections.get_mut(&id) else { continue };
            connection.http.send(&call.request);
            connection.used = true;
            let timer = self.deadlines.set(call.until, id);
            connection.call = Some((call, timer));
            while let Some(octets) = connection.http.poll_octets() {
                out.order(id, StreamOrder::Send(octets));
            }
        }
        let idle = self.connections.iter().filter(|(_, own)| own.call.is_none() && own.used);
        let spare: Vec<StreamId> = idle.map(|(id, _)| *id).skip(IDLE_MAX).collect();
        for id in spare {
            self.connections.remove(&id);
            out.order(id, StreamOrder::Close);
        }
    }

    fn connect(&mut self, to: SocketAddr, out: &mut Outbox) -> StreamId {
        self.streams += 1;
        let id = StreamId::outgoing(STREAMS + self.streams);
        let from = SocketAddr::new(self.address, 0);
        out.order(id, StreamOrder::Connect { from, to, over: Transport::Tcp });
        let http = ClientConnection::new(Limits::default());
        self.connections.insert(id, Connection { to, open: false, used: false, http, call: None });
        id
    }
}
