//! How values are written: spans, sizes, money, shares, times, and what an unquoted word reads as.
//! Every amount carries its unit, and nothing ever becomes a float.

use std::net::IpAddr;
use std::time::Duration;

use tollgate_network::{ArgKind, Ratio};
use tollgate_time::Instant;
use tollgate_wire::{Decimal, Text, Value};

use crate::diagnostics::{known_names, shown};

/// A value that is not written as it must be: a lowercase phrase, and a way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ValueError {
    /// What is wrong.
    pub message: String,
    /// How to write it.
    pub help: Option<String>,
}

impl ValueError {
    fn new(message: String, help: &str) -> Self {
        Self { message, help: Some(help.to_owned()) }
    }
}

const SPAN_UNITS: &[(&str, u64)] = &[
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("min", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

const SIZE_UNITS: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

const SPAN_HELP: &str = "units are ns, us, ms, s, min, h and d: 200ms, 2.5s, 5min";
const SIZE_HELP: &str = "units are B, kB, MB, GB, TB, KiB, MiB, GiB and TiB: 512 B, 1 GiB";
const MONEY_HELP: &str = "write the amount and its ISO 4217 currency: 10.00 CAD";
const RATIO_HELP: &str = "write a share of 0% to 100%: 5%, 0.1%";

/// Reads a span of time with its unit: `90s`, `200ms`, `5min`, `2.972s`.
///
/// # Errors
/// No number, no unit, parts of a nanosecond, or more than some 580 years.
pub fn span(text: &str) -> Result<Duration, ValueError> {
    let nanos = measured(text, SPAN_UNITS, "span of time", SPAN_HELP)?;
    Ok(Duration::from_nanos(nanos))
}

/// Reads a size in octets with its unit: `512 B`, `10 MB`, `1 GiB`.
///
/// # Errors
/// No number, no unit, parts of an octet, or more than 2⁶⁴.
pub fn octets(text: &str) -> Result<u64, ValueError> {
    measured(text, SIZE_UNITS, "size", SIZE_HELP)
}

/// Reads a share: `5%`, `0.01%`.
///
/// # Errors
/// No percent sign, more than 100%, or finer than a millionth.
pub fn ratio(text: &str) -> Result<Ratio, ValueError> {
    let wrong = || ValueError::new(format!("'{}' is not a share", shown(text)), RATIO_HELP);
    let number = text.strip_suffix('%').ok_or_else(wrong)?;
    let percent: Decimal = number.trim_end().parse().map_err(|_| wrong())?;
    // A percent is ten thousand millionths.
    let millionths = percent.to_scale(4).and_then(|digits| u32::try_from(digits).ok()).ok_or_else(wrong)?;
    if millionths > Ratio::ALL.millionths() {
        return Err(wrong());
    }
    Ok(Ratio::from_millionths(millionths))
}

/// Reads an amount of money with its currency: `10.00 CAD`.
///
/// # Errors
/// No number, or no currency of three capital letters.
pub fn money(text: &str) -> Result<(Decimal, Text), ValueError> {
    let wrong = || ValueError::new(format!("'{}' is not an amount of money", shown(text)), MONEY_HELP);
    let Some((number, currency)) = text.split_once(' ') else {
        if text.parse::<Decimal>().is_ok() {
            return Err(ValueError::new(format!("the amount '{}' has no currency", shown(text)), MONEY_HELP));
        }
        return Err(wrong());
    };
    let amount = number.parse().map_err(|_| wrong())?;
    Ok((amount, self::currency(currency.trim_start())?))
}

/// Reads a currency: three capital letters (ISO 4217).
///
/// # Errors
/// Anything else.
pub fn currency(text: &str) -> Result<Text, ValueError> {
    if text.len() == 3 && text.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(text.into());
    }
    Err(ValueError::new(
        format!("'{}' is not a currency", shown(text)),
        "a currency is three capital letters (ISO 4217): CAD, EUR",
    ))
}

/// What an unquoted word is in a matcher or a message: `true`, a number, money, a span, a size, a time, an
/// address, else text. Digits with a zero before them are a name, never a number.
#[must_use]
pub fn plain(text: &str) -> Value {
    match text {
        "true" => return Value::Flag(true),
        "false" => return Value::Flag(false),
        _ => {}
    }
    if let Some(number) = number(text) {
        return number;
    }
    if !text.starts_with(|first: char| first.is_ascii_hexdigit() || matches!(first, '-' | ':'))
        || is_padded(text)
    {
        return Value::text(text);
    }
    if let Ok((amount, currency)) = money(text) {
        return Value::Money(amount, currency);
    }
    if let Ok(span) = span(text) {
        return Value::Span(span);
    }
    if let Ok(size) = octets(text) {
        return Value::from(size);
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Value::Address(address);
    }
    match Instant::parse_rfc3339(text) {
        Ok(at) => Value::Time(at),
        Err(_) => Value::text(text),
    }
}

/// Reads an argument's text as the type that the table asks for. `quoted` says that it stood in quotes;
/// text that was put together from captures counts as quoted.
///
/// # Errors
/// It is not written as that type; lists and messages are no single texts.
pub fn read(kind: &ArgKind, text: &str, quoted: bool) -> Result<Value, ValueError> {
    match kind {
        ArgKind::Text if !quoted => unquoted_text(text).map(Value::Text),
        ArgKind::Text => Ok(Value::text(text)),
        ArgKind::Integer { min, max } => integer(text, *min, *max),
        ArgKind::Decimal => text.parse().map(Value::Decimal).map_err(|_| {
            ValueError::new(format!("'{}' is not a decimal number", shown(text)), "write digits: 5, 0.25")
        }),
        ArgKind::Money => money(text).map(|(amount, currency)| Value::Money(amount, currency)),
        ArgKind::Span => span(text).map(Value::Span),
        ArgKind::Time => time(text).map(Value::Time),
        ArgKind::Address => address(text).map(Value::Address),
        ArgKind::Flag => flag(text).map(Value::Flag),
        ArgKind::Choice(words) => match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Value::text(*word)),
            None => Err(ValueError {
                message: format!("'{}' is not one of the words that may stand here", shown(text)),
                help: known_names(text, "words", words),
            }),
        },
        ArgKind::List(inner) => read(inner, text, quoted).map(|value| Value::List(vec![value])),
        ArgKind::Fields(_) => Err(ValueError::new(
            format!("'{}' is a single value, fields of a message are wanted", shown(text)),
            "write them as a map: { User-Name: \"10086610975\" }",
        )),
    }
}

/// Reads a time with its offset (RFC 3339).
///
/// # Errors
/// Anything else.
pub fn time(text: &str) -> Result<Instant, ValueError> {
    Instant::parse_rfc3339(text).map_err(|_| {
        ValueError::new(
            format!("'{}' is not a time", shown(text)),
            "write it with its offset, as RFC 3339 has it: 2007-03-09T00:15:50-08:00",
        )
    })
}

/// Reads an IP address.
///
/// # Errors
/// Anything else, host names too.
pub fn address(text: &str) -> Result<IpAddr, ValueError> {
    text.parse().map_err(|_| {
        ValueError::new(
            format!("'{}' is not an IP address", shown(text)),
            "write 192.0.2.1 or 2001:db8::1, without a port",
        )
    })
}

/// Reads `true` or `false`.
///
/// # Errors
/// Anything else, `yes` and `on` too.
pub fn flag(text: &str) -> Result<bool, ValueError> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(ValueError::new(
            format!("'{}' is neither true nor false", shown(text)),
            "write true or false",
        )),
    }
}

/// Reads an unquoted text; what looks like a number is refused, for it may have lost zeros or a sign on
/// its way, or be read as a number by another tool.
///
/// # Errors
/// It is a number, a truth value or nothing.
pub fn unquoted_text(text: &str) -> Result<Text, ValueError> {
    if matches!(text, "" | "~" | "null") {
        return Err(ValueError::new(
            "text is wanted and nothing stands here".to_owned(),
            "write \"\" for empty text",
        ));
    }
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    // Two points make a version or an address, which nobody takes for a number.
    let numeric = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.bytes().all(|letter| letter.is_ascii_digit() || matches!(letter, b'.' | b'_'))
        && digits.bytes().filter(|letter| *letter == b'.').count() < 2;
    if numeric || matches!(text, "true" | "false") {
        return Err(ValueError::new(
            format!(
                "'{}' is text and looks like a {}",
                shown(text),
                if numeric { "number" } else { "truth value" }
            ),
            &format!("quote it: \"{}\"", shown(text)),
        ));
    }
    Ok(text.into())
}

fn integer(text: &str, min: i64, max: i64) -> Result<Value, ValueError> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    if !whole {
        return Err(ValueError::new(
            format!("'{}' is not a whole number", shown(text)),
            &format!("a whole number of {min} to {max} is wanted"),
        ));
    }
    match text.parse::<i64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(Value::from(number)),
        _ => Err(ValueError::new(
            format!("{} is out of range", shown(text)),
            &format!("a whole number of {min} to {max} is wanted"),
        )),
    }
}

/// A number as a value, unless zeros before it make it a name.
fn number(text: &str) -> Option<Value> {
    let first = text.strip_prefix('-').unwrap_or(text);
    if !first.starts_with(|digit: char| digit.is_ascii_digit()) || is_padded(text) {
        return None;
    }
    let number: Decimal = text.parse().ok()?;
    Some(if number.scale() == 0 { Value::Integer(number.digits()) } else { Value::Decimal(number) })
}

/// Whether zeros stand before the digits: `00749512`, `007.5`, `00:16:18`.
fn is_padded(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text).as_bytes();
    matches!(digits, [b'0', next, ..] if next.is_ascii_digit())
}

/// A number with a unit, in the smallest of the units.
fn measured(text: &str, units: &[(&str, u64)], what: &str, help: &str) -> Result<u64, ValueError> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    let number: Decimal =
        digits.parse().map_err(|_| ValueError::new(format!("'{}' is not a {what}", shown(text)), help))?;
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    if unit.is_empty() {
        return Err(ValueError::new(format!("the {what} '{}' has no unit", shown(text)), help));
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        return Err(ValueError::new(format!("'{}' is not a unit of a {what}", shown(unit)), help));
    };
    let scaled = number.digits().checked_mul(i128::from(*factor));
    let exact = scaled.and_then(|digits| Decimal::new(digits, number.scale()).to_scale(0));
    exact.and_then(|whole| u64::try_from(whole).ok()).ok_or_else(|| {
        ValueError::new(format!("'{}' is too large or too fine for a {what}", shown(text)), help)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_exact_in_every_unit() {
        assert_eq!(span("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(span("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(span("2.972s"), Ok(Duration::from_millis(2972)));
        assert_eq!(span("5min"), Ok(Duration::from_secs(300)));
        assert_eq!(span("1.5 h"), Ok(Duration::from_secs(5400)));
        assert_eq!(span("0s"), Ok(Duration::ZERO));
    }

    #[test]
    fn a_span_without_a_unit_says_so() {
        assert_eq!(span("5").unwrap_err().message, "the span of time '5' has no unit");
        assert_eq!(span("5m").unwrap_err().message, "'m' is not a unit of a span of time");
        for text in ["", "s", "-5s", "1e3s", "5 s ", "0.5ns", "999999999999d", "1.s", "5s5s"] {
            assert!(span(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_binary_or_decimal_as_written() {
        assert_eq!(octets("1 GiB"), Ok(1_073_741_824));
        assert_eq!(octets("1GB"), Ok(1_000_000_000));
        assert_eq!(octets("1.5KiB"), Ok(1536));
        assert!(octets("1.5B").is_err());
        assert!(octets("1 gb").is_err());
    }

    #[test]
    fn a_share_is_kept_in_millionths() {
        assert_eq!(ratio("5%").map(Ratio::millionths), Ok(50_000));
        assert_eq!(ratio("0.01 %").map(Ratio::millionths), Ok(100));
        assert_eq!(ratio("100%"), Ok(Ratio::ALL));
        for text in ["5", "101%", "-1%", "%", "0.00001%"] {
            assert!(ratio(text).is_err(), "{text}");
        }
    }

    #[test]
    fn money_needs_its_currency() {
        assert_eq!(money("10.00 CAD").map(|(amount, _)| amount.to_string()), Ok("10.00".to_owned()));
        assert_eq!(money("10").unwrap_err().message, "the amount '10' has no currency");
        assert!(money("10 cad").is_err());
        assert!(money("CAD 10").is_err());
    }

    #[test]
    fn an_unquoted_word_reads_as_what_it_looks_like() {
        assert_eq!(plain("30000"), Value::Integer(30_000));
        assert_eq!(plain("-1"), Value::Integer(-1));
        assert!(matches!(plain("10.00"), Value::Decimal(number) if number.to_string() == "10.00"));
        assert!(matches!(plain("9.97633 CAD"), Value::Money(..)));
        assert_eq!(plain("71s"), Value::Span(Duration::from_secs(71)));
        assert_eq!(plain("1 GiB"), Value::Integer(1 << 30));
        assert!(matches!(plain("164.9.9.100"), Value::Address(_)));
        assert!(matches!(plain("2007-03-09T00:16:18.192-08:00"), Value::Time(_)));
        assert_eq!(plain("true"), Value::Flag(true));
        assert_eq!(plain("PrepaidCard"), Value::text("PrepaidCard"));
    }

    #[test]
    fn digits_behind_a_zero_never_become_a_number() {
        for text in
            ["00749512", "007.5", "01s", "00:16:18.192 PST Fri Mar 9 2007", "1e5", "+5", "1_000", ".5"]
        {
            assert_eq!(plain(text), Value::text(text), "{text}");
        }
        assert_eq!(plain("0"), Value::Integer(0));
        assert!(matches!(plain("0.5"), Value::Decimal(_)));
    }

    #[test]
    fn an_unquoted_number_is_refused_as_text() {
        for text in ["10086610975", "-5", "00749512", "1.5", "true", "1_000"] {
            let error = read(&ArgKind::Text, text, false).unwrap_err();
            assert_eq!(error.help, Some(format!("quote it: \"{text}\"")));
            assert_eq!(read(&ArgKind::Text, text, true), Ok(Value::text(text)));
        }
        for text in ["10086610975#", "193.38.81.226"] {
            assert_eq!(read(&ArgKind::Text, text, false), Ok(Value::text(text)));
        }
    }

    #[test]
    fn a_whole_number_keeps_its_bounds() {
        let kind = ArgKind::Integer { min: 1, max: 255 };
        assert_eq!(read(&kind, "255", false), Ok(Value::Integer(255)));
        for text in ["0", "256", "1.0", "", "-", "99999999999999999999", "ten"] {
            assert!(read(&kind, text, false).is_err(), "{text}");
        }
    }
}
