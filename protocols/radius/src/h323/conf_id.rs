//! `h323-conf-id`: 128 bits in four groups of hexadecimal digits.

use std::fmt;
use std::str::FromStr;

/// A conference identifier: `39AE126B CD4D11DB 958E0014 1C3F6886`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfId(pub [u32; 4]);

/// A text was not a conference identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{text}' is not a conference identifier; write four groups of up to 8 hexadecimal digits")]
pub struct ConfIdError {
    /// What was to be read.
    pub text: String,
}

impl FromStr for ConfId {
    type Err = ConfIdError;

    /// Reads four groups of one to eight digits: gateways leave out zeros at the front of a group.
    fn from_str(text: &str) -> Result<Self, ConfIdError> {
        let wrong = || ConfIdError { text: text.to_owned() };
        let mut groups = [0; 4];
        let mut words = text.split_ascii_whitespace();
        for group in &mut groups {
            let word =
                words.next().filter(|word| word.len() <= 8 && !word.starts_with('+')).ok_or_else(wrong)?;
            *group = u32::from_str_radix(word, 16).map_err(|_| wrong())?;
        }
        if words.next().is_some() { Err(wrong()) } else { Ok(Self(groups)) }
    }
}

impl fmt::Display for ConfId {
    /// Eight upper-case digits a group.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.0;
        write!(f, "{a:08X} {b:08X} {c:08X} {d:08X}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_is_shown_as_it_was_read() {
        let text = "39AE126B CD4D11DB 958E0014 1C3F6886";
        let id: ConfId = text.parse().unwrap();
        assert_eq!(id.0[3], 0x1c3f_6886);
        assert_eq!(id.to_string(), text);
    }

    #[test]
    fn zeros_at_the_front_of_a_group_may_be_missing() {
        let id: ConfId = "1010101 0 0 12".parse().unwrap();
        assert_eq!(id.to_string(), "01010101 00000000 00000000 00000012");
    }

    #[test]
    fn what_has_other_groups_is_refused() {
        for text in ["", "1 2 3", "1 2 3 4 5", "1 2 3 123456789", "1 2 3 G", "1 2 3 +4", "1 2 3 -4"] {
            assert!(text.parse::<ConfId>().is_err(), "{text}");
        }
    }
}
