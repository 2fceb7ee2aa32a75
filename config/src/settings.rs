//! The settings themselves: typed, complete with defaults, and valid.

mod choice;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

use serde::Deserialize;

use crate::duration;
use crate::endpoint::BackendAddress;
pub use choice::{Balance, LogFormat, LogLevel};

/// All settings of a server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Settings {
    /// The process as a whole.
    pub server: Server,
    /// The log on stderr.
    pub log: Log,
    /// Listeners by name; at least one.
    #[serde(rename = "listener")]
    pub listeners: BTreeMap<String, Listener>,
    /// Pools by name; every pool that a listener forwards to is among them.
    #[serde(rename = "pool")]
    pub pools: BTreeMap<String, Pool>,
}

/// The process as a whole.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Server {
    /// Threads that carry connections; `None` is one per core.
    pub workers: Option<NonZeroUsize>,
    /// How long connections may take to end by themselves once the server stops.
    #[serde(deserialize_with = "duration::required")]
    pub drain: Duration,
    /// How long the server goes on accepting after it was told to stop.
    #[serde(deserialize_with = "duration::required")]
    pub lame_duck: Duration,
    /// Connections of clients at one time over all listeners; `None` is what the limit of open
    /// files allows.
    pub connections: Option<NonZeroU32>,
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
    /// How long no byte may pass in either direction; `None` is for ever.
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
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "protocol", rename_all = "snake_case")]
pub enum Protocol {
    /// Bytes are passed to a backend of a pool and back.
    Forward {
        /// The name of the pool.
        pool: String,
    },
    /// Bytes are sent back to the client.
    Echo,
}

impl Protocol {
    /// The names a file can give, in the order of the documentation.
    pub const NAMES: &'static [&'static str] = &["forward", "echo"];

    /// The name as a file gives it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Forward { .. } => "forward",
            Self::Echo => "echo",
        }
    }
}

/// Backends that serve the same thing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Pool {
    /// How a backend is chosen for a connection.
    pub balance: Balance,
    /// In the order of the file; no address twice, and at least one that is not a backup.
    pub backends: Vec<Backend>,
    /// How long connecting to a backend may take.
    #[serde(deserialize_with = "duration::required")]
    pub connect_timeout: Duration,
    /// Backends that are tried for a connection: 1 to 16.
    pub attempts: NonZeroU32,
    /// Connections to a backend that fail in a row before it is out: 1 to 100.
    pub fall: NonZeroU32,
    /// How long a backend that is out rests before one connection tries it again.
    #[serde(deserialize_with = "duration::required")]
    pub retry_after: Duration,
    /// How often host names of backends are resolved again.
    #[serde(deserialize_with = "duration::required")]
    pub resolve: Duration,
    /// The active health check.
    pub probe: Probe,
}

/// A place that serves what its pool serves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Backend {
    /// Where it is.
    pub address: BackendAddress,
    /// Its share of connections, relative to the others: 1 to 256.
    pub weight: NonZeroU32,
    /// Whether it serves only when no other backend can.
    pub backup: bool,
}

/// The active health check of a pool: a TCP connection to each backend.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Probe {
    /// Whether backends are probed.
    pub enabled: bool,
    /// The time from one probe of a backend to the next.
    #[serde(deserialize_with = "duration::required")]
    pub interval: Duration,
    /// How long a probe may take; at most the interval.
    #[serde(deserialize_with = "duration::required")]
    pub timeout: Duration,
    /// Probes in a row that must succeed before a backend is back: 1 to 100.
    pub rise: NonZeroU32,
    /// Probes in a row that must fail before a backend is out: 1 to 100.
    pub fall: NonZeroU32,
}
