//! Traces: what happened to a request, as spans of OpenTelemetry.
//!
//! A request keeps a record of fixed size; where it was sampled or has failed, its spans are built
//! from that at the end. Who ends such a record hands it to [`Spans`] as something [`Ended`], and
//! never waits.

mod spans;

pub use opentelemetry_sdk::trace::SpanData;
pub use spans::{Ended, Spans};
