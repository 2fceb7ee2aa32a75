//! A value for serde to read.

mod list;
mod table;
mod variant;

use std::cell::RefCell;
use std::collections::btree_map;

use serde::Deserializer;
use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use crate::mistake::Problem;
use crate::path::Step;

use super::free::Free;
use super::ledger::Ledger;
use super::refusal::Refusal;
use super::word::{Word, visit_integer};
use list::List;
use table::Table;
use variant::Variant;

/// The keys that a type says it reads; one that takes any says nothing.
type Known = Option<&'static [&'static str]>;

/// A value, and where what is found in it is entered.
#[derive(Clone, Copy)]
pub(super) struct Reader<'t> {
    value: &'t Free,
    ledger: &'t RefCell<Ledger>,
    /// The keys that are known beside this value's.
    beside: Known,
}

impl<'t> Reader<'t> {
    pub(super) fn root(value: &'t Free, ledger: &'t RefCell<Ledger>) -> Self {
        Self { value, ledger, beside: None }
    }

    /// Reads what is one step below, so that a refusal has its path.
    fn below<T>(
        self,
        step: Step,
        value: &'t Free,
        beside: Known,
        read: impl FnOnce(Self) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        self.ledger.borrow_mut().down(step);
        let read = read(Self { value, beside, ..self });
        let mut ledger = self.ledger.borrow_mut();
        let read = read.map_err(|refusal| refusal.at(ledger.path()));
        ledger.up();
        read
    }

    /// Reads the key of what is one step below.
    fn key<'de, S: DeserializeSeed<'de>>(
        self,
        key: &str,
        value: &'t Free,
        seed: S,
    ) -> Result<S::Value, Refusal> {
        self.below(Step::Key(key.to_owned()), value, None, |reader| {
            seed.deserialize(Word::key(key))
                .map_err(|refusal| refusal.in_key(reader.ledger.borrow().path()))
        })
    }

    fn leaves_out(self, key: &str) -> bool {
        self.ledger.borrow_mut().leaves_out(|| Step::Key(key.to_owned()))
    }

    fn table<'de, V: Visitor<'de>>(self, known: Known, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Free::Table(entries) => visitor.visit_map(Table {
                reader: self,
                entries: entries.iter(),
                known,
                next: None,
            }),
            // What YAML leaves empty.
            Free::Null => {
                let entries = btree_map::Iter::default();
                visitor.visit_map(Table { reader: self, entries, known, next: None })
            }
            // Serde would fill a struct from a list, by position.
            Free::List(_) => Err(de::Error::invalid_type(Unexpected::Seq, &visitor)),
            Free::Boolean(_)
            | Free::Integer(_)
            | Free::Float(_)
            | Free::Text(_)
            | Free::Word(_) => self.plainly(visitor),
        }
    }

    /// What the value is: a word no guess.
    fn plainly<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if let Free::Word(text) = self.value {
            visitor.visit_str(text)
        } else {
            self.deserialize_any(visitor)
        }
    }

    /// For a type that has no keys: every one is unknown.
    fn unit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if !matches!(self.value, Free::Table(_)) {
            return self.plainly(visitor);
        }
        for key in self.value.keys().filter(|key| !self.leaves_out(key)) {
            let mut ledger = self.ledger.borrow_mut();
            ledger.down(Step::Key(key.to_owned()));
            ledger.unknown(None);
            ledger.up();
        }
        visitor.visit_unit()
    }
}

/// What a word becomes is the word's affair.
macro_rules! scalars {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            if let Free::Word(text) = self.value {
                Word::value(text).$method(visitor)
            } else {
                self.deserialize_any(visitor)
            }
        })*
    };
}

impl<'de> Deserializer<'de> for Reader<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.value {
            Free::Null => visitor.visit_unit(),
            Free::Boolean(boolean) => visitor.visit_bool(*boolean),
            Free::Integer(number) => visit_integer(*number, visitor),
            Free::Float(number) => visitor.visit_f64(*number),
            Free::Text(text) => visitor.visit_str(text),
            Free::Word(text) => Word::value(text).deserialize_any(visitor),
            Free::List(items) => {
                visitor.visit_seq(List { reader: self, items: items.iter().enumerate() })
            }
            Free::Table(_) => self.table(None, visitor),
        }
    }

    scalars! {
        deserialize_bool
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
        deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_identifier deserialize_seq
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if matches!(self.value, Free::Null) {
            visitor.visit_none()
        } else {
            visitor.visit_some(self)
        }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.unit(visitor)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.table(None, visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.table(Some(known), visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self.value {
            Free::Text(name) | Free::Word(name) => visitor.visit_enum(StrDeserializer::new(name)),
            Free::Table(entries) => {
                let mut entries = entries.iter();
                match (entries.next(), entries.next()) {
                    (Some((name, value)), None) if !self.leaves_out(name) => {
                        visitor.visit_enum(Variant { reader: self, name, value })
                    }
                    (_, _) => Err(not_a_choice("is not a table with exactly one key", variants)),
                }
            }
            Free::Null => Err(not_a_choice("has no value", variants)),
            Free::Boolean(_) | Free::Integer(_) | Free::Float(_) | Free::List(_) => {
                Err(not_a_choice("is not the name of a choice", variants))
            }
        }
    }

    /// What derived code asks for where it has no use for a key.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        self.ledger.borrow_mut().unknown(self.beside);
        visitor.visit_unit()
    }

    forward_to_deserialize_any! { tuple tuple_struct }
}

fn not_a_choice(message: &str, variants: &[&str]) -> Refusal {
    Refusal::new(Problem::new(message).remedy(format!("write one of {}", variants.join(", "))))
}
