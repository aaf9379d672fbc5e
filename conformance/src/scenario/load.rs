//! From a scenario file to checked scenarios. Everything is checked before anything runs, and every
//! problem of every file that takes part is reported at once.

use std::path::Path;
use std::sync::Arc;

use tollgate_network::{Impairment, PeerKind};
use tollgate_time::Instant;
use tollgate_wire::Text;

use super::drawn::Origin;
use super::files::Files;
use super::model::{Finally, Scenario, Twin};
use super::nature::Nature;
use super::peers::{self, Peers};
use super::steps::Steps;
use super::substitute::Parameters;
use super::versions::{Version, Versions};
use super::{faults, finally, matrix, read};
use crate::diagnostics::{Collector, Problem, Report, Span, shown};
use crate::requirements::{self, Requirement};
use crate::world::{self, World};
use crate::yaml::{self, Keys, Kind, Node};

/// `starts:` of a scenario that does not say: 2026-01-01T00:00:00Z.
pub const STARTS_DEFAULT: Instant = Instant::from_unix_secs(1_767_225_600);

/// What scenarios are checked against.
#[derive(Debug, Clone, Copy)]
pub struct Registry {
    /// The kinds that `is:` may name.
    pub kinds: &'static [&'static PeerKind],
    /// The system under test: `ocs` in `expect:`, `world.change:`, `finally:`.
    pub system: &'static PeerKind,
    /// What `covers:` may name.
    pub requirements: &'static [Requirement],
}

impl Registry {
    /// These kinds, this system, and the project's own catalogue of requirements.
    #[must_use]
    pub fn new(kinds: &'static [&'static PeerKind], system: &'static PeerKind) -> Self {
        Self { kinds, system, requirements: requirements::all() }
    }

    /// The kind of this name.
    #[must_use]
    pub fn kind(&self, name: &str) -> Option<&'static PeerKind> {
        self.kinds.iter().copied().find(|kind| kind.name == name)
    }
}

/// How files are found.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The library's root, which has `worlds/` and `sequences/`; else the nearest folder above the file
    /// that has one of them.
    pub root: Option<std::path::PathBuf>,
}

/// Loads a scenario file: one scenario, or one for every combination of its `matrix:`.
///
/// # Errors
/// Everything that is wrong with it and with the files that it names.
pub fn load_file(path: &Path, registry: &Registry, options: &Options) -> Result<Vec<Scenario>, Report> {
    let (scenarios, report) = check_file(path, registry, options);
    if report.errors() == 0 { Ok(scenarios) } else { Err(report) }
}

/// The same with the warnings of a file that can be used; no scenarios when there is an error.
#[must_use]
pub fn check_file(path: &Path, registry: &Registry, options: &Options) -> (Vec<Scenario>, Report) {
    match std::fs::read(path) {
        Ok(octets) => check_octets(path, &octets, registry, options),
        Err(error) => {
            (Vec::new(), Report::of_message(format!("cannot read '{}': {error}", path.display()), None))
        }
    }
}

/// The same for the text of a file that need not be there; other files that it names are read.
#[must_use]
pub fn check_octets(
    path: &Path,
    octets: &[u8],
    registry: &Registry,
    options: &Options,
) -> (Vec<Scenario>, Report) {
    let mut collector = Collector::default();
    let scenarios = yaml::parse(path, octets, &mut collector).map_or_else(Vec::new, |root| {
        let files = Files::of(path, options.root.as_deref());
        check_tree(path, &root, registry, files, &mut collector)
    });
    (scenarios, collector.into_report())
}

/// The scenarios of a file's tree; none when there is an error.
pub(super) fn check_tree(
    path: &Path,
    root: &Node,
    registry: &Registry,
    files: Files,
    collector: &mut Collector,
) -> Vec<Scenario> {
    let nature = Nature::of(root);
    if nature != Nature::Scenario {
        let first = match &root.kind {
            Kind::Map(entries) => entries.first().map(|entry| entry.key.span),
            _ => None,
        };
        collector.push(
            Problem::error(
                first.unwrap_or(root.span),
                format!("this file is {}, not a scenario", nature.described()),
            )
            .advice("`tollgate check` checks it as that; a scenario has a `scenario:` line"),
        );
        return Vec::new();
    }
    let mut loader = Loader { path, registry, files, worlds: Vec::new(), collector };
    let scenarios = loader.all(root);
    if collector.errors() > 0 { Vec::new() } else { scenarios }
}

struct Loader<'a> {
    path: &'a Path,
    registry: &'a Registry,
    files: Files,
    /// Worlds that were read already: the combinations of a matrix mostly share one.
    worlds: Vec<(Node, Option<Arc<World>>)>,
    collector: &'a mut Collector,
}

impl Loader<'_> {
    fn all(&mut self, root: &Node) -> Vec<Scenario> {
        if !matches!(root.kind, Kind::Map(_)) {
            let message = format!("a scenario is a map, this file is {}", root.described());
            self.collector
                .push(Problem::error(root.span, message).advice("begin with `scenario: what it shows`"));
            return Vec::new();
        }
        let combinations = matrix::combinations(root.get("matrix"), self.collector);
        let mut scenarios = Vec::new();
        for combination in &combinations {
            let written = combination.parameters.write_into(root, self.collector);
            match written.get("versions") {
                Some(node) => scenarios.extend(self.versions(&written, node, combination)),
                None => scenarios.extend(self.one(&written, &combination.parameters, &combination.name)),
            }
        }
        if let Some(node) = root.get("matrix") {
            matrix::warn_of_unused(node, &combinations, self.collector);
        }
        scenarios
    }

    /// The scenario on the first of its versions, with that on the second beside it.
    fn versions(&mut self, root: &Node, node: &Node, combination: &matrix::Combination) -> Option<Scenario> {
        let versions = Versions::read(node, self.collector)?;
        let [first, second] = &versions.both;
        let mut read = |version: &Version| {
            let written = version.write_into(root, self.collector);
            let scenario = self.one(&written, &combination.parameters, &combination.name);
            scenario.map(|own| Scenario { version: version.name.clone(), ..own })
        };
        let (first, other) = (read(first), read(second));
        let first = first?;
        let differ = versions.differences(&first, self.registry, self.collector);
        Some(Scenario { twin: Some(Arc::new(Twin { other: other?, differ })), ..first })
    }

    fn one(&mut self, root: &Node, parameters: &Parameters, variant: &Text) -> Option<Scenario> {
        let what = "a scenario";
        let mut keys = Keys::of(root, what, self.collector)?;
        let collector = &mut *self.collector;
        let name = keys
            .need("scenario", what, collector)
            .and_then(|n| read::text(n, "the scenario's name", collector));
        let covers = keys.value("covers").map_or_else(Vec::new, |node| self.covers(node));
        let tags = keys.value("tags").map_or_else(Vec::new, |node| tags(node, self.collector));
        let collector = &mut *self.collector;
        let starts = keys.value("starts").and_then(|node| read::time(node, "the start", collector));
        let exact = keys.value("exact-times").and_then(|node| read::flag(node, "`exact-times:`", collector));
        let strict = keys.value("strict").and_then(|node| read::flag(node, "`strict:`", collector));
        let seed =
            keys.value("seed").and_then(|node| read::whole(node, "the seed", (0, i64::MAX), collector));
        let network =
            keys.value("network").map_or_else(Impairment::default, |node| faults::network(node, collector));
        let world = keys.need("world", what, collector).and_then(|node| self.world(node));
        let Self { path, registry, files, worlds, collector } = self;
        let peers = peers::read(
            keys.value("peers"),
            registry,
            world.as_ref(),
            &mut |node, collector| load_world(node, path, files, worlds, collector),
            collector,
        );
        let steps_node = keys.need("steps", what, self.collector);
        let finally_node = keys.value("finally");
        keys.take("matrix");
        keys.finish(what, self.collector);

        let mut steps = Steps::new(self.registry, &peers, network, &mut self.files, self.collector);
        if let Some(node) = steps_node {
            steps.read_list(node, self.path, parameters);
        }
        let finally = finally_node
            .map_or_else(Finally::default, |node| finally::read(node, world.as_deref(), &mut steps));
        let draws = steps.draws_anything();
        let steps = steps.finish();
        let origin = draws.then(|| self.origin(root, parameters, network, &peers)).flatten();
        Some(Scenario {
            path: self.path.to_path_buf(),
            name: name?,
            variant: variant.clone(),
            covers,
            tags,
            starts: starts.unwrap_or(STARTS_DEFAULT),
            strict: strict.unwrap_or_default(),
            exact_times: exact.unwrap_or_default(),
            seed,
            network,
            world: world?,
            peers: Peers::into_specs(peers)?,
            steps,
            finally,
            version: Text::default(),
            twin: None,
            origin,
        })
    }

    /// What the steps of a run are drawn from.
    fn origin(
        &mut self,
        root: &Node,
        parameters: &Parameters,
        network: Impairment,
        peers: &Peers,
    ) -> Option<Arc<Origin>> {
        let of_peers = match root.get("peers").map(|peers| &peers.kind) {
            Some(Kind::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        let all =
            root.get("world").into_iter().chain(of_peers.iter().filter_map(|peer| peer.value.get("world")));
        let mut worlds = Vec::new();
        for world in all {
            let tree = world::load::tree_of_scenario(world, self.path, &mut self.files, self.collector)?;
            worlds.push((world.clone(), tree));
        }
        Some(Arc::new(Origin {
            root: root.clone(),
            worlds,
            path: self.path.to_path_buf(),
            parameters: parameters.all(),
            network,
            peers: peers.clone(),
            files: self.files.clone(),
            sources: self.collector.sources(),
            registry: *self.registry,
        }))
    }

    fn covers(&mut self, node: &Node) -> Vec<Text> {
        let mut covers = Vec::new();
        for item in read::items(node, "`covers:`", self.collector) {
            let Some(id) = read::text(item, "a requirement", self.collector) else { continue };
            if self.registry.requirements.iter().any(|known| known.id == id) {
                covers.push(id);
                continue;
            }
            let known: Vec<&str> = self.registry.requirements.iter().map(|known| known.id).collect();
            read::unknown(item.span, ("requirement", "requirements"), &id, &known, self.collector);
        }
        covers
    }

    fn world(&mut self, node: &Node) -> Option<Arc<World>> {
        load_world(node, self.path, &mut self.files, &mut self.worlds, self.collector)
    }
}

/// A world that a scenario names or writes; read once, however often it is used.
fn load_world(
    node: &Node,
    path: &Path,
    files: &mut Files,
    worlds: &mut Vec<(Node, Option<Arc<World>>)>,
    collector: &mut Collector,
) -> Option<Arc<World>> {
    if let Some((_, world)) = worlds.iter().find(|(known, _)| known == node) {
        return world.clone();
    }
    let world = world::load::of_scenario(node, path, files, collector).map(Arc::new);
    worlds.push((node.clone(), world.clone()));
    world
}

fn tags(node: &Node, collector: &mut Collector) -> Vec<Text> {
    let items = read::items(node, "`tags:`", collector);
    items.iter().filter_map(|item| read::text(item, "a tag", collector)).collect()
}

/// A sequence that several scenarios share, as its file says it.
#[derive(Debug)]
pub(super) struct Sequence {
    /// Its parameters: where each is declared, and what it is when nothing is given.
    pub(super) parameters: Vec<(Text, Span, Option<Node>)>,
    /// Its steps.
    pub(super) steps: Node,
}

/// Reads the file of a sequence.
pub(super) fn sequence(tree: &Arc<Node>, collector: &mut Collector) -> Option<Sequence> {
    let what = "a sequence";
    let mut keys = Keys::of(tree, what, collector)?;
    if let Some(node) = keys.need("sequence", what, collector) {
        read::text(node, "the sequence's name", collector);
    }
    let mut parameters = Vec::new();
    if let Some(node) = keys.value("parameters") {
        match &node.kind {
            Kind::Map(entries) => {
                for entry in entries {
                    let default = (!entry.value.is_empty()).then(|| entry.value.clone());
                    parameters.push((entry.key.text.as_str().into(), entry.key.span, default));
                }
            }
            _ => {
                for item in read::items(node, "`parameters:`", collector) {
                    if let Some(name) = read::text(item, "a parameter", collector) {
                        parameters.push((name, item.span, None));
                    }
                }
            }
        }
    }
    for (name, span, _) in &parameters {
        check_parameter_name(name, *span, collector);
    }
    let steps = keys.need("steps", what, collector).cloned();
    keys.finish(what, collector);
    Some(Sequence { parameters, steps: steps? })
}

/// Parameters are written in `${…}`, so their names must fit there.
pub(super) fn check_parameter_name(name: &str, span: Span, collector: &mut Collector) {
    if !super::template::is_name(name) {
        collector.push(
            Problem::error(span, format!("'{}' cannot be a name in ${{…}}", shown(name)))
                .advice("use letters, digits, hyphens and underscores"),
        );
    }
}
