//! Everything that a scenario may name: the kinds of peer, and the reference OCS as the system under test.

use tollgate_conformance::scenario::Registry;

/// The kinds of this build.
pub(crate) fn registry() -> Registry {
    Registry::new(tollgate_simulators::kinds(), &tollgate_ocs_gateway::OCS)
}
