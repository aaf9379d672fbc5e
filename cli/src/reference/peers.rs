//! Sets the stage of a scenario with the reference OCS: the system and every peer as nodes of a driver.

use std::collections::BTreeMap;
use std::sync::Arc;

use tollgate_conformance::run::{Stage, TargetError};
use tollgate_conformance::scenario::Scenario;
use tollgate_conformance::world::World;
use tollgate_network::{Driver, FaultError, Setup};

use super::System;
use super::world::WorldError;

/// The systems of all worlds that a run needs, each made ready once.
#[derive(Debug, Default)]
pub(super) struct Systems(BTreeMap<usize, Arc<System>>);

impl Systems {
    /// Makes every world's system ready.
    pub(super) fn of(scenarios: &[Scenario]) -> Result<Self, WorldError> {
        let mut systems = BTreeMap::new();
        for scenario in scenarios {
            if let std::collections::btree_map::Entry::Vacant(free) = systems.entry(key(&scenario.world)) {
                free.insert(Arc::new(System::of(&scenario.world)?));
            }
        }
        Ok(Self(systems))
    }

    /// The system of a scenario's world.
    pub(super) fn get(&self, scenario: &Scenario) -> Result<&System, TargetError> {
        let known = self.0.get(&key(&scenario.world));
        known
            .map(Arc::as_ref)
            .ok_or_else(|| TargetError("its world was not made ready for this run".to_owned()))
    }
}

/// Scenarios that share a world share its memory.
fn key(world: &Arc<World>) -> usize {
    Arc::as_ptr(world).addr()
}

/// Puts the system and the peers onto a driver.
pub(super) fn set(
    mut driver: Box<dyn Driver>,
    system: &System,
    scenario: &Scenario,
    seed: u64,
) -> Result<Stage, TargetError> {
    let gateway = system.gateway(system.clients().clone(), |config| config.seed = seed);
    let refused = |name: &str, error: FaultError| TargetError(format!("{name} cannot be reached: {error}"));
    let id =
        driver.add_node(system.addresses(), Box::new(gateway)).map_err(|error| refused("the OCS", error))?;
    let mut peers = Vec::with_capacity(scenario.peers.len());
    for (place, spec) in (0_u64..).zip(&scenario.peers) {
        let setup = Setup {
            name: spec.name.clone(),
            address: spec.address,
            servers: system.servers(spec.address),
            diameter: system.diameter_servers(),
            settings: spec.settings.clone(),
            // Peers of one run must not draw the same numbers.
            seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(place),
            observe: true,
        };
        let peer = (spec.kind.build)(setup).map_err(|error| {
            TargetError(format!(
                "peer '{}' ({}:{}): {error}",
                spec.name,
                spec.place.file.display(),
                spec.place.line
            ))
        })?;
        peers.push(driver.add_node(&[spec.address], peer).map_err(|error| refused(&spec.name, error))?);
    }
    Ok(Stage { driver, system: id, peers })
}
