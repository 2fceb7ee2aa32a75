//! JSON to nodes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{Content, DEPTH, Entry, Fault, Lines, Node, Table, insert, too_deep};
use crate::mistake::Problem;
use crate::source::Format;

pub(super) fn parse(text: &str) -> (Option<Node>, Vec<Fault>) {
    let mut reader = Reader { text, lines: Lines::of(text.as_bytes()), faults: Vec::new() };
    // Checks the syntax of the whole text, so that below only the escapes in strings can be wrong.
    let root = match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => reader.node(raw, 0),
        Err(error) => {
            // Lines and columns count from 1, columns in bytes; 0 is the end of the line before.
            let offset = reader.lines.offset(error.line()) + error.column().saturating_sub(1);
            let place = reader.lines.place(offset);
            reader.faults.push((place, invalid(&error)));
            None
        }
    };
    (root, reader.faults)
}

fn invalid(error: &serde_json::Error) -> Problem {
    let full = error.to_string();
    // The place in its text is the place in a slice; the mistake has the one in the file.
    let what = full.split_once(" at line ").map_or(full.as_str(), |(what, _)| what);
    super::invalid(Format::Json, what)
}

struct Reader<'t> {
    text: &'t str,
    lines: Lines<'t>,
    faults: Vec<Fault>,
}

impl<'t> Reader<'t> {
    /// `None` after a fault that leaves nothing to read.
    fn node(&mut self, raw: &'t RawValue, depth: usize) -> Option<Node> {
        let place = self.lines.place(self.offset(raw));
        if depth > DEPTH {
            self.faults.push((place, too_deep()));
            return None;
        }
        let content = match raw.get().as_bytes().first() {
            Some(b'{') => {
                let mut table = Table::new();
                for (raw_key, value) in self.read::<Members<'t>>(raw)?.0 {
                    let key = self.lines.place(self.offset(raw_key));
                    let name = self.read::<String>(raw_key)?;
                    let node = self.node(value, depth + 1)?;
                    insert(&mut table, name, Entry { key, node }, &mut self.faults);
                }
                Content::Table(table)
            }
            Some(b'[') => {
                let items = self.read::<Vec<&RawValue>>(raw)?;
                let nodes = items.into_iter().map(|item| self.node(item, depth + 1));
                Content::List(nodes.collect::<Option<_>>()?)
            }
            Some(b'"') => Content::Text(self.read(raw)?),
            Some(b't') => Content::Boolean(true),
            Some(b'f') => Content::Boolean(false),
            Some(b'n') => Content::Null,
            _ => match raw.get().parse() {
                Ok(integer) => Content::Integer(integer),
                // RFC 8259 sets no bounds; what no number here can hold is kept as it was written.
                Err(_) => raw
                    .get()
                    .parse()
                    .map_or_else(|_| Content::Text(raw.get().to_owned()), Content::Float),
            },
        };
        Some(Node { place, content })
    }

    fn read<T: Deserialize<'t>>(&mut self, raw: &'t RawValue) -> Option<T> {
        serde_json::from_str(raw.get())
            .map_err(|error| {
                let place = self.lines.place(self.offset(raw));
                self.faults.push((place, invalid(&error)));
            })
            .ok()
    }

    /// A raw value is a slice of the text: where it begins is its place.
    fn offset(&self, raw: &RawValue) -> usize {
        raw.get().as_ptr().addr().saturating_sub(self.text.as_ptr().addr())
    }
}

/// The members of an object in their order, repeated keys included.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'t> Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(from: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'t> Visitor<'t> for Collect {
            type Value = Members<'t>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'t>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Collect)
    }
}
