//! What the gateway is told before it starts. Nothing here changes during a run.

use std::collections::BTreeMap;
use std::time::Duration;

use tollgate_ocs_core::ids::EnvId;
use tollgate_radius::h323::Zones;

use crate::api::config::ApiConfig;
use crate::diameter::config::DiameterConfig;
use crate::{Clients, Routes, SiteConfig};

/// Settings of a [`crate::RadiusGateway`].
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    /// Who may speak with it.
    pub clients: Clients,
    /// UDP port of access requests.
    pub auth_port: u16,
    /// UDP port of accounting requests.
    pub acct_port: u16,
    /// How long an answer is kept for copies of its request. RFC 5080 section 2.2.2 asks for 5 to 30 s.
    pub duplicate_life: Duration,
    /// How many requests are remembered at most to recognise copies; the oldest makes room.
    pub duplicates_max: u32,
    /// What the abbreviations of time zones in `h323-*-time` mean.
    pub zones: Zones,
    /// What becomes of commands once they were applied.
    pub command_log: CommandLogging,
    /// Whether anybody reads observations. A load run switches them off; no text is made then.
    pub observe: bool,
    /// Carriers for SIP calls; with none, nobody who asks for routes is told of any.
    pub routes: Routes,
    /// Those of the environments beside the first.
    pub environment_routes: BTreeMap<EnvId, Routes>,
    /// The Diameter face; `None` for a system that speaks RADIUS alone.
    pub diameter: Option<DiameterConfig>,
    /// The HTTP face; `None` for a system without one.
    pub api: Option<ApiConfig>,
    /// What it is among several sites of one system; `None` where there is one.
    pub site: Option<SiteConfig>,
    /// Where the numbers in `PortaBilling_Seed` begin; the same seed gives the same numbers.
    pub seed: u64,
}

/// Whether the gateway keeps a record from which its state can be rebuilt after a crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandLogging {
    /// No record: a restart begins with the world as it was at the start.
    Off,
    /// Every command is recorded before it is answered. When the record is full, nothing more is applied
    /// or answered: what cannot be stored must not be confirmed (RFC 2866 section 2).
    Keep {
        /// Commands kept at most.
        max: u32,
    },
}

impl GatewayConfig {
    /// The registered ports, a cache of 30 s and 131,072 requests, a command log of a million, observing.
    #[must_use]
    pub fn new(clients: Clients) -> Self {
        Self {
            clients,
            auth_port: 1812,
            acct_port: 1813,
            duplicate_life: Duration::from_secs(30),
            duplicates_max: 131_072,
            zones: Zones::default(),
            command_log: CommandLogging::Keep { max: 1_000_000 },
            observe: true,
            routes: Routes::default(),
            environment_routes: BTreeMap::new(),
            diameter: None,
            api: None,
            site: None,
            seed: 0,
        }
    }

    /// The carriers of an environment.
    pub(crate) fn routes_of(&self, env: EnvId, first: EnvId) -> Option<&Routes> {
        if env == first { Some(&self.routes) } else { self.environment_routes.get(&env) }
    }
}
