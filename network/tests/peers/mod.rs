//! A peer for tests of connections: messages are two octets of length and a text, and it finds their bounds itself.
#![allow(dead_code, unreachable_pub, reason = "each test program uses some of it")]

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use bytes::{Buf, Bytes, BytesMut};
use tollgate_network::{
    Action, ActionError, Driver, Input, Node, NodeId, Observation, Output, Peer, Seen, StreamEvent, StreamId,
    StreamOrder, Transport,
};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

/// The port that every echo listens on.
pub const PORT: u16 = 3868;
/// Where a caller calls IPv6 from.
pub const WIDE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

pub struct Speaker {
    address: IpAddr,
    echo: bool,
    listens: Option<Transport>,
    outbox: VecDeque<Output>,
    streams: BTreeMap<StreamId, BytesMut>,
    count: u64,
    /// The stream that verbs mean.
    last: Option<StreamId>,
}

impl Speaker {
    /// Connects and says what it is told to.
    pub fn caller(address: [u8; 4]) -> Box<Self> {
        Box::new(Self {
            address: address.into(),
            echo: false,
            listens: None,
            outbox: VecDeque::new(),
            streams: BTreeMap::new(),
            count: 0,
            last: None,
        })
    }

    /// Listens, and answers every message with the same.
    pub fn echo(address: impl Into<IpAddr>, over: Transport) -> Box<Self> {
        let mut echo = Self::caller([0; 4]);
        echo.address = address.into();
        echo.echo = true;
        echo.listens = Some(over);
        echo.listen();
        echo
    }

    fn listen(&mut self) {
        if let Some(over) = self.listens {
            let at = SocketAddr::new(self.address, PORT);
            self.order(StreamId::outgoing(1 << 40), StreamOrder::Listen { at, over });
        }
    }

    fn order(&mut self, stream: StreamId, order: StreamOrder) {
        self.outbox.push_back(Output::Stream(stream, order));
    }

    fn note(&mut self, kind: &'static str, text: impl AsRef<str>) {
        let fields = Fields::new().with("text", text.as_ref());
        self.outbox.push_back(Output::Observe(Observation::new(kind, fields)));
    }

    fn send(&mut self, stream: StreamId, text: &[u8]) {
        let length = u16::try_from(text.len()).unwrap();
        self.order(stream, StreamOrder::Send([&length.to_be_bytes(), text].concat().into()));
    }

    fn receive(&mut self, stream: StreamId, octets: &Bytes) {
        assert!(!octets.is_empty(), "octets that are none");
        let buffer = self.streams.get_mut(&stream).expect("a stream that was opened");
        buffer.extend_from_slice(octets);
        let mut messages = Vec::new();
        while buffer.len() >= 2 {
            let length = usize::from(u16::from_be_bytes([buffer[0], buffer[1]]));
            if buffer.len() < 2 + length {
                break;
            }
            buffer.advance(2);
            messages.push(buffer.split_to(length).freeze());
        }
        for message in messages {
            let fields = Fields::new().with("text", String::from_utf8_lossy(&message).as_ref());
            self.outbox.push_back(Output::Heard(Observation::new("heard", fields)));
            if self.echo {
                self.send(stream, &message);
                self.note("echoed", String::from_utf8_lossy(&message));
            }
        }
    }
}

impl Node for Speaker {
    fn handle_input(&mut self, _now: Instant, input: Input<'_>) {
        let Input::Stream(stream, event) = input else { return };
        match event {
            StreamEvent::Listening { .. } => {}
            StreamEvent::Opened { local, .. } => {
                self.streams.insert(stream, BytesMut::new());
                assert_ne!(local.port(), 0);
                self.note("opened", stream.to_string());
            }
            StreamEvent::Accepted { over, .. } => {
                self.streams.insert(stream, BytesMut::new());
                self.last = Some(stream);
                self.note("accepted", over.to_string());
            }
            StreamEvent::Refused(refusal) => self.note("refused", refusal.to_string()),
            StreamEvent::Received(octets) => self.receive(stream, octets),
            StreamEvent::Blocked => self.note("blocked", ""),
            StreamEvent::Drained => self.note("drained", ""),
            StreamEvent::Closed(ending) => {
                self.streams.remove(&stream).expect("a stream that was opened");
                self.note("closed", ending.name());
            }
        }
    }

    fn poll_output(&mut self) -> Output {
        self.outbox.pop_front().unwrap_or(Output::Wait(None))
    }

    fn restart(&mut self, _now: Instant) {
        self.outbox.clear();
        self.streams.clear();
        self.listen();
    }
}

impl Peer for Speaker {
    fn perform(&mut self, _now: Instant, action: &Action) -> Result<(), ActionError> {
        if action.verb == "connect" {
            let to = action.opt_address("to").ok_or_else(|| ActionError::BadArgument("to".into()))?;
            let over = match action.opt_text("over") {
                Some("TLS") => Transport::Tls,
                Some("SCTP") => Transport::Sctp,
                _ => Transport::Tcp,
            };
            self.count += 1;
            let stream = StreamId::outgoing(self.count);
            self.last = Some(stream);
            let own = if to.is_ipv6() { WIDE.into() } else { self.address };
            let (from, to) = (SocketAddr::new(own, 0), SocketAddr::new(to, PORT));
            self.order(stream, StreamOrder::Connect { from, to, over });
            return Ok(());
        }
        let stream = self.last.ok_or_else(|| ActionError::Impossible("there is no connection".into()))?;
        match action.verb.as_str() {
            // Several texts in one turn.
            "say" => {
                for text in action.text("text")?.split('|') {
                    self.send(stream, text.as_bytes());
                    self.note("said", text);
                }
            }
            "flood" => {
                let length = usize::try_from(action.opt_integer("octets").unwrap_or(0)).unwrap_or(0);
                self.order(stream, StreamOrder::Send(vec![0; length].into()));
            }
            "close" => {
                self.streams.remove(&stream);
                self.order(stream, StreamOrder::Close);
            }
            "reset" => {
                self.streams.remove(&stream);
                self.order(stream, StreamOrder::Reset);
            }
            "pause" => self.order(stream, StreamOrder::Pause),
            "resume" => self.order(stream, StreamOrder::Resume),
            verb => return Err(ActionError::UnknownVerb(verb.into())),
        }
        Ok(())
    }
}

pub fn connect(to: impl Into<IpAddr>, over: Transport) -> Action {
    Action::new("connect").with("to", Value::Address(to.into())).with("over", over.to_string().as_str())
}

pub fn say(text: &str) -> Action {
    Action::new("say").with("text", text)
}

pub fn simply(verb: &str) -> Action {
    Action::new(verb)
}

/// Everything that is observed up to a moment.
pub fn all(driver: &mut impl Driver, until: Instant) -> Vec<Seen> {
    std::iter::from_fn(|| driver.advance(until)).collect()
}

/// What a node noted, as `kind text`.
pub fn notes(seen: &[Seen], node: NodeId) -> Vec<String> {
    let mine = seen.iter().filter(|seen| seen.node == node);
    mine.map(|seen| {
        let text = seen.observation.fields().get("text").map(ToString::to_string).unwrap_or_default();
        format!("{} {text}", seen.observation.kind).trim_end().to_owned()
    })
    .collect()
}
