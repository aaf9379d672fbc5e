//! Wall-clock time in a time zone: which day and which second of it an [`Instant`] is somewhere.
//!
//! Zones are those of the IANA database, which is part of the program, so that a run means the same on every machine.
//! Nothing here reads a clock or the machine's own zone.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::TimeZone;

use crate::Instant;

/// Seconds of a day without a change of offset.
pub const DAY_SECS: u32 = 86_400;
/// Seconds of a week without a change of offset.
pub const WEEK_SECS: u32 = 7 * DAY_SECS;

/// A time zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// A text was not the name of a time zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{name}' is not a time zone; write a name of the IANA database, such as America/Vancouver or UTC")]
pub struct ZoneError {
    /// What was to be read.
    pub name: String,
}

/// A day of the Gregorian calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(civil::Date);

/// A text was not a date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a date; write it as 2007-12-25")]
pub struct DateError {
    /// What was to be read.
    pub text: String,
}

/// What the clocks of a zone show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Local {
    /// The day.
    pub date: Date,
    /// Seconds since Monday 00:00 as the clock counts them: below [`WEEK_SECS`].
    pub week_second: u32,
    /// When the clocks are next set forward or back; until then they go on second by second.
    pub steady_until: Option<Instant>,
}

impl Zone {
    /// Universal time.
    #[must_use]
    pub const fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// The zone of that name (`America/Vancouver`).
    ///
    /// # Errors
    /// There is none.
    pub fn named(name: &str) -> Result<Self, ZoneError> {
        TimeZone::get(name).map(Self).map_err(|_| ZoneError { name: name.to_owned() })
    }

    /// What its clocks show at a point in time.
    #[must_use]
    pub fn local(&self, at: Instant) -> Local {
        // Every instant, to the year 2554, lies within what a timestamp holds.
        let stamp = jiff::Timestamp::from_nanosecond(i128::from(at.unix_nanos())).unwrap_or_default();
        let clock = self.0.to_datetime(stamp);
        let day = u32::from(clock.weekday().to_monday_zero_offset().unsigned_abs());
        let [hour, minute, second] =
            [clock.hour(), clock.minute(), clock.second()].map(|part| u32::from(part.unsigned_abs()));
        let next = self.0.following(stamp).next();
        Local {
            date: Date(clock.date()),
            week_second: day * DAY_SECS + hour * 3_600 + minute * 60 + second,
            steady_until: next
                .and_then(|change| u64::try_from(change.timestamp().as_nanosecond()).ok())
                .map(Instant::from_unix_nanos),
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl FromStr for Date {
    type Err = DateError;
    fn from_str(text: &str) -> Result<Self, DateError> {
        text.parse().map(Self).map_err(|_| DateError { text: text.to_owned() })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(zone: &str, at: &str) -> Local {
        Zone::named(zone).unwrap().local(Instant::parse_rfc3339(at).unwrap())
    }

    #[test]
    fn a_zone_tells_the_day_and_the_second_of_the_week() {
        // 2007-03-09 was a Friday, the fifth day: 4 × 86400 + 15 × 60 + 50.
        let vancouver = local("America/Vancouver", "2007-03-09T00:15:50-08:00");
        assert_eq!((vancouver.date.to_string().as_str(), vancouver.week_second), ("2007-03-09", 346_550));
        // The same moment in Prague: 09:15:50.
        let prague = local("Europe/Prague", "2007-03-09T00:15:50-08:00");
        assert_eq!(prague.week_second, 346_550 + 9 * 3_600);
    }

    #[test]
    fn clocks_that_are_set_forward_skip_an_hour() {
        // Vancouver, 2007-03-11 at 02:00: the clocks go to 03:00.
        let before = local("America/Vancouver", "2007-03-11T01:59:59-08:00");
        let after = local("America/Vancouver", "2007-03-11T03:00:00-07:00");
        assert_eq!(after.week_second - before.week_second, 3_601);
        assert_eq!(before.steady_until, Some(Instant::parse_rfc3339("2007-03-11T10:00:00Z").unwrap()));
    }

    #[test]
    fn universal_time_is_steady_for_ever() {
        assert_eq!(Zone::utc().local(Instant::EPOCH).steady_until, None);
        // 1970-01-01 was a Thursday.
        assert_eq!(Zone::utc().local(Instant::EPOCH).week_second, 3 * DAY_SECS);
    }

    #[test]
    fn what_is_no_zone_or_no_date_is_refused() {
        assert!(Zone::named("Europe/Atlantis").is_err());
        assert!("2007-02-30".parse::<Date>().is_err());
        assert!("2007-02-28".parse::<Date>().is_ok());
    }
}
