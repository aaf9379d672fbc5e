//! Exchange rates: exact fractions, applied to exact costs, rounded once.
//!
//! A rate says what one unit of a currency is worth in the environment's currency. Between two others the rates are
//! divided; nothing is rounded on the way. Rounding happens where a cost becomes an amount, half away from zero, and
//! where an amount becomes one of another currency, in the same manner.

use std::collections::BTreeMap;

use crate::money::{Amount, Cost, Currency};

/// The most that a rate's numerator or denominator may be.
pub(crate) const PART_MAX: u64 = 1_000_000_000_000;

/// Exchange rates to the environment's currency.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ExchangeRates {
    rates: BTreeMap<Currency, (u64, u64)>,
}

/// How many of one currency a unit of another is worth: numerator and denominator, in their lowest terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Exchange {
    numerator: i128,
    denominator: i128,
}

impl ExchangeRates {
    /// Rates of an environment with that currency, which is worth one of itself.
    #[must_use]
    pub fn new(own: Currency) -> Self {
        Self { rates: BTreeMap::from([(own, (1, 1))]) }
    }

    /// Takes what a unit of a currency is worth; the latest counts. Parts out of range are not taken.
    pub(crate) fn set(&mut self, currency: Currency, numerator: u64, denominator: u64) -> bool {
        let good = [numerator, denominator].iter().all(|part| (1..=PART_MAX).contains(part));
        if good {
            self.rates.insert(currency, (numerator, denominator));
        }
        good
    }

    /// How many `to` a unit of `from` is worth; `None` when one of them has no rate.
    pub(crate) fn between(&self, from: Currency, to: Currency) -> Option<Exchange> {
        if from == to {
            return Some(Exchange::ONE);
        }
        let of = |currency| self.rates.get(&currency).map(|&(up, down)| (i128::from(up), i128::from(down)));
        let ((up, down), (to_up, to_down)) = (of(from)?, of(to)?);
        Some(Exchange::of(up * to_down, down * to_up))
    }
}

impl Exchange {
    pub(crate) const ONE: Self = Self { numerator: 1, denominator: 1 };

    fn of(numerator: i128, denominator: i128) -> Self {
        let common = greatest_common(numerator, denominator).max(1);
        Self { numerator: numerator / common, denominator: denominator / common }
    }

    /// The amount of an exact cost in the other currency, rounded once; `None` when it cannot be held.
    pub(crate) fn cost(self, cost: Cost) -> Option<Amount> {
        cost.round_times(self.numerator, self.denominator)
    }

    /// An amount in the other currency, rounded half away from zero; `None` when it cannot be held.
    pub(crate) fn amount(self, amount: Amount) -> Option<Amount> {
        self.cost(Cost::zero(1).plus_amount(amount))
    }
}

const fn greatest_common(mut one: i128, mut other: i128) -> i128 {
    while other != 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(text: &str) -> Currency {
        text.parse().unwrap()
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn rates() -> ExchangeRates {
        let mut rates = ExchangeRates::new(currency("USD"));
        assert!(rates.set(currency("EUR"), 5, 4));
        assert!(rates.set(currency("CAD"), 3, 4));
        rates
    }

    #[test]
    fn a_rate_between_two_others_is_the_quotient() {
        let between = |from, to| rates().between(currency(from), currency(to)).unwrap();
        // 1 EUR = 1.25 USD; 1 CAD = 0.75 USD; so 1 EUR = 1.25 / 0.75 = 5/3 CAD.
        assert_eq!(between("EUR", "CAD"), Exchange { numerator: 5, denominator: 3 });
        // 0.10 EUR = 0.1666666… CAD, rounded to 0.16667; back 0.16667 × 3/5 = 0.100002, rounded to 0.10000.
        assert_eq!(between("EUR", "CAD").amount(amount("0.10")), Some(amount("0.16667")));
        assert_eq!(between("CAD", "EUR").amount(amount("0.16667")), Some(amount("0.10000")));
        assert_eq!(between("CAD", "CAD"), Exchange::ONE);
        assert_eq!(rates().between(currency("GBP"), currency("USD")), None);
    }

    #[test]
    fn cost_and_rate_are_rounded_together() {
        // 71 s at 0.02 EUR a minute = 0.0236666… EUR = 0.02958333… USD → 0.02958. Rounding the euros first
        // (0.02367) would give 0.0295875 → 0.02959.
        let cost = Cost::zero(60).plus_units("0.02".parse().unwrap(), 71);
        let to_dollars = rates().between(currency("EUR"), currency("USD")).unwrap();
        assert_eq!(to_dollars.cost(cost), Some(amount("0.02958")));
    }

    #[test]
    fn a_rate_of_nothing_is_not_taken() {
        assert!(!rates().set(currency("GBP"), 0, 1));
        assert!(!rates().set(currency("GBP"), 1, 0));
        assert!(!rates().set(currency("GBP"), PART_MAX + 1, 1));
    }

    #[test]
    fn what_no_amount_can_hold_is_none() {
        let mut rates = rates();
        assert!(rates.set(currency("GBP"), PART_MAX, 1));
        let huge = rates.between(currency("GBP"), currency("USD")).unwrap();
        assert_eq!(huge.amount(Amount::from_units(i64::MAX)), None);
    }
}
