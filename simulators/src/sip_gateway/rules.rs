//! What a gateway does with a call, by the beginning of its number.

use std::time::Duration;

/// Rules that one gateway may have.
const RULES_MAX: usize = 256;

/// What is done with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// The provisional answer, if there is one: 180 or 183.
    pub(super) progress: Option<u16>,
    /// How long until something final is said.
    pub(super) after: Duration,
    /// What is said then; `None` says nothing.
    pub(super) outcome: Option<Outcome>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is answered, and hung up after so long if that stands.
    Answer(Option<Duration>),
    /// It fails with this status.
    Fail(u16),
}

/// Rules by the beginning of the number, the longest one counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules(Vec<(String, Rule)>);

impl Rules {
    pub(super) fn read<'t>(texts: impl Iterator<Item = &'t str>) -> Result<Self, String> {
        let rules: Vec<(String, Rule)> = texts.map(read).collect::<Result<_, _>>()?;
        if rules.len() > RULES_MAX { Err(format!("more than {RULES_MAX} rules")) } else { Ok(Self(rules)) }
    }

    pub(super) fn find(&self, number: &str) -> Option<Rule> {
        let fits = self.0.iter().filter(|(prefix, _)| prefix == "*" || number.starts_with(prefix.as_str()));
        fits.max_by_key(|(prefix, _)| if prefix == "*" { 0 } else { prefix.len() + 1 }).map(|(_, rule)| *rule)
    }
}

/// Reads `<prefix>: <words>`: `380: ring 3s, answer, talk 60s`; `44: fail 503`; `*: progress, fail 404 after 2s`.
fn read(text: &str) -> Result<(String, Rule), String> {
    let wrong = |why: &str| {
        format!(
            "'{text}' is no rule ({why}); write it as '380: ring 3s, answer, talk 60s', '44: fail 503', '*: progress 2s, silent'"
        )
    };
    let (prefix, words) = text.split_once(':').ok_or_else(|| wrong("no colon"))?;
    let mut rule = Rule { progress: None, after: Duration::ZERO, outcome: Some(Outcome::Answer(None)) };
    for part in words.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (word, value) = part.split_once(' ').unwrap_or((part, ""));
        let value = value.trim();
        let span =
            || if value.is_empty() { Ok(Duration::ZERO) } else { span(value).ok_or_else(|| wrong(value)) };
        match word {
            "ring" | "progress" => {
                rule.progress = Some(if word == "ring" { 180 } else { 183 });
                rule.after = span()?;
            }
            "answer" if value.is_empty() => rule.outcome = Some(Outcome::Answer(None)),
            "talk" => rule.outcome = Some(Outcome::Answer(Some(span()?))),
            "silent" if value.is_empty() => rule.outcome = None,
            "fail" => {
                let code = value.parse().ok().filter(|code| (300..700).contains(code));
                rule.outcome = Some(Outcome::Fail(code.ok_or_else(|| wrong(value))?));
            }
            _ => return Err(wrong(part)),
        }
    }
    Ok((prefix.trim().to_owned(), rule))
}

/// Reads a whole number with ms, s or min behind it.
fn span(text: &str) -> Option<Duration> {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, unit) = text.split_at_checked(end)?;
    let number: u64 = digits.parse().ok()?;
    match unit.trim() {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "min" => number.checked_mul(60).map(Duration::from_secs),
        _ => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn the_longest_beginning_of_a_number_says_what_is_done() {
        let texts = ["380: ring 3s, answer, talk 1min", "38044: fail 503", "*: progress 200ms, silent"];
        let rules = Rules::read(texts.into_iter()).unwrap();
        let rule = rules.find("380501234567").unwrap();
        assert_eq!((rule.progress, rule.after), (Some(180), Duration::from_secs(3)));
        assert_eq!(rule.outcome, Some(Outcome::Answer(Some(Duration::from_secs(60)))));
        assert_eq!(rules.find("380441").unwrap().outcome, Some(Outcome::Fail(503)));
        assert_eq!(rules.find("1").unwrap().outcome, None);
        for wrong in ["380", "380: ring 3", "380: fail 200", "380: sing", "380: ring 3h", "1: answer 2s"] {
            assert!(Rules::read(std::iter::once(wrong)).is_err(), "{wrong}");
        }
    }
}
