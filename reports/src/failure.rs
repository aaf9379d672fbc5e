//! A scenario that did not pass, in full: which step, what was expected and seen, in which frame, and how to run it
//! again.

use std::borrow::Cow;
use std::fmt::Write as _;

use tabled::builder::Builder;
use tabled::settings::Width;
use tabled::settings::object::Columns;
use tollgate_conformance::run::{Mismatch, Shrunk, StepOutcome, Verdict};
use tollgate_conformance::scenario::Place;

use crate::look::Look;
use crate::played::{Played, PlayedStep};
use crate::show::{clean, count, place};

/// Wider texts are wrapped, in letters.
const COLUMN_MAX: usize = 48;
/// A longer observation is cut, in letters; the journal has all of it.
const OBSERVATION_MAX: usize = 160;

/// Everything worth knowing about it, indented below its line.
pub(crate) fn in_full(played: &Played, look: Look) -> String {
    let mut out = String::new();
    line(&mut out, 4, &format!("{}, seed {}", clean(&played.path.to_string_lossy()), played.seed));
    if let Verdict::Broken(why) = &played.end.verdict
        && !played.steps.iter().any(|step| matches!(step.outcome, StepOutcome::Broken(_)))
    {
        line(&mut out, 4, &clean(why));
    }
    for step in &played.steps {
        match &step.outcome {
            StepOutcome::Failed(mismatches) => failed(&mut out, step, mismatches, look),
            StepOutcome::Broken(why) => {
                heading(&mut out, step, "could not be done", look);
                line(&mut out, 6, &clean(why));
            }
            StepOutcome::Passed | StepOutcome::Refused(_) | StepOutcome::Skipped(_) => {}
        }
    }
    skipped(&mut out, played);
    unexpected(&mut out, played);
    frames(&mut out, played);
    line(&mut out, 4, &format!("run it again: {}", look.bold(&clean(&played.end.rerun))));
    if let Some(shrunk) = &played.end.shrunk {
        small(&mut out, shrunk, look);
    }
    out
}

/// The run made small, as the file that it is; a comment of it tells what fails.
fn small(out: &mut String, shrunk: &Shrunk, look: Look) {
    let (steps, runs) = (count(shrunk.steps, "step"), count(shrunk.runs, "run"));
    line(out, 4, &look.bold(&format!("made small: {steps} of {}, after {runs}", shrunk.of)));
    if let Some(doubt) = &shrunk.doubt {
        line(out, 6, &clean(doubt));
    }
    for row in shrunk.yaml.lines() {
        line(out, 0, &clean(row));
    }
    let how = if shrunk.path.is_some() { "run it" } else { "save it under that name and run it" };
    line(out, 4, &format!("{how}: {}", look.bold(&clean(&shrunk.command))));
}

fn heading(out: &mut String, step: &PlayedStep, how: &str, look: Look) {
    line(out, 4, &look.bold(&format!("step {} {how}: {}", step.number, clean(&step.text))));
    line(out, 6, &look.dim(&format!("{}, at {}", clean(&place(&step.place)), step.at)));
}

fn failed(out: &mut String, step: &PlayedStep, mismatches: &[Mismatch], look: Look) {
    heading(out, step, "failed", look);
    if mismatches.is_empty() {
        return;
    }
    let mut table = Builder::default();
    table.push_record(["expected", "seen", "frame", "line"].map(str::to_owned));
    for mismatch in mismatches {
        table.push_record([
            clean(&mismatch.expected).into_owned(),
            clean(&mismatch.seen).into_owned(),
            mismatch.frame.map(|frame| frame.to_string()).unwrap_or_default(),
            mismatch.place.as_ref().map(|own| near_place(own, &step.place)).unwrap_or_default(),
        ]);
    }
    let mut table = table.build();
    look.frame(&mut table);
    table.modify(Columns::first(), Width::wrap(COLUMN_MAX).keep_words(true));
    table.modify(Columns::one(1), Width::wrap(COLUMN_MAX).keep_words(true));
    for row in table.to_string().lines() {
        line(out, 6, row.trim_end());
    }
}

/// The line alone where the file is that of the step.
fn near_place(own: &Place, step: &Place) -> String {
    if own.file == step.file {
        own.line.to_string()
    } else {
        clean(&format!("{}:{}", own.file.display(), own.line)).into_owned()
    }
}

fn skipped(out: &mut String, played: &Played) {
    let mut reasons: Vec<(&str, usize)> = Vec::new();
    for step in &played.steps {
        let StepOutcome::Skipped(why) = &step.outcome else { continue };
        match reasons.iter_mut().find(|(own, _)| own == why) {
            Some((_, number)) => *number += 1,
            None => reasons.push((why, 1)),
        }
    }
    for (why, number) in reasons {
        line(out, 4, &format!("{} skipped: {}", count(number, "step"), clean(why)));
    }
}

fn unexpected(out: &mut String, played: &Played) {
    let (lines, total) = &played.end.unexpected;
    if lines.is_empty() {
        return;
    }
    line(out, 4, &format!("{} that no step expected:", count(*total, "observation")));
    for seen in lines {
        line(out, 6, &cut(&clean(seen)));
    }
    if *total > lines.len() {
        line(out, 6, &format!("and {} more", total - lines.len()));
    }
}

/// Where the frames of the tables are to be found.
fn frames(out: &mut String, played: &Played) {
    let mut mismatches = played.steps.iter().flat_map(|step| match &step.outcome {
        StepOutcome::Failed(mismatches) => mismatches.as_slice(),
        _ => &[],
    });
    match &played.end.pcap {
        Some(pcap) => line(out, 4, &format!("capture: {}", clean(&pcap.to_string_lossy()))),
        None if mismatches.any(|mismatch| mismatch.frame.is_some()) => {
            line(out, 4, "frames are numbered as in the capture that --pcap writes");
        }
        None => {}
    }
}

fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(OBSERVATION_MAX) {
        Some((end, _)) => Cow::Owned(format!("{}...", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

fn line(out: &mut String, indent: usize, text: &str) {
    // Writing to a `String` cannot fail.
    let _ = writeln!(out, "{:indent$}{text}", "");
}
