//! Whether what was seen is what a matcher asks for. Judges values; knows no journal and no time.
//!
//! A field may occur several times, and a list counts as so many occurrences. A matcher holds when one of them
//! satisfies it; `absent` when there is none; a list of matchers when each finds an occurrence of its own.

use std::cmp::Ordering;
use std::fmt::{self, Write as _};
use std::net::IpAddr;

use tollgate_wire::{Fields, Path, Text, Value};

use super::quantity::Quantity;
use crate::scenario::{Matcher, Order, Scalar};

/// The values that a path reaches, lists taken apart.
pub(crate) fn occurrences<'a>(fields: &'a Fields, path: &Path) -> Vec<&'a Value> {
    let found = fields.find(path);
    if found.iter().any(|value| matches!(value, Value::List(_))) { flattened(found) } else { found }
}

fn flattened(found: Vec<&Value>) -> Vec<&Value> {
    let mut flat = Vec::with_capacity(found.len());
    for value in found {
        match value {
            Value::List(inner) => flat.extend(inner),
            single => flat.push(single),
        }
    }
    flat
}

/// Whether the matcher holds for the occurrences of a field. A scalar that still names captures
/// ([`Scalar::Late`]) equals nothing.
pub(crate) fn holds(matcher: &Matcher, seen: &[&Value]) -> bool {
    match matcher {
        Matcher::Absent => seen.is_empty(),
        Matcher::Any => !seen.is_empty(),
        Matcher::OneOf(choices) => choices.iter().any(|choice| holds(choice, seen)),
        Matcher::All(parts) => each_finds_its_own(parts, seen),
        Matcher::Equals(scalar) => seen.iter().any(|value| equals(value, scalar)),
        Matcher::Regex(regex) => seen.iter().any(|value| match value {
            Value::Text(text) => regex.is_match(text),
            other => regex.is_match(&other.to_string()),
        }),
        Matcher::Compare(bounds) => {
            seen.iter().any(|value| bounds.iter().all(|(order, bound)| ordered(value, *order, bound)))
        }
        Matcher::Near(center, by) => seen.iter().any(|value| near(value, center, by)),
    }
}

fn equals(seen: &Value, asked: &Scalar) -> bool {
    match asked {
        Scalar::Text(text) => shows_as(seen, text),
        Scalar::Plain { written, value } => shows_as(seen, written) || means(seen, value),
        Scalar::Late { .. } => false,
    }
}

/// Whether two values mean the same though they are shown differently: `10.00` and `10`, `71s` and 71.
fn means(seen: &Value, asked: &Value) -> bool {
    if seen == asked {
        return true;
    }
    match asked {
        Value::Address(address) => {
            let shown = seen.as_text().and_then(|text| text.parse::<IpAddr>().ok());
            shown.is_some_and(|shown| shown == *address)
        }
        // A word is a word even when it is written with digits in front.
        Value::Text(word) => shows_as(seen, word),
        _ => match (Quantity::of(seen), Quantity::of(asked)) {
            (Some(seen), Some(asked)) => seen.compare(asked) == Some(Ordering::Equal),
            _ => false,
        },
    }
}

fn ordered(seen: &Value, order: Order, bound: &Scalar) -> bool {
    let Some(found) = quantity(bound).and_then(|bound| Quantity::of(seen)?.compare(bound)) else {
        return false;
    };
    match order {
        Order::Less => found.is_lt(),
        Order::LessOrEqual => found.is_le(),
        Order::Greater => found.is_gt(),
        Order::GreaterOrEqual => found.is_ge(),
    }
}

fn near(seen: &Value, center: &Scalar, by: &Scalar) -> bool {
    match (Quantity::of(seen), quantity(center), quantity(by)) {
        (Some(seen), Some(center), Some(by)) => seen.near(center, by),
        _ => false,
    }
}

fn quantity(scalar: &Scalar) -> Option<Quantity<'_>> {
    match scalar {
        Scalar::Plain { value, .. } => Quantity::of(value),
        Scalar::Text(_) | Scalar::Late { .. } => None,
    }
}

/// Whether every matcher can be given an occurrence that no other one needs (a perfect matching of the
/// matchers; Kuhn's algorithm, as both lists are short).
fn each_finds_its_own(parts: &[Matcher], seen: &[&Value]) -> bool {
    let mut taken: Vec<Option<usize>> = vec![None; seen.len()];
    (0..parts.len()).all(|part| {
        let mut tried = vec![false; seen.len()];
        place_part(part, parts, seen, &mut taken, &mut tried)
    })
}

fn place_part(
    part: usize,
    parts: &[Matcher],
    seen: &[&Value],
    taken: &mut [Option<usize>],
    tried: &mut [bool],
) -> bool {
    for place in 0..seen.len() {
        if tried[place] || !holds(&parts[part], &seen[place..=place]) {
            continue;
        }
        tried[place] = true;
        let free = match taken[place] {
            None => true,
            Some(owner) => place_part(owner, parts, seen, taken, tried),
        };
        if free {
            taken[place] = Some(part);
            return true;
        }
    }
    false
}

/// Whether the value shows as exactly this text. Allocates nothing.
fn shows_as(value: &Value, text: &str) -> bool {
    if let Value::Text(own) = value {
        return own == text;
    }
    let mut rest = Rest(text);
    write!(rest, "{value}").is_ok() && rest.0.is_empty()
}

/// What of a text is still to be written; fails on the first difference.
struct Rest<'a>(&'a str);

impl fmt::Write for Rest<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(text).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// A matcher as the scenario language writes it.
pub(crate) fn shown(matcher: &Matcher) -> String {
    let mut out = String::new();
    show(matcher, &mut out);
    out
}

fn show(matcher: &Matcher, out: &mut String) {
    match matcher {
        Matcher::Equals(scalar) => show_scalar(scalar, out),
        Matcher::Regex(regex) => {
            out.push('~');
            out.push_str(regex.as_str());
        }
        Matcher::Any => out.push_str("any"),
        Matcher::Absent => out.push_str("absent"),
        Matcher::Compare(bounds) => {
            out.push_str("{ ");
            for (place, (order, bound)) in bounds.iter().enumerate() {
                out.push_str(if place == 0 { "" } else { ", " });
                out.push_str(match order {
                    Order::Less => "lt: ",
                    Order::LessOrEqual => "lte: ",
                    Order::Greater => "gt: ",
                    Order::GreaterOrEqual => "gte: ",
                });
                show_scalar(bound, out);
            }
            out.push_str(" }");
        }
        Matcher::OneOf(choices) => {
            out.push_str("{ one-of: ");
            show_list(choices, out);
            out.push_str(" }");
        }
        Matcher::Near(center, by) => {
            out.push_str("{ near: ");
            show_scalar(center, out);
            out.push_str(", by: ");
            show_scalar(by, out);
            out.push_str(" }");
        }
        Matcher::All(parts) => show_list(parts, out),
    }
}

fn show_list(matchers: &[Matcher], out: &mut String) {
    out.push('[');
    for (place, matcher) in matchers.iter().enumerate() {
        out.push_str(if place == 0 { "" } else { ", " });
        show(matcher, out);
    }
    out.push(']');
}

fn show_scalar(scalar: &Scalar, out: &mut String) {
    let (text, quoted): (&Text, bool) = match scalar {
        Scalar::Text(text) => (text, true),
        Scalar::Plain { written, .. } => (written, false),
        Scalar::Late { template, quoted } => (template, *quoted),
    };
    // Writing to a `String` cannot fail.
    let _ = if quoted { write!(out, "{text:?}") } else { write!(out, "{text}") };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn plain(written: &str, value: impl Into<Value>) -> Scalar {
        Scalar::Plain { written: written.into(), value: value.into() }
    }

    fn decimal(written: &str) -> Scalar {
        plain(written, Value::Decimal(written.parse().unwrap()))
    }

    fn number(number: i64) -> Scalar {
        plain(&number.to_string(), number)
    }

    fn word(word: &str) -> Matcher {
        Matcher::Equals(plain(word, word))
    }

    fn holds_for(matcher: &Matcher, values: &[Value]) -> bool {
        holds(matcher, &values.iter().collect::<Vec<_>>())
    }

    #[test]
    fn an_unquoted_number_equals_any_way_to_write_it_and_quoted_text_only_itself() {
        let ten = Matcher::Equals(decimal("10.00"));
        for same in [Value::text("10"), Value::text("10.0"), Value::from(10_i64)] {
            assert!(holds_for(&ten, &[same]));
        }
        assert!(!holds_for(&ten, &[Value::text("10.01")]));
        let quoted = Matcher::Equals(Scalar::Text("10.00".into()));
        assert!(holds_for(&quoted, &[Value::text("10.00")]));
        assert!(!holds_for(&quoted, &[Value::text("10.0")]));
        assert!(!holds_for(&quoted, &[Value::text("10.000")]));
        assert!(holds_for(&Matcher::Equals(Scalar::Text("7".into())), &[Value::from(7_i64)]));
    }

    #[test]
    fn a_span_equals_a_number_of_seconds_on_either_side() {
        let span = Matcher::Equals(plain("71s", Duration::from_secs(71)));
        assert!(holds_for(&span, &[Value::from(71_i64)]));
        assert!(holds_for(&span, &[Value::text("71")]));
        assert!(holds_for(&span, &[Value::from(Duration::from_secs(71))]));
        assert!(!holds_for(&span, &[Value::from(70_i64)]));
        assert!(holds_for(&Matcher::Equals(number(71)), &[Value::from(Duration::from_secs(71))]));
    }

    #[test]
    fn words_are_compared_as_they_are_shown() {
        assert!(holds_for(&word("Start"), &[Value::text("Start")]));
        assert!(!holds_for(&word("Start"), &[Value::text("start")]));
        assert!(holds_for(&Matcher::Equals(plain("true", true)), &[Value::from(true)]));
        assert!(holds_for(&Matcher::Equals(plain("true", true)), &[Value::text("true")]));
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let same = Matcher::Equals(plain("2001:db8::1", address));
        assert!(holds_for(&same, &[Value::text("2001:0db8:0:0::1")]));
    }

    #[test]
    fn all_bounds_hold_for_the_same_occurrence() {
        let between = Matcher::Compare(vec![(Order::GreaterOrEqual, number(5)), (Order::Less, number(8))]);
        assert!(holds_for(&between, &[Value::from(1_i64), Value::text("5")]));
        assert!(!holds_for(&between, &[Value::from(1_i64), Value::from(8_i64)]));
        assert!(!holds_for(&between, &[Value::text("many")]));
        let above = Matcher::Compare(vec![(Order::Greater, number(5))]);
        assert!(!holds_for(&above, &[Value::from(5_i64)]));
        let at_most = Matcher::Compare(vec![(Order::LessOrEqual, number(5))]);
        assert!(holds_for(&at_most, &[Value::from(5_i64)]));
    }

    #[test]
    fn presence_and_absence_look_at_the_number_of_occurrences() {
        assert!(holds_for(&Matcher::Any, &[Value::text("")]));
        assert!(!holds_for(&Matcher::Any, &[]));
        assert!(holds_for(&Matcher::Absent, &[]));
        assert!(!holds_for(&Matcher::Absent, &[Value::text("")]));
        let maybe = Matcher::OneOf(vec![Matcher::Absent, word("0")]);
        assert!(holds_for(&maybe, &[]) && holds_for(&maybe, &[Value::text("0")]));
        assert!(!holds_for(&maybe, &[Value::text("1")]));
    }

    #[test]
    fn every_matcher_of_a_list_needs_an_occurrence_of_its_own() {
        let regex = Matcher::Regex(regex::Regex::new("^[ab]$").unwrap());
        // The regex takes `a` first and has to give it back to the word.
        let parts = Matcher::All(vec![regex, word("a")]);
        assert!(holds_for(&parts, &[Value::text("a"), Value::text("b")]));
        assert!(!holds_for(&parts, &[Value::text("a"), Value::text("c")]));
        assert!(!holds_for(&parts, &[Value::text("a")]));
        let twice = Matcher::All(vec![word("a"), word("a")]);
        assert!(!holds_for(&twice, &[Value::text("a"), Value::text("b")]));
        assert!(holds_for(&twice, &[Value::text("a"), Value::text("b"), Value::text("a")]));
    }

    #[test]
    fn a_list_value_counts_as_several_occurrences() {
        let fields =
            Fields::new().with("route", Value::List(vec!["x".into(), "y".into()])).with("route", "z");
        let found = occurrences(&fields, &Path::parse("route").unwrap());
        assert!(holds(&Matcher::All(vec![word("z"), word("x"), word("y")]), &found));
        let empty = Fields::new().with("route", Value::List(Vec::new()));
        assert!(holds(&Matcher::Absent, &occurrences(&empty, &Path::parse("route").unwrap())));
    }

    #[test]
    fn a_regex_looks_at_the_shown_text() {
        let matcher = Matcher::Regex(regex::Regex::new(r"^\d+\.\d\d").unwrap());
        assert!(holds_for(&matcher, &[Value::text("10.00")]));
        assert!(holds_for(&matcher, &[Value::Money("9.97633".parse().unwrap(), "CAD".into())]));
        assert!(!holds_for(&matcher, &[Value::text("10")]));
    }

    #[test]
    fn a_matcher_is_shown_as_it_is_written() {
        let near = Matcher::Near(number(1_373_028_131), number(2));
        assert_eq!(shown(&near), "{ near: 1373028131, by: 2 }");
        let list = Matcher::All(vec![Matcher::Equals(Scalar::Text("a\"b".into())), Matcher::Any]);
        assert_eq!(shown(&list), r#"["a\"b", any]"#);
        let bounds = Matcher::Compare(vec![(Order::Greater, number(1)), (Order::LessOrEqual, number(2))]);
        assert_eq!(shown(&Matcher::OneOf(vec![bounds, word("x")])), "{ one-of: [{ gt: 1, lte: 2 }, x] }");
    }
}
