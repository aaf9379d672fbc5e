//! Which observations nobody expected. What counts is told at [`crate::run::play`].

use super::journal::Journal;
use super::scene::Cast;
use crate::scenario::{Deed, Who};

/// Places in the journal of unexpected observations, in order.
pub(crate) fn places(cast: &Cast<'_>, journal: &Journal) -> Vec<usize> {
    let mut peers = vec![false; cast.peers.len()];
    let mut system_kinds: Vec<(Who, &str)> = Vec::new();
    let is_system = |who: Who| cast.scenario.world_of(who).is_some();
    for step in &cast.scenario.steps {
        let Deed::Expect(expectation) = &step.does else { continue };
        match expectation.who {
            who if is_system(who) => system_kinds.push((who, expectation.sight.name)),
            Who::System => {}
            Who::Peer(place) => {
                if let Some(watched) = peers.get_mut(place) {
                    *watched = true;
                }
            }
        }
    }
    let watched = journal.unused().filter(|(_, seen)| match cast.who(seen.node) {
        Some(who) if is_system(who) => {
            system_kinds.iter().any(|(own, kind)| *own == who && seen.observation.kind == *kind)
        }
        Some(Who::System) => false,
        Some(Who::Peer(place)) => peers.get(place).copied().unwrap_or_default(),
        None => false,
    });
    watched.map(|(place, _)| place).collect()
}
