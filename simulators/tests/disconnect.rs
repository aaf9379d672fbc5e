//! A NAS whose calls the charging system ends.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Rig, SECRET, answered, attribute, dynamic, millis, originate_stop, secs, shown};
use tollgate_radius::Code;

fn conf_id(rig: &mut Rig) -> String {
    let ringing = rig.take_seen("ringing");
    shown(&ringing[0], "conf-id")
}

#[test]
fn a_call_is_cut_by_its_conference_and_reported_once_a_leg() {
    let mut rig = Rig::new(&[]);
    rig.ring();
    let conf_id = conf_id(&mut rig);
    rig.perform("answer", &[]);
    rig.pass(secs(71));
    let request = dynamic(1, Code::DISCONNECT_REQUEST, 7, &[("h323-conf-id", &conf_id)], SECRET);
    rig.receive(&request);
    let frames = rig.take_frames();
    assert_eq!(answered(&request, &frames[0]), (Code::DISCONNECT_ACK, None));
    assert_eq!(attribute(originate_stop(&frames[1..]), "h323-disconnect-cause").as_deref(), Some("10"));
    let ended = rig.take_seen("disconnected");
    assert_eq!((shown(&ended[0], "why"), shown(&ended[0], "lasted")), ("server".into(), "71s".into()));
    rig.pass(millis(4));
    assert_eq!(shown(&rig.take_seen("released")[0], "why"), "server");
    let stop = rig.sent();
    assert_eq!(attribute(&stop, "Acct-Status-Type").as_deref(), Some("Stop"));

    // The call is over, so that another request finds none; the first one again is answered as before.
    let again = dynamic(1, Code::DISCONNECT_REQUEST, 8, &[("h323-conf-id", &conf_id)], SECRET);
    rig.receive(&again);
    assert_eq!(answered(&again, &rig.sent()), (Code::DISCONNECT_NAK, Some(503)));
    rig.receive(&request);
    assert_eq!(rig.sent(), frames[0]);
}

#[test]
fn a_call_that_rings_ends_too_and_one_that_nobody_names_goes_on() {
    let mut rig = Rig::new(&[]);
    rig.ring();
    let other = dynamic(1, Code::DISCONNECT_REQUEST, 1, &[("Acct-Session-Id", "none")], SECRET);
    rig.receive(&other);
    assert_eq!(answered(&other, &rig.sent()), (Code::DISCONNECT_NAK, Some(503)));
    let request = dynamic(1, Code::DISCONNECT_REQUEST, 2, &[("User-Name", "10086610975")], SECRET);
    rig.receive(&request);
    rig.pass(millis(4));
    let frames = rig.take_frames();
    assert_eq!(answered(&request, &frames[0]), (Code::DISCONNECT_ACK, None));
    let stops = frames[1..].iter().filter(|it| attribute(it, "Acct-Status-Type").as_deref() == Some("Stop"));
    assert_eq!(stops.count(), 2, "one a leg");
    assert!(rig.attempt("hangup", &[]).is_err());
}

#[test]
fn a_call_is_not_changed_and_a_card_that_is_being_asked_for_is_no_session() {
    let mut rig = Rig::new(&[]);
    rig.call_and_dial();
    rig.take_frames();
    let early = dynamic(1, Code::DISCONNECT_REQUEST, 1, &[("User-Name", "10086610975")], SECRET);
    rig.receive(&early);
    assert_eq!(answered(&early, &rig.sent()), (Code::DISCONNECT_NAK, Some(503)));
    let change = dynamic(1, Code::COA_REQUEST, 2, &[("User-Name", "10086610975")], SECRET);
    rig.receive(&change);
    assert_eq!(answered(&change, &rig.sent()), (Code::COA_NAK, Some(401)));
}
