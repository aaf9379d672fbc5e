//! Reads typed values out of nodes and reports what is not written as it must be.

use std::net::IpAddr;
use std::time::Duration;

use tollgate_network::{ArgKind, Ratio};
use tollgate_time::Instant;
use tollgate_wire::{Text, Value};

use super::values::{self, ValueError};
use crate::diagnostics::{Collector, Problem, Span, known_names, shown};
use crate::yaml::{Entry, Kind, Node, Scalar};

/// Reports a value that could not be read.
pub(crate) fn refuse(span: Span, error: ValueError, collector: &mut Collector) {
    collector.push(Problem::error(span, error.message).help(error.help));
}

/// The single value that must stand here.
pub(crate) fn scalar<'n>(node: &'n Node, what: &str, collector: &mut Collector) -> Option<&'n Scalar> {
    match &node.kind {
        Kind::Scalar(scalar) => Some(scalar),
        Kind::Broken => None,
        _ => {
            collector.error(node.span, format!("{what} is a single value, this is {}", node.described()));
            None
        }
    }
}

/// A single value without `${…}`, read by `reader`, which is told whether it stood in quotes.
pub(crate) fn with<T>(
    node: &Node,
    what: &str,
    collector: &mut Collector,
    reader: impl FnOnce(&str, bool) -> Result<T, ValueError>,
) -> Option<T> {
    let scalar = scalar(node, what, collector)?;
    if scalar.text.contains("${") {
        collector.push(
            Problem::error(node.span, format!("{what} cannot be known before the run"))
                .label("no parameter of this name")
                .advice("captures may stand in arguments, in `where:`, in `is:` and in `finally:`"),
        );
        return None;
    }
    if node.is_empty() {
        collector.error(node.span, format!("{what} is missing"));
        return None;
    }
    match reader(&scalar.text, scalar.quoted) {
        Ok(value) => Some(value),
        Err(error) => {
            refuse(node.span, error, collector);
            None
        }
    }
}

/// A value of the type that a table asks for.
pub(crate) fn typed(node: &Node, kind: &ArgKind, what: &str, collector: &mut Collector) -> Option<Value> {
    with(node, what, collector, |text, quoted| values::read(kind, text, quoted))
}

/// Text; an unquoted number is refused.
pub(crate) fn text(node: &Node, what: &str, collector: &mut Collector) -> Option<Text> {
    with(
        node,
        what,
        collector,
        |text, quoted| if quoted { Ok(text.into()) } else { values::unquoted_text(text) },
    )
}

/// A span of time.
pub(crate) fn span(node: &Node, what: &str, collector: &mut Collector) -> Option<Duration> {
    with(node, what, collector, |text, _| values::span(text))
}

/// A share.
pub(crate) fn ratio(node: &Node, what: &str, collector: &mut Collector) -> Option<Ratio> {
    with(node, what, collector, |text, _| values::ratio(text))
}

/// A time.
pub(crate) fn time(node: &Node, what: &str, collector: &mut Collector) -> Option<Instant> {
    with(node, what, collector, |text, _| values::time(text))
}

/// An IP address.
pub(crate) fn address(node: &Node, what: &str, collector: &mut Collector) -> Option<IpAddr> {
    with(node, what, collector, |text, _| values::address(text))
}

/// `true` or `false`.
pub(crate) fn flag(node: &Node, what: &str, collector: &mut Collector) -> Option<bool> {
    with(node, what, collector, |text, _| values::flag(text))
}

/// A whole number within bounds.
pub(crate) fn whole<N: TryFrom<i128>>(
    node: &Node,
    what: &str,
    (min, max): (i64, i64),
    collector: &mut Collector,
) -> Option<N> {
    let value = typed(node, &ArgKind::Integer { min, max }, what, collector)?;
    value.as_integer().and_then(|number| N::try_from(number).ok())
}

/// The items of a list; a single value counts as a list of one.
pub(crate) fn items<'n>(node: &'n Node, what: &str, collector: &mut Collector) -> &'n [Node] {
    match &node.kind {
        Kind::Sequence(items) => items,
        Kind::Broken => &[],
        Kind::Scalar(_) if node.is_empty() => &[],
        Kind::Scalar(_) => std::slice::from_ref(node),
        Kind::Map(_) => {
            collector.push(
                Problem::error(node.span, format!("{what} is a list, this is {}", node.described()))
                    .advice("begin every item with `- `, or write [a, b]"),
            );
            &[]
        }
    }
}

/// The entries of a map whose keys are names of the tester's.
pub(crate) fn entries<'n>(node: &'n Node, what: &str, collector: &mut Collector) -> &'n [Entry] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Broken => &[],
        _ if node.is_empty() => &[],
        _ => {
            collector.push(
                Problem::error(node.span, format!("{what} is a map, this is {}", node.described()))
                    .advice("write `name: …` lines below it"),
            );
            &[]
        }
    }
}

/// The name that a key is; an unquoted number is refused.
pub(crate) fn name(entry: &Entry, collector: &mut Collector) -> Option<Text> {
    let key = &entry.key;
    if key.quoted {
        if key.text.is_empty() {
            collector.error(key.span, "a name is empty");
            return None;
        }
        return Some(key.text.as_str().into());
    }
    match values::unquoted_text(&key.text) {
        Ok(name) => Some(name),
        Err(error) => {
            refuse(key.span, error, collector);
            None
        }
    }
}

/// Reports a name that is not among the known ones: `no tariff is called 'X'`.
pub(crate) fn unknown(
    span: Span,
    (singular, plural): (&str, &str),
    name: &str,
    known: &[&str],
    collector: &mut Collector,
) {
    collector.push(
        Problem::error(span, format!("no {singular} is called '{}'", shown(name)))
            .help(known_names(name, plural, known)),
    );
}
