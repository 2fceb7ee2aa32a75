//! What operators do to a child of a running tree, by its path.

use std::sync::Arc;

use crate::registry::Node;
use crate::runtime::{PULSES, Runtime};
use crate::spec::ChildId;
use crate::supervisor::operation::{Operation, Refusal};

/// Why a child was left as it is.
///
/// The text says what is wrong; [`Self::remedy`] what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// No child has that path, or it has just left the tree.
    #[error("there is no {path:?} in the tree")]
    Unknown {
        /// The path.
        path: String,
    },
    /// The root is the process.
    #[error("{path} is the root of the tree")]
    Root {
        /// The path.
        path: String,
    },
    /// It is no child to which this can be done.
    #[error("{path} cannot be {done}: it {reason}")]
    NotSupported {
        /// The path.
        path: String,
        /// What was to be done to it, as a participle.
        done: &'static str,
        /// Why not, as the rest of a sentence.
        reason: &'static str,
    },
    /// It is being removed from the tree.
    #[error("{path} is being removed")]
    Removing {
        /// The path.
        path: String,
    },
    /// There is no incarnation that could be killed.
    #[error("{path} is down: there is nothing to kill")]
    Down {
        /// The path.
        path: String,
    },
    /// Its supervisor is parked, and starts nothing until its trial.
    #[error("{supervisor} is parked, and starts no child")]
    SupervisorParked {
        /// The path of the supervisor.
        supervisor: String,
    },
    /// Its supervisor is stopping, or down.
    #[error("{supervisor} is not running, and starts no child")]
    SupervisorDown {
        /// The path of the supervisor.
        supervisor: String,
    },
}

impl ControlError {
    /// What to do instead.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "take the path from the tree",
            Self::Root { .. } => "name a child of it, or stop the process",
            Self::NotSupported { .. } => "name the supervisor or the actor above it",
            Self::Removing { .. } => "wait until it has left the tree, or kill it",
            Self::Down { .. } => "restart it, or resume it where it is suspended or parked",
            Self::SupervisorParked { .. } => "resume the supervisor",
            Self::SupervisorDown { .. } => "wait until the supervisor runs, or restart it",
        }
    }
}

/// Operations on the child at a path, for operators and for game days.
///
/// Each may be called from any thread and waits for nothing: what became of it is told by the tree
/// and the events. Siblings are not touched, whatever the strategy of their supervisor. What is
/// stopping or being restarted already is no error: the newest operation counts. The root, paths
/// that nobody has, and parts of actors are errors.
impl Runtime {
    /// Stops a child in good order, within its grace, and starts it anew at once (OTP:
    /// `supervisor:terminate_child/2` and `restart_child/2`). The children of a supervisor are
    /// restarted with it.
    ///
    /// This is no failure: it counts as a restart, but not against the intensity. A child that is
    /// down or suspended starts; one that rests or is parked does so now.
    ///
    /// # Errors
    /// Also a temporary child, which never starts again, and one whose supervisor does not run.
    pub fn restart(&self, path: &str) -> Result<(), ControlError> {
        self.operate(path, Operation::Restart)
    }

    /// Ends a child without its help: none of its hooks runs, and whoever waits for an answer is
    /// told. Its supervisor takes it for a failure and acts as its policy says; it counts against
    /// the intensity.
    ///
    /// One that does not yield holds its thread on: it is recorded as killed, its worker as lost.
    ///
    /// # Errors
    /// Also a child that is down.
    pub fn kill(&self, path: &str) -> Result<(), ControlError> {
        self.operate(path, Operation::Kill)
    }

    /// Stops a child in good order, within its grace, and holds it down until [`Self::resume`]:
    /// whatever its supervisor restarts meanwhile, itself included (OTP:
    /// `supervisor:terminate_child/2`). Who writes to it is refused at once.
    ///
    /// # Errors
    /// Also a temporary child, which would be forgotten, and the runtime's own.
    pub fn suspend(&self, path: &str) -> Result<(), ControlError> {
        self.operate(path, Operation::Suspend)
    }

    /// Starts a child that is suspended, or ended and stayed down (OTP:
    /// `supervisor:restart_child/2`). One that is parked has its trial now. Of one that runs or is
    /// being restarted nothing is wanted.
    ///
    /// Where its supervisor does not run, a suspended child will start with the others.
    ///
    /// # Errors
    /// Also a child that is not suspended, and whose supervisor does not run.
    pub fn resume(&self, path: &str) -> Result<(), ControlError> {
        self.operate(path, Operation::Resume)
    }

    fn operate(&self, path: &str, operation: Operation) -> Result<(), ControlError> {
        let node = self.registry().find(path);
        let unknown = || ControlError::Unknown { path: path.to_owned() };
        let node = node.ok_or_else(unknown)?;
        let Some(parent) = node.parent() else {
            return Err(ControlError::Root { path: path.to_owned() });
        };
        let not_supported = |reason| ControlError::NotSupported {
            path: path.to_owned(),
            done: operation.participle(),
            reason,
        };
        if operation == Operation::Suspend && turns_a_thread(&node) {
            return Err(not_supported("turns the deadlines of a thread"));
        }
        let place = node.place.get().ok_or_else(unknown)?;
        place.supervisor.operate(&node, place.key, operation).map_err(|refusal| match refusal {
            Refusal::Unknown => unknown(),
            Refusal::Part => not_supported("is a part of the actor above it"),
            Refusal::Temporary => not_supported("is temporary, and never starts again"),
            Refusal::Removing => ControlError::Removing { path: path.to_owned() },
            Refusal::Down => ControlError::Down { path: path.to_owned() },
            Refusal::SupervisorParked => {
                ControlError::SupervisorParked { supervisor: parent.path() }
            }
            Refusal::SupervisorDown => ControlError::SupervisorDown { supervisor: parent.path() },
        })
    }
}

impl Operation {
    fn participle(self) -> &'static str {
        match self {
            Self::Restart => "restarted",
            Self::Kill => "killed",
            Self::Suspend => "suspended",
            Self::Resume => "resumed",
        }
    }
}

/// Whether the node is one of the runtime's own, or what supervises them: a thread without would
/// pass for stuck, and its deadlines would never come.
fn turns_a_thread(node: &Arc<Node>) -> bool {
    let is_own = |node: &Node| {
        node.id == ChildId::from(PULSES)
            && node.parent().is_some_and(|parent| parent.parent().is_none())
    };
    is_own(node) || node.parent().is_some_and(|parent| is_own(parent))
}
