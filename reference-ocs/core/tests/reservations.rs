//! What a grant reserves, how sessions share it, and what becomes of it when nothing more is heard.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{CARD, DIALLED, World, amount, at, interim, report, request, settings, start, stop};
use tollgate_ocs_core::{
    Admin, Amount, Answer, ClosedBy, Denial, Effect, Grant, Note, Settings, Stage, UsageReport, UsageState,
};

/// Dialled, at 0.10 a minute by the minute.
const LOCAL: &str = "5550193";

fn closed(world: &World) -> Vec<(ClosedBy, Amount, tollgate_time::Instant)> {
    let closed = world.effects.iter().filter_map(|effect| match effect {
        Effect::Closed(closed) => Some((closed.by, closed.returned, closed.at)),
        _ => None,
    });
    closed.collect()
}

#[test]
fn a_grant_reserves_its_price() {
    let mut world = World::new();
    // 2.00 pay for 336 s after the first 30: 0.30 + 56 × 0.03 = 1.98.
    world.grant(0, "two-dollars", "c1", "01144123").unwrap();
    let account = world.ocs.account("two-dollars").unwrap();
    assert_eq!((account.reserved(), account.available()), (amount("1.98"), Some(amount("0.02"))));
    // Funds are told without regard to reservations.
    assert_eq!(account.funds(), Some(amount("2.00")));
}

#[test]
fn sessions_of_an_account_share_what_is_available() {
    let mut world = World::with(Settings { grant_secs_max: Some(600), ..settings() });
    // Each is given ten minutes for 1.00, until nothing is left.
    assert_eq!(world.grant(0, "two-dollars", "c1", LOCAL), Ok(Grant::Units(600)));
    assert_eq!(world.grant(0, "two-dollars", "c2", LOCAL), Ok(Grant::Units(600)));
    assert_eq!(world.grant(0, "two-dollars", "c3", LOCAL), Err(Denial::FundsLocked));
    world.report(100, stop("two-dollars", "c1", 5, 60));
    // 1.00 − 0.10 came back: nine minutes.
    assert_eq!(world.grant(101, "two-dollars", "c3", LOCAL), Ok(Grant::Units(540)));
}

#[test]
fn a_quantum_is_cut_to_whole_intervals() {
    let mut world = World::with(Settings { grant_secs_max: Some(90), ..settings() });
    assert_eq!(world.grant(0, "two-dollars", "c1", LOCAL), Ok(Grant::Units(60)));
    assert_eq!(world.reserved("two-dollars"), amount("0.10"));
    // It does not end what has no end.
    assert_eq!(world.grant(0, "office", "c2", LOCAL), Ok(Grant::Unlimited));
}

#[test]
fn a_call_in_progress_is_extended() {
    let mut world = World::with(Settings { grant_secs_max: Some(600), ..settings() });
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(5, start("two-dollars", "c1", 5));
    world.report(305, interim("two-dollars", "c1", 5, 300));
    assert_eq!(
        (world.balance("two-dollars"), world.reserved("two-dollars")),
        (amount("1.50"), amount("0.50"))
    );
    // 600 s from the 300 s that were reported: 900 s in all, of which five minutes are paid.
    assert_eq!(world.grant(306, "two-dollars", "c1", LOCAL), Ok(Grant::Units(600)));
    assert_eq!(world.reserved("two-dollars"), amount("1.00"));
    let usage = world.ocs.sessions().next().unwrap();
    assert_eq!((usage.granted, usage.used, usage.state), (Some(Grant::Units(900)), 300, UsageState::Active));
    world.report(905, stop("two-dollars", "c1", 5, 900));
    assert_eq!(world.balance("two-dollars"), amount("0.50"));
    assert!(world.the_xdr().notes.is_empty());
}

#[test]
fn a_grant_that_is_not_used_is_returned() {
    let mut world = World::new();
    world.grant(0, CARD, "c1", DIALLED).unwrap();
    // It may begin within 300 s, last 30000 s, and its Stop be 300 s late.
    assert_eq!(world.ocs.next_deadline(), Some(at(30_600)));
    world.expire(30_599);
    assert_eq!(world.reserved(CARD), amount("10.00"));
    world.expire(30_700);
    assert_eq!(world.reserved(CARD), Amount::ZERO);
    assert_eq!(closed(&world), [(ClosedBy::GrantExpired, amount("10.00"), at(30_600))]);
    assert!(world.made().is_empty());
    assert_eq!(world.ocs.next_deadline(), None);
}

#[test]
fn a_long_call_whose_start_was_lost_keeps_its_money() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    assert_eq!(world.grant(1_400, "two-dollars", "c2", LOCAL), Err(Denial::FundsLocked));
    world.report(1_450, stop("two-dollars", "c1", 250, 1_200));
    assert_eq!(world.balance("two-dollars"), Amount::ZERO);
    assert!(world.the_xdr().notes.is_empty());
}

#[test]
fn any_command_first_expires_what_is_due() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    // 300 + 1200 + 300.
    assert_eq!(world.grant(1_799, "two-dollars", "c2", LOCAL), Err(Denial::FundsLocked));
    assert_eq!(world.grant(1_800, "two-dollars", "c2", LOCAL), Ok(Grant::Units(1_200)));
}

#[test]
fn usage_without_a_stop_is_closed_at_what_was_reported() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(5, start("two-dollars", "c1", 5));
    world.report(125, interim("two-dollars", "c1", 5, 120));
    // Connected at 5, granted 1200 s, waited for 300 s more.
    world.expire(1_504);
    assert!(world.made().is_empty());
    world.expire(1_505);
    let xdr = world.the_xdr();
    assert_eq!((xdr.charged_amount, xdr.used_quantity, xdr.bill_time), (amount("0.20"), 120, at(125)));
    assert_eq!(xdr.notes, [Note::NoStop]);
    assert_eq!(closed(&world), [(ClosedBy::GrantExpired, amount("1.80"), at(1_505))]);
    assert_eq!((world.balance("two-dollars"), world.reserved("two-dollars")), (amount("1.80"), Amount::ZERO));
}

#[test]
fn a_stop_after_that_is_charged_with_the_rest() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(5, start("two-dollars", "c1", 5));
    world.report(125, interim("two-dollars", "c1", 5, 120));
    world.expire(1_505);
    world.report(1_600, stop("two-dollars", "c1", 5, 600));
    let xdr = world.the_xdr();
    // Ten minutes cost 1.00; 0.20 of it and 120 s stand on the first record.
    assert_eq!((xdr.charged_amount, xdr.used_quantity, xdr.charged_quantity), (amount("0.80"), 480, 480));
    assert_eq!(xdr.split_order, Some(2));
    assert_eq!(xdr.notes, [Note::AfterExpiry]);
    assert_eq!(xdr.history, "600s: 10 x 60s @ 0.10/min = 1.00000, 0.20000 of it charged before");
    assert_eq!(world.balance("two-dollars"), amount("1.00"));
    world.report(1_601, stop("two-dollars", "c1", 5, 600));
    assert_eq!(world.effects.len(), 1);
}

#[test]
fn a_late_stop_is_charged_even_when_the_money_is_gone() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.grant(1_900, "two-dollars", "c2", LOCAL).unwrap();
    world.report(3_200, stop("two-dollars", "c2", 2_000, 1_200));
    assert_eq!(world.balance("two-dollars"), Amount::ZERO);
    world.report(3_300, stop("two-dollars", "c1", 5, 60));
    assert_eq!(world.balance("two-dollars"), amount("-0.10"));
    assert_eq!(world.the_xdr().notes, [Note::AfterExpiry, Note::Overdraft]);
    assert_eq!(world.login(3_400, request("two-dollars", "c3")).unwrap_err(), Denial::ZeroBalance);
}

#[test]
fn usage_beyond_the_grant_is_charged_and_noted() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(1_300, stop("two-dollars", "c1", 5, 1_201));
    // The twenty-first minute: 2.10 of 2.00.
    assert_eq!(world.balance("two-dollars"), amount("-0.10"));
    assert_eq!(world.the_xdr().notes, [Note::BeyondGrant, Note::Overdraft]);
}

#[test]
fn a_top_up_during_a_call_is_there_for_the_next_grant() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(5, start("two-dollars", "c1", 5));
    world.admin(10, Admin::TopUp { account: "two-dollars".to_owned(), amount: amount("1.00") });
    // 3.00 pay for thirty minutes from the beginning, of which none was reported.
    assert_eq!(world.grant(20, "two-dollars", "c1", LOCAL), Ok(Grant::Units(1_800)));
    assert_eq!(world.reserved("two-dollars"), amount("3.00"));
}

#[test]
fn a_start_after_the_grant_expired_is_waited_for_again() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(1_900, start("two-dollars", "c1", 1_895));
    assert_eq!(world.ocs.sessions().count(), 1);
    world.report(2_000, stop("two-dollars", "c1", 1_895, 60));
    assert_eq!(world.the_xdr().notes, [Note::AfterExpiry]);
    assert_eq!(world.balance("two-dollars"), amount("1.90"));
}

#[test]
fn a_start_alone_is_closed_with_a_record_of_nothing() {
    let mut world = World::new();
    world.grant(0, "two-dollars", "c1", LOCAL).unwrap();
    world.report(5, report("two-dollars", "c1", Stage::Start));
    world.expire(100_000);
    let xdr = world.the_xdr();
    assert!(xdr.failed);
    assert_eq!((xdr.charged_amount, xdr.notes.as_slice()), (Amount::ZERO, [Note::NoStop].as_slice()));
    assert_eq!(world.reserved("two-dollars"), Amount::ZERO);
}

#[test]
fn when_expiry_is_looked_for_does_not_matter() {
    let run = |looks: &[u64]| {
        let mut world = World::new();
        world.login(0, request(CARD, "c1")).unwrap();
        world.grant(0, CARD, "c1", DIALLED).unwrap();
        world.grant(0, "two-dollars", "c2", LOCAL).unwrap();
        world.report(5, start("two-dollars", "c2", 5));
        for &look in looks {
            world.expire(look);
        }
        world.expire(200_000);
        world.ocs.dump()
    };
    assert_eq!(run(&[]), run(&[300, 1_505, 3_600, 3_601, 30_600, 50_000]));
}

#[test]
fn charges_of_other_services_follow_the_same_rules() {
    use tollgate_ocs_core::{
        AccessRequest, AccountSpec, CatalogueBuilder, CustomerSpec, Interval, Ocs, ProductSpec, RateSpec,
        RatingEntrySpec, Service, TariffSpec,
    };
    let settings = Settings { grant_octets_max: Some(2 << 20), ..settings() };
    let mut build = CatalogueBuilder::new(settings).unwrap();
    let cad = common::cad();
    let tariff =
        build.tariff(TariffSpec { name: "Data".to_owned(), currency: cad, service: Service::Data }).unwrap();
    let interval = Interval { units: 1 << 20, price: "0.10".parse().unwrap() };
    let rate = RateSpec { first: interval, next: interval, ..RateSpec::simple("DATA", interval.price) };
    build.rate(tariff, rate).unwrap();
    let product =
        ProductSpec { name: "Data".to_owned(), currency: cad, breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Data, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("Users", cad)).unwrap();
    build.account(AccountSpec::debit("user", cad, amount("1.00"), product, customer)).unwrap();
    let mut world = World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() };

    let ask = AccessRequest { service: Service::Data, ..request("user", "c1") };
    assert_eq!(world.authorize(0, ask).unwrap().grant, Some(Grant::Units(2 << 20)));
    let used = |stage, octets_in, octets_out| UsageReport {
        service: Service::Data,
        octets_in: Some(octets_in),
        octets_out: Some(octets_out),
        ..report("user", "c1", stage)
    };
    world.report(1, used(Stage::Start, 0, 0));
    world.report(2, used(Stage::Interim, 1 << 19, 1 << 19));
    assert_eq!(world.balance("user"), amount("0.90"));
    world.report(3, used(Stage::Stop, 1 << 20, 1));
    // One octet into the second MiB.
    assert_eq!(world.balance("user"), amount("0.80"));
    assert_eq!(world.the_xdr().history, "1048577B: 2 x 1048576B @ 0.10/MiB = 0.20000");
}

#[test]
fn a_correction_takes_no_money_that_is_reserved() {
    let mut world = World::new();
    // 20 minutes at 0.10 reserve all of 2.00.
    assert_eq!(world.grant(0, "two-dollars", "c1", LOCAL), Ok(Grant::Units(1_200)));
    let take = |sum: &str| Admin::Adjust { account: "two-dollars".to_owned(), amount: amount(sum) };
    assert!(matches!(world.admin(1, take("-0.01")), Answer::Refused(_)));
    world.report(700, stop("two-dollars", "c1", 0, 600));
    // Ten minutes cost 1.00, and what is left is free: all of it may be taken, and no more.
    assert!(matches!(world.admin(701, take("-1.00001")), Answer::Refused(_)));
    assert_eq!(world.admin(701, take("-1.00")), Answer::Recorded);
    assert_eq!(world.balance("two-dollars"), Amount::ZERO);
}
