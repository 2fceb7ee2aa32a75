//! The statuses with which a probe passes.

use std::ops::RangeInclusive;
use std::str::FromStr;

use thiserror::Error;

/// Statuses, as one or more of `N` or `N-M`, separated by commas. By default those from 200 to 399.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRanges(Box<[RangeInclusive<u16>]>);

/// What is no list of statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("statuses are written \"200\", \"200-399\" or \"200,301-308\", each from 200 to 599")]
pub struct BadStatuses;

impl StatusRanges {
    /// Whether `status` is one of them.
    #[must_use]
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }
}

impl FromIterator<RangeInclusive<u16>> for StatusRanges {
    fn from_iter<T: IntoIterator<Item = RangeInclusive<u16>>>(ranges: T) -> Self {
        Self(ranges.into_iter().collect())
    }
}

impl Default for StatusRanges {
    fn default() -> Self {
        Self([200..=399].into())
    }
}

impl FromStr for StatusRanges {
    type Err = BadStatuses;

    /// # Errors
    /// For an empty list, a range that ends before it begins, and what no final status can be (RFC
    /// 9110 §15): an answer of 1xx is an interim one, which a probe reads over.
    fn from_str(text: &str) -> Result<Self, BadStatuses> {
        text.split(',').map(range).collect::<Result<_, _>>().map(Self)
    }
}

fn range(item: &str) -> Result<RangeInclusive<u16>, BadStatuses> {
    let (first, last) = item.split_once('-').unwrap_or((item, item));
    let range = status(first)?..=status(last)?;
    if range.is_empty() { Err(BadStatuses) } else { Ok(range) }
}

fn status(text: &str) -> Result<u16, BadStatuses> {
    let text = text.trim_ascii();
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let status = text.parse().ok().filter(|status| digits && (200..=599).contains(status));
    status.ok_or(BadStatuses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_statuses_holds_what_it_names_and_no_other() {
        let list: StatusRanges = "200-204, 301,599-599".parse().unwrap();
        let held: Vec<_> = (0..=u16::MAX).filter(|status| list.contains(*status)).collect();
        assert_eq!(held, [200, 201, 202, 203, 204, 301, 599]);
        let all = StatusRanges::default();
        assert!(all.contains(200) && all.contains(399) && !all.contains(199) && !all.contains(400));
    }

    #[test]
    fn what_is_no_list_of_statuses_is_refused() {
        for bad in [
            "",
            ",",
            "200,",
            "2xx",
            "199",
            "100-200",
            "600",
            "200-",
            "-200",
            "300-200",
            "+200",
            "200--299",
            "200-250-299",
            "99999",
        ] {
            assert_eq!(bad.parse::<StatusRanges>(), Err(BadStatuses), "{bad:?}");
        }
    }
}
