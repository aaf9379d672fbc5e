//! A file's text and places in it.

use std::path::Path;
use std::sync::Arc;

use super::Mark;
use crate::scenario::Place;

/// The text of a file under its name.
#[derive(Debug)]
pub struct Source {
    path: Arc<Path>,
    text: String,
    /// Offset of the first octet of every line.
    lines: Vec<usize>,
}

impl Source {
    /// A source; `path` is shown as it is.
    #[must_use]
    pub fn new(path: &Path, text: String) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Self { path: Arc::from(path), text, lines }
    }

    /// Its file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The line and column of an octet; one behind the end is at the end.
    #[must_use]
    pub fn place(&self, offset: usize) -> Place {
        let offset = offset.min(self.text.len());
        let line = self.lines.partition_point(|start| *start <= offset).saturating_sub(1);
        let start = self.lines.get(line).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count());
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX).saturating_add(1);
        Place { file: Arc::clone(&self.path), line: number(line), column: number(column) }
    }
}

/// The word at a place, for whoever knows no more of it than that: to the end of its quotes, else up to what may follow
/// a key or a value.
#[must_use]
pub fn word_at(source: &Arc<Source>, place: &Place) -> Mark {
    let at = |number: u32| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
    let line = source.lines.get(at(place.line)).copied().unwrap_or(source.text.len());
    let rest = source.text.get(line..).unwrap_or_default();
    let rest = rest.split(['\n', '\r']).next().unwrap_or_default();
    let before = rest.chars().take(at(place.column)).map(char::len_utf8).sum::<usize>();
    let word = rest.get(before..).unwrap_or_default();
    let quote = word.chars().next().filter(|first| matches!(first, '"' | '\''));
    let length = match quote {
        Some(quote) => word.get(1..).and_then(|inside| inside.find(quote)).map(|end| end + 2),
        None => word.find([' ', ':', ',', '}', ']']),
    };
    let start = line + before;
    Mark { source: Arc::clone(source), start, end: start + length.unwrap_or(word.len()) }
}

/// A stretch of a file, of those that one check reads. Octets; 12 octets small, so that every node of
/// a tree can have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct Span {
    /// Which file, in the order of reading.
    pub(crate) file: u32,
    /// First octet.
    pub(crate) start: u32,
    /// Behind the last octet.
    pub(crate) end: u32,
}

/// Where a span stands.
pub(crate) fn place_of(sources: &[Arc<Source>], span: Span) -> Place {
    match sources.get(span.file as usize) {
        Some(source) => source.place(span.start as usize),
        None => Place { file: Arc::from(Path::new("")), line: 1, column: 1 },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_counts_lines_and_characters_from_one() {
        let source = Source::new(Path::new("a.yaml"), "eins\nzwölf: x\n".to_owned());
        let place = |offset| {
            let place = source.place(offset);
            (place.line, place.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(5), (2, 1));
        // `ö` takes two octets and one column.
        assert_eq!(place(source.text().find('x').unwrap()), (2, 8));
        assert_eq!(place(9_999), (3, 1));
    }

    #[test]
    fn the_word_at_a_place_ends_where_the_key_or_the_quotes_do() {
        let source = Arc::new(Source::new(Path::new("a.yaml"), "zwölf:\n  \"a b\": { ü: 1 }\n".to_owned()));
        let word = |line, column| {
            let mark = word_at(&source, &Place { file: Arc::from(source.path()), line, column });
            source.text()[mark.start..mark.end].to_owned()
        };
        assert_eq!(word(1, 1), "zwölf");
        assert_eq!(word(2, 3), "\"a b\"");
        assert_eq!(word(2, 12), "ü");
        assert_eq!(word(7, 1), "");
    }
}
