//! Restart strategies: which siblings are restarted with a child that failed.

use std::ops::Range;

use serde::Serialize;

/// OTP's restart strategies (`supervisor(3)`, "Supervision Principles").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// Only the child that failed is restarted.
    OneForOne,
    /// All children are stopped in reverse start order, then started in start order.
    OneForAll,
    /// The child that failed and those started after it.
    RestForOne,
}

impl Strategy {
    /// The positions, in start order, that are restarted when the child at `failed` of `len` fails.
    #[must_use]
    pub fn affected(self, failed: usize, len: usize) -> Range<usize> {
        match self {
            Self::OneForOne => failed..failed + 1,
            Self::OneForAll => 0..len,
            Self::RestForOne => failed..len,
        }
    }
}
