//! A broadband gateway: the worked example of ESI attribute by attribute, quotas, wrapping counters, roaming.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Rig, attribute, attributes, kind_named, secs, setup_of, shown};
use tollgate_network::Frame;
use tollgate_radius::{Code, Packet, Secret, verify};
use tollgate_wire::{Fields, Value};

fn rig(settings: &[(&'static str, Value)]) -> Rig {
    Rig::of(kind_named("bng"), 1, settings)
}

/// A session that is up, with everything answered so far.
fn online(settings: &[(&'static str, Value)], granted: &[(&str, &str)]) -> Rig {
    let mut rig = rig(settings);
    rig.perform("connect", &[("user", "anna".into()), ("password", "geheim".into())]);
    let request = rig.sent();
    rig.reply(&request, Code::ACCESS_ACCEPT, granted);
    rig.answer_all_accounting();
    rig
}

fn is(frame: &Frame, status: &str) -> bool {
    attribute(frame, "Acct-Status-Type").as_deref() == Some(status)
}

fn names(frame: &Frame) -> Vec<String> {
    let mut names: Vec<String> = attributes(frame).into_iter().map(|(name, _)| name).collect();
    names.sort();
    names
}

fn sorted(names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    names.sort();
    names
}

/// Attributes of every request in the example.
const ALWAYS: [&str; 12] = [
    "NAS-IP-Address",
    "NAS-Port-Type",
    "User-Name",
    "Called-Station-Id",
    "Calling-Station-Id",
    "Service-Type",
    "Mikrotik-Realm",
    "Framed-Protocol",
    "Event-Timestamp",
    "NAS-Identifier",
    "NAS-Port",
    "NAS-Port-Id",
];

#[test]
fn the_internet_session_of_the_example_has_the_attributes_shown_there() {
    let mut rig = rig(&[
        ("identifier", "WDSL_PPPoE2_MDC".into()),
        ("port", Value::from(15_760_440_i64)),
        ("session-id-in-access", Value::Flag(false)),
        ("message-authenticator", Value::Flag(false)),
    ]);
    rig.perform(
        "connect",
        &[
            ("user", "GP4899@ibhighspeed.co.za".into()),
            ("password", "password1".into()),
            ("called", "pppoe-service1".into()),
            ("calling", "E4:8D:8C:EE:1A:26".into()),
            ("session-id", "81707b87".into()),
            ("with", Value::Group(Fields::new().with("Mikrotik-Realm", "ibhighspeed.co.za"))),
            ("accounting-with", Value::Group(Fields::new().with("Ascend-Xmit-Rate", 2_000_000_u32))),
        ],
    );
    let request = rig.sent();
    assert_eq!(names(&request), sorted(&[&ALWAYS[..], &["User-Password"]].concat()));
    let value = |frame: &Frame, name| attribute(frame, name).unwrap_or_default();
    for (name, text) in [
        ("NAS-Port-Type", "Ethernet"),
        ("User-Name", "GP4899@ibhighspeed.co.za"),
        ("Called-Station-Id", "pppoe-service1"),
        ("Calling-Station-Id", "E4:8D:8C:EE:1A:26"),
        ("Service-Type", "Framed-User"),
        ("Framed-Protocol", "PPP"),
        ("NAS-Port", "15760440"),
        ("NAS-Port-Id", "vlan140"),
    ] {
        assert_eq!(value(&request, name), text, "{name}");
    }
    let password =
        verify::user_password(&Packet::parse(&request.payload).unwrap(), &Secret::new(common::SECRET));
    assert_eq!(password.as_deref(), Some(&b"password1"[..]));

    let granted =
        [("Framed-IP-Address", "41.213.82.27"), ("Session-Timeout", "0"), ("Idle-Timeout", "86400")];
    rig.reply(&request, Code::ACCESS_ACCEPT, &granted);
    let start = rig.sent();
    let record =
        ["Acct-Status-Type", "Acct-Session-Id", "Acct-Delay-Time", "Acct-Authentic", "Framed-IP-Address"];
    assert_eq!(names(&start), sorted(&[&ALWAYS[..], &record].concat()));
    assert_eq!(
        (value(&start, "Acct-Status-Type"), value(&start, "Acct-Session-Id")),
        ("Start".into(), "81707b87".into())
    );
    rig.reply(&start, Code::ACCOUNTING_RESPONSE, &[]);

    // 2,668,094 octets up in 20,697 packets, 65,615,636 down in 52,139, over the 3,725 seconds of the session.
    rig.perform(
        "traffic",
        &[
            ("up", Value::from(2_668_094_i64)),
            ("up-packets", Value::from(20_697_i64)),
            ("down", Value::from(65_615_636_i64)),
            ("down-packets", Value::from(52_139_i64)),
            ("for", Value::Span(secs(3_725))),
        ],
    );
    rig.pass(secs(3_725));
    rig.perform("disconnect", &[("cause", "Lost-Carrier".into())]);
    let stop = rig.sent();
    let counters = [
        "Acct-Input-Octets",
        "Acct-Output-Octets",
        "Acct-Input-Packets",
        "Acct-Output-Packets",
        "Acct-Input-Gigawords",
        "Acct-Output-Gigawords",
        "Acct-Session-Time",
        "Acct-Terminate-Cause",
        "Idle-Timeout",
        "Session-Timeout",
        "Ascend-Xmit-Rate",
    ];
    assert_eq!(names(&stop), sorted(&[&ALWAYS[..], &record, &counters].concat()));
    for (name, text) in [
        ("Acct-Status-Type", "Stop"),
        ("Acct-Input-Octets", "2668094"),
        ("Acct-Output-Octets", "65615636"),
        ("Acct-Input-Packets", "20697"),
        ("Acct-Output-Packets", "52139"),
        ("Acct-Input-Gigawords", "0"),
        ("Acct-Session-Time", "3725"),
        ("Acct-Terminate-Cause", "Lost-Carrier"),
        ("Framed-IP-Address", "41.213.82.27"),
        ("Session-Timeout", "0"),
        ("Acct-Delay-Time", "0"),
    ] {
        assert_eq!(value(&stop, name), text, "{name}");
    }
}

#[test]
fn counters_wrap_and_gigawords_say_how_often() {
    // 2 × 2³² + 5 = 8,589,934,597 octets down.
    let traffic = [("down", Value::from(8_589_934_597_i64)), ("up", Value::from(4_294_967_296_i64))];
    let mut rig = online(&[], &[]);
    rig.perform("traffic", &traffic);
    rig.perform("disconnect", &[]);
    let stop = rig.sent();
    let value = |name| attribute(&stop, name).unwrap();
    assert_eq!((value("Acct-Output-Octets"), value("Acct-Output-Gigawords")), ("5".into(), "2".into()));
    assert_eq!((value("Acct-Input-Octets"), value("Acct-Input-Gigawords")), ("0".into(), "1".into()));

    let mut rig = online(&[("quirks", "no-gigawords".into())], &[]);
    rig.perform("traffic", &traffic);
    rig.perform("disconnect", &[]);
    let stop = rig.sent();
    assert_eq!(attribute(&stop, "Acct-Output-Octets").as_deref(), Some("5"));
    assert_eq!(attribute(&stop, "Acct-Output-Gigawords"), None);
}

#[test]
fn interim_records_come_at_the_interval_with_totals_so_far() {
    let mut rig = online(&[], &[("Acct-Interim-Interval", "600")]);
    rig.perform("traffic", &[("rate", Value::from(8_000_i64))]);
    rig.pass(secs(1_799));
    let alive = rig.take_frames();
    // At 600 s and 1,200 s; the first is not answered and gives way to the second. Retransmissions repeat the first.
    let octets: Vec<String> =
        alive.iter().filter_map(|frame| attribute(frame, "Acct-Output-Octets")).collect();
    assert!(octets.iter().all(|octets| octets == "600000" || octets == "1200000"), "{octets:?}");
    assert!(alive.iter().all(|frame| is(frame, "Alive")));
    assert_eq!(rig.take_seen("interim").len(), 2);

    let mut lost = online(&[("quirks", "interim-lost".into())], &[("Acct-Interim-Interval", "600")]);
    lost.pass(secs(7_200));
    assert!(lost.take_frames().is_empty());
}

#[test]
fn a_session_timeout_ends_the_session_to_the_second() {
    let mut rig = online(&[], &[("Session-Timeout", "90")]);
    rig.pass(secs(89));
    assert!(rig.take_frames().is_empty());
    rig.pass(secs(1));
    let stop = rig.sent();
    assert_eq!(attribute(&stop, "Acct-Terminate-Cause").as_deref(), Some("Session-Timeout"));
    assert_eq!(attribute(&stop, "Acct-Session-Time").as_deref(), Some("90"));
    assert_eq!(shown(&rig.take_seen("session-down")[0], "by"), "timeout");
    assert!(rig.attempt("disconnect", &[]).is_err());
}

#[test]
fn a_quota_of_octets_ends_the_session_when_they_are_used_up() {
    let mut rig = online(&[], &[("h323-ivr-in", "PortaBilling_Authorize:base=octets;avail=50000")]);
    rig.perform("traffic", &[("rate", Value::from(8_000_i64))]);
    // 1,000 octets a second: 50,000 after 50 s.
    rig.pass(secs(60));
    let down = rig.take_seen("session-down");
    assert_eq!((shown(&down[0], "by"), shown(&down[0], "lasted")), ("quota".into(), "50s".into()));
    assert_eq!(shown(&down[0], "output-octets"), "50000");
}

#[test]
fn a_gateway_that_asks_for_quota_asks_again_and_ends_when_it_gets_no_more() {
    let quota = [("h323-ivr-in", "PortaBilling_Authorize:base=octets;avail=50000")];
    let mut rig = rig(&[("quota", "data".into()), ("quota-max", Value::from(50_000_i64))]);
    rig.perform("connect", &[("user", "anna".into())]);
    let request = rig.sent();
    let asked = attribute(&request, "h323-ivr-out").unwrap();
    assert!(asked.contains("base=data;max=50000;min=1"), "{asked}");
    rig.reply(&request, Code::ACCESS_ACCEPT, &quota);
    rig.answer_all_accounting();
    rig.perform("traffic", &[("rate", Value::from(8_000_i64))]);
    rig.pass(secs(50));
    let more = rig.sent();
    assert_eq!(attribute(&more, "PortaOne-Used-Resource").as_deref(), Some("base=data;amount=50000"));
    rig.reply(&more, Code::ACCESS_ACCEPT, &quota);
    rig.pass(secs(50));
    let last = rig.sent();
    rig.reply(&last, Code::ACCESS_REJECT, &[]);
    let stop = rig.sent();
    assert_eq!(attribute(&stop, "Acct-Output-Octets").as_deref(), Some("100000"));
    assert_eq!(attribute(&stop, "Acct-Terminate-Cause").as_deref(), Some("NAS-Request"));
}

#[test]
fn a_user_who_is_refused_or_not_answered_is_told() {
    let mut rig = rig(&[]);
    rig.perform("connect", &[("user", "anna".into())]);
    let request = rig.sent();
    let why = [("h323-return-code", "12"), ("Reply-Message", "no money")];
    rig.reply(&request, Code::ACCESS_REJECT, &why);
    let refused = rig.take_seen("refused");
    assert_eq!(
        (shown(&refused[0], "return-code"), shown(&refused[0], "message")),
        ("12".into(), "no money".into())
    );
    rig.perform("connect", &[("user", "anna".into())]);
    rig.pass(secs(100));
    assert_eq!(shown(&rig.take_seen("refused")[0], "why"), "unanswered");
    assert!(rig.attempt("roam", &[]).is_err());
    assert_eq!(rig.next_deadline(), None);
}

#[test]
fn a_user_of_a_pdsn_roams_and_every_part_counts_its_own() {
    let mut rig = online(&[("profile", "pdsn".into())], &[]);
    rig.perform("traffic", &[("rate", Value::from(8_000_i64))]);
    rig.pass(secs(10));
    rig.perform("roam", &[]);
    let frames = rig.take_frames();
    assert!(is(&frames[0], "Stop") && is(&frames[1], "Start"));
    let value = |frame: &Frame, name| attribute(frame, name).unwrap_or_default();
    assert_eq!(
        (value(&frames[0], "3GPP2-Session-Continue"), value(&frames[1], "3GPP2-Begin-Session")),
        ("1".into(), "0".into())
    );
    let joins = |frame: &Frame| (value(frame, "Acct-Multi-Session-Id"), value(frame, "3GPP2-Correlation-Id"));
    assert_eq!(joins(&frames[0]), joins(&frames[1]));
    assert_ne!(value(&frames[0], "Acct-Session-Id"), value(&frames[1], "Acct-Session-Id"));
    for frame in &frames {
        rig.reply(frame, Code::ACCOUNTING_RESPONSE, &[]);
    }
    rig.pass(secs(5));
    rig.perform("disconnect", &[]);
    let stop = rig.sent();
    assert_eq!(
        (value(&frames[0], "Acct-Output-Octets"), value(&stop, "Acct-Output-Octets")),
        ("10000".into(), "5000".into())
    );
    assert_eq!(
        (value(&stop, "Acct-Session-Time"), value(&stop, "3GPP2-Session-Continue")),
        ("5".into(), "0".into())
    );
    let down = rig.take_seen("session-down");
    assert_eq!((shown(&down[0], "parts"), shown(&down[0], "output-octets")), ("2".into(), "15000".into()));

    let mut fixed = online(&[], &[]);
    let error = fixed.attempt("roam", &[]).unwrap_err().to_string();
    assert_eq!(error, "only the users of a pdsn roam; set its profile to pdsn");
}

#[test]
fn a_repeated_stop_is_the_same_record_late() {
    let mut rig = online(&[("quirks", "repeated-stop".into())], &[]);
    rig.perform("disconnect", &[]);
    let mut delays = Vec::new();
    for _ in 0..10 {
        let stop = rig.sent();
        delays.push(attribute(&stop, "Acct-Delay-Time").unwrap());
        rig.reply(&stop, Code::ACCOUNTING_RESPONSE, &[]);
        rig.pass(secs(5));
    }
    assert_eq!(delays, ["0", "5", "10", "15", "20", "25", "30", "35", "40", "45"]);
    assert!(rig.take_frames().is_empty());
}

#[test]
fn chap_proves_the_password_without_sending_it() {
    let mut rig = rig(&[]);
    rig.perform(
        "connect",
        &[("user", "anna".into()), ("password", "geheim".into()), ("method", "chap".into())],
    );
    let request = rig.sent();
    let packet = Packet::parse(&request.payload).unwrap();
    assert_eq!((verify::chap(&packet, b"geheim"), verify::chap(&packet, b"x")), (Some(true), Some(false)));
    assert_eq!(attribute(&request, "User-Password"), None);
}

#[test]
fn settings_that_make_no_sense_are_refused_with_a_way_out() {
    let kind = kind_named("bng");
    let error = |settings: &[(&'static str, Value)]| {
        (kind.build)(setup_of(kind, 1, settings)).err().unwrap().to_string()
    };
    assert!(error(&[("policies", "slow".into())]).starts_with("'slow' is no policy; write <name>=full"));
    assert!(error(&[("quirks", "huge".into())]).starts_with("'huge' is no quirk of a bng"));
    assert_eq!(
        error(&[("interim-interval", Value::Span(common::millis(9)))]),
        "interim-interval is shorter than 1s"
    );
    assert!((kind.build)(setup_of(kind, 0, &[])).is_err());
}
