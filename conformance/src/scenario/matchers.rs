//! What a value must be: the right-hand sides of `where:`, `is:` and `finally:`.

use regex::RegexBuilder;
use tollgate_wire::Text;

use super::args::Captures;
use super::model::{Matcher, Order, Scalar};
use super::{read, values};
use crate::diagnostics::{Collector, Problem, known_names, shown};
use crate::yaml::{Entry, Kind, Node};

/// How large a compiled pattern may become, in octets.
const PATTERN_OCTETS_MAX: usize = 1 << 20;

const COMPARISONS: [(&str, Order); 4] = [
    ("lt", Order::Less),
    ("lte", Order::LessOrEqual),
    ("gt", Order::Greater),
    ("gte", Order::GreaterOrEqual),
];
const FORMS: [&str; 8] = ["lt", "lte", "gt", "gte", "between", "one-of", "near", "by"];

/// Reads a matcher.
pub(super) fn read(node: &Node, captures: &mut impl Captures, collector: &mut Collector) -> Option<Matcher> {
    match &node.kind {
        Kind::Broken => None,
        Kind::Sequence(items) => all(items, captures, collector).map(Matcher::All),
        Kind::Map(entries) => form(node, entries, captures, collector),
        Kind::Scalar(_) if node.is_empty() => {
            collector.push(
                Problem::error(node.span, "nothing to compare with stands here")
                    .advice("write a value, `any`, `absent`, or \"\" for empty text"),
            );
            None
        }
        Kind::Scalar(scalar) => match scalar.text.as_str() {
            "any" if !scalar.quoted => Some(Matcher::Any),
            "absent" if !scalar.quoted => Some(Matcher::Absent),
            // In quotes too: a pattern with a colon or a hash in it must stand in quotes.
            text if text.starts_with('~') => pattern(&text[1..], node, collector),
            _ => self::scalar(node, captures, collector).map(Matcher::Equals),
        },
    }
}

fn all(items: &[Node], captures: &mut impl Captures, collector: &mut Collector) -> Option<Vec<Matcher>> {
    let mut matchers = Vec::with_capacity(items.len());
    for item in items {
        if matches!(item.kind, Kind::Sequence(_)) {
            collector.error(item.span, "a list of values cannot hold a list");
            matchers.push(None);
            continue;
        }
        matchers.push(read(item, captures, collector));
    }
    matchers.into_iter().collect()
}

fn pattern(text: &str, node: &Node, collector: &mut Collector) -> Option<Matcher> {
    if text.contains("${") {
        collector.push(
            Problem::error(node.span, "a capture cannot stand in a pattern")
                .advice("compare the whole value with \"${name}\" instead"),
        );
        return None;
    }
    match RegexBuilder::new(text).size_limit(PATTERN_OCTETS_MAX).build() {
        Ok(regex) => Some(Matcher::Regex(regex)),
        Err(error) => {
            // The last line of the library's text is the reason, those before it draw the pattern.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.trim().trim_start_matches("error: ");
            collector.error(node.span, format!("the pattern is broken: {reason}"));
            None
        }
    }
}

/// A single value to compare with.
fn scalar(node: &Node, captures: &mut impl Captures, collector: &mut Collector) -> Option<Scalar> {
    let scalar = read::scalar(node, "a value to compare with", collector)?;
    if node.is_empty() {
        collector.error(node.span, "a value to compare with is missing");
        return None;
    }
    let text = Text::from(scalar.text.as_str());
    if text.contains("${") {
        return captures
            .check(&text, node.span, collector)
            .then_some(Scalar::Late { template: text, quoted: scalar.quoted });
    }
    if scalar.quoted {
        return Some(Scalar::Text(text));
    }
    let value = values::plain(&text);
    Some(Scalar::Plain { written: text, value })
}

/// `{ gte: 5 }`, `{ between: [1, 2] }`, `{ one-of: […] }`, `{ near: 5, by: 1 }`
fn form(
    node: &Node,
    entries: &[Entry],
    captures: &mut impl Captures,
    collector: &mut Collector,
) -> Option<Matcher> {
    let mut known = true;
    for entry in entries.iter().filter(|entry| !FORMS.contains(&entry.key.text.as_str())) {
        let name = entry.key.text.as_str();
        collector.push(
            Problem::error(entry.key.span, format!("there is no comparison '{}'", shown(name)))
                .help(known_names(name, "comparisons", &FORMS))
                .advice("a field inside a group is reached by a dotted path: Group.Field"),
        );
        known = false;
    }
    if !known {
        return None;
    }
    let alone = |allowed: &[&str], collector: &mut Collector| {
        let mut alone = true;
        for entry in entries.iter().filter(|entry| !allowed.contains(&entry.key.text.as_str())) {
            let message = format!("'{}' cannot stand beside '{}'", entry.key.text, allowed[0]);
            collector.error(entry.key.span, message);
            alone = false;
        }
        alone
    };
    if let Some(choices) = node.get("one-of") {
        let Kind::Sequence(items) = &choices.kind else {
            collector.error(choices.span, format!("`one-of:` is a list, this is {}", choices.described()));
            return None;
        };
        if items.is_empty() {
            collector.error(choices.span, "`one-of:` offers nothing");
            return None;
        }
        return alone(&["one-of"], collector).then(|| all(items, captures, collector))?.map(Matcher::OneOf);
    }
    if let Some(near) = node.get("near") {
        let Some(by) = node.get("by") else {
            collector
                .push(Problem::error(node.span, "`near:` needs `by:`").advice("write { near: 100, by: 2 }"));
            return None;
        };
        let (near, by) = (comparable(near, captures, collector), comparable(by, captures, collector));
        return alone(&["near", "by"], collector).then_some(Matcher::Near(near?, by?));
    }
    compare(node, entries, captures, collector)
}

fn compare(
    node: &Node,
    entries: &[Entry],
    captures: &mut impl Captures,
    collector: &mut Collector,
) -> Option<Matcher> {
    let mut comparisons = Vec::new();
    let mut complete = true;
    for entry in entries {
        if let Some((_, order)) = COMPARISONS.iter().find(|(word, _)| *word == entry.key.text) {
            match comparable(&entry.value, captures, collector) {
                Some(scalar) => comparisons.push((*order, scalar)),
                None => complete = false,
            }
            continue;
        }
        if entry.key.text == "by" {
            collector.error(entry.key.span, "`by:` needs `near:`");
            complete = false;
            continue;
        }
        let Kind::Sequence(ends) = &entry.value.kind else {
            complete = false;
            collector.error(entry.value.span, "`between:` is a list of the lower and the upper end");
            continue;
        };
        let [lower, upper] = ends.as_slice() else {
            complete = false;
            collector.error(entry.value.span, format!("`between:` has two ends, here are {}", ends.len()));
            continue;
        };
        let lower = comparable(lower, captures, collector);
        let upper = comparable(upper, captures, collector);
        match (lower, upper) {
            (Some(lower), Some(upper)) => {
                comparisons.extend([(Order::GreaterOrEqual, lower), (Order::LessOrEqual, upper)]);
            }
            _ => complete = false,
        }
    }
    if comparisons.is_empty() && complete {
        collector.push(Problem::error(node.span, "an empty map compares with nothing").help(known_names(
            "",
            "comparisons",
            &FORMS,
        )));
        return None;
    }
    complete.then_some(Matcher::Compare(comparisons))
}

/// A value that has an order: a number, money, a span, a time.
fn comparable(node: &Node, captures: &mut impl Captures, collector: &mut Collector) -> Option<Scalar> {
    let scalar = scalar(node, captures, collector)?;
    let ordered = match &scalar {
        Scalar::Plain { value, .. } => matches!(
            value,
            tollgate_wire::Value::Integer(_)
                | tollgate_wire::Value::Decimal(_)
                | tollgate_wire::Value::Money(..)
                | tollgate_wire::Value::Span(_)
                | tollgate_wire::Value::Time(_)
        ),
        Scalar::Late { .. } => true,
        Scalar::Text(_) => false,
    };
    if !ordered {
        collector.push(
            Problem::error(node.span, "only numbers, amounts, spans and times can be compared by size")
                .advice("write it without quotes: 5, 10.00 CAD, 90s"),
        );
        return None;
    }
    Some(scalar)
}
