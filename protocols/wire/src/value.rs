//! One value of a decoded message, as people and expectations see it.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use bytes::Bytes;
use tollgate_time::Instant;

use crate::{Decimal, Fields, Text};

/// A value in a field tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Yes or no.
    Flag(bool),
    /// A whole number (counters, codes, identifiers).
    Integer(i128),
    /// An exact decimal number.
    Decimal(Decimal),
    /// An amount of money with its currency (ISO 4217).
    Money(Decimal, Text),
    /// Text.
    Text(Text),
    /// Octets that are not text.
    Bytes(Bytes),
    /// An IP address.
    Address(IpAddr),
    /// A span of time.
    Span(Duration),
    /// A point in time.
    Time(Instant),
    /// Several values under one name, in order.
    List(Vec<Value>),
    /// A grouped value.
    Group(Fields),
}

impl Value {
    /// Text, from anything that reads as it.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// The text of a [`Value::Text`].
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number of a [`Value::Integer`].
    #[must_use]
    pub const fn as_integer(&self) -> Option<i128> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Value {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(i128::from(number))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(i128::from(number))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Integer(i128::from(number))
    }
}

impl From<IpAddr> for Value {
    fn from(address: IpAddr) -> Self {
        Self::Address(address)
    }
}

impl From<Instant> for Value {
    fn from(at: Instant) -> Self {
        Self::Time(at)
    }
}

impl From<Duration> for Value {
    fn from(span: Duration) -> Self {
        Self::Span(span)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Integer(number) => write!(f, "{number}"),
            Self::Decimal(number) => write!(f, "{number}"),
            Self::Money(amount, currency) => write!(f, "{amount} {currency}"),
            Self::Text(text) => write!(f, "{text}"),
            Self::Bytes(bytes) => {
                write!(f, "0x")?;
                bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
            Self::Address(address) => write!(f, "{address}"),
            Self::Span(span) => write!(f, "{}", SpanText(*span)),
            Self::Time(at) => write!(f, "{at}"),
            Self::List(values) => {
                write!(f, "[")?;
                for (place, value) in values.iter().enumerate() {
                    write!(f, "{}{value}", if place == 0 { "" } else { ", " })?;
                }
                write!(f, "]")
            }
            Self::Group(fields) => write!(f, "{{ {fields} }}"),
        }
    }
}

/// A span as the scenario language writes it: seconds where they are whole, else the finest unit needed.
struct SpanText(Duration);

impl fmt::Display for SpanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.as_nanos();
        let (unit, name, decimals) = match nanos {
            n if n % 1_000_000_000 == 0 => (1_000_000_000, "s", 0),
            n if n >= 1_000_000_000 && n % 1_000_000 == 0 => (1_000_000_000, "s", 3),
            n if n >= 1_000_000_000 => (1_000_000_000, "s", 9),
            n if n % 1_000_000 == 0 => (1_000_000, "ms", 0),
            n if n % 1_000 == 0 => (1_000, "us", 0),
            _ => (1, "ns", 0),
        };
        if decimals == 0 {
            return write!(f, "{}{name}", nanos / unit);
        }
        let scale = 10_u128.pow(9 - decimals);
        let part = (nanos % unit) / scale;
        let width = decimals as usize;
        write!(f, "{}.{part:0width$}{name}", nanos / unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_shown_in_the_unit_that_a_tester_would_write() {
        let shown = |nanos| Value::Span(Duration::from_nanos(nanos)).to_string();
        assert_eq!(shown(71_000_000_000), "71s");
        assert_eq!(shown(2_972_000_000), "2.972s");
        assert_eq!(shown(200_000_000), "200ms");
        assert_eq!(shown(1_500), "1500ns");
        assert_eq!(shown(0), "0s");
    }

    #[test]
    fn octets_are_shown_in_hexadecimal() {
        assert_eq!(Value::Bytes(Bytes::from_static(&[0, 0xab])).to_string(), "0x00ab");
    }
}
