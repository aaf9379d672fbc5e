//! Whole calls and sessions on rates with peak levels, dates and surcharges, and of services by volume and by piece.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on is a test that fails")]

mod common;

use common::{World, amount, cad, interim, report, request, settings, start, stop};
use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};
use tollgate_ocs_core::{
    AccessRequest, AccountSpec, Amount, CatalogueBuilder, CatalogueError, CustomerSpec, Denial, Grant,
    Interval, Ocs, PeakLevel, PeaksSpec, Period, Prices, ProductSpec, RateSpec, RateTerms, RatingEntrySpec,
    Service, Stage, TariffSpec, UsageReport,
};
use tollgate_time::{Instant, Zone};

/// A level every quarter of an hour: peak, off-peak, peak, second off-peak.
fn quarters() -> PeaksSpec {
    let periods = (0..7 * 24 * 2).map(|half_hour| Period {
        begins: half_hour * 1_800 + 900,
        secs: 900,
        level: if half_hour % 2 == 0 { PeakLevel::OffPeak } else { PeakLevel::SecondOffPeak },
    });
    PeaksSpec {
        zone: Zone::utc(),
        periods: periods.collect(),
        holidays: Vec::new(),
        holiday_level: PeakLevel::Peak,
    }
}

fn prices(units: u64, price: &str) -> Prices {
    let interval = Interval { units, price: price.parse().unwrap() };
    Prices { first: interval, next: interval }
}

fn spec(pattern: &str, of: Prices, terms: RateTerms) -> RateSpec {
    RateSpec { first: of.first, next: of.next, terms, ..RateSpec::simple(pattern, of.first.price) }
}

/// A system with one debit account, `user`, and one tariff for the service.
fn world(service: Service, peaks: Option<PeaksSpec>, rates: Vec<RateSpec>, balance: &str) -> World {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let tariff = TariffSpec { name: "Tariff".to_owned(), currency: cad(), service };
    let tariff = build.tariff(tariff).unwrap();
    if let Some(peaks) = peaks {
        build.peaks(tariff, peaks).unwrap();
    }
    for rate in rates {
        build.rate(tariff, rate).unwrap();
    }
    let product =
        ProductSpec { name: "Product".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    build.rating_entry(product, RatingEntrySpec { access_code: None, service, leg: None, tariff }).unwrap();
    let customer = build.customer(CustomerSpec::new("Users", cad())).unwrap();
    build.account(AccountSpec::debit("user", cad(), amount(balance), product, customer)).unwrap();
    World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() }
}

fn levels() -> Vec<RateSpec> {
    let terms = RateTerms {
        off_peak: Some(prices(30, "0.0331")),
        second_off_peak: Some(prices(7, "0.0107")),
        surcharge: 2_500,
        ..RateTerms::default()
    };
    vec![spec("82", prices(60, "0.1003"), terms)]
}

/// Seconds, by the test's clock, until the next full hour.
fn to_the_hour() -> u64 {
    3_600 - common::at(0).unix_secs() % 3_600
}

#[test]
fn a_call_over_a_change_is_one_record_with_both_parts() {
    let terms = RateTerms { off_peak: Some(prices(60, "0.05")), ..RateTerms::default() };
    let mut world =
        world(Service::Voice, Some(quarters()), vec![spec("82", prices(60, "0.10"), terms)], "10");
    // Connected 90 s before the quarter: minutes begin 90 and 30 s before it, then 30 s after it.
    let from = to_the_hour() + 900 - 90;
    world.grant(from, "user", "c1", "82623634515").unwrap();
    world.report(from, start("user", "c1", from));
    world.report(from + 121, stop("user", "c1", from, 121));
    let xdr = world.the_xdr();
    assert_eq!(xdr.history, "121s: 2 x 60s @ 0.10/min peak + 1 x 60s @ 0.05/min off-peak = 0.25000");
    assert_eq!((xdr.charged_amount, xdr.charged_quantity, xdr.peak_level), (amount("0.25"), 180, Some(0)));
    assert_eq!(world.balance("user"), amount("9.75"));
}

#[test]
fn a_call_keeps_the_rate_that_was_in_force_when_it_began() {
    let dated = |from: Option<Instant>, price: &str, discontinued| {
        let terms = RateTerms { effective_from: from, discontinued, ..RateTerms::default() };
        spec("82", prices(60, price), terms)
    };
    let rates = vec![
        // In no order of their dates.
        dated(Some(common::at(2_000)), "0.30", true),
        dated(None, "0.10", false),
        dated(Some(common::at(1_000)), "0.20", false),
    ];
    let mut world = world(Service::Voice, None, rates, "10");
    world.grant(900, "user", "c1", "82623634515").unwrap();
    world.report(900, start("user", "c1", 900));
    // Extended after the change: it is the same call.
    world.grant(1_100, "user", "c1", "82623634515").unwrap();
    world.report(1_200, stop("user", "c1", 900, 300));
    // Five minutes at 0.10.
    assert_eq!(world.the_xdr().charged_amount, amount("0.50"));
    assert_eq!(world.reserved("user"), Amount::ZERO);
    world.grant(1_300, "user", "c2", "82623634515").unwrap();
    world.report(1_400, stop("user", "c2", 1_300, 60));
    assert_eq!(world.the_xdr().charged_amount, amount("0.20"));
    // Reported late, but begun before the change.
    world.report(1_500, stop_to("user", "c3", 999, 60));
    assert_eq!(world.the_xdr().charged_amount, amount("0.10"));
    // From then on there is no rate.
    assert_eq!(world.grant(2_000, "user", "c4", "82623634515"), Err(Denial::CldBlocked));
}

fn stop_to(account: &str, session: &str, from: u64, secs: u64) -> UsageReport {
    UsageReport { cld: Some("82623634515".to_owned()), ..stop(account, session, from, secs) }
}

#[test]
fn internet_access_is_charged_by_octets_at_the_level_in_which_it_began() {
    let terms = RateTerms { off_peak: Some(prices(1 << 20, "0.01")), ..RateTerms::default() };
    let rate = spec("NETACCESS", prices(1 << 20, "0.10"), terms);
    let mut world = world(Service::NetAccess, Some(quarters()), vec![rate], "1.00");
    let from = to_the_hour() + 60;
    let ask = AccessRequest { service: Service::NetAccess, ..request("user", "c1") };
    // 1.00 at 0.10 a MiB.
    assert_eq!(world.authorize(from, ask).unwrap().grant, Some(Grant::Units(10 << 20)));
    let used = |stage, octets| UsageReport {
        service: Service::NetAccess,
        octets_in: Some(octets),
        octets_out: Some(0),
        ..report("user", "c1", stage)
    };
    world.report(from, used(Stage::Start, 0));
    world.report(from + 60, used(Stage::Interim, 1 << 20));
    // Off-peak by now, but it began at the peak.
    world.report(from + 1_000, used(Stage::Stop, (3 << 20) + 1));
    let xdr = world.the_xdr();
    assert_eq!((xdr.charged_amount, xdr.peak_level), (amount("0.40"), Some(0)));
    assert_eq!(world.balance("user"), amount("0.60"));
}

#[test]
fn messages_are_charged_by_the_piece() {
    let rate = spec("82", prices(1, "0.07"), RateTerms { surcharge: 10_000, ..RateTerms::default() });
    let mut world = world(Service::Msg, None, vec![rate], "1.00");
    let sent = UsageReport {
        service: Service::Msg,
        cld: Some("82623634515".to_owned()),
        quantity: Some(3),
        ..report("user", "m1", Stage::Stop)
    };
    world.report(1, sent);
    // 3 × 0.07 × 1.1.
    assert_eq!(world.the_xdr().charged_amount, amount("0.231"));
    assert_eq!(world.the_xdr().history, "3: 3 x 1 @ 0.07, plus 10% = 0.23100");
}

#[test]
fn off_peak_prices_need_periods_that_come_before_the_rates() {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let tariff = TariffSpec { name: "Flat".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    let rate = levels().pop().unwrap();
    let error = build.rate(tariff, rate).unwrap_err();
    assert!(matches!(error, CatalogueError::PricesWithoutPeriods { .. }), "{error}");
    build.rate(tariff, RateSpec::simple("1", "0.10".parse().unwrap())).unwrap();
    let error = build.peaks(tariff, quarters()).unwrap_err();
    assert!(matches!(error, CatalogueError::PeaksAfterRates { .. }), "{error}");
}

#[test]
fn one_pattern_has_one_rate_from_one_moment() {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let tariff = TariffSpec { name: "Dates".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    let terms = |secs| RateTerms { effective_from: Some(common::at(secs)), ..RateTerms::default() };
    for (pattern, secs) in [("82", 1), ("82", 2), ("FREE", 1), ("FREE", 2)] {
        build.rate(tariff, spec(pattern, prices(1, "0.10"), terms(secs))).unwrap();
    }
    let error = build.rate(tariff, spec("FREE", prices(1, "0.10"), terms(1))).unwrap_err();
    assert_eq!(error.to_string(), "tariff 'Dates' has two rates for 'FREE'");
    build.rate(tariff, spec("82", prices(1, "0.10"), terms(2))).unwrap();
    let wrong = build.finish().unwrap_err().to_string();
    assert!(wrong.ends_with("]: tariff 'Dates' has two rates for '82'"), "{wrong}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn reports_in_parts_cost_what_one_report_costs(
        from in 0..4_000_u64,
        parts in proptest::collection::vec(1..700_u64, 1..12),
        connect_is_told in proptest::bool::ANY,
    ) {
        let told = |mut report: UsageReport| {
            if !connect_is_told {
                report.connected_at = None;
                report.disconnected_at = None;
            }
            report
        };
        let whole: u64 = parts.iter().sum();
        let run = |parts: &[u64]| {
            let mut world = world(Service::Voice, Some(quarters()), levels(), "1000");
            world.grant(from, "user", "c1", "82623634515").unwrap();
            world.report(from, told(start("user", "c1", from)));
            let mut so_far = 0;
            for part in parts {
                so_far += part;
                world.report(from + so_far, told(interim("user", "c1", from, so_far)));
            }
            world.report(from + whole, told(stop("user", "c1", from, whole)));
            assert_eq!(world.reserved("user"), Amount::ZERO);
            world.balance("user")
        };
        prop_assert_eq!(run(&parts), run(&[]));
    }
}

#[test]
fn a_product_may_ask_for_a_record_of_each_level() {
    let mut build = CatalogueBuilder::new(settings()).unwrap();
    let tariff = TariffSpec { name: "Tariff".to_owned(), currency: cad(), service: Service::Voice };
    let tariff = build.tariff(tariff).unwrap();
    build.peaks(tariff, quarters()).unwrap();
    let terms = RateTerms {
        off_peak: Some(prices(60, "0.05")),
        minimum_amount: amount("0.22"),
        ..RateTerms::default()
    };
    let rate = RateSpec { connect_fee: amount("0.01"), ..spec("82", prices(60, "0.10"), terms) };
    build.rate(tariff, rate).unwrap();
    let product =
        ProductSpec { name: "Split".to_owned(), currency: cad(), breakage: Amount::ZERO, language: None };
    let product = build.product(product).unwrap();
    build.split_by_level(product).unwrap();
    let entry = RatingEntrySpec { access_code: None, service: Service::Voice, leg: None, tariff };
    build.rating_entry(product, entry).unwrap();
    let customer = build.customer(CustomerSpec::new("Users", cad())).unwrap();
    build.account(AccountSpec::debit("user", cad(), amount("10"), product, customer)).unwrap();
    let mut world = World { ocs: Ocs::new(build.finish().unwrap()), effects: Vec::new() };

    // 90 s before the quarter: two minutes of the peak, begun 90 and 30 s before it, then two of 0.05.
    let from = to_the_hour() + 900 - 90;
    world.grant(from, "user", "c1", "82623634515").unwrap();
    world.report(from, start("user", "c1", from));
    world.report(from + 181, stop("user", "c1", from, 181));
    let made = world.made();
    let shown: Vec<_> = made
        .iter()
        .map(|xdr| {
            (xdr.split_order, xdr.peak_level, xdr.used_quantity, xdr.charged_quantity, xdr.charged_amount)
        })
        .collect();
    // 0.01 + 2 × 0.10 is less than 0.22; all of it, 0.01 + 0.20 + 0.10 = 0.31, is not: 0.09 is left for the second.
    let by_hand = [(Some(1), Some(0), 120, 120, amount("0.22")), (Some(2), Some(1), 61, 120, amount("0.09"))];
    assert_eq!(shown, by_hand);
    let first = "120s: connect fee 0.01000 + 2 x 60s @ 0.10/min peak, at least 0.22000 = 0.22000";
    let second = "181s: connect fee 0.01000 + 2 x 60s @ 0.10/min peak + 2 x 60s @ 0.05/min off-peak, \
                  at least 0.22000 = 0.31000, 0.22000 of it charged before";
    assert_eq!((made[0].history.as_str(), made[1].history.as_str()), (first, second));
    assert_eq!(made[1].connect_time, Some(common::at(from + 120)));
    assert_eq!(made[0].disconnect_time, made[1].connect_time);
    assert_eq!(world.balance("user"), amount("9.69"));
    // A call at one level is one record, without an order.
    world.report(from + 300, stop_to("user", "c2", from + 200, 10));
    assert_eq!(world.the_xdr().split_order, None);
}
