//! YAML as a tree that loses nothing a check or a message needs: every scalar as it was written and
//! whether it was quoted, every map in its order, and where each key and value stands.
//!
//! It stands on `granit-parser`, the parser of `serde-saphyr` (this workspace's `serde_yaml`). The
//! deserializer itself stops at the first problem, does not say whether a scalar was quoted and turns
//! plain scalars into numbers; the language must report every problem at once, must tell `"10"` from
//! `10`, and must never see `00749512` as a number. Tests compare the tree with what the deserializer
//! reads from the same text. Nothing here knows what a file means.

mod keys;
mod parse;
mod write;

pub(crate) use keys::Keys;
pub(crate) use parse::parse;
pub(crate) use write::write;

use crate::diagnostics::Span;

/// A node of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// What stands there.
    pub(crate) kind: Kind,
    /// Where.
    pub(crate) span: Span,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One value.
    Scalar(Scalar),
    /// `[a, b]`
    Sequence(Vec<Node>),
    /// `{ a: b }`; no key stands twice.
    Map(Vec<Entry>),
    /// Something that was reported already and that no further message should be about.
    Broken,
}

/// A scalar with its escapes undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scalar {
    /// The text.
    pub(crate) text: String,
    /// Whether it stood in quotes (or as a block of text), so that it is nothing but text.
    pub(crate) quoted: bool,
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The key.
    pub(crate) key: Key,
    /// The value.
    pub(crate) value: Node,
}

/// A key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its text.
    pub(crate) text: String,
    /// Whether it stood in quotes.
    pub(crate) quoted: bool,
    /// Where it stands.
    pub(crate) span: Span,
}

impl Node {
    /// The scalar that this is.
    pub(crate) fn scalar(&self) -> Option<&Scalar> {
        match &self.kind {
            Kind::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// Whether nothing stands here: `key:` with no value, `~` or `null`.
    pub(crate) fn is_empty(&self) -> bool {
        self.scalar().is_some_and(|scalar| !scalar.quoted && matches!(&*scalar.text, "" | "~" | "null"))
    }

    /// The value under a key of this map.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match &self.kind {
            Kind::Map(entries) => {
                entries.iter().find(|entry| entry.key.text == key).map(|entry| &entry.value)
            }
            _ => None,
        }
    }

    /// What this is, with its article, for a message.
    pub(crate) fn described(&self) -> &'static str {
        match &self.kind {
            _ if self.is_empty() => "nothing",
            Kind::Scalar(_) => "a single value",
            Kind::Sequence(_) => "a list",
            Kind::Map(_) => "a map",
            Kind::Broken => "something broken",
        }
    }

    /// This on one line, in flow style, as a tester could have written it.
    pub(crate) fn line(&self) -> String {
        let mut line = String::new();
        self.write_line(&mut line);
        line
    }

    fn write_line(&self, line: &mut String) {
        match &self.kind {
            Kind::Scalar(scalar) => line.push_str(&scalar.line()),
            Kind::Sequence(items) => {
                line.push('[');
                for (place, item) in items.iter().enumerate() {
                    line.push_str(if place == 0 { "" } else { ", " });
                    item.write_line(line);
                }
                line.push(']');
            }
            Kind::Map(entries) => {
                line.push_str("{ ");
                for (place, entry) in entries.iter().enumerate() {
                    line.push_str(if place == 0 { "" } else { ", " });
                    line.push_str(&entry.key.line());
                    line.push(':');
                    if !entry.value.is_empty() {
                        line.push(' ');
                        entry.value.write_line(line);
                    }
                }
                line.push_str(" }");
            }
            Kind::Broken => line.push('?'),
        }
    }
}

impl Key {
    /// The key as it could have been written.
    pub(crate) fn line(&self) -> String {
        if self.quoted { quoted(&self.text) } else { self.text.clone() }
    }
}

impl Scalar {
    fn line(&self) -> String {
        if self.quoted { quoted(&self.text) } else { self.text.replace(['\n', '\r', '\t'], " ") }
    }
}

fn quoted(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 2);
    line.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => line.extend(['\\', letter]),
            '\n' => line.push_str("\\n"),
            letter if letter.is_control() => line.extend(letter.escape_default()),
            letter => line.push(letter),
        }
    }
    line.push('"');
    line
}
