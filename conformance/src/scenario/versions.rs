//! `versions:` two versions of the system under test that the same steps run on, and what may differ between them. Each
//! version has parameters of its own, which stand wherever those of a matrix may, and what it lays over the world.

use tollgate_network::PeerKind;
use tollgate_wire::Text;

use super::args::NoCaptures;
use super::load::{Registry, check_parameter_name};
use super::model::{Difference, Scenario, Who};
use super::substitute::Parameters;
use super::{matchers, read, steps};
use crate::diagnostics::{Collector, Problem, known_names, shown};
use crate::world;
use crate::yaml::{Entry, Key, Keys, Kind, Node};

/// The key of `versions:` that is no version.
const DIFFER: &str = "differ";

/// `versions:` as it is written.
pub(super) struct Versions<'n> {
    pub(super) both: [Version; 2],
    differ: &'n [Node],
}

/// One of them.
pub(super) struct Version {
    pub(super) name: Text,
    parameters: Parameters,
    world: Option<Node>,
}

impl<'n> Versions<'n> {
    pub(super) fn read(node: &'n Node, collector: &mut Collector) -> Option<Self> {
        let mut versions = Vec::new();
        let mut differ: &[Node] = &[];
        let mut sound = true;
        for entry in read::entries(node, "`versions:`", collector) {
            if entry.key.text == DIFFER {
                differ = read::items(&entry.value, "`differ:`", collector);
                continue;
            }
            match Version::read(entry, collector) {
                Some(version) => versions.push(version),
                None => sound = false,
            }
        }
        let count = versions.len();
        let Ok(both) = <[Version; 2]>::try_from(versions) else {
            if sound {
                collector.push(
                    Problem::error(node.span, format!("two versions are compared, {count} are there"))
                        .advice(
                            "write versions: { old: { with: { … } }, new: { with: { … } }, differ: [ … ] }",
                        ),
                );
            }
            return None;
        };
        Some(Self { both, differ })
    }

    /// Reads what may differ, once the scenario's peers are known.
    pub(super) fn differences(
        &self,
        scenario: &Scenario,
        registry: &Registry,
        collector: &mut Collector,
    ) -> Vec<Difference> {
        self.differ.iter().filter_map(|node| difference(node, scenario, registry, collector)).collect()
    }
}

impl Version {
    fn read(entry: &Entry, collector: &mut Collector) -> Option<Self> {
        let what = "a version";
        let name = read::name(entry, collector)?;
        let mut keys = Keys::of(&entry.value, what, collector)?;
        let with = keys.value("with");
        let world = keys.value("world").cloned();
        keys.finish(what, collector);
        let mut parameters = Parameters::default();
        for entry in with.map_or(&[][..], |node| read::entries(node, "`with:`", collector)) {
            check_parameter_name(&entry.key.text, entry.key.span, collector);
            parameters.set(entry.key.text.as_str().into(), entry.value.clone());
        }
        Some(Self { name, parameters, world })
    }

    /// The scenario's tree as it is for this version.
    pub(super) fn write_into(&self, root: &Node, collector: &mut Collector) -> Node {
        let mut written = self.parameters.write_into(root, collector);
        let Kind::Map(entries) = &mut written.kind else { return written };
        entries.retain(|entry| entry.key.text != "versions");
        let laid = entries.iter_mut().find(|entry| entry.key.text == "world").zip(self.world.as_ref());
        if let Some((world, over)) = laid {
            let base = match &world.value.kind {
                Kind::Scalar(_) => {
                    let key = Key { text: "file".to_owned(), quoted: false, span: world.value.span };
                    let file = Entry { key, value: world.value.clone() };
                    Node { kind: Kind::Map(vec![file]), span: world.value.span }
                }
                _ => world.value.clone(),
            };
            world.value = world::load::overlaid(base, over);
        }
        written
    }
}

/// `{ ocs: xdr, field: amount, from: 0.02 CAD, to: 0.03 CAD, why: … }`
fn difference(
    node: &Node,
    scenario: &Scenario,
    registry: &Registry,
    collector: &mut Collector,
) -> Option<Difference> {
    let what = "a difference";
    let mut keys = Keys::of(node, what, collector)?;
    let field = keys.value("field");
    let [from, to] = ["from", "to"].map(|key| keys.need(key, what, collector));
    let why = keys.need("why", what, collector).and_then(|node| read::text(node, "the reason", collector));
    let observers = keys.rest();
    keys.finish(what, collector);
    let [from, to] =
        [from, to].map(|node| node.and_then(|node| matchers::read(node, &mut NoCaptures, collector)));
    let Some(observer) = observers.first() else {
        collector.push(
            Problem::error(node.span, "a difference does not say where it shows")
                .advice("write { ocs: xdr, field: amount, … }, or { <peer>: <what it observes>, … }"),
        );
        return None;
    };
    for other in observers.iter().skip(1) {
        let message = format!("a difference has no key '{}'", shown(&other.key.text));
        let known = ["field", "from", "to", "why"];
        collector.push(Problem::error(other.key.span, message).help(known_names(
            &other.key.text,
            "keys",
            &known,
        )));
    }
    let (who, kind) = observer_of(observer, scenario, registry, collector)?;
    let name = read::text(&observer.value, "what is observed", collector)?;
    let Some(sight) = kind.sight(&name) else {
        let known: Vec<&str> = kind.sights.iter().map(|sight| sight.name).collect();
        let message = format!("a peer of kind '{}' never observes '{}'", kind.name, shown(&name));
        collector.push(Problem::error(observer.value.span, message).help(known_names(
            &name,
            "observations",
            &known,
        )));
        return None;
    };
    let field = match field {
        Some(node) => {
            let text = read::text(node, "a field", collector)?;
            Some(steps::path(&text, node.span, sight, collector)?)
        }
        None => None,
    };
    let place = collector.place(node.span);
    Some(Difference { who, sight, field, from: from?, to: to?, why: why?, place })
}

fn observer_of(
    entry: &Entry,
    scenario: &Scenario,
    registry: &Registry,
    collector: &mut Collector,
) -> Option<(Who, &'static PeerKind)> {
    let name = entry.key.text.as_str();
    if name == super::systems::SYSTEM {
        return Some((Who::System, registry.system));
    }
    let found = scenario.peers.iter().position(|peer| peer.name == name);
    if found.is_none() {
        let mut known: Vec<&str> = scenario.peers.iter().map(|peer| peer.name.as_str()).collect();
        known.push(super::systems::SYSTEM);
        read::unknown(entry.key.span, ("peer", "peers"), name, &known, collector);
    }
    found.and_then(|place| Some((Who::Peer(place), scenario.peers.get(place)?.kind)))
}
