//! A value of any shape.

use std::collections::BTreeMap;

use config::{Value, ValueKind};

use crate::layers::Layers;
use crate::mistake::Origin;
use crate::path::Path;

/// A value of any shape. Files nest at most as deep as `document` allows, and so do variables:
/// whatever walks a value may recurse.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Free {
    Null,
    Boolean(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    /// A text from the environment or a flag, where there are no types.
    Word(String),
    List(Vec<Free>),
    Table(BTreeMap<String, Free>),
}

impl Free {
    pub(super) fn empty() -> Self {
        Self::Table(BTreeMap::new())
    }

    /// The merged value at a path.
    pub(super) fn of(value: &Value, path: &mut Path, layers: &Layers<'_>) -> Self {
        match &value.kind {
            ValueKind::Nil => Self::Null,
            ValueKind::Boolean(boolean) => Self::Boolean(*boolean),
            ValueKind::I64(number) => Self::Integer((*number).into()),
            ValueKind::I128(number) => Self::Integer(*number),
            ValueKind::U64(number) => Self::Integer((*number).into()),
            // Layers hold no such number; of one that they did, the type would say "too large".
            ValueKind::U128(number) => Self::Integer(i128::try_from(*number).unwrap_or(i128::MAX)),
            ValueKind::Float(number) => Self::Float(*number),
            ValueKind::String(text) => match layers.origin(path) {
                Origin::File { .. } => Self::Text(text.clone()),
                Origin::Variable(_) | Origin::Flag(_) => Self::Word(text.clone()),
            },
            ValueKind::Array(items) => {
                let item = |(index, item)| {
                    path.push_index(index);
                    let item = Self::of(item, path, layers);
                    path.pop();
                    item
                };
                Self::List(items.iter().enumerate().map(item).collect())
            }
            ValueKind::Table(entries) => {
                let entry = |(key, value): (&String, &Value)| {
                    path.push(key);
                    let value = Self::of(value, path, layers);
                    path.pop();
                    (key.clone(), value)
                };
                Self::Table(entries.iter().map(entry).collect())
            }
        }
    }

    /// The keys of a table.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let table = if let Self::Table(table) = self { Some(table) } else { None };
        table.into_iter().flat_map(BTreeMap::keys).map(String::as_str)
    }
}
