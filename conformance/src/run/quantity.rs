//! What a value is worth when it is compared: an exact decimal number and what it counts. Money, spans and
//! points in time become numbers here; texts of a message that read as one do too. No floats.

use std::cmp::Ordering;
use std::time::Duration;

use tollgate_time::Instant;
use tollgate_wire::{Decimal, Value};

/// A number with what it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Quantity<'a> {
    amount: Decimal,
    unit: Unit<'a>,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit<'a> {
    /// Nothing in particular.
    None,
    /// Money of this currency.
    Currency(&'a str),
    /// Seconds of a span.
    Seconds,
    /// Seconds since 1970-01-01T00:00:00Z.
    Epoch,
}

impl<'a> Quantity<'a> {
    /// What the value is worth, or `None` for one that is no quantity.
    pub(crate) fn of(value: &'a Value) -> Option<Self> {
        let (amount, unit) = match value {
            Value::Integer(number) => (Decimal::new(*number, 0), Unit::None),
            Value::Decimal(number) => (*number, Unit::None),
            Value::Money(amount, currency) => (*amount, Unit::Currency(currency)),
            Value::Span(span) => (span_seconds(*span)?, Unit::Seconds),
            Value::Time(at) => (Decimal::new(i128::from(at.unix_nanos()), 9), Unit::Epoch),
            Value::Text(text) => return Self::of_text(text),
            Value::Flag(_) | Value::Bytes(_) | Value::Address(_) | Value::List(_) | Value::Group(_) => {
                return None;
            }
        };
        Some(Self { amount, unit })
    }

    /// Texts on the wire carry numbers (`30000`), money (`0.02367 CAD`) and times (RFC 3339). Digits with a zero
    /// before them are a name, as they are in the scenario language.
    fn of_text(text: &'a str) -> Option<Self> {
        match text.strip_prefix('-').unwrap_or(text).as_bytes() {
            [b'0', next, ..] if next.is_ascii_digit() => return None,
            [first, ..] if first.is_ascii_digit() => {}
            _ => return None,
        }
        if let Ok(amount) = text.parse() {
            return Some(Self { amount, unit: Unit::None });
        }
        if let Some((amount, currency)) = text.split_once(' ') {
            let named = currency.len() == 3 && currency.bytes().all(|letter| letter.is_ascii_uppercase());
            let amount = amount.parse().ok().filter(|_| named)?;
            return Some(Self { amount, unit: Unit::Currency(currency) });
        }
        let at = Instant::parse_rfc3339(text).ok()?;
        Some(Self { amount: Decimal::new(i128::from(at.unix_nanos()), 9), unit: Unit::Epoch })
    }

    /// How this one, which was seen, compares with what was asked for; `None` when they count different
    /// things. A plain number compares with anything; money only equals money of its own currency; spans and
    /// times also compare with plain numbers of seconds.
    pub(crate) fn compare(self, asked: Self) -> Option<Ordering> {
        self.counts_as(asked).then(|| self.amount.cmp(&asked.amount))
    }

    /// Whether this one, which was seen, is at most `by` away from `center`.
    pub(crate) fn near(self, center: Self, by: Self) -> bool {
        let same = self.counts_as(center) && by.unit != Unit::Epoch;
        let same = same && (!matches!(by.unit, Unit::Currency(_)) || by.unit == center.unit);
        same && self.amount.distance(center.amount).is_some_and(|distance| distance <= by.amount)
    }

    fn counts_as(self, asked: Self) -> bool {
        match asked.unit {
            Unit::None => true,
            Unit::Currency(_) => self.unit == asked.unit,
            Unit::Seconds | Unit::Epoch => self.unit == asked.unit || self.unit == Unit::None,
        }
    }
}

fn span_seconds(span: Duration) -> Option<Decimal> {
    i128::try_from(span.as_nanos()).ok().map(|nanos| Decimal::new(nanos, 9))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compare(seen: &Value, asked: &Value) -> Option<Ordering> {
        Quantity::of(seen)?.compare(Quantity::of(asked)?)
    }

    fn money(amount: &str, currency: &str) -> Value {
        Value::Money(amount.parse().unwrap(), currency.into())
    }

    #[test]
    fn money_compares_with_its_own_currency_and_with_plain_numbers() {
        assert_eq!(compare(&money("9.97633", "CAD"), &money("10", "CAD")), Some(Ordering::Less));
        assert_eq!(compare(&money("9.97633", "CAD"), &money("10", "USD")), None);
        assert_eq!(compare(&money("0.00000", "CAD"), &Value::from(0_i64)), Some(Ordering::Equal));
        assert_eq!(compare(&Value::text("0.02367 CAD"), &money("0.02367", "CAD")), Some(Ordering::Equal));
        // A number without a currency does not show that it is the right one.
        assert_eq!(compare(&Value::text("10.00"), &money("10", "CAD")), None);
    }

    #[test]
    fn spans_and_times_compare_with_seconds() {
        let span = Value::Span(Duration::from_millis(70_729));
        assert_eq!(compare(&span, &Value::Decimal("70.729".parse().unwrap())), Some(Ordering::Equal));
        assert_eq!(
            compare(&Value::from(71_i64), &Value::Span(Duration::from_secs(71))),
            Some(Ordering::Equal)
        );
        let at = Value::Time(Instant::from_unix_secs(1_373_028_131));
        assert_eq!(compare(&Value::text("1373028131"), &at), Some(Ordering::Equal));
        assert_eq!(compare(&Value::text("2013-07-05T12:42:11Z"), &at), Some(Ordering::Equal));
        assert_eq!(compare(&span, &at), None);
    }

    #[test]
    fn near_takes_the_distance_in_the_unit_of_the_centre() {
        let near = |seen: Value, center: Value, by: Value| {
            let of = |value| Quantity::of(value).unwrap();
            of(&seen).near(of(&center), of(&by))
        };
        assert!(near(Value::from(1_373_028_133_i64), Value::from(1_373_028_131_i64), Value::from(2_i64)));
        assert!(!near(Value::from(1_373_028_134_i64), Value::from(1_373_028_131_i64), Value::from(2_i64)));
        let at = |secs| Value::Time(Instant::from_unix_secs(secs));
        assert!(near(at(10), at(12), Value::Span(Duration::from_secs(2))));
        assert!(near(money("9.99", "CAD"), money("10", "CAD"), money("0.01", "CAD")));
        assert!(!near(money("9.99", "CAD"), money("10", "CAD"), money("0.01", "USD")));
    }

    #[test]
    fn words_and_groups_are_no_quantities() {
        for value in [Value::text("h323"), Value::text(""), Value::from(true), Value::List(Vec::new())] {
            assert_eq!(Quantity::of(&value), None, "{value}");
        }
        for name in ["00749512", "-01", "+5", "00:16:18.192 PST Fri Mar 9 2007"] {
            assert_eq!(Quantity::of(&Value::text(name)), None, "{name}");
        }
        assert!(Quantity::of(&Value::text("0")).is_some() && Quantity::of(&Value::text("-0.5")).is_some());
    }
}
