//! Statuses of answers: `200-399`, `200,204`.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Deserialize;

use crate::mistake::Problem;
use crate::quote::quote;
use crate::schema::TextRule;

/// Those of final answers: interim ones say nothing.
const FINAL: RangeInclusive<u16> = 200..=599;

pub(crate) static RULE: TextRule = TextRule {
    noun: "a text of statuses",
    describe: "statuses from 200 to 599 in quotes, such as \"200-399\" or \"200,204\"",
    check: |text| read(text).map(|statuses| statuses.to_string()),
};

/// Some of the statuses from 200 to 599.
///
/// ```
/// let statuses: trunkline_config::Statuses = "200-299,404".parse().expect("statuses");
/// assert!(statuses.contains(204) && statuses.contains(404) && !statuses.contains(301));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Statuses(Vec<RangeInclusive<u16>>);

impl Statuses {
    /// Whether the status is one of these.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|range| range.contains(&status))
    }

    /// The ranges in the order in which they are written; at least one, and none is empty.
    pub fn ranges(&self) -> &[RangeInclusive<u16>] {
        &self.0
    }
}

/// As they would be written.
impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, range) in self.0.iter().enumerate() {
            let comma = if position > 0 { "," } else { "" };
            write!(f, "{comma}{}", range.start())?;
            if range.start() != range.end() {
                write!(f, "-{}", range.end())?;
            }
        }
        Ok(())
    }
}

/// A text that is not statuses; says why and what to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusesError(String);

impl fmt::Display for StatusesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for StatusesError {}

impl FromStr for Statuses {
    type Err = StatusesError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read(text).map_err(|problem| StatusesError(problem.to_string()))
    }
}

impl TryFrom<String> for Statuses {
    type Error = StatusesError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

fn read(text: &str) -> Result<Statuses, Problem> {
    text.split(',').map(|part| range(part.trim())).collect::<Result<_, _>>().map(Statuses)
}

fn range(text: &str) -> Result<RangeInclusive<u16>, Problem> {
    let refused = |why: &str| Problem::new(format!("{} {why}", quote(text)));
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (Some(first), Some(last)) = (status(first), status(last)) else {
        let remedy = "write one or more of N and N-M with commas between them, as in \"200-399\" \
                      or \"200,204\"";
        return Err(
            refused("is neither a status from 200 to 599 nor a range of them").remedy(remedy)
        );
    };
    if first > last {
        return Err(refused("ends before it begins").remedy(format!("write \"{last}-{first}\"")));
    }
    Ok(first..=last)
}

fn status(text: &str) -> Option<u16> {
    let digits = text.trim();
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|status| plain && FINAL.contains(status))
}
