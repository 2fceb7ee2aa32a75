//! Finding a child by its id, without a second copy of the id: of connections there are many.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

use hashbrown::HashTable;
use slab::Slab;

use crate::spec::ChildId;

use super::entry::Entry;

/// The indexes of entries by their ids.
#[derive(Default)]
pub(super) struct Ids {
    indexes: HashTable<u32>,
    hasher: RandomState,
}

impl Ids {
    /// The index of the entry whose id is `id`.
    pub(super) fn find<P>(&self, id: &ChildId, entries: &Slab<Entry<P>>) -> Option<u32> {
        let is_it = |index: &u32| entries[*index as usize].terms.id == *id;
        self.indexes.find(self.hasher.hash_one(id), is_it).copied()
    }

    /// Takes in the entry at `index`, whose id no other has.
    pub(super) fn insert<P>(&mut self, index: u32, entries: &Slab<Entry<P>>) {
        let hash = |index: &u32| self.hasher.hash_one(&entries[*index as usize].terms.id);
        self.indexes.insert_unique(hash(&index), index, hash);
    }

    /// Forgets the entry that was at `index`.
    pub(super) fn remove(&mut self, id: &ChildId, index: u32) {
        let hash = self.hasher.hash_one(id);
        if let Ok(found) = self.indexes.find_entry(hash, |other| *other == index) {
            found.remove();
        }
    }
}
