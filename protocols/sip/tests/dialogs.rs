//! Dialogs between two sides (RFC 3261 section 12): route sets, targets, numbers, ends.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

use tollgate_sip::dialog::{Dialog, DialogError, DialogId, DialogState, refer_status};
use tollgate_sip::{Builder, Message, Method, response};

const INVITE: &str = "INVITE sip:bob@h SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\r\n\
    Record-Route: <sip:p2;lr>\r\nRecord-Route: <sip:p1;lr>\r\nContact: <sip:alice@10.0.0.1>\r\n\
    From: \"Alice\" <sip:alice@h>;tag=a\r\nTo: <sip:bob@h>\r\nCall-ID: x\r\nCSeq: 7 INVITE\r\n\r\n";

fn answer(request: &[u8], code: u16, contact: &str) -> Vec<u8> {
    let mut own = response(&Message::parse(request).unwrap(), code, None, "b").unwrap();
    own.header("Contact", contact).unwrap();
    own.finish()
}

fn pair(invite: &str, code: u16) -> (Dialog, Dialog) {
    let octets = answer(invite.as_bytes(), code, "<sip:bob@10.0.0.2>");
    let (invite, answer) = (Message::parse(invite.as_bytes()).unwrap(), Message::parse(&octets).unwrap());
    (Dialog::caller(&invite, &answer).unwrap(), Dialog::callee(&invite, &answer).unwrap())
}

fn finished(own: &Builder) -> Vec<u8> {
    let mut own = own.clone();
    own.push_front("Via", "SIP/2.0/UDP a;branch=z9hG4bKn").unwrap();
    own.finish()
}

fn values(octets: &[u8], name: &str) -> Vec<String> {
    Message::parse(octets).unwrap().all(name).map(|own| own.text.to_string()).collect()
}

#[test]
fn the_route_set_is_reversed_for_the_caller_and_kept_for_the_callee() {
    let (mut caller, mut callee) = pair(INVITE, 200);
    assert_eq!((caller.state(), caller.target()), (DialogState::Confirmed, "sip:bob@10.0.0.2"));
    let bye = finished(&caller.request(Method::BYE).unwrap());
    assert!(bye.starts_with(b"BYE sip:bob@10.0.0.2 SIP/2.0\r\n"));
    assert_eq!(values(&bye, "Route"), ["<sip:p1;lr>", "<sip:p2;lr>"]);
    assert_eq!(values(&bye, "From"), ["\"Alice\" <sip:alice@h>;tag=a"]);
    assert_eq!(
        (values(&bye, "To"), values(&bye, "CSeq")),
        (vec!["<sip:bob@h>;tag=b".into()], vec!["8 BYE".into()])
    );
    let message = Message::parse(&bye).unwrap();
    assert_eq!(&DialogId::of_received(&message).unwrap(), callee.id());
    assert_eq!(callee.routes(), ["<sip:p2;lr>", "<sip:p1;lr>"]);
    callee.handle_request(&message).unwrap();
    assert_eq!((caller.state(), callee.state()), (DialogState::Terminated, DialogState::Terminated));
    assert_eq!(caller.request(Method::INFO), Err(DialogError::Terminated));
    assert_eq!(callee.request(Method::BYE), Err(DialogError::Terminated));
    // A BYE that was challenged is said again, with the next number.
    assert_eq!(values(&finished(&caller.request(Method::BYE).unwrap()), "CSeq"), ["9 BYE"]);
}

/// RFC 3261 section 12.2.1.1: the first route has no lr.
#[test]
fn a_strict_router_stands_in_the_request_line() {
    let (mut caller, _) = pair(&INVITE.replace("<sip:p1;lr>", "<sip:p1>"), 200);
    let octets = finished(&caller.request(Method::INFO).unwrap());
    assert!(octets.starts_with(b"INFO sip:p1 SIP/2.0\r\n"));
    assert_eq!(values(&octets, "Route"), ["<sip:p2;lr>", "<sip:bob@10.0.0.2>"]);
    assert_eq!(caller.next_hop(), "sip:p1");
}

#[test]
fn a_re_invite_moves_the_target_and_a_late_request_is_refused() {
    let (mut caller, mut callee) = pair(INVITE, 200);
    let mut again = caller.request(Method::INVITE).unwrap();
    again.header("Contact", "<sip:alice@10.0.0.9>").unwrap();
    let octets = finished(&again);
    callee.handle_request(&Message::parse(&octets).unwrap()).unwrap();
    assert_eq!(callee.target(), "sip:alice@10.0.0.9");
    let late = String::from_utf8(octets.clone()).unwrap().replace("8 INVITE", "6 INVITE");
    let error = callee.handle_request(&Message::parse(late.as_bytes()).unwrap()).unwrap_err();
    assert_eq!((&error, error.status()), (&DialogError::OutOfOrder { got: 6, last: 8 }, 500));
    let ok = answer(&octets, 200, "<sip:bob@10.0.0.3>");
    caller.handle_response(&Message::parse(&ok).unwrap()).unwrap();
    assert_eq!(caller.target(), "sip:bob@10.0.0.3");
    assert_eq!(values(&finished(&caller.ack().unwrap()), "CSeq"), ["8 ACK"]);
    // Another dialog's message changes nothing.
    let other = String::from_utf8(octets).unwrap().replace("tag=b", "tag=c");
    assert_eq!(callee.handle_request(&Message::parse(other.as_bytes()).unwrap()).unwrap_err().status(), 481);
}

#[test]
fn an_early_dialog_is_confirmed_by_its_2xx_or_ended_by_any_failure() {
    let (caller, mut callee) = pair(INVITE, 180);
    assert_eq!(caller.state(), DialogState::Early);
    let after = |octets: &[u8]| {
        let mut own = caller.clone();
        own.handle_response(&Message::parse(octets).unwrap()).map(|()| own.state())
    };
    assert_eq!(after(&answer(INVITE.as_bytes(), 200, "<sip:b>")), Ok(DialogState::Confirmed));
    assert_eq!(after(&answer(INVITE.as_bytes(), 486, "<sip:b>")), Ok(DialogState::Terminated));
    // A proxy's 408 comes with a tag of its own; a 200 with another tag is another dialog.
    let foreign = |code| {
        let octets = answer(INVITE.as_bytes(), code, "<sip:b>");
        String::from_utf8(octets).unwrap().replace("tag=b", "tag=proxy").into_bytes()
    };
    assert_eq!(after(&foreign(408)), Ok(DialogState::Terminated));
    assert_eq!(after(&foreign(200)), Err(DialogError::Other));
    callee.confirm();
    assert_eq!(callee.state(), DialogState::Confirmed);
    let trying = answer(INVITE.as_bytes(), 100, "<sip:b>");
    let (invite, trying) = (Message::parse(INVITE.as_bytes()).unwrap(), Message::parse(&trying).unwrap());
    assert_eq!(Dialog::caller(&invite, &trying), Err(DialogError::NoDialog));
}

#[test]
fn a_refer_is_told_how_it_goes_until_it_ends() {
    let (mut caller, mut callee) = pair(INVITE, 200);
    let octets = finished(&caller.refer("sip:carol@h?Replaces=1").unwrap());
    let refer = Message::parse(&octets).unwrap();
    callee.handle_request(&refer).unwrap();
    assert_eq!(refer.address("Refer-To").unwrap().uri.headers, Some("Replaces=1"));
    assert_eq!(refer.value("Referred-By"), Some("<sip:alice@h>"));
    for (code, state) in [(100, "active;expires=60"), (603, "terminated;reason=noresource")] {
        let octets = finished(&callee.notify_refer(code, 60).unwrap());
        let notify = Message::parse(&octets).unwrap();
        notify.check().unwrap();
        caller.handle_request(&notify).unwrap();
        assert_eq!((refer_status(&notify), notify.value("Subscription-State")), (Some(code), Some(state)));
    }
    assert!(callee.notify_refer(700, 60).is_err());
}
