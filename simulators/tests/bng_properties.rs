//! Any sequence of actions, answers, requests and time: nothing panics, and each session is reported once.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use common::{Rig, SECRET, attribute, dynamic, kind_named, server, shown};
use proptest::prelude::*;
use tollgate_network::Frame;
use tollgate_radius::Code;
use tollgate_wire::Value;

#[derive(Debug, Clone)]
enum Move {
    Connect(bool),
    Traffic(u64, bool),
    Plain(&'static str),
    Accept(usize, &'static [(&'static str, &'static str)]),
    Reject(usize),
    Change(u8, &'static str),
    Disconnect(u8, &'static str),
    Rubbish(Vec<u8>, u16),
    Pass(u64),
}

const GRANTS: [&[(&str, &str)]; 4] = [
    &[],
    &[("Session-Timeout", "90"), ("Acct-Interim-Interval", "60")],
    &[("h323-ivr-in", "PortaBilling_Authorize:base=octets;avail=5000"), ("Filter-Id", "throttle")],
    &[("h323-ivr-in", "PortaBilling_Authorize:base=session-time;avail=0")],
];

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let octets = prop::sample::select(vec![0, 1, 5_000, u64::from(u32::MAX) + 1, i64::MAX.unsigned_abs()]);
    let user = || prop::sample::select(vec!["anna", "otto"]);
    let policy = prop::sample::select(vec!["throttle", "hotline", "full", "unknown"]);
    let any_move = prop_oneof![
        4 => any::<bool>().prop_map(Move::Connect),
        4 => (octets, any::<bool>()).prop_map(|(octets, rate)| Move::Traffic(octets, rate)),
        4 => prop::sample::select(vec!["roam", "disconnect"]).prop_map(Move::Plain),
        12 => (0_usize..4, prop::sample::select(GRANTS.to_vec())).prop_map(|(at, grant)| Move::Accept(at, grant)),
        2 => (0_usize..4).prop_map(Move::Reject),
        3 => (any::<u8>(), policy).prop_map(|(id, policy)| Move::Change(id, policy)),
        2 => (any::<u8>(), user()).prop_map(|(id, user)| Move::Disconnect(id, user)),
        1 => (prop::collection::vec(any::<u8>(), 0..40), prop::sample::select(vec![3_799, 21_645, 21_773]))
            .prop_map(|(bytes, port)| Move::Rubbish(bytes, port)),
        8 => prop::sample::select(vec![0, 1, 1_000, 5_000, 60_000, 90_000]).prop_map(Move::Pass),
    ];
    prop::collection::vec(any_move, 0..80)
}

fn play(rig: &mut Rig, sent: &mut Vec<Frame>, step: &Move) {
    let request = |back: usize| sent.len().checked_sub(back + 1).map(|at| sent[at].clone());
    match step {
        Move::Connect(anna) => {
            let _ = rig.attempt("connect", &[("user", if *anna { "anna" } else { "otto" }.into())]);
        }
        Move::Traffic(octets, rate) => {
            let octets = Value::from(*octets);
            let _ = rig
                .attempt("traffic", &[(if *rate { "rate" } else { "down" }, octets.clone()), ("up", octets)]);
        }
        Move::Plain(verb) => {
            let _ = rig.attempt(verb, &[]);
        }
        Move::Accept(back, grant) => {
            if let Some(request) = request(*back) {
                match attribute(&request, "Acct-Status-Type") {
                    Some(_) => rig.reply(&request, Code::ACCOUNTING_RESPONSE, &[]),
                    None => rig.reply(&request, Code::ACCESS_ACCEPT, grant),
                }
            }
        }
        Move::Reject(back) => {
            if let Some(request) = request(*back) {
                rig.reply(&request, Code::ACCESS_REJECT, &[]);
            }
        }
        Move::Change(identifier, policy) => {
            let fields = [("User-Name", "anna"), ("Filter-Id", *policy)];
            rig.receive(&dynamic(1, Code::COA_REQUEST, *identifier, &fields, SECRET));
        }
        Move::Disconnect(identifier, user) => {
            rig.receive(&dynamic(1, Code::DISCONNECT_REQUEST, *identifier, &[("User-Name", user)], SECRET));
        }
        Move::Rubbish(bytes, port) => rig.receive(&Frame {
            from: server(1, 1812),
            to: ([164, 9, 9, 100], *port).into(),
            payload: bytes.clone().into(),
        }),
        Move::Pass(millis) => rig.pass(Duration::from_millis(*millis)),
    }
    keep_requests(rig, sent);
}

/// What was sent to the charging system's service ports.
fn keep_requests(rig: &mut Rig, sent: &mut Vec<Frame>) {
    sent.extend(rig.take_frames().into_iter().filter(|frame| frame.from.port() != 3_799));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn each_part_of_a_session_is_reported_once_whatever_happens(
        steps in moves(),
        asks in any::<bool>(),
    ) {
        let mut rig = Rig::of(kind_named("bng"), 1, &[
            ("profile", "pdsn".into()),
            ("quota", if asks { "data" } else { "none" }.into()),
            ("retransmit-count", Value::from(2_i64)),
            ("accounting-rounds", Value::from(2_i64)),
        ]);
        let mut sent = Vec::new();
        for step in &steps {
            play(&mut rig, &mut sent, step);
        }
        // Everybody goes offline, and every record finds its end.
        rig.pass(Duration::from_secs(100));
        while rig.attempt("disconnect", &[]).is_ok() {}
        rig.pass(Duration::from_secs(10_000));
        keep_requests(&mut rig, &mut sent);
        prop_assert_eq!(rig.next_deadline(), None);

        let seen = |kind: &str| rig.seen.iter().filter(|own| own.kind == kind).count();
        prop_assert_eq!(seen("session-up"), seen("session-down"));

        let first_sent: Vec<String> = rig
            .seen
            .iter()
            .filter(|own| own.kind == "Accounting-Request")
            .map(|own| own.fields())
            .filter(|own| shown(own, "Acct-Status-Type") == "Stop" && shown(own, "Acct-Delay-Time") == "0")
            .map(|own| shown(own, "Acct-Session-Id"))
            .collect();
        let distinct: BTreeSet<&String> = first_sent.iter().collect();
        prop_assert_eq!(distinct.len(), first_sent.len(), "one Stop a part");
        prop_assert_eq!(first_sent.len(), seen("session-up") + seen("roamed"));

        // Octets of a part never go back from one record to the next.
        let mut octets: BTreeMap<String, u64> = BTreeMap::new();
        for frame in &sent {
            let (Some(session), Some(low)) = (attribute(frame, "Acct-Session-Id"), attribute(frame, "Acct-Output-Octets")) else { continue };
            let high: u64 = attribute(frame, "Acct-Output-Gigawords").unwrap().parse().unwrap();
            let status = attribute(frame, "Acct-Status-Type").unwrap();
            let total = (high << 32) + low.parse::<u64>().unwrap();
            let most = octets.entry(session).or_default();
            if status == "Stop" {
                prop_assert!(total >= *most, "a Stop reports no less than an Alive");
            }
            *most = total.max(*most);
        }
    }
}
