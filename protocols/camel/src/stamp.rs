//! Dates and times in BCD with swapped half octets, as the switch's clock shows them (TS 29.078 section 5.1,
//! DateAndTime and TimeAndTimezone).

use std::fmt;

use tollgate_wire::{DecodeError, Value};

use crate::Phase;
use crate::asn::{FieldError, Type, text_of};
use crate::ber::{Element, Encoder, Tag};

/// A local date and time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct DateAndTime {
    /// Year, 0 to 9999.
    pub year: u16,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59.
    pub second: u8,
}

/// A local date and time with the distance of its zone from UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct TimeAndTimezone {
    /// The local date and time.
    pub local: DateAndTime,
    /// Quarters of an hour that the local time is ahead of UTC, −79 to 79 (TS 23.040 section 9.2.3.11).
    pub quarters: i8,
}

/// Tens in the low half, ones in the high half.
fn pair(element: &Element<'_>, octet: u8) -> Result<u8, DecodeError> {
    let (tens, ones) = (octet & 15, octet >> 4);
    if tens > 9 || ones > 9 {
        return Err(element.invalid(u64::from(octet), "every half octet of a time is a decimal digit"));
    }
    Ok(tens * 10 + ones)
}

const fn swapped(number: u8) -> u8 {
    ((number / 10) % 10) | ((number % 10) << 4)
}

impl DateAndTime {
    fn of(element: &Element<'_>, octets: &[u8; 7]) -> Result<Self, DecodeError> {
        let mut parts = [0; 7];
        for (part, octet) in parts.iter_mut().zip(octets) {
            *part = pair(element, *octet)?;
        }
        let [century, year, month, day, hour, minute, second] = parts;
        Ok(Self { year: u16::from(century) * 100 + u16::from(year), month, day, hour, minute, second })
    }

    fn octets(&self) -> [u8; 7] {
        let part = |number: u16| u8::try_from(number % 100).unwrap_or(0);
        [part(self.year / 100), part(self.year), self.month, self.day, self.hour, self.minute, self.second]
            .map(swapped)
    }

    /// Reads `2026-11-20T16:30:00`.
    fn parse(text: &str) -> Option<Self> {
        let (date, time) = text.split_once(['T', ' '])?;
        let [year, month, day] = numbers::<3>(date, '-')?;
        let [hour, minute, second] = numbers::<3>(time, ':')?;
        let small = |number: u16| u8::try_from(number).ok().filter(|number| *number < 100);
        Some(Self {
            year: Some(year).filter(|year| *year < 10_000)?,
            month: small(month)?,
            day: small(day)?,
            hour: small(hour)?,
            minute: small(minute)?,
            second: small(second)?,
        })
    }
}

fn numbers<const N: usize>(text: &str, mark: char) -> Option<[u16; N]> {
    let parts: Option<Vec<u16>> = text.split(mark).map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

impl fmt::Display for DateAndTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day, hour, minute, second } = self;
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
    }
}

impl fmt::Display for TimeAndTimezone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.quarters < 0 { '-' } else { '+' };
        let quarters = self.quarters.unsigned_abs();
        write!(f, "{}{sign}{:02}:{:02}", self.local, quarters / 4, quarters % 4 * 15)
    }
}

impl Type for DateAndTime {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        let octets = element.octets()?;
        match octets.as_ref().try_into() {
            Ok(octets) => Self::of(element, octets),
            Err(_) => Err(element.invalid(octets.len() as u64, "a date and time has seven octets")),
        }
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        out.primitive(tag, &self.octets());
    }

    fn show(&self) -> Value {
        Value::text(self.to_string())
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        Self::parse(&text_of(value)?).ok_or_else(|| FieldError::new(value, "such as 2026-11-20T16:30:00"))
    }
}

impl TimeAndTimezone {
    fn parse(text: &str) -> Option<Self> {
        let at = text.rfind(['+', '-']).filter(|at| *at > 10)?;
        let [hours, minutes] = numbers::<2>(&text[at + 1..], ':')?;
        let quarters =
            i8::try_from(hours.checked_mul(4)?.checked_add(minutes / 15)?).ok().filter(|q| *q < 80)?;
        let quarters = if text[at..].starts_with('-') { -quarters } else { quarters };
        Some(Self { local: DateAndTime::parse(&text[..at])?, quarters })
    }
}

/// The sign of the zone is bit 4 of its octet, the highest of the tens.
const BEHIND: u8 = 0x08;

impl Type for TimeAndTimezone {
    const TAG: Tag = Tag::OCTET_STRING;

    fn read(element: &Element<'_>, _: Phase) -> Result<Self, DecodeError> {
        let octets = element.octets()?;
        let Ok([a, b, c, d, e, f, g, zone]) = <[u8; 8]>::try_from(octets.as_ref()) else {
            return Err(element.invalid(octets.len() as u64, "a time with its zone has eight octets"));
        };
        let quarters = i8::try_from(pair(element, zone & !BEHIND)?).unwrap_or(0);
        let quarters = if zone & BEHIND == 0 { quarters } else { -quarters };
        Ok(Self { local: DateAndTime::of(element, &[a, b, c, d, e, f, g])?, quarters })
    }

    fn write(&self, tag: Tag, _: Phase, out: &mut Encoder) {
        let sign = if self.quarters < 0 { BEHIND } else { 0 };
        let mut octets = self.local.octets().to_vec();
        octets.push(swapped(self.quarters.unsigned_abs() % 80) | sign);
        out.primitive(tag, &octets);
    }

    fn show(&self) -> Value {
        Value::text(self.to_string())
    }

    fn take(value: &Value) -> Result<Self, FieldError> {
        Self::parse(&text_of(value)?)
            .ok_or_else(|| FieldError::new(value, "such as 2026-11-20T16:30:00+01:00"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_behind_utc_has_the_sign_in_its_tens() {
        let own = TimeAndTimezone::take(&Value::text("2026-11-20T16:30:05-08:00")).unwrap();
        let mut out = Encoder::new();
        own.write(Tag::OCTET_STRING, Phase::Two, &mut out);
        let bytes = out.into_bytes();
        // 8 hours are 32 quarters: tens 3 with the sign is 0xb, ones 2.
        assert_eq!(bytes, [0x04, 8, 0x02, 0x62, 0x11, 0x02, 0x61, 0x03, 0x50, 0x2b]);
        let read = TimeAndTimezone::read(&crate::ber::single(&bytes, "x").unwrap(), Phase::Two);
        assert_eq!(read, Ok(own));
        assert_eq!(own.to_string(), "2026-11-20T16:30:05-08:00");
    }
}
