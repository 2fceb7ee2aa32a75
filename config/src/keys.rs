//! The list of all keys, for documentation and for tests that must not miss one.

use crate::schema::{Field, Presence, ROOT, Shape};

/// A key that a file can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The path, with `*` for the name of a listener or a pool and `[]` for a place in a list:
    /// `pool.*.backends[].weight`.
    pub path: String,
    /// What is accepted, in words.
    pub kind: String,
    /// What holds if the key is not set.
    pub presence: Presence,
    /// What the key means, in one line.
    pub doc: &'static str,
    /// Whether the environment can override it: all single values outside of lists. Of a table that
    /// a protocol reads, the environment can override the values in it.
    pub overridable: bool,
}

/// Every key of the schema in the order of the documentation; sections themselves are not listed,
/// but for those whose absence means something.
pub fn keys() -> Vec<Key> {
    let mut keys = Vec::new();
    collect(ROOT, "", false, &mut keys);
    keys
}

fn collect(fields: &'static [Field], above: &str, in_list: bool, keys: &mut Vec<Key>) {
    for Field { name, shape, doc } in fields {
        let path = format!("{above}{name}");
        match shape {
            Shape::Scalar(kind, presence) => keys.push(Key {
                path,
                kind: kind.describe(),
                presence: *presence,
                doc,
                overridable: !in_list,
            }),
            Shape::Table(fields) => collect(fields, &format!("{path}."), in_list, keys),
            Shape::OptionalTable(fields, absent) => {
                keys.push(Key {
                    path: path.clone(),
                    kind: "a table".to_owned(),
                    presence: Presence::Optional(absent),
                    doc,
                    overridable: false,
                });
                collect(fields, &format!("{path}."), in_list, keys);
            }
            Shape::Named(fields) => collect(fields, &format!("{path}.*."), in_list, keys),
            Shape::List(items, presence) => {
                keys.push(Key {
                    path: path.clone(),
                    kind: format!("a list of {}", items.example),
                    presence: *presence,
                    doc,
                    overridable: false,
                });
                collect(items.fields, &format!("{path}[]."), true, keys);
            }
            Shape::Values(kind, presence) => keys.push(Key {
                path,
                kind: format!("a list, of which each item is {}", kind.describe()),
                presence: *presence,
                doc,
                overridable: false,
            }),
            Shape::Free(absent) => keys.push(Key {
                path,
                kind: "a table that the protocol reads".to_owned(),
                presence: Presence::Optional(absent),
                doc,
                overridable: false,
            }),
        }
    }
}
