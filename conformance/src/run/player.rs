//! Playing one scenario on a stage, step by step.
//!
//! The first step that fails ends the steps; the others are skipped. Then the network settles and `finally:` is
//! judged, after a failed step too: what the books say is worth knowing then as well. After a step that
//! could not be done at all it is skipped.

use std::sync::Arc;
use std::time::Duration;

use tollgate_network::{Action, ActionError, NodeId, PeerKind};
use tollgate_wire::Fields;

use super::event::{Mismatch, StepOutcome};
use super::late::{self, Captures, LateError};
use super::record::{Record, StepRecord};
use super::scene::{Cast, Scene};
use super::target::{Stage, Target};
use super::{expect, faults, finally, unexpected};
use crate::scenario::{Deed, Expectation, LateArg, Place, Scenario, Step, Who};

/// What the player needs to know of a target.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// The table of the system under test.
    pub system: &'static PeerKind,
    /// How long an expectation waits that names no bound.
    pub within: Duration,
    /// How many seconds of the scenario pass in a real one.
    pub haste: u32,
    /// How much real time one expectation may take.
    pub patience: Option<Duration>,
    /// How long the network settles before `finally:` is judged.
    pub settle: Duration,
    /// Whether the system is asked in the end to rebuild its state from its command log and to compare the two.
    pub verify_replay: bool,
}

impl Terms {
    /// Those of a target.
    pub fn of(target: &dyn Target) -> Self {
        Self {
            verify_replay: false,
            system: target.system(),
            within: target.within(),
            haste: target.haste(),
            patience: target.patience(),
            settle: target.settle(),
        }
    }
}

/// Plays a scenario on a stage and fills the record, which must be empty.
///
/// - An action that its peer refuses in its present state fails: the system under test brought the call to
///   another state than the scenario expects. A step with `may-refuse:` passes then. One that the peer does not know breaks.
/// - A fault that the driver cannot cause skips the scenario from there on: this target cannot show it.
/// - Unexpected is an unused observation of a peer that some expectation names, and one of the system of a
///   kind that some expectation on the system names. The system sees every message that its clients see; counting
///   all of its own as well would have every step written twice. A strict scenario fails on them once its steps have
///   passed.
pub fn play(scenario: &Scenario, stage: &mut Stage, terms: &Terms, record: &mut Record) {
    let Stage { driver, system, peers } = stage;
    let cast = Cast { scenario, system: *system, system_kind: terms.system, peers };
    record.journal = cast.journal();
    record.steps.reserve(scenario.steps.len() + 8);
    let scene = Scene {
        cast,
        driver: driver.as_mut(),
        journal: &mut record.journal,
        within: terms.within,
        haste: terms.haste,
        patience: terms.patience,
    };
    let top = Place { file: Arc::from(scenario.path.as_path()), line: 1, column: 1 };
    let mut player = Player { scene, done: &mut record.steps, captures: Captures::default(), top };

    let started = player.scene.now();
    let stop = player.steps(&scenario.steps);
    record.lasted = player.scene.now() - started;
    match &stop {
        Stop::Unplayable(why) => player.skip_finally(why),
        Stop::None | Stop::Failed => {
            let settled = player.scene.now() + terms.settle;
            player.scene.pass(settled);
            player.finally();
            if terms.verify_replay {
                player.verify_replay();
            }
        }
    }
    let (at, top) = (player.scene.now(), player.top);
    record.unexpected = unexpected::places(&cast, &record.journal);
    if scenario.strict && matches!(stop, Stop::None) {
        let outcome = match record.unexpected_mismatches() {
            none if none.is_empty() => StepOutcome::Passed,
            some => StepOutcome::Failed(some),
        };
        record.push("strict: no observation is unexpected".into(), &top, at, outcome);
    }
}

/// Why the steps ended.
enum Stop {
    /// They were all played.
    None,
    /// One failed.
    Failed,
    /// One could not be done, for this reason.
    Unplayable(String),
}

/// Why a peer cannot do it in its present state.
struct Refusal(String);

struct Player<'a> {
    scene: Scene<'a>,
    done: &'a mut Vec<StepRecord>,
    captures: Captures,
    /// The scenario's first line, for assertions that have none of their own.
    top: Place,
}

impl Player<'_> {
    fn steps(&mut self, steps: &[Step]) -> Stop {
        let mut stop = Stop::None;
        for step in steps {
            let outcome = match &stop {
                Stop::None => self.step(step),
                Stop::Failed => StepOutcome::Skipped("an earlier step failed".to_owned()),
                Stop::Unplayable(why) => StepOutcome::Skipped(why.clone()),
            };
            match (&outcome, &stop) {
                (StepOutcome::Failed(_), Stop::None) => stop = Stop::Failed,
                (StepOutcome::Broken(_), Stop::None) => {
                    stop = Stop::Unplayable("an earlier step could not be done".to_owned());
                }
                (StepOutcome::Skipped(why), Stop::None) => stop = Stop::Unplayable(why.clone()),
                _ => {}
            }
            let at = self.scene.now();
            self.done.push(StepRecord { text: step.text.clone(), place: step.place.clone(), at, outcome });
        }
        stop
    }

    fn step(&mut self, step: &Step) -> StepOutcome {
        match &step.does {
            Deed::Act { who, verb, args, late, may_refuse } => {
                match self.act(step, *who, verb.name, args, late) {
                    Err(Refusal(why)) if *may_refuse => StepOutcome::Refused(why),
                    Err(Refusal(why)) => failed(step, format!("{} can be done", verb.name), why),
                    Ok(outcome) => outcome,
                }
            }
            Deed::Expect(expectation) => self.expect(expectation, &step.place),
            Deed::WaitFor(span) => {
                let until = self.scene.now() + *span;
                self.scene.pass(until);
                StepOutcome::Passed
            }
            Deed::WaitUntil(until) => {
                let now = self.scene.now();
                if now > *until {
                    return failed(step, format!("a time up to {until}"), format!("{now}"));
                }
                self.scene.pass(*until);
                StepOutcome::Passed
            }
            Deed::Fault(fault) => faults::inject(&mut self.scene, fault),
        }
    }

    fn act(
        &mut self,
        step: &Step,
        who: Who,
        verb: &'static str,
        args: &Fields,
        late: &[LateArg],
    ) -> Result<StepOutcome, Refusal> {
        let Some(node) = self.scene.cast.node(who) else {
            return Ok(StepOutcome::Broken("the stage lacks a peer of the scenario".to_owned()));
        };
        match late::arguments(args, late, &self.captures) {
            Ok(args) => self.perform(node, &Action { verb: verb.into(), args }),
            Err(LateError::Template(error)) => Ok(StepOutcome::Broken(error.to_string())),
            Err(LateError::Unfit { arg, text, why }) => {
                Ok(failed(step, format!("captures that make '{arg}'"), format!("'{text}': {why}")))
            }
        }
    }

    fn perform(&mut self, node: NodeId, action: &Action) -> Result<StepOutcome, Refusal> {
        match self.scene.driver.perform(node, action) {
            Ok(()) => Ok(StepOutcome::Passed),
            Err(ActionError::Impossible(why)) => Err(Refusal(why)),
            Err(error @ (ActionError::UnknownVerb(_) | ActionError::BadArgument(_))) => {
                Ok(StepOutcome::Broken(error.to_string()))
            }
        }
    }

    fn expect(&mut self, written: &Expectation, place: &Place) -> StepOutcome {
        match late::expectation(written, &self.captures) {
            Ok(expectation) => expect::judge(&mut self.scene, &expectation, &mut self.captures, place),
            Err(error) => StepOutcome::Broken(error.to_string()),
        }
    }

    fn finally(&mut self) {
        match late::finally(&self.scene.cast.scenario.finally, &self.captures) {
            Ok(finally) => {
                for (text, place, outcome) in finally::judge(&mut self.scene, &finally, &self.top) {
                    let at = self.scene.now();
                    self.done.push(StepRecord { text, place, at, outcome });
                }
            }
            // The step that would have captured it was not reached.
            Err(error) => self.skip_finally(&error.to_string()),
        }
    }

    fn verify_replay(&mut self) {
        for (name, outcome) in finally::judge_replay(&mut self.scene, &self.top) {
            let at = self.scene.now();
            let text = match name {
                None => "the command log rebuilds the same state".into(),
                Some(name) => format!("{name}: the command log rebuilds the same state").into(),
            };
            self.done.push(StepRecord { text, place: self.top.clone(), at, outcome });
        }
    }

    fn skip_finally(&mut self, why: &str) {
        let at = self.scene.now();
        for (text, place) in finally::names(&self.scene.cast, &self.scene.cast.scenario.finally, &self.top) {
            let outcome = StepOutcome::Skipped(why.to_owned());
            self.done.push(StepRecord { text, place, at, outcome });
        }
    }
}

fn failed(step: &Step, expected: String, seen: String) -> StepOutcome {
    StepOutcome::Failed(vec![Mismatch { expected, seen, frame: None, place: Some(step.place.clone()) }])
}
