//! Whether an exit is answered with a restart.

use std::time::Duration;

use serde::Serialize;

use crate::exit::ExitReason;

/// When a child is restarted (OTP: `restart` of a child specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Restart {
    /// Always, whatever the reason of its end.
    Permanent,
    /// Only after an abnormal end: killed, failed or panicked.
    Transient,
    /// Never; its spec is forgotten when it ends.
    Temporary,
}

/// What is done about an exit, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestartDecision {
    /// It is restarted when the back-off is over.
    Restart {
        /// The rest until then.
        after: Duration,
    },
    /// A transient child ended as it should: it stays down, its spec is kept.
    Done,
    /// A temporary child ended: it is forgotten.
    Never,
    /// One restart too many in the period.
    BudgetSpent {
        /// How many restarts the period held.
        restarts: u32,
    },
}

impl Restart {
    /// Whether a child with this policy is restarted after `reason`.
    #[must_use]
    pub fn wants_restart(self, reason: &ExitReason) -> bool {
        match self {
            Self::Permanent => true,
            Self::Transient => reason.is_abnormal(),
            Self::Temporary => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::{Failure, Panic};

    fn reasons() -> [ExitReason; 5] {
        let panic = Panic { text: "text".into(), place: "place".into(), trace: None };
        [
            ExitReason::Normal,
            ExitReason::Shutdown,
            ExitReason::Killed,
            ExitReason::Failed(Failure::new("failure")),
            ExitReason::Panicked(panic),
        ]
    }

    #[test]
    fn a_permanent_child_is_restarted_whatever_the_reason() {
        let wants = reasons().map(|reason| Restart::Permanent.wants_restart(&reason));
        assert_eq!(wants, [true; 5]);
    }

    #[test]
    fn a_transient_child_is_restarted_after_an_abnormal_end() {
        let wants = reasons().map(|reason| Restart::Transient.wants_restart(&reason));
        assert_eq!(wants, [false, false, true, true, true]);
    }

    #[test]
    fn a_temporary_child_is_never_restarted() {
        let wants = reasons().map(|reason| Restart::Temporary.wants_restart(&reason));
        assert_eq!(wants, [false; 5]);
    }
}
