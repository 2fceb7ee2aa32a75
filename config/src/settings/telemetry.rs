//! Which requests are traced, and where their spans go.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::OtlpProtocol;
use crate::duration;
use crate::secret::Secret;

/// What the protocol http adds to the path of an endpoint (OTLP 1.x, "OTLP/HTTP Request").
const TRACES: &str = "/v1/traces";

/// Which requests are traced, and where their spans go.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Telemetry {
    /// What the server is called in traces: the attribute `service.name`.
    pub service_name: String,
    /// The share of traces begun here that is sampled: 0 to 1.
    pub sample_ratio: f64,
    /// Whether requests that failed are exported even if they are not sampled.
    pub sample_errors: bool,
    /// Traces a second that trusted callers may have sampled beyond the ratio; 0 is none.
    pub forced: u32,
    /// The newest traces that are kept in memory: up to 65,536; 0 is none.
    pub keep: usize,
    /// The file that spans are added to. Relative paths begin in the directory of the process: that of
    /// the file of settings is already in them.
    pub trace_file: Option<PathBuf>,
    /// The collector that spans are sent to.
    pub otlp: Option<Otlp>,
    /// Further attributes of what the spans come from, of OTEL_RESOURCE_ATTRIBUTES; no name twice, and
    /// `service.name` is not among them.
    #[serde(skip)]
    pub resource: Vec<(String, String)>,
}

/// A collector, and how spans are sent to it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Otlp {
    /// Where spans are sent, complete: an `http://` URL, to which nothing is to be added.
    pub endpoint: String,
    /// How they are sent.
    pub protocol: OtlpProtocol,
    /// How long one export may take.
    pub timeout: Duration,
    /// Header fields of each export, their names in lower case.
    pub headers: Vec<(String, Secret)>,
    /// Spans that may wait to be exported: 1 to 1,000,000.
    pub queue: usize,
}

/// The keys of the table.
#[derive(Deserialize)]
struct Written {
    endpoint: Option<String>,
    protocol: OtlpProtocol,
    #[serde(deserialize_with = "duration::deserialize")]
    timeout: Duration,
    #[serde(default)]
    headers: Vec<WrittenHeader>,
    queue: usize,
}

#[derive(Deserialize)]
struct WrittenHeader {
    name: String,
    value: Secret,
}

impl From<Written> for Otlp {
    fn from(Written { endpoint, protocol, timeout, headers, queue }: Written) -> Self {
        let local = match protocol {
            OtlpProtocol::Grpc => "http://127.0.0.1:4317",
            OtlpProtocol::Http => "http://127.0.0.1:4318",
        };
        let endpoint = endpoint.unwrap_or_else(|| local.to_owned());
        let headers = headers.into_iter().map(|header| (header.name, header.value)).collect();
        Self { endpoint, protocol, timeout, headers, queue }
    }
}

impl Otlp {
    /// Completes the URL. Who wrote it with all of its path meant the same.
    pub(crate) fn complete(&mut self) {
        match self.protocol {
            OtlpProtocol::Grpc => {}
            OtlpProtocol::Http => {
                let base = self.endpoint.trim_end_matches('/');
                let base = base.strip_suffix(TRACES).unwrap_or(base);
                self.endpoint = format!("{base}{TRACES}");
            }
        }
    }
}
