//! OTLP over HTTP/1.1.

use std::pin::Pin;

use hyper::header::{CONTENT_TYPE, HeaderMap};
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};

use super::{Collector, CollectorError, retries};

/// Sends our headers, and none but ours: those of `OTEL_EXPORTER_OTLP_HEADERS` the library would lay
/// above them.
#[derive(Debug)]
struct Client {
    client: HyperClient,
    headers: HeaderMap,
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'a>>;

impl HttpClient for Client {
    fn send_bytes<'a, 'f>(&'a self, mut request: Request<Bytes>) -> Answer<'f>
    where
        'a: 'f,
        Self: 'f,
    {
        let kind = request.headers_mut().remove(CONTENT_TYPE);
        let mut headers = self.headers.clone();
        if let Some(kind) = kind {
            headers.insert(CONTENT_TYPE, kind);
        }
        *request.headers_mut() = headers;
        self.client.send_bytes(request)
    }
}

pub(super) fn exporter(
    collector: &Collector,
    headers: HeaderMap,
) -> Result<SpanExporter, CollectorError> {
    let client = HyperClient::with_default_connector(collector.timeout, None);
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(&*collector.endpoint)
        .with_timeout(collector.timeout)
        .with_http_client(Client { client, headers })
        .with_retry_policy(retries());
    Ok(exporter.build()?)
}
