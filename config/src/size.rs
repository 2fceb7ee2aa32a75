//! Sizes as they are written in settings: a whole number and a unit, `512B`, `64KiB`, `16MiB`, `1GiB`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

use crate::duration::OFF;
use crate::quote::quote;

/// The units with their bytes.
const UNITS: [(&str, u64); 4] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// How a size is written, after "write".
pub(crate) const WRITE: &str = "a whole number and one of B, KiB, MiB, GiB, as in \"64KiB\"";

/// The bytes, if the text is a size.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, bytes) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(bytes)
}

/// The size in the largest unit that divides it.
pub(crate) fn show(size: u64) -> String {
    let whole = |(_, bytes): &&(&str, u64)| size > 0 && size.is_multiple_of(*bytes);
    match UNITS.iter().rev().find(whole) {
        Some((name, bytes)) => format!("{}{name}", size / bytes),
        None => "0B".to_owned(),
    }
}

/// For serde, in settings of one's own: `#[serde(deserialize_with = "size::deserialize")]` for a
/// field of bytes in `u64`, `usize` or `u32`.
///
/// # Errors
/// If the value is not such a text, or more than the field can hold.
pub fn deserialize<'de, D: Deserializer<'de>, T: TryFrom<u64>>(from: D) -> Result<T, D::Error> {
    from.deserialize_str(Written { off: false, held: PhantomData })?
        .ok_or_else(|| D::Error::custom("no size"))
}

/// For serde: a size, or `off` as `None`. A key that may be absent needs `#[serde(default)]` beside
/// it, as serde asks for with every function.
///
/// # Errors
/// If the value is not such a text, or more than the field can hold.
pub fn or_off<'de, D: Deserializer<'de>, T: TryFrom<u64>>(from: D) -> Result<Option<T>, D::Error> {
    from.deserialize_str(Written { off: true, held: PhantomData })
}

/// Reads a size, or `off` if it may be.
struct Written<T> {
    off: bool,
    held: PhantomData<T>,
}

impl<T> Written<T> {
    fn or_off(&self) -> &'static str {
        if self.off { ", or \"off\"" } else { "" }
    }

    fn no_unit<E: Error>(&self, number: u64) -> E {
        E::custom(format!("{number} has no unit: write \"{number}B\" if bytes are meant"))
    }
}

impl<T: TryFrom<u64>> Visitor<'_> for Written<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a size such as \"64KiB\"{}", self.or_off())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        if self.off && text == OFF {
            return Ok(None);
        }
        if let Some(bytes) = parse(text) {
            return T::try_from(bytes)
                .map(Some)
                .map_err(|_| E::custom(format!("\"{text}\" is too large here")));
        }
        match text.parse::<u64>() {
            Ok(number) => Err(self.no_unit(number)),
            Err(_) => Err(E::custom(format!(
                "{} is not a size: write {WRITE}{}",
                quote(text),
                self.or_off()
            ))),
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
        Err(self.no_unit(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
        match u64::try_from(number) {
            Ok(number) => Err(self.no_unit(number)),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::IntoDeserializer as _;
    use serde::de::value::{Error as Said, StrDeserializer, U64Deserializer};

    use super::*;

    fn said<T: TryFrom<u64>>(text: &str) -> Result<T, String> {
        let from: StrDeserializer<'_, Said> = text.into_deserializer();
        deserialize(from).map_err(|error| error.to_string())
    }

    #[test]
    fn a_size_is_a_whole_number_and_a_unit() {
        assert_eq!(parse("0B"), Some(0));
        assert_eq!(parse("64KiB"), Some(65_536));
        assert_eq!(parse("16MiB"), Some(16 << 20));
        assert_eq!(parse("1GiB"), Some(1 << 30));
        for wrong in ["", "B", "64", "64KB", "64kib", "1.5MiB", "-1B", "64 KiB", "ä", "+1B"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(parse("18446744073709551615GiB"), None);
    }

    #[test]
    fn a_size_fits_its_field_or_says_that_it_does_not() {
        assert_eq!(said::<usize>("64KiB"), Ok(65_536));
        assert_eq!(said::<u16>("64KiB"), Err("\"64KiB\" is too large here".to_owned()));
    }

    #[test]
    fn a_size_is_shown_as_it_would_be_written() {
        for text in ["0B", "1B", "1000B", "1KiB", "1536KiB", "2MiB", "1024GiB"] {
            assert_eq!(parse(text).map(show).as_deref(), Some(text));
        }
    }

    #[test]
    fn off_is_no_size_where_it_may_be_written() {
        let read = |text: &'static str| {
            let from: StrDeserializer<'_, Said> = text.into_deserializer();
            or_off::<_, u64>(from).map_err(|error| error.to_string())
        };
        assert_eq!(read("off"), Ok(None));
        assert_eq!(read("1KiB"), Ok(Some(1_024)));
        assert_eq!(read("of"), Err(format!("\"of\" is not a size: write {WRITE}, or \"off\"")));
        assert!(said::<u64>("off").is_err());
    }

    #[test]
    fn what_is_no_size_is_answered_with_how_to_write_one() {
        let no_unit = "64 has no unit: write \"64B\" if bytes are meant";
        assert_eq!(said::<u64>("64"), Err(no_unit.to_owned()));
        let number: U64Deserializer<Said> = 64_u64.into_deserializer();
        assert_eq!(deserialize::<_, u64>(number).expect_err("no unit").to_string(), no_unit);
        let answer = said::<u64>("64KB").expect_err("no size");
        assert_eq!(answer, format!("\"64KB\" is not a size: write {WRITE}"));
    }
}
