//! Any sequence of actions, answers and time: nothing panics, and the records come out even.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{CARD_ACCEPTED, DESTINATION_ACCEPTED, Rig, answer, attribute};
use proptest::prelude::*;
use tollgate_network::Frame;
use tollgate_radius::Code;
use tollgate_wire::Value;

#[derive(Debug, Clone)]
enum Move {
    Call,
    Dial(&'static str),
    Plain(&'static str),
    Hangup(&'static str),
    Login,
    /// Answers the request at this place among those that were sent, again if it was answered before.
    Accept(usize),
    Reject(usize, &'static str),
    Forge(usize),
    Rubbish(Vec<u8>, u16),
    Pass(u64),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let any_move = prop_oneof![
        3 => Just(Move::Call),
        6 => prop::sample::select(vec!["1#", "10086610975#", "011826#", "#", "12", "*", "1#2#"]).prop_map(Move::Dial),
        6 => prop::sample::select(vec!["answer", "answer", "busy", "no-answer", "next-call"]).prop_map(Move::Plain),
        4 => prop::sample::select(vec!["caller", "called"]).prop_map(Move::Hangup),
        1 => Just(Move::Login),
        12 => (0_usize..4).prop_map(Move::Accept),
        2 => (0_usize..4, prop::sample::select(vec!["1", "2", "4", "9", "10"])).prop_map(|(at, code)| Move::Reject(at, code)),
        1 => (0_usize..4).prop_map(Move::Forge),
        1 => (prop::collection::vec(any::<u8>(), 0..40), any::<u16>()).prop_map(|(bytes, port)| Move::Rubbish(bytes, port)),
        8 => prop::sample::select(vec![0, 1, 4, 1_000, 5_000, 29_996, 30_000, 60_000]).prop_map(Move::Pass),
    ];
    prop::collection::vec(any_move, 0..80)
}

/// The newest requests first, so that most answers come in time.
fn pick(sent: &[Frame], back: usize) -> Option<&Frame> {
    sent.len().checked_sub(back + 1).and_then(|at| sent.get(at))
}

fn play(rig: &mut Rig, sent: &mut Vec<Frame>, step: &Move) {
    match step {
        Move::Call => {
            let _ = rig.attempt("call", &[("from", "1".into()), ("to", "2".into())]);
        }
        Move::Dial(digits) => {
            let _ = rig.attempt("dial", &[("digits", (*digits).into())]);
        }
        Move::Plain(verb) => {
            let _ = rig.attempt(verb, &[]);
        }
        Move::Hangup(by) => {
            let _ = rig.attempt("hangup", &[("by", (*by).into())]);
        }
        Move::Login => rig.perform("login", &[("user", "1".into())]),
        Move::Accept(back) => {
            if let Some(request) = pick(sent, *back).cloned() {
                let accounting = attribute(&request, "Acct-Status-Type").is_some();
                let destination = attribute(&request, "Called-Station-Id").is_some();
                match (accounting, destination) {
                    (true, _) => rig.reply(&request, Code::ACCOUNTING_RESPONSE, &[]),
                    (false, true) => {
                        let minute: Vec<(&str, &str)> = DESTINATION_ACCEPTED
                            .iter()
                            .map(|(name, value)| (*name, value.strip_suffix("000").unwrap_or(value)))
                            .collect();
                        rig.reply(&request, Code::ACCESS_ACCEPT, &minute);
                    }
                    (false, false) => rig.reply(&request, Code::ACCESS_ACCEPT, CARD_ACCEPTED),
                }
            }
        }
        Move::Reject(back, code) => {
            if let Some(request) = pick(sent, *back).cloned() {
                rig.reply(&request, Code::ACCESS_REJECT, &[("h323-return-code", code)]);
            }
        }
        Move::Forge(back) => {
            if let Some(request) = pick(sent, *back).cloned() {
                let forged = answer(&request, Code::ACCESS_ACCEPT, CARD_ACCEPTED, "forged");
                rig.receive(&forged);
            }
        }
        Move::Rubbish(bytes, port) => rig.receive(&Frame {
            from: common::server(1, 1812),
            to: ([164, 9, 9, 100], *port).into(),
            payload: bytes.clone().into(),
        }),
        Move::Pass(millis) => rig.pass(Duration::from_millis(*millis)),
    }
    sent.extend(rig.take_frames());
}

/// Every record that was sent, once however often: by session and status, with its legs.
fn records(sent: &[Frame]) -> BTreeMap<(String, String), bool> {
    sent.iter()
        .filter_map(|frame| {
            let session = attribute(frame, "Acct-Session-Id")?;
            let status = attribute(frame, "Acct-Status-Type")?;
            Some(((session, status), attribute(frame, "h323-connect-time").is_some()))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn each_connected_leg_is_reported_once_whatever_happens(
        steps in moves(),
        next_call in any::<bool>(),
        start_stop in any::<bool>(),
    ) {
        let mut rig = Rig::new(&[
            ("after-call", if next_call { "next-call" } else { "release" }.into()),
            ("accounting", if start_stop { "start-stop" } else { "stop-only" }.into()),
            ("retransmit-count", Value::from(2_i64)),
            ("accounting-rounds", Value::from(2_i64)),
        ]);
        let mut sent = Vec::new();
        for step in &steps {
            play(&mut rig, &mut sent, step);
        }
        // Everybody hangs up, and every record finds its end.
        while rig.attempt("hangup", &[]).is_ok() {
            rig.pass(Duration::from_millis(4));
        }
        rig.pass(Duration::from_secs(10_000));
        sent.extend(rig.take_frames());
        prop_assert_eq!(rig.next_deadline(), None);

        let connected = rig.seen.iter().filter(|own| own.kind == "connected").count();
        let disconnected = rig.seen.iter().filter(|own| own.kind == "disconnected").count();
        prop_assert_eq!(connected, disconnected);

        let first_sent: Vec<String> = rig
            .seen
            .iter()
            .filter(|own| own.kind == "Accounting-Request")
            .filter(|own| common::shown(own.fields(), "Acct-Status-Type") == "Stop")
            // A record that goes another round is the same record, late.
            .filter(|own| own.fields().get("Acct-Delay-Time").is_none())
            .map(|own| common::shown(own.fields(), "Acct-Session-Id"))
            .collect();
        let distinct: std::collections::BTreeSet<&String> = first_sent.iter().collect();
        prop_assert_eq!(distinct.len(), first_sent.len(), "one Stop a session");

        let records = records(&sent);
        let connected_stops = records
            .iter()
            .filter(|((_, status), has_connect)| status == "Stop" && **has_connect)
            .count();
        prop_assert_eq!(connected_stops, connected, "one Stop a conversation");
        if start_stop {
            for (session, _) in records.keys().filter(|(_, status)| status == "Start") {
                prop_assert!(records.contains_key(&(session.clone(), "Stop".to_owned())));
            }
        }
    }
}
