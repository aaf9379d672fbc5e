//! The longest prefix of a number, among very many.
//!
//! A prefix of up to 16 digits is one 64-bit number, four bits a digit from the left, so that the order of the numbers
//! is the order of the texts. In the sorted list every entry between a prefix and a number that begins with it begins
//! with the prefix as well; so the entry at or before the number is the longest match or lies below it, and a link
//! from each entry to the longest shorter prefix of its own leads there.

use crate::ids::RateId;

/// The most digits of a prefix.
pub(crate) const DIGITS_MAX: usize = 16;
const NO_PARENT: u32 = u32::MAX;
/// From how many keys on a list of where keys begin with so many digits is worth its 16 KiB, or 256 KiB.
const LONG_LISTS: [(usize, u32); 2] = [(65_536, 4), (4_096, 3)];

/// A prefix; all that a look-up needs of it lies together.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: u64,
    /// Where the longest shorter prefix of its own stands.
    parent: u32,
    rate: RateId,
}

/// Rates by prefix.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prefixes {
    /// By key.
    entries: Vec<Entry>,
    /// Where the keys of each beginning start, in a long list: most of the search without touching it.
    starts: Vec<u32>,
    /// How many bits of a key come after such a beginning.
    after: u32,
}

/// A digit is kept as itself plus one; nothing is 0, so that shorter texts come first.
fn packed(text: &str, cut: bool) -> Option<u64> {
    let mut key = 0_u64;
    let mut shift = 64_u32;
    for byte in text.bytes() {
        if shift == 0 {
            return cut.then_some(key);
        }
        if !byte.is_ascii_digit() {
            return None;
        }
        shift -= 4;
        key |= u64::from(byte - b'0' + 1) << shift;
    }
    Some(key)
}

/// The bits that a prefix's digits take.
fn mask(prefix: u64) -> u64 {
    let empty_digits = prefix.trailing_zeros() / 4;
    u64::MAX.checked_shl(empty_digits * 4).unwrap_or(0)
}

fn covers(prefix: u64, number: u64) -> bool {
    number & mask(prefix) == prefix
}

impl Prefixes {
    /// The key of a prefix, or `None` when it is not 1 to 16 digits.
    pub(crate) fn key(prefix: &str) -> Option<u64> {
        packed(prefix, false).filter(|_| (1..=DIGITS_MAX).contains(&prefix.len()))
    }

    /// From keys and rates in any order, without duplicates.
    pub(crate) fn new(mut entries: Vec<(u64, RateId)>) -> Self {
        entries.sort_unstable();
        let mut all = Self::default();
        let mut above: Vec<u32> = Vec::new();
        for (place, (key, rate)) in (0_u32..).zip(entries) {
            while above
                .last()
                .is_some_and(|&it| !all.entries.get(it as usize).is_some_and(|it| covers(it.key, key)))
            {
                above.pop();
            }
            all.entries.push(Entry { key, parent: above.last().copied().unwrap_or(NO_PARENT), rate });
            above.push(place);
        }
        if let Some((_, digits)) = LONG_LISTS.iter().find(|(keys, _)| all.entries.len() >= *keys) {
            all.after = u64::BITS - digits * 4;
            all.starts = all.starts_of(digits * 4);
        }
        all
    }

    fn starts_of(&self, bits: u32) -> Vec<u32> {
        let before =
            |beginning: u64| self.entries.partition_point(|entry| entry.key >> self.after < beginning);
        (0..=1_u64 << bits).map(|it| u32::try_from(before(it)).unwrap_or(NO_PARENT)).collect()
    }

    /// How many keys are at or before a number.
    fn count_up_to(&self, number: u64) -> usize {
        let beginning = usize::try_from(number >> self.after).unwrap_or(usize::MAX);
        let bounds = self.starts.get(beginning).zip(self.starts.get(beginning.saturating_add(1)));
        let (from, to) = bounds.map_or((0, self.entries.len()), |(from, to)| (*from as usize, *to as usize));
        let entries = self.entries.get(from..to).unwrap_or_default();
        from + entries.partition_point(|entry| entry.key <= number)
    }

    /// The rate of the longest prefix of `number`. Digits beyond the sixteenth do not matter.
    pub(crate) fn longest(&self, number: &str) -> Option<RateId> {
        self.longest_where(number, Some)
    }

    /// The rate that `find` makes of the longest prefix of `number` that it makes one of.
    pub(crate) fn longest_where(
        &self,
        number: &str,
        find: impl Fn(RateId) -> Option<RateId>,
    ) -> Option<RateId> {
        let number = packed(number, true)?;
        let mut entry = self.entries.get(self.count_up_to(number).checked_sub(1)?)?;
        loop {
            if covers(entry.key, number)
                && let Some(rate) = find(entry.rate)
            {
                return Some(rate);
            }
            if entry.parent == NO_PARENT {
                return None;
            }
            entry = self.entries.get(entry.parent as usize)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{Strategy, prop_assert_eq, proptest};

    fn prefixes(texts: &[&str]) -> Prefixes {
        let keyed = texts.iter().enumerate();
        Prefixes::new(
            keyed.map(|(at, text)| (Prefixes::key(text).unwrap(), RateId::at(at).unwrap())).collect(),
        )
    }

    #[test]
    fn the_longest_prefix_wins() {
        let texts = ["8", "82", "826", "82623", "83", "1604"];
        let all = prefixes(&texts);
        let found = |number: &str| all.longest(number).map(|rate| texts[rate.place()]);
        assert_eq!(found("82623634515"), Some("82623"));
        assert_eq!(found("8262"), Some("826"));
        assert_eq!(found("829"), Some("82"));
        assert_eq!(found("8"), Some("8"));
        assert_eq!(found("16045550193"), Some("1604"));
        assert_eq!(found("1605"), None);
        assert_eq!(found(""), None);
        assert_eq!(found("9"), None);
        assert_eq!(found("82a"), None);
        assert_eq!(found("8262363451500000000000000000000"), Some("82623"));
    }

    #[test]
    fn a_prefix_is_one_to_sixteen_digits() {
        assert!(Prefixes::key("1234567890123456").is_some());
        for text in ["", "12345678901234567", "12a", "+1", "VOICEONNET"] {
            assert_eq!(Prefixes::key(text), None, "{text}");
        }
    }

    #[test]
    fn a_long_list_is_searched_like_a_short_one() {
        // Every number of four digits, and the one digit 7: a short list of its own finds the same.
        let texts: Vec<String> =
            (1_000..9_000).map(|number| number.to_string()).chain(["7".to_owned()]).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).filter(|text| *text != "7123").collect();
        let all = prefixes(&texts);
        assert!(!all.starts.is_empty());
        let found = |number: &str| all.longest(number).map(|rate| texts[rate.place()]);
        assert_eq!(found("82623634515"), Some("8262"));
        assert_eq!(found("7123000"), Some("7"));
        assert_eq!(found("700"), Some("7"));
        assert_eq!(found("1000"), Some("1000"));
        assert_eq!(found("8999"), Some("8999"));
        assert_eq!((found("9"), found("0999"), found("100")), (None, None, None));
    }

    #[test]
    fn a_very_long_list_is_searched_by_more_digits() {
        // Every number of five digits from 10000 on and the digits 7 and 8, without 71230 to 71239.
        let texts = (10_000..100_000).filter(|number| number / 10 != 7_123).map(|number| number.to_string());
        let texts: Vec<String> = texts.chain(["7".to_owned(), "8".to_owned()]).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let all = prefixes(&texts);
        assert_eq!(all.starts.len(), (1 << 16) + 1);
        let found = |number: &str| all.longest(number).map(|rate| texts[rate.place()]);
        assert_eq!(found("82623634515"), Some("82623"));
        assert_eq!(
            (found("71234000"), found("71240"), found("71229")),
            (Some("7"), Some("71240"), Some("71229"))
        );
        assert_eq!(
            (found("99999"), found("8"), found("9"), found("0")),
            (Some("99999"), Some("8"), None, None)
        );
    }

    proptest! {
        #[test]
        fn it_finds_what_trying_every_length_finds(
            texts in proptest::collection::btree_set("[0-3]{1,6}", 0..60),
            number in "[0-3]{0,9}".prop_map(String::from),
        ) {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let tried = (0..=number.len()).rev().find_map(|len| texts.iter().position(|text| **text == number[..len]));
            prop_assert_eq!(prefixes(&texts).longest(&number).map(RateId::place), tried);
        }
    }
}
