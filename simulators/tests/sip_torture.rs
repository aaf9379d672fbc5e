//! Any octets, by datagram and by connection, in any state: no SIP element panics, none stops. After all of it each still
//! answers OPTIONS, and those that take calls take one.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use tollgate_network::{
    Action, Arg, ArgKind, Driver, KnownSystem, Need, NodeId, PeerKind, Server, Setup, SimDriver,
};
use tollgate_sip::raw::Corruption;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

const VICTIM: [u8; 4] = [10, 0, 0, 2];
const CALLER: [u8; 4] = [10, 0, 0, 1];
const ATTACKER: [u8; 4] = [10, 0, 0, 9];
/// Where calls from an element in between end up.
const CALLEE: [u8; 4] = [10, 0, 0, 3];

/// Whether a call to the element is answered, or how else it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Connected,
    Ended,
}

/// Each element, its settings, and what becomes of a call to it.
fn elements() -> Vec<(&'static str, Fields, Call)> {
    let list = |text: &str| Value::List(vec![Value::text(text)]);
    vec![
        ("sip-phone", Fields::new().with("incoming", "answer").with("lines", 1_000_i64), Call::Connected),
        ("sip-gateway", Fields::new(), Call::Connected),
        ("redirect-server", Fields::new().with("targets", list("10.0.0.3")), Call::Connected),
        (
            "queue-manager",
            Fields::new().with("queues", list("100: 101")).with("server", "10.0.0.3"),
            Call::Connected,
        ),
        ("im-gate", Fields::new(), Call::Ended),
        ("wifi-platform", Fields::new(), Call::Ended),
        // Nobody answers their RADIUS requests here.
        ("sip-server", Fields::new(), Call::Ended),
        ("sip-dispatcher", Fields::new().with("servers", list("ocs=10.0.0.3")), Call::Connected),
    ]
}

fn kind(name: &str) -> &'static PeerKind {
    tollgate_simulators::kinds().iter().find(|kind| kind.name == name).unwrap()
}

/// Messages as they come in life, for the element at the other end.
const CORPUS: [&str; 12] = [
    "INVITE sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt1;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>\nCall-ID: t1\nCSeq: 1 INVITE\nContact: <sip:9@10.0.0.9>\nContent-Length: 0\n\n",
    "CANCEL sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt1;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>\nCall-ID: t1\nCSeq: 1 CANCEL\nContent-Length: 0\n\n",
    "ACK sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt1;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>\nCall-ID: t1\nCSeq: 1 ACK\nContent-Length: 0\n\n",
    "BYE sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt2;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>;tag=b\nCall-ID: t1\nCSeq: 2 BYE\nContent-Length: 0\n\n",
    "REGISTER sip:10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt3;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.2>;tag=a\nTo: <sip:9@10.0.0.2>\nCall-ID: t2\nCSeq: 1 REGISTER\nContact: <sip:9@10.0.0.9>;expires=60\nContent-Length: 0\n\n",
    "MESSAGE sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt4;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>\nCall-ID: t3\nCSeq: 1 MESSAGE\nContent-Type: text/plain\nContent-Length: 5\n\nhello",
    "REFER sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt5;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>;tag=b\nCall-ID: t1\nCSeq: 3 REFER\nRefer-To: <sip:1@10.0.0.3>\nContact: <sip:9@10.0.0.9>\nContent-Length: 0\n\n",
    "NOTIFY sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt6;rport\nMax-Forwards: 70\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>;tag=b\nCall-ID: t1\nCSeq: 4 NOTIFY\nEvent: refer\nSubscription-State: active\nContent-Type: message/sipfrag\nContent-Length: 17\n\nSIP/2.0 200 OK\n\n\n",
    "SIP/2.0 200 OK\nVia: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKt7\nFrom: <sip:100@10.0.0.2>;tag=b\nTo: <sip:9@10.0.0.9>;tag=a\nCall-ID: t1\nCSeq: 1 INVITE\nContact: <sip:9@10.0.0.9>\nContent-Length: 0\n\n",
    "INVITE sip:100@10.0.0.2 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.9:5060;branch=z9hG4bKt8\nRoute: <sip:10.0.0.2;lr;pinhole=UDP:10.0.0.2:5060>, <sip:10.0.0.2;lr>\nMax-Forwards: 0\nFrom: <sip:9@10.0.0.9>;tag=a\nTo: <sip:100@10.0.0.2>\nCall-ID: t8\nCSeq: 1 INVITE\nRequire: 100rel\nContact: <sip:9@10.0.0.9>\nContent-Length: 0\n\n",
    // RFC 4475, 3.1.2.4: a start line with nothing but its first word, and 3.1.1.1's way to fold.
    "INVITE\n\n",
    "OPTIONS sip:10.0.0.2 SIP/2.0\nVIA  :\n SIP  / 2.0\n / UDP\n    10.0.0.9:5060;branch=z9hG4bKt9\nMax-Forwards:  0068\nfrom   : <sip:9@10.0.0.9>\n  ;\n  tag = 98\nTO :\n sip:10.0.0.2\nCall-ID: t9\ncseq: 0009\n  OPTIONS\nl: 0\n\n",
];

/// How octets are broken on their way.
#[derive(Debug, Clone)]
enum Damage {
    None,
    Catalogue(&'static str),
    Cut(prop::sample::Index),
    Flip(prop::sample::Index, u8),
    /// Octets put in between.
    Insert(prop::sample::Index, Vec<u8>),
}

#[derive(Debug, Clone)]
enum Move {
    /// Octets that mean nothing.
    Octets(Vec<u8>, bool),
    /// A message of the corpus.
    Message(usize, Damage, bool),
    /// A message that was carried before, of whatever call is up.
    Again(prop::sample::Index, Damage, bool),
    /// The caller does something.
    Caller(&'static str),
    Pass(u64),
}

const BREAKS: [&str; 18] = [
    "remove Refer-To",
    "remove Contact",
    "remove Via",
    "remove Call-ID",
    "remove CSeq",
    "remove From",
    "repeat Via",
    "repeat To",
    "header CSeq 4294967296 INVITE",
    "header Max-Forwards 256",
    "header Contact <sip:>",
    "header Via SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKloop",
    "header To <sip:100@10.0.0.2>;tag=",
    "header Content-Length 99999999999",
    "header Authorization Digest username=\"",
    "version SIP/3.0",
    "compact",
    "lf-only",
];

fn damage() -> impl Strategy<Value = Damage> {
    prop_oneof![
        3 => Just(Damage::None),
        3 => prop::sample::select(BREAKS.to_vec()).prop_map(Damage::Catalogue),
        1 => any::<prop::sample::Index>().prop_map(Damage::Cut),
        2 => (any::<prop::sample::Index>(), 1_u8..).prop_map(|(at, mask)| Damage::Flip(at, mask)),
        1 => (any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 1..20))
            .prop_map(|(at, octets)| Damage::Insert(at, octets)),
    ]
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let verbs = vec!["call", "hangup", "cancel", "hold", "resume", "message", "options", "transfer"];
    let one = prop_oneof![
        2 => (prop::collection::vec(any::<u8>(), 1..200), any::<bool>()).prop_map(|(own, tcp)| Move::Octets(own, tcp)),
        6 => (0..CORPUS.len(), damage(), any::<bool>()).prop_map(|(at, how, tcp)| Move::Message(at, how, tcp)),
        6 => (any::<prop::sample::Index>(), damage(), any::<bool>())
            .prop_map(|(at, how, tcp)| Move::Again(at, how, tcp)),
        4 => prop::sample::select(verbs).prop_map(Move::Caller),
        4 => prop::sample::select(vec![0, 3, 300, 1_000, 40_000]).prop_map(Move::Pass),
    ];
    prop::collection::vec(one, 0..60)
}

fn broken(octets: &[u8], how: &Damage) -> Vec<u8> {
    let mut own = octets.to_vec();
    match how {
        Damage::None => {}
        Damage::Catalogue(text) => {
            text.parse::<Corruption>().unwrap().apply(&mut own);
        }
        Damage::Cut(at) => own.truncate(at.index(own.len() + 1)),
        Damage::Flip(at, mask) if !own.is_empty() => {
            let at = at.index(own.len());
            own[at] ^= mask;
        }
        Damage::Flip(..) => {}
        Damage::Insert(at, octets) => {
            let at = at.index(own.len() + 1);
            own.splice(at..at, octets.iter().copied());
        }
    }
    own
}

/// A message whose topmost branch is another one.
fn renamed(octets: &[u8], number: u32) -> Vec<u8> {
    let cookie = b"z9hG4bK";
    let mut own = octets.to_vec();
    if let Some(at) = own.windows(cookie.len()).position(|part| part == cookie) {
        let at = at + cookie.len();
        own.splice(at..at, format!("again{number}").into_bytes());
    }
    own
}

struct Scene {
    driver: SimDriver,
    caller: NodeId,
    attacker: NodeId,
    victim: NodeId,
    /// How many carried messages were sent again.
    thrown: u32,
}

impl Scene {
    fn new(name: &str, own: Fields, seed: u64) -> Self {
        let mut driver = SimDriver::new(Instant::from_unix_secs(1_790_000_000), seed).keeping_carried();
        let mut add = |name: &str, at: [u8; 4], own: Fields| {
            let kind = kind(name);
            let address = IpAddr::from(at);
            let server = Server {
                address: [10, 0, 0, 250].into(),
                auth_port: 1812,
                acct_port: 1813,
                secret: "s".into(),
            };
            let system = KnownSystem {
                name: "ocs".into(),
                environment: None,
                addresses: vec![server.address],
                servers: vec![server.clone()],
                diameter: Vec::new(),
                numbers: Vec::new().into(),
            };
            let setup = Setup {
                name: name.into(),
                address,
                servers: vec![server],
                diameter: Vec::new(),
                systems: vec![system],
                settings: filled(kind.settings, own),
                seed,
                observe: true,
            };
            driver.add_node(&[address], (kind.build)(setup).unwrap()).unwrap()
        };
        let servers = Value::List(vec![Value::text("10.0.0.2")]);
        let caller = add("sip-phone", CALLER, Fields::new().with("servers", servers));
        let attacker =
            add("redirect-server", ATTACKER, Fields::new().with("targets", Value::List(Vec::new())));
        let victim = add(name, VICTIM, own);
        add("sip-phone", CALLEE, Fields::new().with("incoming", "answer").with("lines", 1_000_i64));
        Self { driver, caller, attacker, victim, thrown: 0 }
    }

    fn perform(&mut self, node: NodeId, kind: &PeerKind, verb: &str, args: Fields) -> bool {
        let known = kind.verbs.iter().find(|own| own.name == verb).unwrap();
        let action = Action { verb: verb.into(), args: filled(known.args, args) };
        self.driver.perform(node, &action).is_ok()
    }

    fn pass(&mut self, millis: u64) {
        let until = self.driver.now() + Duration::from_millis(millis);
        while self.driver.advance(until).is_some() {}
    }

    fn throw(&mut self, octets: &[u8], tcp: bool) {
        if octets.is_empty() {
            return;
        }
        let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
        let to = if tcp { "10.0.0.2:5060/tcp" } else { "10.0.0.2:5060" };
        let args = Fields::new().with("octets", format!("0x{digits}").as_str()).with("to", to);
        assert!(self.perform(self.attacker, kind("redirect-server"), "send-octets", args));
    }

    fn play(&mut self, step: &Move) {
        match step {
            Move::Octets(octets, tcp) => self.throw(octets, *tcp),
            Move::Message(at, how, tcp) => {
                let text = CORPUS[*at].replace('\n', "\r\n");
                self.throw(&broken(text.as_bytes(), how), *tcp);
            }
            Move::Again(at, how, tcp) => {
                let carried: Vec<Bytes> =
                    self.driver.carried().iter().map(|own| own.frame.payload.clone()).collect();
                if let Some(octets) = (!carried.is_empty()).then(|| at.get(&carried)) {
                    // With the branch as it was, it would be a copy, which is answered without a look.
                    self.thrown += 1;
                    let octets = renamed(octets, self.thrown);
                    self.throw(&broken(&octets, how), *tcp);
                }
            }
            Move::Caller(verb) => {
                let whom = match *verb {
                    "call" | "message" | "options" | "transfer" => {
                        Fields::new().with("to", "100").with("text", "x")
                    }
                    _ => Fields::new(),
                };
                // What its state forbids is refused.
                let _refused = self.perform(self.caller, kind("sip-phone"), verb, whom);
            }
            Move::Pass(millis) => self.pass(*millis),
        }
    }

    /// Whether the caller sees this within two minutes.
    fn sees(&mut self, sight: &str, field: &str, value: &str) -> bool {
        let until = self.driver.now() + Duration::from_secs(120);
        while let Some(seen) = self.driver.advance(until) {
            let own = seen.observation.fields().get(field).map(ToString::to_string);
            if seen.node == self.caller && seen.observation.kind == sight && own.as_deref() == Some(value) {
                return true;
            }
        }
        false
    }

    /// The element still does what it is there for.
    fn is_alive(&mut self, call: Call) {
        // Whatever was under way is over, calls that nobody hangs up too.
        // One that waits for its answer stays until that comes.
        for _ in 0..60 {
            let _none = self.perform(self.caller, kind("sip-phone"), "hangup", Fields::new());
        }
        self.pass(400_000);
        let to = Fields::new().with("to", "sip:10.0.0.2");
        assert!(self.perform(self.caller, kind("sip-phone"), "options", to));
        assert!(self.sees("200", "answers", "OPTIONS"), "no answer to OPTIONS");
        let to = Fields::new().with("to", "100").with("call", "last");
        assert!(self.perform(self.caller, kind("sip-phone"), "call", to));
        match call {
            Call::Connected => assert!(self.sees("connected", "call", "last"), "no call"),
            Call::Ended => assert!(self.sees("ended", "call", "last"), "the call never ends"),
        }
        assert!(self.victim.0 > 0);
    }
}

/// The values of a table, given ones before defaults.
fn filled(args: &[Arg], mut given: Fields) -> Fields {
    for arg in args {
        let Need::Default(text) = arg.need else { continue };
        if given.get(arg.name).is_none() {
            given.push(arg.name, value(&arg.kind, text));
        }
    }
    given
}

fn value(kind: &ArgKind, text: &str) -> Value {
    match kind {
        ArgKind::Integer { .. } => Value::from(text.parse::<i64>().unwrap()),
        ArgKind::Flag => Value::Flag(text.parse().unwrap()),
        ArgKind::Span => {
            let end = text.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = text.split_at(end);
            let number: u64 = number.parse().unwrap();
            Value::Span(match unit {
                "ms" => Duration::from_millis(number),
                "s" => Duration::from_secs(number),
                "min" => Duration::from_secs(60 * number),
                _ => Duration::from_secs(3_600 * number),
            })
        }
        _ => Value::text(text),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, max_shrink_iters: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_octets_stop_an_element(moves in moves(), seed in 1_u64..1_000, which in 0_usize..8) {
        let (name, own, call) = elements().remove(which);
        let mut scene = Scene::new(name, own, seed);
        for step in &moves {
            scene.play(step);
        }
        scene.is_alive(call);
    }
}

/// Every message of the corpus, broken in every way of the catalogue, at every element.
#[test]
fn every_broken_message_leaves_every_element_at_work() {
    for (name, own, call) in elements() {
        let mut scene = Scene::new(name, own, 7);
        for (message, text) in CORPUS.iter().enumerate() {
            for how in BREAKS.into_iter().map(Damage::Catalogue).chain([Damage::None]) {
                for tcp in [false, true] {
                    scene.play(&Move::Message(message, how.clone(), tcp));
                }
            }
            assert!(!text.is_empty());
            scene.pass(300);
        }
        scene.is_alive(call);
    }
}

/// The same within a call that is up: what was carried comes again as something new, broken in every way of the catalogue.
#[test]
fn what_was_carried_comes_again_broken_within_a_call() {
    for (name, own, call) in elements() {
        let mut scene = Scene::new(name, own, 7);
        for verb in ["call", "hold", "transfer"] {
            scene.play(&Move::Caller(verb));
            scene.pass(1_000);
        }
        let carried: Vec<Bytes> =
            scene.driver.carried().iter().map(|own| own.frame.payload.clone()).collect();
        for octets in carried.iter().filter(|own| own.windows(8).any(|part| part == b" SIP/2.0")) {
            for how in BREAKS {
                scene.thrown += 1;
                let octets = renamed(octets, scene.thrown);
                scene.throw(&broken(&octets, &Damage::Catalogue(how)), false);
                scene.pass(5);
            }
        }
        scene.is_alive(call);
    }
}
