//! `peaks:` of a tariff: the periods of the week, told by the clocks of a zone, and the holidays.

use tollgate_time::{DAY_SECS, Date, WEEK_SECS, Zone};
use tollgate_wire::{Decimal, Text};

use super::load::word;
use crate::diagnostics::{Collector, Problem, Span, shown};
use crate::scenario::read;
use crate::scenario::values::ValueError;
use crate::yaml::{Keys, Node};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
/// The most weekly periods of a tariff.
const PERIODS_MAX: usize = 200;

/// When the peak levels of a tariff hold.
#[derive(Debug, Clone)]
pub struct Peaks {
    /// `zone:` whose clocks tell the time; UTC without it.
    pub zone: Zone,
    /// `off-peak:` and `second-off-peak:`, one entry for each day.
    pub periods: Vec<Period>,
    /// `holidays:`
    pub holidays: Vec<Date>,
    /// `holiday-level:`; off-peak where it is not written.
    pub holiday_level: PeakLevel,
}

/// A level of prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PeakLevel {
    /// What no period names.
    Peak,
    /// `off-peak`
    #[default]
    OffPeak,
    /// `second-off-peak`
    SecondOffPeak,
}

/// A period that comes every week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// Seconds since Monday 00:00.
    pub begins: u32,
    /// Seconds; it may go on into the next week.
    pub secs: u32,
    /// Its level.
    pub level: PeakLevel,
}

impl Period {
    fn overlaps(self, other: Self) -> bool {
        let after = |one: Self, two: Self| (two.begins + WEEK_SECS - one.begins) % WEEK_SECS < one.secs;
        after(self, other) || after(other, self)
    }
}

pub(super) fn peaks(node: &Node, collector: &mut Collector) -> Option<Peaks> {
    let mut keys = Keys::of(node, "peak levels", collector)?;
    let zone = match keys.value("zone") {
        Some(node) => read::with(node, "a time zone", collector, |text, _| {
            Zone::named(text).map_err(|error| ValueError { message: error.to_string(), help: None })
        }),
        None => Some(Zone::utc()),
    };
    let mut periods: Vec<(Period, Span)> = Vec::new();
    for (key, level) in [("off-peak", PeakLevel::OffPeak), ("second-off-peak", PeakLevel::SecondOffPeak)] {
        let Some(node) = keys.value(key) else { continue };
        for item in read::items(node, "periods", collector) {
            let Some(found) = read::with(item, "a period", collector, |text, _| period(text, level)) else {
                continue;
            };
            periods.extend(found.into_iter().map(|period| (period, item.span)));
        }
    }
    if periods.len() > PERIODS_MAX {
        let message = format!("there are {} periods, at most {PERIODS_MAX} can be held", periods.len());
        collector.error(node.span, message);
        return None;
    }
    overlaps(&periods, collector);
    let mut holidays = Vec::new();
    if let Some(node) = keys.value("holidays") {
        for item in read::items(node, "`holidays:`", collector) {
            holidays.extend(read::with(item, "a date", collector, |text, _| {
                text.parse::<Date>().map_err(|error| ValueError { message: error.to_string(), help: None })
            }));
        }
    }
    let holiday_level =
        keys.value("holiday-level").and_then(|node| word(node, "a peak level", &LEVELS, collector));
    keys.finish("peak levels", collector);
    Some(Peaks {
        zone: zone?,
        periods: periods.into_iter().map(|(period, _)| period).collect(),
        holidays,
        holiday_level: holiday_level.unwrap_or_default(),
    })
}

/// The words for levels.
pub(super) const LEVELS: [(&str, PeakLevel); 3] = [
    ("peak", PeakLevel::Peak),
    ("off-peak", PeakLevel::OffPeak),
    ("second-off-peak", PeakLevel::SecondOffPeak),
];

/// Periods of two levels at one time; of one level they go together.
fn overlaps(periods: &[(Period, Span)], collector: &mut Collector) {
    let mut told: Vec<(u32, u32)> = Vec::new();
    for (place, (second, span)) in periods.iter().enumerate() {
        let earlier = periods.iter().take(place);
        for (first, also) in earlier.filter(|(first, _)| first.level != second.level) {
            let pair = (also.start, span.start);
            if first.overlaps(*second) && !told.contains(&pair) {
                told.push(pair);
                collector.push(
                    Problem::error(*span, "the period overlaps one of another level")
                        .label("this one")
                        .also(*also, "and this one"),
                );
            }
        }
    }
}

/// `Mon-Fri 18:00-08:00`, `Sat,Sun 00:00-24:00`
fn period(text: &str, level: PeakLevel) -> Result<Vec<Period>, ValueError> {
    let wrong = |message: String| ValueError {
        message,
        help: Some("write days and times: Mon-Fri 18:00-08:00, or Sat,Sun 00:00-24:00".to_owned()),
    };
    let not = || wrong(format!("'{}' is not a period", shown(text)));
    let (days, times) = text.trim().split_once(' ').ok_or_else(not)?;
    let (from, to) = times.trim().split_once('-').ok_or_else(not)?;
    let (from, to) = time_of_day(from).zip(time_of_day(to)).ok_or_else(not)?;
    if from == to || from == DAY_SECS {
        return Err(wrong(format!("the period '{}' is empty", shown(text))));
    }
    let secs = if to > from { to - from } else { to + DAY_SECS - from };
    let mut periods = Vec::new();
    for part in days.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = day(first).zip(day(last)).ok_or_else(not)?;
        let count = (last + 7 - first) % 7 + 1;
        for day in (first..first + count).map(|day| day % 7) {
            periods.push(Period { begins: day * DAY_SECS + from, secs, level });
        }
    }
    if periods.len() > DAYS.len() {
        return Err(wrong(format!("the period '{}' names a day twice", shown(text))));
    }
    Ok(periods)
}

fn day(text: &str) -> Option<u32> {
    (0_u32..).zip(DAYS).find(|(_, name)| name.eq_ignore_ascii_case(text.trim())).map(|(day, _)| day)
}

/// `18:00`; `24:00` is the end of the day.
fn time_of_day(text: &str) -> Option<u32> {
    let (hour, minute) = text.trim().split_once(':')?;
    let digits = |text: &str| text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
    if !digits(hour) || !digits(minute) {
        return None;
    }
    let (hour, minute) = (hour.parse::<u32>().ok()?, minute.parse::<u32>().ok()?);
    let second = hour * 3_600 + minute * 60;
    (minute < 60 && second <= DAY_SECS).then_some(second)
}

/// The name of a level's key in a rate.
pub(super) const LEVEL_KEYS: [&str; 2] = ["off-peak", "second-off-peak"];

/// `5%`, with at most three decimals, in thousandths of a percent.
pub(super) fn percent(text: &str) -> Result<u32, ValueError> {
    let wrong = || ValueError {
        message: format!("'{}' is not a percentage", shown(text)),
        help: Some("write it with its sign and at most three decimals, up to 1000%: 5%, 2.5%".to_owned()),
    };
    let number: Text = text.strip_suffix('%').ok_or_else(wrong)?.trim_end().into();
    let number: Decimal = number.parse().map_err(|_| wrong())?;
    let thousandths = number.to_scale(3).and_then(|it| u32::try_from(it).ok());
    thousandths.filter(|&it| it <= 1_000_000).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(text: &str) -> Option<Vec<(u32, u32)>> {
        let periods = period(text, PeakLevel::OffPeak).ok()?;
        Some(periods.into_iter().map(|it| (it.begins / 3_600, it.secs / 3_600)).collect())
    }

    #[test]
    fn a_period_is_days_and_times() {
        // Hours since Monday 00:00, and how many of them.
        assert_eq!(hours("Tue 08:00-18:00"), Some(vec![(32, 10)]));
        assert_eq!(hours("Sat,Sun 00:00-24:00"), Some(vec![(120, 24), (144, 24)]));
        // Over midnight, and over the end of the week.
        assert_eq!(hours("Sun 20:00-08:00"), Some(vec![(164, 12)]));
        assert_eq!(hours("Sun-Mon 20:00-21:00"), Some(vec![(164, 1), (20, 1)]));
        for wrong in ["", "Mon", "Mon 8:00-9:00", "Mon 08:00-08:00", "Mon 24:00-08:00", "Mon 08:60-09:00"] {
            assert_eq!(hours(wrong), None, "{wrong}");
        }
        for wrong in ["Mon-Sun,Mon 08:00-09:00", "Mun 08:00-09:00", "Mon 25:00-09:00", "Mon 08:00"] {
            assert_eq!(hours(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn periods_overlap_over_the_end_of_the_week() {
        let one = |text| period(text, PeakLevel::OffPeak).unwrap_or_default();
        let [sunday] = one("Sun 20:00-08:00")[..] else { panic!("one period") };
        let [early] = one("Mon 07:00-09:00")[..] else { panic!("one period") };
        let [late] = one("Mon 08:00-09:00")[..] else { panic!("one period") };
        assert!(sunday.overlaps(early) && early.overlaps(sunday));
        assert!(!sunday.overlaps(late) && !late.overlaps(sunday));
    }

    #[test]
    fn a_percentage_has_its_sign() {
        assert_eq!(percent("5%").ok(), Some(5_000));
        assert_eq!(percent("2.125 %").ok(), Some(2_125));
        for wrong in ["5", "%", "-1%", "0.0001%", "1000.001%", "5%%"] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }
}
