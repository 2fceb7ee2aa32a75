//! What happens in the tree, as a stream that anyone can subscribe to.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::exit::ExitReason;
use crate::registry::Node;
use crate::tally::{Counted, Tally};

/// How many events a subscriber may lag behind before it loses the oldest.
pub(crate) const CAPACITY: usize = 16_384;

/// Something happened to a child.
#[derive(Debug, Clone)]
pub struct Event {
    /// When, for people.
    pub at: SystemTime,
    /// When, for measuring: on the clock that a test can pause.
    pub moment: Instant,
    /// To whom.
    pub node: Arc<Node>,
    /// To which incarnation.
    pub generation: u32,
    /// What.
    pub what: Lifecycle,
}

/// What can happen to a child, or to the worker on which it runs. A closed set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Lifecycle {
    /// An incarnation is up.
    Started,
    /// An incarnation ended.
    Exited(ExitReason),
    /// It failed, and will be restarted.
    Restarting {
        /// The rest until then.
        after: Duration,
    },
    /// It spent its intensity, and rests until a trial.
    Parked {
        /// The rest until the trial.
        retry: Duration,
    },
    /// A supervisor gave up, because of this child of its own.
    Escalated {
        /// The child that needed one restart too many.
        child: String,
        /// How many restarts there were.
        restarts: u32,
    },
    /// An operator has it stay down until it is resumed.
    Suspended,
    /// An operator lets it start again.
    Resumed,
    /// The child is out of the tree.
    Removed,
    /// It was killed but holds its thread: the worker is lost until it lets go.
    Abandoned,
    /// A worker has not turned for longer than the watchdog allows, and this child holds it.
    WorkerStuck {
        /// The worker's index; none for the control thread.
        worker: Option<usize>,
        /// For how long it has not turned.
        since: Duration,
    },
    /// The worker turns again.
    WorkerBack {
        /// The worker's index; none for the control thread.
        worker: Option<usize>,
    },
}

impl Lifecycle {
    /// Whether it is the ordinary coming and going of children, as of every connection.
    fn is_ordinary(&self, generation: u32) -> bool {
        match self {
            Self::Started => generation <= 1,
            Self::Exited(reason) => !reason.is_abnormal(),
            Self::Removed => true,
            Self::Restarting { .. }
            | Self::Parked { .. }
            | Self::Escalated { .. }
            | Self::Suspended
            | Self::Resumed
            | Self::Abandoned
            | Self::WorkerStuck { .. }
            | Self::WorkerBack { .. } => false,
        }
    }

    /// The stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Exited(_) => "exited",
            Self::Restarting { .. } => "restarting",
            Self::Parked { .. } => "parked",
            Self::Escalated { .. } => "escalated",
            Self::Suspended => "suspended",
            Self::Resumed => "resumed",
            Self::Removed => "removed",
            Self::Abandoned => "abandoned",
            Self::WorkerStuck { .. } => "worker_stuck",
            Self::WorkerBack { .. } => "worker_back",
        }
    }
}

/// The stream of events: bounded, and never a delay to whoever emits.
pub struct Events {
    sender: broadcast::Sender<Event>,
    /// For those to whom the ordinary is too much.
    notable: broadcast::Sender<Event>,
    tally: Tally,
}

impl Events {
    pub(crate) fn new() -> Self {
        let notable = broadcast::Sender::new(CAPACITY);
        Self { sender: broadcast::Sender::new(CAPACITY), notable, tally: Tally::default() }
    }

    /// All events from now on. A subscriber that lags more than 16,384 events behind is told how
    /// many it lost.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.sender.subscribe()
    }

    /// All events from now on but the ordinary coming and going: first starts, ends in order, and
    /// removals. So it costs nothing for each connection. Bounded as [`Self::subscribe`].
    #[must_use]
    pub fn subscribe_to_notable(&self) -> broadcast::Receiver<Event> {
        self.notable.subscribe()
    }

    /// What has gone wrong so far, by kind of child. Counted whether anybody subscribes or not.
    #[must_use]
    pub fn mishaps(&self) -> Vec<Counted> {
        self.tally.counted()
    }

    /// How many children are parked now.
    #[must_use]
    pub fn parked(&self) -> usize {
        self.tally.parked()
    }

    pub(crate) fn emit(&self, node: &Arc<Node>, generation: u32, what: Lifecycle) {
        self.tally.note(node, &what);
        let for_all = self.sender.receiver_count() > 0;
        let for_few = self.notable.receiver_count() > 0 && !what.is_ordinary(generation);
        if for_all || for_few {
            let event = Event {
                at: SystemTime::now(),
                moment: crate::clock::now(),
                node: Arc::clone(node),
                generation,
                what,
            };
            // Nobody listens any more: that is nobody's loss.
            if for_few {
                let _ = self.notable.send(event.clone());
            }
            if for_all {
                let _ = self.sender.send(event);
            }
        }
    }
}
