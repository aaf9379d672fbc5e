//! Judging one `expect:`. It consumes the oldest unused observation that matches, else lets time pass
//! until one comes or the bound is over.
//!
//! `times: n` consumes n of them under the one bound. `absent: true` waits for the whole bound, and fails on what
//! would have satisfied the same expectation without it and is observed from this step on; what was observed before is
//! not its business. A capture takes the first value of its field, with `times:` that of the last observation.
//!
//! A bound is about a machine, so it is stretched where the scenario's clock runs faster than the machine's
//! ([`crate::run::Target::haste`]). How long nothing may happen is the scenario's own time and never is. On a real clock nothing
//! is waited for longer than [`crate::run::Target::patience`].

use std::time::Duration;

use tollgate_network::{Observation, Seen};

use super::event::{Mismatch, StepOutcome};
use super::late::Captures;
use super::matcher::{holds, occurrences};
use super::nearest;
use super::scene::{Scene, span};
use crate::scenario::{Expectation, FieldMatch, Place};

/// Judges an expectation whose captures are written out.
pub(crate) fn judge(
    scene: &mut Scene<'_>,
    expectation: &Expectation,
    captures: &mut Captures,
    place: &Place,
) -> StepOutcome {
    let Some(node) = scene.cast.node(expectation.who) else {
        return StepOutcome::Broken("the stage lacks a peer of the scenario".to_owned());
    };
    let wanted = |seen: &Seen| seen.node == node && fits(expectation, &seen.observation);
    if expectation.absent {
        let (from, until) = (scene.journal.len(), scene.now() + expectation.within.unwrap_or(scene.within));
        return match scene.find(from, until, wanted) {
            None => StepOutcome::Passed,
            Some(entry) => StepOutcome::Failed(vec![present(scene, expectation, entry, place)]),
        };
    }
    let cut = scene.cut(expectation);
    let until = scene.now() + cut.map_or_else(|| scene.bound(expectation), |(_, most)| most);
    let mut last = None;
    for found in 0..expectation.times {
        let Some(entry) = scene.find(0, until, wanted) else {
            let mut found = nearest::explain(scene, expectation, found, place);
            found.extend(cut.map(|(patience, _)| impatient(scene, expectation, patience, place)));
            return StepOutcome::Failed(found);
        };
        scene.journal.consume(entry);
        last = Some(entry);
    }
    match last {
        Some(entry) => capture(scene, expectation, entry, captures, place),
        None => StepOutcome::Passed,
    }
}

/// That the bound was not waited out.
fn impatient(scene: &Scene<'_>, expectation: &Expectation, patience: Duration, place: &Place) -> Mismatch {
    Mismatch {
        expected: headline(scene, expectation),
        seen: format!(
            "not waited out: nothing is waited for longer than {} of real time; a higher --speed or --patience waits on",
            span(patience)
        ),
        frame: None,
        place: Some(place.clone()),
    }
}

/// Whether an observation is one that the expectation speaks of.
pub(crate) fn fits(expectation: &Expectation, observation: &Observation) -> bool {
    observation.kind == expectation.sight.name
        && subject_fits(expectation, observation)
        && all_hold(&expectation.fields, observation)
}

/// Whether every line of a `where:` holds.
pub(crate) fn all_hold(fields: &[FieldMatch], observation: &Observation) -> bool {
    fields.iter().all(|field| holds(&field.matcher, &occurrences(observation.fields(), &field.path)))
}

pub(crate) fn subject_fits(expectation: &Expectation, observation: &Observation) -> bool {
    let Some(matcher) = &expectation.is else { return true };
    let subject = expectation.sight.subject.unwrap_or_default();
    holds(matcher, &observation.fields().all(subject).collect::<Vec<_>>())
}

/// `expect: { ivr: prompt, is: busy }` as a phrase: `ivr: prompt, is: busy, within 200ms`.
pub(crate) fn headline(scene: &Scene<'_>, expectation: &Expectation) -> String {
    let mut text = format!("{}: {}", scene.cast.name(expectation.who), expectation.sight.name);
    if let Some(is) = &expectation.is {
        text.push_str(&format!(", is: {}", super::matcher::shown(is)));
    }
    if expectation.times > 1 {
        text.push_str(&format!(", {} times", expectation.times));
    }
    text.push_str(&format!(" within {}", span(expectation.within.unwrap_or(scene.within))));
    text
}

fn present(scene: &Scene<'_>, expectation: &Expectation, entry: usize, place: &Place) -> Mismatch {
    Mismatch {
        expected: format!("no {}", headline(scene, expectation)),
        seen: scene.journal.line(entry),
        frame: scene.journal.entries().get(entry).and_then(|entry| entry.seen.frame),
        place: Some(place.clone()),
    }
}

fn capture(
    scene: &Scene<'_>,
    expectation: &Expectation,
    entry: usize,
    captures: &mut Captures,
    place: &Place,
) -> StepOutcome {
    let Some(entry) = scene.journal.entries().get(entry).filter(|_| !expectation.capture.is_empty()) else {
        return StepOutcome::Passed;
    };
    let mut missing = Vec::new();
    for (name, path) in &expectation.capture {
        match occurrences(entry.seen.observation.fields(), path).first() {
            Some(value) => captures.keep(name, value),
            None => missing.push(Mismatch {
                expected: format!("{path}, to be captured as {name}"),
                seen: "absent".to_owned(),
                frame: entry.seen.frame,
                place: Some(place.clone()),
            }),
        }
    }
    if missing.is_empty() { StepOutcome::Passed } else { StepOutcome::Failed(missing) }
}
