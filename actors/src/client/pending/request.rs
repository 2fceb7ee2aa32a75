//! One request: waiting, with the peer, or at its end.

use std::time::Instant;

use crate::client::RequestError;

#[derive(Debug)]
pub(super) struct Waiting<R, T> {
    pub(super) request: R,
    pub(super) to: T,
    pub(super) deadline: Instant,
    /// On an earlier connection.
    pub(super) was_sent: bool,
}

/// A request that is with the peer.
#[derive(Debug)]
pub(in crate::client) struct Flight<R, T> {
    /// Who asked; none who has given up. The answer is awaited all the same.
    pub(in crate::client) to: Option<T>,
    /// Kept where it is to be repeated.
    pub(in crate::client) request: Option<R>,
    pub(super) deadline: Instant,
    /// On an earlier connection.
    pub(super) was_sent: bool,
}

/// A request that will not be answered.
#[derive(Debug)]
#[must_use = "who asked still waits"]
pub(in crate::client) struct Ended<R, T> {
    pub(in crate::client) to: Option<T>,
    pub(in crate::client) request: Option<R>,
    pub(in crate::client) error: RequestError,
}

impl<R, T> Waiting<R, T> {
    pub(super) fn end(self, error: impl FnOnce(bool) -> RequestError) -> Ended<R, T> {
        Ended { to: Some(self.to), request: Some(self.request), error: error(self.was_sent) }
    }

    pub(super) fn late(self) -> Ended<R, T> {
        self.end(|was_sent| match was_sent {
            true => RequestError::Unanswered,
            false => RequestError::Deadline,
        })
    }
}

impl<R, T> Flight<R, T> {
    pub(super) fn end(self, error: RequestError) -> Ended<R, T> {
        Ended { to: self.to, request: self.request, error }
    }
}
