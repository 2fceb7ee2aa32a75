//! The settings of a pool.

mod backend;
mod health;
mod requests;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::off;
use super::{Balance, Reuse};
use crate::duration;
use crate::hash::Hash;
pub use backend::Backend;
pub use health::{Eject, HttpProbe, Probe, ProbeField};
pub use requests::{Limits, Retry, Sticky};

/// Backends that serve the same thing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Pool {
    /// How a backend is chosen for a connection or a request.
    pub balance: Balance,
    /// What an algorithm that hashes hashes.
    pub hash: Hash,
    /// How many times its share of what is under way a backend gets at most, 1.05 to 10; `None` is
    /// any number. Only with an algorithm that hashes.
    #[serde(deserialize_with = "off::or_off")]
    pub bounded_load: Option<f64>,
    /// How long a backend that comes back takes to get its whole share; `None` is no time.
    #[serde(deserialize_with = "duration::or_off")]
    pub slow_start: Option<Duration>,
    /// Per cent of the backends that must be able to serve, or ejections are ignored: 0 to 100.
    pub panic: u8,
    /// In the order of the file; no address twice. Empty only if there is a `file`; else at least
    /// one is not a backup.
    #[serde(default)]
    pub backends: Vec<Backend>,
    /// Where more backends are ([`crate::load_backends`]), to be watched. Relative paths begin in
    /// the directory of the process: that of the file of settings is already in them.
    pub file: Option<PathBuf>,
    /// How long connecting to a backend may take.
    #[serde(deserialize_with = "duration::deserialize")]
    pub connect_timeout: Duration,
    /// Backends that are tried for a connection or a request: 1 to 16.
    pub attempts: NonZeroU32,
    /// Connections to a backend that fail in a row before it is out: 1 to 100.
    pub fall: NonZeroU32,
    /// How long a backend that is out rests before one connection tries it again.
    #[serde(deserialize_with = "duration::deserialize")]
    pub retry_after: Duration,
    /// How long an answer of DNS is used at most, and how long a failed question rests.
    #[serde(deserialize_with = "duration::deserialize")]
    pub resolve: Duration,
    /// Which requests go onto a connection that was used before.
    pub reuse: Reuse,
    /// Connections without a request that each worker keeps to each backend.
    pub idle_connections: u16,
    /// How long a connection without a request is kept.
    #[serde(deserialize_with = "duration::deserialize")]
    pub idle_timeout: Duration,
    /// How clients go back to the same backend; `None` if they do not.
    pub sticky: Option<Sticky>,
    /// The active health check.
    pub probe: Probe,
    /// The passive health check.
    pub eject: Eject,
    /// How much is under way at one time.
    pub limits: Limits,
    /// Which requests are sent to a second backend.
    pub retry: Retry,
}
