//! The one clock: tokio's, so that it stands still where a test has paused it.

use std::time::Instant;

/// The time now, virtual where the runtime's clock is paused.
#[must_use]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}
