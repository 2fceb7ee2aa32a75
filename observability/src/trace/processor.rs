//! Spans of `tracing`, and of OpenTelemetry's own API, on their way into the same queue.

use std::time::Duration;

use opentelemetry::trace::{Link, SpanKind, TraceId, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    Sampler, SamplingResult, SdkTracerProvider, ShouldSample, Span, SpanData, SpanLimits,
    SpanProcessor,
};
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;
use trunkline_runtime::trace::TraceContext;

use super::exporter::Exporter;
use super::spans::Spans;

/// Libraries that the exporter itself works with: a span of theirs would, when it is exported, make
/// further ones.
const NOT_OF: [&str; 7] = ["h2", "hyper", "hyper_util", "opentelemetry", "tokio", "tonic", "tower"];

/// Hands in each span when it has ended.
#[derive(Debug)]
struct Processor {
    spans: Spans,
}

impl SpanProcessor for Processor {
    fn on_start(&self, _: &mut Span, _: &Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() {
            self.spans.finish(Box::new(span));
        }
    }

    /// Nobody who ends a span waits for its export: the end of the server does.
    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// Samples what has no parent. What is done for a request whose trace is not sampled has none either,
/// as OpenTelemetry is not told of that trace; it begins no trace of its own.
#[derive(Debug, Clone)]
struct Begins(Sampler);

impl ShouldSample for Begins {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let is_part = TraceContext::current().is_some_and(|context| !context.sampled);
        let sampler = if is_part { &Sampler::AlwaysOff } else { &self.0 };
        sampler.should_sample(parent, trace, name, kind, attributes, links)
    }
}

/// What makes spans of OpenTelemetry's API: of those that begin a trace the share `ratio` is
/// sampled, all others are if their parent is. Variables of the environment change nothing.
#[must_use]
pub fn provider(spans: Spans, resource: &Resource, ratio: f64) -> SdkTracerProvider {
    SdkTracerProvider::builder()
        .with_span_processor(Processor { spans })
        .with_sampler(Sampler::ParentBased(Box::new(Begins(Sampler::TraceIdRatioBased(ratio)))))
        .with_span_limits(SpanLimits::default())
        .with_resource(resource.clone())
        .build()
}

/// Makes spans of those of `tracing` that are of level `INFO` and above, with the events in them.
pub fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + Send + Sync
where
    S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("trunkline"))
        .with_filter(filter_fn(is_wanted))
}

fn is_wanted(about: &Metadata<'_>) -> bool {
    let library = about.target().split("::").next().unwrap_or_default();
    *about.level() <= Level::INFO && !NOT_OF.contains(&library)
}

impl Exporter {
    /// What makes spans of OpenTelemetry's API, for this exporter: see [`provider`].
    #[must_use]
    pub fn provider(&self, ratio: f64) -> SdkTracerProvider {
        provider(self.spans(), self.resource(), ratio)
    }
}

#[cfg(test)]
mod tests;
