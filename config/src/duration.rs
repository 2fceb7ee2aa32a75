//! Durations as they are written in settings: a whole number and a unit, `250ms`, `30s`, `5m`, `2h`.

use std::fmt;
use std::time::Duration;

use serde::de::{Deserializer, Error, Unexpected, Visitor};

use crate::quote::quote;

/// What stands for "no limit" where a setting allows it.
pub(crate) const OFF: &str = "off";

/// The units with their milliseconds, the longest first.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// The duration, if the text is one.
pub(crate) fn parse(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let (_, milliseconds) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(milliseconds).map(Duration::from_millis)
}

/// The duration in the longest unit that divides it.
pub(crate) fn show(duration: Duration) -> String {
    let all = duration.as_millis();
    let whole = |(_, unit): &(&str, u64)| all > 0 && all.is_multiple_of(u128::from(*unit));
    match UNITS.iter().find(|unit| whole(unit)) {
        Some((name, unit)) => format!("{}{name}", all / u128::from(*unit)),
        None => "0s".to_owned(),
    }
}

/// For serde, in settings of one's own: `#[serde(deserialize_with = "duration::deserialize")]`.
///
/// # Errors
/// If the value is not such a text.
pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    from.deserialize_str(Written { off: false })?.ok_or_else(|| D::Error::custom("no duration"))
}

/// For serde: a duration, or `off` as `None`. A key that may be absent needs `#[serde(default)]`
/// beside it, as serde asks for with every function.
///
/// # Errors
/// If the value is not such a text.
pub fn or_off<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    from.deserialize_str(Written { off: true })
}

/// Reads a duration, or `off` if it may be.
struct Written {
    off: bool,
}

impl Written {
    fn or_off(&self) -> &'static str {
        if self.off { ", or \"off\"" } else { "" }
    }

    fn no_unit<E: Error>(&self, number: impl fmt::Display) -> E {
        E::custom(format!("{number} has no unit: write \"{number}s\" if seconds are meant"))
    }
}

impl Visitor<'_> for Written {
    type Value = Option<Duration>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a duration such as \"250ms\"{}", self.or_off())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Option<Duration>, E> {
        match parse(text) {
            Some(duration) => Ok(Some(duration)),
            None if self.off && text == OFF => Ok(None),
            None => match text.parse::<u64>() {
                Ok(number) => Err(self.no_unit(number)),
                Err(_) => Err(E::custom(format!(
                    "{} is not a duration: write a whole number and one of ms, s, m, h, as in \
                     \"250ms\" or \"30s\"{}",
                    quote(text),
                    self.or_off()
                ))),
            },
        }
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<Duration>, E> {
        Err(self.no_unit(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<Duration>, E> {
        match u64::try_from(number) {
            Ok(number) => Err(self.no_unit(number)),
            Err(_) => Err(E::invalid_value(Unexpected::Signed(number), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_whole_number_and_a_unit() {
        assert_eq!(parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(parse("30s"), Some(Duration::from_secs(30)));
        assert_eq!(parse("5m"), Some(Duration::from_secs(300)));
        assert_eq!(parse("2h"), Some(Duration::from_secs(7_200)));
        assert_eq!(parse("0s"), Some(Duration::ZERO));
        for wrong in ["", "s", "30", "1.5s", "-1s", "30 s", "1h30m", "30S", "1d", "ä", "+1s"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
        assert_eq!(parse("99999999999999999999h"), None);
        assert_eq!(parse("18446744073709551615h"), None);
    }

    #[test]
    fn a_duration_is_shown_as_it_would_be_written() {
        for text in ["0s", "1ms", "1500ms", "90s", "5m", "24h"] {
            assert_eq!(parse(text).map(show).as_deref(), Some(text));
        }
    }
}
