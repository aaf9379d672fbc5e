//! Peak levels: which of a rate's prices holds at which time of the week.
//!
//! - Peak is whatever no period names. The periods of the other two levels come every week, told by the clocks of one
//!   time zone. Periods of two levels may not overlap; those of one level go together.
//! - A holiday is at one level from midnight to midnight by the same clocks, whatever day of the week it is.
//! - When the clocks are set, a period begins and ends when they show its times: it is longer or shorter that day.

use std::collections::BTreeSet;
use std::fmt;

use tollgate_time::{DAY_SECS, Date, Instant, WEEK_SECS, Zone};

use super::error::CatalogueError;

/// A level of prices. The numbers are those of `peak_level` in an xDR.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum PeakLevel {
    /// 0: whatever is not one of the others.
    #[default]
    Peak,
    /// 1.
    OffPeak,
    /// 2.
    SecondOffPeak,
}

/// A period that comes every week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period {
    /// When it begins: seconds since Monday 00:00, below 604800.
    pub begins: u32,
    /// How long it is: 1 to 604800 seconds. It may go on into the next week.
    pub secs: u32,
    /// Its level.
    pub level: PeakLevel,
}

/// When the levels of a tariff hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeaksSpec {
    /// Whose clocks.
    pub zone: Zone,
    /// The periods that are not peak.
    pub periods: Vec<Period>,
    /// Days that are wholly at one level.
    pub holidays: Vec<Date>,
    /// That level.
    pub holiday_level: PeakLevel,
}

/// The level at a moment, and how long it certainly stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) level: PeakLevel,
    /// When to look again; the level may be the same then. `None` for never.
    pub(crate) until: Option<Instant>,
}

/// When the levels of a tariff hold, as it is looked up.
#[derive(Clone, Debug)]
pub(crate) struct Peaks {
    zone: Zone,
    /// The level from each second of the week on; the first is second 0.
    changes: Vec<(u32, PeakLevel)>,
    holidays: BTreeSet<Date>,
    holiday_level: PeakLevel,
}

impl PeakLevel {
    /// All of them, by number.
    pub const ALL: [Self; 3] = [Self::Peak, Self::OffPeak, Self::SecondOffPeak];

    /// The number that xDRs carry in `peak_level`.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Peak => 0,
            Self::OffPeak => 1,
            Self::SecondOffPeak => 2,
        }
    }
}

impl fmt::Display for PeakLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peak => "peak",
            Self::OffPeak => "off-peak",
            Self::SecondOffPeak => "second off-peak",
        })
    }
}

/// `Fri 18:00:00`
fn time_of_week(second: u32) -> String {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let day = usize::try_from(second / DAY_SECS).ok().and_then(|day| DAYS.get(day)).unwrap_or(&"Mon");
    let second = second % DAY_SECS;
    format!("{day} {:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
}

impl Peaks {
    pub(crate) fn new(tariff: &str, spec: PeaksSpec) -> Result<Self, CatalogueError> {
        let mut parts: Vec<(u32, u32, PeakLevel)> = Vec::new();
        for period in spec.periods {
            if period.begins >= WEEK_SECS || !(1..=WEEK_SECS).contains(&period.secs) {
                return Err(CatalogueError::PeriodLength { tariff: tariff.to_owned() });
            }
            let ends = period.begins + period.secs;
            parts.push((period.begins, ends.min(WEEK_SECS), period.level));
            if ends > WEEK_SECS {
                parts.push((0, ends - WEEK_SECS, period.level));
            }
        }
        parts.sort_unstable();
        let mut changes = vec![(0, PeakLevel::Peak)];
        let mut reached = 0;
        let mut last = PeakLevel::Peak;
        for (begins, ends, level) in parts {
            // Periods of one level go together.
            if begins < reached && level == last {
                if ends > reached {
                    changes.pop();
                    changes.push((ends, PeakLevel::Peak));
                    reached = ends;
                }
                continue;
            }
            if begins < reached {
                let at = time_of_week(begins);
                return Err(CatalogueError::PeriodsOverlap { tariff: tariff.to_owned(), at });
            }
            // What begins where the last one ended takes the place of the peak that was to follow there.
            if begins == reached {
                changes.pop();
            }
            changes.push((begins, level));
            changes.push((ends, PeakLevel::Peak));
            (reached, last) = (ends, level);
        }
        changes.retain(|(begins, _)| *begins < WEEK_SECS);
        changes.dedup_by_key(|(_, level)| *level);
        let holidays = spec.holidays.into_iter().collect();
        Ok(Self { zone: spec.zone, changes, holidays, holiday_level: spec.holiday_level })
    }

    /// The level at a moment.
    pub(crate) fn at(&self, at: Instant) -> Stretch {
        let local = self.zone.local(at);
        let after = self.changes.partition_point(|(begins, _)| *begins <= local.week_second);
        let weekly = after.checked_sub(1).and_then(|place| self.changes.get(place));
        let mut level = weekly.map_or(PeakLevel::Peak, |(_, level)| *level);
        let next_change = self.changes.get(after).map_or(WEEK_SECS, |(begins, _)| *begins);
        let mut ends = Some(next_change).filter(|_| self.changes.len() > 1);
        if !self.holidays.is_empty() {
            let midnight = (local.week_second / DAY_SECS + 1) * DAY_SECS;
            if self.holidays.contains(&local.date) {
                level = self.holiday_level;
                ends = Some(midnight);
            } else {
                ends = Some(ends.map_or(midnight, |ends| ends.min(midnight)));
            }
        }
        let until = ends.map(|ends| {
            let whole = at.unix_secs().saturating_add(u64::from(ends - local.week_second));
            let ends = Instant::from_unix_secs(whole);
            local.steady_until.map_or(ends, |steady| steady.min(ends))
        });
        Stretch { level, until: until.filter(|until| *until > at) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u32 = 3_600;

    fn period(day: u32, from: u32, hours: u32, level: PeakLevel) -> Period {
        Period { begins: day * DAY_SECS + from * HOUR, secs: hours * HOUR, level }
    }

    fn spec(periods: Vec<Period>, holidays: &[&str]) -> PeaksSpec {
        PeaksSpec {
            zone: Zone::named("America/Vancouver").unwrap(),
            periods,
            holidays: holidays.iter().map(|date| date.parse().unwrap()).collect(),
            holiday_level: PeakLevel::SecondOffPeak,
        }
    }

    fn at(peaks: &Peaks, text: &str) -> (PeakLevel, Option<String>) {
        let stretch = peaks.at(Instant::parse_rfc3339(text).unwrap());
        (stretch.level, stretch.until.map(|until| until.to_string()))
    }

    #[test]
    fn a_period_may_go_on_into_the_next_week() {
        // Sunday 20:00 to Monday 08:00.
        let peaks = Peaks::new("T", spec(vec![period(6, 20, 12, PeakLevel::OffPeak)], &[])).unwrap();
        assert_eq!(at(&peaks, "2007-03-04T19:59:59-08:00").0, PeakLevel::Peak);
        assert_eq!(at(&peaks, "2007-03-04T20:00:00-08:00").0, PeakLevel::OffPeak);
        assert_eq!(
            at(&peaks, "2007-03-05T07:00:00-08:00"),
            (PeakLevel::OffPeak, Some("2007-03-05T16:00:00Z".to_owned()))
        );
        assert_eq!(at(&peaks, "2007-03-05T08:00:00-08:00").0, PeakLevel::Peak);
    }

    #[test]
    fn clocks_that_are_set_back_make_a_period_longer() {
        // Off-peak on Sunday from 00:00 to 04:00; on 2007-11-04 the hour from 01:00 comes twice in Vancouver.
        let peaks = Peaks::new("T", spec(vec![period(6, 0, 4, PeakLevel::OffPeak)], &[])).unwrap();
        assert_eq!(at(&peaks, "2007-11-04T00:00:00-07:00").0, PeakLevel::OffPeak);
        // Four hours later the clock shows 03:00.
        assert_eq!(
            at(&peaks, "2007-11-04T04:00:00-07:00"),
            (PeakLevel::OffPeak, Some("2007-11-04T12:00:00Z".to_owned()))
        );
        assert_eq!(at(&peaks, "2007-11-04T12:00:00Z").0, PeakLevel::Peak);
    }

    #[test]
    fn a_holiday_is_at_its_level_from_midnight_to_midnight() {
        let peaks =
            Peaks::new("T", spec(vec![period(1, 18, 6, PeakLevel::OffPeak)], &["2007-12-25"])).unwrap();
        // The 25th was a Tuesday.
        assert_eq!(
            at(&peaks, "2007-12-25T00:00:00-08:00"),
            (PeakLevel::SecondOffPeak, Some("2007-12-26T08:00:00Z".to_owned()))
        );
        assert_eq!(at(&peaks, "2007-12-25T18:00:00-08:00").0, PeakLevel::SecondOffPeak);
        assert_eq!(at(&peaks, "2007-12-18T18:00:00-08:00").0, PeakLevel::OffPeak);
        assert_eq!(at(&peaks, "2007-12-24T23:59:59-08:00").0, PeakLevel::Peak);
    }

    #[test]
    fn periods_that_overlap_or_are_empty_are_refused() {
        let overlap = vec![period(0, 8, 4, PeakLevel::OffPeak), period(0, 11, 2, PeakLevel::SecondOffPeak)];
        let error = Peaks::new("T", spec(overlap, &[])).unwrap_err();
        assert_eq!(error.to_string(), "tariff 'T': two periods overlap at Mon 11:00:00");
        // Sunday's runs into Monday's.
        let wraps = vec![period(6, 20, 12, PeakLevel::OffPeak), period(0, 7, 2, PeakLevel::SecondOffPeak)];
        let error = Peaks::new("T", spec(wraps, &[])).unwrap_err();
        assert_eq!(error.to_string(), "tariff 'T': two periods overlap at Mon 07:00:00");
        assert!(Peaks::new("T", spec(vec![period(0, 8, 0, PeakLevel::OffPeak)], &[])).is_err());
    }

    #[test]
    fn periods_of_one_level_go_together() {
        let both = vec![period(0, 8, 4, PeakLevel::OffPeak), period(0, 10, 4, PeakLevel::OffPeak)];
        let peaks = Peaks::new("T", spec(both, &[])).unwrap();
        assert_eq!(
            at(&peaks, "2007-03-05T08:00:00-08:00"),
            (PeakLevel::OffPeak, Some("2007-03-05T22:00:00Z".to_owned()))
        );
    }

    #[test]
    fn periods_that_touch_follow_each_other() {
        let touch = vec![period(0, 8, 4, PeakLevel::OffPeak), period(0, 12, 2, PeakLevel::SecondOffPeak)];
        let peaks = Peaks::new("T", spec(touch, &[])).unwrap();
        assert_eq!(
            at(&peaks, "2007-03-05T11:59:59-08:00"),
            (PeakLevel::OffPeak, Some("2007-03-05T20:00:00Z".to_owned()))
        );
        assert_eq!(at(&peaks, "2007-03-05T20:00:00Z").0, PeakLevel::SecondOffPeak);
    }
}
