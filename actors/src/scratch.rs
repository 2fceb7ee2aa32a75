//! One read buffer per thread.
//!
//! A worker handles one connection at a time, so all of them share one buffer: what is read is
//! written on at once, and only what a blocked write leaves over is copied to the heap. A
//! connection that is idle holds no buffer at all.

use std::cell::Cell;

/// The most that is read at once, in bytes; the bound of what one direction holds back.
pub(crate) const SCRATCH_SIZE: usize = 64 * 1024;

thread_local! {
    static SCRATCH: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// Lends the thread's buffer. It is taken out for the while: a use within a use, or after a
/// panic, gets a new one.
pub(crate) fn with_scratch<R>(work: impl FnOnce(&mut [u8]) -> R) -> R {
    let mut scratch = SCRATCH.take().unwrap_or_else(|| vec![0; SCRATCH_SIZE].into_boxed_slice());
    let result = work(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}
