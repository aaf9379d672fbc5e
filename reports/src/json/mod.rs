//! The report for programs: one JSON document, written scenario by scenario, a line each.

pub mod model;

use std::io::Write;
use std::path::Path;

use serde::Serialize;
use tollgate_conformance::run::{self, RunEvent, StepOutcome};
use tollgate_conformance::scenario;

use crate::played::{Gathering, Played, PlayedStep};
use crate::report::{Report, ReportError};
use crate::show::seconds;

/// The number of the format that is written.
pub const FORMAT: u32 = 1;

/// Writes a [`model::Document`]. It holds no more than one scenario at a time.
#[derive(Debug)]
pub struct Json<W: Write> {
    out: W,
    gathering: Gathering,
    begun: bool,
    scenarios: usize,
    end: Option<(model::Totals, String)>,
}

impl<W: Write> Json<W> {
    /// A report into this writer.
    pub fn new(out: W) -> Self {
        Self { out, gathering: Gathering::default(), begun: false, scenarios: 0, end: None }
    }

    fn begin(&mut self, run: &model::Run) -> Result<(), ReportError> {
        self.begun = true;
        write!(self.out, "{{\"format\":{FORMAT},\"run\":")?;
        self.value(run)?;
        write!(self.out, ",\"scenarios\":[")?;
        Ok(())
    }

    fn value(&mut self, value: &impl Serialize) -> Result<(), ReportError> {
        Ok(serde_json::to_writer(&mut self.out, value)?)
    }
}

impl<W: Write> Report for Json<W> {
    fn handle(&mut self, event: &RunEvent) -> Result<(), ReportError> {
        match event {
            RunEvent::RunStarted { scenarios, target } => {
                return self.begin(&model::Run { target: target.to_string(), scenarios: *scenarios });
            }
            RunEvent::RunFinished { totals, elapsed } => {
                self.end = Some((totals_of(*totals), seconds(*elapsed)));
            }
            _ => {}
        }
        if let Some(played) = self.gathering.handle(event) {
            writeln!(self.out, "{}", if self.scenarios == 0 { "" } else { "," })?;
            self.scenarios += 1;
            self.value(&scenario_of(played))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ReportError> {
        if !self.begun {
            self.begin(&model::Run { target: String::new(), scenarios: 0 })?;
        }
        let (totals, elapsed) = self.end.take().unzip();
        write!(self.out, "\n],\"totals\":")?;
        self.value(&totals)?;
        write!(self.out, ",\"elapsed_seconds\":")?;
        self.value(&elapsed)?;
        writeln!(self.out, "}}")?;
        Ok(self.out.flush()?)
    }
}

fn scenario_of(played: Played) -> model::Scenario {
    let end = played.end;
    let (verdict, reason) = match end.verdict {
        run::Verdict::Passed => (model::Verdict::Passed, None),
        run::Verdict::Failed => (model::Verdict::Failed, None),
        run::Verdict::Broken(why) => (model::Verdict::Broken, Some(why)),
        run::Verdict::Skipped(why) => (model::Verdict::Skipped, Some(why)),
    };
    model::Scenario {
        name: played.name.into(),
        file: shown(&played.path),
        seed: played.seed,
        verdict,
        reason,
        lasted_seconds: seconds(end.lasted),
        took_seconds: seconds(end.took),
        steps: played.steps.into_iter().map(step_of).collect(),
        unexpected: model::Unexpected { count: end.unexpected.1, first: end.unexpected.0 },
        rerun: end.rerun,
        pcap: end.pcap.as_deref().map(shown),
        shrunk: end.shrunk.map(|own| model::Shrunk {
            steps: own.steps,
            of: own.of,
            runs: own.runs,
            yaml: own.yaml,
            file: own.path.as_deref().map(shown),
            command: own.command,
        }),
        versions: end.versions.map(versions_of),
    }
}

fn versions_of(own: run::Versions) -> model::Versions {
    let [first, second] = own.names.map(String::from);
    let difference = |own: run::VersionDifference| model::Difference {
        who: own.who.into(),
        sight: own.sight.into(),
        field: own.field.into(),
        from: own.from,
        to: own.to,
        times: own.times,
        why: own.why.map(Into::into),
    };
    model::Versions { first, second, differences: own.differences.into_iter().map(difference).collect() }
}

fn step_of(step: PlayedStep) -> model::Step {
    let (outcome, reason, mismatches) = match step.outcome {
        StepOutcome::Passed => (model::Verdict::Passed, None, Vec::new()),
        StepOutcome::Refused(why) => (model::Verdict::Passed, Some(why), Vec::new()),
        StepOutcome::Failed(mismatches) => (model::Verdict::Failed, None, mismatches),
        StepOutcome::Broken(why) => (model::Verdict::Broken, Some(why), Vec::new()),
        StepOutcome::Skipped(why) => (model::Verdict::Skipped, Some(why), Vec::new()),
    };
    model::Step {
        number: step.number,
        text: step.text.into(),
        place: place_of(&step.place),
        at: step.at.to_string(),
        outcome,
        reason,
        mismatches: mismatches.into_iter().map(mismatch_of).collect(),
    }
}

fn mismatch_of(mismatch: run::Mismatch) -> model::Mismatch {
    model::Mismatch {
        expected: mismatch.expected,
        seen: mismatch.seen,
        frame: mismatch.frame,
        place: mismatch.place.as_ref().map(place_of),
    }
}

fn place_of(place: &scenario::Place) -> model::Place {
    model::Place { file: shown(&place.file), line: place.line, column: place.column }
}

fn totals_of(totals: run::Totals) -> model::Totals {
    let run::Totals { passed, failed, broken, skipped, steps } = totals;
    model::Totals { passed, failed, broken, skipped, steps }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn written(events: &[RunEvent]) -> String {
        let mut json = Json::new(Vec::new());
        events.iter().for_each(|event| json.handle(event).unwrap());
        json.finish().unwrap();
        String::from_utf8(json.out).unwrap()
    }

    #[test]
    fn the_document_is_format_1() {
        insta::assert_snapshot!(written(&fixture::run()));
    }

    #[test]
    fn the_document_reads_back_into_its_model() {
        let text = written(&fixture::run());
        let document: model::Document = serde_json::from_str(&text).unwrap();
        assert_eq!(document.format, FORMAT);
        assert_eq!(document.run, model::Run { target: "reference".to_owned(), scenarios: 6 });
        let verdicts: Vec<_> = document.scenarios.iter().map(|scenario| scenario.verdict).collect();
        use model::Verdict::{Broken, Failed, Passed, Skipped};
        assert_eq!(verdicts, [Passed, Passed, Failed, Skipped, Broken, Passed]);
        let failed = &document.scenarios[2].steps[1];
        assert_eq!(failed.mismatches[0].expected, "h323-credit-time: 30000");
        assert_eq!(failed.mismatches[0].seen, "29999");
        assert_eq!(failed.mismatches[0].frame, Some(4));
        assert_eq!(document.totals.unwrap().passed, 3);
        assert_eq!(document.elapsed_seconds.as_deref(), Some("0.002"));
    }

    #[test]
    fn a_run_that_was_cut_short_is_still_a_document() {
        let events = fixture::run();
        for length in [0, 1, 3, events.len() - 1] {
            let document: model::Document = serde_json::from_str(&written(&events[..length])).unwrap();
            assert_eq!((document.totals, document.elapsed_seconds), (None, None));
        }
    }
}
