//! Why a request was not answered by a backend.

use thiserror::Error;

use crate::closed::Ending;
use crate::http::refusal::{BadAnswer, Refusal};
use crate::record::Code;
use crate::socket::ConnectFailure;
use crate::stream::Loss;

/// What the client is told instead, and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(super) enum Fault {
    /// The client sent what is no request, or not one for us.
    #[error("{0}")]
    Request(Refusal),
    /// The head of the request did not come in time.
    #[error("the head of the request did not come in time")]
    SlowHead,
    /// The body of the request did not come in time.
    #[error("the body of the request did not come in time")]
    SlowBody,
    /// The client takes nothing of its answer.
    #[error("the client took nothing for too long")]
    SlowReader,
    /// The client is gone before anything was sent on.
    #[error("the client has gone away")]
    ClientLost(Loss),
    /// There is nothing at this address.
    #[error("no route fits this request")]
    NoRoute,
    /// No backend could be reached.
    #[error("no backend could be reached ({})", .0.name())]
    Unreached(Code),
    /// The backend cut the connection off before it answered.
    #[error("the backend ended the connection before it answered")]
    BackendLost(Loss),
    /// The backend's answer is none, or not all of one.
    #[error("{0}")]
    Answer(BadAnswer),
    /// The backend did not begin to answer in time.
    #[error("the backend did not answer in time")]
    FirstByte,
    /// The backend did not begin to answer within the time for one try.
    #[error("the backend did not answer within the time for one try")]
    TryTimeout,
    /// The backend's answer had a status that is tried again elsewhere, and nobody else could be asked.
    #[error("every backend's answer was one that is tried again elsewhere")]
    Unwanted(u16),
    /// The backend took or sent nothing for too long.
    #[error("the backend stopped within the body")]
    SlowBackend,
    /// The whole request took too long.
    #[error("the request took too long")]
    Deadline,
}

impl Fault {
    /// What the client is answered.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Request(refusal) => refusal.status(),
            Self::SlowHead | Self::SlowBody | Self::SlowReader | Self::ClientLost(_) => 408,
            Self::NoRoute => 404,
            Self::Unreached(Code::ConnectFailed(failure)) => match failure {
                ConnectFailure::TimedOut => 504,
                ConnectFailure::Refused | ConnectFailure::Unreachable | ConnectFailure::Broken => {
                    502
                }
                ConnectFailure::LocalLimits => 503,
            },
            Self::Unreached(_) => 503,
            Self::BackendLost(_) | Self::Answer(_) => 502,
            Self::Unwanted(status) => status,
            Self::FirstByte | Self::TryTimeout | Self::SlowBackend | Self::Deadline => 504,
        }
    }

    /// The status of the backend's answer, where that is what was wrong; else 0.
    pub(super) fn answered(self) -> u16 {
        if let Self::Unwanted(status) = self { status } else { 0 }
    }

    /// Whether another backend may do better, as far as the request may be repeated: nothing was
    /// answered, and the backend had its time for a try or was lost.
    pub(super) fn may_be_retried(self) -> bool {
        matches!(self, Self::BackendLost(_) | Self::TryTimeout)
    }

    /// What an answer with `status` says of us and of our backends, where it ended in `fault`, if in
    /// any: nothing where the client has brought it about, also if that is answered with a 501 or a
    /// 505.
    pub(super) fn failure(fault: Option<Self>, status: u16) -> Option<Box<str>> {
        match fault {
            Some(fault) if fault.is_of_client() && fault.status() == status => None,
            Some(fault) if fault.status() >= 500 => Some(fault.to_string().into()),
            _ if status >= 500 => Some(format!("the answer was {status}").into()),
            _ => None,
        }
    }

    /// Whether it is the client's own.
    pub(super) fn is_of_client(self) -> bool {
        match self {
            Self::Request(_)
            | Self::SlowHead
            | Self::SlowBody
            | Self::SlowReader
            | Self::ClientLost(_) => true,
            Self::NoRoute
            | Self::Unreached(_)
            | Self::BackendLost(_)
            | Self::Answer(_)
            | Self::FirstByte
            | Self::TryTimeout
            | Self::Unwanted(_)
            | Self::SlowBackend
            | Self::Deadline => false,
        }
    }

    /// Its name in the log.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Request(refusal) => refusal.name(),
            Self::SlowHead => "head_timeout",
            Self::SlowBody => "body_timeout",
            Self::SlowReader => "client_stalled",
            Self::ClientLost(loss) => Ending::of_client(loss).name(),
            Self::NoRoute => "no_route",
            Self::Unreached(code) => code.name(),
            Self::BackendLost(loss) => Ending::of_backend(loss).name(),
            Self::Answer(bad) => bad.name(),
            Self::FirstByte => "first_byte_timeout",
            Self::TryTimeout => "try_timeout",
            Self::Unwanted(_) => "unwanted_status",
            Self::SlowBackend => "backend_stalled",
            Self::Deadline => "request_timeout",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_has_brought_about_is_no_failure_whatever_the_status() {
        for refusal in [Refusal::UnknownVersion, Refusal::UnknownCoding, Refusal::Connect] {
            let fault = Fault::Request(refusal);
            assert!(fault.status() >= 500);
            assert_eq!(Fault::failure(Some(fault), fault.status()), None);
        }
        assert_eq!(Fault::failure(None, 404), None);
        assert!(Fault::failure(None, 502).is_some());
        assert!(Fault::failure(Some(Fault::FirstByte), 0).is_some());
    }
}
