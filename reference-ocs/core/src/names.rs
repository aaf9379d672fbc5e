//! From a name to its place in a table that holds the names itself: four bytes and a tag for each, however long.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::FixedState;
use hashbrown::HashTable;

/// The hash of a key. The hasher's seed is fixed, so that a run takes the same steps in every process.
pub(crate) fn hash_of(key: impl Hash) -> u64 {
    FixedState::default().hash_one(key)
}

/// Places by name. Only ever asked for one name, never gone through, so that its order cannot be seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct NameTable {
    places: HashTable<u32>,
}

impl NameTable {
    /// An empty table with room for so many.
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { places: HashTable::with_capacity(count) }
    }

    /// The place of `name`; `name_at` tells what stands at a place.
    pub(crate) fn find<'a>(&self, name: &str, name_at: impl Fn(usize) -> Option<&'a str>) -> Option<usize> {
        let same = |place: &u32| name_at(*place as usize) == Some(name);
        self.places.find(hash_of(name), same).map(|place| *place as usize)
    }

    /// Enters a name that is not in the table yet.
    pub(crate) fn insert<'a>(&mut self, name: &str, place: u32, name_at: impl Fn(usize) -> Option<&'a str>) {
        let rehash = |place: &u32| hash_of(name_at(*place as usize).unwrap_or_default());
        self.places.insert_unique(hash_of(name), place, rehash);
    }
}
