//! Running scenarios: targets, the runner, the journal, and the events that reports are made of.
//!
//! [`run_all`] plays scenarios on a [`Target`] and tells everything as [`RunEvent`]s; [`play`] plays one on a
//! [`Stage`] and leaves a [`Record`] with its [`Journal`].

mod calls;
pub mod event;
mod expect;
mod faults;
mod finally;
mod invariants;
pub mod journal;
mod late;
mod matcher;
mod nearest;
mod player;
mod quantity;
mod record;
pub mod rerun;
mod runner;
mod scene;
mod shrink;
pub mod target;
mod unexpected;
mod versions;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use event::{Mismatch, RunEvent, ScenarioEnd, ScenarioId, StepOutcome, Totals, Verdict, Versions};
pub use journal::{Entry, Journal};
pub use player::{Terms, play};
pub use record::{Record, StepRecord, UNEXPECTED_SHOWN_MAX};
pub use runner::{AHEAD_MAX, Artifacts, CreateFile, DEFAULT_SEED, Filter, Options, run_all};
pub use shrink::{SHRINKING_RUNS_MAX, Shrinking, Shrunk};
pub use target::{Stage, Target, TargetError};
pub use versions::VersionDifference;
