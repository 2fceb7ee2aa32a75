//! What a single value may be, and what to say of one that may not.

mod decimal;
mod measure;

use std::time::Duration;

use config::ValueKind;

use crate::duration::OFF;
use crate::mistake::Problem;
use crate::nearest::nearest;
use crate::quote::quote;
use crate::secret::SecretRule;
use crate::{duration, endpoint, size};
use measure::{DURATION, SIZE};

/// The kinds of single values.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// A whole number; `off` for no limit, where that is allowed.
    Integer { least: u32, most: u32, off: bool },
    /// A number that may have a fraction; `off` for none, where that is allowed.
    Decimal { least: f64, most: f64, off: bool },
    /// `true` or `false`.
    Boolean,
    /// A number and a unit; `off` for no limit, where that is allowed.
    Duration { least: Duration, most: Duration, off: bool },
    /// A number of bytes with its unit; `off` for no limit, where that is allowed.
    Size { least: u64, most: u64, off: bool },
    /// One of these numbers, which are what `noun` says: "a status".
    Number { noun: &'static str, numbers: &'static [u32] },
    /// One of these names, which are what `noun` says: "a level".
    Choice { noun: &'static str, names: &'static [&'static str] },
    /// An IP address and a port to listen on.
    Bind,
    /// An IP address or a host name, and a port to connect to.
    Backend,
    /// The name of a protocol; that it exists is checked among the rules.
    Protocol,
    /// The name of a pool; that it exists is checked among the rules.
    Pool,
    /// A text with a form of its own.
    Text(&'static TextRule),
    /// A text that is never shown.
    Secret(&'static SecretRule),
}

/// The form of a text.
#[derive(Debug)]
pub(crate) struct TextRule {
    /// As in "5 is not a method".
    pub(crate) noun: &'static str,
    /// What is accepted, after "write".
    pub(crate) describe: &'static str,
    /// The text in its one normal form.
    pub(crate) check: fn(&str) -> Result<String, Problem>,
}

impl Kind {
    /// What is accepted, as a noun: for the documentation, and after "write".
    pub(crate) fn describe(self) -> String {
        match self {
            Self::Integer { least, most, off } => {
                let off = if off { ", or \"off\"" } else { "" };
                if most == u32::MAX {
                    format!("a whole number of at least {least}{off}")
                } else {
                    format!("a whole number from {least} to {most}{off}")
                }
            }
            Self::Decimal { least, most, off } => {
                let off = if off { ", or \"off\"" } else { "" };
                format!("a number from {least} to {most}{off}")
            }
            Self::Boolean => "true or false".to_owned(),
            Self::Duration { least, most, off } => {
                let (least, most) = (duration::show(least), duration::show(most));
                let off = if off { ", or \"off\"" } else { "" };
                format!("a duration from \"{least}\" to \"{most}\"{off}")
            }
            Self::Size { least, most, off } => {
                let off = if off { ", or \"off\"" } else { "" };
                format!("a size from \"{}\" to \"{}\"{off}", size::show(least), size::show(most))
            }
            Self::Number { numbers, .. } => {
                let numbers: Vec<_> = numbers.iter().map(u32::to_string).collect();
                format!("one of {}", numbers.join(", "))
            }
            Self::Choice { names, .. } => format!("one of {}", names.join(", ")),
            Self::Bind => "an IP address and a port, such as \"0.0.0.0:8080\"".to_owned(),
            Self::Backend => {
                "an address and a port, such as \"10.0.0.1:80\" or \"web.local:80\"".to_owned()
            }
            Self::Protocol => "the name of a protocol, such as \"forward\" or \"echo\"".to_owned(),
            Self::Pool => "the name of a pool".to_owned(),
            Self::Text(rule) => rule.describe.to_owned(),
            Self::Secret(rule) => rule.describe.to_owned(),
        }
    }

    /// The value of a text from outside a file, where there are no types: of a variable, of a flag,
    /// or of a default in the schema. What does not fit stays a text, for [`Kind::check`] to refuse.
    pub(crate) fn value(self, text: &str) -> ValueKind {
        match self {
            Self::Integer { .. } | Self::Number { .. } => {
                text.parse::<i64>().map_or_else(|_| text.into(), ValueKind::I64)
            }
            Self::Decimal { .. } => text.parse().map_or_else(|_| text.into(), ValueKind::Float),
            Self::Boolean => text.parse().map_or_else(|_| text.into(), ValueKind::Boolean),
            Self::Duration { .. }
            | Self::Size { .. }
            | Self::Choice { .. }
            | Self::Bind
            | Self::Backend
            | Self::Protocol
            | Self::Pool
            | Self::Text(_)
            | Self::Secret(_) => text.into(),
        }
    }

    /// The value in its one normal form: addresses as they are printed, texts as their rules say,
    /// everything else unchanged.
    ///
    /// # Errors
    /// If the value is not of this kind.
    pub(crate) fn check(self, value: &ValueKind) -> Result<ValueKind, Problem> {
        match self {
            Self::Integer { off: true, .. } if is_off(value) => Ok(OFF.into()),
            Self::Integer { least, most, .. } => self.check_integer(value, least, most),
            Self::Decimal { off: true, .. } if is_off(value) => Ok(OFF.into()),
            Self::Decimal { least, most, .. } => decimal::check(self, value, least..=most),
            Self::Boolean if matches!(value, ValueKind::Boolean(_)) => Ok(value.clone()),
            Self::Boolean => Err(self.refuse(value, "true or false")),
            Self::Duration { least, most, off } => DURATION.check(self, value, least..=most, off),
            Self::Size { least, most, off } => SIZE.check(self, value, least..=most, off),
            Self::Number { noun, numbers } => match number(value).map(u32::try_from) {
                Ok(Ok(number)) if numbers.contains(&number) => Ok(number.into()),
                Ok(_) | Err(_) => Err(self.refuse(value, noun)),
            },
            Self::Choice { noun, names } => {
                let text = self.text(value, noun)?;
                if names.contains(&text) {
                    return Ok(text.into());
                }
                Err(self.refuse(value, noun).nearest(nearest(text, names.iter().copied())))
            }
            Self::Bind => {
                let text = self.text(value, "an address")?;
                endpoint::bind(text).map(|address| address.to_string().into())
            }
            Self::Backend => {
                let text = self.text(value, "an address")?;
                endpoint::backend(text).map(|address| address.to_string().into())
            }
            Self::Protocol => self.text(value, "a protocol").map(Into::into),
            Self::Pool => self.text(value, "the name of a pool").map(Into::into),
            Self::Text(rule) => (rule.check)(self.text(value, rule.noun)?).map(Into::into),
            Self::Secret(rule) => rule.check(value),
        }
    }

    fn check_integer(self, value: &ValueKind, least: u32, most: u32) -> Result<ValueKind, Problem> {
        let number = match number(value) {
            Ok(number) => number,
            Err(Some(text)) => {
                let problem = Problem::new(format!("{} is a text", quote(text)));
                return Err(problem.remedy(format!("write {text} without quotes")));
            }
            Err(None) => return Err(self.refuse(value, "a whole number")),
        };
        match u32::try_from(number) {
            Ok(fits) if (least..=most).contains(&fits) => Ok(fits.into()),
            Ok(_) | Err(_) => {
                let side = if number < i128::from(least) { "too small" } else { "too large" };
                Err(self.remedied(format!("{number} is {side}")))
            }
        }
    }

    fn text<'v>(self, value: &'v ValueKind, noun: &str) -> Result<&'v str, Problem> {
        if let ValueKind::String(text) = value { Ok(text) } else { Err(self.refuse(value, noun)) }
    }

    fn refuse(self, value: &ValueKind, noun: &str) -> Problem {
        self.remedied(format!("{} is not {noun}", shown(value)))
    }

    fn remedied(self, message: impl Into<String>) -> Problem {
        Problem::new(message).remedy(format!("write {}", self.describe()))
    }
}

fn is_off(value: &ValueKind) -> bool {
    matches!(value, ValueKind::String(text) if text == OFF)
}

/// The whole number that a value is; of a text that reads as one, the text.
fn number(value: &ValueKind) -> Result<i128, Option<&str>> {
    match value {
        ValueKind::I64(number) => Ok((*number).into()),
        ValueKind::I128(number) => Ok(*number),
        ValueKind::U64(number) => Ok((*number).into()),
        ValueKind::U128(number) => i128::try_from(*number).map_err(|_| None),
        ValueKind::String(text) => Err(text.parse::<i64>().is_ok().then_some(text)),
        ValueKind::Nil
        | ValueKind::Boolean(_)
        | ValueKind::Float(_)
        | ValueKind::Table(_)
        | ValueKind::Array(_) => Err(None),
    }
}

/// A value as it can be quoted back in one line.
pub(crate) fn shown(value: &ValueKind) -> String {
    match value {
        ValueKind::Nil => "nothing".to_owned(),
        ValueKind::Boolean(boolean) => boolean.to_string(),
        ValueKind::I64(number) => number.to_string(),
        ValueKind::I128(number) => number.to_string(),
        ValueKind::U64(number) => number.to_string(),
        ValueKind::U128(number) => number.to_string(),
        ValueKind::Float(number) => format!("{number:?}"),
        ValueKind::String(text) => quote(text),
        ValueKind::Table(_) => "a table".to_owned(),
        ValueKind::Array(_) => "a list".to_owned(),
    }
}
