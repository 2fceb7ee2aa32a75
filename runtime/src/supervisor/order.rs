//! Start order as a list through the slab of entries: any child leaves it in constant time.

use super::action::Key;
use super::core::Core;

const NONE: u32 = u32::MAX;

/// A child's neighbours in start order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Links {
    before: u32,
    after: u32,
}

impl Default for Links {
    fn default() -> Self {
        Self { before: NONE, after: NONE }
    }
}

impl Links {
    pub(crate) fn before(self) -> Option<u32> {
        (self.before != NONE).then_some(self.before)
    }

    pub(crate) fn after(self) -> Option<u32> {
        (self.after != NONE).then_some(self.after)
    }
}

/// The ends of the list.
#[derive(Debug)]
pub(crate) struct Order {
    first: u32,
    last: u32,
}

impl Default for Order {
    fn default() -> Self {
        Self { first: NONE, last: NONE }
    }
}

impl Order {
    pub(crate) fn first(&self) -> Option<u32> {
        (self.first != NONE).then_some(self.first)
    }

    pub(crate) fn last(&self) -> Option<u32> {
        (self.last != NONE).then_some(self.last)
    }
}

impl<P> Core<P> {
    pub(super) fn link_last(&mut self, key: Key) {
        let last = self.order.last;
        self.entries[key.index as usize].links = Links { before: last, after: NONE };
        if last == NONE {
            self.order.first = key.index;
        } else {
            self.entries[last as usize].links.after = key.index;
        }
        self.order.last = key.index;
    }

    pub(super) fn unlink(&mut self, key: Key) {
        let Links { before, after } = self.entries[key.index as usize].links;
        match before {
            NONE => self.order.first = after,
            _ => self.entries[before as usize].links.after = after,
        }
        match after {
            NONE => self.order.last = before,
            _ => self.entries[after as usize].links.before = before,
        }
    }
}
