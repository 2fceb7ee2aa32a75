//! Where spans are sent, and how.

mod grpc;
mod http;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use grpc::Grpc;
use http::Http;
use hyper::body::Bytes;
use hyper::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::uri::Scheme;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::time::sleep;

use super::encode;

/// How a collector is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// OTLP over gRPC.
    Grpc,
    /// OTLP over HTTP/1.1, as protobuf.
    Http,
}

/// A collector of traces.
///
/// This is all that counts: variables of the environment are the settings' to read.
#[derive(Clone)]
pub struct Collector {
    /// Its URL, `http://HOST:PORT` for gRPC. For HTTP it is the whole URL, which mostly ends in
    /// `/v1/traces`: nothing is added to it.
    pub endpoint: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// After this it has not taken a batch, retries included.
    pub timeout: Duration,
    /// Sent with each request. Values are secrets.
    pub headers: Vec<(String, String)>,
}

/// Why spans cannot be sent to a collector.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The endpoint is no URL.
    #[error("the endpoint {0:?} is no URL: write one like \"http://127.0.0.1:4317\"")]
    NoUrl(String),
    /// The endpoint is not to be reached by plain HTTP.
    #[error(
        "the endpoint {0:?} is not http://: TLS to a collector is not supported, so let a \
         collector on this machine, or one behind http://, forward"
    )]
    NotHttp(String),
    /// A header cannot be sent.
    #[error("the header {0:?} has a name or a value that HTTP does not allow: write another")]
    Header(String),
}

impl Collector {
    /// Whether it can be spoken to at all. It need not be there.
    ///
    /// # Errors
    /// If the endpoint or a header is not what HTTP allows.
    pub fn check(&self) -> Result<(), CollectorError> {
        let no_url = || CollectorError::NoUrl(self.endpoint.clone());
        let url: hyper::Uri = self.endpoint.parse().map_err(|_| no_url())?;
        let scheme = url.scheme().ok_or_else(no_url)?;
        if *scheme != Scheme::HTTP {
            return Err(CollectorError::NotHttp(self.endpoint.clone()));
        }
        self.headers().map(drop)
    }

    /// Makes what sends to it. Its connections are tasks of the runtime in whose context this is
    /// called.
    pub(super) fn exporter(&self, resource: &Resource) -> Result<OtlpExporter, CollectorError> {
        self.check()?;
        let headers = self.headers()?;
        let way = match self.protocol {
            Protocol::Grpc => Way::Grpc(Box::new(Grpc::new(self, headers)?)),
            Protocol::Http => Way::Http(Box::new(Http::new(self, headers)?)),
        };
        Ok(OtlpExporter { way, resource: resource.clone() })
    }

    /// The headers of each request.
    fn headers(&self) -> Result<HeaderMap, CollectorError> {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_static(USER));
        for (name, value) in &self.headers {
            let wrong = |_| CollectorError::Header(name.clone());
            let of = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong(()))?;
            let mut value = HeaderValue::from_str(value).map_err(|_| wrong(()))?;
            value.set_sensitive(true);
            headers.insert(of, value);
        }
        Ok(headers)
    }
}

/// OTLP asks exporters to say who they are (OTLP exporter specification, "User Agent").
const USER: &str = concat!("Trunkline/", env!("CARGO_PKG_VERSION"));

/// Sends spans to a collector.
#[derive(Debug)]
pub(super) struct OtlpExporter {
    way: Way,
    resource: Resource,
}

#[derive(Debug)]
enum Way {
    Grpc(Box<Grpc>),
    Http(Box<Http>),
}

/// Why a batch was not taken.
#[derive(Debug)]
struct Failure {
    text: String,
    /// It may be taken if it is sent once more.
    again: bool,
}

impl Failure {
    /// The connection has failed.
    fn again(error: &(dyn Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            text = format!("{text}: {error}");
            source = error.source();
        }
        Self { text, again: true }
    }
}

/// The rests before further tries of a batch, in milliseconds: a connection that breaks, and a
/// collector that is being restarted, cost nothing. Each is drawn anew, up to that.
const RESTS: [u64; 3] = [200, 400, 800];

impl SpanExporter for OtlpExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = Bytes::from(encode::request(&batch, &self.resource));
        drop(batch);
        let mut rests = RESTS.into_iter();
        loop {
            let sent = match &self.way {
                Way::Grpc(grpc) => grpc.send(spans.clone()).await,
                Way::Http(http) => http.send(spans.clone()).await,
            };
            match (sent, rests.next()) {
                (Ok(answer), _) => {
                    let refused = answer.partial_success.filter(|part| part.rejected_spans > 0);
                    let Some(refused) = refused else { return Ok(()) };
                    let (count, why) = (refused.rejected_spans, refused.error_message);
                    let text = format!("the collector refused {count} spans of a batch: {why}");
                    return Err(OTelSdkError::InternalFailure(text));
                }
                (Err(Failure { again: true, .. }), Some(most)) => {
                    sleep(Duration::from_millis(fastrand::u64(..=most))).await;
                }
                (Err(failure), _) => return Err(OTelSdkError::InternalFailure(failure.text)),
            }
        }
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| (name, "***")).collect();
        f.debug_struct("Collector")
            .field("endpoint", &self.endpoint)
            .field("protocol", &self.protocol)
            .field("timeout", &self.timeout)
            .field("headers", &headers)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn collector(endpoint: &str) -> Collector {
        Collector {
            endpoint: endpoint.to_owned(),
            protocol: Protocol::Grpc,
            timeout: Duration::from_secs(10),
            headers: vec![("authorization".into(), "Bearer sesame".into())],
        }
    }

    #[test]
    fn what_cannot_be_reached_is_refused_before_anything_starts() {
        assert!(collector("http://127.0.0.1:4317").check().is_ok());
        for wrong in ["", "127.0.0.1:4317", "/v1/traces", "http://", "a b"] {
            let error = collector(wrong).check().unwrap_err();
            assert!(matches!(error, CollectorError::NoUrl(_)), "{wrong:?}: {error}");
        }
        let error = collector("https://collector:4317").check().unwrap_err();
        assert!(error.to_string().contains("forward"), "{error}");
        let mut split = collector("http://collector:4317");
        split.headers.push(("x".into(), "a\r\nb: c".into()));
        assert!(matches!(split.check(), Err(CollectorError::Header(name)) if name == "x"));
    }

    #[test]
    fn secrets_are_not_shown() {
        let shown = format!("{:?}", collector("http://collector:4317"));
        assert!(shown.contains("authorization") && !shown.contains("sesame"), "{shown}");
    }
}
