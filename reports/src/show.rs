//! How spans, counts, places and texts from the wire are shown to people.

use std::borrow::Cow;
use std::time::Duration;

use tollgate_conformance::scenario::Place;

/// A span in its two most telling units: `1h 12min`, `1min 14s`, `2.972s`, `3ms`, `42us`.
pub(crate) fn span(span: Duration) -> String {
    let (secs, millis) = (span.as_secs(), span.subsec_millis());
    match secs {
        86_400.. => format!("{}d {}h", secs / 86_400, secs % 86_400 / 3_600),
        3_600.. => format!("{}h {}min", secs / 3_600, secs % 3_600 / 60),
        60.. => format!("{}min {}s", secs / 60, secs % 60),
        1.. if millis == 0 => format!("{secs}s"),
        1.. => format!("{secs}.{millis:03}s"),
        0 if millis > 0 => format!("{millis}ms"),
        0 if span.is_zero() => "0s".to_owned(),
        0 => format!("{}us", span.subsec_micros()),
    }
}

/// Decimal seconds without a unit, as exact as needed: `73.701`.
pub(crate) fn seconds(span: Duration) -> String {
    let exact = format!("{}.{:09}", span.as_secs(), span.subsec_nanos());
    let short = exact.trim_end_matches('0').trim_end_matches('.');
    short.to_owned()
}

/// `1 step`, `2 steps`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `file:line:column`, as terminals and editors link it.
pub(crate) fn place(place: &Place) -> String {
    format!("{}:{}:{}", place.file.display(), place.line, place.column)
}

/// The text with control characters written out: what a peer sent must not steer a terminal.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let letters = text.chars().map(|letter| match letter {
        control if control.is_control() => control.escape_default().to_string(),
        other => other.to_string(),
    });
    Cow::Owned(letters.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_shown_in_telling_units() {
        let shown = |millis| span(Duration::from_millis(millis));
        assert_eq!(shown(0), "0s");
        assert_eq!(shown(3), "3ms");
        assert_eq!(shown(2_972), "2.972s");
        assert_eq!(shown(59_000), "59s");
        assert_eq!(shown(74_701), "1min 14s");
        // 1 h 12 min is 4,320 s.
        assert_eq!(shown(4_320_000), "1h 12min");
        assert_eq!(shown(90_000_000), "1d 1h");
        assert_eq!(span(Duration::from_micros(42)), "42us");
    }

    #[test]
    fn seconds_are_exact_and_without_idle_zeros() {
        assert_eq!(seconds(Duration::from_millis(73_701)), "73.701");
        assert_eq!(seconds(Duration::from_nanos(1)), "0.000000001");
        assert_eq!(seconds(Duration::from_secs(60)), "60");
        assert_eq!(seconds(Duration::ZERO), "0");
    }

    #[test]
    fn control_characters_are_written_out() {
        assert_eq!(clean("plain é"), "plain é");
        assert_eq!(clean("a\x1b[31mb\n"), "a\\u{1b}[31mb\\n");
    }
}
