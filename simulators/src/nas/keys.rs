//! What the caller presses: digits become entries, ended by a key or by their length. Keys pressed before
//! they are asked for are kept, as an IVR with type-ahead does.

use tollgate_wire::Text;

/// Most keys kept; further ones fall on deaf ears.
pub(super) const KEYS_MAX: usize = 128;

/// The key that ends an entry, and the length that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ending {
    pub(super) terminator: char,
    /// An entry of that many keys needs no terminator; 0 for none.
    pub(super) length: usize,
    /// Whether `*` throws the entry away; in a destination it is a digit like any other.
    pub(super) star_clears: bool,
}

/// Keys that were pressed and not yet understood.
#[derive(Debug, Default)]
pub(super) struct Keys {
    ahead: Text,
    entry: Text,
}

impl Keys {
    /// Takes keys; `false` when there is no room for all of them.
    pub(super) fn press(&mut self, keys: &str) -> bool {
        let room = KEYS_MAX.saturating_sub(self.ahead.len());
        let fits = keys.len() <= room;
        self.ahead.push_str(keys.get(..room.min(keys.len())).unwrap_or_default());
        fits
    }

    /// The next whole entry, once its last key was pressed. What was pressed behind it stays.
    pub(super) fn take(&mut self, ending: Ending) -> Option<Text> {
        let ahead = std::mem::take(&mut self.ahead);
        let mut keys = ahead.chars();
        while let Some(key) = keys.next() {
            let ends = if key == ending.terminator {
                true
            } else if key == '*' && ending.star_clears {
                self.entry.clear();
                false
            } else {
                if self.entry.len() < KEYS_MAX {
                    self.entry.push(key);
                }
                ending.length > 0 && self.entry.len() >= ending.length
            };
            if ends {
                self.ahead = Text::from(keys.as_str());
                return Some(std::mem::take(&mut self.entry));
            }
        }
        None
    }

    /// What was pressed of an entry that nobody ended; `None` where nothing was.
    pub(super) fn take_unended(&mut self) -> Option<Text> {
        (!self.entry.is_empty()).then(|| std::mem::take(&mut self.entry))
    }

    /// Whether an entry has begun.
    pub(super) fn is_begun(&self) -> bool {
        !self.entry.is_empty()
    }

    /// Forgets everything: after a refusal, what was pressed ahead answers no question.
    pub(super) fn flush(&mut self) {
        self.ahead.clear();
        self.entry.clear();
    }
}

/// Whether a telephone has this key (Q.23, with the fourth column).
pub(super) const fn is_key(key: char) -> bool {
    matches!(key, '0'..='9' | '*' | '#' | 'A'..='D')
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: Ending = Ending { terminator: '#', length: 0, star_clears: true };

    #[test]
    fn an_entry_may_come_in_pieces_and_the_rest_waits_for_the_next_question() {
        let mut keys = Keys::default();
        keys.press("10086");
        assert_eq!(keys.take(CARD), None);
        assert!(keys.is_begun());
        keys.press("610975#0118");
        assert_eq!(keys.take(CARD).as_deref(), Some("10086610975"));
        let destination = Ending { star_clears: false, ..CARD };
        assert_eq!(keys.take(destination), None);
        keys.press("*2#");
        assert_eq!(keys.take(destination).as_deref(), Some("0118*2"));
    }

    #[test]
    fn a_card_of_the_known_length_needs_no_terminator_and_a_star_starts_over() {
        let mut keys = Keys::default();
        keys.press("99*123456");
        assert_eq!(keys.take(Ending { length: 4, ..CARD }).as_deref(), Some("1234"));
        assert_eq!(keys.take(CARD), None);
        assert_eq!(keys.take_unended().as_deref(), Some("56"));
        assert_eq!(keys.take_unended(), None);
    }

    #[test]
    fn more_keys_than_fit_are_not_heard() {
        let mut keys = Keys::default();
        assert!(keys.press(&"1".repeat(KEYS_MAX)));
        assert!(!keys.press("2"));
        assert_eq!(keys.take(CARD), None);
        keys.press(&"3".repeat(KEYS_MAX));
        keys.press("#");
        assert_eq!(keys.take(CARD), None, "the terminator did not fit");
        keys.flush();
        keys.press("4#");
        assert_eq!(keys.take(CARD).as_deref(), Some("4"));
    }
}
