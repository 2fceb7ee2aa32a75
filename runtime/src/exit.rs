//! Why an actor ended.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::trace::TraceContext;

/// Why an incarnation of a child ended. A closed set, after OTP's exit reasons.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum ExitReason {
    /// It finished its work and stopped by itself.
    Normal,
    /// Its supervisor asked it to stop, and it did within its grace.
    Shutdown,
    /// It was ended from outside without running any of its hooks, or did not answer at all.
    Killed,
    /// It gave up on purpose, with an error.
    Failed(Failure),
    /// It panicked.
    Panicked(Panic),
}

impl ExitReason {
    /// The trace of the work over which it ended, where that is known.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        match self {
            Self::Normal | Self::Shutdown | Self::Killed => None,
            Self::Failed(failure) => failure.trace,
            Self::Panicked(panic) => panic.trace,
        }
    }

    /// Whether a transient child that ended like this is to be restarted.
    #[must_use]
    pub fn is_abnormal(&self) -> bool {
        match self {
            Self::Normal | Self::Shutdown => false,
            Self::Killed | Self::Failed(_) | Self::Panicked(_) => true,
        }
    }

    /// The stable name of the kind of exit, for labels and filters.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Normal => "normal",
            Self::Shutdown => "shutdown",
            Self::Killed => "killed",
            Self::Failed(_) => "failed",
            Self::Panicked(_) => "panicked",
        }
    }
}

impl fmt::Display for ExitReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Normal | Self::Shutdown | Self::Killed => f.write_str(self.kind()),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::Panicked(panic) => write!(f, "panicked: {panic}"),
        }
    }
}

/// The error with which an actor gave up.
///
/// It keeps the text of the error and of its sources, not the error itself: an exit reason is
/// copied into events and into the tree, and outlives everything that the error may refer to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    text: Arc<str>,
    /// Of the work that failed.
    #[serde(skip)]
    trace: Option<TraceContext>,
}

impl Failure {
    /// A failure described by a sentence, of the work at hand.
    #[must_use]
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self { text: text.into(), trace: TraceContext::current() }
    }

    /// The sentence, with the sources of the error behind colons.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::new(text)
    }
}

/// What is known of a panic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Panic {
    /// The panic's message; `"(no text)"` where its payload was not a string.
    pub text: Arc<str>,
    /// `file:line:column`, or empty where the panic hook was replaced by somebody else's.
    pub place: Arc<str>,
    /// The trace of the work at hand.
    #[serde(skip)]
    pub trace: Option<TraceContext>,
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.text, self.place)
    }
}
