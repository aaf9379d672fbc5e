//! Makes a failing run of drawn steps small: drawn steps are dropped and their waits shortened as long as it fails in the same
//! way, with the same seed. It is delta debugging: large pieces first, then smaller ones, then single steps. Steps beside the
//! draws stay: that lines heal and calls end is what makes the outcome mean something.

use std::path::PathBuf;
use std::time::Duration;

use tollgate_wire::{Text, Value};

use super::event::{StepOutcome, Verdict};
use super::record::Record;
use crate::scenario::{Draft, Place, Scenario, Written, values};
use crate::yaml::{Entry, Kind, Node, Scalar};

/// So many runs may be spent on one failure.
pub const SHRINKING_RUNS_MAX: usize = 1_000;

/// A failing run of drawn steps, made small.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shrunk {
    /// It as a file of its own, with its world and seed.
    pub yaml: String,
    /// Where that was written.
    pub path: Option<PathBuf>,
    /// The command that runs it; without a path, once it was saved under the name there.
    pub command: String,
    /// How many steps are left.
    pub steps: usize,
    /// How many there were.
    pub of: usize,
    /// How many runs that took.
    pub runs: usize,
    /// What its run says that does not fail in the same way, which would be a defect of ours.
    pub doubt: Option<String>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shrinking {
    /// The seed.
    pub seed: u64,
    /// Runs so far.
    pub runs: usize,
    /// Steps that are left.
    pub steps: usize,
    /// Steps that there were.
    pub of: usize,
}

/// What failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// An assertion: where it stands, and how it reads.
    Step(Place, Text),
    /// The harness could not go on.
    Broken(String),
}

impl Failure {
    /// The first failure of a run, if it has any.
    pub(crate) fn first(verdict: &Verdict, record: &Record) -> Option<Self> {
        match verdict {
            Verdict::Broken(why) => Some(Self::Broken(why.clone())),
            Verdict::Failed => {
                failed(record).next().map(|(place, text)| Self::Step(place.clone(), text.clone()))
            }
            Verdict::Passed | Verdict::Skipped(_) => None,
        }
    }

    /// Whether a run of fewer steps fails in this way. Drawn values may differ.
    pub(crate) fn is_of(&self, verdict: &Verdict, record: &Record) -> bool {
        match self {
            Self::Step(place, _) => failed(record).any(|(own, _)| own == place),
            Self::Broken(why) => matches!(verdict, Verdict::Broken(own) if own == why),
        }
    }

    /// The same where the steps stand in another file.
    pub(crate) fn reads_as(&self, verdict: &Verdict, record: &Record) -> bool {
        match self {
            Self::Step(_, text) => failed(record).any(|(_, own)| own == text),
            Self::Broken(_) => self.is_of(verdict, record),
        }
    }

    /// How it reads in a run.
    pub(crate) fn in_run(&self, record: &Record) -> Self {
        match self {
            Self::Step(place, _) => failed(record)
                .find(|(own, _)| *own == place)
                .map_or_else(|| self.clone(), |(place, text)| Self::Step(place.clone(), text.clone())),
            Self::Broken(_) => self.clone(),
        }
    }

    /// It in a few words.
    pub(crate) fn described(&self) -> &str {
        match self {
            Self::Step(_, text) => text,
            Self::Broken(why) => why,
        }
    }
}

fn failed(record: &Record) -> impl Iterator<Item = (&Place, &Text)> {
    let failed = record.steps.iter().filter(|step| matches!(step.outcome, StepOutcome::Failed(_)));
    failed.map(|step| (&step.place, &step.text))
}

/// Shrinks one run.
pub(crate) struct Shrinker<'a> {
    /// The scenario that draws.
    pub(crate) whole: &'a Scenario,
    /// Its run that fails.
    pub(crate) draft: &'a Draft,
    /// Whether a scenario fails in the same way.
    pub(crate) fails: &'a mut dyn FnMut(&Scenario) -> bool,
    /// Told after each run.
    pub(crate) progress: &'a dyn Fn(usize, usize),
    /// Runs so far.
    pub(crate) runs: usize,
}

impl Shrinker<'_> {
    /// The fewest steps that were found to fail in the same way.
    pub(crate) fn shrink(&mut self) -> Vec<Written> {
        let steps = self.draft.steps().to_vec();
        let draws = self.dropped(by_draw(steps));
        let single: Vec<Vec<Written>> = draws.into_iter().flatten().map(|step| vec![step]).collect();
        let steps: Vec<Written> = self.dropped(single).into_iter().flatten().collect();
        let steps = self.joined(steps);
        self.shortened(steps)
    }

    fn spent(&self) -> bool {
        self.runs >= SHRINKING_RUNS_MAX
    }

    fn still_fails(&mut self, steps: &[Written]) -> bool {
        let Some(scenario) = self.draft.with(steps.to_vec()).scenario(self.whole) else { return false };
        self.runs += 1;
        let fails = (self.fails)(&scenario);
        (self.progress)(self.runs, steps.len());
        fails
    }

    /// Without every piece that is not needed.
    fn dropped(&mut self, mut pieces: Vec<Vec<Written>>) -> Vec<Vec<Written>> {
        let mut size = pieces.len();
        while size > 0 && !self.spent() {
            let mut any = false;
            let mut end = pieces.len();
            // From the end, since what comes after the failure is needed least.
            while end > 0 && !self.spent() {
                let start = end.saturating_sub(size);
                let staying = pieces[start..end].iter().filter(|piece| !is_drawn(piece)).cloned();
                let rest: Vec<Vec<Written>> = pieces[..start]
                    .iter()
                    .cloned()
                    .chain(staying)
                    .chain(pieces[end..].iter().cloned())
                    .collect();
                if rest.len() < pieces.len() && self.still_fails(&rest.concat()) {
                    pieces = rest;
                    any = true;
                }
                end = start;
            }
            // Dropping one may have made another needless.
            size = if size == 1 { usize::from(any) } else { size.div_ceil(2) };
        }
        pieces
    }

    /// With neighbouring waits made one.
    fn joined(&mut self, steps: Vec<Written>) -> Vec<Written> {
        let mut joined: Vec<Written> = Vec::with_capacity(steps.len());
        for step in &steps {
            // Faults that last are no waits of the run.
            let waits =
                |step: &Written| waits(step).filter(|_| step.drawn && step.node.get("wait").is_some());
            let both = joined.last().and_then(waits).zip(waits(step));
            match (both, joined.last_mut()) {
                (Some((one, other)), Some(last)) => {
                    last.node = with_wait(&last.node, one.saturating_add(other));
                }
                _ => joined.push(step.clone()),
            }
        }
        if joined.len() < steps.len() && !self.spent() && self.still_fails(&joined) { joined } else { steps }
    }

    /// With waits as short as they may be.
    fn shortened(&mut self, mut steps: Vec<Written>) -> Vec<Written> {
        for place in 0..steps.len() {
            while let Some(wait) = waits(&steps[place]).filter(|_| steps[place].drawn && !self.spent()) {
                let Some(shorter) = shorter(wait) else { break };
                let mut tried = steps.clone();
                tried[place].node = with_wait(&tried[place].node, shorter);
                if !self.still_fails(&tried) {
                    break;
                }
                steps = tried;
            }
        }
        steps
    }
}

fn is_drawn(piece: &[Written]) -> bool {
    piece.iter().all(|step| step.drawn)
}

/// Steps of one draw stand together.
fn by_draw(steps: Vec<Written>) -> Vec<Vec<Written>> {
    let mut draws: Vec<Vec<Written>> = Vec::new();
    for step in steps {
        match draws.last_mut() {
            Some(last) if last.last().is_some_and(|own| own.draw == step.draw) => last.push(step),
            _ => draws.push(vec![step]),
        }
    }
    draws
}

/// Half of it, in whole seconds as long as there are some.
fn shorter(wait: Duration) -> Option<Duration> {
    let half = wait / 2;
    let half = if half.as_secs() > 0 {
        Duration::from_secs(half.as_secs())
    } else {
        Duration::from_millis(u64::try_from(half.as_millis()).unwrap_or(0))
    };
    (half > Duration::ZERO).then_some(half)
}

/// How long a step waits (`wait: 5s`), or how long its fault lasts (`for: 5s`).
fn waits(step: &Written) -> Option<Duration> {
    values::span(&span_of(&step.node)?.scalar()?.text).ok()
}

fn span_of(node: &Node) -> Option<&Node> {
    match node.get("wait") {
        Some(wait) => Some(wait),
        None => node.get("fault")?.get("for"),
    }
}

/// The step with another span.
fn with_wait(node: &Node, span: Duration) -> Node {
    fn put(entries: &mut [Entry], key: &str, to: &mut dyn FnMut(&mut Node)) {
        entries.iter_mut().filter(|entry| entry.key.text == key).for_each(|entry| to(&mut entry.value));
    }
    let written = Scalar { text: Value::Span(span).to_string(), quoted: false };
    let mut node = node.clone();
    let mut write = |value: &mut Node| {
        if matches!(value.kind, Kind::Scalar(_)) {
            value.kind = Kind::Scalar(written.clone());
        }
    };
    if let Kind::Map(entries) = &mut node.kind {
        put(entries, "wait", &mut write);
        put(entries, "fault", &mut |fault: &mut Node| {
            if let Kind::Map(entries) = &mut fault.kind {
                put(entries, "for", &mut write);
            }
        });
    }
    node
}
