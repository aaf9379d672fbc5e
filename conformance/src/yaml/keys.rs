//! Takes the keys of a map one by one; what nobody took is unknown.

use super::{Entry, Kind, Node};
use crate::diagnostics::{Collector, Problem, Span, known_names, nearest, shown};

/// The keys of a map that is being read.
#[derive(Debug)]
pub(crate) struct Keys<'n> {
    entries: &'n [Entry],
    taken: Vec<bool>,
    known: Vec<&'static str>,
    /// Keys that must be there and are not, reported at the end: a misspelt one is one mistake.
    missing: Vec<(&'static str, String)>,
    span: Span,
}

impl<'n> Keys<'n> {
    /// The keys of a map; nothing at all counts as a map without keys. `what` names it with its
    /// article: `a peer`.
    pub(crate) fn of(node: &'n Node, what: &str, collector: &mut Collector) -> Option<Self> {
        let entries: &[Entry] = match &node.kind {
            Kind::Map(entries) => entries,
            Kind::Broken => return None,
            _ if node.is_empty() => &[],
            _ => {
                collector.push(
                    Problem::error(
                        node.span,
                        format!("{what} is written as a map, this is {}", node.described()),
                    )
                    .advice("write `key: value` lines below it, or { key: value }"),
                );
                return None;
            }
        };
        Some(Self {
            entries,
            taken: vec![false; entries.len()],
            known: Vec::new(),
            missing: Vec::new(),
            span: node.span,
        })
    }

    /// Where the map stands.
    pub(crate) fn span(&self) -> Span {
        self.span
    }

    /// The entry under a key that may be left out.
    pub(crate) fn take(&mut self, name: &'static str) -> Option<&'n Entry> {
        self.known.push(name);
        let place = self.entries.iter().position(|entry| entry.key.text == name)?;
        self.taken[place] = true;
        Some(&self.entries[place])
    }

    /// The value under a key that may be left out.
    pub(crate) fn value(&mut self, name: &'static str) -> Option<&'n Node> {
        self.take(name).map(|entry| &entry.value)
    }

    /// The value under a key that must be there and filled; its absence is reported by
    /// [`Self::finish`].
    pub(crate) fn need(
        &mut self,
        name: &'static str,
        what: &str,
        collector: &mut Collector,
    ) -> Option<&'n Node> {
        match self.take(name) {
            Some(entry) if entry.value.is_empty() => {
                collector.error(entry.key.span, format!("'{name}:' of {what} says nothing"));
                None
            }
            Some(entry) => Some(&entry.value),
            None => {
                self.missing.push((name, what.to_owned()));
                None
            }
        }
    }

    /// Entries that were not taken yet, which take themselves by being looked at.
    pub(crate) fn rest(&mut self) -> Vec<&'n Entry> {
        let mut rest = Vec::new();
        for (entry, taken) in self.entries.iter().zip(&mut self.taken) {
            if !*taken {
                *taken = true;
                rest.push(entry);
            }
        }
        rest
    }

    /// Reports what nobody took, and what is missing.
    pub(crate) fn finish(mut self, what: &str, collector: &mut Collector) {
        for (entry, _) in self.entries.iter().zip(&self.taken).filter(|(_, taken)| !**taken) {
            let name = entry.key.text.as_str();
            let meant = nearest(name, self.missing.iter().map(|(missing, _)| *missing));
            let help = match meant {
                Some(meant) => Some(format!("did you mean '{meant}'?")),
                None => known_names(name, "keys", &self.known),
            };
            self.missing.retain(|(missing, _)| Some(*missing) != meant);
            let message = format!("{what} has no key '{}'", shown(name));
            collector.push(Problem::error(entry.key.span, message).help(help));
        }
        for (name, what) in &self.missing {
            collector.error(self.span, format!("{what} needs '{name}:'"));
        }
    }
}
