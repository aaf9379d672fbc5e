//! The prepaid card session of ESI ("successful prepaid card IVR session"), attribute by attribute.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{CARD_ACCEPTED, DESTINATION_ACCEPTED, Rig, SECRET, attributes, millis, server, shown};
use tollgate_network::Frame;
use tollgate_radius::{Code, Packet, Secret, verify};
use tollgate_wire::Value;

const CONF_ID: &str = "39AE126B CD4D11DB 958E0014 1C3F6886";

fn expect(frame: &Frame, expected: &[(&str, &str)]) {
    let sent: Vec<(String, String)> =
        attributes(frame).into_iter().filter(|(name, _)| name != "User-Password").collect();
    let sent: Vec<(&str, &str)> = sent.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(sent, expected);
}

fn rig() -> Rig {
    Rig::new(&[("message-authenticator", Value::Flag(false))])
}

fn call(rig: &mut Rig) {
    rig.perform(
        "call",
        &[
            ("from", "6045550193".into()),
            ("to", "6045551600".into()),
            ("conf-id", CONF_ID.into()),
            ("billing-seed", "18879071672".into()),
        ],
    );
}

#[test]
fn the_session_of_the_documents_is_sent_attribute_by_attribute() {
    let mut rig = rig();
    call(&mut rig);
    assert_eq!(rig.heard(), ["enter-card-number"]);
    assert!(rig.frames.is_empty());

    rig.dial("10086610975#");
    let authentication = rig.sent();
    assert_eq!(authentication.to, server(1, 1812));
    expect(
        &authentication,
        &[
            ("NAS-IP-Address", "164.9.9.100"),
            ("NAS-Port-Type", "Async"),
            ("User-Name", "10086610975"),
            ("Calling-Station-Id", "6045550193"),
            ("Service-Type", "Login-User"),
            ("h323-conf-id", CONF_ID),
            ("h323-ivr-out", "{ PortaBilling_AccessCode: 6045551600 }"),
            ("h323-ivr-out", "{ transactionID: 526267 }"),
            ("NAS-Port", "0"),
            ("NAS-Port-Id", "ISDN 3/0:D:13"),
        ],
    );
    let packet = Packet::parse(&authentication.payload).unwrap();
    assert_eq!(verify::user_password(&packet, &Secret::from(SECRET)).as_deref(), Some(&b""[..]));

    rig.reply(&authentication, Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    let prompts = rig.take_seen("prompt");
    assert_eq!(prompts.len(), 2);
    assert_eq!(shown(&prompts[0], "is"), "balance");
    assert_eq!(shown(&prompts[0], "amount"), "10.00");
    assert_eq!(shown(&prompts[0], "currency"), "CAD");
    assert_eq!(shown(&prompts[1], "is"), "enter-destination");

    // 00:16:18.192 PST is 8.192 s after the rig's start.
    rig.pass(millis(8_192));
    rig.perform(
        "dial",
        &[
            ("digits", "01182623634515#".into()),
            ("transaction-id", "526273".into()),
            ("call-id", "4A65E46C-CD4D11DB-886EDEBF-7AF0CBAB@164.9.9.100".into()),
        ],
    );
    let authorization = rig.sent();
    expect(
        &authorization,
        &[
            ("NAS-IP-Address", "164.9.9.100"),
            ("User-Name", "10086610975"),
            ("Called-Station-Id", "01182623634515"),
            ("Calling-Station-Id", "6045550193"),
            ("Service-Type", "Login-User"),
            ("h323-conf-id", CONF_ID),
            ("h323-ivr-out", "{ PortaBilling_Seed: 18879071672 }"),
            ("h323-ivr-out", "{ PortaBilling_Original_CLD: 6045551600 }"),
            ("h323-ivr-out", "{ transactionID: 526273 }"),
        ],
    );
    rig.reply(&authorization, Code::ACCESS_ACCEPT, DESTINATION_ACCEPTED);
    let prompts: Vec<_> = rig.seen.iter().filter(|own| own.kind == "prompt").collect();
    assert_eq!(shown(prompts[0].fields(), "is"), "credit-time");
    assert_eq!(shown(prompts[0].fields(), "seconds"), "30000");
    let ringing = rig.take_seen("ringing");
    assert_eq!(shown(&ringing[0], "called"), "82623634515");

    rig.pass(millis(2_972));
    rig.perform("answer", &[]);
    assert_eq!(rig.take_seen("connected").len(), 1);
    assert!(rig.frames.is_empty(), "only Stops are sent unless the scenario wants Starts");

    // The caller hangs up at 00:17:31.889, the second leg follows 4 ms later: 70.725 s after the answer.
    rig.pass(millis(70_725));
    rig.perform("hangup", &[("cause", "10".into())]);
    let incoming = rig.sent();
    rig.pass(millis(4));
    let outgoing = rig.sent();
    assert_eq!(outgoing.to, server(1, 1813));
    let session = |frame: &Frame| common::attribute(frame, "Acct-Session-Id").unwrap();
    assert_ne!(session(&incoming), session(&outgoing), "the legs are sessions of their own");
    expect(
        &outgoing,
        &[
            ("NAS-IP-Address", "164.9.9.100"),
            ("User-Name", "10086610975"),
            ("Called-Station-Id", "82623634515"),
            ("Calling-Station-Id", "6045550193"),
            ("Acct-Status-Type", "Stop"),
            ("Service-Type", "Login-User"),
            ("h323-call-origin", "originate"),
            ("h323-call-type", "VoIP"),
            ("h323-setup-time", "00:16:18.192 PST Fri Mar 9 2007"),
            ("h323-connect-time", "00:16:21.164 PST Fri Mar 9 2007"),
            ("h323-disconnect-time", "00:17:31.893 PST Fri Mar 9 2007"),
            ("h323-disconnect-cause", "10"),
            ("h323-conf-id", CONF_ID),
            ("call-id", "4A65E46C-CD4D11DB-886EDEBF-7AF0CBAB@164.9.9.100"),
            ("h323-incoming-conf-id", CONF_ID),
            ("h323-ivr-out", "{ PortaBilling_Original_CLD: 6045551600 }"),
            ("h323-ivr-out", "{ PortaBilling_Seed: 18879071672 }"),
            ("h323-remote-address", "164.9.9.101"),
            ("remote-media-address", "164.9.9.101"),
            ("Acct-Session-Id", &session(&outgoing)),
        ],
    );
    expect(
        &incoming,
        &[
            ("NAS-IP-Address", "164.9.9.100"),
            ("NAS-Port-Type", "Async"),
            ("User-Name", "10086610975"),
            ("Called-Station-Id", "6045551600"),
            ("Calling-Station-Id", "6045550193"),
            ("Acct-Status-Type", "Stop"),
            ("Service-Type", "Login-User"),
            ("h323-disconnect-time", "00:17:31.889 PST Fri Mar 9 2007"),
            ("h323-disconnect-cause", "10"),
            ("h323-conf-id", CONF_ID),
            ("h323-incoming-conf-id", CONF_ID),
            ("h323-ivr-out", "{ PortaBilling_Session: unlock }"),
            ("h323-ivr-out", "{ Tariff: Unknown }"),
            ("NAS-Port", "0"),
            ("NAS-Port-Id", "ISDN 3/0:D:13"),
            ("Acct-Session-Id", &session(&incoming)),
        ],
    );
    for record in [&incoming, &outgoing] {
        let packet = Packet::parse(&record.payload).unwrap();
        assert!(verify::accounting_request(&packet, &Secret::from(SECRET)));
        rig.reply(record, Code::ACCOUNTING_RESPONSE, &[]);
    }
    let answers = rig.seen.iter().filter(|own| own.kind == "Accounting-Response").count();
    assert_eq!(answers, 2);
    assert_eq!(rig.next_deadline(), None, "nothing is left to be done");
}

#[test]
fn starts_and_stops_of_a_leg_share_one_session_id() {
    let mut rig = Rig::new(&[
        ("accounting", "start-stop".into()),
        ("session-id-in-access", Value::Flag(true)),
        ("session-time", Value::Flag(true)),
    ]);
    rig.call_and_dial();
    let authentication = rig.sent();
    rig.reply(&authentication, Code::ACCESS_ACCEPT, CARD_ACCEPTED);
    let answer_start = rig.sent();
    rig.reply(&answer_start, Code::ACCOUNTING_RESPONSE, &[]);
    rig.dial("01182623634515#");
    let authorization = rig.sent();
    rig.reply(&authorization, Code::ACCESS_ACCEPT, DESTINATION_ACCEPTED);
    rig.perform("answer", &[]);
    let originate_start = rig.sent();
    rig.reply(&originate_start, Code::ACCOUNTING_RESPONSE, &[]);
    rig.pass(millis(70_001));
    rig.perform("hangup", &[("by", "called".into())]);
    rig.pass(millis(4));
    let frames = rig.take_frames();
    let originate_stop = common::originate_stop(&frames);
    let session = |frame| common::attribute(frame, "Acct-Session-Id");
    assert_eq!(session(&originate_start), session(originate_stop));
    assert_eq!(session(&authorization), session(originate_stop));
    assert_eq!(session(&answer_start), session(&frames[1]));
    assert_eq!(session(&authentication), session(&frames[1]));
    assert_eq!(common::attribute(&answer_start, "Acct-Status-Type").as_deref(), Some("Start"));
    // 70.001 s are 71 whole seconds, rounded up.
    assert_eq!(common::attribute(originate_stop, "Acct-Session-Time").as_deref(), Some("71"));
}

/// ESI, "failed login" and "failed outgoing call".
#[test]
fn a_sip_login_carries_its_digest_and_further_fields() {
    let mut rig = rig();
    rig.perform(
        "login",
        &[
            ("user", "380441234567".into()),
            ("password", "secret".into()),
            ("method", "digest".into()),
            ("called", "91245684289".into()),
            ("calling", "380441234567".into()),
            ("realm", "193.38.81.226".into()),
            ("uri", "sip:91245684289@193.38.81.226".into()),
            ("nonce", "51bec9bb7e2276edaf48b8572a3f72300ec0".into()),
            ("sip-method", "INVITE".into()),
            ("conf-id", "BC0050CE E4B011E2 B062000C 29E9476D".into()),
            (
                "with",
                Value::Group(
                    tollgate_wire::Fields::new()
                        .with("NAS-IP-Address", "193.38.81.226")
                        .with("h323-remote-address", "192.168.192.59")
                        .with("h323-ivr-out", "PortaBilling_AuthMethod:INVITE")
                        .with("PortaOne-Service-Features", "routing=1; version=25.0")
                        .with("NAS-Port", 5060_u32),
                ),
            ),
        ],
    );
    let request = rig.sent();
    let packet = Packet::parse(&request.payload).unwrap();
    assert_eq!(verify::digest(&packet, b"secret"), Ok(true));
    assert_eq!(verify::digest(&packet, b"Secret"), Ok(false));
    expect(
        &request,
        &[
            ("User-Name", "380441234567"),
            ("Called-Station-Id", "91245684289"),
            ("Calling-Station-Id", "380441234567"),
            ("h323-conf-id", "BC0050CE E4B011E2 B062000C 29E9476D"),
            ("Digest-Username", "380441234567"),
            ("Digest-Realm", "193.38.81.226"),
            ("Digest-Nonce", "51bec9bb7e2276edaf48b8572a3f72300ec0"),
            ("Digest-URI", "sip:91245684289@193.38.81.226"),
            ("Digest-Method", "INVITE"),
            ("Digest-Algorithm", "MD5"),
            ("Digest-Response", &common::attribute(&request, "Digest-Response").unwrap()),
            ("NAS-IP-Address", "193.38.81.226"),
            ("h323-remote-address", "192.168.192.59"),
            ("h323-ivr-out", "{ PortaBilling_AuthMethod: INVITE }"),
            ("PortaOne-Service-Features", "routing=1; version=25.0"),
            ("NAS-Port", "5060"),
        ],
    );
    rig.reply(
        &request,
        Code::ACCESS_REJECT,
        &[("h323-return-code", "9"), ("h323-ivr-in", "ErrorExplanation:cld_blocked")],
    );
    let rejected = rig.take_seen("Access-Reject");
    assert_eq!(shown(&rejected[0], "h323-return-code"), "9");
    assert_eq!(rig.next_deadline(), None);
}

#[test]
fn every_way_to_send_a_password_can_be_verified() {
    for (method, right) in [
        (
            "pap",
            (|packet| verify::user_password(packet, &Secret::from(SECRET)).as_deref() == Some(b"0042"))
                as fn(&Packet<'_>) -> bool,
        ),
        ("chap", |packet| verify::chap(packet, b"0042") == Some(true)),
        ("digest", |packet| verify::digest(packet, b"0042") == Ok(true)),
        ("digest-legacy", |packet| verify::digest(packet, b"0042") == Ok(true)),
    ] {
        let mut rig = Rig::new(&[]);
        rig.perform("login", &[("user", "1".into()), ("password", "0042".into()), ("method", method.into())]);
        let request = rig.sent();
        let packet = Packet::parse(&request.payload).unwrap();
        assert!(right(&packet), "{method}");
        assert_eq!(
            verify::message_authenticator(&packet, &Secret::from(SECRET), None),
            tollgate_radius::Presence::Valid
        );
    }
}
