//! Which captures there are where a step stands.

use std::collections::{BTreeMap, BTreeSet};

use tollgate_wire::Text;

use super::args::{self, Captures};
use crate::diagnostics::{Collector, Problem, Span, did_you_mean};
use crate::yaml::{Kind, Node};

/// What has been captured so far.
#[derive(Debug, Default)]
pub(super) struct CaptureNames {
    known: BTreeMap<Text, (Span, bool)>,
    /// Captures anywhere in the file, to tell one that comes too late from one that never comes.
    anywhere: BTreeMap<Text, Span>,
}

impl CaptureNames {
    /// A step captures this.
    pub(super) fn add(&mut self, name: Text, span: Span) {
        // A second capture of one name takes its place; whether the first was used stays remembered.
        let used = self.known.get(&name).is_some_and(|(_, used)| *used);
        self.known.insert(name, (span, used));
    }

    /// Points out captures that nothing uses.
    pub(super) fn warn_of_unused(&self, collector: &mut Collector) {
        for (name, (span, _)) in self.known.iter().filter(|(_, (_, used))| !used) {
            collector.push(Problem::warning(*span, format!("nothing uses the capture '{name}'")));
        }
    }

    /// Begins steps whose captures only they know.
    pub(super) fn scope(&mut self, steps: &Node) -> (BTreeSet<Text>, BTreeMap<Text, Span>) {
        let outer = (self.known.keys().cloned().collect(), self.anywhere.clone());
        self.look_ahead(steps);
        outer
    }

    /// Ends them.
    pub(super) fn leave(&mut self, (known, anywhere): (BTreeSet<Text>, BTreeMap<Text, Span>)) {
        self.known.retain(|name, _| known.contains(name));
        self.anywhere = anywhere;
    }

    /// Notes every `capture:` below a node, but for those of draws.
    pub(super) fn look_ahead(&mut self, node: &Node) {
        match &node.kind {
            Kind::Sequence(items) => items.iter().for_each(|item| self.look_ahead(item)),
            Kind::Map(entries) => {
                for entry in entries.iter().filter(|entry| entry.key.text != "random") {
                    if let (true, Kind::Map(captured)) = (entry.key.text == "capture", &entry.value.kind) {
                        let names =
                            captured.iter().map(|one| (Text::from(one.key.text.as_str()), one.key.span));
                        self.anywhere.extend(names);
                    }
                    self.look_ahead(&entry.value);
                }
            }
            _ => {}
        }
    }
}

impl Captures for CaptureNames {
    fn check(&mut self, text: &str, span: Span, collector: &mut Collector) -> bool {
        let Some(names) = args::names(text, span, collector) else { return false };
        let mut all = true;
        for name in names {
            if let Some((_, used)) = self.known.get_mut(name) {
                *used = true;
                continue;
            }
            all = false;
            if let Some(later) = self.anywhere.get(name) {
                collector.push(
                    Problem::error(span, format!("'{name}' is used before it is captured"))
                        .also(*later, "captured only here"),
                );
                continue;
            }
            let help = did_you_mean(name, self.known.keys().map(Text::as_str));
            collector.push(
                Problem::error(span, format!("nothing was captured or given as '{name}'")).help(help).advice(
                    "`capture:` of a step above sets it, or `matrix:`, or the parameters of a sequence",
                ),
            );
        }
        all
    }
}
