//! OTLP over gRPC.

use hyper::header::HeaderMap;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use tonic::metadata::MetadataMap;
use tonic::service::Interceptor;
use tonic::{Request, Status};

use super::{Collector, CollectorError, retries};

/// Sends our headers, and none but ours: those of `OTEL_EXPORTER_OTLP_HEADERS` the library would lay
/// above them.
#[derive(Clone)]
struct Headers(MetadataMap);

impl Interceptor for Headers {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().clone_from(&self.0);
        Ok(request)
    }
}

pub(super) fn exporter(
    collector: &Collector,
    headers: HeaderMap,
) -> Result<SpanExporter, CollectorError> {
    let exporter = SpanExporter::builder()
        .with_tonic()
        .with_endpoint(&*collector.endpoint)
        .with_timeout(collector.timeout)
        .with_interceptor(Headers(MetadataMap::from_headers(headers)))
        .with_retry_policy(retries());
    Ok(exporter.build()?)
}
