//! What serde says of a value, in the words of this crate.

use std::error::Error;
use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::mistake::Problem;
use crate::nearest::nearest;
use crate::path::Path;
use crate::quote::{escape, quote};

/// What is kept of a message in the words of a type, in characters: it may quote a value.
const KEPT: usize = 300;

/// Why a value was refused.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Of the value, as soon as the reader has said it; of a key that is missing, that of its table.
    pub(super) path: Path,
    /// Whether the key is mistaken, not the value.
    pub(super) in_key: bool,
    /// Whether the type does not know the key.
    pub(super) is_unknown: bool,
    /// The key that is missing.
    pub(super) missing: Option<&'static str>,
    pub(super) problem: Problem,
}

impl Refusal {
    pub(super) fn new(problem: Problem) -> Self {
        Self { path: Path::default(), in_key: false, is_unknown: false, missing: None, problem }
    }

    /// The innermost reader knows the place; those above it leave it.
    pub(super) fn at(mut self, path: &Path) -> Self {
        if self.path.steps().is_empty() {
            self.path = path.clone();
        }
        self
    }

    pub(super) fn in_key(mut self, path: &Path) -> Self {
        self.in_key = true;
        self.at(path)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.problem.fmt(f)
    }
}

impl Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message: String = message.to_string().chars().take(KEPT).collect();
        Self::new(Problem::new(escape(&message)))
    }

    fn invalid_type(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(refuse(given, &plain(&expected.to_string())))
    }

    fn invalid_value(given: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(given, expected)
    }

    fn invalid_length(given: usize, expected: &dyn Expected) -> Self {
        let expected = plain(&expected.to_string());
        let problem = Problem::new(format!("a length of {given} does not fit"));
        Self::new(problem.remedy(format!("write {expected}")))
    }

    fn unknown_variant(given: &str, expected: &'static [&'static str]) -> Self {
        let problem = Problem::new(format!("{} is not possible here", quote(given)));
        let problem = problem.remedy(format!("write one of {}", expected.join(", ")));
        Self::new(problem.nearest(nearest(given, expected.iter().copied())))
    }

    fn unknown_field(given: &str, expected: &'static [&'static str]) -> Self {
        Self { is_unknown: true, ..Self::new(unknown_key(given, expected)) }
    }

    fn missing_field(key: &'static str) -> Self {
        let problem = Problem::new("is missing").remedy("add the key");
        Self { missing: Some(key), ..Self::new(problem) }
    }

    fn duplicate_field(key: &'static str) -> Self {
        let problem = Problem::new(format!("{} is set twice, under two of its names", quote(key)));
        Self::new(problem.remedy("keep one of the two"))
    }
}

/// What to say of a key that is none of those that a type reads.
pub(super) fn unknown_key(key: &str, known: &'static [&'static str]) -> Problem {
    let remedy = match known {
        [] => "remove the key".to_owned(),
        known => format!("write one of {}", known.join(", ")),
    };
    Problem::new("is not a key that is known here")
        .remedy(remedy)
        .nearest(nearest(key, known.iter().copied()))
}

fn refuse(given: Unexpected<'_>, expected: &str) -> Problem {
    if let Unexpected::Str(text) = given
        && is_number(expected)
        && text.parse::<i64>().is_ok()
    {
        let problem = Problem::new(format!("{} is a text", quote(text)));
        return problem.remedy(format!("write {text} without quotes"));
    }
    let problem = if given == Unexpected::Unit {
        Problem::new("has no value")
    } else {
        Problem::new(format!("{} is not {expected}", shown(given)))
    };
    problem.remedy(format!("write {expected}"))
}

/// Whether this is what [`plain`] makes of a number.
fn is_number(expected: &str) -> bool {
    expected == "a number" || expected.starts_with("a whole number")
}

fn shown(given: Unexpected<'_>) -> String {
    match given {
        Unexpected::Bool(boolean) => boolean.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Char(character) => quote(character.encode_utf8(&mut [0; 4])),
        Unexpected::Str(text) => quote(text),
        Unexpected::Unit => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a table".to_owned(),
        Unexpected::UnitVariant => "a bare name".to_owned(),
        Unexpected::Bytes(_)
        | Unexpected::Option
        | Unexpected::NewtypeStruct
        | Unexpected::Enum
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant
        | Unexpected::Other(_) => escape(&given.to_string()),
    }
}

/// What serde's own types and derives expect, as a file would have it.
fn plain(expected: &str) -> String {
    if let Some(whole) = expected.strip_prefix("a nonzero ").and_then(|kind| whole(kind, 1)) {
        return whole;
    }
    if let Some(whole) = whole(expected, 0) {
        return whole;
    }
    match expected {
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "a borrowed string" => "a text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other => escape(other),
    }
}

fn whole(kind: &str, least: u8) -> Option<String> {
    let to = |most: u32| Some(format!("a whole number from {least} to {most}"));
    let signed = |least: i32, most: i32| Some(format!("a whole number from {least} to {most}"));
    match kind {
        "u8" => to(u8::MAX.into()),
        "u16" => to(u16::MAX.into()),
        "u32" => to(u32::MAX),
        "u64" | "u128" | "usize" => Some(format!("a whole number of at least {least}")),
        "i8" => signed(i8::MIN.into(), i8::MAX.into()),
        "i16" => signed(i16::MIN.into(), i16::MAX.into()),
        "i32" => signed(i32::MIN, i32::MAX),
        "i64" | "i128" | "isize" => Some("a whole number".to_owned()),
        _ => None,
    }
}
