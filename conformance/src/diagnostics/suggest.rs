//! The nearest right name to a wrong one.

/// Names longer than this are not measured; nobody mistypes one by a letter or two.
const NAME_CHARS_MAX: usize = 100;
/// How many names a help lists before it says how many more there are.
const LISTED_MAX: usize = 12;
/// How much of a tester's text a message repeats.
const SHOWN_CHARS_MAX: usize = 60;

/// The candidate that `name` was probably meant to be: the same but for case, hyphens and underscores,
/// or a few letters away. The first of several equally near ones.
#[must_use]
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = folded(name);
    if wanted.is_empty() || wanted.chars().count() > NAME_CHARS_MAX {
        return None;
    }
    let tolerated = (wanted.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.chars().count() > NAME_CHARS_MAX {
            continue;
        }
        let distance = strsim::osa_distance(&wanted, &folded(candidate));
        if distance <= tolerated && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// `did you mean 'pgw'?`, where there is something to mean.
pub(crate) fn did_you_mean<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(name, candidates).map(|found| format!("did you mean '{found}'?"))
}

/// `did you mean 'pgw'?`, else what there is to choose from: `known peers: ivr, pgw`.
pub(crate) fn known_names(name: &str, plural: &str, candidates: &[&str]) -> Option<String> {
    if let Some(help) = did_you_mean(name, candidates.iter().copied()) {
        return Some(help);
    }
    if candidates.is_empty() {
        return None;
    }
    let listed = candidates.iter().take(LISTED_MAX).copied().collect::<Vec<_>>().join(", ");
    Some(match candidates.len().saturating_sub(LISTED_MAX) {
        0 => format!("known {plural}: {listed}"),
        more => format!("known {plural}: {listed} and {more} more"),
    })
}

/// A tester's text as a message repeats it: short, on one line, without control characters.
pub(crate) fn shown(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN_CHARS_MAX).flat_map(visible).collect();
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        short.push('…');
    }
    short
}

fn visible(letter: char) -> Vec<char> {
    if letter.is_control() { letter.escape_default().collect() } else { vec![letter] }
}

fn folded(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_hyphens_and_underscores_do_not_count() {
        let names = ["Access-Accept", "connect_fee"];
        assert_eq!(nearest("access_accept", names), Some("Access-Accept"));
        assert_eq!(nearest("connect-fee", names), Some("connect_fee"));
    }

    #[test]
    fn a_letter_or_two_away_is_near_and_something_else_is_not() {
        let names = ["dial", "answer", "hangup"];
        assert_eq!(nearest("dail", names), Some("dial"));
        assert_eq!(nearest("hangupp", names), Some("hangup"));
        assert_eq!(nearest("teleport", names), None);
        assert_eq!(nearest("", names), None);
    }

    #[test]
    fn without_a_near_name_the_help_lists_what_there_is() {
        assert_eq!(known_names("xyzzy", "verbs", &["dial", "answer"]).unwrap(), "known verbs: dial, answer");
        assert_eq!(known_names("xyzzy", "verbs", &[]), None);
        let many: Vec<String> = (0..20).map(|n| format!("name{n}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert!(known_names("xyzzy", "verbs", &many).unwrap().ends_with("name11 and 8 more"));
    }

    #[test]
    fn a_repeated_text_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[31mb"), "a\\u{1b}[31mb");
        assert_eq!(shown(&"x".repeat(200)).chars().count(), 61);
    }
}
