//! A parsed file in which every key and every value knows its place.
//!
//! | module | format | parser |
//! |---|---|---|
//! | `toml` | TOML | `toml`'s recoverable one, which reports every syntax error at once |
//! | `yaml` | YAML | the events of `saphyr-parser`; scalars by `saphyr` |
//! | `json` | JSON | `serde_json`, whose raw values are slices of the text and so have places |

mod json;
mod lines;
mod toml;
mod yaml;

use std::collections::BTreeMap;

pub(crate) use lines::Lines;

use crate::mistake::{Place, Problem};
use crate::path::{Path, Step};
use crate::quote::{escape, quote};
use crate::source::{Format, Source};

/// Tables and lists inside one another; the schema needs seven, and the settings of a protocol what
/// its author likes. Everything that walks a document may therefore recurse.
pub(crate) const DEPTH: usize = 64;

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

impl Node {
    /// The value at a path below this one.
    pub(crate) fn at(&self, path: &Path) -> Option<&Self> {
        path.steps().iter().try_fold(self, |node, step| match (&node.content, step) {
            (Content::Table(table), Step::Key(key)) => table.get(key).map(|entry| &entry.node),
            (Content::List(items), Step::Index(index)) => items.get(*index),
            (_, Step::Key(_) | Step::Index(_)) => None,
        })
    }
}

/// What a value can be in any of the three formats. A date of TOML is its text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Table(Table),
}

/// A value under its key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: Place,
    pub(crate) node: Node,
}

pub(crate) type Table = BTreeMap<String, Entry>;

/// What is wrong with the text itself.
pub(crate) type Fault = (Place, Problem);

/// Parses a text. There is no root if the text cannot be read, and then at least one fault; with
/// faults like a key that is set twice there is a root nevertheless, to look for more mistakes in.
pub(crate) fn parse(source: &Source) -> (Option<Node>, Vec<Fault>) {
    let text = source.text.strip_prefix('\u{feff}').unwrap_or(&source.text);
    if text.trim().is_empty() {
        // Not a syntax error in any of the formats: what is missing is said in the schema's words.
        let place = Place { line: 1, column: 1 };
        return (Some(Node { place, content: Content::Table(Table::new()) }), Vec::new());
    }
    match source.format {
        Format::Toml => toml::parse(text),
        Format::Yaml => yaml::parse(text),
        Format::Json => json::parse(text),
    }
}

/// Puts a value under its key; of two under the same key the first stays.
fn insert(table: &mut Table, key: String, entry: Entry, faults: &mut Vec<Fault>) {
    match table.entry(key) {
        std::collections::btree_map::Entry::Vacant(vacant) => {
            vacant.insert(entry);
        }
        std::collections::btree_map::Entry::Occupied(first) => {
            faults.push((entry.key, set_twice(first.key(), Some(first.get().key))));
        }
    }
}

fn set_twice(key: &str, first: Option<Place>) -> Problem {
    let of = first.map(|place| format!(", first in line {}", place.line)).unwrap_or_default();
    Problem::new(format!("{} is set twice{of}", quote(key))).remedy("keep one of the two")
}

/// A syntax error, in the words of a parser, which may quote the text.
fn invalid(format: Format, what: &str) -> Problem {
    Problem::new(format!("is not valid {format} ({})", escape(what)))
}

fn too_deep() -> Problem {
    Problem::new(format!("tables or lists are nested more than {DEPTH} deep"))
        .remedy("look for brackets that are not closed")
}

#[cfg(test)]
mod tests;
