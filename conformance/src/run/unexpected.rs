//! Which observations nobody expected. What counts is told at [`crate::run::play`].

use super::journal::Journal;
use super::scene::Cast;
use crate::scenario::{Deed, Who};

/// Places in the journal of unexpected observations, in order.
pub(crate) fn places(cast: &Cast<'_>, journal: &Journal) -> Vec<usize> {
    let mut peers = vec![false; cast.peers.len()];
    let mut system_kinds: Vec<&str> = Vec::new();
    for step in &cast.scenario.steps {
        let Deed::Expect(expectation) = &step.does else { continue };
        match expectation.who {
            Who::System => system_kinds.push(expectation.sight.name),
            Who::Peer(place) => {
                if let Some(watched) = peers.get_mut(place) {
                    *watched = true;
                }
            }
        }
    }
    let watched = journal.unused().filter(|(_, seen)| match cast.who(seen.node) {
        Some(Who::System) => system_kinds.iter().any(|kind| seen.observation.kind == *kind),
        Some(Who::Peer(place)) => peers.get(place).copied().unwrap_or_default(),
        None => false,
    });
    watched.map(|(place, _)| place).collect()
}
