//! Running scenarios: targets, the runner, the journal, and the events that reports are made of.

pub mod event;
pub mod target;

pub use event::{Mismatch, RunEvent, ScenarioEnd, ScenarioId, StepOutcome, Totals, Verdict};
pub use target::{Stage, Target, TargetError};
