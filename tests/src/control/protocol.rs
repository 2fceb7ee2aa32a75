//! What the server says on its stdout.

use serde::{Deserialize, Serialize};

/// What can happen to an actor, or to a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// An incarnation began.
    Started,
    /// It is ready for work.
    Ready,
    /// It ended; the event has the reason.
    Exited,
    /// It will be started again after its back-off.
    Restarting,
    /// It has spent its intensity and is tried again later.
    Parked,
    /// Its supervisor has spent its intensity and fails in turn.
    Escalated,
    /// It is held down.
    Suspended,
    /// It may start again.
    Resumed,
    /// It is no longer in the tree.
    Removed,
    /// It was killed but holds its thread.
    Abandoned,
    /// A worker does not answer; the path is what holds it.
    WorkerStuck,
    /// That worker answers again.
    WorkerBack,
}

/// One change in the life of an actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When, in nanoseconds of the monotonic clock.
    pub at_nanos: u64,
    /// Which actor, by its path in the tree.
    pub path: String,
    /// Which incarnation of it.
    pub generation: u64,
    /// What happened.
    pub what: What,
    /// Why it ended: normal, shutdown, killed, failed, panicked.
    #[serde(default)]
    pub reason: Option<String>,
    /// The error or the panic's text.
    #[serde(default)]
    pub text: Option<String>,
}

/// One node of the tree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its path from the root.
    pub path: String,
    /// What it is: supervisor, leaf, ….
    pub kind: String,
    /// Running, restarting, parked, ….
    pub state: String,
    /// The worker it runs on; none for what runs on the control thread.
    pub worker: Option<u32>,
    /// Its incarnation.
    pub generation: u64,
    /// How often it was restarted.
    pub restarts: u64,
    /// Messages waiting.
    pub mailbox: u64,
    /// What it tells of itself.
    #[serde(default)]
    pub detail: Option<serde_json::Value>,
}

/// One line of the server's stdout.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line {
    /// Sent unasked.
    Event(Event),
    /// The answer to `tree`.
    Tree(Vec<Node>),
}
