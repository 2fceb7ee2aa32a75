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
    let (before_trace, before_span): (&[u8], &[u8]) = match format {
        Format::Text => (b" trace_id=\"", b"\" span_id=\""),
        Format::Json => (b",\"trace_id\":\"", b"\",\"span_id\":\""),
    };
    out.extend_from_slice(before_trace);
    hexadecimal(out, trace.to_bytes());
    out.extend_from_slice(before_span);
    hexadecimal(out, span.to_bytes());
    out.push(b'"');
}

/// Appends two digits for each byte.
#[inline]
pub(crate) fn hexadecimal<const N: usize>(out: &mut Vec<u8>, bytes: [u8; N]) {
    let at = out.len();
    out.resize(at + 2 * N, b'0');
    digits(&bytes, &mut out[at..]);
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
