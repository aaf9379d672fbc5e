//! A NAS driven by hand: actions, answers and time, and everything that it sends and observes.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tollgate_network::{
    Action, ActionError, Arg, ArgKind, Frame, Input, Need, Observation, Output, Peer, PeerKind, Server, Setup,
};
use tollgate_radius::{Builder, Code, Packet, Secret};
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

pub(crate) const SECRET: &str = "3xAmpl3-s3cr3t";
pub(crate) const START: &str = "2007-03-09T00:16:10-08:00";

pub(crate) struct Rig {
    kind: &'static PeerKind,
    pub(crate) nas: Box<dyn Peer>,
    pub(crate) now: Instant,
    /// Frames that nobody has looked at yet.
    pub(crate) frames: Vec<Frame>,
    /// Observations that nobody has looked at yet.
    pub(crate) seen: Vec<Observation>,
    wait: Option<Instant>,
}

/// What the worked example's answers carry.
pub(crate) const CARD_ACCEPTED: &[(&str, &str)] = &[
    ("h323-credit-amount", "10.00"),
    ("h323-billing-model", "1"),
    ("h323-ivr-in", "Tariff:PrepaidCard"),
    ("h323-ivr-in", "PortaBilling_AccountBalance:10.00000"),
    ("h323-ivr-in", "PortaBilling_ProductBreakage:0.00000"),
    ("h323-ivr-in", "available-funds:10.00"),
    ("h323-return-code", "0"),
    ("h323-currency", "CAD"),
    ("h323-preferred-lang", "en"),
];
pub(crate) const DESTINATION_ACCEPTED: &[(&str, &str)] = &[
    ("h323-billing-model", "1"),
    ("h323-ivr-in", "Tariff:PrepaidCard"),
    ("h323-ivr-in", "PortaBilling_CompleteNumber:82623634515"),
    ("h323-ivr-in", "PortaBilling_Auth_CLD:82623634515"),
    ("h323-ivr-in", "PortaBilling_Auth_Reseller_CLD:82623634515"),
    ("h323-ivr-in", "DURATION:30000"),
    ("h323-return-code", "0"),
    ("h323-currency", "CAD"),
    ("h323-credit-time", "30000"),
    ("h323-preferred-lang", "en"),
];

pub(crate) fn kind() -> &'static PeerKind {
    kind_named("nas")
}

pub(crate) fn kind_named(name: &str) -> &'static PeerKind {
    tollgate_simulators::kinds().iter().find(|kind| kind.name == name).unwrap()
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
        ArgKind::Text => Value::text(text),
        ArgKind::Choice(words) => {
            assert!(words.contains(&text), "{text}");
            Value::text(text)
        }
        ArgKind::Integer { min, max } => {
            let number: i64 = text.parse().unwrap();
            assert!((*min..=*max).contains(&number), "{text}");
            Value::from(number)
        }
        ArgKind::Flag => Value::Flag(text.parse().unwrap()),
        ArgKind::Address => Value::Address(text.parse().unwrap()),
        ArgKind::Span => {
            let units = [("ms", 1), ("min", 60_000), ("h", 3_600_000), ("s", 1_000)];
            let read = |(unit, millis)| Some((text.strip_suffix(unit)?.parse::<u64>().ok()?, millis));
            let (number, millis) = units.into_iter().find_map(read).unwrap();
            Value::Span(Duration::from_millis(number * millis))
        }
        other => panic!("no default is expected of {other:?}"),
    }
}

pub(crate) fn servers(count: u8) -> Vec<Server> {
    (1..=count)
        .map(|last| Server {
            address: IpAddr::from([192, 0, 2, last]),
            auth_port: 1812,
            acct_port: 1813,
            secret: SECRET.into(),
        })
        .collect()
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) fn setup(servers: u8, settings: &[(&'static str, Value)]) -> Setup {
    setup_of(kind(), servers, settings)
}

pub(crate) fn setup_of(kind: &PeerKind, servers: u8, settings: &[(&'static str, Value)]) -> Setup {
    Setup {
        name: "ivr".into(),
        address: IpAddr::from([164, 9, 9, 100]),
        servers: self::servers(servers),
        diameter: Vec::new(),
        systems: Vec::new(),
        settings: fill(kind.settings, settings),
        seed: 4711,
        observe: true,
    }
}

impl Rig {
    pub(crate) fn new(settings: &[(&'static str, Value)]) -> Self {
        Self::with_servers(1, settings)
    }

    pub(crate) fn with_servers(count: u8, settings: &[(&'static str, Value)]) -> Self {
        Self::of(kind(), count, settings)
    }

    pub(crate) fn of(kind: &'static PeerKind, count: u8, settings: &[(&'static str, Value)]) -> Self {
        Self {
            kind,
            nas: (kind.build)(setup_of(kind, count, settings)).unwrap(),
            now: Instant::parse_rfc3339(START).unwrap(),
            frames: Vec::new(),
            seen: Vec::new(),
            wait: None,
        }
    }

    fn drain(&mut self) {
        loop {
            match self.nas.poll_output() {
                Output::Transmit(frame) => self.frames.push(frame),
                Output::Observe(observation) | Output::Heard(observation) => {
                    assert_published(self.kind, &observation);
                    self.seen.push(observation);
                }
                Output::Stream(..) | Output::Claim(_) => {
                    panic!("RADIUS has no connections, and no address moves")
                }
                Output::Wait(until) => {
                    self.wait = until;
                    return;
                }
            }
        }
    }

    pub(crate) fn attempt(
        &mut self,
        verb: &'static str,
        args: &[(&'static str, Value)],
    ) -> Result<(), ActionError> {
        let known = self.kind.verb(verb).unwrap();
        let action = Action { verb: verb.into(), args: fill(known.args, args) };
        let done = self.nas.perform(self.now, &action);
        self.drain();
        done
    }

    pub(crate) fn perform(&mut self, verb: &'static str, args: &[(&'static str, Value)]) {
        self.attempt(verb, args).unwrap();
    }

    pub(crate) fn dial(&mut self, digits: &str) {
        self.perform("dial", &[("digits", digits.into())]);
    }

    /// Lets time pass; the NAS is woken whenever it asked for it.
    pub(crate) fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        while let Some(next) = self.wait.filter(|next| *next <= until) {
            assert!(next >= self.now, "a deadline in the past must have been served");
            self.now = next;
            self.nas.handle_input(next, Input::Timeout);
            self.drain();
        }
        self.now = until;
    }

    /// Lets time pass without waking the NAS before the end, as a driver on a busy machine does.
    pub(crate) fn oversleep(&mut self, span: Duration) {
        self.now += span;
        self.nas.handle_input(self.now, Input::Timeout);
        self.drain();
    }

    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.wait
    }

    pub(crate) fn receive(&mut self, frame: &Frame) {
        self.nas.handle_input(self.now, Input::Receive(frame));
        self.drain();
    }

    /// Answers a request as a charging system does.
    pub(crate) fn reply(&mut self, request: &Frame, code: Code, fields: &[(&str, &str)]) {
        let answer = answer(request, code, fields, SECRET);
        self.receive(&answer);
    }

    /// The only frame that was sent since somebody looked.
    pub(crate) fn sent(&mut self) -> Frame {
        assert_eq!(self.frames.len(), 1, "{:?}", self.frames);
        self.frames.remove(0)
    }

    pub(crate) fn take_frames(&mut self) -> Vec<Frame> {
        std::mem::take(&mut self.frames)
    }

    /// Every observation of this kind since somebody looked, and forgets all others.
    pub(crate) fn take_seen(&mut self, kind: &str) -> Vec<Fields> {
        let seen = std::mem::take(&mut self.seen);
        seen.into_iter().filter(|own| own.kind == kind).map(|own| own.fields().clone()).collect()
    }

    /// What the caller has heard since somebody looked.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        self.take_seen("prompt").iter().map(|fields| shown(fields, "is")).collect()
    }

    pub(crate) fn accept_card(&mut self) {
        let request = self.sent();
        self.reply(&request, Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    }

    pub(crate) fn call_and_dial(&mut self) {
        self.perform("call", &[("from", "6045550193".into()), ("to", "6045551600".into())]);
        self.dial("10086610975#");
    }

    /// A call up to the second leg ringing, with this answer to the authorization.
    pub(crate) fn ring_with(&mut self, granted: &[(&str, &str)]) {
        self.call_and_dial();
        self.accept_card();
        if !self.frames.is_empty() {
            self.answer_all_accounting();
        }
        self.dial("01182623634515#");
        let request = self.sent();
        self.reply(&request, Code::ACCESS_ACCEPT, granted);
    }

    pub(crate) fn ring(&mut self) {
        self.ring_with(DESTINATION_ACCEPTED);
    }

    pub(crate) fn answer_all_accounting(&mut self) {
        for frame in self.take_frames() {
            self.reply(&frame, Code::ACCOUNTING_RESPONSE, &[]);
        }
    }
}

/// Whether the kind's table has this observation and its fields.
fn assert_published(kind: &PeerKind, observation: &Observation) {
    let Some(sight) = kind.sight(&observation.kind) else { panic!("no sight '{}'", observation.kind) };
    for (name, _) in observation.fields().iter() {
        let is_raw = name == "octets";
        assert!(is_raw || sight.fields.contains(name), "'{}' publishes no field '{name}'", sight.name);
    }
    assert!(sight.subject.is_none_or(|subject| observation.fields().get(subject).is_some()));
}

/// The answer of whoever knows this secret.
pub(crate) fn answer(request: &Frame, code: Code, fields: &[(&str, &str)], secret: &str) -> Frame {
    let packet = Packet::parse(&request.payload).unwrap();
    let mut builder = Builder::new(code, packet.identifier());
    for (name, value) in fields {
        builder.field(name, &Value::from(*value)).unwrap();
    }
    request.answer(builder.finish_response(packet.authenticator(), &Secret::from(secret)).unwrap())
}

/// A CoA-Request or Disconnect-Request of the server at this place, who knows this secret.
pub(crate) fn dynamic(last: u8, code: Code, identifier: u8, fields: &[(&str, &str)], secret: &str) -> Frame {
    let mut builder = Builder::new(code, identifier);
    for (name, value) in fields {
        builder.field(name, &Value::from(*value)).unwrap();
    }
    let payload = builder.finish_request(&Secret::from(secret)).unwrap();
    Frame { from: server(last, 40_000), to: ([164, 9, 9, 100], 3799).into(), payload: payload.into() }
}

/// The code and Error-Cause of an answer to such a request, which must prove itself.
pub(crate) fn answered(request: &Frame, answer: &Frame) -> (Code, Option<u32>) {
    assert_eq!((answer.from, answer.to), (request.to, request.from));
    let packet = Packet::parse(&answer.payload).unwrap();
    let asked = Packet::parse(&request.payload).unwrap();
    assert!(tollgate_radius::verify::response(&packet, asked.authenticator(), &Secret::from(SECRET)));
    assert_eq!(packet.identifier(), asked.identifier());
    (packet.code(), packet.u32(tollgate_radius::attribute::ERROR_CAUSE))
}

/// A field as it shows; empty where there is none.
pub(crate) fn shown(fields: &Fields, name: &str) -> String {
    fields.get(name).map(ToString::to_string).unwrap_or_default()
}

/// The attributes of a request, in order, as text.
pub(crate) fn attributes(frame: &Frame) -> Vec<(String, String)> {
    let packet = Packet::parse(&frame.payload).unwrap();
    packet.fields().iter().map(|(name, value)| (name.to_owned(), value.to_string())).collect()
}

/// The values of one attribute of a request.
pub(crate) fn attribute(frame: &Frame, name: &str) -> Option<String> {
    attributes(frame).into_iter().find(|(own, _)| own == name).map(|(_, value)| value)
}

/// The only Stop of the second leg among these frames.
pub(crate) fn originate_stop(frames: &[Frame]) -> &Frame {
    let stops: Vec<&Frame> = frames
        .iter()
        .filter(|frame| attribute(frame, "Acct-Status-Type").as_deref() == Some("Stop"))
        .filter(|frame| attribute(frame, "h323-call-origin").as_deref() == Some("originate"))
        .collect();
    assert_eq!(stops.len(), 1);
    stops[0]
}

/// The server at this place, as the NAS addresses it.
pub(crate) fn server(last: u8, port: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], port))
}
