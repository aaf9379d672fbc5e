//! Peers that are charging systems themselves (`is: ocs`): another system with a world of its own, or another site of a
//! system. Read before all other peers, since those are clients of them.

use std::net::IpAddr;
use std::sync::Arc;

use tollgate_wire::Text;

use super::model::{FurtherSystem, Who};
use super::read;
use crate::diagnostics::{Collector, Problem, Span, known_names, shown};
use crate::world::World;
use crate::yaml::{Entry, Keys, Node};

/// The name of the system under test in every scenario.
pub(super) const SYSTEM: &str = "ocs";

/// Reads a world as `world:` has it.
pub(super) type LoadWorld<'a> = &'a mut dyn FnMut(&Node, &mut Collector) -> Option<Arc<World>>;

/// One that `systems:`, `system:` and `site-of:` may name.
#[derive(Debug, Clone)]
struct Known {
    name: Text,
    who: Who,
    /// `None` when it is broken, which is reported already.
    world: Option<Arc<World>>,
    addresses: Vec<IpAddr>,
    site_of: Option<Who>,
}

/// The charging systems of a scenario and their sites.
#[derive(Debug, Clone)]
pub(super) struct Systems {
    known: Vec<Known>,
}

/// What `is: ocs` reads as.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) address: IpAddr,
    pub(super) system: FurtherSystem,
}

impl Systems {
    /// The system under test alone.
    fn of(world: Option<&Arc<World>>) -> Self {
        let addresses = world.map(|world| world.ocs.clone()).unwrap_or_default();
        let own =
            Known { name: SYSTEM.into(), who: Who::System, world: world.cloned(), addresses, site_of: None };
        Self { known: vec![own] }
    }

    /// Reads those of `entries`, which are in the order of their places; `is_system` tells which they are. What each
    /// declares is at its place.
    pub(super) fn read(
        entries: &[Entry],
        world: Option<&Arc<World>>,
        is_system: impl Fn(&Entry) -> bool,
        load: LoadWorld<'_>,
        collector: &mut Collector,
    ) -> (Self, Vec<Option<Declared>>) {
        let mut systems = Self::of(world);
        let mut declared = vec![None; entries.len()];
        // A site may stand above its system in the file.
        for sites in [false, true] {
            for (place, entry) in entries.iter().enumerate().filter(|(_, entry)| is_system(entry)) {
                if entry.value.get("site-of").is_some() == sites {
                    declared[place] = systems.add(place, entry, load, collector);
                }
            }
        }
        (systems, declared)
    }

    fn add(
        &mut self,
        place: usize,
        entry: &Entry,
        load: LoadWorld<'_>,
        collector: &mut Collector,
    ) -> Option<Declared> {
        let (name, who) = (Text::from(entry.key.text.as_str()), Who::Peer(place));
        let node = &entry.value;
        let at = node.get("at").and_then(|at| read::address(at, "an address", collector));
        let mut known = Known { name, who, world: None, addresses: Vec::new(), site_of: None };
        let declared = match (node.get("world"), node.get("site-of")) {
            (Some(world), None) => load(world, collector).and_then(|world| {
                // Its own address, or that of its world.
                let world = match at {
                    Some(at) => Arc::new(World { ocs: vec![at], ..World::clone(&world) }),
                    None => world,
                };
                known.world = Some(Arc::clone(&world));
                known.addresses.clone_from(&world.ocs);
                let address = world.ocs.first().copied()?;
                Some(Declared { address, system: FurtherSystem::Own(world) })
            }),
            (None, Some(of)) => {
                let system = self.system_named(of, collector);
                known.site_of = system.map(|own| own.who);
                known.world = system.and_then(|own| own.world.clone());
                if node.get("at").is_none() {
                    collector.push(
                        Problem::error(entry.key.span, "a site needs an address of its own")
                            .advice("add `at:`"),
                    );
                }
                known.addresses.extend(at);
                let system = known.site_of.map(FurtherSystem::SiteOf);
                at.zip(system).map(|(address, system)| Declared { address, system })
            }
            (both, _) => {
                let message = if both.is_some() {
                    "a charging system has a world of its own or is a site of another, not both"
                } else {
                    "a further charging system needs its world"
                };
                collector.push(
                    Problem::error(entry.key.span, message)
                        .advice("write `world:` for another system, `site-of: ocs` for another site"),
                );
                None
            }
        };
        self.check_addresses(&known, node.get("at").map_or(entry.key.span, |at| at.span), collector);
        self.known.push(known);
        declared
    }

    fn check_addresses(&self, new: &Known, span: Span, collector: &mut Collector) {
        for address in &new.addresses {
            if let Some(other) = self.owner_of(*address) {
                collector.push(
                    Problem::error(span, format!("'{other}' has the address {address} already"))
                        .advice("each system has addresses of its own: `ocs:` of its world, or `at:`"),
                );
            }
        }
    }

    /// Who of them has this address.
    pub(super) fn owner_of(&self, address: IpAddr) -> Option<&str> {
        self.known.iter().find(|own| own.addresses.contains(&address)).map(|own| own.name.as_str())
    }

    /// The worlds of the systems, each once.
    pub(super) fn worlds(&self) -> impl Iterator<Item = &World> {
        self.known.iter().filter(|own| own.site_of.is_none()).filter_map(|own| own.world.as_deref())
    }

    /// Whether the world of each system is known.
    pub(super) fn are_whole(&self) -> bool {
        self.known.iter().all(|own| own.world.is_some())
    }

    /// The system or site of this name.
    pub(super) fn find(&self, name: &str) -> Option<(Who, Option<&World>)> {
        self.known.iter().find(|own| own.name == name).map(|own| (own.who, own.world.as_deref()))
    }

    /// All names.
    pub(super) fn names(&self) -> Vec<&str> {
        self.known.iter().map(|own| own.name.as_str()).collect()
    }

    /// The system, and no site, that a node names.
    fn system_named(&self, node: &Node, collector: &mut Collector) -> Option<&Known> {
        let name = read::text(node, "the name of a charging system", collector)?;
        let known = self.known.iter().find(|own| own.name == name);
        match known {
            Some(own) if own.site_of.is_some() => {
                collector.push(
                    Problem::error(node.span, format!("'{name}' is a site itself"))
                        .advice("name the system of which both are sites"),
                );
                None
            }
            Some(own) => Some(own),
            None => {
                self.unknown(node.span, &name, collector);
                None
            }
        }
    }

    /// `system:` of a peer: one or several, the preferred one first.
    pub(super) fn named(&self, node: &Node, collector: &mut Collector) -> Option<Vec<Who>> {
        let mut all = Vec::new();
        for item in read::items(node, "`system:`", collector) {
            let name = read::text(item, "the name of a charging system", collector)?;
            match self.find(&name) {
                Some((who, _)) => all.push(who),
                None => {
                    self.unknown(item.span, &name, collector);
                    return None;
                }
            }
        }
        Some(all)
    }

    /// Reports a system that there is not.
    pub(super) fn unknown(&self, span: Span, name: &str, collector: &mut Collector) {
        collector.push(
            Problem::error(span, format!("no charging system is called '{}'", shown(name)))
                .help(known_names(name, "systems", &self.names())),
        );
    }
}

/// The keys by which a charging system is declared, taken off its entry.
pub(super) fn take_keys(keys: &mut Keys<'_>) {
    for key in ["at", "world", "site-of"] {
        keys.take(key);
    }
}
