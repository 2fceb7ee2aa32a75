//! Why things are being dropped on this thread: so that a lost answer can say what became of it.

use std::cell::Cell;

use crate::address::AskError;
use crate::exit::ExitReason;

thread_local! {
    static ENDING: Cell<Option<AskError>> = const { Cell::new(None) };
}

/// While it lives, answers dropped on this thread were lost to the end of an actor.
pub(crate) struct Ending {
    before: Option<AskError>,
}

impl Ending {
    pub(crate) fn because(reason: &ExitReason) -> Self {
        Self { before: ENDING.replace(Some(Self::error(reason))) }
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
