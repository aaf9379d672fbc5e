//! What a scenario runs against.

use std::time::Duration;

use tollgate_network::{Driver, NodeId, PeerKind};

use crate::scenario::Scenario;

/// A system under test with the network to reach it.
pub trait Target: Sync {
    /// Its name: `reference`, `reference-sockets`.
    fn name(&self) -> &str;

    /// What the system under test can be asked and observed by scenarios under the name `ocs`, and
    /// what `world.change:` and `finally:` use.
    fn system(&self) -> &'static PeerKind;

    /// How long an expectation waits that names no bound.
    fn within(&self) -> Duration;

    /// How many seconds of the scenario pass in a real one. Bounds that a scenario writes are about real machines, so they
    /// are stretched by it, though not beyond what [`Self::within`] gives the machine anyway; virtual time leaves them alone.
    fn haste(&self) -> u32 {
        1
    }

    /// Whether its clock is virtual, so that times come out to the nanosecond.
    fn keeps_exact_times(&self) -> bool {
        true
    }

    /// How much real time the waits of a scenario may take; one that takes more is skipped. One expectation that is not met
    /// fails after so much, whatever its bound. Virtual time costs nothing.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// How long the network settles after the last step, before `finally:` is judged: for what is under way to
    /// arrive and to be retried. Virtual time costs nothing; a target on real sockets has a shorter one.
    fn settle(&self) -> Duration {
        Duration::from_secs(60)
    }

    /// Sets the stage for one run: a driver at the scenario's start with the system prepared from
    /// the scenario's world, and every peer in it.
    ///
    /// # Errors
    /// The system cannot be prepared or reached.
    fn set_stage(&self, scenario: &Scenario, seed: u64, keep_frames: bool) -> Result<Stage, TargetError>;
}

/// A stage on which one scenario is played.
pub struct Stage {
    /// Moves frames and time.
    pub driver: Box<dyn Driver>,
    /// The system under test.
    pub system: NodeId,
    /// The peers, in the order of [`Scenario::peers`].
    pub peers: Vec<NodeId>,
}

/// A target could not set its stage: a sentence for the tester.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TargetError(pub String);
