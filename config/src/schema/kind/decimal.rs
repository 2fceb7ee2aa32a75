//! Numbers that may have a fraction.

use std::ops::RangeInclusive;

use config::ValueKind;

use super::{Kind, number};
use crate::mistake::Problem;

/// The number.
///
/// # Errors
/// If the value is none, or not in the range.
pub(super) fn check(
    kind: Kind,
    value: &ValueKind,
    range: RangeInclusive<f64>,
) -> Result<ValueKind, Problem> {
    let given = match value {
        ValueKind::Float(given) => Some(*given),
        ValueKind::String(text) => {
            if text.parse().is_ok_and(f64::is_finite) {
                let problem = Problem::new(format!("\"{text}\" is a text"));
                return Err(problem.remedy(format!("write {text} without quotes")));
            }
            None
        }
        // A whole number beyond what a float holds exactly is beyond every range, too.
        ValueKind::I64(_) | ValueKind::I128(_) | ValueKind::U64(_) | ValueKind::U128(_) => {
            number(value).ok().map(|whole| whole as f64)
        }
        ValueKind::Nil | ValueKind::Boolean(_) | ValueKind::Table(_) | ValueKind::Array(_) => None,
    };
    let Some(given) = given.filter(|given| given.is_finite()) else {
        return Err(kind.refuse(value, "a number"));
    };
    if given < *range.start() {
        return Err(kind.remedied(format!("{given} is too small")));
    }
    if given > *range.end() {
        return Err(kind.remedied(format!("{given} is too large")));
    }
    Ok(ValueKind::Float(given))
}
