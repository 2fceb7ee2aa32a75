//! The entries of a table.

use std::collections::btree_map;

use serde::de::{DeserializeSeed, MapAccess};

use super::{Known, Reader};
use crate::mistake::Problem;
use crate::path::Step;
use crate::protocol_settings::free::Free;
use crate::protocol_settings::refusal::Refusal;

pub(super) struct Table<'t> {
    pub(super) reader: Reader<'t>,
    pub(super) entries: btree_map::Iter<'t, String, Free>,
    pub(super) known: Known,
    /// The entry whose key was read.
    pub(super) next: Option<(&'t String, &'t Free)>,
}

impl<'de> MapAccess<'de> for Table<'_> {
    type Error = Refusal;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refusal> {
        let reader = self.reader;
        self.next = self.entries.find(|(key, _)| !reader.leaves_out(key));
        let Some((key, value)) = self.next else { return Ok(None) };
        self.reader.key(key, value, seed).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Refusal> {
        let Some((key, value)) = self.next.take() else {
            return Err(Refusal::new(Problem::new("a value was asked for before its key")));
        };
        let read = |reader| seed.deserialize(reader);
        self.reader.below(Step::Key(key.clone()), value, self.known, read)
    }
}
