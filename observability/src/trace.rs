//! Traces: what happened to a request, as spans of OpenTelemetry.
//!
//! A request keeps a record of fixed size; where it was sampled or has failed, its spans are built
//! from that at the end. Who ends such a record hands it to [`Spans`] as something [`Ended`], and
//! never waits.

mod draft;
pub mod restarts;
mod sampling;
mod spans;
mod tracer;
pub mod w3c;

pub use draft::{Clocks, Draft};
pub use opentelemetry::trace::{SpanId, SpanKind, TraceId};
pub use opentelemetry_sdk::trace::SpanData;
pub use sampling::Sampling;
pub use spans::{Ended, Spans};
pub use tracer::{Origin, Tracer, new_span};
