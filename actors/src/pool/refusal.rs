//! Why a pool gives no lease.

use thiserror::Error;

/// Why a pool gave no lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NoBackend {
    /// It has no members: none has been found yet.
    #[error("no backend has been found yet")]
    Empty,
    /// Every member is out.
    #[error("every backend is down")]
    AllDown,
    /// Every member that could serve has already failed this connection.
    #[error("every backend that could serve has been tried")]
    AllTried,
    /// The pool, or every member that could serve, has as many leases out as it may have, and nobody
    /// else may wait.
    #[error("every backend is at its limit")]
    Full,
    /// Nobody gave a lease back in time.
    #[error("every backend was at its limit for too long")]
    QueueTimeout,
}

impl NoBackend {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::AllDown => "all_down",
            Self::AllTried => "all_tried",
            Self::Full => "full",
            Self::QueueTimeout => "queue_timeout",
        }
    }
}
