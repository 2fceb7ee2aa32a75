//! How a pool is used.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::backend::ejection::EjectionPolicy;
use crate::balance::Balancing;
use crate::http::sticky::Sticky;
pub use crate::kept::KeepLimits;

/// How a pool is used.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolSettings {
    /// How a member is chosen.
    pub balancing: Balancing,
    /// What of a request the hashes hash.
    pub hash: HashOn,
    /// How long a member that comes back takes to get its whole share.
    pub slow_start: Option<Duration>,
    /// Ejections are ignored where fewer members than so many per cent could serve.
    pub panic: u8,
    /// How many members one connection or request may try, the first included.
    pub attempts: NonZeroU32,
    /// How long one try to connect may take.
    pub connect_timeout: Duration,
    /// Which requests may go over a connection that has served before.
    pub reuse: Reuse,
    /// What is kept of such connections.
    pub keep: KeepLimits,
    /// How many leases there may be.
    pub limits: Limits,
    /// When a backend that answers badly is ejected.
    pub ejection: EjectionPolicy,
    /// When a request is sent again.
    pub retry: Retry,
    /// How clients stay with their backends, if they do.
    pub sticky: Option<Arc<Sticky>>,
}

impl Default for PoolSettings {
    /// As a file has it that says nothing.
    fn default() -> Self {
        Self {
            balancing: Balancing::default(),
            hash: HashOn::Address,
            slow_start: None,
            panic: 50,
            attempts: const { NonZeroU32::new(3).unwrap() },
            connect_timeout: Duration::from_secs(5),
            reuse: Reuse::Safe,
            keep: KeepLimits { connections: 64, idle: Duration::from_secs(30) },
            limits: Limits::default(),
            ejection: EjectionPolicy::default(),
            retry: Retry::default(),
            sticky: None,
        }
    }
}

/// Which requests may go over a connection that has served before: its backend may be about to close
/// it, and then it is not known whether a request was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reuse {
    /// Those that may be repeated.
    Safe,
    /// All.
    Always,
    /// None; no connection is kept.
    Never,
}

/// What of a request the hashes hash. Where a request does not have it, a member is chosen by chance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HashOn {
    /// The client's IP address.
    Address,
    /// The path, without the query.
    Path,
    /// The first value of this key of the query.
    Query(Box<str>),
    /// The first field of this name.
    Header(Box<str>),
    /// The first cookie of this name.
    Cookie(Box<str>),
}

/// How many leases there may be at one time: the bounds that Envoy calls circuit breakers, and the
/// queue that haproxy has behind `maxconn`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of the whole pool.
    pub in_flight: Option<u32>,
    /// Of one backend.
    pub backend_in_flight: Option<u32>,
    /// Who may wait for one.
    pub queue: u32,
    /// How long.
    pub queue_timeout: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        let queue_timeout = Duration::from_secs(5);
        Self { in_flight: None, backend_in_flight: None, queue: 1000, queue_timeout }
    }
}

/// When a request is sent to another backend.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// Answers with these statuses are tried again elsewhere.
    pub statuses: Arc<[u16]>,
    /// The most of a request that is kept so that it can be sent again, beside its head, in bytes.
    pub buffer: usize,
    /// How many of the requests may be sent again, in per cent.
    pub budget: u32,
    /// How long from the last byte of the request to the first of the answer.
    pub per_try: Option<Duration>,
    /// A second backend is asked as well once the first has taken as long as so many per cent of the
    /// others did not.
    pub hedge: Option<f32>,
}

impl Default for Retry {
    fn default() -> Self {
        let statuses = Arc::default();
        Self { statuses, buffer: 64 * 1024, budget: 20, per_try: None, hedge: None }
    }
}
