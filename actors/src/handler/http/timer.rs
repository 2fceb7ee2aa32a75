//! One timer for all that may take too long on a connection.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::Instant;
use trunkline_runtime::Deadline;

/// A timer that is moved only when it must come earlier, or has come too early: what hardly ever
/// comes costs a request nothing.
#[derive(Debug)]
pub(super) struct Timer {
    deadline: Deadline,
    armed: Instant,
}

impl Timer {
    /// A timer that is due at `due`.
    pub(super) fn new(due: Instant) -> Self {
        Self { deadline: Deadline::at(due.into_std()), armed: due }
    }

    /// Ready when `due` has passed. What it was before does not matter.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        if due < self.armed {
            self.arm(due);
        }
        while Pin::new(&mut self.deadline).poll(cx).is_ready() {
            if due <= Instant::now() {
                return Poll::Ready(());
            }
            self.arm(due);
        }
        Poll::Pending
    }

    fn arm(&mut self, due: Instant) {
        self.deadline.reset(due.into_std());
        self.armed = due;
    }
}
