//! From octets to the tree, with every problem of the YAML itself reported.

use std::collections::BTreeMap;
use std::path::Path;

use granit_parser::{Event, Marker, Parser, ScalarStyle};

use super::{Entry, Key, Kind, Node, Scalar};
use crate::diagnostics::{Collector, Problem, Span, shown};

/// The largest file that is read.
const FILE_OCTETS_MAX: usize = 8 << 20;
/// How deep lists and maps may stand in one another.
const DEPTH_MAX: usize = 40;

/// The tree of a file's octets. `None` when its YAML is broken, which is reported.
pub(crate) fn parse(path: &Path, octets: &[u8], collector: &mut Collector) -> Option<Node> {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    if octets.len() > FILE_OCTETS_MAX {
        let (file, _) = collector.add_source(path, String::new());
        let message = format!("the file has {} octets, at most {FILE_OCTETS_MAX} are read", octets.len());
        collector.error(Span { file, ..Span::default() }, message);
        return None;
    }
    let text = match std::str::from_utf8(octets) {
        Ok(text) => text,
        Err(error) => {
            // Up to the broken octet the replaced text has the same offsets.
            let (file, _) = collector.add_source(path, String::from_utf8_lossy(octets).into_owned());
            let start = offset(error.valid_up_to());
            collector.push(
                Problem::error(Span { file, start, end: start + 1 }, "this is not UTF-8 text")
                    .advice("save the file in UTF-8"),
            );
            return None;
        }
    };
    let (file, source) = collector.add_source(path, text.to_owned());
    Builder { file, text: source.text(), collector, open: Vec::new(), documents: 0, root: None }.build()
}

/// A list or map that is not complete yet.
enum Open {
    Sequence { span: Span, items: Vec<Node> },
    Map { span: Span, entries: Vec<Entry>, places: BTreeMap<String, Span>, key: Option<Option<Key>> },
}

struct Builder<'a> {
    file: u32,
    text: &'a str,
    collector: &'a mut Collector,
    open: Vec<Open>,
    documents: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn build(mut self) -> Option<Node> {
        let options = granit_parser::options! {
            emit_comments: false,
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            flow_nesting_limit: DEPTH_MAX,
            block_nesting_limit: DEPTH_MAX,
        };
        let text = self.text;
        for event in Parser::new_from_str_with_options(text, options) {
            match event {
                Ok((event, span)) => {
                    let span = self.span(span.start, span.end);
                    if !self.handle(event, span) {
                        return None;
                    }
                }
                Err(error) => {
                    self.broken(error.marker(), &error.info());
                    return None;
                }
            }
        }
        if self.root.is_none() {
            let span = Span { file: self.file, ..Span::default() };
            self.collector.error(span, "the file is empty");
        }
        self.root
    }

    /// Takes in an event; `false` when there is no going on.
    fn handle(&mut self, event: Event<'_>, span: Span) -> bool {
        if let Some(tag) = event.tag() {
            let message = format!("the tag '{}' is not part of the language", shown(&tag.original()));
            self.collector.push(Problem::error(span, message).advice("quote the value if it is text"));
        }
        match event {
            Event::DocumentStart(..) => {
                self.documents += 1;
                if self.documents > 1 {
                    self.collector.push(
                        Problem::error(span, "a second document begins here, a file holds one")
                            .advice("put it into a file of its own"),
                    );
                    return false;
                }
            }
            Event::Scalar(text, style, _, _) => {
                let quoted = style != ScalarStyle::Plain;
                self.complete(Node { kind: Kind::Scalar(Scalar { text: text.into_owned(), quoted }), span });
            }
            Event::SequenceStart(..) => self.open.push(Open::Sequence { span, items: Vec::new() }),
            Event::MappingStart(..) => {
                self.open.push(Open::Map { span, entries: Vec::new(), places: BTreeMap::new(), key: None });
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Anchor(..) => self.not_shared(span, "anchors"),
            Event::Alias(_) | Event::UnresolvedAlias(_) => {
                self.not_shared(span, "aliases");
                self.complete(Node { kind: Kind::Broken, span });
            }
            _ => {}
        }
        true
    }

    fn close(&mut self, end: Span) {
        let node = match self.open.pop() {
            Some(Open::Sequence { span, items }) => {
                Node { kind: Kind::Sequence(items), span: self.trimmed(span, end) }
            }
            Some(Open::Map { span, entries, .. }) => {
                Node { kind: Kind::Map(entries), span: self.trimmed(span, end) }
            }
            None => return,
        };
        self.complete(node);
    }

    /// Puts a complete node where it belongs.
    fn complete(&mut self, node: Node) {
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Map { entries, places, key, .. }) => match key.take() {
                Some(Some(key)) => entries.push(Entry { key, value: node }),
                // The key was reported; its value goes with it.
                Some(None) => {}
                None => *key = Some(named(node, places, self.collector)),
            },
        }
    }

    fn not_shared(&mut self, span: Span, what: &str) {
        self.collector.push(
            Problem::error(span, format!("{what} are not part of the language"))
                .advice("share steps with `use:` and worlds with `world:`, or write the value out"),
        );
    }

    /// What the parser could not read. A tab where spaces must stand is the most common reason and the
    /// one whose message helps least, so it is looked for.
    fn broken(&mut self, at: &Marker, info: &str) {
        let mut tabs = 0;
        let mut start = 0;
        for line in self.text.split_inclusive('\n') {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) = line[..indent].find('\t')
                && !line.trim().is_empty()
            {
                tabs += 1;
                let span = Span { file: self.file, start: offset(start + tab), end: offset(start + tab + 1) };
                self.collector.push(
                    Problem::error(span, "a tab stands in the indentation, YAML wants spaces")
                        .advice("replace the tab with two spaces"),
                );
            }
            start += line.len();
        }
        if tabs > 0 {
            return;
        }
        let span = self.span(*at, *at);
        // What follows the second line of such a message is a trace of the parser's.
        let reason = info.lines().next().unwrap_or("it cannot be read");
        let help = if reason.contains("quoted scalar") {
            Some("a quote that is opened here or further up may never be closed".to_owned())
        } else if reason.contains("recursion limit") {
            Some(format!("lists and maps may stand {DEPTH_MAX} deep in one another"))
        } else {
            None
        };
        self.collector
            .push(Problem::error(span, format!("this is not YAML: {}", shown_reason(reason))).help(help));
    }

    fn span(&self, start: Marker, end: Marker) -> Span {
        let start = start.byte_offset().unwrap_or(0).min(self.text.len());
        let end = end.byte_offset().unwrap_or(start).min(self.text.len()).max(start);
        Span { file: self.file, start: offset(start), end: offset(end) }
    }

    /// A block ends where its last word ends, not at the next key.
    fn trimmed(&self, start: Span, end: Span) -> Span {
        let whole = (self.text.get(start.start as usize..end.end as usize)).unwrap_or_default();
        let mut length = 0;
        let mut at = 0;
        for line in whole.split_inclusive('\n') {
            let word = line.trim();
            if !word.is_empty() && !word.starts_with('#') {
                length = at + line.trim_end().len();
            }
            at += line.len();
        }
        Span { end: start.start + offset(length), ..start }
    }
}

/// The key that a node is; `None`, reported, when it cannot be one.
fn named(node: Node, places: &mut BTreeMap<String, Span>, collector: &mut Collector) -> Option<Key> {
    let span = node.span;
    let Kind::Scalar(Scalar { text, quoted }) = node.kind else {
        if node.kind != Kind::Broken {
            collector.push(
                Problem::error(span, "a key is a single word here, not a list or a map")
                    .advice("if this is `${name}` inside braces, put it in quotes: \"${name}\""),
            );
        }
        return None;
    };
    if text == "<<" && !quoted {
        collector.push(
            Problem::error(span, "merge keys are not part of the language")
                .advice("a world is laid over another by `file:`"),
        );
        return None;
    }
    if let Some(first) = places.get(&text) {
        collector.push(
            Problem::error(span, format!("the key '{}' stands here for the second time", shown(&text)))
                .label("again here")
                .also(*first, "first here"),
        );
        return None;
    }
    places.insert(text.clone(), span);
    Some(Key { text, quoted, span })
}

fn shown_reason(reason: &str) -> String {
    reason.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Octets of a file, which has far fewer than 2³² of them.
fn offset(octets: usize) -> u32 {
    u32::try_from(octets).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::diagnostics::place_of;

    fn tree(text: &str) -> (Option<Node>, Collector) {
        let mut collector = Collector::default();
        (parse(Path::new("x.yaml"), text.as_bytes(), &mut collector), collector)
    }

    /// The node as the deserializer would give it, all scalars as text.
    fn as_json(node: &Node) -> Value {
        match &node.kind {
            _ if node.is_empty() => Value::Null,
            Kind::Scalar(scalar) => Value::String(scalar.text.clone()),
            Kind::Sequence(items) => items.iter().map(as_json).collect(),
            Kind::Map(entries) => {
                entries.iter().map(|entry| (entry.key.text.clone(), as_json(&entry.value))).collect()
            }
            Kind::Broken => panic!("broken"),
        }
    }

    #[test]
    fn the_tree_holds_what_the_deserializer_reads() {
        let text = "
a: plain text
b: 'it''s'
c: \"tab\\tand \\u00e4\"
d: [x, \"y\", { z: w }]
e:
  - one
  - two: 2x
    three: |
      line
      break
f: >-
  folded
  line
g: {}
h: []
i:
\"j k\": ~
";
        let (node, collector) = tree(text);
        assert_eq!(collector.errors(), 0);
        assert_eq!(as_json(&node.unwrap()), serde_yaml::from_str::<Value>(text).unwrap());
    }

    #[test]
    fn quotes_and_written_digits_are_kept() {
        let (node, _) = tree("a: 00749512\nb: \"10\"\nc: 10.00\nd: 1_000\n");
        let node = node.unwrap();
        let scalar = |key| node.get(key).unwrap().scalar().unwrap().clone();
        assert_eq!(scalar("a"), Scalar { text: "00749512".to_owned(), quoted: false });
        assert_eq!(scalar("b"), Scalar { text: "10".to_owned(), quoted: true });
        assert_eq!(scalar("c").text, "10.00");
        assert_eq!(scalar("d").text, "1_000");
    }

    #[test]
    fn a_span_covers_the_value_and_no_more() {
        let text = "ä:\n  - {x: 1}   # one\n  # two\n  - \"y\"\n\nb: 2\n";
        let (node, collector) = tree(text);
        let node = node.unwrap();
        let shown = |node: &Node| &text[node.span.start as usize..node.span.end as usize];
        let list = node.get("ä").unwrap();
        assert_eq!(shown(list), "- {x: 1}   # one\n  # two\n  - \"y\"");
        let Kind::Sequence(items) = &list.kind else { panic!() };
        assert_eq!((shown(&items[0]), shown(&items[1])), ("{x: 1}", "\"y\""));
        let place = collector.place(node.get("b").unwrap().span);
        assert_eq!((place.line, place.column), (6, 4));
        assert_eq!(place_of(&[], Span::default()).line, 1);
    }

    #[test]
    fn a_node_on_one_line_reads_back_as_itself() {
        let text = "a: [1, \"two \\\"2\\\"\", { b: , c: 'x: y' }]\nd: e f\n";
        let (node, _) = tree(text);
        let node = node.unwrap();
        let line = node.line();
        assert_eq!(line, "{ a: [1, \"two \\\"2\\\"\", { b:, c: \"x: y\" }], d: e f }");
        assert_eq!(as_json(&tree(&line.replace("b:,", "b: ,")).0.unwrap()), as_json(&node));
    }
}
