//! A SIP server and a dispatcher between peers that say anything: true messages that were broken, answers that come twice or
//! late, random octets. Neither stops, neither sends without end, and what they send themselves reads as SIP or RADIUS.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use common::{SECRET, kind_named, setup_of};
use proptest::prelude::*;
use tollgate_network::{Frame, Input, KnownSystem, Output, Peer};
use tollgate_radius::{Builder, Code, Packet, Secret};
use tollgate_sip::Message;
use tollgate_time::Instant;
use tollgate_wire::Value;

const OWN: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(164, 9, 9, 100));
const PHONE: &str = "10.0.0.1:5060";
const CARRIER: &str = "198.51.100.1:5060";
const OUTPUTS_MAX: usize = 400;

/// What may come next.
#[derive(Debug, Clone)]
enum Next {
    Octets(Vec<u8>),
    /// One of the messages of a call and of a registration, broken at these places.
    Message {
        which: usize,
        breaks: Vec<(usize, u8)>,
        cut: Option<usize>,
        carrier: bool,
    },
    /// The frame that it sent so many ago comes back as an answer of this status.
    Answer {
        back: usize,
        code: u16,
    },
    Pass(u64),
}

fn next() -> impl Strategy<Value = Next> {
    let breaks = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3);
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Next::Octets),
        6 => (0_usize..8, breaks, prop::option::weighted(0.1, any::<prop::sample::Index>()), any::<bool>()).prop_map(
            |(which, breaks, cut, carrier)| Next::Message {
                which,
                breaks: breaks.into_iter().map(|(at, octet)| (at.index(300), octet)).collect(),
                cut: cut.map(|at| at.index(300)),
                carrier,
            }
        ),
        5 => (0_usize..6, prop::sample::select(vec![100_u16, 180, 200, 200, 302, 404, 486, 503]))
            .prop_map(|(back, code)| Next::Answer { back, code }),
        2 => (1_u64..40).prop_map(Next::Pass),
    ]
}

fn message(which: usize) -> Vec<u8> {
    let head = |method: &str, uri: &str, to_tag: &str, cseq: u32| {
        format!(
            "{method} sip:{uri} SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK{method}{cseq};rport\r\nMax-Forwards: 70\r\n\
             From: <sip:1001@h>;tag=a\r\nTo: <sip:1002@h>{to_tag}\r\nCall-ID: c@h\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:1001@10.0.0.1>\r\n"
        )
    };
    let auth = "Authorization: Digest username=\"1001\", realm=\"164.9.9.100\", nonce=\"x\", uri=\"sip:h\", response=\"0\"\r\n";
    let end = "Content-Length: 0\r\n\r\n";
    let text = match which {
        0 => format!("{}{auth}{end}", head("REGISTER", "164.9.9.100", "", 1)),
        1 => {
            let offer = "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";
            format!("{}{offer}", head("INVITE", "44207946000@164.9.9.100", "", 2))
        }
        2 => format!("{}{end}", head("CANCEL", "44207946000@164.9.9.100", "", 2)),
        3 => format!("{}{end}", head("ACK", "164.9.9.100", ";tag=b", 2)),
        4 => format!("{}{end}", head("BYE", "164.9.9.100", ";tag=b", 3)),
        5 => format!("{}Refer-To: <sip:1003@h>\r\n{end}", head("REFER", "164.9.9.100", ";tag=b", 4)),
        6 => format!("{}Route: <sip:164.9.9.100;lr>\r\n{end}", head("MESSAGE", "1002@10.0.0.2", "", 5)),
        _ => format!("{}{end}", head("OPTIONS", "164.9.9.100", "", 6)),
    };
    text.into_bytes()
}

struct Hostile {
    node: Box<dyn Peer>,
    now: Instant,
    sent: Vec<Frame>,
    wait: Option<Instant>,
}

impl Hostile {
    fn new(kind: &str) -> Self {
        let list = |values: Vec<Value>| Value::List(values);
        let carrier = Value::Address(CARRIER.parse::<SocketAddr>().unwrap().ip());
        let (kind, settings) = match kind {
            "sip-server" => (kind_named("sip-server"), vec![("gateways", list(vec![carrier]))]),
            _ => (
                kind_named("sip-dispatcher"),
                vec![("servers", list(vec![Value::text("ocs=10.0.0.2")])), ("partners", list(vec![carrier]))],
            ),
        };
        let system = KnownSystem {
            name: "ocs".into(),
            environment: None,
            addresses: Vec::new(),
            servers: Vec::new(),
            diameter: Vec::new(),
            numbers: ["1001".into(), "1002".into()].into_iter().collect(),
        };
        let mut setup = setup_of(kind, 1, &settings);
        setup.systems = vec![system];
        let node = (kind.build)(setup).unwrap();
        Self { node, now: Instant::from_unix_secs(1_600_000_000), sent: Vec::new(), wait: None }
    }

    fn drain(&mut self) {
        for _ in 0..OUTPUTS_MAX {
            match self.node.poll_output() {
                Output::Transmit(frame) => {
                    // Whatever came, what goes out can be read.
                    let sip = Message::parse(&frame.payload).is_ok();
                    assert!(sip || Packet::parse(&frame.payload).is_ok(), "{frame:?}");
                    self.sent.push(frame);
                }
                Output::Wait(wait) => {
                    self.wait = wait;
                    return;
                }
                _ => {}
            }
        }
        panic!("it does not stop");
    }

    fn receive(&mut self, from: SocketAddr, port: u16, payload: Vec<u8>) {
        let frame = Frame { from, to: SocketAddr::new(OWN, port), payload: payload.into() };
        self.node.handle_input(self.now, Input::Receive(&frame));
        self.drain();
    }

    fn pass(&mut self, span: Duration) {
        let until = self.now + span;
        for _ in 0..10_000 {
            let Some(next) = self.wait.filter(|next| *next <= until) else {
                self.now = until;
                return;
            };
            self.now = self.now.max(next);
            self.node.handle_input(self.now, Input::Timeout);
            self.drain();
        }
        panic!("time does not move on");
    }

    /// The charging system permits everything, whoever asks.
    fn permit(&mut self) {
        for _ in 0..50 {
            let asked = self.sent.iter().position(|frame| [1_812, 1_813].contains(&frame.to.port()));
            let Some(at) = asked else { return };
            let request = self.sent.remove(at);
            let packet = Packet::parse(&request.payload).unwrap();
            let code =
                if request.to.port() == 1_812 { Code::ACCESS_ACCEPT } else { Code::ACCOUNTING_RESPONSE };
            let mut builder = Builder::new(code, packet.identifier());
            if code == Code::ACCESS_ACCEPT {
                builder.field("h323-return-code", &Value::from("0")).unwrap();
                builder.field("h323-credit-time", &Value::from("30")).unwrap();
                builder.ivr_in("Product", "Calls").unwrap();
                for route in ["P=;expires=300;patience=5", "p=198.51.100.1", "p=198.51.100.2;when=busy"] {
                    builder.field("Framed-Route", &Value::from(route)).unwrap();
                }
            }
            let octets = builder.finish_response(packet.authenticator(), &Secret::from(SECRET)).unwrap();
            let answer = request.answer(octets);
            self.node.handle_input(self.now, Input::Receive(&answer));
            self.drain();
        }
    }

    fn next(&mut self, next: Next) {
        let [phone, carrier]: [SocketAddr; 2] = [PHONE, CARRIER].map(|at| at.parse().unwrap());
        match next {
            Next::Octets(octets) => self.receive(phone, 5_060, octets),
            Next::Message { which, breaks, cut, carrier: is_carrier } => {
                let mut octets = message(which);
                for (at, octet) in breaks {
                    if let Some(own) = octets.get_mut(at) {
                        *own = octet;
                    }
                }
                octets.truncate(cut.unwrap_or(usize::MAX));
                self.receive(if is_carrier { carrier } else { phone }, 5_060, octets);
            }
            Next::Answer { back, code } => {
                let requests: Vec<&Frame> =
                    self.sent.iter().rev().filter(|own| !own.payload.starts_with(b"SIP")).collect();
                let Some(request) = requests.get(back).map(|own| (*own).clone()) else { return };
                let Ok(asked) = Message::parse(&request.payload) else { return };
                let Ok(mut answer) = tollgate_sip::response(&asked, code, None, "b") else { return };
                answer.header("Contact", "<sip:44207946000@198.51.100.1>").unwrap();
                self.receive(request.to, request.from.port(), answer.finish());
            }
            Next::Pass(secs) => self.pass(Duration::from_secs(secs)),
        }
        self.permit();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn nothing_that_comes_stops_a_sip_server(all in prop::collection::vec(next(), 1..40)) {
        let mut server = Hostile::new("sip-server");
        server.drain();
        all.into_iter().for_each(|next| server.next(next));
        // An hour later everything has come to its end.
        server.pass(Duration::from_secs(3_600));
    }

    #[test]
    fn nothing_that_comes_stops_a_dispatcher(all in prop::collection::vec(next(), 1..40)) {
        let mut dispatcher = Hostile::new("sip-dispatcher");
        dispatcher.drain();
        all.into_iter().for_each(|next| dispatcher.next(next));
    }
}

#[test]
fn a_call_that_nobody_breaks_is_answered_acknowledged_and_ended() {
    let mut server = Hostile::new("sip-server");
    server.drain();
    let invite = |server: &mut Hostile| {
        server.next(Next::Message { which: 1, breaks: vec![], cut: None, carrier: true });
    };
    invite(&mut server);
    let onward = |server: &Hostile, method: &str| {
        server
            .sent
            .iter()
            .filter(|own| own.to == CARRIER.parse().unwrap() && own.payload.starts_with(method.as_bytes()))
            .count()
    };
    assert_eq!(onward(&server, "INVITE"), 1);
    server.next(Next::Answer { back: 0, code: 200 });
    assert_eq!(onward(&server, "ACK"), 1);
    // Thirty seconds were granted; the caller's ACK never comes, which would end the call after 32.
    server.pass(Duration::from_secs(31));
    assert!(onward(&server, "BYE") >= 1);
    let caller: SocketAddr = PHONE.parse().unwrap();
    assert!(server.sent.iter().any(|own| own.to == caller && own.payload.starts_with(b"BYE")));
}
