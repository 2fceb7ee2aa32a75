//! Why a request has no answer.

use thiserror::Error;

/// Why a client has no answer to a request. A closed set; [`Self::was_sent`] says which of them
/// leave open whether the request took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum RequestError {
    /// As many requests wait as may; it was not taken.
    #[error("too many requests wait for this client: try again later, or ask less at once")]
    Full,
    /// The client is at its end; the request was not sent.
    #[error("the client has stopped, and the request was not sent")]
    Stopped,
    /// It could not be sent in time: the peer is not reached, or too many were before it.
    #[error("the request could not be sent within its deadline")]
    Deadline,
    /// It was sent, and there was no answer in time. It may take effect yet.
    #[error("the request was sent and not answered within its deadline: it may have taken effect")]
    Unanswered,
    /// It was sent, and the connection broke, or was closed, before the answer.
    #[error("the connection broke before the answer: the request may have taken effect")]
    Broken,
    /// The handler crashed over it, or over what may have been its answer.
    #[error("the handler crashed over the request or its answer: it may have taken effect")]
    Crashed,
}

impl RequestError {
    /// Whether the peer may have seen the request. Where this is false it surely has not: the
    /// request can be made again, of this client or another, without taking effect twice.
    #[must_use]
    pub fn was_sent(self) -> bool {
        match self {
            Self::Full | Self::Stopped | Self::Deadline => false,
            Self::Unanswered | Self::Broken | Self::Crashed => true,
        }
    }

    /// Whether it is the deadline that passed.
    #[must_use]
    pub fn is_timeout(self) -> bool {
        match self {
            Self::Deadline | Self::Unanswered => true,
            Self::Full | Self::Stopped | Self::Broken | Self::Crashed => false,
        }
    }
}
