//! Which backends of a pool get nothing.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::Deserialize;

use super::off;
use crate::duration;
use crate::http::statuses::Statuses;
use crate::settings::ProbeMethod;

/// The longest time between probes of a backend that is out, unless the file says otherwise.
const INTERVAL_DOWN: Duration = Duration::from_secs(1);

/// The active health check of a pool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Probe {
    /// Whether backends are probed.
    pub enabled: bool,
    /// The time from one probe of a backend to the next.
    pub interval: Duration,
    /// The same while the backend is out; at most the interval.
    pub interval_down: Duration,
    /// How long a probe may take; at most the interval.
    pub timeout: Duration,
    /// Probes in a row that must succeed before a backend is back: 1 to 100.
    pub rise: NonZeroU32,
    /// Probes in a row that must fail before a backend is out: 1 to 100.
    pub fall: NonZeroU32,
    /// What is asked for; `None` is a TCP connection and nothing more.
    pub http: Option<HttpProbe>,
}

/// A probe that is a request of HTTP/1.1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpProbe {
    /// The path with its query; begins with a slash.
    pub path: String,
    /// The method.
    pub method: ProbeMethod,
    /// Host: a name or an address, with a port or without; `None` is the backend's address.
    pub host: Option<String>,
    /// Further header fields; neither Host nor one that frames a body or is for one connection.
    pub headers: Vec<ProbeField>,
    /// The statuses that pass.
    pub status: Statuses,
    /// What the first 64 KiB of the answer's body contain; `None` is anything.
    pub body: Option<String>,
}

/// A header field of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProbeField {
    /// In lower case; a token.
    pub name: String,
    /// Visible ASCII and spaces, none around it.
    pub value: String,
}

/// The keys of the table.
#[derive(Deserialize)]
struct Written {
    enabled: bool,
    #[serde(deserialize_with = "duration::deserialize")]
    interval: Duration,
    #[serde(default, deserialize_with = "duration::or_off")]
    interval_down: Option<Duration>,
    #[serde(deserialize_with = "duration::deserialize")]
    timeout: Duration,
    rise: NonZeroU32,
    fall: NonZeroU32,
    http: Option<String>,
    method: ProbeMethod,
    host: Option<String>,
    #[serde(default)]
    headers: Vec<ProbeField>,
    status: Statuses,
    body: Option<String>,
}

impl From<Written> for Probe {
    fn from(written: Written) -> Self {
        let Written { enabled, interval, timeout, rise, fall, .. } = written;
        let Written { method, host, headers, status, body, .. } = written;
        let http = written.http;
        let http = http.map(|path| HttpProbe { path, method, host, headers, status, body });
        let interval_down = written.interval_down.unwrap_or(INTERVAL_DOWN.min(interval));
        Self { enabled, interval, interval_down, timeout, rise, fall, http }
    }
}

/// The passive health check of a pool: a backend that answers badly rests.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Eject {
    /// Answers with a status of 500 to 599, resets and time-outs in a row that eject a backend; 0 is
    /// never.
    pub failures: u32,
    /// Standard deviations below the mean of the pool's success rates that eject a backend, 0.5 to
    /// 10; `None` is never.
    #[serde(deserialize_with = "off::or_off")]
    pub success_rate: Option<f64>,
    /// Requests to a backend in an interval for its success rate to count.
    pub least_requests: NonZeroU32,
    /// The time from one look at the rates to the next.
    #[serde(deserialize_with = "duration::deserialize")]
    pub interval: Duration,
    /// How long the first ejection lasts; each further one is as much longer.
    #[serde(deserialize_with = "duration::deserialize")]
    pub time: Duration,
    /// How long an ejection lasts at most; at least `time`.
    #[serde(deserialize_with = "duration::deserialize")]
    pub longest: Duration,
    /// Per cent of the pool that may be ejected at once, 1 to 100; one of three or more always may.
    pub share: u8,
}
