//! Two proxies that share an address: who has it, and when the other one takes it. Both ask each other with Status-Server
//! (RFC 5997); the answer says which part the other one plays and since when.

use std::time::Duration;

use tollgate_time::Instant;

/// What one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// It has the shared address, since then.
    Active(Instant),
    /// It watches the other one.
    Standby,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Ask the other one.
    Ask,
    /// Take the address, for this reason.
    Claim(&'static str),
    /// The other one has taken it.
    Yield,
}

/// One of a pair.
#[derive(Debug)]
pub(super) struct Pair {
    part: Part,
    watch: Duration,
    misses: u32,
    /// Whether it is the one that has the address where nobody has it.
    preferred: bool,
    /// Heartbeats without an answer, and such that said that nobody has the address.
    silent: u32,
    orphaned: u32,
    next: Instant,
}

impl Pair {
    pub(super) const fn new(watch: Duration, misses: u32, preferred: bool) -> Self {
        Self { part: Part::Standby, watch, misses, preferred, silent: 0, orphaned: 0, next: Instant::EPOCH }
    }

    pub(super) const fn part(&self) -> Part {
        self.part
    }

    pub(super) const fn next_deadline(&self) -> Instant {
        self.next
    }

    /// The power came back: somebody else may have the address.
    pub(super) const fn restart(&mut self, now: Instant) {
        (self.part, self.silent, self.orphaned, self.next) = (Part::Standby, 0, 0, now);
    }

    pub(super) const fn claimed(&mut self, now: Instant) {
        (self.part, self.silent, self.orphaned) = (Part::Active(now), 0, 0);
    }

    /// What is due; the answer to the last heartbeat has had its time.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Step> {
        if now < self.next {
            return Vec::new();
        }
        self.next = now + self.watch;
        let mut steps = vec![Step::Ask];
        if self.part == Part::Standby && self.silent >= self.misses {
            steps.insert(0, Step::Claim("the other one does not answer"));
        }
        self.silent = self.silent.saturating_add(1);
        steps
    }

    /// The other one has answered which part it plays.
    pub(super) fn heard(&mut self, other: Part) -> Option<Step> {
        self.silent = 0;
        match (self.part, other) {
            // After both lived apart, the later one has the address.
            (Part::Active(own), Part::Active(since)) if since > own => {
                self.part = Part::Standby;
                self.orphaned = 0;
                Some(Step::Yield)
            }
            (Part::Standby, Part::Standby) => {
                self.orphaned += 1;
                (self.preferred || self.orphaned > self.misses)
                    .then_some(Step::Claim("nobody has the address"))
            }
            _ => {
                self.orphaned = 0;
                None
            }
        }
    }
}

impl Part {
    /// As an answer says it.
    pub(super) fn said(self) -> String {
        match self {
            Self::Active(since) => format!("active since {since}"),
            Self::Standby => "standby".to_owned(),
        }
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        if text == "standby" {
            return Some(Self::Standby);
        }
        Instant::parse_rfc3339(text.strip_prefix("active since ")?).ok().map(Self::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(secs: u64) -> Instant {
        Instant::from_unix_secs(secs)
    }

    fn watching(preferred: bool) -> Pair {
        Pair::new(Duration::from_secs(1), 3, preferred)
    }

    #[test]
    fn three_heartbeats_without_an_answer_move_the_address() {
        let mut pair = watching(false);
        for second in 0..3 {
            assert_eq!(pair.expire(secs(second)), [Step::Ask], "{second}");
        }
        assert_eq!(pair.expire(secs(3))[0], Step::Claim("the other one does not answer"));
    }

    #[test]
    fn an_answer_in_between_begins_the_count_anew() {
        let mut pair = watching(false);
        for second in 0..10 {
            assert_eq!(pair.expire(secs(second)), [Step::Ask], "{second}");
            if second % 2 == 1 {
                assert_eq!(pair.heard(Part::Active(secs(0))), None);
            }
        }
    }

    #[test]
    fn of_two_that_both_have_it_the_later_one_keeps_it() {
        let (mut earlier, mut later) = (watching(true), watching(false));
        earlier.claimed(secs(1));
        later.claimed(secs(2));
        assert_eq!(later.heard(earlier.part()), None);
        assert_eq!(earlier.heard(later.part()), Some(Step::Yield));
        assert_eq!(earlier.part(), Part::Standby);
    }

    #[test]
    fn what_one_says_the_other_one_reads() {
        for part in [Part::Standby, Part::Active(secs(1_000_000_000))] {
            assert_eq!(Part::read(&part.said()), Some(part));
        }
        assert_eq!(Part::read("asleep"), None);
    }
}
