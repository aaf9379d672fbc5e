//! Quotas that are asked for again and again, how long they are held, and parts of one session.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod common;

use std::time::Duration;

use common::{CARD, DIALLED, World, amount, at, interim, report, request, start, stop};
use tollgate_ocs_core::{
    AccessRequest, Denial, Grant, Hold, Part, QuotaGrant, QuotaWish, Stage, Unit, UsageReport, Wishes,
};

fn asking(wish: QuotaWish) -> AccessRequest {
    AccessRequest {
        cld: Some(DIALLED.to_owned()),
        wishes: Wishes { quotas: vec![wish], hold: None },
        ..request(CARD, "c1")
    }
}

#[test]
fn what_is_asked_for_is_granted_and_the_rest_retained() {
    let mut world = World::new();
    // 10.00 at 0.02 a minute is 30,000 s: 600 are asked for, 29,400 are left; 600 cost 0.20.
    let wish = QuotaWish { min: Some(60), max: Some(600), ..QuotaWish::of(Unit::Second) };
    let accepted = world.authorize(0, asking(wish)).unwrap();
    assert_eq!(accepted.grant, Some(Grant::Units(600)));
    // The call may begin within 300 s, lasts 600 and has 300 of grace.
    let told = QuotaGrant {
        base: Unit::Second,
        available: Some(600),
        retained: Some(29_400),
        expires: Some(at(1_200)),
    };
    assert_eq!(accepted.quota, Some(told));
    assert_eq!(world.reserved(CARD), amount("0.20"));

    // After 600 s, 0.20 is charged, and 600 more are granted.
    world.report(5, start(CARD, "c1", 5));
    world.report(605, interim(CARD, "c1", 5, 600));
    let again = world.authorize(605, asking(wish)).unwrap().quota.unwrap();
    assert_eq!((again.available, again.retained), (Some(600), Some(28_800)));
    assert_eq!((world.balance(CARD), world.reserved(CARD)), (amount("9.80"), amount("0.20")));
    world.report(705, stop(CARD, "c1", 5, 700));
    // 700 s: 700 × 0.02 / 60 = 0.23333.
    assert_eq!((world.balance(CARD), world.reserved(CARD)), (amount("9.76667"), amount("0")));
}

#[test]
fn max_funds_bound_the_grant_and_too_little_is_refused() {
    let mut world = World::new();
    // 0.10 pays for 300 s.
    let wish = QuotaWish { max_funds: Some(amount("0.10")), ..QuotaWish::of(Unit::Second) };
    assert_eq!(world.authorize(0, asking(wish)).unwrap().quota.unwrap().available, Some(300));
    let more = QuotaWish { min: Some(301), ..wish };
    assert_eq!(world.authorize(1, asking(more)).unwrap_err(), Denial::FundsInsufficient);
    assert_eq!(world.reserved(CARD), amount("0.10"));
}

#[test]
fn a_counter_that_is_not_charged_by_is_of_no_use() {
    let mut world = World::new();
    let denied = world.authorize(0, asking(QuotaWish::of(Unit::Octet))).unwrap_err();
    assert_eq!(denied, Denial::NotAvailable);
    let both = AccessRequest {
        wishes: Wishes { quotas: vec![QuotaWish::of(Unit::Octet), QuotaWish::of(Unit::Second)], hold: None },
        ..asking(QuotaWish::of(Unit::Octet))
    };
    assert_eq!(world.authorize(0, both).unwrap().quota.unwrap().base, Unit::Second);
}

#[test]
fn what_is_reserved_is_held_as_long_as_the_request_asks() {
    let mut world = World::new();
    let hold = Hold { expires: Some(Duration::from_secs(60)), max_expires: None };
    let held = AccessRequest {
        wishes: Wishes { quotas: Vec::new(), hold: Some(hold) },
        ..asking(QuotaWish::of(Unit::Second))
    };
    world.authorize(0, held).unwrap();
    world.ocs.expire(at(59));
    assert_eq!(world.reserved(CARD), amount("10"));
    world.ocs.expire(at(60));
    assert_eq!(world.reserved(CARD), amount("0"));
}

#[test]
fn the_parts_of_a_session_are_charged_as_one_and_a_repetition_changes_nothing() {
    let mut world = World::new();
    let part = |id: &str, continues| Some(Part { id: id.to_owned(), continues });
    let told = |stage, id: &str, continues, secs| UsageReport {
        part: part(id, continues),
        duration: (stage != Stage::Start).then_some(secs),
        cld: Some(DIALLED.to_owned()),
        ..report(CARD, "c1", stage)
    };
    world.authorize(0, AccessRequest { cld: Some(DIALLED.to_owned()), ..request(CARD, "c1") }).unwrap();
    world.report(1, told(Stage::Start, "a", false, 0));
    world.report(61, told(Stage::Stop, "a", true, 60));
    assert!(world.made().is_empty());
    world.report(61, told(Stage::Start, "b", false, 0));
    world.report(91, told(Stage::Stop, "b", false, 30));
    // 60 + 30 s: 90 × 0.02 / 60 = 0.03.
    assert_eq!((world.the_xdr().used_quantity, world.the_xdr().charged_amount), (90, amount("0.03")));
    world.report(95, told(Stage::Stop, "b", false, 30));
    assert!(world.made().is_empty());
    assert_eq!(world.balance(CARD), amount("9.97"));
}

#[test]
fn a_grant_for_a_line_is_adopted_by_the_session_that_begins_there() {
    let mut world = World::new();
    let line = AccessRequest { cld: Some(DIALLED.to_owned()), ..request(CARD, "line") };
    world.authorize(0, line).unwrap();
    let own = |report: UsageReport| UsageReport { parent: Some("line".into()), ..report };
    world.report(5, own(start(CARD, "own", 5)));
    world.report(65, own(stop(CARD, "own", 5, 60)));
    let xdr = world.the_xdr();
    assert_eq!((xdr.session_id.as_str(), xdr.charged_amount), ("own", amount("0.02")));
    // It stood on its grant, and nothing of that is left.
    assert!(xdr.notes.is_empty(), "{:?}", xdr.notes);
    assert_eq!(world.reserved(CARD), amount("0"));
}
