//! Dialling rules: from what a caller dials to the number that is charged, E.164 without the plus sign.
//!
//! A service number such as `411` is what it is translated to. Else the first rule that fits counts: a plus sign; the longest international prefix; a local number by its length; a
//! national number by its prefix or its length; anything else is taken for E.164 already. What is not a number (a
//! word such as `VOICEONNET`) is left as it is.

use std::borrow::Cow;

/// How numbers are dialled at a customer or a node.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct DialingRules {
    /// What comes before a country code, such as `011` or `00`.
    pub international_prefixes: Vec<String>,
    /// What comes before an area code, such as `1` or `0`.
    pub national_prefix: Option<String>,
    /// The country's code, such as `1`.
    pub country_code: Option<String>,
    /// The area's code, such as `604`.
    pub area_code: Option<String>,
    /// How many digits a number without its area code has, such as 7.
    pub local_digits: Option<u8>,
    /// How many digits a number with its area code has, without the prefix, such as 10.
    pub national_digits: Option<u8>,
    /// Numbers that stand for others, such as `411` for `12055576061`: what is dialled, and what is charged and connected.
    #[serde(default)]
    pub translations: Vec<(String, String)>,
}

/// Signs that people write into numbers and nobody dials.
const SEPARATORS: [char; 6] = [' ', '-', '.', '(', ')', '/'];

impl DialingRules {
    /// The rules of the North American plan, for a country and area.
    #[must_use]
    pub fn north_american(area_code: &str) -> Self {
        Self {
            international_prefixes: vec!["011".to_owned()],
            national_prefix: Some("1".to_owned()),
            country_code: Some("1".to_owned()),
            area_code: Some(area_code.to_owned()),
            local_digits: Some(7),
            national_digits: Some(10),
            translations: Vec::new(),
        }
    }

    /// The first part of the rules that is not made of digits, for a catalogue to refuse.
    pub(crate) fn first_wrong(&self) -> Option<&str> {
        let parts = [&self.national_prefix, &self.country_code, &self.area_code];
        let named = parts.into_iter().flatten().chain(&self.international_prefixes);
        let named = named.chain(self.translations.iter().flat_map(|(dialled, number)| [dialled, number]));
        named.map(String::as_str).find(|part| {
            let digits = part.strip_prefix('+').filter(|rest| !rest.is_empty()).unwrap_or(part);
            digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit())
        })
    }

    /// The number that is charged for what was dialled.
    #[must_use]
    pub fn normalize<'a>(&self, dialled: &'a str) -> Cow<'a, str> {
        // Most numbers are digits alone, and one look tells so.
        let plain = !dialled.is_empty() && dialled.bytes().all(|byte| byte.is_ascii_digit());
        let number: Cow<'a, str> = if !plain && dialled.contains(SEPARATORS) {
            Cow::Owned(dialled.replace(SEPARATORS, ""))
        } else {
            Cow::Borrowed(dialled)
        };
        let digits = number.strip_prefix('+').unwrap_or(&number);
        if !plain && (digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit())) {
            return Cow::Borrowed(dialled);
        }
        if let Some((_, translated)) = self.translations.iter().find(|(own, _)| *own == number) {
            return Cow::Owned(translated.clone());
        }
        let after_prefix = |prefix: &str| number.strip_prefix(prefix).filter(|rest| !rest.is_empty());
        let international = self.international_prefixes.iter().map(String::as_str).chain(["+"]);
        if let Some(rest) = international.filter_map(after_prefix).min_by_key(|rest| rest.len()) {
            return Cow::Owned(rest.to_owned());
        }
        let country = self.country_code.as_deref().unwrap_or_default();
        let has =
            |digits: Option<u8>, number: &str| digits.is_some_and(|count| usize::from(count) == number.len());
        if has(self.local_digits, &number) {
            let area = self.area_code.as_deref().unwrap_or_default();
            return Cow::Owned(format!("{country}{area}{number}"));
        }
        // The prefix counts only before as many digits as a national number has, where that is known: otherwise a
        // foreign number in E.164 would lose its first digit.
        let after_national = self.national_prefix.as_deref().and_then(after_prefix);
        match after_national {
            Some(rest) if self.national_digits.is_none() || has(self.national_digits, rest) => {
                Cow::Owned(format!("{country}{rest}"))
            }
            _ if has(self.national_digits, &number) => Cow::Owned(format!("{country}{number}")),
            _ => number,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn international_calls_lose_their_prefix() {
        let rules = DialingRules::north_american("604");
        assert_eq!(rules.normalize("01182623634515"), "82623634515");
        assert_eq!(rules.normalize("+82623634515"), "82623634515");
        assert_eq!(rules.normalize("+82 (62) 363-45-15"), "82623634515");
    }

    #[test]
    fn the_longest_international_prefix_counts() {
        let rules = DialingRules {
            international_prefixes: vec!["00".to_owned(), "00700".to_owned()],
            ..DialingRules::default()
        };
        assert_eq!(rules.normalize("0070082623634515"), "82623634515");
        assert_eq!(rules.normalize("0082623634515"), "82623634515");
    }

    #[test]
    fn national_and_local_numbers_get_country_and_area() {
        let rules = DialingRules::north_american("604");
        assert_eq!(rules.normalize("16045550193"), "16045550193");
        assert_eq!(rules.normalize("6045550193"), "16045550193");
        assert_eq!(rules.normalize("5550193"), "16045550193");
        let german = DialingRules {
            international_prefixes: vec!["00".to_owned()],
            national_prefix: Some("0".to_owned()),
            country_code: Some("49".to_owned()),
            area_code: Some("30".to_owned()),
            ..DialingRules::default()
        };
        assert_eq!(german.normalize("08912345"), "498912345");
        assert_eq!(german.normalize("0082623634515"), "82623634515");
    }

    #[test]
    fn a_number_in_e164_passes_unchanged() {
        let rules = DialingRules::north_american("604");
        assert_eq!(rules.normalize("82623634515"), "82623634515");
        assert_eq!(DialingRules::default().normalize("380441234567"), "380441234567");
    }

    #[test]
    fn a_service_number_is_translated_and_no_other_that_begins_like_it() {
        let mut rules = DialingRules::north_american("205");
        rules.translations.push(("411".to_owned(), "12055576061".to_owned()));
        assert_eq!(rules.normalize("411"), "12055576061");
        assert_eq!(rules.normalize("4115550"), "12054115550");
        assert_eq!(rules.normalize("911"), "911");
        assert_eq!(rules.first_wrong(), None);
        rules.translations.push(("4x1".to_owned(), "1".to_owned()));
        assert_eq!(rules.first_wrong(), Some("4x1"));
    }

    #[test]
    fn what_is_no_number_is_left_alone() {
        let rules = DialingRules::north_american("604");
        for word in ["VOICEONNET", "", "+", "(", "a.b", "011"] {
            assert_eq!(rules.normalize(word), word);
        }
    }
}
