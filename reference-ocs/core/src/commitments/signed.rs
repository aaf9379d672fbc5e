//! A commitment that an account has signed: what is due for some of its days.

use serde::{Deserialize, Serialize};

use super::{CommitmentSpec, FeeSpec};
use crate::money::Amount;
use crate::plans::calendar::{Day, days_in};

/// What a discount of hundredths of a per cent is a part of.
const HUNDREDTHS_OF_A_PER_CENT: i64 = 10_000;

/// A commitment of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Signed {
    /// Its place among the commitments.
    pub(crate) commitment: usize,
    /// The first day without discounts.
    pub(crate) discount_ends: Day,
    /// The first and the last day of each pause.
    pub(crate) pauses: Vec<(Day, Day)>,
    /// The first day of each suspension, and the first after it; the last one may go on.
    pub(crate) suspensions: Vec<(Day, Option<Day>)>,
    /// The first day that nothing was charged for yet.
    pub(crate) billed_to: Day,
    /// All discounts given so far, but for those of suspended days.
    pub(crate) given: Amount,
    /// The commitment whose plan it has meanwhile, and the last day of that.
    pub(crate) upgrade: Option<(usize, Day)>,
}

/// What is due for some days of one month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Closing {
    /// Days that count, and days of the month.
    pub(crate) days: (i64, i64),
    /// To be paid.
    pub(crate) due: Amount,
    /// Discounts given.
    pub(crate) given: Amount,
}

/// `amount` for `days` of `of`, rounded half away from zero.
fn prorated(amount: Amount, days: i64, of: i64) -> Amount {
    let (amount, days, of) = (i128::from(amount.units()), i128::from(days), i128::from(of.max(1)));
    Amount::from_units(i64::try_from((amount * days + of / 2) / of).unwrap_or(i64::MAX))
}

impl Signed {
    pub(crate) fn is_paused(&self, day: Day) -> bool {
        self.pauses.iter().any(|(from, until)| (*from..=*until).contains(&day))
    }

    pub(crate) fn is_suspended(&self, day: Day) -> bool {
        self.suspensions.iter().any(|(from, until)| *from <= day && until.is_none_or(|until| day < until))
    }

    /// A suspension begins or ends with that day.
    pub(crate) fn suspend(&mut self, day: Day, suspended: bool) {
        let open = self.suspensions.last_mut().filter(|(_, until)| until.is_none());
        match (open, suspended) {
            (Some((_, until)), false) => *until = Some(day),
            (None, true) => self.suspensions.push((day, None)),
            _ => {}
        }
    }

    /// Adds a pause: the discounts end later by as many days as it takes from them.
    pub(crate) fn pause(&mut self, from: Day, until: Day) {
        if from < self.discount_ends {
            self.discount_ends = self.discount_ends.plus(until.0 - from.0 + 1);
        }
        self.pauses.push((from, until));
    }

    /// Charges the days up to `to`, which all belong to the month of the first of them.
    pub(crate) fn close(&mut self, spec: &CommitmentSpec, to: Day) -> Closing {
        let (month, _) = self.billed_to.month();
        let length = days_in(month);
        let active = (self.billed_to.0..to.0).map(Day).filter(|&day| !self.is_paused(day));
        let (mut days, mut discounted, mut lasting) = (0, 0, 0);
        for day in active {
            days += 1;
            let given = day < self.discount_ends;
            discounted += i64::from(given);
            lasting += i64::from(given && !self.is_suspended(day));
        }
        let sum = |of: fn(&FeeSpec) -> Amount, days: i64| {
            let parts = spec.recurring.iter().map(|fee| prorated(of(fee), days, length));
            parts.fold(Amount::ZERO, Amount::saturating_add)
        };
        let given = sum(|fee| fee.discount, discounted);
        let due = sum(|fee| fee.fee, days).saturating_sub(given);
        self.billed_to = self.billed_to.max(to);
        self.given = self.given.saturating_add(sum(|fee| fee.discount, lasting));
        Closing { days: (days, length), due, given }
    }

    /// The same for a customer that has so many hundredths of a per cent off every fee: in place of the commitment's own
    /// discounts, without an end, and no part of a penalty.
    pub(crate) fn close_with(&mut self, spec: &CommitmentSpec, to: Day, off: u16) -> Closing {
        let discounted = |fee: &FeeSpec| FeeSpec {
            discount: prorated(fee.fee, i64::from(off), HUNDREDTHS_OF_A_PER_CENT),
            ..fee.clone()
        };
        let spec = CommitmentSpec {
            recurring: spec.recurring.iter().map(discounted).collect(),
            ..CommitmentSpec::default()
        };
        let before = (self.given, self.discount_ends);
        self.discount_ends = Day(i64::MAX);
        let closing = self.close(&spec, to);
        (self.given, self.discount_ends) = before;
        closing
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tollgate_time::Instant;

    fn day(text: &str) -> Day {
        Day::of(Instant::parse_rfc3339(&format!("{text}T00:00:00Z")).unwrap(), 0)
    }

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    fn turbo() -> CommitmentSpec {
        let fee = FeeSpec { name: "Turbo 1 GB".to_owned(), fee: amount("20"), discount: amount("5") };
        CommitmentSpec {
            name: "Turbo 1GB".to_owned(),
            periods: 24,
            recurring: vec![fee],
            ..CommitmentSpec::default()
        }
    }

    fn signed(from: &str, discount_ends: &str) -> Signed {
        Signed {
            commitment: 0,
            discount_ends: day(discount_ends),
            pauses: Vec::new(),
            suspensions: Vec::new(),
            billed_to: day(from),
            given: Amount::ZERO,
            upgrade: None,
        }
    }

    #[test]
    fn a_whole_month_costs_the_fee_less_the_discount() {
        let closing = signed("2022-10-01", "2023-03-01").close(&turbo(), day("2022-11-01"));
        assert_eq!(closing, Closing { days: (31, 31), due: amount("15"), given: amount("5") });
    }

    #[test]
    fn a_pause_from_the_eighth_on_leaves_seven_days_to_pay() {
        let mut own = signed("2020-08-01", "2020-12-31");
        own.pause(day("2020-08-08"), day("2020-08-31"));
        let closing = own.close(&turbo(), day("2020-09-01"));
        // 20 × 7 / 31 = 4.516129… → 4.51613; 5 × 7 / 31 = 1.129032… → 1.12903.
        assert_eq!(closing, Closing { days: (7, 31), due: amount("3.38710"), given: amount("1.12903") });
    }

    #[test]
    fn a_pause_moves_the_end_of_the_discounts_by_its_days() {
        // NEW, Pause the service: the last day with a discount, October 31, becomes December 31 after 61 days.
        let mut own = signed("2020-07-01", "2020-11-01");
        own.pause(day("2020-08-01"), day("2020-09-30"));
        assert_eq!(own.discount_ends, day("2021-01-01"));
        assert_eq!(own.close(&turbo(), day("2020-08-01")).due, amount("15"));
        assert_eq!(own.close(&turbo(), day("2020-09-01")), Closing { days: (0, 31), ..Closing::default() });
    }

    #[test]
    fn discounts_of_suspended_days_are_given_and_no_part_of_the_penalty() {
        let mut own = signed("2020-06-01", "2022-06-01");
        own.suspend(day("2020-06-11"), true);
        own.suspend(day("2020-06-12"), true);
        own.suspend(day("2020-06-21"), false);
        own.suspend(day("2020-06-22"), false);
        let closing = own.close(&turbo(), day("2020-07-01"));
        assert_eq!(closing, Closing { days: (30, 30), due: amount("15"), given: amount("5") });
        // Twenty of thirty days: 5 × 20 / 30 = 3.333333… → 3.33333. The end stays.
        assert_eq!((own.given, own.discount_ends), (amount("3.33333"), day("2022-06-01")));
    }

    #[test]
    fn a_customers_own_discount_counts_in_place_of_the_commitments() {
        let mut own = signed("2020-06-01", "2020-06-11");
        let closing = own.close_with(&turbo(), day("2020-07-01"), 1_000);
        // 10% of 20 over the whole month, though the commitment's own discount ends with the tenth day.
        assert_eq!(closing, Closing { days: (30, 30), due: amount("18"), given: amount("2") });
        assert_eq!((own.given, own.discount_ends), (Amount::ZERO, day("2020-06-11")));
    }

    #[test]
    fn after_the_last_discount_the_full_fee_is_due() {
        let closing = signed("2022-10-01", "2022-10-11").close(&turbo(), day("2022-11-01"));
        // Ten of 31 days with a discount: 5 × 10 / 31 = 1.612903… → 1.61290; 20 − 1.61290.
        assert_eq!((closing.due, closing.given), (amount("18.38710"), amount("1.61290")));
    }
}
