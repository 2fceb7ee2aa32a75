//! What is wrong with the settings of a protocol.

use std::error::Error;
use std::fmt;

use crate::mistake::Problem;
use crate::path::Path;

/// One mistake, at a path below `settings`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) path: Path,
    /// Whether the key is mistaken, not the value.
    pub(crate) in_key: bool,
    pub(crate) problem: Problem,
}

/// What is wrong with the settings of a protocol; at least one mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError {
    pub(super) faults: Vec<Fault>,
}

impl SettingsError {
    /// A mistake that a protocol finds by itself: `key` is the path below `settings`, with dots,
    /// or empty for the table as a whole; `what` says what is wrong and what to write instead.
    #[must_use]
    pub fn new(key: &str, what: impl Into<String>) -> Self {
        let path = if key.is_empty() { Path::default() } else { Path::dotted(key) };
        Self { faults: vec![Fault { path, in_key: false, problem: Problem::new(what) }] }
    }

    pub(crate) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}

/// In one line: `settings.history: what is wrong: what to write; settings.x: …`.
impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, Fault { path, problem, .. }) in self.faults.iter().enumerate() {
            let separator = if position == 0 { "" } else { "; " };
            write!(f, "{separator}{}: {problem}", Path::dotted("settings").below(path))?;
        }
        Ok(())
    }
}

impl Error for SettingsError {}
