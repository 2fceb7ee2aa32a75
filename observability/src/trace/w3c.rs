//! The header fields of W3C Trace Context that say which trace a request belongs to.
//!
//! <https://www.w3.org/TR/trace-context/>, levels 1 and 2.

use opentelemetry::trace::{SpanId, TraceId};
use trunkline_runtime::trace::TraceContext;

/// The length of a `traceparent` of version 00, the one that is written.
pub const LENGTH: usize = 55;

/// Where the id of the span stands in a `traceparent`, in bytes from its start.
pub const SPAN_AT: usize = 36;

/// Reads a `traceparent`. Nothing where it is malformed (§3.2.2.5 of the recommendation), or all its
/// digits are zero: a trace begins anew then.
#[must_use]
pub fn parse(value: &[u8]) -> Option<TraceContext> {
    let (field, rest) = value.split_at_checked(LENGTH)?;
    let version = hex(&field[..2])?;
    // A later version may say more behind a further dash; of version 00 this is all.
    let is_known = match version {
        0xff => false,
        0 => rest.is_empty(),
        _ => rest.first().is_none_or(|byte| *byte == b'-'),
    };
    if !is_known || field[2] != b'-' || field[35] != b'-' || field[52] != b'-' {
        return None;
    }
    let trace = TraceId::from_bytes(hex(&field[3..35])?.to_be_bytes());
    let span = u64::try_from(hex(&field[SPAN_AT..52])?).ok()?;
    let span = SpanId::from_bytes(span.to_be_bytes());
    let sampled = hex(&field[53..])? & 1 == 1;
    let is_valid = trace != TraceId::INVALID && span != SpanId::INVALID;
    is_valid.then_some(TraceContext { trace, span, sampled })
}

/// The number that is written in lower-case digits; at most 32 of them.
fn hex(digits: &[u8]) -> Option<u128> {
    digits.iter().try_fold(0, |number: u128, digit| {
        let digit = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some((number << 4) | u128::from(digit))
    })
}

/// The `traceparent` of a span.
#[must_use]
#[inline]
pub fn write(context: &TraceContext) -> [u8; LENGTH] {
    let mut field = *b"00-00000000000000000000000000000000-0000000000000000-00";
    field[3..35].copy_from_slice(digits(context.trace.to_bytes()).as_flattened());
    field[SPAN_AT..52].copy_from_slice(&span_digits(context.span));
    field[54] = if context.sampled { b'1' } else { b'0' };
    field
}

/// The id of a span as it stands in a `traceparent`.
#[must_use]
#[inline]
pub fn span_digits(span: SpanId) -> [u8; 16] {
    let mut written = [0; 16];
    written.copy_from_slice(digits(span.to_bytes()).as_flattened());
    written
}

/// The two digits of each byte. Each request writes a hundred of them: without a table and without
/// a branch the compiler makes eight bytes' at once. Not so within its callers, where it takes the
/// bytes out of a number one by one.
#[inline(never)]
pub(crate) fn digits<const N: usize>(bytes: [u8; N]) -> [[u8; 2]; N] {
    let mut written = [[0; 2]; N];
    for (pair, byte) in written.iter_mut().zip(bytes) {
        let halves = u16::from(byte >> 4) | u16::from(byte & 15) << 8;
        // One for each half that is ten or more, which is written as a letter.
        let letters = (halves + 0x0606) >> 4 & 0x0101;
        let to_letter = u16::from(b'a' - b'9' - 1);
        *pair = (halves + 0x3030 + letters * to_letter).to_le_bytes();
    }
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_example_of_the_recommendation_is_read_and_written() {
        let context = parse(GOOD.as_bytes()).unwrap();
        assert_eq!(context.trace.to_string(), "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(context.span.to_string(), "00f067aa0ba902b7");
        assert!(context.sampled);
        assert_eq!(write(&context), GOOD.as_bytes());
    }

    #[test]
    fn what_is_malformed_is_none() {
        let bad = [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-what",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00F067AA0BA902B7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x",
            " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ];
        for value in bad {
            assert_eq!(parse(value.as_bytes()), None, "{value}");
        }
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_are_known() {
        for more in ["", "-", "-what-comes"] {
            let value = format!("cc{}{more}", &GOOD[2..]);
            assert_eq!(parse(value.as_bytes()), parse(GOOD.as_bytes()), "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(trace in 1_u128.., span in 1_u64.., sampled: bool) {
            let context = TraceContext {
                trace: TraceId::from_bytes(trace.to_be_bytes()),
                span: SpanId::from_bytes(span.to_be_bytes()),
                sampled,
            };
            prop_assert_eq!(parse(&write(&context)), Some(context));
        }

        #[test]
        fn what_is_read_is_what_was_written(value in "[0-9a-f-]{50,60}|00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]") {
            if let Some(context) = parse(value.as_bytes()) {
                prop_assert_eq!(&write(&context)[3..54], &value.as_bytes()[3..54]);
            }
        }

        #[test]
        fn no_bytes_are_too_much(value: Vec<u8>) {
            let _ = parse(&value);
        }
    }
}
