//! The statuses with which a probe passes.

use std::ops::RangeInclusive;

/// Statuses in ranges; by default those from 200 to 399. None at all would fail every probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRanges(Box<[RangeInclusive<u16>]>);

impl StatusRanges {
    /// Whether `status` is in one of them.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl Default for StatusRanges {
    fn default() -> Self {
        Self([200..=399].into())
    }
}

impl From<&[RangeInclusive<u16>]> for StatusRanges {
    fn from(ranges: &[RangeInclusive<u16>]) -> Self {
        Self(ranges.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_name_and_no_other() {
        let ranges = StatusRanges::from(&[200..=204, 301..=301, 599..=599][..]);
        let held: Vec<_> = (0..=u16::MAX).filter(|status| ranges.contains(*status)).collect();
        assert_eq!(held, [200, 201, 202, 203, 204, 301, 599]);
        let all = StatusRanges::default();
        assert!(all.contains(200) && all.contains(399) && !all.contains(199) && !all.contains(400));
    }
}
