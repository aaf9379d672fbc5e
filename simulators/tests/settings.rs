//! What a NAS is told before it runs.

#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use common::{Rig, attribute, kind, millis, setup};
use std::collections::BTreeSet;
use std::net::IpAddr;
use tollgate_network::{Action, Need, Output};
use tollgate_wire::Value;

fn error(settings: &[(&'static str, Value)]) -> String {
    (kind().build)(setup(1, settings)).err().unwrap().to_string()
}

#[test]
fn settings_that_make_no_sense_are_refused_with_a_way_out() {
    assert_eq!(
        (kind().build)(setup(0, &[])).err().unwrap().to_string(),
        "a nas needs a charging system to ask; none is given"
    );
    assert_eq!(error(&[("terminator", "5".into())]), "'5' is no terminator; write one of # * A B C D");
    assert_eq!(error(&[("zone", "PST 8".into())]), "'8' is no offset from UTC; write it as -08:00 or +05:30");
    assert!(error(&[("zone", "QQQ".into())]).contains("'QQQ'"));
    assert_eq!(
        error(&[("interim-interval", Value::Span(millis(999)))]),
        "interim-interval is shorter than 1s"
    );
    assert!(error(&[("quirks", Value::List(vec!["x".into()]))]).starts_with("'x' is no quirk of a nas"));
}

#[test]
fn a_zone_may_be_named_with_its_offset() {
    let mut rig = Rig::new(&[("zone", "AMT +04:00".into())]);
    rig.ring();
    rig.perform("hangup", &[]);
    // 00:16:10 -08:00 is 08:16:10 UTC.
    let stop = rig.sent();
    assert_eq!(attribute(&stop, "h323-disconnect-time").as_deref(), Some("12:16:10.000 AMT Fri Mar 9 2007"));
}

#[test]
fn a_nas_on_ipv6_names_itself() {
    let mut told = setup(1, &[]);
    told.address = IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1]);
    let mut nas = (kind().build)(told).unwrap();
    let login = Action::new("login").with("user", "1").with("password", "").with("method", "pap");
    nas.perform(tollgate_time::Instant::EPOCH, &login.with("sip-method", "REGISTER")).unwrap();
    let Output::Transmit(frame) = nas.poll_output() else { panic!("nothing was sent") };
    assert_eq!(attribute(&frame, "NAS-IP-Address"), None);
    assert_eq!(attribute(&frame, "NAS-Identifier").as_deref(), Some("ivr"));
}

#[test]
fn nothing_is_observed_where_nobody_reads_it() {
    let mut told = setup(1, &[]);
    told.observe = false;
    let mut nas = (kind().build)(told).unwrap();
    let call = Action::new("call").with("from", "1").with("to", "2");
    nas.perform(tollgate_time::Instant::EPOCH, &call).unwrap();
    nas.perform(tollgate_time::Instant::EPOCH, &Action::new("dial").with("digits", "1#")).unwrap();
    assert!(matches!(nas.poll_output(), Output::Transmit(_)));
    assert!(matches!(nas.poll_output(), Output::Wait(Some(_))));
}

#[test]
fn no_name_stands_twice_in_a_table_and_every_main_argument_exists() {
    let distinct = |names: Vec<&'static str>| names.iter().collect::<BTreeSet<_>>().len() == names.len();
    assert!(distinct(kind().settings.iter().map(|arg| arg.name).collect()));
    assert!(distinct(kind().verbs.iter().map(|verb| verb.name).collect()));
    assert!(distinct(kind().sights.iter().map(|sight| sight.name).collect()));
    assert!(kind().settings.iter().all(|arg| arg.need != Need::Required), "a bare `is: nas` will do");
    for verb in kind().verbs {
        assert!(distinct(verb.args.iter().map(|arg| arg.name).collect()));
        assert!(verb.main.is_none_or(|main| verb.args.iter().any(|arg| arg.name == main)));
    }
}
