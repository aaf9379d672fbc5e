//! Sets the stage of a scenario with the reference OCS: the systems and every peer as nodes of a driver.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use tollgate_conformance::run::{Stage, TargetError};
use tollgate_conformance::scenario::{FurtherSystem, PeerSpec, Scenario, Who};
use tollgate_conformance::world::World;
use tollgate_network::{Driver, FaultError, KnownSystem, Peer, Setup};

use tollgate_ocs_gateway::diameter::config::Listener;
use tollgate_ocs_gateway::{OtherSite, SiteConfig};
use tollgate_wire::Value;

use super::System;
use super::world::WorldError;

/// The name of the system under test in every scenario.
const SYSTEM: &str = "ocs";

/// The systems of all worlds that a run needs, each made ready once.
#[derive(Debug, Default)]
pub(super) struct Systems(BTreeMap<usize, Arc<System>>);

impl Systems {
    /// Makes every world's system ready.
    pub(super) fn of(scenarios: &[Scenario]) -> Result<Self, WorldError> {
        let mut systems = BTreeMap::new();
        let worlds = scenarios.iter().flat_map(Scenario::both).flat_map(|scenario| {
            scenario.systems().filter_map(|system| scenario.world_of(system)).collect::<Vec<_>>()
        });
        for world in worlds {
            if let Entry::Vacant(free) = systems.entry(key(world)) {
                free.insert(Arc::new(System::of(world)?));
            }
        }
        Ok(Self(systems))
    }

    /// The systems of a scenario.
    pub(super) fn cast<'a>(&'a self, scenario: &'a Scenario) -> Result<Cast<'a>, TargetError> {
        let mut known = Vec::new();
        for who in scenario.systems() {
            let system = scenario.world_of(who).and_then(|world| self.0.get(&key(world)));
            let system =
                system.ok_or_else(|| TargetError("its world was not made ready for this run".to_owned()))?;
            known.push((who, system.as_ref()));
        }
        Ok(Cast { scenario, known })
    }
}

/// Scenarios that share a world share its memory.
fn key(world: &Arc<World>) -> usize {
    Arc::as_ptr(world).addr()
}

/// The charging systems of one scenario, sites among them.
pub(super) struct Cast<'a> {
    scenario: &'a Scenario,
    known: Vec<(Who, &'a System)>,
}

impl<'a> Cast<'a> {
    fn system(&self, who: Who) -> Result<&'a System, TargetError> {
        let known = self.known.iter().find(|(own, _)| *own == who).map(|(_, system)| *system);
        known.ok_or_else(|| TargetError("a charging system of the scenario is missing".to_owned()))
    }

    /// The peer that stands for a site or a system of its own.
    fn spec(&self, who: Who) -> Option<&'a PeerSpec> {
        match who {
            Who::System => None,
            Who::Peer(place) => self.scenario.peers.get(place),
        }
    }

    fn name(&self, who: Who) -> &'a str {
        self.spec(who).map_or(SYSTEM, |spec| spec.name.as_str())
    }

    /// The addresses of a system or a site.
    fn addresses(&self, who: Who) -> Result<Vec<std::net::IpAddr>, TargetError> {
        Ok(match self.spec(who) {
            Some(PeerSpec { system: Some(FurtherSystem::SiteOf(_)), address, .. }) => vec![*address],
            _ => self.system(who)?.addresses().to_vec(),
        })
    }

    /// Where a further site takes Diameter connections.
    fn site_listener(&self, who: Who) -> Result<Option<Listener>, TargetError> {
        let Some(PeerSpec { system: Some(FurtherSystem::SiteOf(_)), address, .. }) = self.spec(who) else {
            return Ok(None);
        };
        Ok(self.system(who)?.site_listener(self.name(who), *address))
    }

    /// What a system or a site is told of its other sites; `None` where there are none.
    fn site(&self, who: Who) -> Result<Option<SiteConfig>, TargetError> {
        let system = match self.spec(who).and_then(|spec| spec.system.as_ref()) {
            Some(FurtherSystem::SiteOf(system)) => *system,
            _ => who,
        };
        let sites = self.scenario.sites_of(system);
        if sites.len() < 2 {
            return Ok(None);
        }
        let address = |who: Who| {
            let first = self.addresses(who)?.first().copied();
            first.ok_or_else(|| TargetError(format!("{} has no address", self.name(who))))
        };
        let mut all = Vec::new();
        for (number, site) in (0_u8..).zip(&sites) {
            all.push((*site, OtherSite { number, name: self.name(*site).into(), address: address(*site)? }));
        }
        let number = all.iter().find(|(own, _)| *own == who).map_or(0, |(_, own)| own.number);
        let mut config = SiteConfig::new(number, address(who)?);
        config.others = all.into_iter().filter(|(own, _)| *own != who).map(|(_, other)| other).collect();
        // The primary waits as long as the first of its sites does.
        let spec = self.spec(who).filter(|_| who != system);
        let spec = spec.or_else(|| sites.get(1).and_then(|site| self.spec(*site)));
        if let Some(Value::Span(span)) = spec.and_then(|spec| spec.settings.get("watchdog")) {
            config.watchdog = *span;
        }
        let misses = spec.and_then(|spec| spec.settings.get("misses")).and_then(Value::as_integer);
        config.misses = misses.and_then(|misses| u32::try_from(misses).ok()).unwrap_or(config.misses);
        Ok(Some(config))
    }

    /// What a peer is told of the systems and sites whose client it is.
    fn servers(&self, spec: &PeerSpec, setup: &mut Setup) -> Result<(), TargetError> {
        for who in self.scenario.servers_of(spec) {
            let (system, addresses) = (self.system(who)?, self.addresses(who)?);
            setup.servers.extend(system.servers(spec.address, &addresses));
            setup.diameter.extend(system.diameter_servers(&addresses));
            let listener = self.site_listener(who)?;
            setup.diameter.extend(listener.and_then(|own| system.diameter_server(&own)));
        }
        Ok(())
    }

    /// What a peer is told of all systems, sites counting as their systems.
    fn known_systems(&self, spec: &PeerSpec) -> Result<Vec<KnownSystem>, TargetError> {
        let is_site = |who: Who| {
            self.spec(who).is_some_and(|spec| matches!(spec.system, Some(FurtherSystem::SiteOf(_))))
        };
        let mut all = Vec::new();
        for (who, system) in self.known.iter().filter(|(who, _)| !is_site(*who)) {
            let mut addresses = Vec::new();
            for site in self.scenario.sites_of(*who) {
                addresses.extend(self.addresses(site)?);
            }
            all.push(KnownSystem {
                name: self.name(*who).into(),
                environment: system.environment(),
                servers: system.servers(spec.address, &addresses),
                diameter: system.diameter_servers(&addresses),
                numbers: system.numbers(),
                addresses,
            });
        }
        Ok(all)
    }

    /// The node of a peer.
    fn peer(&self, spec: &PeerSpec, seed: u64, place: u64) -> Result<Box<dyn Peer>, TargetError> {
        let mut setup = Setup {
            name: spec.name.clone(),
            address: spec.address,
            servers: Vec::new(),
            diameter: Vec::new(),
            systems: self.known_systems(spec)?,
            settings: spec.settings.clone(),
            // Peers of one run must not draw the same numbers.
            seed: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(place),
            observe: true,
        };
        self.servers(spec, &mut setup)?;
        (spec.kind.build)(setup).map_err(|error| {
            let place = &spec.place;
            TargetError(format!("peer '{}' ({}:{}): {error}", spec.name, place.file.display(), place.line))
        })
    }
}

/// Puts the systems and the peers onto a driver.
pub(super) fn set(
    mut driver: Box<dyn Driver>,
    systems: &Systems,
    scenario: &Scenario,
    seed: u64,
) -> Result<Stage, TargetError> {
    let cast = systems.cast(scenario)?;
    let refused = |name: &str, error: FaultError| TargetError(format!("{name} cannot be reached: {error}"));
    let gateway = |who: Who| -> Result<_, TargetError> {
        let system = cast.system(who)?;
        let addresses = cast.addresses(who)?;
        let (site, listener) = (cast.site(who)?, cast.site_listener(who)?);
        Ok(Box::new(system.gateway(system.clients().clone(), |config| {
            config.seed = seed;
            config.site = site;
            // Each site serves at addresses of its own.
            if let Some(api) = &mut config.api
                && let Some(port) = api.listen.first().map(std::net::SocketAddr::port)
            {
                api.listen = addresses.iter().map(|own| std::net::SocketAddr::new(*own, port)).collect();
            }
            if let (Some(own), Some(listener)) = (&mut config.diameter, listener) {
                own.listen = vec![listener];
            }
        })))
    };
    let id = driver
        .add_node(&cast.addresses(Who::System)?, gateway(Who::System)?)
        .map_err(|error| refused("the OCS", error))?;
    let mut peers = Vec::with_capacity(scenario.peers.len());
    for (place, spec) in scenario.peers.iter().enumerate() {
        let who = Who::Peer(place);
        let added = match spec.system {
            Some(_) => driver.add_node(&cast.addresses(who)?, gateway(who)?),
            None => {
                let place = u64::try_from(place).unwrap_or(u64::MAX);
                driver.add_node(&[spec.address], cast.peer(spec, seed, place)?)
            }
        };
        peers.push(added.map_err(|error| refused(&spec.name, error))?);
    }
    Ok(Stage { driver, system: id, peers })
}
