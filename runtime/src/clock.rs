//! The one clock: tokio's, so that it stands still where a test has paused it.

use std::time::{Duration, Instant};

/// Longer than any process runs, and well within the range of the clock.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The time now, virtual where the runtime's clock is paused.
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The time in `after` from now. What lies beyond the clock's range never comes.
#[must_use]
pub fn after(after: Duration) -> Instant {
    now() + after.min(LONGEST)
}
