//! Every key there is, as data: what it accepts, its default, and its line of documentation.
//!
//! The walk over a file, the variables of the environment, the defaults and [`crate::keys()`] all
//! come from the tables in `sections`. A new section is a new table in [`ROOT`].

mod admin;
mod dns;
mod http;
mod kind;
mod pool;
mod sections;
mod telemetry;

pub(crate) use kind::{Kind, TextRule, shown};
pub(crate) use pool::BACKENDS_FILE;
pub(crate) use sections::ROOT;

use crate::mistake::Problem;
use crate::quote::quote;

/// A key of a table.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    /// One line, in the present tense, with units.
    pub(crate) doc: &'static str,
}

/// What stands under a key.
pub(crate) enum Shape {
    /// One value.
    Scalar(Kind, Presence),
    /// A table of known keys. Absent, it is all defaults.
    Table(&'static [Field]),
    /// A table of known keys, and absent it is not there; the text says what that means.
    OptionalTable(&'static [Field], &'static str),
    /// Tables under names that the file chooses.
    Named(&'static [Field]),
    /// A list of tables; empty only if that is its default.
    List(Items, Presence),
    /// A list of single values; empty only if that is its default.
    Values(Kind, Presence),
    /// A table of any keys, which a protocol that the program brings reads itself; the text says what
    /// its absence means.
    Free(&'static str),
}

/// The items of a list.
pub(crate) struct Items {
    pub(crate) fields: &'static [Field],
    /// The key that an item given as a bare text stands for, if it may be one.
    pub(crate) short: Option<&'static str>,
    /// As in "is not a backend".
    pub(crate) noun: &'static str,
    /// An item as it would be written.
    pub(crate) example: &'static str,
}

/// What holds if a key is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It must be set.
    Required,
    /// This value, as it would be written.
    Default(&'static str),
    /// No value; the text says what that means.
    Optional(&'static str),
}

/// What to write where a name is not one.
pub(crate) const NAME_RULE: &str =
    "write 1 to 63 of a-z, 0-9, \"_\" and \"-\", beginning with a letter or a digit";

/// Whether a listener or a pool may have this name: `[a-z0-9][a-z0-9_-]{0,62}`.
pub(crate) fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (1..=63).contains(&name.len())
        && name.bytes().all(|byte| plain(byte) || b"_-".contains(&byte))
        && name.bytes().next().is_some_and(plain)
}

/// A name for what has no table of its own: a route, a zone.
static NAME: TextRule = TextRule {
    noun: "a name",
    describe: "1 to 63 of a-z, 0-9, \"_\" and \"-\", beginning with a letter or a digit",
    check: |text| {
        if is_name(text) {
            return Ok(text.to_owned());
        }
        Err(Problem::new(format!("{} is not a name", quote(text))).remedy(NAME_RULE))
    },
};

#[cfg(test)]
mod tests;
