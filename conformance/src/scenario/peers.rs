//! `peers:` who takes part beside the system under test.

use std::sync::Arc;

use tollgate_network::{Arg, Need, PeerKind};
use tollgate_wire::{Fields, Text};

use super::load::Registry;
use super::model::{PeerSpec, Who};
use super::systems::{self, Declared, LoadWorld, Systems};
use super::{args, read, template};
use crate::diagnostics::{Collector, Problem, Span, known_names, shown};
use crate::world::World;
use crate::yaml::{Entry, Keys, Node};

/// Words of steps and expectations; a peer of such a name could not be told from them.
const RESERVED: [&str; 14] = [
    "ocs", "world", "is", "within", "times", "absent", "where", "capture", "expect", "wait", "fault", "use",
    "repeat", "finally",
];
/// The setting that makes a peer a client which the system does not know, or knows otherwise.
const OWN_SECRET: &str = "secret";

/// The peers by name, broken ones too, so that one mistake makes one message.
#[derive(Debug, Clone)]
pub(super) struct Peers {
    all: Vec<Known>,
    /// Those that are charging systems, and the system under test.
    pub(super) systems: Systems,
}

#[derive(Debug, Clone)]
struct Known {
    name: Text,
    kind: Option<&'static PeerKind>,
    spec: Option<PeerSpec>,
}

/// Someone whom a step names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Actor {
    pub(super) who: Who,
    /// `None` when the peer's kind is broken, which is reported already.
    pub(super) kind: Option<&'static PeerKind>,
}

impl Peers {
    /// The peer of this name.
    pub(super) fn find(&self, name: &str) -> Option<Actor> {
        let place = self.all.iter().position(|peer| peer.name == name)?;
        Some(Actor { who: Who::Peer(place), kind: self.all[place].kind })
    }

    /// The peer of this name, or the system under test.
    pub(super) fn find_with_system(&self, name: &str, registry: &Registry) -> Option<Actor> {
        if name == "ocs" {
            return Some(Actor { who: Who::System, kind: Some(registry.system) });
        }
        self.find(name)
    }

    /// All names.
    pub(super) fn names(&self) -> Vec<&str> {
        self.all.iter().map(|peer| peer.name.as_str()).collect()
    }

    /// The peers as the scenario has them; `None` when one is broken.
    pub(super) fn into_specs(self) -> Option<Vec<PeerSpec>> {
        self.all.into_iter().map(|peer| peer.spec).collect()
    }
}

/// Reads `peers:`; `world` is that of the system under test, and `load` reads those of further ones.
pub(super) fn read(
    node: Option<&Node>,
    registry: &Registry,
    world: Option<&Arc<World>>,
    load: LoadWorld<'_>,
    collector: &mut Collector,
) -> Peers {
    let entries = node.map_or(&[][..], |node| read::entries(node, "`peers:`", collector));
    let is_system = |entry: &Entry| {
        let is = entry.value.get("is").and_then(Node::scalar);
        is.is_some_and(|is| is.text == registry.system.name)
    };
    let (systems, declared) = Systems::read(entries, world, is_system, load, collector);
    let mut peers = Peers { all: Vec::new(), systems };
    for (entry, declared) in entries.iter().zip(declared) {
        let name: Text = entry.key.text.as_str().into();
        check_name(&name, entry.key.span, collector);
        let (kind, spec) = if is_system(entry) {
            (Some(registry.system), system(entry, &name, registry, declared, collector))
        } else {
            one(entry, &name, registry, &peers, collector)
        };
        peers.all.push(Known { name, kind, spec });
    }
    peers
}

/// A charging system, of which what declares it has been read.
fn system(
    entry: &Entry,
    name: &Text,
    registry: &Registry,
    declared: Option<Declared>,
    collector: &mut Collector,
) -> Option<PeerSpec> {
    let mut keys = Keys::of(&entry.value, "a charging system", collector)?;
    keys.take("is");
    systems::take_keys(&mut keys);
    let kind = registry.system;
    let mut settings = Fields::new();
    let mut complete = true;
    for arg in kind.settings {
        complete &= setting(arg, keys.value(arg.name), keys.span(), &mut settings, collector);
    }
    keys.finish("a charging system", collector);
    let Declared { address, system } = declared.filter(|_| complete)?;
    Some(PeerSpec {
        name: name.clone(),
        kind,
        address,
        settings,
        systems: Vec::new(),
        system: Some(system),
        place: collector.place(entry.key.span),
    })
}

fn check_name(name: &str, span: Span, collector: &mut Collector) {
    if RESERVED.contains(&name) {
        collector.error(span, format!("'{name}' is a word of the language and cannot be a peer's name"));
    } else if !template::is_name(name) {
        collector.push(
            Problem::error(span, format!("'{}' cannot be a peer's name", shown(name)))
                .advice("use letters, digits, hyphens and underscores"),
        );
    }
}

fn one(
    entry: &Entry,
    name: &Text,
    registry: &Registry,
    others: &Peers,
    collector: &mut Collector,
) -> (Option<&'static PeerKind>, Option<PeerSpec>) {
    let Some(mut keys) = Keys::of(&entry.value, "a peer", collector) else { return (None, None) };
    let kind = keys.need("is", "a peer", collector).and_then(|node| kind(node, registry, collector));
    let at = keys.need("at", "a peer", collector);
    let address = at.and_then(|node| read::address(node, "an address", collector));
    let Some(kind) = kind else {
        // Which keys there may be depends on the kind.
        keys.rest();
        keys.finish("a peer", collector);
        return (None, None);
    };
    let mut settings = Fields::new();
    let mut complete = true;
    let mut own_secret = false;
    for arg in kind.settings {
        let node = keys.value(arg.name);
        own_secret |= arg.name == OWN_SECRET && node.is_some();
        complete &= setting(arg, node, keys.span(), &mut settings, collector);
    }
    let whose = keys.value("system").map(|node| others.systems.named(node, collector));
    complete &= !matches!(whose, Some(None));
    keys.finish(&format!("a peer of kind '{}'", kind.name), collector);
    if let (Some(at), Some(address)) = (at, address) {
        let systems = &others.systems;
        let taken = |peer: &&Known| peer.spec.as_ref().is_some_and(|spec| spec.address == address);
        let is_node =
            |world: &World| world.everywhere().flat_map(|env| &env.nodes).any(|n| n.address == address);
        match systems.owner_of(address) {
            Some(systems::SYSTEM) => {
                collector.error(at.span, format!("{address} is the charging system's own address"));
            }
            Some(other) => collector.error(at.span, format!("'{other}' has the address {address} already")),
            None => {
                if let Some(twin) = others.all.iter().find(taken) {
                    collector
                        .error(at.span, format!("peer '{}' has the address {address} already", twin.name));
                } else if kind.client && !own_secret && systems.are_whole() && !systems.worlds().any(is_node)
                {
                    not_a_node(at, systems, kind, collector);
                }
            }
        }
    }
    let spec = (address.filter(|_| complete)).map(|address| PeerSpec {
        name: name.clone(),
        kind,
        address,
        settings,
        systems: whose.flatten().unwrap_or_default(),
        system: None,
        place: collector.place(entry.key.span),
    });
    (Some(kind), spec)
}

fn kind(node: &Node, registry: &Registry, collector: &mut Collector) -> Option<&'static PeerKind> {
    let name = read::text(node, "a kind of peer", collector)?;
    let kind = registry.kind(&name);
    if kind.is_none() {
        let known: Vec<&str> =
            registry.kinds.iter().map(|kind| kind.name).chain([registry.system.name]).collect();
        collector.push(
            Problem::error(node.span, format!("no kind of peer is called '{}'", shown(&name)))
                .help(known_names(&name, "kinds", &known)),
        );
    }
    kind
}

/// Reads one setting; whether it is as it must be.
fn setting(
    arg: &'static Arg,
    node: Option<&Node>,
    span: Span,
    settings: &mut Fields,
    collector: &mut Collector,
) -> bool {
    match (node, arg.need) {
        (Some(node), _) => match args::value(node, arg, &mut args::NoCaptures, collector) {
            Some(args::Read::Known(value)) => settings.push(arg.name, value),
            _ => return false,
        },
        (None, Need::Default(text)) => match args::default(arg, text, span, collector) {
            Some(value) => settings.push(arg.name, value),
            None => return false,
        },
        (None, Need::Required) => {
            collector.push(
                Problem::error(span, format!("the peer needs '{}:'", arg.name)).help(arg.about.to_owned()),
            );
            return false;
        }
        (None, Need::Optional) => {}
    }
    true
}

fn not_a_node(at: &Node, systems: &Systems, kind: &PeerKind, collector: &mut Collector) {
    let written = at.scalar().map_or("", |scalar| scalar.text.as_str());
    let nodes = systems.worlds().flat_map(World::everywhere).flat_map(|env| &env.nodes);
    let known: Vec<String> = nodes.map(|node| node.address.to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let mut problem =
        Problem::error(at.span, format!("{} is not the address of a node of the world", shown(written)))
            .label("the charging system does not know this client")
            .help(known_names(written, "addresses", &known))
            .advice("add it to the world's `nodes:` with the secret that both share");
    if kind.settings.iter().any(|arg| arg.name == OWN_SECRET) {
        problem =
            problem.advice("or give the peer a `secret:` of its own, to play a client that is not known");
    }
    collector.push(problem);
}
