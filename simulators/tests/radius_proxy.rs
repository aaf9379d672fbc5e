//! The RADIUS proxy alone: what it does with copies, with answers that prove nothing, and with any octets.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::net::{IpAddr, SocketAddr};

use proptest::prelude::*;
use tollgate_network::{Frame, Input, KnownSystem, Node, Observation, Output, Server, Setup};
use tollgate_radius::{Builder, Code, Packet, Secret, attribute, verify};
use tollgate_simulators::radius_proxy::RadiusProxy;
use tollgate_time::Instant;
use tollgate_wire::{Fields, Value};

const NAS: [u8; 4] = [192, 0, 2, 1];
const PROXY: [u8; 4] = [192, 0, 2, 9];
const SOURCE: [u8; 4] = [192, 0, 2, 11];
const TARGET: [u8; 4] = [192, 0, 2, 12];

struct Rig {
    proxy: RadiusProxy,
    now: Instant,
    frames: Vec<Frame>,
    seen: Vec<Observation>,
}

fn system(name: &str, address: [u8; 4], numbers: &[&str]) -> KnownSystem {
    KnownSystem {
        name: name.into(),
        environment: None,
        addresses: vec![address.into()],
        servers: vec![Server {
            address: address.into(),
            auth_port: 1812,
            acct_port: 1813,
            secret: name.into(),
        }],
        diameter: Vec::new(),
        numbers: numbers.iter().map(|number| (*number).into()).collect(),
    }
}

impl Rig {
    fn new() -> Self {
        let settings = Fields::new()
            .with("clients", Value::List(vec![Value::text("192.0.2.1=nas")]))
            .with("role", "active")
            .with("pair-secret", "pair")
            .with("watch", std::time::Duration::from_secs(1))
            .with("misses", 3_i64)
            .with("source-port", 31_645_i64)
            .with("registry-port", 8_443_i64);
        let setup = Setup {
            name: "proxy".into(),
            address: PROXY.into(),
            servers: Vec::new(),
            diameter: Vec::new(),
            systems: vec![system("ocs", SOURCE, &["1"]), system("target", TARGET, &["2"])],
            settings,
            seed: 1,
            observe: true,
        };
        let proxy = RadiusProxy::new(&setup).unwrap();
        let mut rig =
            Self { proxy, now: Instant::from_unix_secs(1_000), frames: Vec::new(), seen: Vec::new() };
        rig.proxy.handle_input(rig.now, Input::Timeout);
        rig.drain();
        rig
    }

    fn drain(&mut self) {
        loop {
            match self.proxy.poll_output() {
                Output::Transmit(frame) => self.frames.push(frame),
                Output::Observe(own) | Output::Heard(own) => self.seen.push(own),
                Output::Stream(..) | Output::Claim(_) => {}
                Output::Wait(_) => return,
            }
        }
    }

    fn receive(&mut self, from: SocketAddr, port: u16, payload: Vec<u8>) -> Vec<Frame> {
        let frame = Frame { from, to: SocketAddr::from((PROXY, port)), payload: payload.into() };
        self.proxy.handle_input(self.now, Input::Receive(&frame));
        self.drain();
        std::mem::take(&mut self.frames)
    }

    /// A Stop of this account, with this identifier.
    fn stop(&mut self, account: &str, identifier: u8) -> Vec<Frame> {
        let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, identifier);
        builder.text(attribute::USER_NAME, account).unwrap();
        builder.u32(attribute::ACCT_STATUS_TYPE, 2).unwrap();
        let packet = builder.finish_accounting_request(&Secret::from("nas")).unwrap();
        self.receive(SocketAddr::from((NAS, 21_645)), 1813, packet)
    }

    fn answer(&mut self, passed: &Frame, secret: &str) -> Vec<Frame> {
        let request = Packet::parse(&passed.payload).unwrap();
        let mut builder = Builder::new(Code::ACCOUNTING_RESPONSE, request.identifier());
        for state in request.all(attribute::PROXY_STATE) {
            builder.bytes(attribute::PROXY_STATE, state.value).unwrap();
        }
        let answer = builder.finish_response(request.authenticator(), &Secret::from(secret)).unwrap();
        self.receive(passed.to, passed.from.port(), answer)
    }

    fn reasons(&mut self) -> Vec<String> {
        let seen = std::mem::take(&mut self.seen);
        seen.iter()
            .filter(|own| own.kind == "discarded")
            .map(|own| own.fields().get("reason").unwrap().to_string())
            .collect()
    }
}

#[test]
fn each_account_goes_to_its_system_and_nobodys_to_the_fallback() {
    let mut rig = Rig::new();
    for (account, address) in [("1", SOURCE), ("2", TARGET), ("3", TARGET)] {
        let passed = rig.stop(account, account.as_bytes()[0]);
        assert_eq!(passed.len(), 1);
        assert_eq!(passed[0].to, SocketAddr::from((address, 1813)), "{account}");
        assert_eq!(passed[0].from.ip(), IpAddr::from(PROXY));
    }
}

#[test]
fn a_copy_is_passed_on_unchanged_until_it_is_answered_and_answered_alike_afterwards() {
    let mut rig = Rig::new();
    let first = rig.stop("1", 7);
    assert_eq!(rig.stop("1", 7), first, "the system can tell that it is a copy");
    let answers = rig.answer(&first[0], "ocs");
    assert_eq!(answers.len(), 1);
    assert_eq!(answers[0].to, SocketAddr::from((NAS, 21_645)));
    assert_eq!(answers[0].from, SocketAddr::from((PROXY, 1813)));
    let packet = Packet::parse(&answers[0].payload).unwrap();
    assert_eq!(packet.identifier(), 7);
    assert!(packet.get(attribute::PROXY_STATE).is_none());
    assert_eq!(rig.stop("1", 7), answers, "nothing is passed on again");
    assert!(rig.answer(&first[0], "ocs").is_empty(), "a second answer is none");
}

#[test]
fn nothing_is_answered_before_the_system_has_answered_and_nothing_that_proves_nothing_is_relayed() {
    let mut rig = Rig::new();
    let passed = rig.stop("1", 7);
    assert!(passed.iter().all(|frame| frame.to.ip() == IpAddr::from(SOURCE)));
    assert!(rig.answer(&passed[0], "another secret").is_empty());
    assert_eq!(rig.reasons(), ["its authenticator is wrong"]);
    // From another address than was asked.
    let mut elsewhere = passed[0].clone();
    elsewhere.to = SocketAddr::from((TARGET, 1813));
    assert!(rig.answer(&elsewhere, "ocs").is_empty());
    assert_eq!(rig.reasons(), ["it answers no request"]);
    // A stranger, and a client with a wrong secret.
    let packet = passed[0].payload.to_vec();
    assert!(rig.receive(SocketAddr::from((TARGET, 1)), 1813, packet.clone()).is_empty());
    assert!(rig.receive(SocketAddr::from((NAS, 1)), 1813, packet).is_empty());
    assert_eq!(rig.reasons(), ["nobody knows this client", "its authenticator is wrong"]);
}

#[test]
fn status_server_is_answered_by_the_proxy_itself() {
    let mut rig = Rig::new();
    let mut builder = Builder::new(Code::STATUS_SERVER, 3);
    builder.authenticator(&[5; 16]);
    builder.message_authenticator().unwrap();
    let packet = builder.finish_request(&Secret::from("nas")).unwrap();
    let answers = rig.receive(SocketAddr::from((NAS, 21_645)), 1812, packet);
    let answer = Packet::parse(&answers[0].payload).unwrap();
    assert_eq!(answer.code(), Code::ACCESS_ACCEPT);
    assert!(verify::response(&answer, &[5; 16], &Secret::from("nas")));
}

proptest! {
    #[test]
    fn any_octets_at_any_port_do_no_harm(
        packets in prop::collection::vec(
            (
                prop::sample::select(vec![NAS, SOURCE, TARGET, PROXY]),
                prop::sample::select(vec![1812_u16, 1813, 3799, 31_645, 31_650, 9]),
                prop::sample::select(vec![1_u8, 2, 4, 5, 12, 40, 43, 44, 200]),
                prop::collection::vec(any::<u8>(), 0..80),
            ),
            0..40,
        ),
    ) {
        let mut rig = Rig::new();
        let passed = rig.stop("1", 7);
        for (from, port, code, body) in packets {
            // As often as not a length that is right.
            let length = u16::try_from(20 + body.len()).unwrap_or(20).to_be_bytes();
            let packet = [&[code, 0][..], &length, &[0; 16], &body].concat();
            rig.receive(SocketAddr::from((from, 1813)), port, packet);
            rig.receive(SocketAddr::from((from, 1813)), port, body);
        }
        // It still does its work.
        prop_assert_eq!(rig.answer(&passed[0], "ocs").len(), 1);
    }
}
