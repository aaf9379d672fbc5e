//! What is thrown away without an answer, why, and that it changes nothing.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use proptest::prelude::{ProptestConfig, any, prop, prop_assert, prop_assert_eq, proptest};
use support::{
    ACCT_STOP, IVR, SECRET, SIP, STRICT, Seen, Stage, access_request, accounting_request, call, login, nas,
    outgoing_stop,
};
use tollgate_ocs_gateway::Discard;
use tollgate_radius::{Builder, Code, Secret, attribute, sign};

/// Nothing was answered, the reason was observed and counted once, and the charging state is as it was.
fn must_discard(stage: &mut Stage, from: &str, port: u16, payload: &[u8], why: Discard) -> Seen {
    let (before, counted) = (stage.dump(), stage.gateway.counters().total().discarded(why));
    let seen = stage.deliver(from, port, payload);
    assert!(seen.frames.is_empty(), "{why:?}: {seen:?}");
    assert_eq!(seen.shown("discard", "reason").as_deref(), Some(why.name()));
    assert_eq!(stage.gateway.counters().total().discarded(why), counted + 1);
    assert_eq!(stage.dump(), before);
    seen
}

#[test]
fn a_stranger_is_not_answered() {
    let mut stage = Stage::new();
    let seen = must_discard(&mut stage, "192.0.2.1", 1812, &access_request(1, login), Discard::UnknownClient);
    assert_eq!(seen.shown("discard", "client"), None);
    assert_eq!(stage.gateway.counters().strangers().discarded(Discard::UnknownClient), 1);
}

#[test]
fn what_a_packet_says_of_its_origin_does_not_make_it_a_clients() {
    // NAS-IP-Address names a client; the source address does not.
    must_discard(
        &mut Stage::new(),
        "192.0.2.1",
        1812,
        &access_request(1, |it| nas(it, IVR)),
        Discard::UnknownClient,
    );
}

#[test]
fn an_accounting_request_with_another_secret_is_not_answered() {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, 1);
    builder.u32(attribute::ACCT_STATUS_TYPE, ACCT_STOP).unwrap();
    outgoing_stop(&mut builder);
    let octets = builder.finish_accounting_request(&Secret::new("another")).unwrap();
    must_discard(&mut Stage::new(), IVR, 1813, &octets, Discard::WrongAuthenticator);
}

#[test]
fn a_packet_longer_than_the_protocol_allows_is_not_answered() {
    // RFC 2865 section 3: a Length above 4096 is discarded, even when so many octets are there.
    let mut octets = access_request(1, login);
    octets.resize(5_000, 0);
    octets[2..4].copy_from_slice(&5_000_u16.to_be_bytes());
    must_discard(&mut Stage::new(), IVR, 1812, &octets, Discard::Malformed);
}

#[test]
fn octets_behind_the_length_are_padding() {
    // RFC 2865 section 3: they are ignored, however many there are.
    let mut octets = access_request(1, login);
    octets.resize(5_000, 0xff);
    assert_eq!(Stage::new().deliver(IVR, 1812, &octets).code(), Code::ACCESS_ACCEPT);
}

#[test]
fn a_wrong_message_authenticator_is_not_answered() {
    let octets = access_request(1, |builder| {
        builder.message_authenticator().unwrap();
        login(builder);
    });
    let mut stage = Stage::new();
    let mut forged = octets.clone();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    must_discard(&mut stage, IVR, 1812, &forged, Discard::WrongMessageAuthenticator);
    assert_eq!(stage.deliver(IVR, 1812, &octets).code(), Code::ACCESS_ACCEPT);
}

#[test]
fn a_client_that_must_sign_is_not_answered_without() {
    let mut stage = Stage::new();
    must_discard(&mut stage, STRICT, 1812, &access_request(1, login), Discard::NoMessageAuthenticator);
    let signed = access_request(2, |builder| {
        builder.message_authenticator().unwrap();
        login(builder);
    });
    assert_eq!(stage.deliver(STRICT, 1812, &signed).code(), Code::ACCESS_ACCEPT);
}

#[test]
fn a_code_at_the_wrong_port_is_not_answered() {
    let mut stage = Stage::new();
    must_discard(&mut stage, IVR, 1813, &access_request(1, login), Discard::UnexpectedCode);
    let accounting = accounting_request(1, ACCT_STOP, outgoing_stop);
    must_discard(&mut stage, IVR, 1812, &accounting, Discard::UnexpectedCode);
    must_discard(&mut stage, IVR, 1814, &accounting, Discard::UnknownPort);
    let answer =
        Builder::new(Code::ACCESS_ACCEPT, 1).finish_response(&[0; 16], &Secret::new(SECRET)).unwrap();
    must_discard(&mut stage, IVR, 1812, &answer, Discard::UnexpectedCode);
}

#[test]
fn accounting_with_a_password_or_a_state_is_not_answered() {
    for number in
        [attribute::USER_PASSWORD, attribute::CHAP_PASSWORD, attribute::REPLY_MESSAGE, attribute::STATE]
    {
        let octets = accounting_request(1, ACCT_STOP, |builder| {
            outgoing_stop(builder);
            builder.bytes(number, &[b'x'; 16]).unwrap();
        });
        must_discard(&mut Stage::new(), IVR, 1813, &octets, Discard::ForbiddenAttribute);
    }
}

#[test]
fn accounting_with_an_attribute_of_wrong_length_is_not_answered() {
    let octets = accounting_request(1, ACCT_STOP, |builder| {
        outgoing_stop(builder);
        builder.bytes(attribute::ACCT_SESSION_TIME, &[0, 0, 71]).unwrap();
    });
    let seen = must_discard(&mut Stage::new(), IVR, 1813, &octets, Discard::Malformed);
    assert_eq!(seen.shown("discard", "detail").as_deref(), Some("Acct-Session-Time"));
}

#[test]
fn a_status_that_is_not_recorded_is_not_confirmed() {
    // 9 is Tunnel-Start (RFC 2867 section 3.1).
    let octets = accounting_request(1, 9, outgoing_stop);
    must_discard(&mut Stage::new(), IVR, 1813, &octets, Discard::UnsupportedStatus);
}

#[test]
fn a_packet_cut_anywhere_is_not_answered() {
    for (port, octets) in
        [(1812, access_request(1, call)), (1813, accounting_request(1, ACCT_STOP, outgoing_stop))]
    {
        let mut stage = Stage::new();
        for len in 0..octets.len() {
            must_discard(&mut stage, IVR, port, &octets[..len], Discard::Malformed);
        }
        assert_eq!(stage.deliver(IVR, port, &octets).frames.len(), 1);
    }
}

#[test]
fn octets_behind_the_announced_length_are_padding() {
    let mut stage = Stage::new();
    let mut octets = access_request(1, login);
    octets.extend_from_slice(&[0xff; 9]);
    assert_eq!(stage.deliver(IVR, 1812, &octets).code(), Code::ACCESS_ACCEPT);
}

#[test]
fn a_status_server_is_answered_at_both_ports_and_only_when_signed() {
    let status = |sign: bool| {
        let mut builder = Builder::new(Code::STATUS_SERVER, 1);
        builder.authenticator(&[9; 16]);
        if sign {
            builder.message_authenticator().unwrap();
        }
        builder.finish_access_request(&Secret::new(SECRET)).unwrap()
    };
    let mut stage = Stage::new();
    assert_eq!(stage.deliver(SIP, 1812, &status(true)).code(), Code::ACCESS_ACCEPT);
    assert_eq!(Stage::new().deliver(SIP, 1813, &status(true)).code(), Code::ACCOUNTING_RESPONSE);
    must_discard(&mut stage, SIP, 1812, &status(false), Discard::NoMessageAuthenticator);
}

#[test]
fn proxy_states_come_back_in_their_order() {
    let seen = Stage::new().access(IVR, |builder| {
        builder.bytes(attribute::PROXY_STATE, b"first").unwrap();
        login(builder);
        builder.bytes(attribute::PROXY_STATE, b"second").unwrap();
    });
    let answer = tollgate_radius::Packet::parse(&seen.frames[0].payload).unwrap();
    let states: Vec<&[u8]> = answer.all(attribute::PROXY_STATE).map(|own| own.value).collect();
    assert_eq!(states, [&b"first"[..], b"second"]);
}

#[test]
fn an_answer_that_proxy_states_leave_no_room_for_is_not_sent() {
    let octets = access_request(1, |builder| {
        nas(builder, IVR);
        for _ in 0..15 {
            builder.bytes(attribute::PROXY_STATE, &[7; 253]).unwrap();
        }
        builder.bytes(attribute::PROXY_STATE, &[7; 200]).unwrap();
    });
    must_discard(&mut Stage::new(), IVR, 1812, &octets, Discard::NoRoomForAnswer);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Octets of any kind from a known client: no panic, and no state that was not asked for by a valid packet.
    #[test]
    fn any_octets_at_all_change_nothing(
        octets in prop::collection::vec(any::<u8>(), 0..600),
        port in prop::sample::select(vec![1812_u16, 1813, 7]),
    ) {
        let mut stage = Stage::new();
        let before = stage.dump();
        let seen = stage.deliver(IVR, port, &octets);
        prop_assert!(seen.frames.is_empty());
        prop_assert_eq!(stage.dump(), before);
        prop_assert_eq!(stage.gateway.counters().total().discarded_in_all(), 1);
    }

    /// Attributes of any kind, well signed: no panic, and one answer or one discard.
    #[test]
    fn any_signed_attributes_are_answered_or_discarded(
        attributes in prop::collection::vec((any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 0..20),
        pairs in prop::collection::vec("(h323-ivr-out=)?[A-Za-z_-]{0,12}[:=][ -~]{0,30}", 0..5),
        accounting in any::<bool>(),
    ) {
        let code = if accounting { Code::ACCOUNTING_REQUEST } else { Code::ACCESS_REQUEST };
        let mut builder = Builder::new(code, 1);
        if accounting {
            builder.u32(attribute::ACCT_STATUS_TYPE, ACCT_STOP).unwrap();
        }
        for (number, value) in &attributes {
            if *number != attribute::MESSAGE_AUTHENTICATOR {
                builder.bytes(*number, value).unwrap();
            }
        }
        for pair in &pairs {
            builder.vsa(9, 1, pair.as_bytes()).unwrap();
        }
        let mut octets = builder.finish_request(&Secret::new(SECRET)).unwrap();
        sign::request(&mut octets, &Secret::new(SECRET));
        let mut stage = Stage::new();
        let seen = stage.deliver(IVR, if accounting { 1813 } else { 1812 }, &octets);
        let discarded = stage.gateway.counters().total().discarded_in_all();
        prop_assert_eq!(u64::try_from(seen.frames.len()).unwrap() + discarded, 1);
    }
}
