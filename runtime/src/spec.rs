//! Child and supervisor specifications: data, checked before anything starts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Serialize, Serializer};

use crate::policy::{Backoff, Intensity, Restart, Strategy};

/// The name of a child among its siblings, and one step of its path in the tree.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChildId {
    /// A name that a person chose.
    Name(Arc<str>),
    /// A number that the program counted, as of connections.
    Number(u64),
}

impl fmt::Display for ChildId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Number(number) => write!(f, "{number}"),
        }
    }
}

impl Serialize for ChildId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl From<&str> for ChildId {
    fn from(name: &str) -> Self {
        Self::Name(name.into())
    }
}

impl From<String> for ChildId {
    fn from(name: String) -> Self {
        Self::Name(name.into())
    }
}

impl From<u64> for ChildId {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

/// How a child is stopped (OTP: `shutdown` of a child specification).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Asked to stop; killed when it has not ended after this long.
    Grace(Duration),
    /// Asked to stop, and waited for as long as its worker answers at all: right for supervisors,
    /// whose own children have graces.
    Infinity,
    /// Killed at once (OTP: `brutal_kill`).
    Kill,
}

/// The two kinds of child.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Does the work.
    Leaf,
    /// Starts, watches and stops children.
    Supervisor,
}

/// What a supervisor does when its restarts exceed its intensity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnSpent {
    /// Stops its children and fails, so that its own supervisor decides (OTP's behaviour).
    Escalate,
    /// Stops its children, and starts them again after its longest back-off; one more restart
    /// within a period of that and it is parked again.
    Park,
    /// As `Park`, for the failed child alone; every child has a window of its own.
    ParkChild,
}

/// What governs the children of one supervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flags {
    /// Which siblings are restarted with a failed child.
    pub strategy: Strategy,
    /// How many restarts are too many.
    pub intensity: Intensity,
    /// What follows then.
    pub on_spent: OnSpent,
    /// The rest before a restart.
    pub backoff: Backoff,
}

impl Flags {
    /// The defaults for `strategy`: ten restarts in ten seconds, then escalation; back-off from
    /// 2 ms to 30 s, forgotten after 10 s of healthy uptime.
    ///
    /// OTP's one restart in five seconds presumes restarts without back-off. With this one, ten
    /// restarts in a row rest for one to two seconds in all: a child that crashes whenever it
    /// starts spends the budget, one that works for a while between its crashes is slowed down.
    #[must_use]
    pub const fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            intensity: Intensity::new(10, Duration::from_secs(10)),
            on_spent: OnSpent::Escalate,
            backoff: Backoff::new(
                Duration::from_millis(2),
                Duration::from_secs(30),
                Duration::from_secs(10),
            ),
        }
    }

    /// With another intensity.
    #[must_use]
    pub const fn intensity(mut self, restarts: u32, period: Duration) -> Self {
        self.intensity = Intensity::new(restarts, period);
        self
    }

    /// With another answer to a spent intensity.
    #[must_use]
    pub const fn on_spent(mut self, on_spent: OnSpent) -> Self {
        self.on_spent = on_spent;
        self
    }

    /// With another back-off.
    #[must_use]
    pub const fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    pub(crate) fn check(&self, supervisor: &ChildId) -> Result<(), SpecError> {
        let of = || supervisor.clone();
        if self.intensity.period.is_zero() {
            return Err(SpecError::ZeroPeriod { of: of(), period: "intensity.period" });
        }
        if self.backoff.min.is_zero() {
            return Err(SpecError::ZeroPeriod { of: of(), period: "backoff.min" });
        }
        if self.backoff.healthy.is_zero() {
            return Err(SpecError::ZeroPeriod { of: of(), period: "backoff.healthy" });
        }
        if self.backoff.min > self.backoff.max {
            let Backoff { min, max, .. } = self.backoff;
            return Err(SpecError::BackoffOrder { of: of(), min, max });
        }
        if self.on_spent == OnSpent::ParkChild && self.strategy != Strategy::OneForOne {
            return Err(SpecError::ParkChildStrategy { of: of() });
        }
        Ok(())
    }
}

/// The part of a child specification that restart policy needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Terms {
    pub(crate) id: ChildId,
    pub(crate) kind: Kind,
    pub(crate) restart: Restart,
    pub(crate) shutdown: Shutdown,
}

impl Terms {
    pub(crate) fn check(&self) -> Result<(), SpecError> {
        if let ChildId::Name(name) = &self.id {
            if name.is_empty() {
                return Err(SpecError::EmptyId);
            }
            if name.contains('/') {
                return Err(SpecError::SlashInId { id: self.id.clone() });
            }
        }
        if self.shutdown == Shutdown::Grace(Duration::ZERO) {
            return Err(SpecError::ZeroPeriod { of: self.id.clone(), period: "shutdown grace" });
        }
        Ok(())
    }
}

/// Why a specification is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// An id is the empty string.
    #[error("a child's id is empty: give it a name that is unique among its siblings")]
    EmptyId,
    /// An id holds the separator of paths.
    #[error("the id {id:?} holds a '/', which separates the steps of a path", id = id.to_string())]
    SlashInId {
        /// The id.
        id: ChildId,
    },
    /// Two siblings have the same id, also where one of them is only being restarted or removed.
    #[error("the id {id} is taken by a sibling")]
    DuplicateId {
        /// The id.
        id: ChildId,
    },
    /// A duration that must not be zero is.
    #[error("{period} of {of} is zero")]
    ZeroPeriod {
        /// Whose.
        of: ChildId,
        /// Which one.
        period: &'static str,
    },
    /// The shortest back-off is longer than the longest.
    #[error("the back-off of {of} has a minimum of {min:?}, above its maximum of {max:?}")]
    BackoffOrder {
        /// Whose.
        of: ChildId,
        /// The minimum.
        min: Duration,
        /// The maximum.
        max: Duration,
    },
    /// Parking one child alone contradicts a strategy that restarts several together.
    #[error("{of} parks single children, which only the strategy one_for_one can")]
    ParkChildStrategy {
        /// Whose.
        of: ChildId,
    },
    /// A mailbox without room could never receive anything.
    #[error("the mailbox of {of} has a capacity of 0")]
    NoMailbox {
        /// Whose.
        of: ChildId,
    },
    /// A child is placed on a worker that does not exist.
    #[error("{of} is placed on worker {worker}, but there are {workers}")]
    NoSuchWorker {
        /// Whose.
        of: ChildId,
        /// The worker named.
        worker: usize,
        /// How many there are.
        workers: usize,
    },
    /// The supervisor is stopping or has stopped, and takes no more children.
    #[error("{of} is stopping and starts no children")]
    Stopping {
        /// The supervisor.
        of: ChildId,
    },
}
