//! Requests that were answered, so that one that comes again gets its first answer and is not worked on twice.
//!
//! A copy has the Origin-Host, End-to-End Identifier and Session-Id of the first (RFC 6733 section 3); it may come over
//! another connection and have another Hop-by-Hop Identifier.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tollgate_time::Instant;

/// End-to-End Identifiers stay unique for four minutes (RFC 6733 section 3).
const LIFE: Duration = Duration::from_secs(240);

/// What tells requests apart: who sent it, its End-to-End Identifier, its session.
type Key = (u32, u64);

/// Requests that were answered lately.
#[derive(Debug)]
pub(super) struct Copies {
    answers: HashMap<Key, (Instant, Arc<[u8]>)>,
    order: VecDeque<(Instant, Key)>,
    max: usize,
}

impl Copies {
    pub(super) fn new(max: usize) -> Self {
        Self { answers: HashMap::new(), order: VecDeque::new(), max }
    }

    /// The key of a request.
    pub(super) fn key(origin: &str, end_to_end: u32, session: &str) -> Key {
        // FNV-1a; two sessions of one host with one identifier within four minutes that also share this are not met.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for octet in origin.bytes().map(|octet| octet.to_ascii_lowercase()).chain([0]).chain(session.bytes())
        {
            hash = (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3);
        }
        (end_to_end, hash)
    }

    /// The first answer of a request.
    pub(super) fn find(&self, now: Instant, key: Key) -> Option<&[u8]> {
        self.answers.get(&key).filter(|(at, _)| *at + LIFE > now).map(|(_, octets)| &**octets)
    }

    /// Remembers an answer.
    pub(super) fn keep(&mut self, now: Instant, key: Key, octets: &[u8]) {
        while self.order.len() >= self.max.max(1)
            || self.order.front().is_some_and(|(at, _)| *at + LIFE <= now)
        {
            let Some((at, oldest)) = self.order.pop_front() else { break };
            if self.answers.get(&oldest).is_some_and(|(own, _)| *own == at) {
                self.answers.remove(&oldest);
            }
        }
        self.answers.insert(key, (now, octets.into()));
        self.order.push_back((now, key));
    }

    /// Forgets everything, as a loss of power does.
    pub(super) fn clear(&mut self) {
        self.answers.clear();
        self.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::from_unix_secs(1_000 + secs)
    }

    #[test]
    fn an_answer_is_kept_for_four_minutes() {
        let mut copies = Copies::new(10);
        let key = Copies::key("PGW.example", 7, "s");
        copies.keep(at(0), key, b"first");
        assert_eq!(copies.find(at(239), Copies::key("pgw.example", 7, "s")), Some(&b"first"[..]));
        assert_eq!(copies.find(at(240), key), None);
        assert_eq!(copies.find(at(0), Copies::key("pgw.example", 7, "t")), None);
        assert_eq!(copies.find(at(0), Copies::key("pgw.example", 8, "s")), None);
    }

    #[test]
    fn the_oldest_makes_room_and_a_later_answer_of_its_key_stays() {
        let mut copies = Copies::new(2);
        let key = |number| Copies::key("pgw", number, "s");
        copies.keep(at(0), key(1), b"a");
        copies.keep(at(1), key(1), b"b");
        copies.keep(at(2), key(2), b"c");
        assert_eq!(copies.find(at(2), key(1)), Some(&b"b"[..]));
        copies.keep(at(3), key(3), b"d");
        assert_eq!(copies.find(at(3), key(1)), None);
        assert_eq!(copies.find(at(3), key(2)), Some(&b"c"[..]));
    }
}
