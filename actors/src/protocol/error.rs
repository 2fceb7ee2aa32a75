//! The error of a hook: what it is of decides what follows.

use std::any::Any;
use std::fmt;
use std::io;

use trunkline_runtime::{AskError, Failure};

use super::Closed;
use crate::blocking::BlockingError;
use crate::client::RequestError;
use crate::dispatch::{DispatchError, Why};
use crate::stream::Loss;

/// What a hook gives back.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a hook gave up. Any error becomes one by `?`.
///
/// That the peer is gone ends the connection, and so does a time-out, or what a hook read by itself
/// and is no message; none of these is a crash. Anything else is: the handler is built anew, as
/// after a panic.
pub struct Error(Kind);

enum Kind {
    Gone(Loss),
    Timeout(Failure),
    /// What the peer sent is no message; this is how the connection closes.
    Malformed(Closed, Failure),
    /// Something else that the hook asked has failed: the message at hand is not to blame.
    Elsewhere(Failure),
    Failed(Failure),
}

/// What an [`Error`] means for the connection.
pub(crate) enum Fault {
    Gone(Loss),
    Timeout,
    Malformed(Closed),
    /// `blames`: the message at hand may be the cause.
    Crash {
        failure: Failure,
        blames: bool,
    },
}

impl Error {
    /// An error described by a sentence: a crash of the handler.
    #[must_use]
    pub fn new(text: impl Into<std::sync::Arc<str>>) -> Self {
        Self(Kind::Failed(Failure::new(text)))
    }

    /// A time-out of something that the hook waited for; it ends the connection, and is no crash.
    #[must_use]
    pub fn timeout(text: impl Into<std::sync::Arc<str>>) -> Self {
        Self(Kind::Timeout(Failure::new(text)))
    }

    pub(crate) fn gone(loss: Loss) -> Self {
        Self(Kind::Gone(loss))
    }

    pub(super) fn malformed(closed: Closed, error: &dyn fmt::Display) -> Self {
        Self(Kind::Malformed(closed, Failure::new(error.to_string())))
    }

    /// Whether it says that what the peer sent is no message.
    #[must_use]
    pub fn is_malformed(&self) -> bool {
        matches!(self.0, Kind::Malformed(..))
    }

    /// Whether it says that the peer is gone.
    #[must_use]
    pub fn is_peer_gone(&self) -> bool {
        matches!(self.0, Kind::Gone(_))
    }

    /// Whether it is a time-out.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0, Kind::Timeout(_))
    }

    pub(crate) fn fault(self) -> Fault {
        match self.0 {
            Kind::Gone(loss) => Fault::Gone(loss),
            Kind::Timeout(_) => Fault::Timeout,
            Kind::Malformed(closed, _) => Fault::Malformed(closed),
            Kind::Elsewhere(failure) => Fault::Crash { failure, blames: false },
            Kind::Failed(failure) => Fault::Crash { failure, blames: true },
        }
    }
}

impl<E: std::error::Error + 'static> From<E> for Error {
    /// Deadlines of asks, of dispatches and of a client's requests, tokio's `Elapsed` and
    /// `io::ErrorKind::TimedOut` are time-outs.
    fn from(error: E) -> Self {
        let any: &dyn Any = &error;
        let timed_out = any.is::<tokio::time::error::Elapsed>()
            || any.downcast_ref() == Some(&AskError::Deadline)
            || any.downcast_ref().is_some_and(|error: &RequestError| error.is_timeout())
            || any.downcast_ref().is_some_and(|error: &DispatchError| error.why == Why::Deadline)
            || any.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::TimedOut);
        let elsewhere = any.is::<AskError>()
            || any.is::<DispatchError>()
            || any.is::<RequestError>()
            || any.is::<BlockingError>();
        let failure = Failure::from(error);
        Self(match (timed_out, elsewhere) {
            (true, _) => Kind::Timeout(failure),
            (false, true) => Kind::Elsewhere(failure),
            (false, false) => Kind::Failed(failure),
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Gone(Loss::Reset) => f.write_str("the peer cut the connection off"),
            Kind::Gone(Loss::Vanished) => f.write_str("the peer is not heard of any more"),
            Kind::Timeout(failure)
            | Kind::Malformed(_, failure)
            | Kind::Elsewhere(failure)
            | Kind::Failed(failure) => failure.fmt(f),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a message was not taken at once; it is handed back where it still is there.
pub enum TrySendError<I> {
    /// As much waits for the peer as may.
    Full(I),
    /// It cannot be sent at all: the peer is gone, or the codec refused the message.
    Failed(Error),
}

impl<I> fmt::Display for TrySendError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("the peer does not read what was sent to it before"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<I> fmt::Debug for TrySendError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

// No `std::error::Error`: that would make a crash of a peer that is gone.
impl<I> From<TrySendError<I>> for Error {
    fn from(error: TrySendError<I>) -> Self {
        match error {
            TrySendError::Full(_) => Self::new(error.to_string()),
            TrySendError::Failed(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_a_time_out_and_everything_else_a_crash() {
        let of = |error: Error| error.fault();
        assert!(matches!(of(AskError::Deadline.into()), Fault::Timeout));
        assert!(matches!(of(io::Error::from(io::ErrorKind::TimedOut).into()), Fault::Timeout));
        assert!(matches!(of(AskError::Crashed.into()), Fault::Crash { .. }));
        assert!(matches!(
            of(io::Error::from(io::ErrorKind::ConnectionReset).into()),
            Fault::Crash { .. }
        ));
        assert!(matches!(of(Error::gone(Loss::Reset)), Fault::Gone(Loss::Reset)));
    }
}
