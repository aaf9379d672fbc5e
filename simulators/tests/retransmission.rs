//! Requests that are not answered: the schedule of RFC 5080 section 2.2.1, the next server, the end.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{CARD_ACCEPTED, DESTINATION_ACCEPTED, Rig, answer, attribute, millis, secs, server, shown};
use tollgate_network::Frame;
use tollgate_radius::{Code, Packet};
use tollgate_time::Instant;
use tollgate_wire::Value;

/// The seconds since `start` at which frames go out while time passes, with the frames.
fn timeline(rig: &mut Rig, span: u64) -> Vec<(u64, Frame)> {
    let start = rig.now;
    let mut sent = Vec::new();
    for _ in 0..span {
        let at = (rig.now - start).as_secs();
        sent.extend(rig.take_frames().into_iter().map(|frame| (at, frame)));
        rig.pass(secs(1));
    }
    let at = (rig.now - start).as_secs();
    sent.extend(rig.take_frames().into_iter().map(|frame| (at, frame)));
    sent
}

fn plain() -> (&'static str, Value) {
    ("retransmit-jitter", Value::Flag(false))
}

#[test]
fn an_access_request_is_sent_six_times_unchanged_and_then_given_up() {
    let mut rig = Rig::new(&[plain()]);
    rig.call_and_dial();
    let sent = timeline(&mut rig, 70);
    // Waits of 2, 4, 8, 16 and 16 s; after another 16 s, at 62 s, nobody waits any more.
    let at: Vec<u64> = sent.iter().map(|(at, _)| *at).collect();
    assert_eq!(at, [0, 2, 6, 14, 30, 46]);
    assert!(sent.iter().all(|(_, frame)| *frame == sent[0].1), "port, identifier and authenticator stay");
    let counts: Vec<String> = rig
        .seen
        .iter()
        .filter(|own| own.kind == "retransmission")
        .map(|own| shown(own.fields(), "count"))
        .collect();
    assert_eq!(counts, ["1", "2", "3", "4", "5"]);
    assert_eq!(rig.seen.iter().filter(|own| own.kind == "timeout").count(), 1);
    assert_eq!(rig.heard(), ["enter-card-number", "service-unavailable", "goodbye"]);
}

#[test]
fn the_duration_bounds_an_exchange_too() {
    let mut rig = Rig::new(&[plain(), ("retransmit-duration", Value::Span(secs(30)))]);
    rig.call_and_dial();
    rig.seen.clear();
    rig.pass(millis(29_999));
    assert_eq!(rig.take_frames().len(), 4);
    assert!(rig.heard().is_empty());
    rig.pass(millis(1));
    assert_eq!(rig.heard(), ["service-unavailable", "goodbye"]);
}

#[test]
fn jitter_comes_from_the_seed() {
    let run = || {
        let mut rig = Rig::new(&[]);
        rig.call_and_dial();
        let mut deadlines: Vec<Instant> = Vec::new();
        while let Some(next) = rig.next_deadline() {
            deadlines.push(next);
            rig.pass(next - rig.now);
        }
        deadlines
    };
    assert_eq!(run(), run());
    assert_ne!(run()[0] - Instant::parse_rfc3339(common::START).unwrap(), secs(2));
}

#[test]
fn a_request_moves_to_the_next_server_with_an_identifier_of_its_own_and_comes_back_later() {
    let mut rig = Rig::with_servers(2, &[plain(), ("retransmit-count", Value::from(1_i64))]);
    rig.call_and_dial();
    let sent = timeline(&mut rig, 6);
    // 2 s, then 4 s: at 6 s the second server is asked.
    assert_eq!(sent.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 2, 6]);
    let (first, second) = (&sent[0].1, &sent[2].1);
    assert_eq!((first.to, second.to), (server(1, 1812), server(2, 1812)));
    assert_ne!(first.payload[1], second.payload[1]);
    assert_ne!(first.payload[4..20], second.payload[4..20]);
    let failover = rig.take_seen("failover");
    assert_eq!(shown(&failover[0], "to"), "192.0.2.2:1812");

    let late = answer(first, Code::ACCESS_ACCEPT, CARD_ACCEPTED, common::SECRET);
    rig.receive(&late);
    let discarded = rig.take_seen("discarded");
    assert_eq!(shown(&discarded[0], "reason"), "no request is waiting for it");

    rig.reply(second, Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    assert_eq!(rig.heard().last().map(String::as_str), Some("enter-destination"));
    rig.dial("1#");
    let silent = rig.sent();
    assert_eq!(silent.to, server(2, 1812), "the first server rests");
    rig.reply(&silent, Code::ACCESS_REJECT, &[("h323-return-code", "9")]);
    rig.pass(secs(60));
    rig.dial("2#");
    assert_eq!(rig.sent().to, server(1, 1812), "and is asked again after its rest");
}

#[test]
fn answers_that_prove_nothing_are_discarded_and_the_right_one_is_taken() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    let request = rig.sent();
    rig.seen.clear();
    let right = answer(&request, Code::ACCESS_ACCEPT, CARD_ACCEPTED, common::SECRET);
    let forged = answer(&request, Code::ACCESS_ACCEPT, CARD_ACCEPTED, "wrong");
    let elsewhere = Frame { from: server(9, 1812), ..right.clone() };
    let accounting = answer(&request, Code::ACCOUNTING_RESPONSE, &[], common::SECRET);
    let short = Frame { payload: right.payload.slice(..30), ..right.clone() };
    let unsigned = answer(
        &request,
        Code::ACCESS_ACCEPT,
        &[("Message-Authenticator", "0x00000000000000000000000000000000")],
        common::SECRET,
    );
    for wrong in [&forged, &elsewhere, &accounting, &short, &unsigned] {
        rig.receive(wrong);
    }
    let reasons: Vec<String> =
        rig.take_seen("discarded").iter().map(|fields| shown(fields, "reason")).collect();
    assert_eq!(reasons[0], "its authenticator is wrong");
    assert_eq!(reasons[1], "it is not from the server that was asked");
    assert_eq!(reasons[2], "it is no answer to this kind of request");
    assert!(reasons[3].starts_with("packet at octet 0"), "{}", reasons[3]);
    assert_eq!(reasons[4], "its Message-Authenticator is wrong");
    rig.receive(&right);
    rig.receive(&right);
    assert_eq!(rig.seen.iter().filter(|own| own.kind == "Access-Accept").count(), 1);
    let again: Vec<String> = rig.take_seen("discarded").iter().map(|own| shown(own, "reason")).collect();
    assert_eq!(again, ["no request is waiting for it"]);
}

#[test]
fn a_message_authenticator_can_be_demanded() {
    let mut rig = Rig::new(&[("require-message-authenticator", Value::Flag(true))]);
    rig.call_and_dial();
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    let discarded = rig.take_seen("discarded");
    assert_eq!(shown(&discarded[0], "reason"), "it has no Message-Authenticator");
    let packet = Packet::parse(&request.payload).unwrap();
    let mut builder = tollgate_radius::Builder::new(Code::ACCESS_REJECT, packet.identifier());
    builder.message_authenticator().unwrap();
    let secret = tollgate_radius::Secret::from(common::SECRET);
    let signed = builder.finish_response(packet.authenticator(), &secret).unwrap();
    rig.receive(&request.answer(signed));
    assert_eq!(rig.heard(), ["refused", "enter-card-number"]);
}

#[test]
fn a_stop_goes_round_the_servers_with_its_delay_growing_until_it_is_lost() {
    let mut rig = Rig::with_servers(
        2,
        &[plain(), ("retransmit-count", Value::from(0_i64)), ("accounting-rounds", Value::from(2_i64))],
    );
    rig.ring();
    rig.perform("hangup", &[]);
    let _answer_leg = rig.take_frames();
    rig.pass(millis(4));
    rig.seen.clear();
    let sent = timeline(&mut rig, 20);
    let originate: Vec<(u64, String, Option<String>, u8)> = sent
        .iter()
        .filter(|(_, frame)| attribute(frame, "h323-call-origin").as_deref() == Some("originate"))
        .map(|(at, frame)| (*at, frame.to.to_string(), attribute(frame, "Acct-Delay-Time"), frame.payload[1]))
        .collect();
    let seen: Vec<(u64, &str, Option<&str>)> =
        originate.iter().map(|(at, to, delay, _)| (*at, to.as_str(), delay.as_deref())).collect();
    // One transmission each, 2 s apart, twice round both servers.
    assert_eq!(
        seen,
        [
            (0, "192.0.2.1:1813", None),
            (2, "192.0.2.2:1813", Some("2")),
            (4, "192.0.2.1:1813", Some("4")),
            (6, "192.0.2.2:1813", Some("6")),
        ]
    );
    let identifiers: std::collections::BTreeSet<u8> = originate.iter().map(|own| own.3).collect();
    assert_eq!(identifiers.len(), 4, "another delay is another packet");
    let lost: Vec<(String, String)> = rig
        .take_seen("accounting-lost")
        .iter()
        .map(|fields| (shown(fields, "record"), shown(fields, "leg")))
        .collect();
    assert_eq!(lost.len(), 2);
    assert!(lost.contains(&("Stop".to_owned(), "originate".to_owned())));
    assert_eq!(rig.next_deadline(), None);
}

#[test]
fn a_broken_message_is_sent_once_and_its_octets_are_observed() {
    let mut rig = Rig::new(&[plain()]);
    let with = Value::Group(tollgate_wire::Fields::new().with("User-Name", "x"));
    rig.perform(
        "send",
        &[
            ("message", "Access-Request".into()),
            ("with", with.clone()),
            ("corrupt", Value::List(vec!["length 7".into()])),
        ],
    );
    let frame = rig.sent();
    assert_eq!(frame.payload[2..4], [0, 7]);
    assert!(shown(&rig.take_seen("Access-Request")[0], "octets").starts_with("0x01"));
    rig.pass(secs(2));
    assert!(rig.frames.is_empty());
    assert_eq!(rig.take_seen("timeout").len(), 1);
    assert_eq!(rig.next_deadline(), None);

    rig.perform("send", &[("message", "Accounting-Request".into()), ("with", with)]);
    rig.pass(secs(3));
    let frames = rig.take_frames();
    assert_eq!(frames.len(), 2, "a whole message is sent again as any other");
    rig.reply(&frames[1], Code::ACCOUNTING_RESPONSE, &[]);
    assert_eq!(rig.take_seen("Accounting-Response").len(), 1);

    let wrong =
        [("message", Value::from("Access-Request")), ("corrupt", Value::List(vec!["lenght 7".into()]))];
    assert!(rig.attempt("send", &wrong).unwrap_err().to_string().contains("there is no corruption 'lenght'"));
}

#[test]
fn more_than_256_requests_wait_on_further_source_ports() {
    let mut rig = Rig::new(&[]);
    for _ in 0..300 {
        rig.perform("login", &[("user", "1".into())]);
    }
    let frames = rig.take_frames();
    let slots: std::collections::BTreeSet<(u16, u8)> =
        frames.iter().map(|frame| (frame.from.port(), frame.payload[1])).collect();
    assert_eq!(slots.len(), 300);
    assert_eq!(frames.iter().filter(|frame| frame.from.port() == 21_645).count(), 256);
    for frame in frames.iter().rev() {
        rig.reply(frame, Code::ACCESS_REJECT, &[]);
    }
    assert_eq!(rig.take_seen("Access-Reject").len(), 300);
    assert_eq!(rig.next_deadline(), None);
}

#[test]
fn a_restart_forgets_calls_and_requests_and_never_repeats_a_session_id() {
    let quiet = ("accounting-on", Value::Flag(false));
    let mut rig = Rig::new(&[("session-id-in-access", Value::Flag(true)), quiet]);
    rig.ring_with(DESTINATION_ACCEPTED);
    rig.perform("answer", &[]);
    rig.nas.restart(rig.now);
    rig.pass(secs(40_000));
    assert!(rig.frames.is_empty());
    assert!(rig.attempt("hangup", &[]).is_err());
    rig.call_and_dial();
    let before = rig.sent();
    rig.nas.restart(rig.now);
    rig.call_and_dial();
    let after = rig.sent();
    assert_ne!(attribute(&before, "Acct-Session-Id"), attribute(&after, "Acct-Session-Id"));
}

#[test]
fn after_a_restart_accounting_begins_anew_until_the_server_has_heard_of_it() {
    let mut rig = Rig::new(&[]);
    rig.nas.restart(rig.now);
    rig.oversleep(millis(1));
    let notice = rig.sent();
    assert_eq!(attribute(&notice, "Acct-Status-Type").as_deref(), Some("Accounting-On"));
    // Every record has an identifier (RFC 2866 section 5.5).
    assert!(attribute(&notice, "Acct-Session-Id").is_some());
    rig.pass(secs(10));
    assert!(!rig.take_seen("retransmission").is_empty());
    let again = rig.take_frames().pop().unwrap();
    rig.reply(&again, Code::ACCOUNTING_RESPONSE, &[]);
    assert_eq!(rig.next_deadline(), None);
}
