//! Exemplars behind the lines of buckets.
//!
//! The library writes exemplars only from types of its own, whose fields nobody else can fill, and
//! which lock all threads together on each observation. So it writes everything but those: who writes
//! a series notes here what belongs behind the lines of its buckets, and what collects the library's
//! text adds that where such a line ends.

use std::collections::VecDeque;
use std::fmt::{self, Write};
use std::sync::Arc;

use parking_lot::Mutex;

use super::exemplar::Exemplar;

/// What belongs behind the lines that are written next.
#[derive(Debug, Default)]
pub(super) struct Margin {
    notes: Mutex<Notes>,
}

#[derive(Debug, Default)]
struct Notes {
    /// How the lines of buckets begin.
    begin: String,
    /// For each of these lines that is still to come.
    exemplars: VecDeque<Option<Exemplar>>,
}

impl Margin {
    /// The next lines that begin with `begin` get these, one each.
    pub(super) fn set(&self, begin: &str, exemplars: &[Option<Exemplar>]) {
        let mut notes = self.notes.lock();
        notes.begin.clear();
        notes.begin.push_str(begin);
        notes.exemplars.clear();
        notes.exemplars.extend(exemplars);
    }

    /// What belongs behind this line.
    fn next(&self, line: &str) -> Option<Exemplar> {
        let mut notes = self.notes.lock();
        if notes.exemplars.is_empty() || !line.starts_with(&notes.begin) {
            return None;
        }
        notes.exemplars.pop_front().flatten()
    }
}

/// Whether exemplars are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Exemplars {
    In,
    Out,
}

/// Collects the text.
pub(super) struct Lines<'a> {
    text: String,
    /// Where the line that is being written begins.
    line: usize,
    margin: &'a Arc<Margin>,
    exemplars: Exemplars,
}

impl<'a> Lines<'a> {
    pub(super) fn new(margin: &'a Arc<Margin>, exemplars: Exemplars) -> Self {
        Self { text: String::new(), line: 0, margin, exemplars }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl Write for Lines<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // Line feeds in labels are escaped: each that is seen here ends a line.
        for part in text.split_inclusive('\n') {
            let Some(end) = part.strip_suffix('\n') else {
                self.text.push_str(part);
                continue;
            };
            self.text.push_str(end);
            if self.exemplars == Exemplars::In
                && let Some(exemplar) = self.margin.next(&self.text[self.line..])
            {
                write!(self.text, " {exemplar}")?;
            }
            self.text.push('\n');
            self.line = self.text.len();
        }
        Ok(())
    }
}
