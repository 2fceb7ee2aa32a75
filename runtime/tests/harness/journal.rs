//! What the fixtures of a test went through, in the order in which they did.

use std::sync::Arc;

use parking_lot::Mutex;

/// Shared by a test and its fixtures; it also counts who still holds it.
#[derive(Clone, Default)]
pub(crate) struct Journal {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Journal {
    pub(crate) fn write(&self, line: impl Into<String>) {
        self.lines.lock().push(line.into());
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.lock().clone()
    }

    /// All lines so far, which are forgotten.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock())
    }

    /// How often that line was written.
    pub(crate) fn count(&self, line: &str) -> usize {
        self.lines.lock().iter().filter(|written| *written == line).count()
    }

    /// How many hold the journal: fixtures, their factories, and the test.
    pub(crate) fn holders(&self) -> usize {
        Arc::strong_count(&self.lines)
    }
}
