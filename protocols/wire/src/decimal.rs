//! Exact decimal numbers as people write them: digits and a scale, never a float.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// `digits × 10^-scale`. `10.00` keeps its two decimals to be shown, and equals `10`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Decimal {
    digits: i128,
    scale: u8,
}

/// A text was not a decimal number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecimalError {
    /// Something other than digits, one sign and one point.
    #[error("'{0}' is not a decimal number")]
    NotDecimal(String),
    /// More digits than can be kept exactly.
    #[error("'{0}' has more than 30 digits")]
    TooLong(String),
}

const DIGITS_MAX: usize = 30;

impl Decimal {
    /// `digits × 10^-scale`.
    #[must_use]
    pub const fn new(digits: i128, scale: u8) -> Self {
        Self { digits, scale }
    }

    /// The digits without the point.
    #[must_use]
    pub const fn digits(self) -> i128 {
        self.digits
    }

    /// How many of the digits stand behind the point.
    #[must_use]
    pub const fn scale(self) -> u8 {
        self.scale
    }

    /// This number in units of `10^-scale`, or `None` where that would lose digits or overflow.
    #[must_use]
    pub fn to_scale(self, scale: u8) -> Option<i128> {
        if scale >= self.scale {
            let factor = 10_i128.checked_pow(u32::from(scale - self.scale))?;
            return self.digits.checked_mul(factor);
        }
        let factor = 10_i128.checked_pow(u32::from(self.scale - scale))?;
        (self.digits % factor == 0).then_some(self.digits / factor)
    }

    /// The same number without zeros behind the point that say nothing.
    #[must_use]
    pub const fn normalized(self) -> Self {
        let mut shorter = self;
        while shorter.scale > 0 && shorter.digits % 10 == 0 {
            shorter = Self { digits: shorter.digits / 10, scale: shorter.scale - 1 };
        }
        shorter
    }

    /// The distance between two numbers, or `None` where it cannot be held.
    #[must_use]
    pub fn distance(self, other: Self) -> Option<Self> {
        let scale = self.scale.max(other.scale);
        let digits = self.to_scale(scale)?.checked_sub(other.to_scale(scale)?)?;
        Some(Self { digits: digits.checked_abs()?, scale })
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { digits: i128::from(value), scale: 0 }
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || DecimalError::NotDecimal(text.to_owned());
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
        let point_alone = unsigned.contains('.') && part.is_empty();
        if whole.is_empty() || point_alone || !(whole.bytes().chain(part.bytes())).all(|b| b.is_ascii_digit())
        {
            return Err(wrong());
        }
        if whole.len() + part.len() > DIGITS_MAX {
            return Err(DecimalError::TooLong(text.to_owned()));
        }
        let digits =
            (whole.bytes().chain(part.bytes())).fold(0_i128, |sum, b| sum * 10 + i128::from(b - b'0'));
        let scale = u8::try_from(part.len()).map_err(|_| wrong())?;
        Ok(Self { digits: if negative { -digits } else { digits }, scale })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scale = usize::from(self.scale);
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.digits.unsigned_abs(), width = scale + 1);
        let (whole, part) = digits.split_at(digits.len() - scale);
        if scale == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{part}") }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        match (self.to_scale(scale), other.to_scale(scale)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // One of them overflowed when it was spread out, so its magnitude decides.
            (None, _) => {
                if self.digits < 0 {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (_, None) => {
                if other.digits < 0 {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn a_decimal_is_shown_as_it_was_written() {
        for text in ["10.00", "0.02367", "-0.5", "0", "-12", "9.97633"] {
            assert_eq!(decimal(text).to_string(), text);
        }
    }

    #[test]
    fn trailing_zeros_do_not_matter_to_equality() {
        assert_eq!(decimal("10.00"), decimal("10"));
        assert_ne!(decimal("10.00"), decimal("10.001"));
        assert!(decimal("-1.5") < decimal("-1.49"));
    }

    #[test]
    fn a_scale_that_would_lose_digits_is_refused() {
        assert_eq!(decimal("0.02").to_scale(9), Some(20_000_000));
        assert_eq!(decimal("0.023").to_scale(2), None);
        assert_eq!(decimal("0.020").to_scale(2), Some(2));
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", ".", "1.", ".5", "1e5", "1,5", "--1", "1.2.3", "NaN", " 1"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
