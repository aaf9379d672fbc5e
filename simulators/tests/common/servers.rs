//! Diameter servers without a charging system: they exchange capabilities and watch, and the test answers the rest.

#![allow(dead_code, reason = "each test file uses a part of it")]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use tollgate_diameter::{Builder, Header, Message, ResultCode, Splitter, avp, dictionary};
use tollgate_network::{
    Action, Arg, ArgKind, DiameterServer, Input, Need, Observation, Output, Peer, PeerKind, Setup,
    StreamEvent, StreamId, StreamOrder, Transport,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

const CAPABILITIES: u32 = 257;
const WATCHDOG: u32 = 280;

/// A peer and its servers.
pub(crate) struct Rig {
    peer: Box<dyn Peer>,
    pub(crate) now: Instant,
    servers: Vec<Server>,
    wait: Option<Instant>,
    seen: Vec<Observation>,
}

struct Server {
    host: String,
    address: IpAddr,
    stream: Option<StreamId>,
    splitter: Splitter,
    /// Requests that nobody has looked at yet.
    requests: Vec<Vec<u8>>,
    answers: Vec<Vec<u8>>,
}

impl Server {
    fn next(&mut self) -> Option<Vec<u8>> {
        self.splitter.next_message().unwrap().map(<[u8]>::to_vec)
    }
}

/// What every answer of a server has beside what is given.
pub(crate) fn fields(result: u32) -> Fields {
    Fields::new().with("Result-Code", result)
}

/// A request of a server about a session.
pub(crate) fn message(name: &str, session: &str) -> Option<Request> {
    let (command, _) = dictionary::command_named(name, None)?;
    let header = Header::request(command.number, 4).identified(77, 78);
    let mut builder = Builder::new(header);
    builder.text(avp::SESSION_ID, session);
    builder.text(avp::ORIGIN_HOST, "ocs1.example.com");
    builder.text(avp::ORIGIN_REALM, "example.com");
    builder.text(avp::DESTINATION_REALM, "example.com");
    builder.text(avp::DESTINATION_HOST, "pgw.example.com");
    builder.u32(avp::AUTH_APPLICATION_ID, 4);
    if name == "RAR" {
        builder.u32(avp::RE_AUTH_REQUEST_TYPE, 0);
    }
    Some(Request { header, octets: builder.finish().ok()? })
}

/// A request with its header.
pub(crate) struct Request {
    pub(crate) header: Header,
    pub(crate) octets: Vec<u8>,
}

impl Rig {
    /// A P-GW that is connected to so many servers.
    pub(crate) fn pgw(count: u8, settings: &[(&'static str, Value)]) -> Self {
        let kind: &PeerKind = tollgate_simulators::kinds().iter().find(|kind| kind.name == "pgw").unwrap();
        let server = |last: u8| DiameterServer {
            host: format!("ocs{last}.example.com").into(),
            realm: "example.com".into(),
            address: IpAddr::from([192, 0, 2, last]),
            port: 3868,
            over: Transport::Tcp,
        };
        let diameter: Vec<DiameterServer> = (1..=count).map(server).collect();
        let servers = diameter.iter().map(|own| Server {
            host: own.host.to_string(),
            address: own.address,
            stream: None,
            splitter: Splitter::default(),
            requests: Vec::new(),
            answers: Vec::new(),
        });
        let servers = servers.collect();
        let setup = Setup {
            name: "pgw".into(),
            address: IpAddr::from([198, 51, 100, 1]),
            servers: Vec::new(),
            diameter,
            systems: Vec::new(),
            settings: fill(kind.settings, settings),
            seed: 4_711,
            observe: true,
        };
        let peer = (kind.build)(setup).unwrap();
        let now = Instant::from_unix_secs(1_583_139_600);
        let mut rig = Self { peer, now, servers, wait: None, seen: Vec::new() };
        rig.drain();
        rig.pass(Duration::ZERO);
        assert!(rig.servers.iter().all(|own| own.stream.is_some()), "every server is connected to");
        rig
    }

    pub(crate) fn act(&mut self, action: &Action) {
        self.peer.perform(self.now, action).unwrap();
        self.drain();
    }

    /// Lets time pass.
    pub(crate) fn pass(&mut self, span: Duration) {
        let end = self.now + span;
        let mut turns = 0;
        while let Some(at) = self.wait.filter(|at| *at <= end) {
            turns += 1;
            assert!(turns < 10_000, "it is never done at {at}");
            self.now = self.now.max(at);
            self.peer.handle_input(self.now, Input::Timeout);
            self.drain();
        }
        self.now = end;
    }

    /// The power fails and comes back.
    pub(crate) fn restart(&mut self) {
        for server in &mut self.servers {
            server.stream = None;
            server.splitter = Splitter::default();
            server.requests.clear();
        }
        self.peer.restart(self.now);
        self.drain();
        self.pass(Duration::from_millis(1));
    }

    /// What a server was asked since somebody looked.
    pub(crate) fn requests(&mut self, server: usize) -> Vec<Vec<u8>> {
        std::mem::take(&mut self.servers[server].requests)
    }

    /// The one request that a server was asked.
    pub(crate) fn request(&mut self, server: usize) -> Vec<u8> {
        let mut own = self.requests(server);
        assert_eq!(own.len(), 1, "one request for server {server}");
        own.remove(0)
    }

    /// A server answers.
    pub(crate) fn answer(&mut self, server: usize, request: &[u8], fields: &Fields) {
        let request = Message::parse(request).unwrap();
        let mut builder = Builder::answer(&request);
        builder.text(avp::ORIGIN_HOST, &self.servers[server].host);
        builder.text(avp::ORIGIN_REALM, "example.com");
        for code in [avp::AUTH_APPLICATION_ID, avp::CC_REQUEST_TYPE, avp::CC_REQUEST_NUMBER] {
            if let Some(own) = request.get(code) {
                builder.avp(own.code, own.flags, own.data);
            }
        }
        builder.fields(fields).unwrap();
        self.feed(server, builder.finish().unwrap());
    }

    /// A server asks, and is answered so.
    pub(crate) fn ask(&mut self, server: usize, name: &str, session: &str) -> Option<ResultCode> {
        self.feed(server, message(name, session)?.octets);
        let answer = self.servers[server].answers.pop()?;
        Message::parse(&answer).unwrap().result_code()
    }

    /// The oldest observation of a kind, which nobody looked at yet.
    pub(crate) fn seen(&mut self, kind: &str) -> Option<Fields> {
        let place = self.seen.iter().position(|own| own.kind == kind)?;
        Some(self.seen.remove(place).fields().clone())
    }

    fn feed(&mut self, server: usize, octets: Vec<u8>) {
        let stream = self.servers[server].stream.unwrap();
        let event = StreamEvent::Received(Bytes::from(octets));
        self.peer.handle_input(self.now, Input::Stream(stream, &event));
        self.drain();
    }

    fn drain(&mut self) {
        loop {
            match self.peer.poll_output() {
                Output::Stream(id, order) => self.order(id, order),
                Output::Observe(own) | Output::Heard(own) => self.seen.push(own),
                Output::Transmit(_) | Output::Claim(_) => {}
                Output::Wait(at) => {
                    self.wait = at;
                    return;
                }
            }
        }
    }

    fn order(&mut self, id: StreamId, order: StreamOrder) {
        match order {
            StreamOrder::Connect { from, to, .. } => {
                let server = self.servers.iter_mut().find(|own| own.address == to.ip()).unwrap();
                server.stream = Some(id);
                let local = SocketAddr::new(from.ip(), 40_000);
                let event = StreamEvent::Opened { local, remote: to };
                self.peer.handle_input(self.now, Input::Stream(id, &event));
            }
            StreamOrder::Send(octets) => {
                let Some(place) = self.servers.iter().position(|own| own.stream == Some(id)) else { return };
                self.servers[place].splitter.push(&octets);
                while let Some(octets) = self.servers[place].next() {
                    self.take(place, octets);
                }
            }
            _ => {}
        }
    }

    fn take(&mut self, server: usize, octets: Vec<u8>) {
        let message = Message::parse(&octets).unwrap();
        if !message.header.is_request() {
            return self.servers[server].answers.push(octets);
        }
        if !matches!(message.header.command, CAPABILITIES | WATCHDOG) {
            return self.servers[server].requests.push(octets);
        }
        let mut builder = Builder::answer(&message);
        builder.result(ResultCode::SUCCESS);
        builder.text(avp::ORIGIN_HOST, &self.servers[server].host);
        builder.text(avp::ORIGIN_REALM, "example.com");
        if message.header.command == CAPABILITIES {
            builder.address(avp::HOST_IP_ADDRESS, self.servers[server].address);
            builder.u32(avp::VENDOR_ID, 0);
            builder.text(avp::PRODUCT_NAME, "test");
            builder.u32(avp::AUTH_APPLICATION_ID, 4);
        }
        let answer = Bytes::from(builder.finish().unwrap());
        let stream = self.servers[server].stream.unwrap();
        self.peer.handle_input(self.now, Input::Stream(stream, &StreamEvent::Received(answer)));
    }
}

/// The values of a table, given ones before defaults.
fn fill(args: &[Arg], given: &[(&'static str, Value)]) -> Fields {
    let mut fields = Fields::new();
    for (name, value) in given {
        assert!(args.iter().any(|arg| arg.name == *name), "there is no '{name}'");
        fields.push(*name, value.clone());
    }
    for arg in args {
        let Need::Default(text) = arg.need else { continue };
        if fields.get(arg.name).is_none() {
            fields.push(arg.name, read(&arg.kind, text));
        }
    }
    fields
}

fn read(kind: &ArgKind, text: &str) -> Value {
    match kind {
        ArgKind::Text | ArgKind::Choice(_) => Value::text(text),
        ArgKind::Integer { .. } => Value::from(text.parse::<i64>().unwrap()),
        ArgKind::Flag => Value::Flag(text.parse().unwrap()),
        ArgKind::Address => Value::Address(text.parse().unwrap()),
        ArgKind::Span => Value::Span(Duration::from_secs(text.strip_suffix('s').unwrap().parse().unwrap())),
        other => panic!("no default is expected of {other:?}"),
    }
}
