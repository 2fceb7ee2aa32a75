//! A bound on the lines that panics write to the log.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

/// Lines a second, for the whole process: enough to see what happens, too few to fill a disk.
const LINES: u64 = 10;

/// The second in the upper half, the lines in it in the lower.
static WINDOW: AtomicU64 = AtomicU64::new(0);
static SUPPRESSED: AtomicU64 = AtomicU64::new(0);

/// Whether one more line about a panic may be written; if so, how many were left out before it.
#[must_use]
pub fn permit() -> Option<u64> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let second = now.as_secs() & u64::from(u32::MAX);
    let admit = |window: u64| match (window >> 32 == second, window & u64::from(u32::MAX)) {
        (true, LINES..) => None,
        (true, _) => Some(window + 1),
        (false, _) => Some((second << 32) | 1),
    };
    if WINDOW.fetch_update(Ordering::Relaxed, Ordering::Relaxed, admit).is_ok() {
        Some(SUPPRESSED.swap(0, Ordering::Relaxed))
    } else {
        SUPPRESSED.fetch_add(1, Ordering::Relaxed);
        None
    }
}
