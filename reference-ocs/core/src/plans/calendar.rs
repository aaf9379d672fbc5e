//! Billing periods: which one a moment belongs to, and when the next begins. Days are those of one fixed distance from
//! UTC.

use serde::{Deserialize, Serialize};
use tollgate_time::Instant;

const DAY: i64 = 86_400;

/// How often a counter begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub enum Period {
    /// It never does.
    #[default]
    Never,
    /// At midnight.
    Daily,
    /// On Monday at midnight.
    Weekly,
    /// On the first of the month at midnight.
    Monthly,
}

/// A day, counted from 1970-01-01.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Day(pub(crate) i64);

impl Day {
    /// The day of a moment, `offset` seconds east of UTC.
    pub(crate) fn of(at: Instant, offset: i32) -> Self {
        let secs = i64::try_from(at.unix_secs()).unwrap_or(i64::MAX / 2);
        Self((secs + i64::from(offset)).div_euclid(DAY))
    }

    /// Its first moment, `offset` seconds east of UTC.
    pub(crate) fn begins(self, offset: i32) -> Instant {
        let secs = self.0.saturating_mul(DAY).saturating_sub(i64::from(offset));
        Instant::from_unix_secs(u64::try_from(secs).unwrap_or(0))
    }

    pub(crate) const fn plus(self, days: i64) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// Months since the year 0, and the day of the month from 1.
    pub(crate) const fn month(self) -> (i64, i64) {
        // Years that begin on the first of March, in eras of 400 years.
        let shifted = self.0 + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * march_month + 2) / 5 + 1;
        ((era * 400 + year_of_era) * 12 + march_month + 2, day)
    }

    /// The first day of a month.
    pub(crate) const fn first_of(month: i64) -> Self {
        let march = month - 2;
        let (year, march_month) = (march.div_euclid(12), march.rem_euclid(12));
        let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let day_of_year = (153 * march_month + 2) / 5;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        Self(era * 146_097 + day_of_era - 719_468)
    }

    /// The same day of the month, `months` later; the last one of a month that is shorter.
    pub(crate) fn plus_months(self, months: i64) -> Self {
        let (month, day) = self.month();
        let month = month.saturating_add(months);
        let first = Self::first_of(month);
        first.plus((day - 1).min(days_in(month) - 1))
    }
}

/// How many days a month has.
pub(crate) const fn days_in(month: i64) -> i64 {
    Day::first_of(month + 1).0 - Day::first_of(month).0
}

impl Period {
    /// The number of the period that a moment belongs to.
    pub(crate) fn index(self, at: Instant, offset: i32) -> i64 {
        let day = Day::of(at, offset);
        match self {
            Self::Never => 0,
            Self::Daily => day.0,
            // 1970-01-01 was a Thursday.
            Self::Weekly => (day.0 + 3).div_euclid(7),
            Self::Monthly => day.month().0,
        }
    }

    /// When a period ends and the next begins; `None` when it never does.
    pub(crate) fn ends(self, index: i64, offset: i32) -> Option<Instant> {
        let first = match self {
            Self::Never => return None,
            Self::Daily => Day(index + 1),
            Self::Weekly => Day((index + 1) * 7 - 3),
            Self::Monthly => Day::first_of(index + 1),
        };
        Some(first.begins(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Instant {
        Instant::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn a_period_ends_where_the_next_begins() {
        let then = at("2024-02-29T23:30:00Z");
        let end = |period: Period, offset| period.ends(period.index(then, offset), offset);
        assert_eq!(end(Period::Never, 0), None);
        assert_eq!(end(Period::Daily, 0), Some(at("2024-03-01T00:00:00Z")));
        // A Thursday: the week ends with the third of March.
        assert_eq!(end(Period::Weekly, 0), Some(at("2024-03-04T00:00:00Z")));
        assert_eq!(end(Period::Monthly, 0), Some(at("2024-03-01T00:00:00Z")));
        // An hour further east it is March already.
        assert_eq!(end(Period::Daily, 3_600), Some(at("2024-03-01T23:00:00Z")));
        assert_eq!(end(Period::Monthly, 3_600), Some(at("2024-03-31T23:00:00Z")));
    }

    #[test]
    fn months_are_as_long_as_the_calendar_says() {
        let day = |text: &str| Day::of(at(text), 0);
        let lengths = |text: &str| days_in(day(text).month().0);
        assert_eq!(lengths("2024-02-10T00:00:00Z"), 29);
        assert_eq!(lengths("2023-02-10T00:00:00Z"), 28);
        assert_eq!(lengths("2020-10-31T00:00:00Z"), 31);
        assert_eq!(day("2020-10-31T00:00:00Z").plus(61), day("2020-12-31T00:00:00Z"));
        assert_eq!(day("2020-08-15T00:00:00Z").plus_months(24), day("2022-08-15T00:00:00Z"));
        assert_eq!(day("2024-01-31T00:00:00Z").plus_months(1), day("2024-02-29T00:00:00Z"));
        for number in -800_000..800_000_i64 {
            let (month, of_month) = Day(number).month();
            assert_eq!(Day::first_of(month).plus(of_month - 1), Day(number));
        }
    }
}
