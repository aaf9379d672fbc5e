//! `--target reference-sockets`: the OCS and its clients on real UDP sockets of this machine's loopback
//! interface, on a real clock that may run faster.

use std::num::NonZeroU32;
use std::time::Duration;

use tollgate_conformance::run::{Stage, Target, TargetError};
use tollgate_conformance::scenario::Scenario;
use tollgate_network::PeerKind;
use tollgate_network::live::{AddressMap, LiveClock, LiveDriver, TlsSettings};

use super::peers::{self, Systems};
use super::world::WorldError;

/// How long an expectation waits that names no bound, of real time.
const WITHIN: Duration = Duration::from_secs(5);
/// The name in the certificate of the nodes of a scenario, made for each run.
const CERTIFIED: &str = "scenario.invalid";
/// How long the network settles before the end is judged, of real time.
const SETTLE: Duration = Duration::from_millis(500);

/// The reference OCS on real sockets.
#[derive(Debug)]
pub(crate) struct ReferenceSockets {
    systems: Systems,
    speed: NonZeroU32,
    patience: Duration,
}

impl ReferenceSockets {
    /// Makes the worlds of these scenarios ready; `speed` seconds pass in each real one, and none is waited for
    /// longer than `patience`.
    pub(crate) fn new(
        scenarios: &[Scenario],
        speed: NonZeroU32,
        patience: Duration,
    ) -> Result<Self, WorldError> {
        Ok(Self { systems: Systems::of(scenarios)?, speed, patience })
    }
}

impl Target for ReferenceSockets {
    fn name(&self) -> &'static str {
        "reference-sockets"
    }

    fn system(&self) -> &'static PeerKind {
        &tollgate_ocs_gateway::OCS
    }

    fn within(&self) -> Duration {
        WITHIN.saturating_mul(self.speed.get())
    }

    fn haste(&self) -> u32 {
        self.speed.get()
    }

    fn keeps_exact_times(&self) -> bool {
        false
    }

    fn patience(&self) -> Option<Duration> {
        Some(self.patience)
    }

    fn settle(&self) -> Duration {
        SETTLE.saturating_mul(self.speed.get())
    }

    fn set_stage(&self, scenario: &Scenario, seed: u64, keep_frames: bool) -> Result<Stage, TargetError> {
        let clock = LiveClock::starting_at(scenario.starts, self.speed);
        let driver = LiveDriver::new(clock, AddressMap::new(), seed)
            .map_err(|error| TargetError(error.to_string()))?;
        // Every node shows the same certificate and expects it: what is tried here is Diameter over TLS, not who one is.
        let tls = TlsSettings::self_signed(&[CERTIFIED]).map_err(|error| TargetError(error.to_string()))?;
        let mut driver = driver.with_usual_link(scenario.network).with_tls(tls);
        if keep_frames {
            driver = driver.keeping_carried();
        }
        peers::set(Box::new(driver), &self.systems, scenario, seed)
    }
}
