//! A scenario with `random:` steps: what its steps are written out from for one run, and the file that one such run is.
//! What is written out is checked like any other file.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tollgate_network::Impairment;
use tollgate_wire::Text;

use super::files::Files;
use super::load::Registry;
use super::model::{Scenario, Step};
use super::peers::Peers;
use super::random::Chance;
use super::steps::{Steps, Written};
use super::substitute::Parameters;
use crate::diagnostics::{Collector, Report, Source};
use crate::yaml::{self, Entry, Key, Kind, Node, Scalar};

/// What a checked file leaves behind, so that its steps can be read again with another seed.
#[derive(Debug)]
pub struct Origin {
    /// The file's tree, its matrix written out.
    pub(super) root: Node,
    /// The worlds in it, each as it is written and as one tree, whatever files it is made of.
    pub(super) worlds: Vec<(Node, Node)>,
    pub(super) path: PathBuf,
    /// The values of the matrix, which no other parameter may be named like.
    pub(super) parameters: Vec<(Text, Node)>,
    pub(super) network: Impairment,
    pub(super) peers: Peers,
    /// The sequences that were read.
    pub(super) files: Files,
    pub(super) sources: Vec<Arc<Source>>,
    pub(super) registry: Registry,
}

/// One run of such a scenario: its steps, each as it could have been written.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    origin: Arc<Origin>,
    steps: Vec<Written>,
}

impl Scenario {
    /// The scenario of the run with this seed: itself, where it draws nothing.
    ///
    /// # Errors
    /// What was drawn makes no step, which the check before the run could not see.
    pub fn drawn(&self, seed: u64) -> Result<Cow<'_, Self>, Report> {
        match &self.origin {
            None => Ok(Cow::Borrowed(self)),
            Some(origin) => {
                let (steps, _) = origin.draw(seed)?;
                Ok(Cow::Owned(Self { steps, origin: None, ..self.clone() }))
            }
        }
    }

    /// How the run with this seed could have been written; nothing where the scenario draws nothing.
    pub(crate) fn draft(&self, seed: u64) -> Option<Draft> {
        let origin = self.origin.as_ref()?;
        let (_, steps) = origin.draw(seed).ok()?;
        Some(Draft { origin: Arc::clone(origin), steps })
    }
}

impl Origin {
    fn draw(&self, seed: u64) -> Result<(Vec<Step>, Vec<Written>), Report> {
        let steps = self.root.get("steps").cloned();
        self.read(
            &steps.unwrap_or(Node { kind: Kind::Sequence(Vec::new()), span: self.root.span }),
            Some(seed),
        )
    }

    /// Reads steps; with a seed, what they draw is drawn.
    fn read(&self, node: &Node, seed: Option<u64>) -> Result<(Vec<Step>, Vec<Written>), Report> {
        let mut collector = Collector::knowing(self.sources.clone());
        let mut files = self.files.clone();
        let mut parameters = Parameters::default();
        for (name, value) in &self.parameters {
            parameters.set(name.clone(), value.clone());
        }
        let mut steps = Steps::new(&self.registry, &self.peers, self.network, &mut files, &mut collector);
        steps.write_out_with(seed.map(Chance::from_seed));
        steps.read_list(node, &self.path, &parameters);
        let read = steps.into_written();
        if collector.errors() > 0 { Err(collector.into_report()) } else { Ok(read) }
    }
}

impl Origin {
    /// A world with everything in it.
    fn world(&self, written: &Node) -> Node {
        let known = self.worlds.iter().find(|(own, _)| own == written);
        known.map_or_else(|| written.clone(), |(_, tree)| without_file(tree))
    }

    /// The peers, with the worlds of those that are charging systems.
    fn peers_alone(&self, peers: &Node) -> Node {
        let mut peers = peers.clone();
        let Kind::Map(entries) = &mut peers.kind else { return peers };
        for peer in entries {
            let Kind::Map(keys) = &mut peer.value.kind else { continue };
            for world in keys.iter_mut().filter(|own| own.key.text == "world") {
                world.value = self.world(&world.value);
            }
        }
        peers
    }
}

impl Draft {
    /// The steps.
    pub(crate) fn steps(&self) -> &[Written] {
        &self.steps
    }

    /// The same run with other steps.
    pub(crate) fn with(&self, steps: Vec<Written>) -> Self {
        Self { origin: Arc::clone(&self.origin), steps }
    }

    /// The scenario that it is, made of the one that it was drawn from; nothing where a step lacks what another captured.
    pub(crate) fn scenario(&self, whole: &Scenario) -> Option<Scenario> {
        let list = Node { kind: Kind::Sequence(self.nodes()), span: self.origin.root.span };
        let (steps, _) = self.origin.read(&list, None).ok()?;
        Some(Scenario { steps, origin: None, ..whole.clone() })
    }

    /// The scenario that a file of this text is, in the worlds of the one that it was drawn from, which targets have made
    /// ready.
    ///
    /// # Errors
    /// What is wrong with the text, which would be a defect of ours.
    pub(crate) fn reread(&self, whole: &Scenario, path: &Path, text: &str) -> Result<Scenario, Report> {
        let options = super::Options::default();
        let (scenarios, report) = super::check_octets(path, text.as_bytes(), &self.origin.registry, &options);
        let own = scenarios.into_iter().next().ok_or(report)?;
        Ok(Scenario { world: Arc::clone(&whole.world), peers: whole.peers.clone(), ..own })
    }

    /// A file that is this run alone: its world is in it, and its seed.
    pub(crate) fn yaml(&self, seed: u64) -> String {
        let span = self.origin.root.span;
        let plain = |text: String| Node { kind: Kind::Scalar(Scalar { text, quoted: false }), span };
        let entry = |name: &str, value: Node| Entry {
            key: Key { text: name.to_owned(), quoted: false, span },
            value,
        };
        let mut entries = Vec::new();
        let own: &[Entry] = match &self.origin.root.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        };
        for one in own {
            match one.key.text.as_str() {
                "matrix" | "seed" => {}
                "world" => entries.push(entry("world", self.origin.world(&one.value))),
                "peers" => entries.push(entry("peers", self.origin.peers_alone(&one.value))),
                "steps" => {
                    entries.push(entry("seed", plain(seed.to_string())));
                    entries.push(entry("steps", Node { kind: Kind::Sequence(self.nodes()), span }));
                }
                _ => entries.push(one.clone()),
            }
        }
        yaml::write(&Node { kind: Kind::Map(entries), span })
    }

    fn nodes(&self) -> Vec<Node> {
        self.steps.iter().map(|step| step.node.clone()).collect()
    }
}

/// A world that was put together names no file any more.
fn without_file(world: &Node) -> Node {
    let mut world = world.clone();
    if let Kind::Map(entries) = &mut world.kind {
        entries.retain(|entry| entry.key.text != "file");
    }
    world
}
