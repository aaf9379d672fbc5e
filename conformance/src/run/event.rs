//! The stream of facts about a run. Every report is a fold over it.

use std::path::PathBuf;
use std::time::Duration;

use tollgate_time::Instant;
use tollgate_wire::Text;

use super::shrink::Shrunk;
use super::versions::VersionDifference;
use crate::scenario::Place;

/// The place of one run of a scenario among all that are run, from 0, in the order in which the files were found;
/// repetitions with other seeds follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScenarioId(pub usize);

/// Something that happened in a run. `RunStarted` comes first and `RunFinished` last; in between, the events of
/// one run of a scenario stand together, in the order of [`ScenarioId`] whatever the number of threads.
#[derive(Debug, Clone)]
pub enum RunEvent {
    /// The run begins.
    RunStarted {
        /// How many scenarios will run.
        scenarios: usize,
        /// The target's name: `reference`.
        target: Text,
    },
    /// A scenario begins.
    ScenarioStarted {
        /// Which one.
        id: ScenarioId,
        /// Its name, with its matrix variant behind it in brackets where it has one.
        name: Text,
        /// Its file.
        path: PathBuf,
        /// The seed of this run of it.
        seed: u64,
    },
    /// A step, or one assertion of `finally:`, is over.
    StepFinished {
        /// In which scenario.
        id: ScenarioId,
        /// Its number from 1; the assertions of `finally:` count on.
        number: usize,
        /// The step on one line.
        text: Text,
        /// Where it stands.
        place: Place,
        /// The scenario's time.
        at: Instant,
        /// How it went.
        outcome: StepOutcome,
    },
    /// A scenario is over.
    ScenarioFinished {
        /// Which one.
        id: ScenarioId,
        /// How.
        end: ScenarioEnd,
    },
    /// The run is over.
    RunFinished {
        /// The counts.
        totals: Totals,
        /// How long it took, of real time.
        elapsed: Duration,
    },
}

/// How a step went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// As expected.
    Passed,
    /// The system under test (or the network around it) did something else.
    Failed(Vec<Mismatch>),
    /// The harness could not do its part.
    Broken(String),
    /// Its peer could not do it in its present state, for this reason, and the step says that this may be; it counts
    /// as passed.
    Refused(String),
    /// Not tried, for this reason (an earlier step failed; the target cannot show it).
    Skipped(String),
}

impl StepOutcome {
    /// Whether the step was tried and judged.
    #[must_use]
    pub const fn is_judged(&self) -> bool {
        matches!(self, Self::Passed | Self::Failed(_) | Self::Refused(_))
    }
}

/// One difference between what was expected and what was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What was expected: `h323-credit-time: 30000`.
    pub expected: String,
    /// What was seen: `29999`, or `nothing within 200ms; the nearest was …`.
    pub seen: String,
    /// The frame of the capture that it was seen in.
    pub frame: Option<u64>,
    /// The line that expected it.
    pub place: Option<Place>,
}

/// How a scenario ended.
#[derive(Debug, Clone)]
pub struct ScenarioEnd {
    /// The verdict.
    pub verdict: Verdict,
    /// The scenario's time from its first step to its end.
    pub lasted: Duration,
    /// Real time that it took.
    pub took: Duration,
    /// Observations that nobody expected ([`crate::run::play`] tells which count): the first few, a line each, unless
    /// it passed or was skipped, and how many there were.
    pub unexpected: (Vec<String>, usize),
    /// The command that runs it again the same way.
    pub rerun: String,
    /// The capture that was written.
    pub pcap: Option<PathBuf>,
    /// It made small, where it failed and its steps were drawn. Only the first failing run of a scenario is.
    pub shrunk: Option<Box<Shrunk>>,
    /// How two versions of the system differ, where the scenario runs on two; declared differences first.
    pub versions: Option<Versions>,
}

/// Two versions of the system beside each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions {
    /// Their names.
    pub names: [Text; 2],
    /// What differs.
    pub differences: Vec<VersionDifference>,
}

/// The verdict on a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Every step and every final assertion held.
    Passed,
    /// One did not.
    Failed,
    /// The harness could not run it.
    Broken(String),
    /// It was not run, for this reason.
    Skipped(String),
}

/// Counts of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Scenarios that passed.
    pub passed: usize,
    /// Scenarios that failed.
    pub failed: usize,
    /// Scenarios that could not be run.
    pub broken: usize,
    /// Scenarios that were skipped.
    pub skipped: usize,
    /// Steps and final assertions that were judged.
    pub steps: usize,
}
