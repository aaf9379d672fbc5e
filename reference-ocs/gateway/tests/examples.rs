//! The documents' worked examples (ESI), packet by packet.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use support::{
    ACCT_START, ACCT_STOP, CARD, CONF_ID, IVR, SIP, Stage, TRUSTED, call, card_of, incoming_stop, login, nas,
    outgoing_leg, outgoing_stop,
};
use tollgate_radius::digest::{Numbering, Parameters};
use tollgate_radius::{Builder, Code, Secret, attribute, cisco};

/// ESI, failed login: nobody has this number, whatever the digest says.
fn failed_login(builder: &mut Builder, numbering: Numbering) {
    nas(builder, SIP);
    builder.text(attribute::USER_NAME, "11380441234567").unwrap();
    builder.text(attribute::CALLING_STATION_ID, "11380441234567").unwrap();
    builder.u32(attribute::SERVICE_TYPE, 15).unwrap();
    builder.cisco(cisco::H323_CONF_ID, "BEEF0960 159C48A3 5CA4966B 7536B52C").unwrap();
    builder.pair("call-id", "94fef899-3f606c5c@192.168.192.59").unwrap();
    let parameters = Parameters {
        username: "11380441234567",
        realm: SIP,
        nonce: "1373028145:4ed5168d6120ae148bc32520fdf6bba2",
        uri: "sip:193.38.81.226",
        method: "REGISTER",
        algorithm: Some("MD5"),
        ..Parameters::default()
    };
    builder.digest(numbering, &parameters, "1984af4a0e13ceb54ae86e015e934bc5").unwrap();
    builder.cisco(cisco::H323_REMOTE_ADDRESS, "192.168.192.59").unwrap();
    builder.u32(attribute::NAS_PORT, 5060).unwrap();
}

#[test]
fn a_failed_login_is_rejected_with_the_examples_attributes() {
    for numbering in [Numbering::Rfc5090, Numbering::Sterman] {
        let seen = Stage::new().access(SIP, |builder| failed_login(builder, numbering));
        assert_eq!(seen.code(), Code::ACCESS_REJECT);
        let expected = [
            "Reply-Message = Failed - Invalid Account number",
            "h323-return-code = 1",
            "h323-ivr-in = { ErrorExplanation: invalid account }",
        ];
        assert_eq!(seen.lines(), expected);
    }
}

/// ESI, failed outgoing call, with a digest that this world's password gives.
fn outgoing(builder: &mut Builder, cld: &str, password: &str) {
    nas(builder, SIP);
    builder.text(attribute::USER_NAME, "380441234567").unwrap();
    builder.text(attribute::CALLED_STATION_ID, cld).unwrap();
    builder.text(attribute::CALLING_STATION_ID, "380441234567").unwrap();
    builder.cisco(cisco::H323_CONF_ID, "BC0050CE E4B011E2 B062000C 29E9476D").unwrap();
    let parameters = Parameters {
        username: "380441234567",
        realm: SIP,
        nonce: "51bec9bb7e2276edaf48b8572a3f72300ec0",
        uri: "sip:91245684289@193.38.81.226",
        method: "INVITE",
        algorithm: Some("MD5"),
        ..Parameters::default()
    };
    let response = parameters.response(password.as_bytes()).unwrap();
    builder.digest(Numbering::Rfc5090, &parameters, &response).unwrap();
    builder.ivr_out("PortaBilling_AuthMethod", "INVITE").unwrap();
    builder.pair("PortaOne-Service-Features", "routing=1; version=25.0").unwrap();
    builder.ivr_out("PortaBilling_Seed", "2912511541").unwrap();
    builder.u32(attribute::NAS_PORT, 5060).unwrap();
}

#[test]
fn a_failed_outgoing_call_is_rejected_with_the_examples_attributes() {
    let seen = Stage::new().access(SIP, |builder| outgoing(builder, "91245684289", "geheim"));
    assert_eq!(seen.code(), Code::ACCESS_REJECT);
    let (seed, others): (Vec<String>, Vec<String>) =
        seen.lines().into_iter().partition(|line| line.contains("PortaBilling_Seed"));
    let expected = [
        "Reply-Message = Failed - Called number blocked",
        "h323-return-code = 9",
        "h323-ivr-in = { ErrorExplanation: cld_blocked }",
        "h323-ivr-in = { Product: EasyCall Residential }",
        "h323-ivr-in = { Tariff: EasyCall Residential }",
        "h323-ivr-in = { PortaBilling_NodeId: 193.38.81.226 }",
        "h323-ivr-in = { PortaBilling_AccessCode: OUTGOING }",
        "h323-billing-model = 0",
        "h323-currency = USD",
        "h323-preferred-lang = en",
    ];
    assert_eq!(others, expected);
    assert_eq!(seed.len(), 1);
}

#[test]
fn a_wrong_digest_is_an_invalid_password() {
    let seen = Stage::new().access(SIP, |builder| outgoing(builder, "12125468754", "falsch"));
    assert_eq!(seen.field("h323-return-code").as_deref(), Some("2"));
    assert_eq!(seen.field("h323-ivr-in.ErrorExplanation").as_deref(), Some("invalid_password"));
}

#[test]
fn a_call_within_a_credit_limit_is_granted_its_minutes() {
    let seen = Stage::new().access(SIP, |builder| outgoing(builder, "12125468754", "geheim"));
    assert_eq!(seen.code(), Code::ACCESS_ACCEPT);
    // A limit of 5.00 at 0.10 a minute pays for 50 minutes: 3000 s.
    assert_eq!(seen.field("h323-credit-time").as_deref(), Some("3000"));
    assert_eq!(seen.field("h323-billing-model").as_deref(), Some("0"));
    assert_eq!(seen.field("h323-return-code").as_deref(), Some("0"));
}

#[test]
fn a_call_without_any_limit_gets_return_code_13_and_no_time() {
    let seen = Stage::new().access(SIP, |builder| {
        nas(builder, SIP);
        builder.text(attribute::USER_NAME, "12125550100").unwrap();
        builder.text(attribute::CALLED_STATION_ID, "12125468754").unwrap();
        builder.ivr_out("PortaBilling_AuthMethod", "INVITE").unwrap();
    });
    assert_eq!(seen.code(), Code::ACCESS_ACCEPT);
    assert_eq!(seen.field("h323-return-code").as_deref(), Some("13"));
    assert_eq!(seen.field("h323-credit-time"), None);
    assert_eq!(seen.field("h323-ivr-in.DURATION"), None);
    assert_eq!(
        seen.field("h323-ivr-in.PortaBilling_Authorize").as_deref(),
        Some("base=session-time;avail=-1")
    );
}

#[test]
fn only_a_trusted_node_opens_an_account_without_its_password() {
    let fill = |builder: &mut Builder| {
        nas(builder, TRUSTED);
        builder.text(attribute::USER_NAME, "380441234567").unwrap();
        builder.text(attribute::CALLED_STATION_ID, "12125468754").unwrap();
        builder.cisco(cisco::H323_CONF_ID, "FD0158BA E2F911E2 B062000C 29E9476D").unwrap();
        builder.user_password(&Secret::new(support::SECRET), b"cisco").unwrap();
        builder.ivr_out("PortaBilling_AuthMethod", "INVITE").unwrap();
        builder.ivr_out("PortaBilling_Ignore_Password", "YES").unwrap();
    };
    assert_eq!(Stage::new().access(TRUSTED, fill).code(), Code::ACCESS_ACCEPT);
    let seen = Stage::new().access(SIP, fill);
    assert_eq!(seen.code(), Code::ACCESS_REJECT);
    assert_eq!(seen.shown("oddity", "what").as_deref(), Some("untrusted-ignore-password"));
}

/// The whole example: login, authorization, 71 s of talk, both legs' records.
#[test]
fn a_prepaid_card_pays_for_one_call() {
    let mut stage = Stage::new();
    let seen = stage.access(IVR, login);
    assert_eq!(seen.code(), Code::ACCESS_ACCEPT);
    let expected = [
        "h323-credit-amount = 10.00",
        "h323-billing-model = 1",
        "h323-ivr-in = { Tariff: PrepaidCard }",
        "h323-ivr-in = { PortaBilling_AccountBalance: 10.00000 }",
        "h323-ivr-in = { PortaBilling_ProductBreakage: 0.00000 }",
        "h323-ivr-in = { available-funds: 10.00 }",
        "h323-return-code = 0",
        "h323-currency = CAD",
        "h323-preferred-lang = en",
    ];
    assert_eq!(seen.lines(), expected);

    stage.wait(Duration::from_secs(20));
    let seen = stage.access(IVR, call);
    let expected = [
        "h323-billing-model = 1",
        "h323-ivr-in = { Tariff: PrepaidCard }",
        "h323-ivr-in = { PortaBilling_CompleteNumber: 82623634515 }",
        "h323-ivr-in = { PortaBilling_Auth_CLD: 82623634515 }",
        "h323-ivr-in = { PortaBilling_Auth_Reseller_CLD: 82623634515 }",
        "h323-ivr-in = { DURATION: 30000 }",
        "h323-return-code = 0",
        "h323-currency = CAD",
        "h323-credit-time = 30000",
        "h323-preferred-lang = en",
    ];
    assert_eq!(seen.lines(), expected);
    // 30000 s at 0.02 a minute: 30000 × 0.02 / 60 = 10.00, all there is.
    assert_eq!((stage.balance(CARD), stage.reserved(CARD)), ("10.00000".to_owned(), "10.00000".to_owned()));

    stage.wait(Duration::from_secs(10));
    assert_eq!(stage.account(IVR, ACCT_START, outgoing_leg).code(), Code::ACCOUNTING_RESPONSE);
    stage.wait(Duration::from_secs(75));
    let seen = stage.account(IVR, ACCT_STOP, outgoing_stop);
    // 70.729 s count as 71; 71 × 0.02 / 60 = 0.023666…, rounded half away from zero to 0.02367.
    assert_eq!(seen.shown("xdr", "amount").as_deref(), Some("0.02367 CAD"));
    assert_eq!(seen.shown("xdr", "used").as_deref(), Some("71s"));
    assert_eq!(seen.shown("xdr", "charged").as_deref(), Some("71s"));
    assert_eq!(seen.shown("xdr", "cld").as_deref(), Some("82623634515"));
    assert_eq!(seen.shown("xdr", "disconnect-cause").as_deref(), Some("10"));
    assert_eq!(seen.shown("xdr", "session").as_deref(), Some(CONF_ID));
    assert_eq!(seen.shown("xdr", "billing-model").as_deref(), Some("-1"));
    assert_eq!(seen.shown("xdr", "failed").as_deref(), Some("false"));
    assert!(seen.observed("event").iter().any(|event| {
        event.get("name").map(ToString::to_string).as_deref() == Some("Account/BalanceChanged")
    }));

    let seen = stage.account(IVR, ACCT_STOP, incoming_stop);
    assert!(seen.observed("xdr").is_empty(), "no rating entry names the access number: {seen:?}");
    // 10.00000 − 0.02367.
    assert_eq!((stage.balance(CARD), stage.reserved(CARD)), ("9.97633".to_owned(), "0.00000".to_owned()));
}

#[test]
fn every_state_of_a_card_has_its_return_code() {
    for (account, code, explanation) in [
        ("10000000000", "4", "zero_balance"),
        ("10000000005", "5", "card_expired"),
        ("10000000007", "7", "user_denied"),
        ("10000000001", "1", "invalid account"),
    ] {
        let seen = Stage::new().access(IVR, |builder| card_of(builder, account));
        assert_eq!(seen.field("h323-return-code").as_deref(), Some(code), "{account}");
        assert_eq!(seen.field("h323-ivr-in.ErrorExplanation").as_deref(), Some(explanation), "{account}");
    }
}

#[test]
fn a_card_in_use_is_refused_to_another_session() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    let other = |builder: &mut Builder| {
        nas(builder, IVR);
        builder.text(attribute::USER_NAME, CARD).unwrap();
        builder.cisco(cisco::H323_CONF_ID, "00000000 00000000 00000000 00000001").unwrap();
    };
    let seen = stage.access(IVR, other);
    assert_eq!(seen.field("h323-return-code").as_deref(), Some("3"));
    assert_eq!(seen.field("h323-ivr-in.ErrorExplanation").as_deref(), Some("account_in_use"));
    stage.account(IVR, ACCT_STOP, incoming_stop);
    assert_eq!(stage.access(IVR, other).code(), Code::ACCESS_ACCEPT);
}

#[test]
fn the_third_wrong_password_in_a_row_is_one_too_many() {
    let mut stage = Stage::new();
    let codes: Vec<Option<String>> = (0..3)
        .map(|_| stage.access(SIP, |it| outgoing(it, "12125468754", "falsch")).field("h323-return-code"))
        .collect();
    let codes: Vec<&str> = codes.iter().flatten().map(String::as_str).collect();
    assert_eq!(codes, ["2", "2", "10"]);
}

#[test]
fn a_time_that_cannot_be_read_does_not_lose_the_record() {
    let mut stage = Stage::new();
    stage.access(IVR, login);
    stage.access(IVR, call);
    let seen = stage.account(IVR, ACCT_STOP, |builder| {
        outgoing_leg(builder);
        builder.cisco(cisco::H323_CONNECT_TIME, "when it rang").unwrap();
        builder.cisco(cisco::H323_DISCONNECT_TIME, "00:17:31.893 PST Fri Mar 9 2007").unwrap();
        builder.u32(attribute::ACCT_SESSION_TIME, 60).unwrap();
    });
    assert_eq!(seen.shown("oddity", "what").as_deref(), Some("malformed-time"));
    // 60 s × 0.02 / 60 = 0.02.
    assert_eq!(seen.shown("xdr", "amount").as_deref(), Some("0.02000 CAD"));
}
