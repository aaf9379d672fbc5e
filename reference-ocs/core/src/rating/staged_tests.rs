//! Rates with peak levels, minimums and surcharges, against amounts by hand and against decimal arithmetic.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
use rust_decimal::{Decimal, RoundingStrategy};
use tollgate_time::{Instant, Zone};

use crate::catalogue::{Interval, More, PeakLevel, Peaks, PeaksSpec, Period, Prices, Rate, RateTerms};
use crate::ids::DestinationId;
use crate::money::{Amount, Price};

const WEEK: u64 = 604_800;
const DAY: u32 = 86_400;

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn interval(units: u64, price: &str) -> Interval {
    Interval { units, price: price.parse().unwrap() }
}

fn prices(first: (u64, &str), next: (u64, &str)) -> Prices {
    Prices { first: interval(first.0, first.1), next: interval(next.0, next.1) }
}

fn at(text: &str) -> Instant {
    Instant::parse_rfc3339(text).unwrap()
}

/// Off-peak from 18:00 to 08:00 on every day, by the clocks of Vancouver.
fn evenings() -> PeaksSpec {
    let period = |day| Period { begins: day * DAY + 18 * 3_600, secs: 14 * 3_600, level: PeakLevel::OffPeak };
    PeaksSpec {
        zone: Zone::named("America/Vancouver").unwrap(),
        periods: (0..7).map(period).collect(),
        holidays: Vec::new(),
        holiday_level: PeakLevel::OffPeak,
    }
}

fn rate(peak: Prices, terms: RateTerms, peaks: Option<PeaksSpec>) -> Rate {
    let peaks = peaks.map(|spec| Arc::new(Peaks::new("T", spec).unwrap()));
    Rate {
        shown: crate::catalogue::Shown::default(),
        destination: DestinationId::at(0).unwrap(),
        first: peak.first,
        next: peak.next,
        price_unit: 60,
        connect_fee: Amount::ZERO,
        free_units: 0,
        forbidden: false,
        more: Some(Box::new(More { peaks, terms, by_time: true, older: None })),
    }
}

/// 0.10 a minute in the day, half of it in the evening, by the minute.
fn by_the_minute() -> Rate {
    let terms = RateTerms { off_peak: Some(prices((60, "0.05"), (60, "0.05"))), ..RateTerms::default() };
    rate(prices((60, "0.10"), (60, "0.10")), terms, Some(evenings()))
}

fn price_of(rate: &Rate, used: u64, began: Instant) -> (u64, Amount) {
    let rated = rate.usage(used, began);
    (rated.units, rated.cost.round().unwrap())
}

#[test]
fn an_interval_belongs_to_the_level_in_which_it_begins() {
    // A quarter to six and 50 s: minutes begin at 17:58:50 and 17:59:50, by day, and at 18:00:50, in the evening.
    let began = at("2007-03-09T17:58:50-08:00");
    assert_eq!(price_of(&by_the_minute(), 61, began), (120, amount("0.20")));
    assert_eq!(price_of(&by_the_minute(), 120, began), (120, amount("0.20")));
    assert_eq!(price_of(&by_the_minute(), 121, began), (180, amount("0.25")));
    // One that begins at the change itself begins in the evening.
    assert_eq!(price_of(&by_the_minute(), 1, at("2007-03-09T18:00:00-08:00")), (60, amount("0.05")));
    // A change in the middle of a second: the interval that begins before it is the day's.
    assert_eq!(price_of(&by_the_minute(), 61, at("2007-03-09T17:58:59.999-08:00")).1, amount("0.20"));
}

#[test]
fn levels_have_intervals_of_their_own() {
    let terms = RateTerms { off_peak: Some(prices((30, "0.06"), (6, "0.06"))), ..RateTerms::default() };
    let rate = rate(prices((60, "0.10"), (60, "0.10")), terms, Some(evenings()));
    // 17:59:30: a minute to 18:00:30 for 0.10, then two times six seconds at 0.06 a minute: 0.012.
    assert_eq!(price_of(&rate, 72, at("2007-03-09T17:59:30-08:00")), (72, amount("0.112")));
    // In the evening the first 30 s cost 0.03, six seconds after them 0.006.
    assert_eq!(price_of(&rate, 31, at("2007-03-09T20:00:00-08:00")), (36, amount("0.036")));
    // 07:59:50: the first 30 s are the evening's, to 08:00:20; the next interval is a minute of the day.
    assert_eq!(price_of(&rate, 31, at("2007-03-10T07:59:50-08:00")), (90, amount("0.13")));
}

#[test]
fn a_grant_is_counted_through_a_change_of_level() {
    // 0.35 from 17:58:00: two minutes of the day cost 0.20, three of the evening 0.15.
    let rate = by_the_minute();
    let began = at("2007-03-09T17:58:00-08:00");
    assert_eq!(rate.affordable(amount("0.35"), began), Some(300));
    assert_eq!(rate.affordable(amount("0.34999"), began), Some(240));
    assert_eq!(rate.affordable(amount("0.20"), began), Some(120));
    assert_eq!(rate.affordable(amount("0.09"), began), Some(0));
    assert_eq!(rate.whole_within(299, began), 240);
}

#[test]
fn a_free_evening_is_not_without_end() {
    // From 17:59:00 one minute of the day, 840 free minutes to 08:00, and one more minute of the next day.
    let terms = RateTerms { off_peak: Some(prices((60, "0"), (60, "0"))), ..RateTerms::default() };
    let rate = rate(prices((60, "0.10"), (60, "0.10")), terms, Some(evenings()));
    let began = at("2007-03-08T17:59:00-08:00");
    assert_eq!(rate.affordable(amount("0.20"), began), Some((1 + 840 + 1) * 60));
    assert_eq!(rate.affordable(amount("0.10"), began), Some((1 + 840) * 60));
}

#[test]
fn an_hour_that_comes_twice_is_charged_twice() {
    // 2007-11-04 in Vancouver: the evening's level lasts from 18:00 to 08:00, fifteen hours that night.
    let rate = by_the_minute();
    let began = at("2007-11-03T18:00:00-07:00");
    // 900 minutes at 0.05, and one of the day at 0.10.
    assert_eq!(price_of(&rate, 901 * 60, began).1, amount("45.10"));
}

#[test]
fn a_minimum_of_units_is_charged_as_if_they_were_used() {
    let terms = RateTerms { minimum_units: 60, ..RateTerms::default() };
    let rate = Rate { free_units: 10, ..rate(prices((1, "0.60"), (1, "0.60")), terms, None) };
    // Ten seconds are free; from the eleventh on it is a minute at least, 0.60.
    assert_eq!(price_of(&rate, 10, Instant::EPOCH), (0, Amount::ZERO));
    assert_eq!(price_of(&rate, 11, Instant::EPOCH), (60, amount("0.60")));
    assert_eq!(price_of(&rate, 70, Instant::EPOCH), (60, amount("0.60")));
    assert_eq!(price_of(&rate, 71, Instant::EPOCH), (61, amount("0.61")));
    // What does not pay for the minimum pays for nothing but the free seconds.
    assert_eq!(rate.affordable(amount("0.59999"), Instant::EPOCH), Some(10));
    assert_eq!(rate.affordable(amount("0.60"), Instant::EPOCH), Some(70));
}

#[test]
fn a_minimum_amount_takes_the_place_of_less() {
    let terms = RateTerms { minimum_amount: amount("0.50"), ..RateTerms::default() };
    let rate = Rate { connect_fee: amount("0.05"), ..rate(prices((1, "0.60"), (1, "0.60")), terms, None) };
    // 10 s cost 0.05 + 0.10, less than 0.50; 50 s cost 0.05 + 0.50.
    assert_eq!(price_of(&rate, 10, Instant::EPOCH).1, amount("0.50"));
    assert_eq!(price_of(&rate, 50, Instant::EPOCH).1, amount("0.55"));
    assert_eq!(price_of(&rate, 0, Instant::EPOCH).1, amount("0.05"));
    assert_eq!(rate.affordable(amount("0.49"), Instant::EPOCH), Some(0));
    // 0.50 less the fee is 45 s.
    assert_eq!(rate.affordable(amount("0.50"), Instant::EPOCH), Some(45));
}

#[test]
fn a_surcharge_is_added_before_the_one_rounding() {
    let terms = RateTerms { surcharge: 5_000, ..RateTerms::default() };
    let rate = rate(prices((1, "0.02"), (1, "0.02")), terms, None);
    // 71 × 0.02 / 60 × 1.05 = 0.02485.
    assert_eq!(price_of(&rate, 71, Instant::EPOCH).1, amount("0.02485"));
    // 43 × 0.02 / 60 × 1.05 = 0.01505 exactly; of the rounded 0.01433 it would be 0.0150465, which is 0.01505 as well.
    assert_eq!(price_of(&rate, 43, Instant::EPOCH).1, amount("0.01505"));
    let cheap = Rate {
        more: Some(Box::new(More {
            terms: RateTerms { surcharge: 50_000, ..RateTerms::default() },
            by_time: true,
            ..More::default()
        })),
        ..self::rate(prices((1, "0.0006"), (1, "0.0006")), RateTerms::default(), None)
    };
    // 0.00001 a second and half of it: three seconds cost 0.000045, rounded 0.00005 (of 0.00003 rounded it is the same);
    // 1 s costs 0.000015: 0.00002.
    assert_eq!(price_of(&cheap, 3, Instant::EPOCH).1, amount("0.00005"));
    assert_eq!(price_of(&cheap, 1, Instant::EPOCH).1, amount("0.00002"));
    // 0.000004 and half of it are 0.000006: 0.00001, where the rounded 0.00000 would have stayed nothing.
    let cheaper = Rate { price_unit: 150, ..cheap };
    assert_eq!(price_of(&cheaper, 1, Instant::EPOCH).1, amount("0.00001"));
    // 1.05 pays for 1.00 of seconds: 3000 of them.
    assert_eq!(rate.affordable(amount("1.05"), Instant::EPOCH), Some(3_000));
    assert_eq!(rate.affordable(amount("1.04999"), Instant::EPOCH), Some(2_999));
}

#[test]
fn what_is_not_counted_in_seconds_stays_at_the_level_in_which_it_began() {
    let mut rate = by_the_minute();
    if let Some(more) = &mut rate.more {
        more.by_time = false;
    }
    let rated = rate.usage(6_000, at("2007-03-09T17:59:59-08:00"));
    // 100 × 60 units at 0.10 for 60.
    assert_eq!((rated.level, rated.cost.round()), (Some(PeakLevel::Peak), Some(amount("10"))));
}

#[test]
fn a_usage_of_an_age_is_rated_in_time() {
    let rated = by_the_minute().usage(u64::MAX, at("2007-03-09T17:59:59-08:00"));
    assert!(rated.units > u64::MAX - 60);
    assert!(rated.parts.len() > 1_000);
}

/// Weeks cut into periods that do not overlap, by the clocks of UTC.
fn periods() -> impl Strategy<Value = Vec<Period>> {
    let parts = proptest::collection::vec((0..200_000_u32, 1..200_000_u32, 0..3_u8), 0..6);
    parts.prop_map(|parts| {
        let mut from = 0_u32;
        let mut periods = Vec::new();
        for (gap, secs, level) in parts {
            let begins = from + gap;
            if begins >= 604_800 {
                break;
            }
            let secs = secs.min(604_800 - begins);
            let level = if level == 0 { PeakLevel::SecondOffPeak } else { PeakLevel::OffPeak };
            periods.push(Period { begins, secs, level });
            from = begins + secs;
        }
        periods
    })
}

fn prices_of_any_kind() -> impl Strategy<Value = Prices> {
    let price = || prop_oneof![Just(0), 1..50_000_000_i64, 1_000_000..3_000_000_000_i64];
    (1..4_000_u64, price(), 1..4_000_u64, price()).prop_map(|(first, first_price, next, next_price)| Prices {
        first: Interval { units: first, price: Price::from_nanos(first_price) },
        next: Interval { units: next, price: Price::from_nanos(next_price) },
    })
}

fn rates() -> impl Strategy<Value = (Rate, Vec<Period>)> {
    let level = || proptest::option::of(prices_of_any_kind());
    let terms = (level(), level(), 0..5_000_u64, 0..200_000_i64, prop_oneof![Just(0_u32), 1..200_000_u32]);
    let fees = (0..50_000_i64, 0..90_u64, prop_oneof![Just(1_u64), Just(60), Just(7)]);
    (prices_of_any_kind(), terms, fees, periods()).prop_map(|(peak, terms, fees, periods)| {
        let (off_peak, second_off_peak, minimum_units, minimum, surcharge) = terms;
        let terms = RateTerms {
            off_peak,
            second_off_peak,
            minimum_units,
            minimum_amount: Amount::from_units(minimum),
            surcharge,
            ..RateTerms::default()
        };
        let spec = PeaksSpec {
            zone: Zone::utc(),
            periods: periods.clone(),
            holidays: Vec::new(),
            holiday_level: PeakLevel::Peak,
        };
        let rate = Rate {
            connect_fee: Amount::from_units(fees.0),
            free_units: fees.1,
            price_unit: fees.2,
            ..rate(peak, terms, Some(spec))
        };
        (rate, periods)
    })
}

/// The prices at a second of the epoch: the first of which was a Thursday.
fn prices_at(rate: &Rate, periods: &[Period], secs: u64) -> Prices {
    let of_week = (secs + 3 * u64::from(DAY)) % WEEK;
    let holds = |it: &&Period| (u64::from(it.begins)..u64::from(it.begins + it.secs)).contains(&of_week);
    rate.prices(periods.iter().find(holds).map_or(PeakLevel::Peak, |period| period.level))
}

/// The same rules in decimal arithmetic, one interval after the other.
fn oracle(rate: &Rate, periods: &[Period], used: u64, began: u64) -> Decimal {
    let terms = &rate.more.as_ref().unwrap().terms;
    let decimal = |amount: Amount| Decimal::new(amount.units(), 5);
    // The sum is kept times the price unit, so that the only division is the last step.
    let unit = Decimal::from(rate.price_unit);
    let mut sum = decimal(rate.connect_fee) * unit;
    if used > rate.free_units {
        let end = used.max(rate.free_units + terms.minimum_units);
        let mut at = rate.free_units;
        let mut first = true;
        while at < end {
            let prices = prices_at(rate, periods, began + at);
            let interval = if first { prices.first } else { prices.next };
            sum += Decimal::new(interval.price.nanos(), 9) * Decimal::from(interval.units);
            at += interval.units;
            first = false;
        }
        sum = sum.max(decimal(terms.minimum_amount) * unit);
    }
    let exact = sum * (Decimal::ONE + Decimal::new(i64::from(terms.surcharge), 5)) / unit;
    exact.round_dp_with_strategy(5, RoundingStrategy::MidpointAwayFromZero)
}

proptest! {
    #[test]
    fn rating_with_peaks_agrees_with_decimal_arithmetic(
        (rate, periods) in rates(),
        used in 0..1_300_000_u64,
        began in 0..2_000_000_u64,
    ) {
        let began_at = Instant::from_unix_secs(began);
        let ours = rate.usage(used, began_at).cost.round().unwrap();
        prop_assert_eq!(Decimal::new(ours.units(), 5), oracle(&rate, &periods, used, began));
    }

    #[test]
    fn a_grant_with_peaks_is_paid_for_and_one_unit_more_is_not(
        (rate, _) in rates(),
        funds in 0..200_000_000_i64,
        began in 0..2_000_000_u64,
    ) {
        let (funds, began) = (Amount::from_units(funds), Instant::from_unix_secs(began));
        let fee_is_paid = rate.usage(0, began).cost.is_within(funds);
        match rate.affordable(funds, began) {
            Some(units) if fee_is_paid => {
                prop_assert!(rate.usage(units, began).cost.is_within(funds));
                // A grant ends after so many changes of level, even where money is left.
                let bounded = units > 64 * 3_600;
                prop_assert!(bounded || !rate.usage(units + 1, began).cost.is_within(funds));
            }
            Some(units) => prop_assert_eq!(units, 0),
            // Without an end, an end far off is paid for as well.
            None => prop_assert!(rate.usage(1_000_000, began).cost.is_within(funds)),
        }
    }

    #[test]
    fn more_usage_with_peaks_never_costs_less(
        (rate, _) in rates(),
        used in 0..600_000_u64,
        more in 0..100_000_u64,
        began in 0..2_000_000_u64,
    ) {
        let began = Instant::from_unix_secs(began) + Duration::from_millis(1);
        prop_assert!(rate.usage(used, began).cost.round() <= rate.usage(used + more, began).cost.round());
    }

    #[test]
    fn a_whole_number_of_intervals_ends_within_the_quantum(
        (rate, _) in rates(),
        quantum in 1..500_000_u64,
        began in 0..2_000_000_u64,
    ) {
        let began = Instant::from_unix_secs(began);
        let whole = rate.whole_within(quantum, began);
        let first_ends = rate.usage(rate.free_units + 1, began);
        let first = first_ends.parts.first().map_or(0, |part| part.interval.units);
        prop_assert!(whole <= quantum || whole == rate.free_units + first);
        // It is the end of an interval: what is charged ends there, unless the minimum is more.
        let minimum = rate.more.as_ref().map_or(0, |more| more.terms.minimum_units);
        let charged = rate.usage(whole, began).units;
        prop_assert!(charged == whole - rate.free_units || whole < rate.free_units + minimum);
    }
}
