//! `{ between: [0s, 90s] }`: what may be drawn between two ends, both included, and how it is written.

use std::time::Duration;

use tollgate_wire::{Decimal, Text, Value};

use super::chance::Chance;
use crate::diagnostics::{Collector, Problem, Span};
use crate::scenario::{read, values};
use crate::yaml::{Keys, Kind, Node, Scalar};

/// Spans whose ends are whole milliseconds are drawn in these: in nanoseconds nobody could read them.
const MILLI: i128 = 1_000_000;

/// Numbers from one to another, in a unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Range {
    from: i128,
    to: i128,
    unit: Unit,
    /// Where it is written.
    pub(super) span: Span,
}

/// What one of the numbers is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Unit {
    /// A number with so many places behind the point.
    Decimal(u8),
    /// An amount with so many places behind the point.
    Money(u8, Text),
    /// A span of so many nanoseconds.
    Span(i128),
}

impl Range {
    /// Reads `{ between: [a, b] }`, or a single value, which is a range of one.
    pub(super) fn read(node: &Node, what: &str, collector: &mut Collector) -> Option<Self> {
        if node.scalar().is_some() {
            return Self::of((node, node), node.span, what, collector);
        }
        let mut keys = Keys::of(node, what, collector)?;
        let ends = keys.need("between", what, collector);
        keys.finish(what, collector);
        let ends = ends?;
        match &ends.kind {
            Kind::Sequence(both) if both.len() == 2 => {
                Self::of((&both[0], &both[1]), ends.span, what, collector)
            }
            Kind::Broken => None,
            _ => {
                collector.push(
                    Problem::error(ends.span, "`between:` has two ends")
                        .advice("write { between: [least, most] }"),
                );
                None
            }
        }
    }

    fn of((from, to): (&Node, &Node), span: Span, what: &str, collector: &mut Collector) -> Option<Self> {
        let [from, to] = [from, to].map(|end| {
            read::with(end, what, collector, |text, _| Ok(values::plain(text))).map(|value| (value, end.span))
        });
        let ((from, from_span), (to, _)) = (from?, to?);
        let range = match (&from, &to) {
            (Value::Span(from), Value::Span(to)) => spans(*from, *to, span),
            (Value::Money(from, one), Value::Money(to, other)) if one == other => {
                decimals(*from, *to, span, |scale| Unit::Money(scale, one.clone()))
            }
            (from, to) => {
                number(from).zip(number(to)).and_then(|(from, to)| decimals(from, to, span, Unit::Decimal))
            }
        };
        let Some(range) = range else {
            collector.push(
                Problem::error(from_span, format!("{what} is not drawn between {from} and {to}"))
                    .advice("both ends are numbers, spans (2s), or amounts of one currency (1.00 CAD)"),
            );
            return None;
        };
        if range.from > range.to || range.width().is_none() {
            collector.push(
                Problem::error(span, format!("between {from} and {to} there is nothing to draw"))
                    .advice("write the smaller end first"),
            );
            return None;
        }
        Some(range)
    }

    /// How many values there are; `None` when they cannot be counted.
    fn width(&self) -> Option<u64> {
        u64::try_from(self.to.checked_sub(self.from)?).ok()?.checked_add(1)
    }

    /// Whether these are spans of time.
    pub(super) const fn is_span(&self) -> bool {
        matches!(self.unit, Unit::Span(_))
    }

    /// Its ends as whole numbers, if they are such.
    pub(super) fn wholes(&self) -> Option<(u64, u64)> {
        if self.unit != Unit::Decimal(0) {
            return None;
        }
        Some((u64::try_from(self.from).ok()?, u64::try_from(self.to).ok()?))
    }

    /// Draws one.
    pub(super) fn draw(&self, chance: &mut Chance) -> i128 {
        self.from + i128::from(chance.below(self.width().unwrap_or(1)))
    }

    /// Both ends, each once.
    pub(super) fn ends(&self) -> Vec<i128> {
        let mut ends = vec![self.from, self.to];
        ends.dedup();
        ends
    }

    /// A number of it as a node, written as a tester would.
    pub(super) fn written(&self, number: i128) -> Node {
        let text = match &self.unit {
            Unit::Decimal(scale) => Decimal::new(number, *scale).to_string(),
            Unit::Money(scale, currency) => format!("{} {currency}", Decimal::new(number, *scale)),
            Unit::Span(nanos) => {
                let nanos = number.checked_mul(*nanos).and_then(|nanos| u64::try_from(nanos).ok());
                Value::Span(Duration::from_nanos(nanos.unwrap_or(0))).to_string()
            }
        };
        Node { kind: Kind::Scalar(Scalar { text, quoted: false }), span: self.span }
    }
}

fn number(value: &Value) -> Option<Decimal> {
    match value {
        Value::Decimal(number) => Some(*number),
        other => other.as_integer().map(|number| Decimal::new(number, 0)),
    }
}

fn decimals(from: Decimal, to: Decimal, span: Span, unit: impl FnOnce(u8) -> Unit) -> Option<Range> {
    let scale = from.scale().max(to.scale());
    Some(Range { from: from.to_scale(scale)?, to: to.to_scale(scale)?, unit: unit(scale), span })
}

fn spans(from: Duration, to: Duration, span: Span) -> Option<Range> {
    let [from, to] = [from, to].map(|end| i128::try_from(end.as_nanos()).ok());
    let (from, to) = (from?, to?);
    let nanos = if from % MILLI == 0 && to % MILLI == 0 { MILLI } else { 1 };
    Some(Range { from: from / nanos, to: to / nanos, unit: Unit::Span(nanos), span })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::yaml;

    fn read(text: &str) -> Result<Range, String> {
        let mut collector = Collector::default();
        let node = yaml::parse(Path::new("r.yaml"), text.as_bytes(), &mut collector).unwrap();
        let range = Range::read(&node, "it", &mut collector);
        range.ok_or_else(|| collector.into_report().to_string())
    }

    fn shown(text: &str) -> Vec<String> {
        let range = read(text).unwrap();
        let ends = range.ends().into_iter();
        ends.map(|end| range.written(end).scalar().unwrap().text.clone()).collect()
    }

    #[test]
    fn numbers_spans_and_amounts_are_written_as_a_tester_would() {
        assert_eq!(shown("{ between: [1, 600] }"), ["1", "600"]);
        assert_eq!(shown("{ between: [0.5, 1] }"), ["0.5", "1.0"]);
        assert_eq!(shown("{ between: [0s, 90.5s] }"), ["0s", "90.500s"]);
        assert_eq!(shown("{ between: [1.00 CAD, 9 CAD] }"), ["1.00 CAD", "9.00 CAD"]);
        assert_eq!(shown("7"), ["7"]);
    }

    #[test]
    fn every_value_can_be_drawn_and_no_other() {
        let range = read("{ between: [-1, 2] }").unwrap();
        let mut chance = Chance::from_seed(3);
        let mut drawn: Vec<i128> = (0..200).map(|_| range.draw(&mut chance)).collect();
        drawn.sort_unstable();
        drawn.dedup();
        assert_eq!(drawn, [-1, 0, 1, 2]);
    }

    #[test]
    fn ends_that_do_not_fit_are_refused() {
        for text in [
            "{ between: [2, 1] }",
            "{ between: [1, 2s] }",
            "{ between: [1 CAD, 2 USD] }",
            "{ between: [a, b] }",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
