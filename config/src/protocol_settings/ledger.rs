//! The mistakes of one table. Serde stops at the first, so what was mistaken is left out and the
//! table is read again, until there is nothing more to learn.

use std::collections::HashSet;
use std::mem::take;
use std::ops::ControlFlow;

use crate::path::{Path, Step};

use super::error::{Fault, SettingsError};
use super::refusal::{Refusal, unknown_key};

/// Mistakes that are looked for; each costs a further reading of the table.
const MOST: usize = 100;

#[derive(Default)]
pub(super) struct Ledger {
    /// Where the reading is.
    path: Path,
    faults: Vec<Fault>,
    /// What is not read again.
    left_out: HashSet<Path>,
    /// Of these, those that the type knows: without them a table above may be refused as well.
    broken: Vec<Path>,
}

impl Ledger {
    pub(super) fn down(&mut self, step: Step) {
        self.path.push_step(step);
    }

    pub(super) fn up(&mut self) {
        self.path.pop();
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether what is one step below is left out.
    pub(super) fn leaves_out(&mut self, step: impl FnOnce() -> Step) -> bool {
        if self.left_out.is_empty() {
            return false;
        }
        self.down(step());
        let left_out = self.left_out.contains(&self.path);
        self.up();
        left_out
    }

    /// The type has no use for the key where the reading is. `known` is what it has a use for.
    pub(super) fn unknown(&mut self, known: Option<&'static [&'static str]>) {
        let Some(Step::Key(key)) = self.path.steps().last() else { return };
        if known.is_some_and(|known| known.contains(&key.as_str())) {
            return;
        }
        let problem = unknown_key(key, known.unwrap_or_default());
        let path = self.path.clone();
        self.left_out.insert(path.clone());
        self.faults.push(Fault { path, in_key: true, problem });
    }

    /// Enters what serde stopped at. Breaks if reading again would show nothing new.
    pub(super) fn enter(&mut self, refusal: Refusal) -> ControlFlow<()> {
        self.path = Path::default();
        let Refusal { mut path, in_key, is_unknown, missing, problem } = refusal;
        let whole = path.clone();
        if self.left_out.contains(&whole) {
            return ControlFlow::Break(());
        }
        let follows = match missing {
            Some(key) => {
                path.push(key);
                self.broken.contains(&path)
            }
            None => self.broken.iter().any(|broken| broken.is_below(&path)),
        };
        if !follows {
            self.faults.push(Fault { path, in_key, problem });
        }
        if whole.steps().is_empty() || self.faults.len() >= MOST {
            return ControlFlow::Break(());
        }
        if !is_unknown {
            self.broken.push(whole.clone());
        }
        self.left_out.insert(whole);
        ControlFlow::Continue(())
    }

    /// The end of a reading that serde did not stop.
    ///
    /// # Errors
    /// If there was a mistake nevertheless, or an earlier reading found one.
    pub(super) fn conclude(&mut self) -> Result<(), SettingsError> {
        if self.faults.is_empty() { Ok(()) } else { Err(self.error()) }
    }

    /// All mistakes, which the ledger then no longer has.
    pub(super) fn error(&mut self) -> SettingsError {
        SettingsError { faults: take(&mut self.faults) }
    }
}
