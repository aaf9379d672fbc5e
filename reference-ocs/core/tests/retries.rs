//! Reports that come again, too late, in another order, or for nobody.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{CARD, DIALLED, World, amount, at, interim, report, request, settings, start, stop};
use std::time::Duration;
use tollgate_ocs_core::{AccessRequest, Amount, Note, Settings, Stage, UsageReport};

#[test]
fn a_repeated_stop_changes_nothing() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    world.report(80, stop("two-dollars", "c1", 5, 71));
    for again in 1..=10 {
        let repeated = UsageReport { delay: again * 5, ..stop("two-dollars", "c1", 5, 71) };
        world.report(80 + again * 5, repeated);
        assert_eq!(world.effects.len(), 1);
    }
    assert_eq!(world.balance("two-dollars"), amount("1.97633"));
    assert_eq!(world.ocs.xdrs().len(), 1);
}

#[test]
fn a_start_after_its_stop_is_ignored() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    world.report(80, stop("two-dollars", "c1", 5, 71));
    world.report(81, start("two-dollars", "c1", 5));
    assert_eq!(world.ocs.sessions().count(), 0);
    assert_eq!(world.reserved("two-dollars"), Amount::ZERO);
    assert_eq!(world.ocs.next_deadline(), None);
}

#[test]
fn a_repeated_request_gets_the_same_grant_and_reserves_once() {
    let mut world = World::new();
    let first = world.grant(0, "two-dollars", "c1", DIALLED);
    assert_eq!(world.grant(1, "two-dollars", "c1", DIALLED), first);
    assert_eq!(world.reserved("two-dollars"), amount("2.00"));
    assert_eq!(world.ocs.sessions().count(), 1);
}

#[test]
fn a_request_for_another_number_takes_the_place_of_the_first() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    // 0.30 for 30 s, then 56 times 0.03: 1.98.
    world.grant(10, "two-dollars", "c1", "01144123").unwrap();
    assert_eq!(world.reserved("two-dollars"), amount("1.98"));
    world.report(60, stop("two-dollars", "c1", 20, 30));
    assert_eq!(world.the_xdr().cld.as_deref(), Some("44123"));
    assert_eq!(world.balance("two-dollars"), amount("1.70"));
}

#[test]
fn two_calls_of_one_session_are_two_records() {
    let mut world = World::new();
    world.login(0, request(CARD, "c1")).unwrap();
    for (call, from) in [("first", 10), ("second", 200)] {
        world.grant(from, CARD, "c1", DIALLED).unwrap();
        let named = |report: UsageReport| UsageReport { call_id: Some(call.to_owned()), ..report };
        world.report(from, named(start(CARD, "c1", from)));
        world.report(from + 71, named(stop(CARD, "c1", from, 71)));
        world.report(from + 72, named(stop(CARD, "c1", from, 71)));
    }
    // Twice 0.02367.
    assert_eq!(world.balance(CARD), amount("9.95266"));
    assert_eq!(world.ocs.xdrs().len(), 2);
    assert!(world.ocs.xdrs().all(|xdr| xdr.notes.is_empty()));
}

#[test]
fn reports_without_a_call_id_speak_of_what_is_open() {
    let mut world = World::new();
    let unnamed = |report: UsageReport| UsageReport { call_id: None, ..report };
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    world.report(5, unnamed(start("two-dollars", "c1", 5)));
    world.report(76, unnamed(stop("two-dollars", "c1", 5, 71)));
    world.report(77, unnamed(stop("two-dollars", "c1", 5, 71)));
    assert_eq!(world.ocs.xdrs().len(), 1);
    world.grant(100, "two-dollars", "c1", DIALLED).unwrap();
    world.report(180, unnamed(stop("two-dollars", "c1", 105, 71)));
    assert_eq!(world.ocs.xdrs().len(), 2);
}

#[test]
fn reports_in_parts_cost_what_one_report_costs() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    // A second costs 0.000333…, which rounds to 0.00033; seventy-one of these would be 0.02343 and not 0.02367.
    for secs in 1..=71 {
        world.report(5 + secs, interim("two-dollars", "c1", 5, secs));
    }
    world.report(80, stop("two-dollars", "c1", 5, 71));
    assert_eq!(world.balance("two-dollars"), amount("1.97633"));
    assert_eq!(world.ocs.xdrs().len(), 1);
}

#[test]
fn an_interim_that_was_overtaken_changes_nothing() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    world.report(70, interim("two-dollars", "c1", 5, 60));
    let before = world.balance("two-dollars");
    world.report(71, interim("two-dollars", "c1", 5, 30));
    assert_eq!(world.balance("two-dollars"), before);
    world.report(80, stop("two-dollars", "c1", 5, 71));
    assert!(world.the_xdr().notes.is_empty());
}

#[test]
fn a_stop_with_less_than_was_reported_refunds_nothing() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    world.report(70, interim("two-dollars", "c1", 5, 60));
    world.report(80, stop("two-dollars", "c1", 5, 30));
    // 60 s at 0.02 a minute.
    assert_eq!(world.the_xdr().charged_amount, amount("0.02"));
    assert!(world.the_xdr().has(Note::CounterWentBack));
}

#[test]
fn usage_without_a_grant_is_charged_and_noted() {
    let mut world = World::new();
    let unasked = UsageReport { cld: Some(DIALLED.to_owned()), ..stop("two-dollars", "c1", 5, 71) };
    world.report(80, unasked);
    assert_eq!(world.balance("two-dollars"), amount("1.97633"));
    assert_eq!(world.the_xdr().notes, [Note::WithoutGrant]);
    assert_eq!(world.the_xdr().cld.as_deref(), Some("82623634515"));
}

#[test]
fn usage_that_no_rate_fits_is_recorded_without_a_charge() {
    let mut world = World::new();
    let abroad = UsageReport { cld: Some("01133123".to_owned()), ..stop("two-dollars", "c1", 5, 71) };
    world.report(80, abroad);
    assert_eq!(world.the_xdr().notes, [Note::Unrated, Note::WithoutGrant]);
    assert_eq!((world.the_xdr().used_quantity, world.the_xdr().charged_amount), (71, Amount::ZERO));
}

#[test]
fn usage_of_nobody_becomes_one_unresolved_record() {
    let mut world = World::new();
    let unknown = UsageReport { cld: Some(DIALLED.to_owned()), ..stop("nobody", "c1", 5, 71) };
    world.report(5, start("nobody", "c1", 5));
    world.report(80, unknown.clone());
    let xdr = world.the_xdr();
    assert_eq!((xdr.account, &*xdr.account_id, xdr.used_quantity), (None, "nobody", 71));
    assert_eq!(xdr.notes, [Note::Unresolved]);
    world.report(81, unknown);
    assert!(world.made().is_empty());
}

#[test]
fn another_number_than_granted_is_charged_as_called_and_noted() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    let other = UsageReport { cld: Some("44123".to_owned()), ..stop("two-dollars", "c1", 5, 30) };
    world.report(80, other);
    assert_eq!(world.the_xdr().notes, [Note::OtherNumber]);
    assert_eq!(world.balance("two-dollars"), amount("1.70"));
}

#[test]
fn a_report_may_repeat_the_number_as_dialled_or_as_charged() {
    for said in [DIALLED, "82623634515", "+82623634515"] {
        let mut world = World::new();
        world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
        world.report(80, UsageReport { cld: Some(said.to_owned()), ..stop("two-dollars", "c1", 5, 71) });
        assert!(world.the_xdr().notes.is_empty(), "{said}");
        assert_eq!(world.balance("two-dollars"), amount("1.97633"), "{said}");
    }
}

#[test]
fn a_duration_counts_before_the_times_and_a_difference_is_noted() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    let odd = UsageReport { duration: Some(60), ..stop("two-dollars", "c1", 5, 71) };
    world.report(80, odd);
    assert_eq!(world.the_xdr().used_quantity, 60);
    assert_eq!(world.the_xdr().notes, [Note::DurationDiffers]);
    // Up to a second is nothing but rounding.
    world.grant(100, "two-dollars", "c2", DIALLED).unwrap();
    world.report(180, UsageReport { duration: Some(70), ..stop("two-dollars", "c2", 105, 71) });
    assert!(world.the_xdr().notes.is_empty());
}

#[test]
fn a_report_that_waited_tells_when_it_happened() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", DIALLED).unwrap();
    let waited =
        UsageReport { connected_at: Some(at(5)), delay: 30, ..report("two-dollars", "c1", Stage::Stop) };
    world.report(106, waited);
    // Sent 30 s late: it ended at 76, after 71 s.
    assert_eq!((world.the_xdr().used_quantity, world.the_xdr().bill_time), (71, at(76)));
}

#[test]
fn a_closed_session_is_forgotten_in_time_and_number() {
    let mut world =
        World::with(Settings { closed_kept: Duration::from_secs(100), closed_kept_max: 2, ..settings() });
    let call =
        |session: &str| UsageReport { cld: Some(DIALLED.to_owned()), ..stop("two-dollars", session, 5, 71) };
    world.report(80, call("c1"));
    world.report(80, call("c1"));
    assert_eq!(world.ocs.xdrs().len(), 1);
    world.report(180, call("c1"));
    assert_eq!(world.ocs.xdrs().len(), 2);
    // Two more push it out.
    world.report(181, call("c2"));
    world.report(182, call("c3"));
    world.report(183, call("c1"));
    assert_eq!(world.ocs.xdrs().len(), 5);
}

#[test]
fn the_clock_does_not_go_back() {
    let mut world = World::new();
    world.login(1_000, request(CARD, "c1")).unwrap();
    let earlier = AccessRequest { cld: Some(DIALLED.to_owned()), ..request(CARD, "c1") };
    world.authorize(500, earlier).unwrap();
    // The grant of 30000 s was given at 1000 and is kept for 600 s more than that.
    world.expire(31_599);
    assert_eq!(world.ocs.sessions().count(), 1);
    world.expire(31_600);
    assert_eq!(world.ocs.sessions().count(), 0);
}
