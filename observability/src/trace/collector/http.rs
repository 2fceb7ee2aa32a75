//! OTLP over HTTP/1.1, as protobuf.

use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Method, Request, StatusCode, Uri};
use opentelemetry_http::HttpClient;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use super::{Collector, CollectorError, Failure};

/// Posts what is encoded already.
#[derive(Debug)]
pub(super) struct Http {
    client: HyperClient,
    url: Uri,
    headers: HeaderMap,
}

impl Http {
    pub(super) fn new(
        collector: &Collector,
        mut headers: HeaderMap,
    ) -> Result<Self, CollectorError> {
        let no_url = |_| CollectorError::NoUrl(collector.endpoint.clone());
        let url = collector.endpoint.parse().map_err(no_url)?;
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-protobuf"));
        let client = HyperClient::with_default_connector(collector.timeout, None);
        Ok(Self { client, url, headers })
    }

    pub(super) async fn send(&self, spans: Bytes) -> Result<ExportTraceServiceResponse, Failure> {
        let mut request = Request::new(spans);
        *request.method_mut() = Method::POST;
        request.uri_mut().clone_from(&self.url);
        request.headers_mut().clone_from(&self.headers);
        let answer =
            self.client.send_bytes(request).await.map_err(|error| Failure::again(&*error))?;
        if answer.status().is_success() {
            // Some collectors answer in JSON, or nothing: what they have taken they have taken.
            return Ok(ExportTraceServiceResponse::decode(answer.into_body()).unwrap_or_default());
        }
        let text = format!("the collector answered {}", answer.status());
        Err(Failure { text, again: is_worth_another_try(answer.status()) })
    }
}

/// OTLP specification, "Retryable Response Codes".
fn is_worth_another_try(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}
