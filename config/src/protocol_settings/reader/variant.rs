//! A variant of an enum that holds something.

use serde::Deserializer as _;
use serde::de::{Deserialize as _, DeserializeSeed, EnumAccess, VariantAccess, Visitor};

use super::Reader;
use crate::path::Step;
use crate::protocol_settings::free::Free;
use crate::protocol_settings::refusal::Refusal;

/// A variant with what it holds: a table of which the only key is its name.
pub(super) struct Variant<'t> {
    pub(super) reader: Reader<'t>,
    pub(super) name: &'t str,
    pub(super) value: &'t Free,
}

impl<'t> Variant<'t> {
    fn below<T>(self, read: impl FnOnce(Reader<'t>) -> Result<T, Refusal>) -> Result<T, Refusal> {
        self.reader.below(Step::Key(self.name.to_owned()), self.value, None, read)
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Refusal;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<(S::Value, Self), Refusal> {
        let variant = self.reader.key(self.name, self.value, seed)?;
        Ok((variant, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Refusal;

    fn unit_variant(self) -> Result<(), Refusal> {
        self.below(<()>::deserialize)
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Refusal> {
        self.below(|reader| seed.deserialize(reader))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Refusal> {
        self.below(|reader| reader.deserialize_tuple(len, visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        known: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        self.below(|reader| reader.table(Some(known), visitor))
    }
}
