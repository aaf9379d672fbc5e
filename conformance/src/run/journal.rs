//! Everything that was observed in one run of a scenario, in the order in which it was observed.
//!
//! Expectations consume entries, reports read them. The text form is canonical: one line an entry, the same
//! bytes for the same file and seed. Nothing is rendered unless it is asked for.

use std::fmt::{self, Write as _};
use std::io;

use tollgate_network::{NodeId, Seen};
use tollgate_wire::Text;

/// One observation in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was seen, when, by whom, in which frame.
    pub seen: Seen,
    /// Whether an expectation has consumed it.
    pub used: bool,
}

/// The journal of one run.
#[derive(Debug, Clone, Default)]
pub struct Journal {
    entries: Vec<Entry>,
    names: Vec<(NodeId, Text)>,
    /// Every entry before this one is used.
    oldest_unused: usize,
}

impl Journal {
    /// An empty journal of nodes with these names.
    #[must_use]
    pub fn new(names: Vec<(NodeId, Text)>) -> Self {
        // A call through an IVR makes some fifty; growing step by step would move them several times.
        Self { entries: Vec::with_capacity(64), names, oldest_unused: 0 }
    }

    /// Appends an observation. Answers with its place, counted from 0.
    pub fn push(&mut self, seen: Seen) -> usize {
        self.entries.push(Entry { seen, used: false });
        self.entries.len() - 1
    }

    /// Every entry, in order. The sequence number of an entry is its place here, counted from 1.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How many entries there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing was observed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Marks an entry as used.
    pub fn consume(&mut self, place: usize) {
        if let Some(entry) = self.entries.get_mut(place) {
            entry.used = true;
        }
        while self.entries.get(self.oldest_unused).is_some_and(|entry| entry.used) {
            self.oldest_unused += 1;
        }
    }

    /// Entries that nothing has consumed, the oldest first, with their places.
    pub fn unused(&self) -> impl Iterator<Item = (usize, &Seen)> {
        let skipped = self.entries.iter().enumerate().skip(self.oldest_unused);
        skipped.filter(|(_, entry)| !entry.used).map(|(place, entry)| (place, &entry.seen))
    }

    /// The name of a node: that of the scenario, or `node 3` for one that the scenario does not know.
    #[must_use]
    pub fn name(&self, node: NodeId) -> Text {
        let known = self.names.iter().find(|(own, _)| *own == node);
        known.map_or_else(|| Text::from(format!("node {}", node.0)), |(_, name)| name.clone())
    }

    /// One entry on one line, without its sequence number.
    #[must_use]
    pub fn line(&self, place: usize) -> String {
        let mut line = String::new();
        if let Some(entry) = self.entries.get(place) {
            // Writing to a `String` cannot fail.
            let _ = self.render(&entry.seen, &mut line);
        }
        line
    }

    /// Writes the canonical text: a line an entry with its sequence number, time (RFC 3339, UTC), observer,
    /// kind, frame and fields, separated by single spaces. Line breaks and other control characters inside
    /// values are escaped.
    ///
    /// # Errors
    /// The writer fails.
    pub fn write_to<W: io::Write>(&self, out: &mut W) -> io::Result<()> {
        let mut line = String::with_capacity(512);
        for (place, entry) in self.entries.iter().enumerate() {
            line.clear();
            let rendered = write!(line, "{} ", place + 1).and_then(|()| self.render(&entry.seen, &mut line));
            rendered.map_err(io::Error::other)?;
            line.push('\n');
            out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    /// A digest of the canonical text, to compare runs: equal texts have equal digests. It is FNV-1a and keeps no
    /// secret.
    #[must_use]
    pub fn digest(&self) -> u64 {
        let mut digest = Digest::default();
        // A digest takes any bytes.
        let _ = self.write_to(&mut digest);
        digest.0
    }

    fn render(&self, seen: &Seen, out: &mut String) -> fmt::Result {
        let mut line = OneLine(out);
        write!(line, "{} {} {}", seen.at, self.name(seen.node), seen.observation.kind)?;
        if let Some(frame) = seen.frame {
            write!(line, " frame {frame}")?;
        }
        if !seen.observation.fields().is_empty() {
            write!(line, " {}", seen.observation.fields())?;
        }
        Ok(())
    }
}

/// Keeps what is written on one line.
struct OneLine<'a>(&'a mut String);

impl fmt::Write for OneLine<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if !text.contains(|letter: char| letter.is_control() || letter == '\\') {
            self.0.push_str(text);
            return Ok(());
        }
        for letter in text.chars() {
            if letter.is_control() || letter == '\\' {
                self.0.extend(letter.escape_default());
            } else {
                self.0.push(letter);
            }
        }
        Ok(())
    }
}

/// FNV-1a over 64 bits.
struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl io::Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tollgate_network::Observation;
    use tollgate_time::Instant;
    use tollgate_wire::Fields;

    use super::*;

    fn journal() -> Journal {
        let mut journal = Journal::new(vec![(NodeId(0), "ocs".into()), (NodeId(1), "ivr".into())]);
        let at = Instant::from_unix_nanos(1_173_428_150_001_500_000);
        let seen = |node, kind: &str, fields, frame| Seen {
            at,
            node: NodeId(node),
            observation: Observation::new(kind, fields),
            frame,
        };
        journal.push(seen(1, "prompt", Fields::new().with("is", "line\nbreak \\ é"), None));
        journal.push(seen(0, "Access-Request", Fields::new().with("User-Name", "1"), Some(7)));
        journal.push(seen(2, "odd", Fields::new(), None));
        journal
    }

    #[test]
    fn an_entry_is_one_line_whatever_its_values_hold() {
        let mut text = Vec::new();
        journal().write_to(&mut text).unwrap();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "1 2007-03-09T08:15:50.0015Z ivr prompt is: line\\nbreak \\\\ é\n\
             2 2007-03-09T08:15:50.0015Z ocs Access-Request frame 7 User-Name: 1\n\
             3 2007-03-09T08:15:50.0015Z node 2 odd\n"
        );
    }

    #[test]
    fn the_digest_tells_journals_apart_that_differ_in_one_place() {
        let (one, mut other) = (journal(), journal());
        assert_eq!(one.digest(), other.digest());
        other.entries[1].seen.frame = Some(8);
        assert_ne!(one.digest(), other.digest());
        // FNV-1a of nothing is its offset basis.
        assert_eq!(Journal::default().digest(), 0xcbf2_9ce4_8422_2325);
    }

    #[test]
    fn a_consumed_entry_is_not_found_again() {
        let mut journal = journal();
        journal.consume(1);
        assert_eq!(journal.unused().map(|(place, _)| place).collect::<Vec<_>>(), [0, 2]);
        journal.consume(0);
        assert_eq!(journal.oldest_unused, 2);
        assert_eq!(journal.unused().map(|(place, _)| place).collect::<Vec<_>>(), [2]);
    }
}
