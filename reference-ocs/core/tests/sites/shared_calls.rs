//! Calls that both sites know of, from before the outage or because the client spoke to both.

use tollgate_ocs_core::site::SiteFact;
use tollgate_ocs_core::{AccessRequest, Answer, Command, Recharge, UsageReport};

use crate::common::{amount, interim, request, start, stop};
use crate::pair::{ABC, Pair, Primary, Secondary};

const LONDON: &str = "16045550100";

fn to_london(report: UsageReport) -> UsageReport {
    UsageReport { cld: Some(LONDON.to_owned()), ..report }
}

/// A call at the primary of which two minutes are charged, and known on the other side.
fn in_progress() -> Pair {
    let mut pair = Pair::new();
    assert_eq!(pair.grant(10, Primary, ABC, "a", LONDON), Ok(1_200));
    pair.report(10, Primary, start(ABC, "a", 10));
    pair.report(130, Primary, interim(ABC, "a", 10, 120));
    pair.replicate(131, usize::MAX);
    assert_eq!(pair.balance(Secondary, ABC), amount("98.20"));
    pair
}

#[test]
fn a_call_that_was_up_is_charged_once_and_its_reservation_is_returned() {
    let mut pair = in_progress();
    pair.stand_alone(200);
    // Five minutes in all: 0.50, of which 0.20 are charged already.
    pair.report(310, Secondary, stop(ABC, "a", 10, 300));
    assert_eq!(pair.balance(Secondary, ABC), amount("98.50"));
    let adjusted: Vec<_> = pair.secondary.site().adjustments().iter().map(|own| own.amount).collect();
    assert_eq!(adjusted, [amount("0.30")]);
    pair.go_back(320);
    pair.lock(321);
    // 1.80 of the grant are reserved still, and 0.30 are locked.
    assert_eq!(pair.reserved(Primary, ABC), amount("2.10"));
    pair.transfer(322, 0);
    let xdrs = pair.xdrs();
    assert_eq!(xdrs.len(), 1);
    assert_eq!((xdrs[0].charged_amount, xdrs[0].used_quantity), (amount("0.50"), 300));
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("98.50"), amount("0")));
    // The client asks the primary again: it knows.
    pair.report(330, Primary, stop(ABC, "a", 10, 300));
    assert_eq!(pair.balance(Primary, ABC), amount("98.50"));
    pair.replicate(331, usize::MAX);
    pair.check(332);
}

#[test]
fn a_stop_that_both_sites_got_is_charged_once() {
    let mut pair = in_progress();
    pair.stand_alone(200);
    pair.report(310, Secondary, to_london(stop(ABC, "a", 10, 300)));
    pair.report(311, Primary, to_london(stop(ABC, "a", 10, 300)));
    pair.go_back(320);
    pair.lock(321);
    pair.transfer(322, 0);
    assert!(pair.xdrs().is_empty());
    assert!(matches!(&pair.facts()[..], [SiteFact::Transferred(done)] if done.known == 1 && done.complete));
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("98.50"), amount("0")));
    pair.replicate(331, usize::MAX);
    pair.check(332);
}

#[test]
fn a_call_that_goes_on_ends_at_the_primary() {
    let mut pair = Pair::new();
    pair.stand_alone(10);
    assert_eq!(pair.grant(20, Secondary, ABC, "b", LONDON), Ok(1_200));
    pair.report(20, Secondary, start(ABC, "b", 20));
    pair.report(140, Secondary, interim(ABC, "b", 20, 120));
    pair.go_back(150);
    pair.lock(151);
    // 0.20 are charged with the lock, and 1.80 reserved for what is left of the grant.
    assert!(matches!(&pair.facts()[..], [SiteFact::Locked(lock)] if lock.calls == 1 && lock.sums.is_empty()));
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("98.20"), amount("1.80")));
    pair.report(200, Primary, stop(ABC, "b", 20, 180));
    let xdrs = pair.xdrs();
    assert_eq!((xdrs.len(), xdrs[0].charged_amount), (1, amount("0.30")));
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("98.30"), amount("0")));
    pair.synchronise(210);
    pair.check(211);
}

#[test]
fn the_primary_is_lost_again_before_all_is_taken_over() {
    let mut pair = Pair::new();
    pair.stand_alone(10);
    for (place, key) in ["a", "b", "c"].into_iter().enumerate() {
        let from = 20 + 100 * place as u64;
        assert!(pair.grant(from, Secondary, ABC, key, LONDON).is_ok());
        // One minute each: 0.10.
        pair.report(from + 60, Secondary, to_london(stop(ABC, key, from, 60)));
    }
    pair.go_back(400);
    pair.lock(401);
    pair.transfer(402, 0);
    // The link is cut, and only the lock has come over.
    pair.replicate(403, 1);
    pair.stand_alone(410);
    // All three were spent: 98.30, and 17 minutes are left.
    assert_eq!(pair.balance(Secondary, ABC), amount("98.30"));
    assert_eq!(pair.grant(420, Secondary, ABC, "d", LONDON), Ok(17 * 60));
    pair.report(480, Secondary, to_london(stop(ABC, "d", 420, 60)));
    assert_eq!(pair.secondary.site().records(), 1, "what it took over itself is not new");
    pair.go_back(500);
    assert_eq!(pair.outstanding().len(), 2);
    pair.synchronise(501);
    assert_eq!((pair.balance(Primary, ABC), pair.reserved(Primary, ABC)), (amount("98.40"), amount("0")));
    assert_eq!(pair.primary.xdrs().count(), 4);
    pair.check(502);
}

fn redeem(key: &str) -> Command {
    let access: AccessRequest = request(ABC, key);
    Command::Recharge(Box::new(Recharge { access, voucher: "V-5".to_owned() }))
}

#[test]
fn a_voucher_that_was_used_at_both_sites_is_paid_in_once() {
    let mut pair = Pair::new();
    pair.stand_alone(10);
    for (site, key) in [(Secondary, "one"), (Primary, "other")] {
        assert!(matches!(pair.apply(20, site, redeem(key)), Answer::Recharged(_)));
        // 98.00 - 5.00.
        assert_eq!(pair.balance(site, ABC), amount("93.00"));
    }
    pair.go_back(30);
    pair.synchronise(31);
    assert_eq!(pair.balance(Primary, ABC), amount("93.00"));
    assert_eq!(pair.balance(Secondary, ABC), amount("93.00"));
    pair.check(32);
}
