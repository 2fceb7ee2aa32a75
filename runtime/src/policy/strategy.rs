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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_for_one_affects_the_failed_child_alone() {
        assert_eq!(Strategy::OneForOne.affected(1, 4), 1..2);
    }

    #[test]
    fn one_for_all_affects_every_child_wherever_the_failed_one_stands() {
        for failed in 0..4 {
            assert_eq!(Strategy::OneForAll.affected(failed, 4), 0..4);
        }
    }

    #[test]
    fn rest_for_one_affects_the_failed_child_and_those_after_it() {
        assert_eq!(Strategy::RestForOne.affected(0, 4), 0..4);
        assert_eq!(Strategy::RestForOne.affected(2, 4), 2..4);
        assert_eq!(Strategy::RestForOne.affected(3, 4), 3..4);
    }
}
