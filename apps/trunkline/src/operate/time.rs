//! Times as people read them: short, with the digits that matter.

use std::time::{Duration, SystemTime};

/// How long something lasts: `17us`, `1.2ms`, `3.4s`.
pub(super) fn short(nanoseconds: u64) -> String {
    let time = Duration::from_nanos(nanoseconds);
    match nanoseconds {
        0..1_000_000 => format!("{}us", time.as_micros()),
        1_000_000..100_000_000 => format!("{:.1}ms", time.as_secs_f64() * 1e3),
        100_000_000..1_000_000_000 => format!("{}ms", time.as_millis()),
        1_000_000_000..100_000_000_000 => format!("{:.1}s", time.as_secs_f64()),
        _ => age(u64::try_from(time.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// For how long something has been: `12s`, `4m`, `3h`, `9d`.
pub(super) fn age(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// A moment in UTC, as the log writes it: `2026-11-22T11:43:52.781Z`.
pub(super) fn moment(unix_us: u64) -> String {
    // What no calendar holds, no server means.
    let whole = SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(unix_us));
    let held = whole.filter(|_| unix_us < 253_402_300_800_000_000);
    held.map_or_else(|| unix_us.to_string(), |at| humantime::format_rfc3339_millis(at).to_string())
}

/// The time of day of the same: `11:43:52.781`.
pub(super) fn time_of_day(unix_us: u64) -> String {
    let moment = moment(unix_us);
    moment
        .split_once('T')
        .map_or(moment.as_str(), |(_, time)| time)
        .trim_end_matches('Z')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_digits_that_matter() {
        let shorts = [999, 17_900, 1_240_000, 250_000_000, 3_449_000_000, 7_200_000_000_000];
        assert_eq!(shorts.map(short), ["0us", "17us", "1.2ms", "250ms", "3.4s", "2h"]);
        let ages = [0, 119_999, 120_000, 7_200_000, 172_800_000];
        assert_eq!(ages.map(age), ["0s", "119s", "2m", "2h", "2d"]);
    }

    #[test]
    fn moments_are_written_as_in_the_log() {
        assert_eq!(moment(1_795_347_834_893_000), "2026-11-22T11:43:54.893Z");
        assert_eq!(time_of_day(1_795_347_834_893_000), "11:43:54.893");
        assert_eq!(moment(u64::MAX), u64::MAX.to_string());
        assert_eq!(time_of_day(u64::MAX), u64::MAX.to_string());
    }
}
