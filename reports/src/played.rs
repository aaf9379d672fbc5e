//! The events of one scenario, gathered until it is over. Judges nothing.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tollgate_conformance::run::{RunEvent, ScenarioEnd, ScenarioId, StepOutcome};
use tollgate_conformance::scenario::Place;
use tollgate_time::Instant;
use tollgate_wire::Text;

/// One run of a scenario that is over.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    pub(crate) name: Text,
    pub(crate) path: PathBuf,
    pub(crate) seed: u64,
    pub(crate) steps: Vec<PlayedStep>,
    pub(crate) end: ScenarioEnd,
}

/// One of its steps.
#[derive(Debug, Clone)]
pub(crate) struct PlayedStep {
    pub(crate) number: usize,
    pub(crate) text: Text,
    pub(crate) place: Place,
    pub(crate) at: Instant,
    pub(crate) outcome: StepOutcome,
}

impl Played {
    /// The folder of its file, `.` for one without.
    pub(crate) fn folder(&self) -> String {
        folder(&self.path)
    }

    /// Steps and final assertions that were judged.
    pub(crate) fn judged(&self) -> usize {
        self.steps.iter().filter(|step| step.judged()).count()
    }
}

impl PlayedStep {
    pub(crate) fn judged(&self) -> bool {
        self.outcome.is_judged()
    }
}

/// The folder that a scenario's file stands in.
pub(crate) fn folder(path: &Path) -> String {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    folder.map_or_else(|| ".".to_owned(), |folder| folder.display().to_string())
}

/// Scenarios that have begun.
#[derive(Debug, Default)]
pub(crate) struct Gathering {
    open: BTreeMap<ScenarioId, Open>,
}

#[derive(Debug)]
struct Open {
    name: Text,
    path: PathBuf,
    seed: u64,
    steps: Vec<PlayedStep>,
}

impl Gathering {
    /// Takes an event. Answers with the scenario that it ends.
    pub(crate) fn handle(&mut self, event: &RunEvent) -> Option<Played> {
        match event {
            RunEvent::ScenarioStarted { id, name, path, seed } => {
                let open = Open { name: name.clone(), path: path.clone(), seed: *seed, steps: Vec::new() };
                self.open.insert(*id, open);
                None
            }
            RunEvent::StepFinished { id, number, text, place, at, outcome } => {
                self.open.get_mut(id)?.steps.push(PlayedStep {
                    number: *number,
                    text: text.clone(),
                    place: place.clone(),
                    at: *at,
                    outcome: outcome.clone(),
                });
                None
            }
            RunEvent::ScenarioFinished { id, end } => {
                let Open { name, path, seed, steps } = self.open.remove(id)?;
                Some(Played { name, path, seed, steps, end: end.clone() })
            }
            RunEvent::RunStarted { .. } | RunEvent::RunFinished { .. } => None,
        }
    }
}
