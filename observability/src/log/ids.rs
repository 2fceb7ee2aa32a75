//! The trace that a line belongs to: its last members, `trace_id` and `span_id`, in both formats.
//!
//! By these names others find the trace of a line ("Trace Context in non-OTLP Log Formats", in the
//! specification of OpenTelemetry).

use opentelemetry::trace::{SpanId, TraceId};

use super::Format;
use crate::trace::w3c::digits;

/// The most bytes that [`append`] adds.
pub(crate) const LENGTH: usize = ",\"trace_id\":\"\",\"span_id\":\"\"".len() + 32 + 16;

/// Appends both members; what ends the line is still to follow.
#[inline]
pub(crate) fn append(out: &mut Vec<u8>, format: Format, (trace, span): (TraceId, SpanId)) {
    match format {
        Format::Text => out.extend_from_slice(&members(TEXT, (11, 54), trace, span)),
        Format::Json => out.extend_from_slice(&members(JSON, (13, 58), trace, span)),
    }
}

const TEXT: [u8; 71] =
    *b" trace_id=\"00000000000000000000000000000000\" span_id=\"0000000000000000\"";
const JSON: [u8; LENGTH] =
    *b",\"trace_id\":\"00000000000000000000000000000000\",\"span_id\":\"0000000000000000\"";

/// Both members, of a length that is known: each line of a request has them.
#[inline]
fn members<const N: usize>(
    mut empty: [u8; N],
    (trace_at, span_at): (usize, usize),
    trace: TraceId,
    span: SpanId,
) -> [u8; N] {
    empty[trace_at..trace_at + 32].copy_from_slice(digits(trace.to_bytes()).as_flattened());
    empty[span_at..span_at + 16].copy_from_slice(digits(span.to_bytes()).as_flattened());
    empty
}

/// Appends two digits for each byte.
#[inline]
pub(crate) fn hexadecimal<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    out.extend_from_slice(digits(bytes).as_flattened());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_written_as_the_library_does(trace: u128, span: u64) {
            let ids = (TraceId::from(trace), SpanId::from(span));
            for format in [Format::Text, Format::Json] {
                let mut out = Vec::new();
                append(&mut out, format, ids);
                prop_assert!(out.len() <= LENGTH);
                let (trace, span) = ids;
                let expected = match format {
                    Format::Text => format!(" trace_id=\"{trace}\" span_id=\"{span}\""),
                    Format::Json => format!(",\"trace_id\":\"{trace}\",\"span_id\":\"{span}\""),
                };
                prop_assert_eq!(String::from_utf8(out).unwrap(), expected);
            }
        }
    }
}
