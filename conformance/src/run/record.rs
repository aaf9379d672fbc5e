//! What is left of one run of a scenario: its journal, how every step went, and the verdict that follows.

use std::time::Duration;

use tollgate_time::Instant;
use tollgate_wire::Text;

use super::event::{Mismatch, StepOutcome, Verdict};
use super::journal::Journal;
use crate::scenario::Place;

/// So many unexpected observations are shown.
pub const UNEXPECTED_SHOWN_MAX: usize = 5;

/// How a step, or a final assertion, went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRecord {
    /// It on one line.
    pub text: Text,
    /// Where it stands.
    pub place: Place,
    /// The scenario's time when it was over.
    pub at: Instant,
    /// How it went.
    pub outcome: StepOutcome,
}

/// One run of a scenario. It fills while the scenario is played, so that what was done before a defect of
/// ours stopped it is known too.
#[derive(Debug, Clone, Default)]
pub struct Record {
    /// Everything observed.
    pub journal: Journal,
    /// Every step, then every final assertion, in order.
    pub steps: Vec<StepRecord>,
    /// The scenario's time from its first step to the end of its last.
    pub lasted: Duration,
    /// Places in the journal of observations that nobody expected. What counts is told at
    /// [`crate::run::play`].
    pub unexpected: Vec<usize>,
}

impl Record {
    pub(crate) fn push(&mut self, text: Text, place: &Place, at: Instant, outcome: StepOutcome) {
        self.steps.push(StepRecord { text, place: place.clone(), at, outcome });
    }

    /// What follows from the steps: broken when one is, else failed when one did, else skipped when one
    /// could not be judged, else passed.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let mut verdict = Verdict::Passed;
        for step in &self.steps {
            match &step.outcome {
                StepOutcome::Broken(why) => return Verdict::Broken(why.clone()),
                StepOutcome::Failed(_) => verdict = Verdict::Failed,
                StepOutcome::Skipped(why) if verdict == Verdict::Passed => {
                    verdict = Verdict::Skipped(why.clone());
                }
                StepOutcome::Skipped(_) | StepOutcome::Passed | StepOutcome::Refused(_) => {}
            }
        }
        verdict
    }

    /// The first unexpected observations, one line each.
    #[must_use]
    pub fn unexpected_lines(&self) -> Vec<String> {
        let first = self.unexpected.iter().take(UNEXPECTED_SHOWN_MAX);
        first.map(|place| self.journal.line(*place)).collect()
    }

    /// The same as mismatches, for a scenario that is strict.
    pub(crate) fn unexpected_mismatches(&self) -> Vec<Mismatch> {
        let lines = self.unexpected_lines();
        let mut mismatches: Vec<Mismatch> = (self.unexpected.iter().zip(lines))
            .map(|(place, seen)| Mismatch {
                expected: "nothing that no step expects".to_owned(),
                seen,
                frame: self.journal.entries().get(*place).and_then(|entry| entry.seen.frame),
                place: None,
            })
            .collect();
        let hidden = self.unexpected.len().saturating_sub(UNEXPECTED_SHOWN_MAX);
        if hidden > 0 {
            mismatches.push(Mismatch {
                expected: "nothing that no step expects".to_owned(),
                seen: format!("{hidden} more"),
                frame: None,
                place: None,
            });
        }
        mismatches
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::*;

    fn verdict(outcomes: &[StepOutcome]) -> Verdict {
        let mut record = Record::default();
        let place = Place { file: Arc::from(Path::new("a.yaml")), line: 1, column: 1 };
        for outcome in outcomes {
            record.push("step".into(), &place, Instant::EPOCH, outcome.clone());
        }
        record.verdict()
    }

    #[test]
    fn the_worst_step_decides() {
        let failed = || StepOutcome::Failed(Vec::new());
        let skipped = || StepOutcome::Skipped("cannot show".to_owned());
        let broken = || StepOutcome::Broken("cannot do".to_owned());
        assert_eq!(verdict(&[]), Verdict::Passed);
        assert_eq!(verdict(&[StepOutcome::Passed, skipped()]), Verdict::Skipped("cannot show".to_owned()));
        assert_eq!(verdict(&[skipped(), failed(), skipped()]), Verdict::Failed);
        assert_eq!(verdict(&[failed(), broken(), skipped()]), Verdict::Broken("cannot do".to_owned()));
    }
}
