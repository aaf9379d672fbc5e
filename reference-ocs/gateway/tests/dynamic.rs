//! Sessions that the gateway has ended or changed by their clients (RFC 5176), by hand: requests out, answers in.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod support;

use std::time::Duration;

use support::{CARD, CONF_ID, IVR, SECRET, Seen, Stage, address, config};
use tollgate_network::{Action, Observation};
use tollgate_ocs_gateway::templates::Templates;
use tollgate_ocs_gateway::{Abilities, Client, Clients, GatewayConfig};
use tollgate_radius::{Builder, Code, Packet, Presence, Secret, attribute, cisco, verify};
use tollgate_wire::{Fields, Value};

const ACCT_PORT: u16 = 1813;

fn stage(abilities: Abilities, lines: &[&str]) -> Stage {
    let client = Client {
        abilities,
        templates: Templates::parse(lines).unwrap(),
        ..Client::new(IVR, address(IVR), SECRET)
    };
    Stage::with(GatewayConfig { clients: Clients::new([client]).unwrap(), ..config() })
}

/// A Start or Interim of the card's call.
fn report(stage: &mut Stage, status: u32, secs: u32) -> Seen {
    let mut builder = Builder::new(Code::ACCOUNTING_REQUEST, stage.next_identifier());
    builder.text(attribute::USER_NAME, CARD).unwrap();
    builder.ipv4(attribute::NAS_IP_ADDRESS, IVR.parse().unwrap()).unwrap();
    builder.text(attribute::ACCT_SESSION_ID, "00000A01").unwrap();
    builder.u32(attribute::ACCT_STATUS_TYPE, status).unwrap();
    builder.u32(attribute::ACCT_SESSION_TIME, secs).unwrap();
    builder.text(attribute::CALLED_STATION_ID, "82623634515").unwrap();
    builder.cisco(cisco::H323_CONF_ID, CONF_ID).unwrap();
    builder.cisco(cisco::H323_CALL_ORIGIN, "originate").unwrap();
    builder.ivr_out("PortaBilling_AccessCode", support::ACCESS_NUMBER).unwrap();
    let octets = builder.finish_accounting_request(&Secret::new(SECRET)).unwrap();
    stage.deliver(IVR, ACCT_PORT, &octets)
}

/// The only request to the client among what came out.
fn request(seen: &Seen) -> Vec<u8> {
    let asks = |octets: &[u8]| {
        [Code::DISCONNECT_REQUEST, Code::COA_REQUEST].contains(&Packet::parse(octets).unwrap().code())
    };
    let requests: Vec<_> = seen.frames.iter().filter(|frame| asks(&frame.payload)).collect();
    assert_eq!(requests.len(), 1, "{seen:?}");
    assert_eq!(requests[0].to.to_string(), format!("{IVR}:3799"));
    requests[0].payload.to_vec()
}

fn answer(stage: &mut Stage, request: &[u8], code: Code, cause: Option<u32>, secret: &str) -> Seen {
    let request = Packet::parse(request).unwrap();
    let mut builder = Builder::new(code, request.identifier());
    if let Some(cause) = cause {
        builder.u32(attribute::ERROR_CAUSE, cause).unwrap();
    }
    let octets = builder.finish_response(request.authenticator(), &Secret::new(secret)).unwrap();
    // The client answers from the port at which it was asked.
    stage.deliver_from(IVR, 3799, ACCT_PORT, &octets)
}

fn action(verb: &str, args: &[(&'static str, Value)]) -> Action {
    let fields = args.iter().fold(Fields::new(), |fields, (name, value)| fields.with(*name, value.clone()));
    Action { verb: verb.into(), args: fields }
}

fn account() -> (&'static str, Value) {
    ("account", Value::from(CARD))
}

fn kinds(seen: &Seen) -> Vec<String> {
    seen.observations.iter().map(|it: &Observation| it.kind.to_string()).collect()
}

#[test]
fn a_blocked_account_s_session_is_ended_and_the_request_proves_itself() {
    let mut stage = stage(Abilities::Disconnect, &[]);
    report(&mut stage, 1, 0);
    let seen = stage.perform(&action("block", &[account()])).unwrap();
    let octets = request(&seen);
    let packet = Packet::parse(&octets).unwrap();
    assert_eq!(packet.code(), Code::DISCONNECT_REQUEST);
    assert!(verify::accounting_request(&packet, &Secret::new(SECRET)));
    assert_eq!(verify::message_authenticator(&packet, &Secret::new(SECRET), None), Presence::Valid);
    let names: Vec<String> = packet.fields().iter().map(|(name, _)| name.to_string()).collect();
    let expected = [
        "Message-Authenticator",
        "User-Name",
        "NAS-IP-Address",
        "Acct-Session-Id",
        "h323-conf-id",
        "Event-Timestamp",
    ];
    assert_eq!(names, expected);
    let seen = answer(&mut stage, &octets, Code::DISCONNECT_ACK, None, SECRET);
    assert_eq!(kinds(&seen), ["Disconnect-ACK"]);
    // It is done: nobody is asked again.
    assert!(stage.perform(&action("disconnect", &[account()])).is_err());
}

#[test]
fn a_request_without_an_answer_is_sent_again_with_growing_waits_and_then_given_up() {
    let mut stage = stage(Abilities::Disconnect, &[]);
    report(&mut stage, 1, 0);
    let first = request(&stage.perform(&action("disconnect", &[account()])).unwrap());
    for wait in [2, 4, 8, 16, 16] {
        stage.wait(Duration::from_millis(wait * 1_000 - 1));
        assert!(stage.timeout().frames.is_empty());
        stage.wait(Duration::from_millis(1));
        assert_eq!(request(&stage.timeout()), first);
    }
    stage.wait(Duration::from_secs(16));
    let seen = stage.timeout();
    assert!(seen.frames.is_empty());
    assert_eq!(kinds(&seen), ["unreachable"]);
}

#[test]
fn an_answer_that_proves_nothing_is_discarded() {
    let mut stage = stage(Abilities::Disconnect, &[]);
    report(&mut stage, 1, 0);
    let octets = request(&stage.perform(&action("disconnect", &[account()])).unwrap());
    assert_eq!(kinds(&answer(&mut stage, &octets, Code::DISCONNECT_ACK, None, "guess")), ["discard"]);
    assert_eq!(kinds(&answer(&mut stage, &octets, Code::COA_ACK, None, SECRET)), ["discard"]);
    assert_eq!(
        kinds(&answer(&mut stage, &octets, Code::DISCONNECT_NAK, Some(503), SECRET)),
        ["Disconnect-NAK"]
    );
    // The client knows no such session: there is nothing left to end.
    assert!(stage.perform(&action("disconnect", &[account()])).is_err());
}

const LINES: [&str; 1] = ["Filter-Id = '${netaccess.hotline:+portal}${netaccess.hotline:?full}'"];

fn filter(octets: &[u8]) -> String {
    Packet::parse(octets).unwrap().text(attribute::FILTER_ID).unwrap_or_default().to_owned()
}

#[test]
fn a_session_without_money_is_hotlined_and_restored_on_payment() {
    let mut stage = stage(Abilities::Change, &LINES);
    report(&mut stage, 1, 0);
    // 30,000 s at 0.02 a minute are all of the 10.00.
    let octets = request(&report(&mut stage, 3, 30_000));
    assert_eq!(Packet::parse(&octets).unwrap().code(), Code::COA_REQUEST);
    assert_eq!(filter(&octets), "portal");
    answer(&mut stage, &octets, Code::COA_ACK, None, SECRET);
    let pay = action("top-up", &[account(), ("amount", Value::Money("5".parse().unwrap(), "CAD".into()))]);
    let restored = request(&stage.perform(&pay).unwrap());
    assert_eq!(filter(&restored), "full");
}

#[test]
fn a_change_that_is_refused_when_money_ran_out_becomes_a_disconnect() {
    let mut stage = stage(Abilities::Change, &LINES);
    report(&mut stage, 1, 0);
    let octets = request(&report(&mut stage, 3, 30_000));
    let seen = answer(&mut stage, &octets, Code::COA_NAK, Some(401), SECRET);
    assert_eq!(Packet::parse(&request(&seen)).unwrap().code(), Code::DISCONNECT_REQUEST);
}

#[test]
fn a_client_that_hears_nothing_is_not_asked() {
    let mut stage = stage(Abilities::Nothing, &[]);
    report(&mut stage, 1, 0);
    assert!(stage.perform(&action("block", &[account()])).unwrap().frames.is_empty());
    let error = stage.perform(&action("disconnect", &[account()])).unwrap_err();
    assert!(error.to_string().contains("dynamic-authorization"), "{error}");
}
