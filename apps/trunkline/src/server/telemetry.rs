//! Traces, from the settings to whoever takes them.

use trunkline_config::{OtlpProtocol, Settings, Telemetry};
use trunkline_observability::trace::{
    Collector, CollectorError, Export, Exporter, Protocol, Sampling, Tracer, resource,
};

/// Spans that may wait where no collector has said how many.
const QUEUE: usize = 16_384;

/// What takes spans, where anybody wants them.
///
/// # Errors
/// A collector that can never be spoken to.
pub(super) fn exporter(settings: &Settings) -> Result<Option<Exporter>, CollectorError> {
    if !settings.is_traced() {
        return Ok(None);
    }
    let Telemetry { service_name, keep, trace_file, otlp, resource: attributes, .. } =
        &settings.telemetry;
    let collector = otlp.as_ref().map(|otlp| Collector {
        endpoint: otlp.endpoint.clone(),
        protocol: match otlp.protocol {
            OtlpProtocol::Grpc => Protocol::Grpc,
            OtlpProtocol::Http => Protocol::Http,
        },
        timeout: otlp.timeout,
        headers: otlp
            .headers
            .iter()
            .map(|(name, value)| (name.clone(), value.expose().to_owned()))
            .collect(),
    });
    Exporter::new(Export {
        queue: otlp.as_ref().map_or(QUEUE, |otlp| otlp.queue),
        // Nobody could ask for them.
        keep: if settings.server.admin.is_some() { *keep } else { 0 },
        trace_file: trace_file.clone(),
        collector,
        resource: resource(service_name, attributes),
    })
    .map(Some)
}

/// Has everything in this process trace into `exporter`.
pub(super) fn begin(exporter: &Exporter, settings: &Settings) {
    let Telemetry { sample_ratio, sample_errors, forced, .. } = &settings.telemetry;
    let sampling = Sampling { ratio: *sample_ratio, errors: *sample_errors, forced: *forced };
    Tracer::new(sampling, exporter.spans()).become_that_of_the_process();
}
