//! Why a request is not served, and why an answer is not passed on.

use thiserror::Error;

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Refusal {
    /// The request line or a field is not what RFC 9112 allows.
    #[error("the head is malformed")]
    BadHead,
}

/// What is wrong with an answer: it becomes a 502.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BadAnswer {
    /// The status line or a field is not what RFC 9112 allows.
    #[error("the head of the answer is malformed")]
    BadHead,
}
