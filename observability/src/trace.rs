//! Traces: what happened to a request, as spans of OpenTelemetry.
//!
//! A request keeps a record of fixed size; where it was sampled or has failed, its spans are built
//! from that at the end. Who ends such a record hands it to [`Spans`] as something [`Ended`], and
//! never waits.
//!
//! An [`Exporter`] has a bounded queue, and a child of the tree with a thread of its own that empties
//! it: into a [`Memory`] of the newest traces, a file, and a [`Collector`].

mod collector;
mod counts;
mod draft;
mod encode;
mod exporter;
mod file;
mod lane;
mod memory;
mod notice;
mod pace;
mod processor;
mod queue;
mod resource;
pub mod restarts;
mod sampling;
mod sender;
mod spans;
mod taken;
#[cfg(test)]
pub(crate) mod testing;
mod tracer;
pub mod w3c;
mod work;

pub use collector::{Collector, CollectorError, Protocol};
pub use counts::{Counts, Dropped};
pub use draft::{Clocks, Draft};
pub use exporter::{Export, Exporter};
pub use memory::{Memory, TraceSummary};
pub use opentelemetry::trace::{SpanId, SpanKind, TraceId};
pub use opentelemetry_sdk::Resource;
pub use opentelemetry_sdk::trace::SpanData;
pub use processor::{layer, provider};
pub use resource::resource;
pub use sampling::Sampling;
pub use spans::{Ended, Spans};
pub use tracer::{Origin, Tracer, new_span};
