//! `--target reference`: the OCS in process, in virtual time.

use std::time::Duration;

use tollgate_conformance::run::{Stage, Target, TargetError};
use tollgate_conformance::scenario::Scenario;
use tollgate_network::PeerKind;
use tollgate_network::sim::SimDriver;

use super::peers::{self, Systems};
use super::world::WorldError;

/// How long an expectation waits that names no bound, of virtual time.
const WITHIN: Duration = Duration::from_secs(5);

/// The reference OCS on a virtual network.
#[derive(Debug)]
pub(crate) struct Reference {
    systems: Systems,
}

impl Reference {
    /// Makes the worlds of these scenarios ready.
    pub(crate) fn new(scenarios: &[Scenario]) -> Result<Self, WorldError> {
        Ok(Self { systems: Systems::of(scenarios)? })
    }
}

impl Target for Reference {
    fn name(&self) -> &'static str {
        "reference"
    }

    fn system(&self) -> &'static PeerKind {
        &tollgate_ocs_gateway::OCS
    }

    fn within(&self) -> Duration {
        WITHIN
    }

    fn set_stage(&self, scenario: &Scenario, seed: u64, keep_frames: bool) -> Result<Stage, TargetError> {
        let mut driver = SimDriver::new(scenario.starts, seed).with_usual_link(scenario.network);
        if keep_frames {
            driver = driver.keeping_carried();
        }
        peers::set(Box::new(driver), &self.systems, scenario, seed)
    }
}
