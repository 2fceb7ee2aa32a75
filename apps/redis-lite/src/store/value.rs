//! What a key can hold, a Rust type each.

use std::collections::VecDeque;
use std::hash::RandomState;

use bytes::Bytes;
use indexmap::{IndexMap, IndexSet};

use super::sorted_set::SortedSet;

/// A string of bytes.
pub type Text = Bytes;

/// A list.
pub type List = VecDeque<Bytes>;

/// Fields and their values. An index map, so that scanning goes on while it changes.
pub type Hash = IndexMap<Bytes, Bytes, RandomState>;

/// A set. An index set, so that a member by chance costs no walk.
pub type Set = IndexSet<Bytes, RandomState>;

/// What a key holds.
#[derive(Debug, Clone)]
pub enum Value {
    /// `string`
    Text(Text),
    /// `list`
    List(List),
    /// `hash`
    Hash(Hash),
    /// `set`
    Set(Set),
    /// `zset`
    SortedSet(Box<SortedSet>),
}

impl Value {
    /// The name of its type.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Text(_) => "string",
            Self::List(_) => "list",
            Self::Hash(_) => "hash",
            Self::Set(_) => "set",
            Self::SortedSet(_) => "zset",
        }
    }
}

/// A type that a key can hold.
pub trait Kind: Default {
    /// The value of a key that holds `self`.
    fn wrap(self) -> Value;

    /// What `value` holds, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;

    /// What `value` holds, if it is of this type.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;

    /// Whether a key that holds it is no key any more.
    fn is_spent(&self) -> bool;
}

/// One implementation for each type: the variant, and how it tells that nothing is left.
macro_rules! kind {
    ($type:ty, $variant:ident, $wrap:expr, $spent:expr) => {
        impl Kind for $type {
            fn wrap(self) -> Value {
                Value::$variant($wrap(self))
            }

            fn of(value: &Value) -> Option<&Self> {
                if let Value::$variant(held) = value { Some(held) } else { None }
            }

            fn of_mut(value: &mut Value) -> Option<&mut Self> {
                if let Value::$variant(held) = value { Some(held) } else { None }
            }

            fn is_spent(&self) -> bool {
                $spent(self)
            }
        }
    };
}

// An empty string is a value like any other; an empty collection is none.
kind!(Text, Text, std::convert::identity, |_| false);
kind!(List, List, std::convert::identity, VecDeque::is_empty);
kind!(Hash, Hash, std::convert::identity, IndexMap::is_empty);
kind!(Set, Set, std::convert::identity, IndexSet::is_empty);
kind!(SortedSet, SortedSet, Box::new, SortedSet::is_empty);
