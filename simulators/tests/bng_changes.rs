//! A broadband gateway whose sessions the charging system changes and ends.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Rig, SECRET, answered, attribute, dynamic, kind_named, secs, shown};
use tollgate_network::Frame;
use tollgate_radius::{Code, Packet, attribute as number};
use tollgate_wire::Value;

const POLICIES: [&str; 3] = ["slow=64k/128k", "portal=hotline", "fast=full"];

/// A gateway on which these users are online.
fn online(settings: &[(&'static str, Value)], users: &[&str]) -> Rig {
    let policies = Value::List(POLICIES.iter().map(|line| Value::from(*line)).collect());
    let mut settings = settings.to_vec();
    settings.push(("policies", policies));
    let mut rig = Rig::of(kind_named("bng"), 1, &settings);
    for user in users {
        rig.perform("connect", &[("user", (*user).into()), ("session", (*user).into())]);
        let request = rig.sent();
        rig.reply(&request, Code::ACCESS_ACCEPT, &[]);
        rig.answer_all_accounting();
    }
    rig.seen.clear();
    rig
}

/// Sends a request and reads the answer.
fn ask(rig: &mut Rig, request: &Frame) -> (Code, Option<u32>) {
    rig.receive(request);
    let answer = rig.take_frames().remove(0);
    answered(request, &answer)
}

fn change(identifier: u8, fields: &[(&str, &str)]) -> Frame {
    dynamic(1, Code::COA_REQUEST, identifier, fields, SECRET)
}

fn disconnect(identifier: u8, fields: &[(&str, &str)]) -> Frame {
    dynamic(1, Code::DISCONNECT_REQUEST, identifier, fields, SECRET)
}

fn kinds(rig: &mut Rig) -> Vec<String> {
    let seen = std::mem::take(&mut rig.seen);
    seen.iter().map(|own| own.kind.to_string()).filter(|kind| !kind.starts_with("CoA")).collect()
}

const ACK: (Code, Option<u32>) = (Code::COA_ACK, None);

#[test]
fn a_session_is_throttled_hotlined_and_restored() {
    let mut rig = online(&[], &["anna"]);
    rig.perform("traffic", &[("rate", Value::from(8_000_000_i64))]);
    rig.pass(secs(10));
    assert_eq!(ask(&mut rig, &change(1, &[("User-Name", "anna"), ("Filter-Id", "slow")])), ACK);
    let throttled = rig.take_seen("throttled");
    assert_eq!(
        (shown(&throttled[0], "policy"), shown(&throttled[0], "down")),
        ("slow".into(), "128000".into())
    );
    rig.pass(secs(10));
    assert_eq!(ask(&mut rig, &change(2, &[("User-Name", "anna"), ("Filter-Id", "portal")])), ACK);
    assert_eq!(kinds(&mut rig), ["coa", "hotlined"]);
    rig.pass(secs(10));
    assert_eq!(ask(&mut rig, &change(3, &[("User-Name", "anna"), ("Filter-Id", "fast")])), ACK);
    assert_eq!(kinds(&mut rig), ["coa", "restored"]);
    rig.pass(secs(10));
    rig.perform("disconnect", &[]);
    // 10 s at 1,000,000 octets a second, 10 s at 16,000, 10 s at nothing, 10 s at 1,000,000.
    assert_eq!(attribute(&rig.sent(), "Acct-Output-Octets").as_deref(), Some("20160000"));
}

#[test]
fn each_way_has_its_policy_and_services_are_switched_on_and_off() {
    let mut rig = online(&[], &["anna"]);
    let ingress = change(1, &[("User-Name", "anna"), ("ERX-Ingress-Policy-Name", "slow")]);
    assert_eq!(ask(&mut rig, &ingress), ACK);
    let throttled = rig.take_seen("throttled");
    assert_eq!((shown(&throttled[0], "up"), shown(&throttled[0], "down")), ("64000".into(), String::new()));
    let full = change(2, &[("User-Name", "anna"), ("ERX-Ingress-Policy-Name", "fast")]);
    assert_eq!(ask(&mut rig, &full), ACK);
    let on = change(3, &[("User-Name", "anna"), ("ERX-Service-Activate", "portal(10.0.0.1)")]);
    assert_eq!(ask(&mut rig, &on), ACK);
    let off = |identifier| change(identifier, &[("User-Name", "anna"), ("ERX-Service-Deactivate", "portal")]);
    assert_eq!(ask(&mut rig, &off(4)), ACK);
    assert_eq!(kinds(&mut rig), ["coa", "restored", "coa", "hotlined", "coa", "restored"]);
    assert_eq!(ask(&mut rig, &off(5)), (Code::COA_NAK, Some(404)), "it is off already");
    let rate = change(6, &[("User-Name", "anna"), ("Mikrotik-Rate-Limit", "1M/3M")]);
    assert_eq!(ask(&mut rig, &rate), ACK);
    assert_eq!(shown(&rig.take_seen("throttled")[0], "down"), "3000000");
}

#[test]
fn a_change_applies_to_all_sessions_that_it_names_or_to_none() {
    let mut rig = online(&[], &["anna", "otto"]);
    let port = [("NAS-Port-Id", "vlan140")];
    let one = change(1, &[("User-Name", "anna"), ("ERX-Service-Activate", "slow")]);
    assert_eq!(ask(&mut rig, &one), ACK);
    rig.seen.clear();
    // Only one of the two has the service, so that neither loses it.
    let both = change(2, &[port[0], ("ERX-Service-Deactivate", "slow")]);
    assert_eq!(ask(&mut rig, &both), (Code::COA_NAK, Some(404)));
    assert_eq!(kinds(&mut rig), ["coa"]);
    let both = change(3, &[port[0], ("Filter-Id", "portal")]);
    assert_eq!(ask(&mut rig, &both), ACK);
    assert_eq!(
        shown(&rig.seen.iter().find(|own| own.kind == "coa").unwrap().fields().clone(), "sessions"),
        "2"
    );
    assert_eq!(kinds(&mut rig), ["coa", "hotlined", "hotlined"]);
}

#[test]
fn what_cannot_be_done_is_refused_with_its_cause_and_changes_nothing() {
    let mut rig = online(&[("policy-attributes", "Filter-Id".into())], &["anna"]);
    let refused = |cause| (Code::COA_NAK, Some(cause));
    let cases: [(&[(&str, &str)], u32); 8] = [
        (&[("User-Name", "anna"), ("Filter-Id", "slow"), ("Mikrotik-Rate-Limit", "1M")], 401),
        (&[("User-Name", "anna"), ("Filter-Id", "slow"), ("Framed-MTU", "1500")], 401),
        (&[("User-Name", "anna")], 402),
        (&[("Filter-Id", "slow")], 402),
        (&[("User-Name", "anna"), ("NAS-IP-Address", "10.9.9.9"), ("Filter-Id", "slow")], 403),
        (&[("User-Name", "anna"), ("Service-Type", "Authorize-Only")], 405),
        (&[("User-Name", "anna"), ("Filter-Id", "warp")], 407),
        (&[("User-Name", "otto"), ("Filter-Id", "slow")], 503),
    ];
    for (identifier, (fields, cause)) in (1..).zip(cases) {
        assert_eq!(ask(&mut rig, &change(identifier, fields)), refused(cause), "{fields:?}");
    }
    assert!(rig.take_seen("throttled").is_empty());
    let attached = disconnect(9, &[("User-Name", "anna"), ("Filter-Id", "slow")]);
    assert_eq!(ask(&mut rig, &attached), (Code::DISCONNECT_NAK, Some(401)));
    assert_eq!(
        ask(&mut rig, &disconnect(10, &[("Acct-Session-Id", "x")])),
        (Code::DISCONNECT_NAK, Some(503))
    );
    rig.perform("disconnect", &[]);
}

#[test]
fn a_disconnect_request_ends_the_session_with_admin_reset() {
    let mut rig = online(&[], &["anna"]);
    rig.perform("traffic", &[("down", Value::from(4_711_i64))]);
    rig.pass(secs(30));
    let request =
        disconnect(1, &[("User-Name", "anna"), ("Framed-IP-Address", "10.64.0.1"), ("Proxy-State", "p")]);
    rig.receive(&request);
    let mut frames = rig.take_frames();
    let answer = Packet::parse(&frames[0].payload).unwrap();
    assert_eq!(answer.get(number::PROXY_STATE), Some(&b"p"[..]));
    assert_eq!(answered(&request, &frames[0]), (Code::DISCONNECT_ACK, None));
    let stop = frames.remove(1);
    assert_eq!(attribute(&stop, "Acct-Terminate-Cause").as_deref(), Some("Admin-Reset"));
    assert_eq!(attribute(&stop, "Acct-Output-Octets").as_deref(), Some("4711"));
    assert_eq!(shown(&rig.take_seen("session-down")[0], "by"), "server");

    // A repetition gets the first answer, though there is no session any more.
    rig.reply(&stop, Code::ACCOUNTING_RESPONSE, &[]);
    rig.receive(&request);
    assert_eq!(rig.sent(), frames[0]);
}

#[test]
fn a_stale_forged_or_untrusted_request_gets_no_answer() {
    let mut rig = online(&[], &["anna"]);
    let now = rig.now.unix_secs();
    let stamped = |identifier, at: u64| {
        disconnect(identifier, &[("User-Name", "x"), ("Event-Timestamp", &at.to_string())])
    };
    for (identifier, at) in [(1, now - 301), (2, now + 301)] {
        rig.receive(&stamped(identifier, at));
    }
    rig.receive(&dynamic(1, Code::DISCONNECT_REQUEST, 3, &[("User-Name", "anna")], "wrong"));
    rig.receive(&dynamic(2, Code::DISCONNECT_REQUEST, 4, &[("User-Name", "anna")], SECRET));
    rig.receive(&dynamic(1, Code::ACCOUNTING_REQUEST, 5, &[("User-Name", "anna")], SECRET));
    assert!(rig.take_frames().is_empty());
    assert_eq!(rig.take_seen("discarded").len(), 5);
    for (identifier, at) in [(6, now - 300), (7, now + 300)] {
        assert_eq!(ask(&mut rig, &stamped(identifier, at)), (Code::DISCONNECT_NAK, Some(503)));
    }
    rig.perform("disconnect", &[]);
}

#[test]
fn a_ggsn_does_not_listen() {
    for profile in ["ggsn", "asr5700"] {
        let mut rig = online(&[("profile", profile.into())], &["anna"]);
        rig.receive(&disconnect(1, &[("User-Name", "anna")]));
        assert!(rig.take_frames().is_empty());
        assert_eq!(shown(&rig.take_seen("discarded")[0], "reason"), "nobody listens on this port");
        rig.perform("disconnect", &[]);
        assert_eq!(attribute(&rig.sent(), "Framed-Protocol").as_deref(), Some("GPRS-PDP-Context"));
    }
}

#[test]
fn a_timeout_that_is_changed_counts_from_the_start_of_the_session() {
    let mut rig = online(&[], &["anna"]);
    rig.pass(secs(100));
    assert_eq!(ask(&mut rig, &change(1, &[("User-Name", "anna"), ("Session-Timeout", "160")])), ACK);
    rig.pass(secs(59));
    assert!(rig.take_frames().is_empty());
    rig.pass(secs(1));
    assert_eq!(attribute(&rig.sent(), "Acct-Session-Time").as_deref(), Some("160"));
}
