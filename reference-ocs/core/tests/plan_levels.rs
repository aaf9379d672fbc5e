//! Plans beside what else a rate has: peak levels with counters of their own, fees, minimums and surcharges; and
//! thresholds in money.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use common::{World, amount, cad, interim, request, settings, start, stop};
use tollgate_ocs_core::plans::{DiscountSpec, Measure, Period, PlanError, PlanSpec, StepPrice, StepSpec};
use tollgate_ocs_core::{
    AccountSpec, Amount, CatalogueBuilder, CustomerSpec, Denial, Grant, Interval, Ocs, PeakLevel, PeaksSpec,
    Price, Prices, ProductSpec, RateSpec, RateTerms, RatingEntrySpec, Service, TariffSpec,
};
use tollgate_time::Zone;

const USER: &str = "user";
const CALLED: &str = "16045550193";
/// The tests begin at 08:13:20 UTC, by day; the second quarter of each hour is off-peak.
const OFF_PEAK: std::ops::Range<u64> = 100..1_000;

fn quarters() -> PeaksSpec {
    let periods = (0..7 * 24).map(|hour| tollgate_ocs_core::Period {
        begins: hour * 3_600 + 900,
        secs: 900,
        level: PeakLevel::OffPeak,
    });
    PeaksSpec {
        zone: Zone::utc(),
        periods: periods.collect(),
        holidays: Vec::new(),
        holiday_level: PeakLevel::Peak,
    }
}

fn discount(level: Option<PeakLevel>, steps: &[(Option<u64>, StepPrice)]) -> DiscountSpec {
    let steps = steps.iter().map(|&(up_to, price)| StepSpec { up_to, price, policy: None });
    DiscountSpec {
        service: Service::Voice,
        destinations: Vec::new(),
        level,
        measure: Measure::Units,
        period: Period::Never,
        offset: 0,
        rollover_max: 0,
        steps: steps.collect(),
    }
}

fn free(level: Option<PeakLevel>, secs: u64) -> DiscountSpec {
    discount(level, &[(Some(secs), StepPrice::Free)])
}

/// By day 0.06 a minute by the second, off-peak half of it: a second costs 0.001 or 0.0005.
fn by_level() -> RateSpec {
    let half = Interval { units: 1, price: "0.03".parse().unwrap() };
    let terms = RateTerms { off_peak: Some(Prices { first: half, next: half }), ..RateTerms::default() };
    RateSpec { terms, ..RateSpec::simple("1604", "0.06".parse().unwrap()) }
}

/// One debit account with that balance, one rate, and one plan with these discounts.
fn world(balance: &str, rate: RateSpec, discounts: Vec<DiscountSpec>) -> World {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let spec = TariffSpec { name: "Voice".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(spec).unwrap();
    build.peaks(tariff, quarters()).unwrap();
    build.rate(tariff, rate).unwrap();
    let product =
        ProductSpec { name: "Line".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("Users", cad())).unwrap();
    build.account(AccountSpec::debit(USER, cad(), amount(balance), product, customer)).unwrap();
    let plan = build.plans().add(PlanSpec { name: "Plan".to_owned(), discounts }).unwrap();
    build.plans().give_product(product, plan);
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

#[test]
fn each_level_has_its_own_threshold() {
    let discounts = vec![free(Some(PeakLevel::Peak), 50), free(Some(PeakLevel::OffPeak), 200)];
    let mut world = world("0.10", by_level(), discounts);
    // By day 50 s free and 50 s for 0.05; from then on 200 s free and 100 s for 0.05: the money is used up.
    assert_eq!(world.grant(0, USER, "c1", CALLED), Ok(Grant::Units(400)));
    assert_eq!(world.reserved(USER), amount("0.10"));
    world.report(0, start(USER, "c1", 0));
    world.report(60, interim(USER, "c1", 0, 60));
    // 10 s beyond the quota of the day.
    assert_eq!(world.balance(USER), amount("0.09"));
    world.report(250, interim(USER, "c1", 0, 250));
    assert_eq!(world.balance(USER), amount("0.05"));
    world.report(400, stop(USER, "c1", 0, 400));
    assert_eq!(world.balance(USER), Amount::ZERO);
    assert_eq!(
        world.the_xdr().history,
        "400s: 50s free by 'Plan' + 50s @ 0.06/min + 200s free by 'Plan' + 100s @ 0.03/min = 0.10000"
    );
}

#[test]
fn usage_of_another_level_is_not_counted() {
    let mut world = world("1.00", by_level(), vec![free(Some(PeakLevel::OffPeak), 100)]);
    world.grant(0, USER, "c1", CALLED).unwrap();
    world.report(150, stop(USER, "c1", 0, 150));
    // 100 s by day cost 0.10; 50 s off-peak are free.
    assert_eq!(world.balance(USER), amount("0.90"));
    world.grant(200, USER, "c2", CALLED).unwrap();
    world.report(300, stop(USER, "c2", 200, 100));
    // 50 s of the quota were left; 50 s cost 0.025.
    assert_eq!(world.balance(USER), amount("0.875"));
}

#[test]
fn behind_a_level_of_its_own_the_next_discount_of_a_plan_counts_the_rest() {
    let discounts =
        vec![free(Some(PeakLevel::OffPeak), 20), discount(None, &[(None, StepPrice::Off(5_000))])];
    let mut world = world("1.00", by_level(), discounts);
    world.grant(0, USER, "c1", CALLED).unwrap();
    world.report(150, stop(USER, "c1", 0, 150));
    // By day 100 s at half of 0.001: 0.05. Off-peak 20 s are free, and 30 s cost 0.0005 as without the plan: 0.015.
    assert_eq!(world.balance(USER), amount("0.935"));
}

#[test]
fn a_call_that_is_answered_at_another_level_uses_that_levels_quota() {
    let mut world = world("1.00", by_level(), vec![free(Some(PeakLevel::OffPeak), 100)]);
    // Granted 10 s before the evening, answered 5 s after it began.
    world.grant(OFF_PEAK.start - 10, USER, "c1", CALLED).unwrap();
    world.report(OFF_PEAK.start + 5, start(USER, "c1", OFF_PEAK.start + 5));
    world.report(OFF_PEAK.start + 65, stop(USER, "c1", OFF_PEAK.start + 5, 60));
    assert_eq!(world.balance(USER), amount("1.00"));
    // 40 s of the quota are left: 10 s cost 0.005.
    world.grant(300, USER, "c2", CALLED).unwrap();
    world.report(350, stop(USER, "c2", 300, 50));
    assert_eq!(world.balance(USER), amount("0.995"));
}

#[test]
fn who_has_no_money_is_let_in_at_the_level_that_is_free() {
    let mut world = world("0", by_level(), vec![free(Some(PeakLevel::OffPeak), 2_000)]);
    assert_eq!(world.grant(0, USER, "c1", CALLED), Err(Denial::ZeroBalance));
    // A login says nothing of when it will call.
    assert!(world.login(0, request(USER, "c1")).is_ok());
    // Until the quarter is over.
    assert_eq!(world.grant(200, USER, "c1", CALLED), Ok(Grant::Units(OFF_PEAK.end - 200)));
}

/// 0.06 a minute by the second, 0.05 to connect, at least 0.20 in all, and 10 % of everything on top.
fn with_terms() -> RateSpec {
    let terms = RateTerms { minimum_amount: amount("0.20"), surcharge: 10_000, ..RateTerms::default() };
    RateSpec { connect_fee: amount("0.05"), terms, ..RateSpec::simple("1604", "0.06".parse().unwrap()) }
}

#[test]
fn a_minimum_and_a_surcharge_are_of_what_the_plan_leaves() {
    let mut world = world("10.00", with_terms(), vec![free(None, 100)]);
    world.grant(0, USER, "c1", CALLED).unwrap();
    world.report(130, stop(USER, "c1", 0, 130));
    // 30 s cost 0.03, with the connect fee 0.08; at least 0.20, and 10 % of that: 0.22.
    let xdr = world.the_xdr();
    assert_eq!(
        (xdr.charged_amount, xdr.history.as_str()),
        (
            amount("0.22"),
            "130s: connect fee 0.05000 + 100s free by 'Plan' + 30s @ 0.06/min, at least 0.20000, plus 10% = 0.22000"
        )
    );
}

#[test]
fn what_a_plan_gives_for_nothing_has_no_minimum() {
    let mut world = world("10.00", with_terms(), vec![free(None, 100)]);
    world.grant(0, USER, "c1", CALLED).unwrap();
    world.report(60, stop(USER, "c1", 0, 60));
    // The connect fee and 10 % of it.
    let xdr = world.the_xdr();
    assert_eq!(
        (xdr.charged_amount, xdr.history.as_str()),
        (amount("0.055"), "60s: connect fee 0.05000 + 60s free by 'Plan', plus 10% = 0.05500")
    );
}

#[test]
fn a_grant_pays_fee_minimum_and_surcharge_beside_the_quota() {
    // Beyond the 100 s: at least 0.20 and 10 % make 0.22. That is the connect fee and 150 s; 1 s more costs 0.0011.
    let mut world = world("0.2222", with_terms(), vec![free(None, 100)]);
    assert_eq!(world.grant(0, USER, "c1", CALLED), Ok(Grant::Units(252)));
    assert_eq!(world.reserved(USER), amount("0.2222"));
    world.report(252, stop(USER, "c1", 0, 252));
    // 152 s cost 0.152, with the fee 0.202, with 10 % of it 0.2222.
    assert_eq!(world.balance(USER), Amount::ZERO);
    // The fee with its 10 % is 0.055, the minimum 0.22: between them only the quota can be had.
    let mut world = self::world("0.06", with_terms(), vec![free(None, 100)]);
    assert_eq!(world.grant(0, USER, "c1", CALLED), Ok(Grant::Units(100)));
    let mut world = self::world("0.05", with_terms(), vec![free(None, 100)]);
    assert_eq!(world.grant(0, USER, "c1", CALLED), Err(Denial::InsufficientBalance));
}

#[test]
fn a_minimum_of_seconds_is_counted_by_the_plan_too() {
    let terms = RateTerms { minimum_units: 60, ..RateTerms::default() };
    let rate = RateSpec { terms, ..RateSpec::simple("1604", "0.06".parse().unwrap()) };
    let mut world = world("1.00", rate, vec![free(None, 100)]);
    for (call, left) in [("c1", "1.00"), ("c2", "0.98")] {
        world.grant(0, USER, call, CALLED).unwrap();
        world.report(20, stop(USER, call, 0, 20));
        // 20 s count as 60: of the second 60, 40 are free and 20 cost 0.02.
        assert_eq!(world.balance(USER), amount(left));
    }
}

fn by_second(price: &str) -> RateSpec {
    RateSpec::simple("1604", price.parse().unwrap())
}

/// Thresholds in 10⁻⁵ of money spent.
fn spent(steps: &[(Option<u64>, StepPrice)]) -> DiscountSpec {
    DiscountSpec { measure: Measure::Money, ..discount(None, steps) }
}

#[test]
fn a_discount_begins_when_its_sum_is_spent() {
    let steps = [(Some(10_000), StepPrice::Full), (Some(15_000), StepPrice::Off(5_000))];
    let mut world = world("10.00", by_second("0.06"), vec![spent(&steps)]);
    world.grant(0, USER, "c1", CALLED).unwrap();
    for secs in [30, 130, 299] {
        world.report(secs, interim(USER, "c1", 0, secs));
    }
    world.report(300, stop(USER, "c1", 0, 300));
    // 100 s at 0.001 are 0.10; then half of it until 0.15 are spent, which is 100 s for 0.05; the rest is at full price.
    assert_eq!(
        world.the_xdr().history,
        "300s: 100s @ 0.06/min + 100s @ 0.06/min less 50% by 'Plan' + 100s @ 0.06/min = 0.25000"
    );
    assert_eq!(world.balance(USER), amount("9.75"));
}

#[test]
fn sessions_share_what_is_spent_and_a_grant_goes_as_far_as_money_does() {
    let steps = [(Some(10_000), StepPrice::Full), (None, StepPrice::Off(5_000))];
    let mut world = world("0.15", by_second("0.06"), vec![spent(&steps)]);
    // 100 s for 0.10 and 100 s for 0.05.
    assert_eq!(world.grant(0, USER, "c1", CALLED), Ok(Grant::Units(200)));
    world.report(60, stop(USER, "c1", 0, 60));
    // 0.06 are spent: 40 s for 0.04 more at full price, and 100 s for 0.05.
    assert_eq!(world.grant(61, USER, "c2", CALLED), Ok(Grant::Units(140)));
    world.report(130, stop(USER, "c2", 61, 60));
    // 40 s for 0.04 and 20 s for 0.01.
    assert_eq!(world.balance(USER), amount("0.04"));
}

#[test]
fn a_sum_of_thirds_is_reached_on_the_second_whatever_the_reports() {
    // 0.02 a minute: thirty seconds are exactly 0.01.
    let steps = [(Some(1_000), StepPrice::Full), (None, StepPrice::Free)];
    for reports in [&[][..], &[29, 30, 31], &[1, 2, 7, 11]] {
        let mut world = world("1.00", by_second("0.02"), vec![spent(&steps)]);
        world.grant(0, USER, "c1", CALLED).unwrap();
        for &secs in reports {
            world.report(secs, interim(USER, "c1", 0, secs));
        }
        world.report(45, stop(USER, "c1", 0, 45));
        assert_eq!(world.the_xdr().history, "45s: 30s @ 0.02/min + 15s free by 'Plan' = 0.01000");
    }
}

#[test]
fn a_sum_that_is_never_spent_is_refused() {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    for price in [StepPrice::Free, StepPrice::Off(10_000), StepPrice::Fixed(Price::ZERO)] {
        let discounts = vec![spent(&[(Some(1_000), price)])];
        let plan = PlanSpec { name: "Plan".to_owned(), discounts };
        assert!(matches!(build.plans().add(plan), Err(PlanError::NeverSpent { .. })));
    }
}
