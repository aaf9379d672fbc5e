//! Abbreviations of time zones and their offsets. Abbreviations are shared between countries, so a
//! caller may say what they mean where its equipment stands.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

/// An abbreviation with its offset from UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone {
    letters: [u8; Zone::LEN_MAX],
    len: u8,
    offset_secs: i32,
}

/// A zone could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// Not one to nine letters, digits or signs.
    #[error("'{0}' is not an abbreviation of a time zone; write 1 to 9 letters, digits, '+' or '-'")]
    NotAbbreviation(String),
    /// Further than a day from UTC.
    #[error("{0} s is more than a day from UTC")]
    TooFar(i32),
    /// No offset is known for it.
    #[error("no offset is known for the time zone '{0}'; name it with its offset")]
    Unknown(String),
}

/// Abbreviations that are known without being told, in order, with minutes east of UTC. Of those that
/// several countries use, the one that voice gateways are documented with: CST and BST are America's and
/// Britain's, IST is India's.
#[rustfmt::skip]
const KNOWN: &[(&str, i32)] = &[
    ("ACDT", 630), ("ACST", 570), ("ADT", -180), ("AEDT", 660), ("AEST", 600), ("AKDT", -480),
    ("AKST", -540), ("AST", -240), ("AWST", 480), ("BRT", -180), ("BST", 60), ("CAT", 120),
    ("CDT", -300), ("CEST", 120), ("CET", 60), ("CST", -360), ("EAT", 180), ("EDT", -240),
    ("EEST", 180), ("EET", 120), ("EST", -300), ("GMT", 0), ("GST", 240), ("HKT", 480),
    ("HST", -600), ("ICT", 420), ("IST", 330), ("JST", 540), ("KST", 540), ("MDT", -360),
    ("MEST", 120), ("MET", 60), ("MSD", 240), ("MSK", 180), ("MST", -420), ("NDT", -150),
    ("NPT", 345), ("NST", -210), ("NZDT", 780), ("NZST", 720), ("PDT", -420), ("PHT", 480),
    ("PKT", 300), ("PST", -480), ("SAST", 120), ("SGT", 480), ("TRT", 180), ("UTC", 0), ("WAT", 60),
    ("WEST", 60), ("WET", 0), ("WIB", 420), ("Z", 0),
];

impl Zone {
    const LEN_MAX: usize = 9;
    const OFFSET_SECS_MAX: i32 = 86_400;

    /// Coordinated universal time, under the name that gateways write.
    pub const GMT: Self = Self { letters: *b"GMT\0\0\0\0\0\0", len: 3, offset_secs: 0 };

    /// An abbreviation that lies `offset_secs` seconds east of UTC.
    ///
    /// # Errors
    /// The abbreviation has other than one to nine letters, digits or signs, or lies more than a day off.
    pub fn new(abbreviation: &str, offset_secs: i32) -> Result<Self, ZoneError> {
        let right = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'-' | b':');
        if abbreviation.is_empty() || abbreviation.len() > Self::LEN_MAX || !abbreviation.bytes().all(right) {
            return Err(ZoneError::NotAbbreviation(abbreviation.to_owned()));
        }
        if offset_secs.abs() > Self::OFFSET_SECS_MAX {
            return Err(ZoneError::TooFar(offset_secs));
        }
        let mut letters = [0; Self::LEN_MAX];
        letters[..abbreviation.len()].copy_from_slice(abbreviation.as_bytes());
        let len = u8::try_from(abbreviation.len()).unwrap_or(0);
        Ok(Self { letters, len, offset_secs })
    }

    /// The abbreviation: `PST`.
    #[must_use]
    pub fn abbreviation(&self) -> &str {
        std::str::from_utf8(&self.letters[..usize::from(self.len)]).unwrap_or("GMT")
    }

    /// Seconds east of UTC.
    #[must_use]
    pub const fn offset_secs(&self) -> i32 {
        self.offset_secs
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({:+} s)", self.abbreviation(), self.offset_secs)
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    /// The zone that [`Zones::default`] knows under this abbreviation.
    fn from_str(text: &str) -> Result<Self, ZoneError> {
        Zones::default().find(text)
    }
}

/// What abbreviations mean: those known without being told, and a caller's own before them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Zones {
    own: BTreeMap<String, Zone>,
}

impl Zones {
    /// Adds a zone, or gives an abbreviation another meaning.
    pub fn insert(&mut self, zone: Zone) {
        self.own.insert(zone.abbreviation().to_ascii_uppercase(), zone);
    }

    /// The zone of an abbreviation, in letters of either case, or of an offset: `+0200`, `UTC-3`,
    /// `GMT+5:30`.
    ///
    /// # Errors
    /// It is not known.
    pub fn find(&self, text: &str) -> Result<Zone, ZoneError> {
        if !self.own.is_empty()
            && let Some(zone) = self.own.get(&text.to_ascii_uppercase())
        {
            return Ok(*zone);
        }
        if let Some(minutes) = known(text) {
            return Zone::new(text, minutes * 60);
        }
        let minutes = offset_minutes(text).ok_or_else(|| ZoneError::Unknown(text.to_owned()))?;
        Zone::new(text, minutes * 60)
    }
}

/// Minutes east of UTC of an abbreviation that is known without being told.
fn known(text: &str) -> Option<i32> {
    let mut upper = [0; Zone::LEN_MAX];
    let upper = upper.get_mut(..text.len())?;
    upper.copy_from_slice(text.as_bytes());
    upper.make_ascii_uppercase();
    let place = KNOWN.binary_search_by(|(name, _)| name.as_bytes().cmp(upper)).ok()?;
    KNOWN.get(place).map(|(_, minutes)| *minutes)
}

/// Minutes east of UTC of `+02`, `+0200`, `+02:00`, with or without `UTC` or `GMT` in front.
fn offset_minutes(text: &str) -> Option<i32> {
    let text = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match (digits.split_once(':'), digits.len()) {
        (Some(parts), _) => parts,
        (None, 3..=4) if digits.is_ascii() => digits.split_at(digits.len() - 2),
        (None, _) => (digits, "0"),
    };
    let number = |text: &str, max: i32| {
        let digits = !text.is_empty() && text.len() <= 2 && text.bytes().all(|octet| octet.is_ascii_digit());
        text.parse::<i32>().ok().filter(|number| digits && *number <= max)
    };
    Some(sign * (number(hours, 23)? * 60 + number(minutes, 59)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn abbreviations_stand_in_order_and_once() {
        assert!(KNOWN.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(KNOWN.iter().all(|(name, minutes)| {
            name.parse::<Zone>().map(|zone| zone.offset_secs()) == Ok(minutes * 60)
        }));
    }

    #[test]
    fn an_offset_is_a_zone_too() {
        let offset = |text: &str| text.parse::<Zone>().map(|zone| zone.offset_secs()).ok();
        assert_eq!(offset("PST"), Some(-28_800));
        assert_eq!(offset("cest"), Some(7_200));
        assert_eq!(offset("+0530"), Some(19_800));
        assert_eq!(offset("UTC-3"), Some(-10_800));
        assert_eq!(offset("UTC+05:45"), Some(20_700));
        assert_eq!(offset("GMT+5:30"), Some(19_800));
        for text in ["", "XYZ", "+", "+2400", "+02:60", "+1:2:3", "UTC3", "+١٢", "PSTPSTPST"] {
            assert_eq!(offset(text), None, "{text}");
        }
    }

    #[test]
    fn a_caller_may_give_an_abbreviation_another_meaning() {
        let mut zones = Zones::default();
        zones.insert(Zone::new("IST", 7_200).unwrap());
        assert_eq!(zones.find("ist").map(|zone| zone.offset_secs()), Ok(7_200));
        assert_eq!(zones.find("PST").map(|zone| zone.offset_secs()), Ok(-28_800));
    }
}
