//! Writes parameters out: those of a `matrix:`, of a sequence, of a `repeat:`.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use tollgate_wire::Text;

use super::template::{self, TemplateError};
use crate::diagnostics::{Collector, Problem, Span, shown};
use crate::yaml::{Entry, Key, Kind, Node, Scalar};

/// How much one check may write out, in nodes and parts of texts: sequences that hand on ever longer values
/// must come to an end.
const WRITTEN_MAX: usize = 2_000_000;
/// As many octets of text count as one node.
const NODE_OCTETS: usize = 64;

/// Values of parameters, and which of them were used.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    values: BTreeMap<Text, Node>,
    used: RefCell<BTreeSet<Text>>,
}

impl Parameters {
    pub(super) fn set(&mut self, name: Text, value: Node) {
        self.values.insert(name, value);
    }

    pub(super) fn all(&self) -> Vec<(Text, Node)> {
        self.values.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub(super) fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    pub(super) fn is_used(&self, name: &str) -> bool {
        self.used.borrow().contains(name)
    }

    fn get(&self, name: &str) -> Option<&Node> {
        let value = self.values.get(name)?;
        self.used.borrow_mut().insert(name.into());
        Some(value)
    }

    fn get_text(&self, name: &str) -> Option<Text> {
        self.get(name)?.scalar().map(|scalar| scalar.text.as_str().into())
    }

    /// The same tree with every known `${name}` written out. What stays is a capture. A `${` that is no
    /// name is reported, once for every place.
    pub(super) fn write_into(&self, node: &Node, collector: &mut Collector) -> Node {
        if !self.values.is_empty() && !spend(1, node.span, collector) {
            return Node { kind: Kind::Broken, span: node.span };
        }
        let kind = match &node.kind {
            Kind::Scalar(scalar) if scalar.text.contains("${") => {
                return self.scalar(scalar, node.span, collector);
            }
            Kind::Scalar(_) | Kind::Broken => node.kind.clone(),
            Kind::Sequence(items) => {
                Kind::Sequence(items.iter().map(|item| self.write_into(item, collector)).collect())
            }
            Kind::Map(entries) => self.map(entries, collector),
        };
        Node { kind, span: node.span }
    }

    fn map(&self, entries: &[Entry], collector: &mut Collector) -> Kind {
        let mut written: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries {
            let Some(key) = self.key(&entry.key, collector) else { continue };
            written.push(Entry { key, value: self.write_into(&entry.value, collector) });
        }
        if entries.iter().any(|entry| entry.key.text.contains("${")) {
            drop_twins(&mut written, collector);
        }
        Kind::Map(written)
    }

    fn key(&self, key: &Key, collector: &mut Collector) -> Option<Key> {
        if !key.text.contains("${") {
            return Some(key.clone());
        }
        match template::fill_known(&key.text, |name| self.get_text(name)) {
            // A number that a parameter brought must not look as if the tester had left it unquoted.
            Ok(text) => Some(Key { quoted: key.quoted || text != key.text, text, span: key.span }),
            Err(error) => {
                broken(key.span, &error, collector);
                None
            }
        }
    }

    fn scalar(&self, scalar: &Scalar, span: Span, collector: &mut Collector) -> Node {
        // The whole value is one name: it becomes what the parameter is, a list or a map too.
        let whole = scalar.text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        if let Some(value) = whole.filter(|name| template::is_name(name)).and_then(|name| self.get(name)) {
            if !spend(size(value), span, collector) {
                return Node { kind: Kind::Broken, span };
            }
            let mut value = value.clone();
            if let Kind::Scalar(inner) = &mut value.kind {
                inner.quoted |= scalar.quoted;
            }
            return value;
        }
        let kind = match template::fill_known(&scalar.text, |name| self.get_text(name)) {
            Ok(text) if spend(text.len() / NODE_OCTETS, span, collector) => {
                Kind::Scalar(Scalar { text, quoted: scalar.quoted })
            }
            Ok(_) => Kind::Broken,
            Err(error) => {
                broken(span, &error, collector);
                Kind::Broken
            }
        };
        Node { kind, span }
    }
}

/// Takes from what this check may write out; whether there was enough.
fn spend(nodes: usize, span: Span, collector: &mut Collector) -> bool {
    let enough = collector.spend(nodes, WRITTEN_MAX);
    if !enough {
        collector.push(
            Problem::error(span, "with every parameter written out, this becomes too large")
                .advice("use fewer combinations, or parameters that do not repeat one another"),
        );
    }
    enough
}

/// What a value costs to be copied.
fn size(node: &Node) -> usize {
    match &node.kind {
        Kind::Scalar(scalar) => 1 + scalar.text.len() / NODE_OCTETS,
        Kind::Sequence(items) => 1 + items.iter().map(size).sum::<usize>(),
        Kind::Map(entries) => 1 + entries.iter().map(|entry| 1 + size(&entry.value)).sum::<usize>(),
        Kind::Broken => 1,
    }
}

/// No key may stand twice, not after a parameter has become one either.
fn drop_twins(entries: &mut Vec<Entry>, collector: &mut Collector) {
    let mut seen: BTreeMap<String, Span> = BTreeMap::new();
    entries.retain(|entry| match seen.get(&entry.key.text) {
        Some(first) => {
            let message = format!("the key becomes '{}', which is there already", shown(&entry.key.text));
            collector.push(Problem::error(entry.key.span, message).also(*first, "here"));
            false
        }
        None => {
            seen.insert(entry.key.text.clone(), entry.key.span);
            true
        }
    });
}

fn broken(span: Span, error: &TemplateError, collector: &mut Collector) {
    collector.push(Problem::error(span, error.to_string()).advice("write ${name}"));
}
