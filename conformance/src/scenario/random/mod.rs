//! `random:` steps that are drawn from the seed of a run. Before the run every choice is checked with its values like any
//! other steps; for a run the draws are written out into plain steps, which are checked as well.

mod chance;
mod range;

use std::path::Path as FilePath;

use tollgate_wire::Text;

pub(super) use chance::Chance;
use range::Range;

use super::steps::{STEPS_MAX, Steps};
use super::substitute::Parameters;
use super::{load, read};
use crate::diagnostics::{Collector, Problem, Span};
use crate::yaml::{Entry, Key, Keys, Kind, Node};

/// A choice may be so much likelier than another.
const WEIGHT_MAX: u32 = 1_000_000;
/// All combinations of a choice's values are checked up to so many; of more, each value once.
const COMBINATIONS_MAX: usize = 64;
/// At most so many values of one choice are checked.
const VALUES_MAX: usize = 1_000;

/// `random:` as it is written.
struct Random<'n> {
    times: Range,
    gap: Option<Range>,
    choices: Vec<Choice<'n>>,
}

/// One item of `of:`.
struct Choice<'n> {
    weight: u32,
    draws: Vec<(Text, Draw<'n>)>,
    steps: &'n Node,
}

/// One entry of `draw:`.
enum Draw<'n> {
    OneOf(&'n [Node]),
    Between(Range),
}

impl Steps<'_> {
    /// `random: { times: 40, gap: …, of: [ … ] }`
    pub(super) fn random(&mut self, head: &Entry, path: &FilePath, parameters: &Parameters) {
        let Some(random) = Random::read(&head.value, parameters, self.collector) else { return };
        self.random = true;
        if self.chance.is_some() {
            self.write_out(&random, path, parameters);
        } else {
            self.try_out(&random, head.key.span, path, parameters);
        }
    }

    /// Draws the steps of this run.
    fn write_out(&mut self, random: &Random<'_>, path: &FilePath, parameters: &Parameters) {
        let Some(mut chance) = self.chance.take() else { return };
        let times = random.times.draw(&mut chance);
        let outermost = self.begin_draws();
        for round in 0..times {
            if self.full {
                break;
            }
            let gap = random.gap.as_ref().filter(|_| round > 0);
            if let Some((gap, drawn)) =
                gap.map(|gap| (gap, gap.draw(&mut chance))).filter(|(_, drawn)| *drawn > 0)
            {
                self.next_draw(outermost);
                self.read_list(&wait(gap.written(drawn)), path, parameters);
            }
            let place = chance.weighted(random.choices.iter().map(|choice| u64::from(choice.weight)));
            let Some(choice) = random.choices.get(place) else { break };
            let mut values = Parameters::default();
            for (name, draw) in &choice.draws {
                if let Some(value) = draw.drawn(&mut chance) {
                    values.set(name.clone(), value);
                }
            }
            self.next_draw(outermost);
            // Steps within may draw themselves.
            self.chance = Some(chance);
            self.read_choice(choice, &values, path, parameters);
            let Some(back) = self.chance.take() else { return };
            chance = back;
        }
        self.end_draws(outermost);
        self.chance = Some(chance);
    }

    /// Checks every choice with every value, and that the longest run is not too long.
    fn try_out(&mut self, random: &Random<'_>, at: Span, path: &FilePath, parameters: &Parameters) {
        let kept = self.keep();
        let mut longest = 0;
        for choice in &random.choices {
            let errors = self.collector.errors();
            for values in choice.samples() {
                let before = self.length();
                self.read_choice(choice, &values, path, parameters);
                longest = longest.max(self.length().saturating_sub(before));
                self.restore(&kept);
                // The next value would mostly show the same again.
                if self.collector.errors() > errors {
                    break;
                }
            }
        }
        let most = random.times.wholes().map_or(0, |(_, most)| usize::try_from(most).unwrap_or(usize::MAX));
        let gaps = usize::from(random.gap.is_some());
        self.count_ahead(most.saturating_mul(longest.saturating_add(gaps)), at);
    }

    fn read_choice(
        &mut self,
        choice: &Choice<'_>,
        values: &Parameters,
        path: &FilePath,
        parameters: &Parameters,
    ) {
        let written = values.write_into(choice.steps, self.collector);
        // What no step names would be drawn for nothing.
        for (name, _) in choice.draws.iter().filter(|(name, _)| !values.is_used(name)) {
            let message = format!("nothing uses the drawn '{name}'");
            self.collector.push(
                Problem::warning(choice.steps.span, message)
                    .help(format!("write ${{{name}}} where it belongs")),
            );
        }
        let known = self.captures.scope(&written);
        self.read_list(&written, path, parameters);
        self.captures.leave(known);
    }
}

impl<'n> Random<'n> {
    fn read(node: &'n Node, parameters: &Parameters, collector: &mut Collector) -> Option<Self> {
        let what = "`random:`";
        let mut keys = Keys::of(node, what, collector)?;
        let times = keys.need("times", what, collector).and_then(|node| times(node, collector));
        let gap_node = keys.value("gap");
        let of = keys.need("of", what, collector);
        keys.finish(what, collector);
        let gap = match gap_node {
            Some(node) => Some(gap(node, collector)?),
            None => None,
        };
        let choices: Vec<Choice<'n>> = read::items(of?, "`of:`", collector)
            .iter()
            .filter_map(|item| Choice::read(item, parameters, collector))
            .collect();
        if choices.iter().all(|choice| choice.weight == 0) {
            if collector.errors() == 0 {
                collector.push(
                    Problem::error(of?.span, "there is nothing to choose from")
                        .advice("write - { weight: 1, steps: [ … ] }"),
                );
            }
            return None;
        }
        Some(Self { times: times?, gap, choices })
    }
}

/// How often is drawn.
fn times(node: &Node, collector: &mut Collector) -> Option<Range> {
    let times = Range::read(node, "the number of draws", collector)?;
    let most = u64::try_from(STEPS_MAX).unwrap_or(u64::MAX);
    if times.wholes().is_none_or(|(_, to)| to > most) {
        let message = format!("the number of draws is a whole number up to {most}");
        collector.push(Problem::error(node.span, message).advice("write 40, or { between: [20, 60] }"));
        return None;
    }
    Some(times)
}

fn gap(node: &Node, collector: &mut Collector) -> Option<Range> {
    let gap = Range::read(node, "the gap", collector)?;
    if !gap.is_span() {
        collector.push(
            Problem::error(node.span, "the gap is a span of time")
                .advice("write 5s, or { between: [0s, 90s] }"),
        );
        return None;
    }
    Some(gap)
}

/// `[ { wait: 37.5s } ]`
fn wait(span: Node) -> Node {
    let at = span.span;
    let key = Key { text: "wait".to_owned(), quoted: false, span: at };
    let step = Node { kind: Kind::Map(vec![Entry { key, value: span }]), span: at };
    Node { kind: Kind::Sequence(vec![step]), span: at }
}

impl<'n> Choice<'n> {
    fn read(node: &'n Node, parameters: &Parameters, collector: &mut Collector) -> Option<Self> {
        let what = "a choice";
        let mut keys = Keys::of(node, what, collector)?;
        let weight = match keys.value("weight") {
            Some(node) => read::whole(node, "the weight", (0, i64::from(WEIGHT_MAX)), collector),
            None => Some(1),
        };
        let draws_node = keys.value("draw");
        let steps = keys.need("steps", what, collector);
        keys.finish(what, collector);
        let mut draws = Vec::new();
        let mut complete = true;
        for entry in draws_node.map_or(&[][..], |node| read::entries(node, "`draw:`", collector)) {
            match draw(entry, parameters, collector) {
                Some(drawn) => draws.push(drawn),
                None => complete = false,
            }
        }
        let (weight, steps) = (weight?, steps?);
        complete.then_some(Self { weight, draws, steps })
    }

    /// Values to check the steps with: all combinations where they are few, else each value once beside the first of the
    /// others.
    fn samples(&self) -> Vec<Parameters> {
        let values: Vec<Vec<Node>> = self.draws.iter().map(|(_, draw)| draw.values()).collect();
        let all = values.iter().try_fold(1_usize, |product, one| product.checked_mul(one.len()));
        let mut picks: Vec<Vec<usize>> = vec![Vec::new()];
        if all.is_some_and(|all| all <= COMBINATIONS_MAX) {
            for one in &values {
                let longer = |pick: &Vec<usize>| -> Vec<Vec<usize>> {
                    (0..one.len()).map(|own| pick.iter().copied().chain([own]).collect()).collect()
                };
                picks = picks.iter().flat_map(longer).collect();
            }
        } else {
            picks = vec![vec![0; values.len()]];
            for (place, one) in values.iter().enumerate() {
                for own in 1..one.len() {
                    let mut pick = vec![0; values.len()];
                    pick[place] = own;
                    picks.push(pick);
                }
            }
        }
        let sample = |pick: Vec<usize>| {
            let mut parameters = Parameters::default();
            for ((name, _), (own, one)) in self.draws.iter().zip(pick.iter().zip(&values)) {
                if let Some(value) = one.get(*own) {
                    parameters.set(name.clone(), value.clone());
                }
            }
            parameters
        };
        picks.into_iter().take(VALUES_MAX).map(sample).collect()
    }
}

fn draw<'n>(
    entry: &'n Entry,
    parameters: &Parameters,
    collector: &mut Collector,
) -> Option<(Text, Draw<'n>)> {
    let name: Text = entry.key.text.as_str().into();
    load::check_parameter_name(&name, entry.key.span, collector);
    if parameters.contains(&name) {
        collector.error(entry.key.span, format!("'{name}' is a parameter already"));
    }
    match &entry.value.kind {
        Kind::Sequence(values) if !values.is_empty() => Some((name, Draw::OneOf(values))),
        Kind::Map(_) => {
            Range::read(&entry.value, "the value", collector).map(|range| (name, Draw::Between(range)))
        }
        Kind::Broken => None,
        _ => {
            collector.push(
                Problem::error(entry.value.span, "what is drawn is a list of values, or a range")
                    .advice("write name: [first, second], or name: { between: [1, 600] }"),
            );
            None
        }
    }
}

impl Draw<'_> {
    fn drawn(&self, chance: &mut Chance) -> Option<Node> {
        match self {
            Self::OneOf(values) => chance.one_of(values).cloned(),
            Self::Between(range) => Some(range.written(range.draw(chance))),
        }
    }

    /// Every value of a list, both ends of a range.
    fn values(&self) -> Vec<Node> {
        match self {
            Self::OneOf(values) => values.to_vec(),
            Self::Between(range) => range.ends().into_iter().map(|end| range.written(end)).collect(),
        }
    }
}
