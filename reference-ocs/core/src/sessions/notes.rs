//! The notes of a usage, a bit for each.

use crate::xdr::Note;

/// Notes, each once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Notes(u32);

const fn bit(note: Note) -> u32 {
    1 << note as u32
}

impl Notes {
    pub(crate) const fn insert(&mut self, note: Note) {
        self.0 |= bit(note);
    }

    pub(crate) const fn remove(&mut self, note: Note) {
        self.0 &= !bit(note);
    }

    pub(crate) const fn contains(self, note: Note) -> bool {
        self.0 & bit(note) != 0
    }

    /// All of them, in the order of [`Note`].
    pub(crate) fn listed(self) -> Vec<Note> {
        if self.0 == 0 {
            return Vec::new();
        }
        Note::ALL.into_iter().filter(|note| self.contains(*note)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_listed_in_their_order_each_once() {
        let mut notes = Notes::default();
        for note in [Note::NodeRestarted, Note::Overdraft, Note::Unresolved, Note::Overdraft] {
            notes.insert(note);
        }
        notes.insert(Note::NoStop);
        notes.remove(Note::NoStop);
        assert_eq!(notes.listed(), [Note::Unresolved, Note::Overdraft, Note::NodeRestarted]);
        assert!(!notes.contains(Note::NoStop));
    }

    #[test]
    fn all_notes_are_there_in_the_order_of_their_declaration() {
        assert!(Note::ALL.is_sorted());
        let mut bits: Vec<u32> = Note::ALL.into_iter().map(bit).collect();
        bits.dedup();
        assert_eq!(bits.len(), Note::ALL.len());
        // The last one there is; another behind it must be listed too.
        assert_eq!(Note::ALL.last(), Some(&Note::NodeRestarted));
    }
}
