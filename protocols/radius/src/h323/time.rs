//! Times as Cisco's voice gateways write them: `00:16:18.192 PST Fri Mar 9 2007`.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use jiff::tz::Offset;
use tollgate_time::Instant;

use super::{Zone, ZoneError, Zones};

const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const NANOS_PER_SEC: i128 = 1_000_000_000;

/// What a gateway says of its clock in front of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Clock {
    /// Nothing: set and synchronised.
    #[default]
    Synchronised,
    /// `.`: set, and out of step with its time server.
    Unsynchronised,
    /// `*`: never set.
    Unset,
}

/// A point in time in the zone in which it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct H323Time {
    /// The point in time.
    pub at: Instant,
    /// The zone in which it is written.
    pub zone: Zone,
    /// What the gateway says of its clock.
    pub clock: Clock,
}

/// A text was not such a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// It has another form.
    #[error("'{text}' is not a gateway's time: {part} is wrong; write 00:16:18.192 PST Fri Mar 9 2007")]
    Malformed {
        /// What was to be read.
        text: String,
        /// The part of it that is wrong or missing.
        part: &'static str,
    },
    /// Its zone is not known.
    #[error(transparent)]
    Zone(#[from] ZoneError),
    /// It lies before 1970 or after 2554.
    #[error("'{0}' lies before 1970 or after 2554")]
    OutOfRange(String),
}

impl H323Time {
    /// A time to be written in this zone.
    #[must_use]
    pub const fn new(at: Instant, zone: Zone) -> Self {
        Self { at, zone, clock: Clock::Synchronised }
    }

    /// A time to be written in GMT.
    #[must_use]
    pub const fn utc(at: Instant) -> Self {
        Self::new(at, Zone::GMT)
    }

    /// Reads a time. The seconds may have one to nine decimals or none, the day of the month one or two
    /// digits and a space in place of its zero. The day of the week must be one and is not compared with
    /// the date: gateways and documents have wrong ones. A leap second counts as the second after.
    ///
    /// # Errors
    /// Another form, an unknown zone, or a date that does not exist.
    pub fn parse(text: &str, zones: &Zones) -> Result<Self, TimeError> {
        let wrong = |part| TimeError::Malformed { text: text.to_owned(), part };
        let (clock, rest) = match text.as_bytes().first() {
            Some(b'*') => (Clock::Unset, &text[1..]),
            Some(b'.') => (Clock::Unsynchronised, &text[1..]),
            _ => (Clock::Synchronised, text),
        };
        let mut words = rest.split_ascii_whitespace();
        let mut word = |part| words.next().ok_or_else(|| wrong(part));
        let time = TimeOfDay::parse(word("the time of day")?).ok_or_else(|| wrong("the time of day"))?;
        let zone = word("the time zone")?;
        let day = word("the day of the week")?;
        place(&DAYS, day).ok_or_else(|| wrong("the day of the week"))?;
        let month = word("the month")?;
        let month = place(&MONTHS, month).ok_or_else(|| wrong("the month"))?;
        let day = word("the day of the month")?;
        let day = digits(day, 1..=2).and_then(|day| i8::try_from(day).ok());
        let year = word("the year")?;
        let year = digits(year, 4..=4).and_then(|year| i16::try_from(year).ok());
        if words.next().is_some() {
            return Err(wrong("what stands behind the year"));
        }
        let day = day.ok_or_else(|| wrong("the day of the month"))?;
        let year = year.ok_or_else(|| wrong("the year"))?;
        let date = civil::Date::new(year, month, day).map_err(|_| wrong("the day of the month"))?;
        let zone = zones.find(zone)?;
        let out_of_range = || TimeError::OutOfRange(text.to_owned());
        let at = instant(date, &time, zone).ok_or_else(out_of_range)?;
        Ok(Self { at, zone, clock })
    }
}

impl FromStr for H323Time {
    type Err = TimeError;

    /// [`H323Time::parse`] with the zones that are known without being told.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        Self::parse(text, &Zones::default())
    }
}

impl fmt::Display for H323Time {
    /// Milliseconds, rounded down, and no zero in front of the day: as the documents show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.clock {
            Clock::Synchronised => {}
            Clock::Unsynchronised => f.write_str(".")?,
            Clock::Unset => f.write_str("*")?,
        }
        let offset = Offset::from_seconds(self.zone.offset_secs()).unwrap_or(Offset::UTC);
        let Ok(stamp) = jiff::Timestamp::from_nanosecond(i128::from(self.at.unix_nanos())) else {
            return write!(f, "{}", self.at);
        };
        let local = offset.to_datetime(stamp);
        let name = |names: &[&'static str], from_zero: i8| {
            usize::try_from(from_zero).ok().and_then(|place| names.get(place)).copied().unwrap_or("?")
        };
        write!(
            f,
            "{:02}:{:02}:{:02}.{:03} {} {} {} {} {}",
            local.hour(),
            local.minute(),
            local.second(),
            local.millisecond(),
            self.zone.abbreviation(),
            name(&DAYS, local.date().weekday().to_monday_zero_offset()),
            name(&MONTHS, local.month() - 1),
            local.day(),
            local.year(),
        )
    }
}

struct TimeOfDay {
    secs: i64,
    nanos: u32,
}

impl TimeOfDay {
    /// `00:16:18.192`; the decimals may be missing.
    fn parse(text: &str) -> Option<Self> {
        let (whole, part) = text.split_once('.').map_or((text, None), |(whole, part)| (whole, Some(part)));
        let mut numbers = whole.split(':');
        let mut number = |max: u32| digits(numbers.next()?, 1..=2).filter(|number| *number <= max);
        let (hours, minutes, secs) = (number(23)?, number(59)?, number(60)?);
        if numbers.next().is_some() {
            return None;
        }
        let nanos = match part {
            Some(part) => {
                let scale = 9_u32.checked_sub(u32::try_from(part.len()).ok()?)?;
                digits(part, 1..=9)? * 10_u32.pow(scale)
            }
            None => 0,
        };
        Some(Self { secs: i64::from(hours * 3600 + minutes * 60 + secs), nanos })
    }
}

/// The place of a name in its list from one, in letters of either case.
fn place(names: &[&str], name: &str) -> Option<i8> {
    let place = names.iter().position(|own| own.eq_ignore_ascii_case(name))?;
    i8::try_from(place + 1).ok()
}

/// A number of so many digits and nothing else.
fn digits(text: &str, len: std::ops::RangeInclusive<usize>) -> Option<u32> {
    let right = len.contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    if right { text.parse().ok() } else { None }
}

fn instant(date: civil::Date, time: &TimeOfDay, zone: Zone) -> Option<Instant> {
    let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?.as_second();
    let secs = midnight + time.secs - i64::from(zone.offset_secs());
    let nanos = i128::from(secs) * NANOS_PER_SEC + i128::from(time.nanos);
    u64::try_from(nanos).ok().map(Instant::from_unix_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> String {
        text.parse::<H323Time>().unwrap().at.to_string()
    }

    /// Times of the worked examples of ESI.
    #[test]
    fn the_times_of_the_documents_are_read_and_written() {
        for (text, expected) in [
            ("00:16:18.192 PST Fri Mar 9 2007", "2007-03-09T08:16:18.192Z"),
            ("00:17:31.893 PST Fri Mar 9 2007", "2007-03-09T08:17:31.893Z"),
            ("11:34:20.677 GMT Fri Feb 23 2007", "2007-02-23T11:34:20.677Z"),
            ("10:44:24.000 CEST Mon Mar 30 2009", "2009-03-30T08:44:24Z"),
        ] {
            assert_eq!(utc(text), expected);
            assert_eq!(text.parse::<H323Time>().unwrap().to_string(), text);
        }
    }

    /// ESI's music download: 6 February 2008 was a Wednesday.
    #[test]
    fn a_wrong_day_of_the_week_is_no_fault() {
        let time: H323Time = "07:18:35.965 GMT Mon Feb 6 2008".parse().unwrap();
        assert_eq!(time.at.to_string(), "2008-02-06T07:18:35.965Z");
        assert_eq!(time.to_string(), "07:18:35.965 GMT Wed Feb 6 2008");
    }

    #[test]
    fn the_mark_of_the_clock_is_kept() {
        for (mark, clock) in [("*", Clock::Unset), (".", Clock::Unsynchronised)] {
            let text = format!("{mark}00:16:18.192 PST Fri Mar 9 2007");
            let time: H323Time = text.parse().unwrap();
            assert_eq!(time.clock, clock);
            assert_eq!(time.at.to_string(), "2007-03-09T08:16:18.192Z");
            assert_eq!(time.to_string(), text);
        }
    }

    #[test]
    fn the_day_has_one_digit_or_two_and_the_seconds_up_to_nine_decimals() {
        for text in
            ["00:16:18 PST Fri Mar 09 2007", "00:16:18 pst fri mar  9 2007", " 0:16:18.0 PST Fri Mar 9 2007"]
        {
            assert_eq!(utc(text), "2007-03-09T08:16:18Z", "{text}");
        }
        assert_eq!(utc("00:16:18.000000001 GMT Fri Mar 9 2007"), "2007-03-09T00:16:18.000000001Z");
        assert_eq!(utc("23:59:60.5 GMT Sun Dec 31 2006"), "2007-01-01T00:00:00.5Z");
    }

    #[test]
    fn the_zone_shifts_the_day() {
        assert_eq!(utc("23:30:00.000 EST Wed Dec 31 2008"), "2009-01-01T04:30:00Z");
        let at = Instant::parse_rfc3339("2009-01-01T04:30:00Z").unwrap();
        let time = H323Time::new(at, "EST".parse().unwrap());
        assert_eq!(time.to_string(), "23:30:00.000 EST Wed Dec 31 2008");
    }

    #[test]
    fn what_is_no_time_says_which_part_is_wrong() {
        for (text, part) in [
            ("", "the time of day"),
            ("24:00:00 GMT Fri Mar 9 2007", "the time of day"),
            ("00:16 GMT Fri Mar 9 2007", "the time of day"),
            ("00:16:18. GMT Fri Mar 9 2007", "the time of day"),
            ("00:16:18.1234567890 GMT Fri Mar 9 2007", "the time of day"),
            ("00:16:18.192", "the time zone"),
            ("00:16:18 GMT Fry Mar 9 2007", "the day of the week"),
            ("00:16:18 GMT Fri Mer 9 2007", "the month"),
            ("00:16:18 GMT Fri Feb 29 2007", "the day of the month"),
            ("00:16:18 GMT Fri Mar 9", "the year"),
            ("00:16:18 GMT Fri Mar 9 07", "the year"),
            ("00:16:18 GMT Fri Mar 9 2007 x", "what stands behind the year"),
        ] {
            let error = text.parse::<H323Time>().unwrap_err().to_string();
            assert!(error.contains(&format!("{part} is wrong")), "{text}: {error}");
        }
        let unknown = "00:16:18 XYZ Fri Mar 9 2007".parse::<H323Time>().unwrap_err();
        assert_eq!(unknown, TimeError::Zone(ZoneError::Unknown("XYZ".to_owned())));
        let early = "00:16:18 GMT Fri Mar 9 1907".parse::<H323Time>().unwrap_err();
        assert!(matches!(early, TimeError::OutOfRange(_)));
    }
}
