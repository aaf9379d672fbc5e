//! Rating: what usage costs, and how much usage funds pay for.
//!
//! - Free units come first and cost nothing. Then the first interval is charged whole, then next intervals, rounded up
//!   to whole ones. The connect fee is due when the call connects, whatever follows.
//! - Usage is always rated from its beginning: reports in parts cost what one report would cost, because each settles
//!   the cost of all usage so far less what was charged before.
//! - A grant is the largest number of whole intervals that funds pay for, connect fee included, counted with exact costs:
//!   no grant stands on a rounding. A quantum cuts it at the last interval that ends within it, but not before the end of
//!   the first interval.
//! - An interval belongs to the peak level in which it begins, with that level's length and price. A minimum of units is
//!   charged as if they had been used, from where the usage began; a minimum amount takes the place of a lower cost.
//! - A surcharge is a percentage of the exact cost, connect fee and minimum included. It is added before the one
//!   rounding, so that there is no rounding of its own.
//! - What is not counted in seconds is at one level from beginning to end: the one in which it began.
//! - Seconds are whole ones: a duration that was reported counts as it is; one between two times is rounded up.

mod staged;
#[cfg(test)]
mod staged_tests;

use tollgate_time::Instant;

pub(crate) use staged::Piece;

use crate::catalogue::{Interval, PeakLevel, Rate};
use crate::money::{Amount, Cost};

/// What some usage costs, and how that comes about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rated {
    /// Free units that were used.
    pub(crate) free: u64,
    /// Whether the first interval was begun.
    pub(crate) first: bool,
    /// How many next intervals were begun.
    pub(crate) next: u64,
    /// Units charged: those of all intervals begun.
    pub(crate) units: u64,
    /// The exact cost.
    pub(crate) cost: Cost,
    /// The level it began at, of a rate with peaks.
    pub(crate) level: Option<PeakLevel>,
    /// Its intervals in their order, of a rate that has more than prices and fees; else none.
    pub(crate) parts: Vec<Part>,
}

/// Intervals of one kind that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// The peak level that they begin in.
    pub(crate) level: PeakLevel,
    /// What each is.
    pub(crate) interval: Interval,
    /// How many.
    pub(crate) count: u64,
    /// Units of the usage before the first of them.
    pub(crate) begins: u64,
}

impl Rate {
    /// What `used` units cost of a connected call that began at that time.
    pub(crate) fn usage(&self, used: u64, began: Instant) -> Rated {
        match &self.more {
            None => self.plain_usage(used),
            Some(more) => self.staged_usage(more, used, began),
        }
    }

    /// The peak level at a time; `None` for a rate without levels.
    pub(crate) fn level(&self, at: Instant) -> Option<PeakLevel> {
        self.more.as_ref()?.peaks.as_ref().map(|peaks| peaks.at(at).level)
    }

    /// The most units that `funds` pay for of a call that begins at that time; `None` for no end.
    pub(crate) fn affordable(&self, funds: Amount, began: Instant) -> Option<u64> {
        match &self.more {
            None => self.plain_affordable(funds),
            Some(more) => self.staged_affordable(more, funds, began),
        }
    }

    /// Where an interval ends that ends within `units`: the last such, or the first interval's end.
    pub(crate) fn whole_within(&self, units: u64, began: Instant) -> u64 {
        match &self.more {
            None => self.plain_whole_within(units),
            Some(more) => self.staged_whole_within(more, units, began),
        }
    }

    /// When other prices hold next, after `from`; `None` when that is never, or too far away to be looked for.
    pub(crate) fn next_change(&self, from: Instant) -> Option<Instant> {
        self.more.as_ref().and_then(|more| self.staged_next_change(more, from))
    }

    /// Whether usage costs nothing, however much it is.
    pub(crate) fn is_free(&self) -> bool {
        let surcharged = self.more.as_ref().is_some_and(|more| more.terms.minimum_amount > Amount::ZERO);
        let prices = |level| {
            let prices = self.prices(level);
            prices.first.price.nanos() == 0 && prices.next.price.nanos() == 0
        };
        !surcharged && self.connect_fee == Amount::ZERO && PeakLevel::ALL.into_iter().all(prices)
    }

    fn plain_usage(&self, used: u64) -> Rated {
        let cost = Cost::zero(self.price_unit).plus_amount(self.connect_fee);
        let free = used.min(self.free_units);
        let rest = used - free;
        if rest == 0 {
            return Rated { free, first: false, next: 0, units: 0, cost, level: None, parts: Vec::new() };
        }
        let next = rest.saturating_sub(self.first.units).div_ceil(self.next.units);
        let next_units = next.saturating_mul(self.next.units);
        let cost =
            cost.plus_units(self.first.price, self.first.units).plus_units(self.next.price, next_units);
        let units = self.first.units.saturating_add(next_units);
        Rated { free, first: true, next, units, cost, level: None, parts: Vec::new() }
    }

    fn plain_affordable(&self, funds: Amount) -> Option<u64> {
        let connected = Cost::zero(self.price_unit).plus_amount(self.connect_fee);
        if !connected.is_within(funds) {
            return Some(0);
        }
        let begun = connected.plus_units(self.first.price, self.first.units);
        if !begun.is_within(funds) {
            return Some(self.free_units);
        }
        let next = begun.times_within(funds, self.next.price, self.next.units)?;
        Some(self.ends(next))
    }

    fn plain_whole_within(&self, units: u64) -> u64 {
        let begun = self.free_units.saturating_add(self.first.units);
        self.ends(units.saturating_sub(begun) / self.next.units)
    }

    /// Where the first interval and `next` further ones end.
    fn ends(&self, next: u64) -> u64 {
        let begun = self.free_units.saturating_add(self.first.units);
        begun.saturating_add(next.saturating_mul(self.next.units))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Shown;
    use crate::ids::DestinationId;
    use crate::money::Price;
    use proptest::prelude::{Just, Strategy, prop_assert, prop_assert_eq, prop_oneof, proptest};
    use rust_decimal::{Decimal, RoundingStrategy};

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn rate(first: (u64, &str), next: (u64, &str)) -> Rate {
        let interval = |(units, price): (u64, &str)| Interval { units, price: price.parse().unwrap() };
        Rate {
            destination: DestinationId::at(0).unwrap(),
            shown: Shown::default(),
            first: interval(first),
            next: interval(next),
            price_unit: 60,
            connect_fee: Amount::ZERO,
            free_units: 0,
            forbidden: false,
            more: None,
        }
    }

    fn price_of(rate: &Rate, used: u64) -> (u64, Amount) {
        let rated = rate.plain_usage(used);
        (rated.units, rated.cost.round().unwrap())
    }

    #[test]
    fn usage_by_the_second_costs_its_seconds() {
        // 71 × 0.02 / 60 = 0.0236666… → 0.02367.
        assert_eq!(price_of(&rate((1, "0.02"), (1, "0.02")), 71), (71, amount("0.02367")));
    }

    #[test]
    fn the_first_interval_is_charged_whole_and_the_next_rounded_up() {
        let rate = rate((30, "0.60"), (6, "0.30"));
        // The first 30 s cost 30 × 0.60 / 60 = 0.30, each 6 s after them 6 × 0.30 / 60 = 0.03.
        assert_eq!(price_of(&rate, 1), (30, amount("0.30")));
        assert_eq!(price_of(&rate, 30), (30, amount("0.30")));
        assert_eq!(price_of(&rate, 31), (36, amount("0.33")));
        assert_eq!(price_of(&rate, 36), (36, amount("0.33")));
        assert_eq!(price_of(&rate, 37), (42, amount("0.36")));
    }

    #[test]
    fn free_seconds_come_before_the_first_interval_and_the_fee_is_due_at_once() {
        let rate = Rate { free_units: 10, connect_fee: amount("0.05"), ..rate((30, "0.60"), (6, "0.30")) };
        assert_eq!(price_of(&rate, 0), (0, amount("0.05")));
        assert_eq!(price_of(&rate, 10), (0, amount("0.05")));
        // The eleventh second begins the first interval: 0.05 + 0.30.
        assert_eq!(price_of(&rate, 11), (30, amount("0.35")));
        assert_eq!(price_of(&rate, 41), (36, amount("0.38")));
    }

    #[test]
    fn funds_pay_for_whole_intervals() {
        // 10.00 at 0.02 a minute by the second: 30000 s. 2.00 at 0.10 a minute by the minute: 20 minutes.
        assert_eq!(rate((1, "0.02"), (1, "0.02")).plain_affordable(amount("10.00")), Some(30_000));
        assert_eq!(rate((60, "0.10"), (60, "0.10")).plain_affordable(amount("2.00")), Some(1_200));
        // One hundred-thousandth short of the twentieth minute: nineteen.
        assert_eq!(rate((60, "0.10"), (60, "0.10")).plain_affordable(amount("1.99999")), Some(1_140));
        // 0.30 for the first 30 s, then 0.03 for each 6 s: 0.38 pays for two of them, and 0.02 is left.
        assert_eq!(rate((30, "0.60"), (6, "0.30")).plain_affordable(amount("0.38")), Some(42));
        assert_eq!(rate((30, "0.60"), (6, "0.30")).plain_affordable(amount("0.29999")), Some(0));
    }

    #[test]
    fn the_connect_fee_and_free_seconds_are_part_of_the_grant() {
        let rate = Rate { free_units: 10, connect_fee: amount("0.05"), ..rate((30, "0.60"), (6, "0.30")) };
        assert_eq!(rate.plain_affordable(amount("0.04999")), Some(0));
        // The fee alone opens the free seconds; 0.05 + 0.30 opens the first interval as well.
        assert_eq!(rate.plain_affordable(amount("0.05")), Some(10));
        assert_eq!(rate.plain_affordable(amount("0.35")), Some(40));
        assert_eq!(rate.plain_affordable(amount("0.38")), Some(46));
    }

    #[test]
    fn what_costs_nothing_has_no_end() {
        assert_eq!(rate((1, "0"), (1, "0")).plain_affordable(Amount::ZERO), None);
        assert_eq!(rate((60, "1"), (1, "0")).plain_affordable(amount("1")), None);
        assert_eq!(rate((60, "1"), (1, "0")).plain_affordable(amount("0.5")), Some(0));
    }

    #[test]
    fn a_quantum_cuts_at_the_end_of_an_interval() {
        let rate = rate((30, "0.60"), (6, "0.30"));
        assert_eq!(rate.plain_whole_within(50), 48);
        assert_eq!(rate.plain_whole_within(30), 30);
        assert_eq!(rate.plain_whole_within(10), 30);
    }

    fn rates() -> impl Strategy<Value = Rate> {
        let price = || prop_oneof![Just(0), 1..50_000_000_i64, 1_000_000..3_000_000_000_i64];
        let intervals = (1..130_u64, price(), 1..130_u64, price());
        (intervals, prop_oneof![Just(1_u64), Just(60), Just(7), Just(3_600)], 0..50_000_i64, 0..40_u64)
            .prop_map(|((first, first_price, next, next_price), price_unit, fee, free_units)| Rate {
                destination: DestinationId::at(0).unwrap(),
                shown: Shown::default(),
                first: Interval { units: first, price: Price::from_nanos(first_price) },
                next: Interval { units: next, price: Price::from_nanos(next_price) },
                price_unit,
                connect_fee: Amount::from_units(fee),
                free_units,
                forbidden: false,
                more: None,
            })
    }

    /// The same rules in decimal arithmetic, one interval after the other.
    fn oracle(rate: &Rate, used: u64) -> Decimal {
        let per_unit = |price: Price| Decimal::new(price.nanos(), 9);
        // The sum is kept times the price unit, so that the only division is the last step.
        let mut sum = Decimal::new(rate.connect_fee.units(), 5) * Decimal::from(rate.price_unit);
        let mut left = used.saturating_sub(rate.free_units);
        let mut interval = rate.first;
        while left > 0 {
            sum += per_unit(interval.price) * Decimal::from(interval.units);
            left = left.saturating_sub(interval.units);
            interval = rate.next;
        }
        let exact = sum / Decimal::from(rate.price_unit);
        exact.round_dp_with_strategy(5, RoundingStrategy::MidpointAwayFromZero)
    }

    proptest! {
        #[test]
        fn rating_agrees_with_decimal_arithmetic(rate in rates(), used in 0..5_000_u64) {
            let ours = rate.plain_usage(used).cost.round().unwrap();
            prop_assert_eq!(Decimal::new(ours.units(), 5), oracle(&rate, used));
        }

        #[test]
        fn a_grant_is_paid_for_and_one_interval_more_is_not(rate in rates(), funds in 0..2_000_000_i64) {
            let funds = Amount::from_units(funds);
            if let Some(units) = rate.plain_affordable(funds) {
                let fee_is_paid = rate.connect_fee <= funds;
                prop_assert!(units > 0 || !fee_is_paid || !rate.plain_usage(1).cost.is_within(funds));
                if fee_is_paid {
                    prop_assert!(rate.plain_usage(units).cost.round().unwrap() <= funds);
                    prop_assert!(!rate.plain_usage(units + 1).cost.is_within(funds));
                }
            }
        }

        #[test]
        fn more_usage_never_costs_less(rate in rates(), used in 0..5_000_u64, more in 0..500_u64) {
            prop_assert!(rate.plain_usage(used).cost.round() <= rate.plain_usage(used + more).cost.round());
        }

        #[test]
        fn no_usage_is_too_long(rate in rates(), used in proptest::prelude::any::<u64>()) {
            prop_assert!(rate.plain_usage(used).units >= used.saturating_sub(rate.free_units));
        }
    }
}
