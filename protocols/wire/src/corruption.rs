//! What the protocols' ways to break a message on purpose have in common: each is a word of a catalogue with arguments
//! behind it, as a scenario writes it (`corrupt: length 7`). What a word does to a message is its protocol's.

use crate::unhex;

/// One word of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// The word that a scenario writes.
    pub word: &'static str,
    /// What stands behind it; empty where nothing does.
    pub arguments: &'static str,
    /// What becomes of the message, and what a receiver does with it.
    pub about: &'static str,
}

/// One word of a catalogue, written short.
#[must_use]
pub const fn entry(word: &'static str, arguments: &'static str, about: &'static str) -> Entry {
    Entry { word, arguments, about }
}

/// A text named no corruption.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CorruptionError {
    /// The first word is none of the catalogue.
    #[error("there is no corruption '{word}'; there are {known}")]
    Unknown {
        /// The word.
        word: String,
        /// The words that there are.
        known: String,
    },
    /// What stands behind the word does not fit it.
    #[error("'{text}' is not complete; write {word} {arguments}")]
    Arguments {
        /// What was written.
        text: String,
        /// The word.
        word: &'static str,
        /// What should stand behind it.
        arguments: &'static str,
    },
}

/// Reads a text by a catalogue: `of` makes a corruption of its words, or says that they do not fit.
///
/// # Errors
/// The first word is not in the catalogue, or `of` could make nothing of what follows it.
pub fn read<T>(
    catalogue: &[Entry],
    text: &str,
    of: impl FnOnce(&[&str]) -> Option<T>,
) -> Result<T, CorruptionError> {
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let first = words.first().copied().unwrap_or_default();
    let known = || catalogue.iter().map(|entry| entry.word).collect::<Vec<_>>().join(", ");
    let entry = catalogue
        .iter()
        .find(|entry| entry.word == first)
        .ok_or_else(|| CorruptionError::Unknown { word: first.to_owned(), known: known() })?;
    of(&words).ok_or_else(|| CorruptionError::Arguments {
        text: text.to_owned(),
        word: entry.word,
        arguments: entry.arguments,
    })
}

/// An octet, as a decimal number or as two hexadecimal digits behind `0x`.
#[must_use]
pub fn octet(text: &str) -> Option<u8> {
    match octets(text).as_deref() {
        Some([octet]) => Some(*octet),
        Some(_) => None,
        None => text.parse().ok(),
    }
}

/// Octets as hexadecimal digits behind `0x`.
#[must_use]
pub fn octets(text: &str) -> Option<Vec<u8>> {
    text.strip_prefix("0x").and_then(unhex)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE: &[Entry] = &[entry("length", "<0..255>", "another length"), entry("cut", "", "cut off")];

    fn said(text: &str) -> Result<u8, String> {
        let of = |words: &[&str]| match *words {
            ["length", len] => octet(len),
            ["cut"] => Some(0),
            _ => None,
        };
        read(CATALOGUE, text, of).map_err(|error| error.to_string())
    }

    #[test]
    fn a_word_is_read_with_its_arguments_or_told_what_is_wrong() {
        assert_eq!((said(" length  7 "), said("length 0x1f"), said("cut")), (Ok(7), Ok(31), Ok(0)));
        let unknown = "there is no corruption 'lenght'; there are length, cut";
        assert_eq!(said("lenght 7"), Err(unknown.to_owned()));
        let incomplete = "'length 0x1ff' is not complete; write length <0..255>";
        assert_eq!(said("length 0x1ff"), Err(incomplete.to_owned()));
        assert!(said("").is_err() && said("cut 1").is_err());
    }
}
