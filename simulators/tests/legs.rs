//! The two legs: the cut at the grant, the warning, and every way to end.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::time::Duration;

use common::{CARD_ACCEPTED, DESTINATION_ACCEPTED, Rig, attribute, millis, originate_stop, secs, shown};
use tollgate_radius::{Code, Packet, cisco};
use tollgate_wire::Value;

const GRANT_90: &[(&str, &str)] =
    &[("h323-return-code", "0"), ("h323-credit-time", "600"), ("h323-ivr-in", "DURATION:90")];

fn stop(frame: &tollgate_network::Frame, name: &str) -> Option<String> {
    attribute(frame, name)
}

#[test]
fn the_conversation_is_cut_at_the_grant_to_the_nanosecond() {
    let mut rig = Rig::new(&[]);
    rig.ring_with(GRANT_90);
    let prompts = rig.take_seen("prompt");
    assert_eq!(shown(prompts.last().unwrap(), "seconds"), "600", "what is announced may differ");
    rig.pass(Duration::from_nanos(123_456_789));
    rig.perform("answer", &[]);
    let connected = rig.now;
    assert_eq!(shown(&rig.take_seen("connected")[0], "granted"), "90s");

    rig.pass(secs(90) - Duration::from_nanos(1));
    assert_eq!(rig.take_seen("cut").len(), 0);
    rig.pass(Duration::from_nanos(1));
    assert_eq!(rig.now - connected, secs(90));
    let kinds: Vec<&str> = rig.seen.iter().map(|own| own.kind.as_str()).collect();
    assert_eq!(kinds, ["cut", "disconnected", "Accounting-Request", "prompt"]);
    let ended = rig.seen[1].fields();
    assert_eq!(shown(ended, "why"), "credit");
    assert_eq!(shown(ended, "lasted"), "90s");
    let outgoing = rig.sent();
    // 08:16:10 + 0.123 s, and 90 s later; milliseconds are rounded down.
    assert_eq!(stop(&outgoing, "h323-connect-time").as_deref(), Some("00:16:10.123 PST Fri Mar 9 2007"));
    assert_eq!(stop(&outgoing, "h323-disconnect-time").as_deref(), Some("00:17:40.123 PST Fri Mar 9 2007"));
    assert_eq!(stop(&outgoing, "h323-disconnect-cause").as_deref(), Some("10"));
    assert_eq!(rig.heard(), ["credit-used-up"]);

    rig.pass(millis(4));
    assert_eq!(shown(&rig.take_seen("released")[0], "why"), "credit");
    let incoming = rig.sent();
    assert_eq!(stop(&incoming, "h323-disconnect-time").as_deref(), Some("00:17:40.127 PST Fri Mar 9 2007"));
}

#[test]
fn the_cut_is_accounted_at_the_grant_even_when_the_driver_is_late() {
    let mut rig = Rig::new(&[]);
    rig.ring_with(GRANT_90);
    rig.perform("answer", &[]);
    rig.oversleep(secs(91));
    let frames = rig.take_frames();
    let outgoing = originate_stop(&frames);
    assert_eq!(stop(outgoing, "h323-disconnect-time").as_deref(), Some("00:17:40.000 PST Fri Mar 9 2007"));
    assert_eq!(stop(outgoing, "Acct-Delay-Time").as_deref(), Some("1"));
}

#[test]
fn the_caller_is_warned_once_unless_the_server_wants_silence() {
    let mut rig = Rig::new(&[]);
    rig.ring_with(GRANT_90);
    rig.perform("answer", &[]);
    rig.pass(millis(29_999));
    assert!(rig.take_seen("warning").is_empty());
    rig.pass(millis(1));
    assert_eq!(shown(&rig.take_seen("warning")[0], "left"), "60s");

    let silent: Vec<(&str, &str)> =
        GRANT_90.iter().copied().chain([("h323-ivr-in", "PortaBilling_No_Disconnect_Warning:YES")]).collect();
    let mut rig = Rig::new(&[]);
    rig.ring_with(&silent);
    rig.perform("answer", &[]);
    rig.pass(secs(100));
    assert!(!rig.seen.iter().any(|own| own.kind == "warning"));
    assert_eq!(rig.take_seen("cut").len(), 1);
}

#[test]
fn a_call_without_a_limit_is_never_cut() {
    let mut rig = Rig::new(&[]);
    rig.ring_with(&[("h323-return-code", "13")]);
    assert_eq!(shown(rig.take_seen("prompt").last().unwrap(), "seconds"), "");
    rig.perform("answer", &[]);
    assert_eq!(rig.next_deadline(), None);
    rig.pass(secs(1_000_000));
    rig.perform("hangup", &[("by", "called".into())]);
    rig.pass(millis(4));
    assert_eq!(rig.take_frames().len(), 2);
}

#[test]
fn a_caller_who_hangs_up_before_the_answer_leaves_two_stops_without_connect_time() {
    let mut rig = Rig::new(&[]);
    rig.ring();
    rig.pass(secs(7));
    rig.perform("hangup", &[("cause", "10".into())]);
    rig.pass(millis(4));
    let frames = rig.take_frames();
    assert_eq!(frames.len(), 2);
    let outgoing = originate_stop(&frames);
    assert!(stop(outgoing, "h323-setup-time").is_some());
    assert_eq!(stop(outgoing, "h323-connect-time"), None);
    assert!(!rig.seen.iter().any(|own| own.kind == "disconnected"), "there was no conversation");
    for frame in &frames {
        rig.reply(frame, Code::ACCOUNTING_RESPONSE, &[]);
    }
    assert_eq!(rig.next_deadline(), None);
}

#[test]
fn a_busy_destination_is_accounted_and_another_one_is_a_call_of_its_own() {
    let mut rig = Rig::new(&[]);
    rig.ring();
    rig.heard();
    rig.perform("busy", &[]);
    assert_eq!(rig.heard(), ["busy", "enter-destination"]);
    let failed = rig.sent();
    assert_eq!(stop(&failed, "h323-disconnect-cause").as_deref(), Some("11"));
    assert_eq!(stop(&failed, "h323-connect-time"), None);
    rig.reply(&failed, Code::ACCOUNTING_RESPONSE, &[]);
    rig.dial("01182623634516#");
    let request = rig.sent();
    let (session, first) = (stop(&request, "h323-incoming-conf-id"), stop(&failed, "h323-conf-id"));
    assert_eq!(session, first, "the session stays the same");
    let next = stop(&request, "h323-conf-id").unwrap();
    let first = first.unwrap();
    assert_ne!(next, first);
    assert_eq!(next[8..], first[8..], "only the first group is new");
    rig.reply(&request, Code::ACCESS_ACCEPT, DESTINATION_ACCEPTED);
    rig.perform("answer", &[]);
    rig.pass(secs(1));
    rig.perform("hangup", &[]);
    rig.pass(millis(4));
    let frames = rig.take_frames();
    let outgoing = originate_stop(&frames);
    assert_eq!(stop(outgoing, "h323-conf-id").as_deref(), Some(next.as_str()));
    assert_eq!(stop(outgoing, "h323-incoming-conf-id").as_deref(), Some(first.as_str()));
}

#[test]
fn nobody_is_rung_for_ever_and_the_tries_are_counted() {
    let mut rig = Rig::new(&[("destination-attempts", Value::from(1_i64))]);
    rig.ring();
    rig.heard();
    rig.pass(secs(180) - millis(1));
    assert!(rig.heard().is_empty());
    rig.pass(millis(1));
    assert_eq!(rig.heard(), ["no-answer", "goodbye"]);
    let frames = rig.take_frames();
    assert_eq!(stop(originate_stop(&frames), "h323-disconnect-cause").as_deref(), Some("13"));
    assert_eq!(frames.len(), 2);
}

#[test]
fn after_the_called_party_hangs_up_the_caller_may_dial_on() {
    let mut rig = Rig::new(&[("after-call", "next-call".into())]);
    rig.ring();
    rig.perform("answer", &[]);
    rig.pass(secs(3));
    rig.seen.clear();
    rig.perform("hangup", &[("by", "called".into())]);
    assert_eq!(rig.heard(), ["enter-destination"]);
    let first = rig.sent();
    rig.reply(&first, Code::ACCOUNTING_RESPONSE, &[]);
    rig.dial("1#");
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_ACCEPT, DESTINATION_ACCEPTED);
    rig.perform("answer", &[]);
    rig.perform("next-call", &[]);
    let second = rig.sent();
    assert_eq!(stop(&second, "Acct-Status-Type").as_deref(), Some("Stop"));
    assert_ne!(stop(&first, "Acct-Session-Id"), stop(&second, "Acct-Session-Id"));
    rig.perform("hangup", &[]);
    assert_eq!(rig.take_frames().len(), 1, "only the caller's leg is left to end");
}

#[test]
fn a_caller_who_is_quicker_than_the_server_still_unlocks_and_gives_back() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    let authentication = rig.sent();
    rig.perform("hangup", &[]);
    assert!(rig.frames.is_empty(), "nobody knows yet whether there is a session");
    rig.pass(secs(1));
    rig.reply(&authentication, Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    let unlock = rig.sent();
    assert_eq!(stop(&unlock, "h323-disconnect-time").as_deref(), Some("00:16:10.000 PST Fri Mar 9 2007"));

    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    rig.accept_card();
    rig.dial("1#");
    let authorization = rig.sent();
    rig.perform("hangup", &[]);
    let _incoming = rig.sent();
    rig.reply(&authorization, Code::ACCESS_ACCEPT, DESTINATION_ACCEPTED);
    let outgoing = rig.sent();
    assert_eq!(stop(&outgoing, "h323-call-origin").as_deref(), Some("originate"));
    assert_eq!(stop(&outgoing, "h323-connect-time"), None);
    assert!(!rig.seen.iter().any(|own| own.kind == "ringing"));
}

#[test]
fn the_cut_comes_before_the_release_delay_of_a_caller_who_hangs_up_at_the_end() {
    let mut rig = Rig::new(&[]);
    rig.ring_with(GRANT_90);
    rig.perform("answer", &[]);
    rig.pass(millis(89_998));
    rig.perform("hangup", &[]);
    rig.pass(secs(1));
    let frames = rig.take_frames();
    let outgoing = originate_stop(&frames);
    assert_eq!(stop(outgoing, "h323-disconnect-time").as_deref(), Some("00:17:40.000 PST Fri Mar 9 2007"));
    assert!(rig.take_seen("cut").is_empty());
}

#[test]
fn what_the_server_wants_back_is_in_every_record() {
    let mut rig = Rig::new(&[("accounting", "start-stop".into())]);
    rig.call_and_dial();
    let request = rig.sent();
    rig.reply(
        &request,
        Code::ACCESS_ACCEPT,
        &[
            ("h323-return-code", "0"),
            ("h323-ivr-in", "PortaBilling_UserName:16051233355"),
            ("h323-ivr-in", "PortaBilling_AccessCode:18001234567|prepaid.tollfree"),
            ("Class", "0xc0ffee"),
        ],
    );
    let start = rig.sent();
    rig.reply(&start, Code::ACCOUNTING_RESPONSE, &[]);
    rig.dial("1#");
    let request = rig.sent();
    assert_eq!(attribute(&request, "User-Name").as_deref(), Some("10086610975"));
    rig.reply(
        &request,
        Code::ACCESS_ACCEPT,
        &[("h323-ivr-in", "PortaBilling_RatePattern:1800|VOICE"), ("h323-credit-time", "60")],
    );
    rig.perform("answer", &[]);
    rig.perform("hangup", &[]);
    rig.pass(millis(4));
    let mut records = vec![start];
    records.extend(rig.take_frames());
    assert_eq!(records.len(), 4);
    for record in &records {
        let packet = Packet::parse(&record.payload).unwrap();
        assert_eq!(packet.text(tollgate_radius::attribute::USER_NAME), Some("16051233355"));
        assert_eq!(packet.get(tollgate_radius::attribute::CLASS), Some(&[0xc0, 0xff, 0xee][..]));
        let value = |name| packet.pairs().find(|pair| pair.name == name).map(|pair| pair.value);
        assert_eq!(value("PortaBilling_AccessCode"), Some("18001234567|prepaid.tollfree"));
        let originate = packet.cisco(cisco::H323_CALL_ORIGIN) == Some("originate");
        assert_eq!(value("PortaBilling_RatePattern"), originate.then_some("1800|VOICE"));
    }
}

#[test]
fn interim_updates_come_at_their_interval_and_replace_each_other() {
    let settings = [("accounting", "start-stop".into()), ("interim-interval", Value::Span(secs(30)))];
    let mut rig = Rig::new(&settings);
    rig.ring();
    rig.perform("answer", &[]);
    rig.answer_all_accounting();
    rig.pass(secs(30));
    let first = rig.sent();
    assert_eq!(attribute(&first, "Acct-Status-Type").as_deref(), Some("Alive"));
    assert_eq!(attribute(&first, "Acct-Session-Time").as_deref(), Some("30"));
    rig.pass(secs(30));
    let frames = rig.take_frames();
    let second = frames.last().unwrap();
    assert_eq!(attribute(second, "Acct-Session-Time").as_deref(), Some("60"));
    rig.seen.clear();
    rig.reply(&first, Code::ACCOUNTING_RESPONSE, &[]);
    assert_eq!(rig.take_seen("discarded").len(), 1, "the first one is no longer waited for");
    rig.reply(second, Code::ACCOUNTING_RESPONSE, &[]);
    rig.pass(secs(25));
    assert!(rig.frames.is_empty());

    let lost = Value::List(vec!["interim-lost".into()]);
    let mut rig = Rig::new(&[settings[0].clone(), settings[1].clone(), ("quirks", lost)]);
    rig.ring();
    rig.perform("answer", &[]);
    rig.answer_all_accounting();
    rig.pass(secs(100));
    assert!(rig.frames.is_empty());
}

#[test]
fn the_quirk_of_repeated_stops_sends_each_ten_times_with_its_delay() {
    let mut rig = Rig::new(&[("quirks", Value::List(vec!["repeated-stop".into()]))]);
    rig.ring();
    rig.perform("hangup", &[]);
    rig.pass(millis(4));
    let mut delays = Vec::new();
    for _ in 0..20 {
        for frame in rig.take_frames() {
            if attribute(&frame, "h323-call-origin").is_some() {
                delays.push(attribute(&frame, "Acct-Delay-Time").unwrap_or_default());
            }
            rig.reply(&frame, Code::ACCOUNTING_RESPONSE, &[]);
        }
        rig.pass(secs(5));
    }
    assert_eq!(delays, ["", "5", "10", "15", "20", "25", "30", "35", "40", "45"]);
    assert_eq!(rig.next_deadline(), None);
}

#[test]
fn the_quirk_of_huge_durations_concerns_cut_calls_alone() {
    let quirks = ("quirks", Value::List(vec!["huge-duration".into()]));
    let mut rig = Rig::new(std::slice::from_ref(&quirks));
    rig.ring_with(GRANT_90);
    rig.perform("answer", &[]);
    rig.pass(secs(90));
    assert_eq!(attribute(&rig.sent(), "Acct-Session-Time").as_deref(), Some("71582788"));
    let mut rig = Rig::new(&[quirks]);
    rig.ring_with(GRANT_90);
    rig.perform("answer", &[]);
    rig.perform("hangup", &[("by", "called".into())]);
    assert_eq!(attribute(&rig.sent(), "Acct-Session-Time"), None);
}

#[test]
fn calls_are_told_apart_by_name() {
    let mut rig = Rig::new(&[]);
    let call = |rig: &mut Rig, name: &'static str| {
        rig.perform("call", &[("from", "1".into()), ("to", "2".into()), ("call", name.into())]);
    };
    call(&mut rig, "a");
    call(&mut rig, "b");
    rig.perform("dial", &[("digits", "11#".into()), ("call", "a".into())]);
    rig.dial("22#");
    let frames = rig.take_frames();
    assert_eq!(attribute(&frames[0], "User-Name").as_deref(), Some("11"));
    assert_eq!(attribute(&frames[1], "User-Name").as_deref(), Some("22"));
    rig.seen.clear();
    rig.reply(&frames[0], Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    assert!(rig.take_seen("prompt").iter().all(|fields| shown(fields, "call") == "a"));
    rig.perform("hangup", &[]);
    rig.perform("hangup", &[]);
    assert!(rig.attempt("hangup", &[]).is_err());
    call(&mut rig, "a");
}
