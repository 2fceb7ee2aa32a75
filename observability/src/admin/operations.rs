//! What only the server knows, and what it is ordered to do.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::trace::TraceId;
use serde::Serialize;
use tracing::Level;
use trunkline_runtime::Status;

use crate::metrics::Form;
use crate::trace::{SpanData, TraceSummary};

/// The server as the admin API sees it. Called on the control thread: what is asked for is looked
/// up, in at most a millisecond or two, and nobody is waited for but in [`Self::order`].
pub trait Operations: Send + Sync + 'static {
    /// Why the server should get no traffic; none where it should.
    fn unready(&self) -> Vec<String>;

    /// The pools, sorted by name.
    fn pools(&self) -> Vec<PoolShown>;

    /// Connections of clients behind the cursor `after`, at most `limit`.
    ///
    /// # Errors
    /// A cursor that no answer of this has given.
    fn connections(&self, after: Option<&str>, limit: usize) -> Result<Connections, OrderError>;

    /// The settings in effect, with every secret as `***`.
    fn config(&self) -> serde_json::Value;

    /// The metrics in that text. Called on a thread where it may take its time: thousands of
    /// backends are hundreds of milliseconds.
    fn metrics(&self, form: Form) -> String;

    /// The newest traces that are kept, newest first.
    fn traces(&self, limit: usize) -> Vec<TraceSummary>;

    /// The spans of a trace; none where it is not kept.
    fn trace(&self, id: TraceId) -> Option<Vec<SpanData>>;

    /// The least severe level that is logged.
    fn log_level(&self) -> Level;

    /// Logs lines of this level and above from now on.
    ///
    /// # Errors
    /// Where the log takes no other level.
    fn set_log_level(&self, level: Level) -> Result<(), OrderError>;

    /// Has something done, and waits until it has been accepted. Dropping the future takes nothing
    /// back.
    fn order(&self, order: Order) -> Ordered;
}

/// What becomes of an [`Order`].
pub type Ordered = Pin<Box<dyn Future<Output = Result<(), OrderError>>>>;

/// Something that actors of the server do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// A backend gets no new lease.
    Drain {
        /// Its pool.
        pool: String,
        /// Its address.
        backend: SocketAddr,
        /// Within which time the connections that are bound to it are ended; zero leaves them.
        within: Duration,
    },
    /// The same, taken back.
    Undrain {
        /// Its pool.
        pool: String,
        /// Its address.
        backend: SocketAddr,
    },
    /// A backend gets another share, until another is configured for it.
    Weigh {
        /// Its pool.
        pool: String,
        /// Its address.
        backend: SocketAddr,
        /// Its share from now on.
        weight: u32,
    },
    /// A connection of a client is ended, with its grace.
    Close {
        /// Its place in the tree.
        path: String,
    },
}

/// Why an order was not carried out. Each text is a sentence, then what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrderError {
    /// What it names is not there.
    #[error("{0}: {1}")]
    NotFound(String, String),
    /// It is mistaken.
    #[error("{0}: {1}")]
    Mistaken(String, String),
    /// It cannot be done as things are.
    #[error("{0}: {1}")]
    Conflict(String, String),
    /// Who would do it does not answer.
    #[error("{0}: {1}")]
    Unavailable(String, String),
}

/// A pool at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PoolShown {
    /// Its name in the configuration.
    pub name: String,
    /// What its supervisor is doing: `running`, `parked`, ….
    pub status: Status,
    /// How a backend is chosen.
    pub algorithm: &'static str,
    /// Requests and connections that wait for a backend.
    pub waiting: usize,
    /// Leases that are out.
    pub in_flight: u32,
    /// Backends that would get a lease now.
    pub serving: usize,
    /// Its backends, in the order in which they serve.
    pub backends: Vec<BackendShown>,
}

/// A backend of a pool at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BackendShown {
    /// The host name that led to its address, or the address.
    pub name: String,
    /// IP address and port: what orders call it by.
    pub address: SocketAddr,
    /// Its tier, from 0: those of a higher number serve where those before cannot.
    pub tier: usize,
    /// Its share.
    pub weight: u32,
    /// `up`, `shaky`, `down` or `on_trial`.
    pub health: &'static str,
    /// Whether it is left out for answering badly.
    pub ejected: bool,
    /// Whether it gets no new lease.
    pub draining: bool,
    /// Leases that are out.
    pub in_flight: u32,
    /// Leases given since it is a backend.
    pub requests: u64,
    /// Connections made to it.
    pub connected: u64,
    /// Connections that failed.
    pub failed: u64,
}

/// Some of the connections of clients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// They, in the order of listener, worker and number.
    pub connections: Vec<ConnectionShown>,
    /// The cursor behind the last; none where there are no more.
    pub next: Option<String>,
}

/// A connection of a client at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionShown {
    /// Its number, unique in its listener.
    pub id: u64,
    /// Its place in the tree: what orders call it by.
    pub path: String,
    /// Its listener.
    pub listener: String,
    /// The worker that carries it.
    pub worker: usize,
    /// What its actor is doing.
    pub status: Status,
    /// Milliseconds since it was accepted.
    pub since_ms: u64,
}
