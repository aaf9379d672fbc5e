//! What the caller hears, and what the NAS does, when the charging system refuses.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{CARD_ACCEPTED, DESTINATION_ACCEPTED, Rig, attribute, secs, shown};
use tollgate_radius::{Code, Packet, Secret, verify};
use tollgate_wire::Value;

fn refuse(rig: &mut Rig, code: &str) {
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_REJECT, &[("h323-return-code", code)]);
}

#[test]
fn each_return_code_of_an_authentication_has_its_prompt_and_a_second_try() {
    for (code, prompt) in [
        ("1", "invalid-card"),
        ("2", "wrong-password"),
        ("3", "card-in-use"),
        ("4", "zero-balance"),
        ("5", "expired"),
        ("6", "credit-limit"),
        ("7", "blocked"),
        ("12", "insufficient-balance"),
        ("14", "invalid-card"),
        ("999", "refused"),
    ] {
        let mut rig = Rig::new(&[]);
        rig.call_and_dial();
        rig.heard();
        refuse(&mut rig, code);
        let prompts = rig.take_seen("prompt");
        let heard: Vec<String> = prompts.iter().map(|fields| shown(fields, "is")).collect();
        assert_eq!(heard, [prompt, "enter-card-number"]);
        assert_eq!(shown(&prompts[0], "return-code"), code);
        assert!(rig.frames.is_empty(), "a reject is final: nothing more is asked for this card");
        assert_eq!(rig.next_deadline(), None);
    }
}

#[test]
fn the_third_refused_card_ends_the_call_without_accounting() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    refuse(&mut rig, "1");
    rig.dial("2#");
    refuse(&mut rig, "1");
    rig.dial("3#");
    rig.seen.clear();
    refuse(&mut rig, "1");
    let released: Vec<String> =
        rig.seen.iter().filter(|own| own.kind == "released").map(|own| shown(own.fields(), "why")).collect();
    assert_eq!(released, ["ivr"]);
    assert_eq!(rig.heard(), ["invalid-card", "goodbye"]);
    assert!(rig.frames.is_empty());
    assert!(rig.attempt("dial", &[("digits", "4#".into())]).is_err());
}

#[test]
fn retries_exceeded_ends_the_call_at_once() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    rig.heard();
    refuse(&mut rig, "10");
    assert_eq!(rig.heard(), ["retries-exceeded", "goodbye"]);
    assert!(rig.attempt("hangup", &[]).is_err(), "the IVR has hung up");
}

#[test]
fn a_wrong_pin_is_asked_for_again_and_sent_hidden() {
    let mut rig = Rig::new(&[("pin", Value::Flag(true))]);
    rig.call_and_dial();
    assert_eq!(rig.heard(), ["enter-card-number", "enter-pin"]);
    rig.dial("1111#");
    refuse(&mut rig, "2");
    assert_eq!(rig.heard(), ["wrong-password", "enter-pin"]);
    rig.dial("2222#");
    let request = rig.sent();
    let packet = Packet::parse(&request.payload).unwrap();
    let password = verify::user_password(&packet, &Secret::from(common::SECRET));
    assert_eq!(password.as_deref(), Some(&b"2222"[..]));
    assert_eq!(attribute(&request, "User-Name").as_deref(), Some("10086610975"));
}

#[test]
fn a_blocked_destination_may_be_followed_by_another_one() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    rig.accept_card();
    rig.dial("1900#");
    rig.heard();
    refuse(&mut rig, "9");
    assert_eq!(rig.heard(), ["destination-blocked", "enter-destination"]);
    rig.dial("01182623634515#");
    let again = rig.sent();
    rig.reply(&again, Code::ACCESS_ACCEPT, DESTINATION_ACCEPTED);
    assert_eq!(rig.heard(), ["credit-time"]);
    rig.perform("hangup", &[]);
    rig.pass(secs(1));
    let records = rig.take_frames();
    assert_eq!(records.len(), 2, "what was refused is not accounted");
}

#[test]
fn an_account_that_was_blocked_meanwhile_ends_the_call_and_unlocks_the_session() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    rig.accept_card();
    rig.dial("1#");
    rig.heard();
    refuse(&mut rig, "7");
    assert_eq!(rig.heard(), ["blocked", "goodbye"]);
    let stop = rig.sent();
    assert!(
        common::attributes(&stop)
            .contains(&("h323-ivr-out".to_owned(), "{ PortaBilling_Session: unlock }".to_owned()))
    );
}

#[test]
fn a_grant_of_no_time_is_a_refusal() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    rig.accept_card();
    rig.dial("1#");
    rig.heard();
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_ACCEPT, &[("h323-return-code", "0"), ("h323-credit-time", "0")]);
    assert_eq!(rig.heard(), ["insufficient-balance", "enter-destination"]);
}

#[test]
fn an_accept_with_a_failing_return_code_and_a_challenge_are_refusals() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_ACCEPT, &[("h323-return-code", "4")]);
    assert_eq!(rig.heard(), ["enter-card-number", "zero-balance", "enter-card-number"]);
    rig.dial("1#");
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_CHALLENGE, &[("Reply-Message", "PIN?")]);
    assert_eq!(rig.heard(), ["refused", "enter-card-number"]);
}

#[test]
fn keys_pressed_ahead_are_heard_and_forgotten_after_a_refusal() {
    let mut rig = Rig::new(&[]);
    rig.perform("call", &[("from", "6045550193".into()), ("to", "6045551600".into())]);
    rig.dial("100866");
    assert!(rig.frames.is_empty());
    rig.dial("10975#0118");
    let request = rig.sent();
    rig.dial("2623634515#");
    rig.reply(&request, Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    let authorization = rig.sent();
    assert_eq!(attribute(&authorization, "Called-Station-Id").as_deref(), Some("01182623634515"));
    rig.reply(&authorization, Code::ACCESS_REJECT, &[("h323-return-code", "9")]);
    rig.dial("5");
    assert!(rig.frames.is_empty());

    let mut rig = Rig::new(&[]);
    rig.perform("call", &[("from", "6045550193".into()), ("to", "6045551600".into())]);
    rig.dial("1#2#3#");
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_REJECT, &[("h323-return-code", "1")]);
    assert!(rig.frames.is_empty(), "2# was pressed for another question");
}

#[test]
fn an_entry_ends_by_length_or_by_silence_where_the_settings_say_so() {
    let mut rig = Rig::new(&[("card-length", Value::from(11_i64)), ("digit-timeout", Value::Span(secs(5)))]);
    rig.perform("call", &[("from", "6045550193".into()), ("to", "6045551600".into())]);
    rig.dial("10086610975");
    rig.accept_card();
    rig.dial("0118262");
    rig.pass(secs(4));
    rig.dial("3634515");
    rig.pass(secs(4));
    assert!(rig.frames.is_empty(), "every key starts the wait anew");
    rig.pass(secs(1));
    let request = rig.sent();
    assert_eq!(attribute(&request, "Called-Station-Id").as_deref(), Some("01182623634515"));
}

#[test]
fn an_empty_entry_is_refused_by_the_ivr_itself() {
    let mut rig = Rig::new(&[]);
    rig.perform("call", &[("from", "".into()), ("to", "6045551600".into())]);
    rig.dial("#");
    assert_eq!(rig.heard(), ["enter-card-number", "invalid-card", "enter-card-number"]);
    assert!(rig.frames.is_empty());
    rig.dial("1#");
    let request = rig.sent();
    assert_eq!(attribute(&request, "Calling-Station-Id"), None, "an anonymous caller has no number");
}

#[test]
fn the_callers_number_can_be_the_account() {
    let mut rig = Rig::new(&[("authenticate", "caller".into())]);
    rig.perform("call", &[("from", "6045550193".into()), ("to", "6045551600".into())]);
    let request = rig.sent();
    assert_eq!(attribute(&request, "User-Name").as_deref(), Some("6045550193"));
    rig.reply(&request, Code::ACCESS_REJECT, &[("h323-return-code", "1")]);
    assert_eq!(rig.heard(), ["invalid-card", "goodbye"]);
}

#[test]
fn what_cannot_be_done_is_refused_with_the_reason() {
    let mut rig = Rig::new(&[]);
    let error = |rig: &mut Rig, verb, args: &[(&'static str, Value)]| {
        rig.attempt(verb, args).unwrap_err().to_string()
    };
    assert_eq!(error(&mut rig, "hangup", &[]), "there is no call");
    assert_eq!(error(&mut rig, "answer", &[("call", "x".into())]), "there is no call 'x'");
    rig.perform("call", &[("from", "1".into()), ("to", "2".into()), ("call", "x".into())]);
    assert_eq!(
        error(&mut rig, "call", &[("from", "1".into()), ("to", "2".into()), ("call", "x".into())]),
        "there is a call 'x' already"
    );
    assert_eq!(error(&mut rig, "answer", &[]), "nobody is being rung");
    assert_eq!(error(&mut rig, "next-call", &[]), "there is no second leg to leave");
    assert_eq!(error(&mut rig, "hangup", &[("by", "called".into())]), "the called party is not connected");
    assert_eq!(error(&mut rig, "dial", &[("digits", "12x".into())]), "'x' is not a key of a telephone");
}
