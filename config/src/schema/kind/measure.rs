//! Values with a unit: durations and sizes.

use std::ops::RangeInclusive;
use std::time::Duration;

use config::ValueKind;

use super::Kind;
use crate::duration::OFF;
use crate::mistake::Problem;
use crate::quote::quote;
use crate::{duration, size};

/// A way to measure, and the words for it.
pub(super) struct Measure<T> {
    /// As in "is not a duration".
    noun: &'static str,
    /// The unit that a bare number probably lacks, and what it counts.
    bare: (&'static str, &'static str),
    parse: fn(&str) -> Option<T>,
    /// What a value looks like, after "write".
    form: &'static str,
    too_little: &'static str,
    too_much: &'static str,
}

pub(super) static DURATION: Measure<Duration> = Measure {
    noun: "a duration",
    bare: ("s", "seconds"),
    parse: duration::parse,
    form: "a whole number and one of ms, s, m, h, as in \"250ms\" or \"30s\"",
    too_little: "too short",
    too_much: "too long",
};

pub(super) static SIZE: Measure<u64> = Measure {
    noun: "a size",
    bare: ("B", "bytes"),
    parse: size::parse,
    form: size::WRITE,
    too_little: "too small",
    too_much: "too large",
};

impl<T: PartialOrd> Measure<T> {
    /// The value unchanged.
    ///
    /// # Errors
    /// If it is not a measure of this sort, or none in the range, or `off` where that is not allowed.
    pub(super) fn check(
        &self,
        kind: Kind,
        value: &ValueKind,
        range: RangeInclusive<T>,
        off: bool,
    ) -> Result<ValueKind, Problem> {
        if let ValueKind::I64(number) = value {
            let (unit, counted) = self.bare;
            let problem = Problem::new(format!("{number} has no unit"));
            return Err(problem.remedy(format!("write \"{number}{unit}\" if {counted} are meant")));
        }
        let text = kind.text(value, self.noun)?;
        if text == OFF {
            return if off {
                Ok(text.into())
            } else {
                Err(kind.remedied("\"off\" is not possible here"))
            };
        }
        let Some(parsed) = (self.parse)(text) else {
            let or_off = if off { ", or \"off\"" } else { "" };
            let problem = Problem::new(format!("{} is not {}", quote(text), self.noun));
            return Err(problem.remedy(format!("write {}{or_off}", self.form)));
        };
        if parsed < *range.start() {
            return Err(kind.remedied(format!("{} is {}", quote(text), self.too_little)));
        }
        if parsed > *range.end() {
            return Err(kind.remedied(format!("{} is {}", quote(text), self.too_much)));
        }
        Ok(text.into())
    }
}
