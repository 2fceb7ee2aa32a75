//! Durations as they are written in settings: a whole number and a unit, `250ms`, `30s`, `5m`, `2h`.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error};

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

/// For serde: a duration that is always there.
pub(crate) fn required<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    parse(&text).ok_or_else(|| D::Error::custom("not a duration"))
}

/// For serde: a duration, or `off` as `None`.
pub(crate) fn or_off<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let text = String::deserialize(from)?;
    if text == OFF {
        return Ok(None);
    }
    parse(&text).map(Some).ok_or_else(|| D::Error::custom("not a duration"))
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
