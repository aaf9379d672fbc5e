//! The document that [`crate::Json`] writes, to be read back by programs.
//!
//! Format 1. Within a format, keys are added and never change their meaning; readers skip keys that they do not
//! know. What counts money, time or usage exactly is a string, as a number of JSON may lose digits on its way; counts,
//! lines, frames and the seed are numbers.

use serde::{Deserialize, Serialize};

/// The whole document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// [`crate::FORMAT`].
    pub format: u32,
    /// What was run.
    pub run: Run,
    /// Every run of a scenario, in order.
    pub scenarios: Vec<Scenario>,
    /// The counts; `null` when the run was cut short.
    pub totals: Option<Totals>,
    /// Real time of the whole run in decimal seconds; `null` when it was cut short.
    pub elapsed_seconds: Option<String>,
}

/// What was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// The target: `reference`.
    pub target: String,
    /// How many runs of scenarios were planned.
    pub scenarios: usize,
}

/// One run of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scenario {
    /// Its name, with its matrix variant behind it in brackets.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its seed.
    pub seed: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// Why it is broken or was skipped.
    pub reason: Option<String>,
    /// The scenario's own time from its first step to the end of its last, in decimal seconds.
    pub lasted_seconds: String,
    /// Real time that it took, in decimal seconds.
    pub took_seconds: String,
    /// Its steps, then its final assertions.
    pub steps: Vec<Step>,
    /// What no step expected.
    pub unexpected: Unexpected,
    /// The command that runs it again the same way.
    pub rerun: String,
    /// The capture that was written.
    pub pcap: Option<String>,
    /// The run made small, where it failed and its steps were drawn; only the first failing run of a scenario is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shrunk: Option<Shrunk>,
    /// How two versions of the system differ, where the scenario runs on two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Versions>,
}

/// Two versions of the system beside each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// The first one's name.
    pub first: String,
    /// The second one's.
    pub second: String,
    /// What differs: what was declared, then what was not.
    pub differences: Vec<Difference>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// Who observes it.
    pub who: String,
    /// In what.
    pub sight: String,
    /// In which field, dotted; empty where it is how often that is observed.
    pub field: String,
    /// What it is in the first version.
    pub from: String,
    /// What it is in the second.
    pub to: String,
    /// How often it showed.
    pub times: usize,
    /// Why it may differ; nothing for what was not declared.
    pub why: Option<String>,
}

/// A failing run of drawn steps, made small.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shrunk {
    /// How many steps are left.
    pub steps: usize,
    /// How many there were.
    pub of: usize,
    /// How many runs that took.
    pub runs: usize,
    /// It as a file of its own.
    pub yaml: String,
    /// Where that was written.
    pub file: Option<String>,
    /// The command that runs it.
    pub command: String,
}

/// A step or a final assertion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from 1.
    pub number: usize,
    /// It on one line.
    pub text: String,
    /// Where it stands.
    pub place: Place,
    /// The scenario's time when it was over (RFC 3339, UTC).
    pub at: String,
    /// How it went.
    pub outcome: Verdict,
    /// Why it is broken or was skipped; of one that passed, why its peer refused it, which it may.
    pub reason: Option<String>,
    /// What differed, when it failed.
    pub mismatches: Vec<Mismatch>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatch {
    /// What was expected.
    pub expected: String,
    /// What was seen.
    pub seen: String,
    /// The frame of the capture, from 1.
    pub frame: Option<u64>,
    /// The line that expected it.
    pub place: Option<Place>,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
}

/// Observations that no step expected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unexpected {
    /// How many there were.
    pub count: usize,
    /// The first of them, a line each, of a scenario that did not pass.
    pub first: Vec<String>,
}

/// How something ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// As expected.
    Passed,
    /// The system under test did something else.
    Failed,
    /// The harness could not do its part.
    Broken,
    /// Not tried, or not to be shown by the target.
    Skipped,
}

/// Counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Runs that passed.
    pub passed: usize,
    /// Runs that failed.
    pub failed: usize,
    /// Runs that could not be done.
    pub broken: usize,
    /// Runs that were skipped.
    pub skipped: usize,
    /// Steps and final assertions that were judged.
    pub steps: usize,
}
