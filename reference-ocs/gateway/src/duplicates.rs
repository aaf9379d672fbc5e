//! The duplicate cache (RFC 5080 section 2.2.2): a request that comes again gets the first answer
//! again, and the charging core never sees it.
//!
//! It never decides what a request means and never verifies one: only what passed verification may be
//! entered, or a forger could fill the cache.
//!
//! A slot belongs to one source address and port, code and identifier. A request with another
//! authenticator for the same slot is a new one and takes the slot over. Slots are kept in the order
//! of their first request, so that both the end of their life and the bound on their number take the
//! oldest one, in constant time; the memory of a slot is used again by the next.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use tollgate_time::Instant;

/// What makes two requests copies of one another, all but the authenticator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    /// Who sent it, with the port: RFC 5080 counts on it.
    pub from: SocketAddr,
    /// The packet's code.
    pub code: u8,
    /// The packet's identifier.
    pub identifier: u8,
}

/// What the cache knows of a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    /// It was not seen before and has a slot now. The answer is to be left with [`Duplicates::complete`].
    New(Ticket),
    /// It is being worked on: the copy is to be dropped.
    Unanswered,
    /// It was answered with this.
    Answered(&'a [u8]),
}

/// The right to leave the answer to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    slot: u32,
    serial: u64,
}

/// The cache.
#[derive(Debug)]
pub struct Duplicates {
    life: Duration,
    capacity: u32,
    // Never walked, so its random order cannot reach any output.
    places: HashMap<Key, u32>,
    slots: Vec<Slot>,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
    serial: u64,
}

#[derive(Debug)]
struct Slot {
    key: Key,
    authenticator: [u8; 16],
    seen_at: Instant,
    serial: u64,
    answered: bool,
    answer: Vec<u8>,
    older: u32,
    newer: u32,
}

const NONE: u32 = u32::MAX;

/// An answer larger than this gives its memory back when its slot is used again.
const ANSWER_KEPT_OCTETS: usize = 512;

impl Duplicates {
    /// A cache whose slots live for `life` and number at most `capacity` (at least one).
    #[must_use]
    pub fn new(life: Duration, capacity: u32) -> Self {
        Self {
            life,
            capacity: capacity.clamp(1, NONE - 1),
            places: HashMap::new(),
            slots: Vec::new(),
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
            serial: 0,
        }
    }

    /// How many requests are remembered, those included whose life has ended since the last call of
    /// [`Self::admit`].
    #[must_use]
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// Whether no request is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// Looks a verified request up, and enters it when it is new.
    pub fn admit(&mut self, now: Instant, key: Key, authenticator: [u8; 16]) -> Verdict<'_> {
        self.forget_the_dead(now);
        let place = match self.places.get(&key).copied() {
            Some(place) if self.slot(place).authenticator == authenticator => {
                let slot = self.slot(place);
                return if slot.answered { Verdict::Answered(&slot.answer) } else { Verdict::Unanswered };
            }
            Some(place) => {
                // The client counts its identifiers round: what stood here before can no longer come again.
                self.unlink(place);
                place
            }
            None => {
                let place = self.vacancy(key, now);
                self.places.insert(key, place);
                place
            }
        };
        self.serial += 1;
        let serial = self.serial;
        let slot = self.slot_mut(place);
        slot.key = key;
        slot.authenticator = authenticator;
        slot.seen_at = now;
        slot.serial = serial;
        slot.answered = false;
        slot.answer.clear();
        slot.answer.shrink_to(ANSWER_KEPT_OCTETS);
        self.append(place);
        Verdict::New(Ticket { slot: place, serial })
    }

    /// Leaves the answer to the request for which the ticket was given. Nothing happens when the slot
    /// has gone to another request since.
    pub fn complete(&mut self, ticket: Ticket, answer: &[u8]) {
        if let Some(slot) = self.slots.get_mut(ticket.slot as usize)
            && slot.serial == ticket.serial
        {
            slot.answered = true;
            slot.answer.extend_from_slice(answer);
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::new(self.life, self.capacity);
    }

    fn forget_the_dead(&mut self, now: Instant) {
        while self.oldest != NONE && self.slot(self.oldest).seen_at + self.life <= now {
            self.forget_the_oldest();
        }
    }

    fn forget_the_oldest(&mut self) {
        let place = self.oldest;
        let key = self.slot(place).key;
        self.unlink(place);
        self.places.remove(&key);
        self.slot_mut(place).serial = 0;
        self.free.push(place);
    }

    /// A slot that belongs to nobody: one that was freed, a new one, or the oldest one's.
    fn vacancy(&mut self, key: Key, now: Instant) -> u32 {
        let made = u32::try_from(self.slots.len()).unwrap_or(NONE);
        if self.free.is_empty() && made >= self.capacity {
            self.forget_the_oldest();
        }
        if let Some(place) = self.free.pop() {
            return place;
        }
        self.slots.push(Slot {
            key,
            authenticator: [0; 16],
            seen_at: now,
            serial: 0,
            answered: false,
            answer: Vec::new(),
            older: NONE,
            newer: NONE,
        });
        made
    }

    fn append(&mut self, place: u32) {
        let before = self.newest;
        let slot = self.slot_mut(place);
        slot.older = before;
        slot.newer = NONE;
        if before == NONE {
            self.oldest = place;
        } else {
            self.slot_mut(before).newer = place;
        }
        self.newest = place;
    }

    fn unlink(&mut self, place: u32) {
        let (older, newer) = (self.slot(place).older, self.slot(place).newer);
        if older == NONE {
            self.oldest = newer;
        } else {
            self.slot_mut(older).newer = newer;
        }
        if newer == NONE {
            self.newest = older;
        } else {
            self.slot_mut(newer).older = older;
        }
    }

    fn slot(&self, place: u32) -> &Slot {
        &self.slots[place as usize]
    }

    fn slot_mut(&mut self, place: u32) -> &mut Slot {
        &mut self.slots[place as usize]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop, prop_assert, proptest};

    use super::*;

    const LIFE: Duration = Duration::from_secs(30);

    fn at(secs: u64) -> Instant {
        Instant::from_unix_secs(1_000 + secs)
    }

    fn key(port: u16, identifier: u8) -> Key {
        Key { from: SocketAddr::from(([164, 9, 9, 100], port)), code: 4, identifier }
    }

    fn enter(cache: &mut Duplicates, now: Instant, key: Key, authenticator: u8) -> Ticket {
        match cache.admit(now, key, [authenticator; 16]) {
            Verdict::New(ticket) => ticket,
            other => panic!("should be new: {other:?}"),
        }
    }

    #[test]
    fn the_first_answer_is_kept_for_every_copy() {
        let mut cache = Duplicates::new(LIFE, 8);
        let ticket = enter(&mut cache, at(0), key(1645, 7), 1);
        cache.complete(ticket, b"first");
        for second in [1, 2, 29] {
            assert_eq!(cache.admit(at(second), key(1645, 7), [1; 16]), Verdict::Answered(b"first"));
        }
    }

    #[test]
    fn a_copy_of_what_has_no_answer_yet_is_dropped() {
        let mut cache = Duplicates::new(LIFE, 8);
        let ticket = enter(&mut cache, at(0), key(1645, 7), 1);
        assert_eq!(cache.admit(at(1), key(1645, 7), [1; 16]), Verdict::Unanswered);
        cache.complete(ticket, b"late");
        assert_eq!(cache.admit(at(2), key(1645, 7), [1; 16]), Verdict::Answered(b"late"));
    }

    #[test]
    fn another_port_code_or_identifier_is_another_request() {
        let mut cache = Duplicates::new(LIFE, 8);
        enter(&mut cache, at(0), key(1645, 7), 1);
        enter(&mut cache, at(0), key(1646, 7), 1);
        enter(&mut cache, at(0), key(1645, 8), 1);
        enter(&mut cache, at(0), Key { code: 1, ..key(1645, 7) }, 1);
        assert_eq!(cache.len(), 4);
    }

    #[test]
    fn a_new_authenticator_takes_the_slot_over() {
        let mut cache = Duplicates::new(LIFE, 8);
        let first = enter(&mut cache, at(0), key(1645, 7), 1);
        cache.complete(first, b"first");
        let second = enter(&mut cache, at(1), key(1645, 7), 2);
        cache.complete(first, b"too late");
        cache.complete(second, b"second");
        assert_eq!(cache.admit(at(2), key(1645, 7), [2; 16]), Verdict::Answered(b"second"));
        assert_eq!(cache.len(), 1);
        // The old request is unknown now; were it to come, it would be new.
        enter(&mut cache, at(3), key(1645, 7), 1);
    }

    #[test]
    fn a_request_is_forgotten_when_its_life_has_passed() {
        let mut cache = Duplicates::new(LIFE, 8);
        let ticket = enter(&mut cache, at(0), key(1645, 7), 1);
        cache.complete(ticket, b"first");
        assert_eq!(cache.admit(at(29), key(1645, 7), [1; 16]), Verdict::Answered(b"first"));
        enter(&mut cache, at(30), key(1645, 7), 1);
    }

    #[test]
    fn the_oldest_makes_room_when_the_cache_is_full() {
        let mut cache = Duplicates::new(LIFE, 3);
        for identifier in 0..3 {
            enter(&mut cache, at(0), key(1645, identifier), 1);
        }
        // Taken over, so it is the youngest now.
        enter(&mut cache, at(1), key(1645, 0), 2);
        enter(&mut cache, at(2), key(1645, 9), 1);
        assert_eq!(cache.len(), 3);
        assert_eq!(cache.admit(at(3), key(1645, 0), [2; 16]), Verdict::Unanswered);
        assert_eq!(cache.admit(at(3), key(1645, 2), [1; 16]), Verdict::Unanswered);
        enter(&mut cache, at(3), key(1645, 1), 1);
    }

    #[test]
    fn a_ticket_of_a_forgotten_request_changes_nothing() {
        let mut cache = Duplicates::new(LIFE, 1);
        let stale = enter(&mut cache, at(0), key(1645, 1), 1);
        enter(&mut cache, at(0), key(1645, 2), 1);
        cache.complete(stale, b"stale");
        assert_eq!(cache.admit(at(0), key(1645, 2), [1; 16]), Verdict::Unanswered);
    }

    /// The same rules in their plainest form: a list in the order of first requests.
    struct Model {
        capacity: usize,
        entries: Vec<(Key, u8, Instant)>,
    }

    impl Model {
        fn is_new(&mut self, now: Instant, key: Key, authenticator: u8) -> bool {
            self.entries.retain(|(_, _, seen)| *seen + LIFE > now);
            if self.entries.iter().any(|(own, auth, _)| *own == key && *auth == authenticator) {
                return false;
            }
            self.entries.retain(|(own, _, _)| *own != key);
            if self.entries.len() == self.capacity {
                self.entries.remove(0);
            }
            self.entries.push((key, authenticator, now));
            true
        }
    }

    fn requests() -> impl Strategy<Value = Vec<(u64, u16, u8, u8)>> {
        prop::collection::vec((0..10_u64, 0..3_u16, 0..4_u8, any::<bool>().prop_map(u8::from)), 1..200)
    }

    proptest! {
        #[test]
        fn the_cache_agrees_with_a_plain_list(requests in requests(), capacity in 1..10_u32) {
            let mut cache = Duplicates::new(LIFE, capacity);
            let mut model = Model { capacity: capacity as usize, entries: Vec::new() };
            let mut now = 0;
            for (pause, port, identifier, authenticator) in requests {
                now += pause;
                let key = key(port, identifier);
                let new = matches!(cache.admit(at(now), key, [authenticator; 16]), Verdict::New(_));
                prop_assert!(new == model.is_new(at(now), key, authenticator));
                prop_assert!(cache.len() == model.entries.len());
            }
        }
    }
}
