//! Why things are being dropped on this thread: so that a lost answer can say what became of it.

use std::cell::{Cell, RefCell};

use crate::address::AskError;
use crate::exit::{ExitReason, Panic};
use crate::panics;

thread_local! {
    static ENDING: Cell<Option<AskError>> = const { Cell::new(None) };
    static PANIC: RefCell<Option<Panic>> = const { RefCell::new(None) };
}

/// While it lives, answers dropped on this thread were lost to the end of an actor.
pub(crate) struct Ending {
    before: Option<AskError>,
    panic: Option<Panic>,
}

impl Ending {
    pub(crate) fn because(reason: &ExitReason) -> Self {
        let panic = match reason {
            ExitReason::Panicked(panic) => Some(panic.clone()),
            ExitReason::Normal
            | ExitReason::Shutdown
            | ExitReason::Killed
            | ExitReason::Failed(_) => None,
        };
        Self { before: ENDING.replace(Some(Self::error(reason))), panic: PANIC.replace(panic) }
    }

    fn error(reason: &ExitReason) -> AskError {
        match reason {
            ExitReason::Panicked(_) | ExitReason::Failed(_) => AskError::Crashed,
            ExitReason::Normal | ExitReason::Shutdown | ExitReason::Killed => AskError::Stopped,
        }
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        ENDING.set(self.before);
        PANIC.replace(self.panic.take());
    }
}

/// What an asker is told whose answer is dropped here and now.
pub(crate) fn why_unanswered() -> AskError {
    // While a handler's stack unwinds no mark is set yet.
    if std::thread::panicking() {
        AskError::Crashed
    } else {
        ENDING.try_with(Cell::get).ok().flatten().unwrap_or(AskError::Unanswered)
    }
}

/// In a destructor: whether what is being dropped was lost to a crash of its actor.
#[must_use]
pub fn is_crash() -> bool {
    why_unanswered() == AskError::Crashed
}

/// In a destructor: the panic to which what is being dropped was lost.
#[must_use]
pub fn crash() -> Option<Panic> {
    panics::unwinding().or_else(|| PANIC.try_with(|panic| panic.borrow().clone()).ok().flatten())
}
