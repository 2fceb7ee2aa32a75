//! Buffers that go from one connection of a thread to the next.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// The largest buffer that is kept, in bytes.
const KEPT: usize = 128 * 1024;
/// How many are kept.
const SPARE: usize = 16;

thread_local! {
    static SPARES: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// A buffer that goes back to its thread when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Lent(Vec<u8>);

impl Lent {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(SPARES.with_borrow_mut(Vec::pop).unwrap_or_default())
    }

    /// One that holds `bytes`.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let mut lent = Self::new();
        lent.extend_from_slice(bytes);
        lent
    }
}

impl Deref for Lent {
    type Target = Vec<u8>;

    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Lent {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let mut buffer = std::mem::take(&mut self.0);
        if buffer.capacity() == 0 || buffer.capacity() > KEPT {
            return;
        }
        buffer.clear();
        // Not there any more while the thread ends.
        let _ = SPARES.try_with(|spares| {
            let mut spares = spares.borrow_mut();
            if spares.len() < SPARE {
                spares.push(buffer);
            }
        });
    }
}
