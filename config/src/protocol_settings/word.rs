//! A text without a type: a value from the environment, or the key of a map.

use serde::Deserializer;
use serde::de::Visitor;
use serde::de::value::StrDeserializer;
use serde::forward_to_deserialize_any;

use super::refusal::Refusal;

/// A text that becomes what the type asks for, if it reads as that, and else stays a text for the
/// type to refuse.
#[derive(Clone, Copy)]
pub(super) struct Word<'t> {
    text: &'t str,
    /// Whether it becomes what it reads as where the type asks for nothing in particular.
    guess: bool,
}

impl<'t> Word<'t> {
    /// A value.
    pub(super) fn value(text: &'t str) -> Self {
        Self { text, guess: true }
    }

    /// A key, which is a text unless the type asks for something else.
    pub(super) fn key(text: &'t str) -> Self {
        Self { text, guess: false }
    }

    /// The float; `inf` and `nan` are rather names.
    fn float(self) -> Option<f64> {
        let digits = self.text.trim_start_matches(['+', '-']);
        let number = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
        number.then(|| self.text.parse().ok()).flatten()
    }
}

/// Gives a whole number in the type that serde's own visitors take.
pub(super) fn visit_integer<'de, V: Visitor<'de>>(
    number: i128,
    visitor: V,
) -> Result<V::Value, Refusal> {
    if let Ok(number) = i64::try_from(number) {
        visitor.visit_i64(number)
    } else if let Ok(number) = u64::try_from(number) {
        visitor.visit_u64(number)
    } else {
        visitor.visit_i128(number)
    }
}

macro_rules! integers {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            match self.text.parse() {
                Ok(number) => visit_integer(number, visitor),
                Err(_) => visitor.visit_str(self.text),
            }
        })*
    };
}

macro_rules! floats {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            match self.float() {
                Some(number) => visitor.visit_f64(number),
                None => visitor.visit_str(self.text),
            }
        })*
    };
}

macro_rules! texts {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
            visitor.visit_str(self.text)
        })*
    };
}

impl<'de> Deserializer<'de> for Word<'_> {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        if !self.guess {
            return visitor.visit_str(self.text);
        }
        if let Ok(boolean) = self.text.parse() {
            return visitor.visit_bool(boolean);
        }
        if let Ok(number) = self.text.parse() {
            return visit_integer(number, visitor);
        }
        self.deserialize_f64(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self.text.parse() {
            Ok(boolean) => visitor.visit_bool(boolean),
            Err(_) => visitor.visit_str(self.text),
        }
    }

    integers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
    }

    floats! { deserialize_f32 deserialize_f64 }

    texts! {
        deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier deserialize_seq deserialize_map
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_enum(StrDeserializer::new(self.text))
    }

    forward_to_deserialize_any! { unit unit_struct tuple tuple_struct struct ignored_any }
}
