//! Sessions in parts: a mobile user who moves between base stations begins a new part of the session with counters of
//! its own, and all parts together make one xDR.
//!
//! Source: INTEROP, Cisco PDSN; RFC 2866 section 5.11 (Acct-Multi-Session-Id).

use std::sync::Arc;

/// The part of a session that a report speaks of; its figures are those of the part alone.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// The part's own identifier.
    pub id: String,
    /// Whether the client says at the part's end that the session goes on in another one.
    pub continues: bool,
}

/// The parts of one usage with what each of them used.
#[derive(Clone, Debug, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub(crate) struct Parts(Vec<Counted>);

#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Counted {
    id: Arc<str>,
    used: u64,
    ended: bool,
}

/// What a report of one part means for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    /// What all parts used.
    pub(crate) used: u64,
    /// Whether the last part has ended.
    pub(crate) ended: bool,
    /// Whether the part's counter is behind an earlier report of it.
    pub(crate) went_back: bool,
}

impl Parts {
    /// Whether a part of that name was reported on.
    pub(crate) fn knows(&self, part: &Part) -> bool {
        self.0.iter().any(|own| *own.id == *part.id)
    }

    /// What a part used by its last report; nothing where there was none.
    pub(crate) fn used_by(&self, part: &Part) -> u64 {
        self.0.iter().find(|own| *own.id == *part.id).map_or(0, |own| own.used)
    }

    /// Takes what a report says of a part.
    pub(crate) fn take(&mut self, part: &Part, used: u64, ends: bool) -> Whole {
        let place = self.0.iter().position(|own| *own.id == *part.id).unwrap_or_else(|| {
            self.0.push(Counted { id: part.id.as_str().into(), used: 0, ended: false });
            self.0.len() - 1
        });
        let own = &mut self.0[place];
        let went_back = used < own.used;
        own.used = own.used.max(used);
        own.ended |= ends;
        let ended = ends && !part.continues && self.0.iter().all(|own| own.ended);
        let used = self.0.iter().fold(0_u64, |sum, own| sum.saturating_add(own.used));
        Whole { used, ended, went_back }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(id: &str, continues: bool) -> Part {
        Part { id: id.to_owned(), continues }
    }

    #[test]
    fn parts_add_up_and_the_last_one_ends_the_session() {
        let mut parts = Parts::default();
        assert_eq!(parts.take(&part("a", false), 100, false).used, 100);
        let handover = parts.take(&part("a", true), 150, true);
        assert_eq!(handover, Whole { used: 150, ended: false, went_back: false });
        // 150 + 50.
        let end = parts.take(&part("b", false), 50, true);
        assert_eq!(end, Whole { used: 200, ended: true, went_back: false });
    }

    #[test]
    fn a_part_that_was_not_reported_on_has_used_nothing() {
        let mut parts = Parts::default();
        parts.take(&part("a", true), 150, true);
        assert_eq!((parts.used_by(&part("a", false)), parts.used_by(&part("b", false))), (150, 0));
    }

    #[test]
    fn a_part_that_is_still_open_keeps_the_session_open() {
        let mut parts = Parts::default();
        parts.take(&part("a", false), 0, false);
        parts.take(&part("b", false), 0, false);
        assert!(!parts.take(&part("a", false), 10, true).ended);
        assert!(parts.take(&part("b", false), 10, true).ended);
    }

    #[test]
    fn a_counter_that_goes_back_takes_nothing_away() {
        let mut parts = Parts::default();
        parts.take(&part("a", false), 100, false);
        let back = parts.take(&part("a", false), 40, false);
        assert_eq!((back.used, back.went_back), (100, true));
    }
}
