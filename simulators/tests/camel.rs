//! The switch and the gateway alone, by hand: what arrives at them that fits nothing.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::net::{IpAddr, SocketAddr};

use common::kind_named;
use proptest::prelude::*;
use tollgate_camel::cap::{ApplicationContext, InitialDpArg, Operation};
use tollgate_camel::dialogue::Dialogue;
use tollgate_camel::m3ua::{Data, SI_SCCP};
use tollgate_camel::message_fields;
use tollgate_camel::sccp::{Address, SSN_CAP, Unitdata};
use tollgate_camel::tcap::TransactionId;
use tollgate_network::{
    Action, ArgKind, DiameterServer, FieldNames, Frame, Input, Need, Output, Peer, Setup, Transport,
};
use tollgate_time::Instant;
use tollgate_wire::{Decimal, Fields, Value};

const MSC: [u8; 4] = [192, 0, 2, 20];
const GATEWAY: [u8; 4] = [192, 0, 2, 11];

fn now() -> Instant {
    Instant::from_unix_secs(1_800_000_000)
}

/// A peer with the defaults of its kind.
fn peer(kind: &str, address: [u8; 4], given: &[(&'static str, Value)]) -> Box<dyn Peer> {
    let kind = kind_named(kind);
    let mut settings = Fields::new();
    given.iter().for_each(|(name, value)| settings.push(*name, value.clone()));
    for arg in kind.settings {
        let Need::Default(text) = arg.need else { continue };
        if settings.get(arg.name).is_some() {
            continue;
        }
        let value = match arg.kind {
            ArgKind::Integer { .. } => Value::from(text.parse::<i64>().unwrap()),
            ArgKind::Flag => Value::Flag(text.parse().unwrap()),
            ArgKind::Span => {
                let minutes = text.strip_suffix("min").map(|own| own.parse::<u64>().unwrap() * 60);
                let seconds = || text.strip_suffix('s').unwrap().parse().unwrap();
                Value::Span(std::time::Duration::from_secs(minutes.unwrap_or_else(seconds)))
            }
            ArgKind::Decimal => Value::Decimal(text.parse::<Decimal>().unwrap()),
            _ => Value::text(text),
        };
        settings.push(arg.name, value);
    }
    let setup = Setup {
        name: "peer".into(),
        address: IpAddr::from(address),
        servers: Vec::new(),
        diameter: vec![DiameterServer {
            host: "ocs.example.com".into(),
            realm: "example.com".into(),
            address: IpAddr::from([192, 0, 2, 1]),
            port: 3868,
            over: Transport::Tcp,
        }],
        systems: Vec::new(),
        settings,
        seed: 1,
        observe: true,
    };
    (kind.build)(setup).unwrap()
}

fn msc() -> Box<dyn Peer> {
    peer("msc", MSC, &[("gateway", Value::Address(IpAddr::from(GATEWAY)))])
}

fn gateway() -> Box<dyn Peer> {
    peer("camel-gateway", GATEWAY, &[])
}

/// The TCAP messages that a peer sends, and the names of what it notes.
fn outputs(peer: &mut Box<dyn Peer>) -> (Vec<Vec<u8>>, Vec<String>) {
    let (mut sent, mut seen) = (Vec::new(), Vec::new());
    loop {
        match peer.poll_output() {
            Output::Transmit(frame) => {
                let data = Data::parse(&frame.payload).unwrap();
                sent.push(Unitdata::parse(data.data).unwrap().data.to_vec());
            }
            Output::Observe(own) | Output::Heard(own) => seen.push(own.kind.to_string()),
            Output::Stream(..) | Output::Claim(_) => {}
            Output::Wait(_) => return (sent, seen),
        }
    }
}

fn frame(from: [u8; 4], to: [u8; 4], message: &[u8]) -> Frame {
    let title = || Address::title("380630000900".parse().unwrap(), SSN_CAP);
    let sccp = Unitdata::new(title(), title(), message).encode();
    let data =
        Data { origin: 1, destination: 2, service: SI_SCCP, network: 2, data: &sccp, ..Data::default() };
    let at = |address: [u8; 4]| SocketAddr::from((address, 2905));
    Frame { from: at(from), to: at(to), payload: data.encode().into() }
}

fn field(octets: &[u8], name: &str) -> String {
    message_fields(octets).get(name).map(ToString::to_string).unwrap_or_default()
}

#[test]
fn a_message_of_an_unknown_transaction_is_aborted() {
    let mut own = msc();
    // A dialogue of the gateway's that the switch has forgotten: its Continue is answered, its End is not.
    let context = ApplicationContext::CallsPhaseThree;
    let mut open = Dialogue::open(TransactionId::new(77), context.clone());
    open.invoke(now(), &Operation::InitialDp(Box::default()));
    let begin = open.send().unwrap();
    let (mut other, _) = Dialogue::accept(TransactionId::new(5), &begin, &[context]).unwrap();
    other.invoke(now(), &Operation::Continue);
    let message = other.send().unwrap();
    own.handle_input(now(), Input::Receive(&frame(GATEWAY, MSC, &message)));
    let (sent, _) = outputs(&mut own);
    assert_eq!(field(&sent[0], "p-abortCause"), "unrecognizedTransactionID");
    let end = other.end().unwrap();
    own.handle_input(now(), Input::Receive(&frame(GATEWAY, MSC, &end)));
    assert!(outputs(&mut own).0.is_empty());
}

#[test]
fn a_call_that_says_too_little_is_answered_with_an_error() {
    let mut own = gateway();
    let mut open = Dialogue::open(TransactionId::new(77), ApplicationContext::CallsPhaseTwo);
    open.invoke(
        now(),
        &Operation::InitialDp(Box::new(InitialDpArg { service_key: 1, ..Default::default() })),
    );
    let begin = open.send().unwrap();
    own.handle_input(now(), Input::Receive(&frame(MSC, GATEWAY, &begin)));
    let (sent, _) = outputs(&mut own);
    assert_eq!(field(&sent[0], "message"), "end");
    assert!(field(&sent[0], "returnError").contains("missingParameter"), "{}", message_fields(&sent[0]));
}

#[test]
fn a_context_that_nobody_knows_is_refused_with_one_that_is() {
    let mut own = gateway();
    let unknown = ApplicationContext::from_name("0.4.0.0.1.0.5.3").unwrap();
    let mut open = Dialogue::open(TransactionId::new(77), unknown);
    open.invoke(now(), &Operation::InitialDp(Box::default()));
    let begin = open.send().unwrap();
    own.handle_input(now(), Input::Receive(&frame(MSC, GATEWAY, &begin)));
    let (sent, _) = outputs(&mut own);
    assert_eq!(field(&sent[0], "message"), "abort");
    assert_eq!(field(&sent[0], "dialogueResponse"), "cap3-calls");
}

#[test]
fn phase_2_has_no_short_messages_and_names_are_taken_once() {
    let mut own =
        peer("msc", MSC, &[("gateway", Value::Address(IpAddr::from(GATEWAY))), ("cap", Value::from(2_i64))]);
    let action =
        |verb: &'static str| Action::new(verb).with("from", "380630000001").with("to", "380938508705");
    let refused = own.perform(now(), &action("sms")).unwrap_err();
    assert!(refused.to_string().contains("cap: 3"), "{refused}");
    own.perform(now(), &action("call").with("name", "a")).unwrap();
    assert!(own.perform(now(), &action("call").with("name", "a")).is_err());
    assert!(own.perform(now(), &Action::new("answer")).is_err(), "it does not ring yet");
    let (sent, seen) = outputs(&mut own);
    assert_eq!(field(&sent[0], "dialogueRequest"), "cap2-calls");
    assert!(seen.contains(&"InitialDP".to_owned()));
}

/// Every field that an operation can have at its top is one that an expectation may name.
#[test]
fn every_field_of_the_operations_of_a_call_is_known_before_the_run() {
    let kind = kind_named("msc");
    for (operation, sight) in [
        ("initialDP", "InitialDP"),
        ("requestReportBCSMEvent", "RequestReportBCSMEvent"),
        ("eventReportBCSM", "EventReportBCSM"),
        ("applyCharging", "ApplyCharging"),
        ("applyChargingReport", "ApplyChargingReport"),
        ("callInformationRequest", "CallInformationRequest"),
        ("callInformationReport", "CallInformationReport"),
        ("connect", "Connect"),
        ("resetTimer", "ResetTimer"),
        ("initialDPSMS", "InitialDPSMS"),
        ("requestReportSMSEvent", "RequestReportSMSEvent"),
        ("eventReportSMS", "EventReportSMS"),
        ("connectSMS", "ConnectSMS"),
    ] {
        // The complaint about a wrong name lists the right ones.
        let wrong = Value::Group(Fields::new().with("no-such-name", true));
        let complaint = Operation::take(operation, &wrong).unwrap_err().to_string();
        let FieldNames::Dictionary { known, .. } = kind.sight(sight).unwrap().fields else {
            panic!("{sight}")
        };
        let names = complaint.split_once("write ").unwrap().1;
        let missing: Vec<&str> = names.split(", ").filter(|own| !known(own)).collect();
        assert!(missing.is_empty(), "{sight}: {missing:?}");
    }
}

proptest! {
    #[test]
    fn any_octets_at_all_are_survived(octets in proptest::collection::vec(any::<u8>(), 0..120), whole: bool) {
        for (mut own, to) in [(msc(), MSC), (gateway(), GATEWAY)] {
            let mut arrived = frame([192, 0, 2, 99], to, &octets);
            if whole {
                arrived.payload = octets.clone().into();
            }
            own.handle_input(now(), Input::Receive(&arrived));
            let (_, seen) = outputs(&mut own);
            // What is no message of signalling is noted.
            prop_assert!(!whole || seen.iter().any(|own| own.starts_with("malformed")), "{seen:?}");
        }
    }

    #[test]
    fn a_begin_with_a_turned_bit_is_survived(at in 0_usize..1_000, bit in 0_u32..8) {
        let mut switch = msc();
        let call = Action::new("call").with("from", "380630000001").with("to", "380938508705");
        switch.perform(now(), &call).unwrap();
        let (sent, _) = outputs(&mut switch);
        let mut octets = sent[0].clone();
        let place = at % octets.len();
        octets[place] ^= 1 << bit;
        let mut own = gateway();
        own.handle_input(now(), Input::Receive(&frame(MSC, GATEWAY, &octets)));
        outputs(&mut own);
    }
}
