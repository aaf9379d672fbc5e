//! A sequence checked by itself, without a scenario that says who its peers are and what its parameters stand for. What
//! holds for no kind of peer is wrong wherever it is used; the rest is checked where it is.

use std::path::Path as FilePath;
use std::sync::Arc;

use tollgate_wire::Text;

use super::files::Files;
use super::load::{self, Registry};
use super::steps::{self, WORDS};
use super::{read, template};
use crate::diagnostics::{Collector, Problem, known_names, shown};
use crate::yaml::{Entry, Kind, Node};

/// How deep repetitions may stand in one another.
const DEPTH_MAX: usize = 16;

/// What can be said of a sequence by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// How many parameters it takes.
    pub parameters: usize,
    /// How many steps it has, those that repeat counted once.
    pub steps: usize,
}

/// Checks the file of a sequence.
pub(super) fn sequence(
    tree: &Arc<Node>,
    path: &FilePath,
    registry: &Registry,
    files: &mut Files,
    collector: &mut Collector,
) -> Option<Outline> {
    let sequence = load::sequence(tree, collector)?;
    let mut alone = Alone { path, registry, files, collector, steps: 0 };
    alone.list(&sequence.steps, 0);
    let steps = alone.steps;
    for (name, span, _) in &sequence.parameters {
        if !mentions(&sequence.steps, name) {
            let message = format!("nothing uses the parameter '{}'", shown(name));
            collector
                .push(Problem::warning(*span, message).help(format!("write ${{{name}}} where it belongs")));
        }
    }
    Some(Outline { parameters: sequence.parameters.len(), steps })
}

/// Whether `${name}` stands anywhere in a tree.
fn mentions(node: &Node, name: &Text) -> bool {
    let within = |text: &str| template::names(text).is_ok_and(|names| names.contains(&name.as_str()));
    match &node.kind {
        Kind::Scalar(scalar) => within(&scalar.text),
        Kind::Sequence(items) => items.iter().any(|item| mentions(item, name)),
        Kind::Map(entries) => {
            entries.iter().any(|entry| within(&entry.key.text) || mentions(&entry.value, name))
        }
        Kind::Broken => false,
    }
}

struct Alone<'a> {
    path: &'a FilePath,
    registry: &'a Registry,
    files: &'a mut Files,
    collector: &'a mut Collector,
    steps: usize,
}

impl Alone<'_> {
    fn list(&mut self, node: &Node, depth: usize) {
        if depth >= DEPTH_MAX {
            let message = format!("steps stand more than {DEPTH_MAX} levels deep in one another");
            self.collector.error(node.span, message);
            return;
        }
        for item in read::items(node, "`steps:`", self.collector) {
            self.steps += 1;
            let Kind::Map(entries) = &item.kind else {
                steps::not_a_step(item, self.collector);
                continue;
            };
            match entries.iter().find(|entry| steps::is_head(&entry.key.text)) {
                Some(head) => self.step(head, depth),
                None => self.unknown(entries),
            }
        }
    }

    fn step(&mut self, head: &Entry, depth: usize) {
        match head.key.text.as_str() {
            "expect" => self.expect(&head.value),
            "repeat" => {
                if let Some(steps) = head.value.get("steps") {
                    self.list(steps, depth + 1);
                }
            }
            "random" => {
                for choice in
                    head.value.get("of").map_or(&[][..], |of| read::items(of, "`of:`", self.collector))
                {
                    if let Some(steps) = choice.get("steps") {
                        self.list(steps, depth + 1);
                    }
                }
            }
            "use" => self.used(&head.value),
            "world.change" => {
                for entry in read::entries(&head.value, "`world.change:`", self.collector) {
                    self.verb(entry, &entry.key.text, true);
                }
            }
            "wait" | "fault" => {}
            named => {
                if let Some((peer, verb)) = named.split_once('.') {
                    self.verb(head, verb, peer == self.registry.system.name);
                }
            }
        }
    }

    /// No kind of peer has a verb that is nowhere.
    fn verb(&mut self, entry: &Entry, verb: &str, of_system: bool) {
        let kinds = self.registry.kinds.iter().copied().filter(|_| !of_system);
        let kinds = kinds.chain(std::iter::once(self.registry.system));
        let known: Vec<&str> = kinds.flat_map(|kind| kind.verbs.iter().map(|own| own.name)).collect();
        if !verb.contains("${") && !known.contains(&verb) {
            self.collector.push(
                Problem::error(entry.key.span, format!("no peer has a verb '{}'", shown(verb)))
                    .help(known_names(verb, "verbs", &known)),
            );
        }
    }

    /// No kind of peer observes what is nowhere.
    fn expect(&mut self, node: &Node) {
        let keys = ["is", "within", "times", "absent", "where", "capture"];
        let kinds = self.registry.kinds.iter().copied().chain(std::iter::once(self.registry.system));
        let known: Vec<&str> = kinds.flat_map(|kind| kind.sights.iter().map(|own| own.name)).collect();
        for entry in read::entries(node, "`expect:`", self.collector) {
            let Some(scalar) = entry.value.scalar().filter(|_| !keys.contains(&entry.key.text.as_str()))
            else {
                continue;
            };
            let sight = scalar.text.as_str();
            if !sight.contains("${") && !known.contains(&sight) {
                self.collector.push(
                    Problem::error(entry.value.span, format!("no peer ever observes '{}'", shown(sight)))
                        .help(known_names(sight, "observations", &known)),
                );
            }
        }
    }

    /// The file of another sequence must be there.
    fn used(&mut self, node: &Node) {
        let reference = node.get("sequence").unwrap_or(node);
        let Some(scalar) = reference.scalar().filter(|scalar| !scalar.text.contains("${")) else { return };
        let found = self.files.open(&scalar.text, "sequence", reference.span, self.path, self.collector);
        if let Some((_, tree)) = found {
            load::sequence(&tree, self.collector);
        }
    }

    fn unknown(&mut self, entries: &[Entry]) {
        let Some(first) = entries.first().filter(|first| !first.key.text.contains("${")) else { return };
        let name = first.key.text.as_str();
        self.collector.push(
            Problem::error(first.key.span, format!("no step is called '{}'", shown(name)))
                .help(known_names(name, "steps", &WORDS)),
        );
    }
}
