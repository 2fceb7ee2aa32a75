//! The items of a list.

use std::iter::Enumerate;
use std::slice;

use serde::de::{DeserializeSeed, SeqAccess};

use super::Reader;
use crate::path::Step;
use crate::protocol_settings::free::Free;
use crate::protocol_settings::refusal::Refusal;

pub(super) struct List<'t> {
    pub(super) reader: Reader<'t>,
    pub(super) items: Enumerate<slice::Iter<'t, Free>>,
}

impl<'de> SeqAccess<'de> for List<'_> {
    type Error = Refusal;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Refusal> {
        for (index, item) in self.items.by_ref() {
            let step = Step::Index(index);
            if !self.reader.ledger.borrow_mut().leaves_out(|| step.clone()) {
                let read = |reader| seed.deserialize(reader);
                return self.reader.below(step, item, None, read).map(Some);
            }
        }
        Ok(None)
    }

    fn size_hint(&self) -> Option<usize> {
        None
    }
}
