//! The settings themselves: typed, complete with defaults, and valid.

mod admin;
mod choice;
mod http;
mod off;
mod pool;
mod telemetry;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path as FilePath;
use std::time::Duration;

use serde::Deserialize;

use crate::admin::AdminAddress;
use crate::duration;
use crate::masked::Masked;
use crate::otel::Otel;
use crate::protocol_settings::ProtocolSettings;
pub use admin::Admin;
pub use choice::{Balance, LogFormat, LogLevel, OtlpProtocol, ProbeMethod, Reuse};
pub use http::{HeaderMatch, HostPattern, Http, HttpLimits, PathPattern, Route, Target};
pub use pool::{Backend, Eject, HttpProbe, Limits, Pool, Probe, ProbeField, Retry, Sticky};
pub use telemetry::{Otlp, Telemetry};

/// All settings of a server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Settings {
    /// The process as a whole.
    pub server: Server,
    /// Who may use the admin API.
    pub admin: Admin,
    /// The log on stderr.
    pub log: Log,
    /// Which requests are traced, and where their spans go.
    pub telemetry: Telemetry,
    /// How host names are resolved.
    pub dns: Dns,
    /// Listeners by name; at least one.
    #[serde(rename = "listener")]
    pub listeners: BTreeMap<String, Listener>,
    /// Pools by name; every pool that a listener forwards to is among them.
    #[serde(rename = "pool")]
    pub pools: BTreeMap<String, Pool>,
    #[serde(skip)]
    masked: Masked,
}

impl Settings {
    /// The settings as they were read, with their defaults, in the form of a file in JSON. Left out is
    /// what has no value and no default, and what is no key of a file ([`Telemetry::resource`]).
    ///
    /// Every [`Secret`](crate::Secret) is `"***"`, as are credentials in the header fields of probes and
    /// routes. So are all texts in the settings of a protocol that the program brings: which of them
    /// are secret, only the protocol knows.
    pub fn to_masked_json(&self) -> serde_json::Value {
        self.masked.to_json()
    }

    /// Keeps what [`Settings::to_masked_json`] shows.
    pub(crate) fn show(&mut self, masked: Masked) {
        self.masked = masked;
    }

    /// Whether anybody gets to see a trace: a collector, a file, or who asks the admin API.
    pub fn is_traced(&self) -> bool {
        let Telemetry { otlp, trace_file, keep, .. } = &self.telemetry;
        otlp.is_some() || trace_file.is_some() || (self.server.admin.is_some() && *keep > 0)
    }

    /// Adds what the variables of OpenTelemetry say that no key of a file could.
    pub(crate) fn take(&mut self, otel: Otel) {
        self.telemetry.resource = otel.resource;
        if let Some(otlp) = self.telemetry.otlp.as_mut().filter(|_| !otel.is_complete) {
            otlp.complete();
        }
    }

    /// Adds what the listeners give their protocols to read.
    pub(crate) fn give(&mut self, given: BTreeMap<String, ProtocolSettings>) {
        for (name, given) in given {
            let protocol = self.listeners.get_mut(&name).map(|listener| &mut listener.protocol);
            if let Some(Protocol::Registered { settings, .. }) = protocol {
                *settings = Some(given);
            }
        }
    }

    /// Has the files that keys name begin in this directory, unless they are absolute.
    pub(crate) fn resolve(&mut self, folder: Option<&FilePath>) {
        let Some(folder) = folder else { return };
        let pools = self.pools.values_mut().filter_map(|pool| pool.file.as_mut());
        let others = [self.admin.token_file.as_mut(), self.telemetry.trace_file.as_mut()];
        for file in pools.chain(others.into_iter().flatten()) {
            *file = folder.join(&file);
        }
    }
}

/// The process as a whole.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Server {
    /// Threads that carry connections; `None` is one per core.
    pub workers: Option<NonZeroUsize>,
    /// How long connections may take to end by themselves once the server stops.
    #[serde(deserialize_with = "duration::deserialize")]
    pub drain: Duration,
    /// How long the server goes on accepting after it was told to stop.
    #[serde(deserialize_with = "duration::deserialize")]
    pub lame_duck: Duration,
    /// Connections of clients at one time over all listeners; `None` is what the limit of open
    /// files allows.
    pub connections: Option<NonZeroU32>,
    /// Where the server is; backends in another zone are the second choice. `None` is nowhere.
    pub zone: Option<String>,
    /// Where the admin API listens; `None` is nowhere. Elsewhere than on loopback and on a unix socket
    /// only with a token.
    #[serde(deserialize_with = "crate::admin::or_off")]
    pub admin: Option<AdminAddress>,
}

/// How host names are resolved.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Dns {
    /// The name servers that are asked; empty is those of `/etc/resolv.conf`.
    #[serde(default)]
    pub servers: Vec<SocketAddr>,
    /// How long one try of a question may take.
    #[serde(deserialize_with = "duration::deserialize")]
    pub timeout: Duration,
    /// Tries of a question until it has failed: 1 to 10.
    pub attempts: NonZeroU32,
    /// How long an answer is used at least, whatever its TTL.
    #[serde(deserialize_with = "duration::deserialize")]
    pub shortest: Duration,
}

/// The log on stderr.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Log {
    /// The least severe level that is logged.
    pub level: LogLevel,
    /// How a line is written.
    pub format: LogFormat,
}

/// An address that clients connect to.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Listener {
    /// Where to listen; port 0 takes any free one.
    pub bind: SocketAddr,
    /// What happens on a connection.
    #[serde(flatten)]
    pub protocol: Protocol,
    /// Connections of this listener at one time; `None` is only the limit of the server.
    pub connections: Option<NonZeroU32>,
    /// How long no byte may pass in either direction; `None` is for ever. Of HTTP, only after an
    /// upgrade.
    #[serde(deserialize_with = "duration::or_off")]
    pub idle: Option<Duration>,
    /// How long a connection is quiet before the first TCP keep-alive probe: from a second to what
    /// the kernel takes, or `None`.
    #[serde(deserialize_with = "duration::or_off")]
    pub keepalive: Option<Duration>,
    /// TCP_USER_TIMEOUT: fits the kernel's 32 bits of milliseconds, or `None`.
    #[serde(deserialize_with = "duration::or_off")]
    pub user_timeout: Option<Duration>,
    /// Connections that the kernel queues for each worker: 1 to 65535.
    pub backlog: NonZeroU32,
}

/// What happens on a connection.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Protocol {
    /// Bytes are passed to a backend of a pool and back.
    Forward {
        /// The name of the pool.
        pool: String,
    },
    /// Requests of HTTP/1.1 are passed to pools, redirected or answered.
    Http(Box<Http>),
    /// Bytes are sent back to the client.
    Echo,
    /// A protocol that the program brings with it.
    Registered {
        /// The name that it was registered under.
        name: String,
        /// What the file gives it to read, which it has checked; `None` if nothing is given.
        settings: Option<ProtocolSettings>,
    },
}

/// The keys that say what happens on a connection. Settings are added after serde has read the
/// rest: they know where they came from.
#[derive(Deserialize)]
struct Written {
    protocol: String,
    pool: Option<String>,
    #[serde(flatten)]
    http: http::Written,
}

impl TryFrom<Written> for Protocol {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        match (written.protocol.as_str(), written.pool) {
            ("forward", Some(pool)) => Ok(Self::Forward { pool }),
            ("forward", None) => Err("the protocol forward has no pool"),
            ("http", _) => Ok(Self::Http(Box::new(written.http.try_into()?))),
            ("echo", _) => Ok(Self::Echo),
            (_, _) => Ok(Self::Registered { name: written.protocol, settings: None }),
        }
    }
}

impl Protocol {
    /// The names that every program knows, in the order of the documentation.
    pub const NAMES: &'static [&'static str] = &["forward", "http", "echo"];

    /// The name as a file gives it.
    pub fn name(&self) -> &str {
        match self {
            Self::Forward { .. } => "forward",
            Self::Http(_) => "http",
            Self::Echo => "echo",
            Self::Registered { name, .. } => name,
        }
    }
}
