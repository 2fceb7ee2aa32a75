//! Where spans are sent, and how.

mod grpc;
mod http;

use std::fmt;
use std::time::Duration;

use hyper::header::{HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use hyper::http::uri::Scheme;
use opentelemetry_otlp::{ExporterBuildError, RetryPolicy, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanExporter as _;

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
/// This is all that counts: the `OTEL_` variables that the library reads by itself change nothing.
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
    /// The library refuses something else.
    #[error("the exporter cannot be made: {0}")]
    Library(#[from] ExporterBuildError),
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
    pub(super) fn exporter(&self, resource: &Resource) -> Result<SpanExporter, CollectorError> {
        self.check()?;
        let mut exporter = match self.protocol {
            Protocol::Grpc => grpc::exporter(self, self.headers()?)?,
            Protocol::Http => http::exporter(self, self.headers()?)?,
        };
        exporter.set_resource(resource);
        Ok(exporter)
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

/// A connection that breaks and a collector that is being restarted cost nothing: three more tries,
/// each after a rest, within the time-out. It is the library that knows which failures may be
/// retried.
fn retries() -> RetryPolicy {
    RetryPolicy::recommended()
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
