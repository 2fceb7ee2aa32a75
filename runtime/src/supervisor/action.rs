//! What the state machine asks its executor to do.

use std::time::Duration;

use crate::spec::ChildId;

/// Names an entry; never valid again once the entry is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) index: u32,
    pub(crate) serial: u32,
}

/// What the executor has to do, in this order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Action<P> {
    /// Run incarnation `generation`.
    Start { key: Key, generation: u32 },
    /// Run incarnation `generation` only so that it can stop the children it finds.
    StartToStop { key: Key, generation: u32 },
    /// Ask incarnation `generation` to stop.
    Stop { key: Key, generation: u32 },
    /// End incarnation `generation` without its help.
    Kill { key: Key, generation: u32 },
    /// Incarnation `generation` did not even answer its kill: record it as killed, its worker as
    /// lost.
    Abandon { key: Key, generation: u32 },
    /// A child that is being stopped already has little time left for its own children.
    Hurry { key: Key },
    /// A failed child will be restarted after a rest.
    Rest { key: Key, after: Duration },
    /// A failed child stays down until a trial.
    ParkChild { key: Key, retry: Duration },
    /// The child stays down, or waits for its turn.
    Idle { key: Key },
    /// The child is down, and stays so until an operator resumes it.
    Suspend { key: Key },
    /// A suspended child may start again.
    Resume { key: Key },
    /// The entry is gone; `lost` is the incarnation that did not answer its kill, if one did not.
    Forget { payload: P, lost: Option<u32> },
    /// The whole supervisor rests until a trial.
    Park { retry: Duration },
    /// The supervisor gives up because of this child: its other children are being stopped.
    Escalate { child: ChildId, restarts: u32 },
    /// All children of the first start are up.
    Ready,
    /// All children are down, and stay so.
    Ended(Outcome),
}

/// How a supervisor's life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was asked to stop.
    Shutdown,
    /// `child` needed one restart more than the intensity allows.
    Spent { child: ChildId, restarts: u32 },
}
