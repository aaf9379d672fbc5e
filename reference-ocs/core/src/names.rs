//! From a name to its place in a table that holds the names itself: eight octets for each, however long, at a load of a
//! half to a quarter.
//!
//! A slot holds a part of the name's hash beside the place. So whatever is not the name is passed over without a look at
//! what stands there, a look-up touches one place in memory before the name's own, and the table grows without it.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;

/// The hash of a key. The hasher's seed is fixed, so that a run takes the same steps in every process.
pub(crate) fn hash_of(key: impl Hash) -> u64 {
    FixedState::default().hash_one(key)
}

/// A place that no slot holds: there are fewer names.
const NOTHING: u32 = u32::MAX;
/// In place of a name that was taken out: what stands behind it is still found.
const GONE: u32 = u32::MAX - 1;

#[derive(Clone, Copy, Debug)]
struct Slot {
    tag: u32,
    place: u32,
}

/// Places by name. Only ever asked for one name, never gone through, so that its order cannot be seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameTable {
    /// As many as a power of two, at least half of them empty; a name's first one is told by its tag.
    slots: Vec<Slot>,
    names: usize,
}

/// The upper half of a name's hash.
fn tag_of(name: &str) -> u32 {
    u32::try_from(hash_of(name) >> 32).unwrap_or_default()
}

impl NameTable {
    /// An empty table with room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        let room = count.saturating_mul(2).next_power_of_two();
        Self { slots: vec![Slot { tag: 0, place: NOTHING }; room], names: 0 }
    }

    /// The slots of a tag, from its first one on.
    fn from(&self, tag: u32) -> impl Iterator<Item = (usize, &Slot)> {
        let (before, after) = self.slots.split_at(tag as usize & self.slots.len().saturating_sub(1));
        let places = (before.len()..).zip(after);
        places.chain((0..).zip(before))
    }

    /// The place of `name`; `name_at` tells what stands at a place.
    pub(crate) fn find<'a>(&self, name: &str, name_at: impl Fn(usize) -> Option<&'a str>) -> Option<usize> {
        let tag = tag_of(name);
        let mut own = self.from(tag).map(|(_, slot)| slot).take_while(|slot| slot.place != NOTHING);
        let named = |slot: &&Slot| {
            slot.tag == tag && slot.place != GONE && name_at(slot.place as usize) == Some(name)
        };
        let found = own.find(named);
        found.map(|slot| slot.place as usize)
    }

    /// Enters a name that is not in the table yet.
    pub(crate) fn insert(&mut self, name: &str, place: u32) {
        if (self.names + 1) * 2 > self.slots.len() {
            let grown = Self::with_capacity((self.names + 1).max(8));
            let before = std::mem::replace(self, grown).slots;
            before.into_iter().filter(|slot| slot.place < GONE).for_each(|slot| self.put(slot));
        }
        self.put(Slot { tag: tag_of(name), place });
    }

    /// Takes the name out that stands at a place; its slot is free again when the table grows.
    pub(crate) fn remove(&mut self, name: &str, place: u32) {
        let tag = tag_of(name);
        let mut own = self.from(tag).take_while(|(_, slot)| slot.place != NOTHING);
        let found = own.find(|(_, slot)| slot.tag == tag && slot.place == place).map(|(at, _)| at);
        drop(own);
        if let Some(slot) = found.and_then(|at| self.slots.get_mut(at)) {
            slot.place = GONE;
        }
    }

    fn put(&mut self, slot: Slot) {
        let empty = self.from(slot.tag).find(|(_, slot)| slot.place == NOTHING).map(|(at, _)| at);
        if let Some(empty) = empty.and_then(|at| self.slots.get_mut(at)) {
            *empty = slot;
            self.names += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_where_it_stands_and_no_other() {
        let names: Vec<String> = (0..5_000).map(|number| format!("1604{number:07}")).collect();
        for room in [0, 7, 5_000] {
            let mut table = NameTable::with_capacity(room);
            let name_at = |place: usize| names.get(place).map(String::as_str);
            assert_eq!(table.find("16040000000", name_at), None);
            for (place, name) in (0..).zip(&names) {
                table.insert(name, place);
            }
            assert!(names.iter().enumerate().all(|(place, name)| table.find(name, name_at) == Some(place)));
            assert!((5_000..9_000).all(|other| table.find(&format!("1604{other:07}"), name_at).is_none()));
            assert!(table.slots.len() >= 10_000);
        }
    }

    #[test]
    fn what_is_taken_out_is_gone_and_what_stands_behind_it_is_not() {
        let names: Vec<String> = (0..1_000).map(|number| format!("1604{number:07}")).collect();
        let name_at = |place: usize| names.get(place).map(String::as_str);
        let mut table = NameTable::default();
        for round in 0..3 {
            (0..).zip(&names).skip(round % 2).for_each(|(place, name)| table.insert(name, place));
            for (place, name) in (0..).zip(&names).filter(|(place, _)| place % 3 == 0) {
                table.remove(name, place);
            }
            for (place, name) in names.iter().enumerate() {
                let there = place % 3 != 0;
                assert_eq!(table.find(name, name_at), there.then_some(place), "{name} in round {round}");
            }
            (0..)
                .zip(&names)
                .filter(|(place, _)| place % 3 != 0)
                .for_each(|(place, name)| table.remove(name, place));
            assert!(names.iter().all(|name| table.find(name, name_at).is_none()));
        }
        // What was taken out takes no room for ever: each round enters a thousand names.
        assert!(table.slots.len() <= 16_384, "{}", table.slots.len());
    }

    #[test]
    fn names_of_one_tag_are_told_apart_by_what_they_are() {
        // The table knows a name by its tag only until it asks for it.
        let names = ["anna", "otto", "mia"];
        let tag = tag_of("anna");
        let mut table = NameTable::with_capacity(3);
        [0, 1, 2].into_iter().for_each(|place| table.put(Slot { tag, place }));
        assert_eq!(table.find("anna", |place| names.get(place).copied()), Some(0));
        assert_eq!(table.find("anna", |place| names.get(2 - place).copied()), Some(2));
        assert_eq!(table.find("anna", |_| Some("eva")), None);
    }
}
