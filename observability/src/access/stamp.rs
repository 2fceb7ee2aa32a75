//! The time at the beginning of a line.

use std::cell::Cell;
use std::io::Write;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use humantime::format_rfc3339_seconds;

/// `2026-11-22T04:17:24.123456Z`
pub(super) type Stamp = [u8; 27];

/// The bytes of a stamp that stay the same for a second.
const SAME: usize = "2026-11-22T04:17:24.".len();

/// The last second of the year 9999, the last one that has the form of a stamp.
const LAST: u64 = 253_402_300_799;

thread_local! {
    /// The second that was last written, since the epoch, and its stamp.
    static SECOND: Cell<(u64, Stamp)> = const { Cell::new((0, *b"1970-01-01T00:00:00.000000Z")) };
}

/// `now` in UTC, with microseconds. A clock before 1970 is taken for its beginning.
pub(super) fn stamp(now: SystemTime) -> Stamp {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    let second = since.as_secs().min(LAST);
    let (cached, mut stamp) = SECOND.get();
    if cached != second {
        let time = UNIX_EPOCH + Duration::from_secs(second);
        // Writes all but the fraction: the length of a second's stamp is fixed.
        let _whole = write!(&mut stamp[..SAME], "{}", format_rfc3339_seconds(time));
        stamp[SAME - 1] = b'.';
        SECOND.set((second, stamp));
    }
    let mut micros = since.subsec_micros();
    for digit in stamp[SAME..SAME + 6].iter_mut().rev() {
        // Less than ten.
        *digit = b'0' + (micros % 10) as u8;
        micros /= 10;
    }
    stamp
}

#[cfg(test)]
mod tests {
    use humantime::format_rfc3339_micros;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_stamp_is_the_time_with_microseconds(
            times in prop::collection::vec((0..=LAST, 0_u32..1_000_000_000, 0_u64..3), 1..20)
        ) {
            for (second, nanos, later) in times {
                for second in [second, (second + later).min(LAST)] {
                    let time = UNIX_EPOCH + Duration::new(second, nanos);
                    let stamp = stamp(time);
                    prop_assert_eq!(
                        str::from_utf8(&stamp).unwrap(),
                        format_rfc3339_micros(time).to_string()
                    );
                }
            }
        }
    }

    #[test]
    fn a_clock_that_is_far_off_still_gives_a_stamp() {
        let long_ago = UNIX_EPOCH - Duration::from_secs(86_400);
        assert_eq!(&stamp(long_ago), b"1970-01-01T00:00:00.000000Z");
        let far = UNIX_EPOCH + Duration::from_secs(LAST + 86_400);
        assert_eq!(&stamp(far), b"9999-12-31T23:59:59.000000Z");
    }
}
