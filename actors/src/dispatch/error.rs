//! Why a message was not delivered, and what was tried.

use std::fmt;
use std::sync::Arc;

use thiserror::Error;
use trunkline_runtime::{AskError, Message, Node};

/// How many tries an error names; the others it counts.
const NAMED: usize = 8;

/// Why a message was not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Why {
    /// The group has no members.
    #[error("it has no members; something has to join first")]
    Empty,
    /// No member is open: all have ended or are parked.
    #[error("none of its members is open; the tree shows what became of them")]
    Closed,
    /// Every open member refused the message. Nobody has acted on it.
    #[error("every open member refused the message; send less, or add members")]
    Refused,
    /// A member crashed over the question. It may have acted on it.
    #[error("a member crashed over the question and may have acted on it")]
    Crashed,
    /// A member ended while it had the question. It may have acted on it.
    #[error("a member ended while it had the question and may have acted on it")]
    Stopped,
    /// No answer came in time. It may be acted on yet.
    #[error("no answer came in time")]
    Deadline,
    /// A member chose not to answer.
    #[error("a member gave no answer")]
    Unanswered,
}

/// A member that did not bring it to an end.
#[derive(Clone)]
pub struct Try {
    /// The member.
    pub node: Arc<Node>,
    /// What it said.
    pub error: AskError,
}

impl fmt::Debug for Try {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.node.path(), self.error)
    }
}

/// A message that was not delivered.
#[derive(Debug, Clone, Error)]
pub struct DispatchError {
    /// The group's name.
    pub group: Arc<str>,
    /// Why, by the last that happened.
    pub why: Why,
    /// Who was tried, in order; the first eight.
    pub tried: Vec<Try>,
    /// How many were tried besides.
    pub more: usize,
    /// Whether a member may have acted on it, or will: only if not, a new try is surely the first.
    pub may_have_acted: bool,
}

impl DispatchError {
    pub(super) fn new(group: Arc<str>) -> Self {
        Self { group, why: Why::Empty, tried: Vec::new(), more: 0, may_have_acted: false }
    }

    pub(super) fn add(&mut self, node: &Arc<Node>, error: AskError) {
        if self.tried.len() < NAMED {
            self.tried.push(Try { node: Arc::clone(node), error });
        } else {
            self.more += 1;
        }
    }
}

impl fmt::Display for DispatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {:?}: {}", self.group, self.why)?;
        for (nth, tried) in self.tried.iter().enumerate() {
            write!(f, "{}{tried:?}", if nth == 0 { " (" } else { "; " })?;
        }
        match (self.tried.is_empty(), self.more) {
            (true, _) => Ok(()),
            (false, 0) => f.write_str(")"),
            (false, more) => write!(f, "; and {more} more)"),
        }
    }
}

/// A message that nobody took, and why.
#[derive(Error)]
#[error("{error}")]
pub struct Undelivered<M: Message> {
    /// The message.
    pub message: M,
    /// Why, and what was tried.
    pub error: DispatchError,
}

// By hand: a message need not be printable, and its content is nobody's business in a log.
impl<M: Message> fmt::Debug for Undelivered<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Undelivered").field("error", &self.error).finish_non_exhaustive()
    }
}
