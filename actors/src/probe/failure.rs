//! Why a probe failed.

use thiserror::Error;

use crate::http::refusal::BadAnswer;
use crate::socket::{ConnectFailure, Fault};
use crate::stream::Loss;

/// Why a probe failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProbeFailure {
    /// No connection could be made.
    #[error("no connection could be made")]
    Connect(ConnectFailure),
    /// It connected, and the answer was not whole in time.
    #[error("the answer did not come in time")]
    AnswerTimedOut,
    /// It connected, and the connection was lost before the answer was whole.
    #[error("the connection was lost before the answer was whole")]
    Lost(Loss),
    /// The answer is not what RFC 9112 allows, or is not whole.
    #[error("{0}")]
    Answer(BadAnswer),
    /// The status is none of those that pass.
    #[error("the status is {0}")]
    Status(u16),
    /// The first 64 KiB of the body do not contain the text.
    #[error("the body does not contain the text")]
    TextMissing,
}

impl ProbeFailure {
    /// Its name in logs and metrics.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Connect(failure) => failure.name(),
            Self::AnswerTimedOut => "answer_timed_out",
            Self::Lost(Loss::Reset) => "reset",
            Self::Lost(Loss::Vanished) => "vanished",
            Self::Answer(bad) => bad.name(),
            Self::Status(_) => "status",
            Self::TextMissing => "text_missing",
        }
    }

    /// The status that did not pass.
    #[must_use]
    pub fn status(self) -> Option<u16> {
        match self {
            Self::Status(status) => Some(status),
            Self::Connect(_)
            | Self::AnswerTimedOut
            | Self::Lost(_)
            | Self::Answer(_)
            | Self::TextMissing => None,
        }
    }

    /// Whose fault it is: one of our own says nothing about the backend.
    #[must_use]
    pub fn fault(self) -> Fault {
        match self {
            Self::Connect(failure) => failure.fault(),
            Self::AnswerTimedOut
            | Self::Lost(_)
            | Self::Answer(_)
            | Self::Status(_)
            | Self::TextMissing => Fault::Backend,
        }
    }
}
