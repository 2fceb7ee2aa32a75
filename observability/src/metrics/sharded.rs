//! One copy of something for each thread, so that threads that write to it do not meet.

use std::cell::Cell;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::available_parallelism;

/// The most copies: more cost memory for each backend, and two threads that share one only meet.
const MOST: usize = 16;

thread_local! {
    /// Which copies are this thread's.
    static PLACE: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// How many copies there are: one for each processor, in a power of two.
fn copies() -> usize {
    static COPIES: OnceLock<usize> = OnceLock::new();
    *COPIES.get_or_init(|| {
        let processors = available_parallelism().map_or(1, usize::from);
        processors.min(MOST).next_power_of_two()
    })
}

/// Threads are numbered as they come: workers, which are started together, share nothing among each
/// other.
fn place() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    // While a thread ends it has none any more.
    PLACE
        .try_with(|place| {
            if place.get() == usize::MAX {
                place.set(NEXT.fetch_add(1, Relaxed) % MOST);
            }
            place.get()
        })
        .unwrap_or_default()
}

/// Alone on its cache lines.
#[derive(Debug)]
#[repr(align(64))]
struct Alone<T>(T);

/// Copies of `T`, each for some threads. What is written must be atomic all the same: where there are
/// more threads than processors, they share.
#[derive(Debug)]
pub struct Sharded<T> {
    /// In a power of two.
    copies: Box<[Alone<T>]>,
}

impl<T> Sharded<T> {
    /// Copies made by `new`.
    #[must_use]
    pub fn new(new: impl Fn() -> T) -> Self {
        Self { copies: (0..copies()).map(|_| Alone(new())).collect() }
    }

    /// This thread's copy.
    #[must_use]
    pub fn mine(&self) -> &T {
        &self.copies[place() & (self.copies.len() - 1)].0
    }

    /// All copies.
    pub fn all(&self) -> impl Iterator<Item = &T> {
        self.copies.iter().map(|copy| &copy.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_keeps_its_copy() {
        let sharded = Sharded::new(|| 0u8);
        assert!(std::ptr::eq(sharded.mine(), sharded.mine()));
        assert!(sharded.all().count().is_power_of_two());
    }

    #[test]
    fn no_two_copies_share_a_line() {
        let sharded = Sharded::new(|| AtomicUsize::new(0));
        let places: Vec<_> = sharded.all().map(|copy| std::ptr::from_ref(copy).addr()).collect();
        assert!(places.iter().all(|place| place.is_multiple_of(64)));
        assert!(places.windows(2).all(|two| two[0].abs_diff(two[1]) >= 64));
    }
}
