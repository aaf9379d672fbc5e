//! Checks a file as what it is: a scenario, a sequence or a world.

use std::path::Path;
use std::sync::Arc;

use super::files::Files;
use super::load::{self, Options, Registry};
use super::model::Scenario;
use super::nature::Nature;
use super::{Outline, alone};
use crate::diagnostics::{Collector, Report};
use crate::world::{self, World};
use crate::yaml;

/// What a file holds that could be used.
#[derive(Debug, Clone)]
pub enum Subject {
    /// A scenario, or one for every combination of its `matrix:`.
    Scenarios(Vec<Scenario>),
    /// Steps that scenarios share.
    Sequence(Outline),
    /// What exists before a run.
    World(Box<World>),
}

/// Checks a file as what its keys say that it is; nothing when there is an error.
#[must_use]
pub fn check_subject(path: &Path, registry: &Registry, options: &Options) -> (Option<Subject>, Report) {
    match std::fs::read(path) {
        Ok(octets) => check_subject_octets(path, &octets, registry, options),
        Err(error) => (None, Report::of_message(format!("cannot read '{}': {error}", path.display()), None)),
    }
}

/// The same for the text of a file that need not be there; other files that it names are read.
#[must_use]
pub fn check_subject_octets(
    path: &Path,
    octets: &[u8],
    registry: &Registry,
    options: &Options,
) -> (Option<Subject>, Report) {
    let mut collector = Collector::default();
    let subject = yaml::parse(path, octets, &mut collector).and_then(|root| {
        let mut files = Files::of(path, options.root.as_deref());
        match Nature::of(&root) {
            Nature::Scenario => {
                Some(Subject::Scenarios(load::check_tree(path, &root, registry, files, &mut collector)))
            }
            Nature::Sequence => alone::sequence(&Arc::new(root), path, registry, &mut files, &mut collector)
                .map(Subject::Sequence),
            Nature::World => world::load::of_file(&root, path, &mut files, &mut collector)
                .map(|world| Subject::World(Box::new(world))),
        }
    });
    let sound = collector.errors() == 0;
    (subject.filter(|_| sound), collector.into_report())
}
