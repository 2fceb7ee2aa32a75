//! One child as the tree sees it.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;
use serde::Serialize;

use crate::exit::ExitReason;
use crate::spec::{ChildId, Kind};
use crate::supervisor::action::Key;
use crate::supervisor::cell::SupervisorCell;
use crate::worker::Placement;

/// What a child is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for its turn to be started.
    Waiting,
    /// Its `started` hook has not finished.
    Starting,
    /// At work.
    Running,
    /// Was asked to stop.
    Stopping,
    /// Failed; rests before its restart.
    Restarting,
    /// Spent its intensity; rests until a trial.
    Parked,
    /// Held down by an operator until it is resumed.
    Suspended,
    /// Ended and stays down.
    Ended,
    /// Was killed, but its thread is blocked inside it.
    Lost,
}

/// How the last incarnation ended.
#[derive(Debug, Clone, Serialize)]
pub struct LastExit {
    /// Why.
    #[serde(flatten)]
    pub reason: ExitReason,
    /// Which incarnation.
    pub generation: u32,
    /// When, in milliseconds since the Unix epoch.
    #[serde(serialize_with = "unix_millis")]
    pub at: SystemTime,
}

fn unix_millis<S: serde::Serializer>(at: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO);
    serializer.serialize_u64(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// A small description of an actor's own, shown with its node.
///
/// Called from any thread, while the actor may be running or blocked: read atomics, ask nobody.
pub trait Detail: Send + Sync {
    /// A small JSON value; no secrets, no payload bytes.
    fn detail(&self) -> serde_json::Value;
}

#[derive(Debug, Clone)]
pub(crate) struct Vital {
    pub(crate) status: Status,
    pub(crate) generation: u32,
    pub(crate) restarts: u32,
    pub(crate) since: Instant,
    pub(crate) last_exit: Option<LastExit>,
}

/// What changes in a node's life, under its lock.
struct Life {
    status: Status,
    generation: u32,
    restarts: u32,
    since: Instant,
    rare: Option<Box<Rare>>,
}

/// What most children never have, or only at their end.
#[derive(Default)]
struct Rare {
    last_exit: Option<LastExit>,
    /// Messages that found the mailbox full.
    refused: u64,
    detail: Option<Arc<dyn Detail>>,
}

/// Where a node hangs; known when its parent takes it in.
pub(crate) struct Place {
    pub(crate) parent: Option<Arc<Node>>,
    pub(crate) supervisor: Arc<SupervisorCell>,
    pub(crate) key: Key,
    /// Its slot in the registry's shard.
    pub(crate) slot: u32,
}

/// One child: what its supervisor, its task, its addresses and the tree share.
pub struct Node {
    pub(crate) id: ChildId,
    pub(crate) kind: Kind,
    /// Its placement, as [`Placement::shard`] numbers them.
    shard: u32,
    pub(crate) place: OnceLock<Place>,
    life: Mutex<Life>,
    /// What the supervisor wants of the task: see [`Desired`].
    desired: AtomicU64,
    pub(crate) waker: AtomicWaker,
    pub(crate) depth: AtomicU32,
    pub(crate) capacity: u32,
    /// Down, with no restart that is near: whoever writes now is told at once.
    refuses: AtomicBool,
    #[cfg(feature = "fault-injection")]
    pub(crate) faults: crate::fault::Faults,
}

/// What a supervisor wants of a child's task. The newest wish counts; earlier ones are moot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Desired {
    /// Nothing has been asked yet.
    Nothing,
    /// Run this incarnation, end any earlier.
    Run(u32),
    /// Run this incarnation and let it stop at once.
    RunToStop(u32),
    /// This incarnation is to stop in good order.
    Stop(u32),
    /// This incarnation is to be ended.
    Kill(u32),
    /// The child is forgotten: end, and free everything.
    Gone,
}

impl Desired {
    fn pack(self) -> u64 {
        let (tag, generation) = match self {
            Self::Nothing => (0, 0),
            Self::Run(generation) => (1, generation),
            Self::RunToStop(generation) => (2, generation),
            Self::Stop(generation) => (3, generation),
            Self::Kill(generation) => (4, generation),
            Self::Gone => (5, 0),
        };
        (tag << 32) | u64::from(generation)
    }

    fn unpack(word: u64) -> Self {
        let generation = (word & u64::from(u32::MAX)) as u32;
        match word >> 32 {
            0 => Self::Nothing,
            1 => Self::Run(generation),
            2 => Self::RunToStop(generation),
            3 => Self::Stop(generation),
            4 => Self::Kill(generation),
            _ => Self::Gone,
        }
    }
}

impl Node {
    pub(crate) fn new(id: ChildId, kind: Kind, placement: Placement, capacity: u32) -> Arc<Self> {
        Arc::new(Self {
            id,
            kind,
            shard: u32::try_from(placement.shard()).unwrap_or(u32::MAX),
            place: OnceLock::new(),
            life: Mutex::new(Life {
                status: Status::Waiting,
                generation: 0,
                restarts: 0,
                since: crate::clock::now(),
                rare: None,
            }),
            desired: AtomicU64::new(Desired::Nothing.pack()),
            waker: AtomicWaker::new(),
            depth: AtomicU32::new(0),
            capacity,
            refuses: AtomicBool::new(false),
            #[cfg(feature = "fault-injection")]
            faults: crate::fault::Faults::default(),
        })
    }

    /// Its name among its siblings.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        &self.id
    }

    /// Its place in the tree, from the root, steps separated by `/`.
    #[must_use]
    pub fn path(&self) -> String {
        let mut path = self.parent().map(|parent| parent.path() + "/").unwrap_or_default();
        path.push_str(&self.id.to_string());
        path
    }

    /// Which incarnation is the newest; 1 is the first, 0 means that none was started yet.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.life.lock().generation
    }

    /// What it is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        self.life.lock().status
    }

    /// How its last incarnation ended, if one has.
    #[must_use]
    pub fn last_exit(&self) -> Option<LastExit> {
        self.life.lock().rare.as_ref().and_then(|rare| rare.last_exit.clone())
    }

    /// The index of the worker that it lives on; none for the control thread.
    #[must_use]
    pub fn worker(&self) -> Option<usize> {
        self.placement().worker()
    }

    /// How many messages found its mailbox full.
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.life.lock().rare.as_ref().map_or(0, |rare| rare.refused)
    }

    pub(crate) fn refuse_one(&self) {
        self.life.lock().rare.get_or_insert_default().refused += 1;
    }

    /// Where it lives.
    pub(crate) fn placement(&self) -> Placement {
        Placement::of_shard(self.shard as usize)
    }

    pub(crate) fn parent(&self) -> Option<&Arc<Self>> {
        self.place.get().and_then(|place| place.parent.as_ref())
    }

    pub(crate) fn slot(&self) -> u32 {
        self.place.get().map_or(u32::MAX, |place| place.slot)
    }

    pub(crate) fn vital(&self) -> Vital {
        let life = self.life.lock();
        let last_exit = life.rare.as_ref().and_then(|rare| rare.last_exit.clone());
        let Life { status, generation, restarts, since, .. } = *life;
        Vital { status, generation, restarts, since, last_exit }
    }

    pub(crate) fn set_detail(&self, detail: Arc<dyn Detail>) {
        let earlier = self.life.lock().rare.get_or_insert_default().detail.replace(detail);
        // The lock is open before foreign code runs.
        drop(earlier);
    }

    pub(crate) fn detail(&self) -> Option<serde_json::Value> {
        // The clone ends the lock before foreign code runs.
        let detail = self.life.lock().rare.as_ref().and_then(|rare| rare.detail.clone());
        detail.map(|detail| detail.detail())
    }

    pub(crate) fn desired(&self) -> Desired {
        Desired::unpack(self.desired.load(Ordering::Acquire))
    }

    pub(crate) fn desire(&self, desired: Desired) {
        self.desired.store(desired.pack(), Ordering::Release);
        self.waker.wake();
    }

    pub(crate) fn set_status(&self, status: Status) {
        self.life.lock().status = status;
    }

    pub(crate) fn refuse_mail(&self) {
        self.refuses.store(true, Ordering::Relaxed);
    }

    pub(crate) fn refuses_mail(&self) -> bool {
        self.refuses.load(Ordering::Relaxed)
    }

    pub(crate) fn incarnate(&self, generation: u32, status: Status) {
        self.refuses.store(false, Ordering::Relaxed);
        let mut life = self.life.lock();
        life.status = status;
        life.generation = generation;
        life.restarts += u32::from(generation > 1);
        life.since = crate::clock::now();
    }

    /// Notes the end of an incarnation; false where it was given up before, and that is on record.
    /// Kept apart from [`Self::set_status`] because the task knows of the end before the supervisor
    /// decides what follows.
    pub(crate) fn ended(&self, generation: u32, reason: ExitReason, status: Status) -> bool {
        let at = SystemTime::now();
        let mut life = self.life.lock();
        let known = life.rare.as_ref().and_then(|rare| rare.last_exit.as_ref());
        let known = known.is_some_and(|exit| exit.generation >= generation);
        if life.generation <= generation {
            // A suspended one may have been given up while it held its thread.
            if life.status != Status::Suspended {
                life.status = status;
            }
            life.since = crate::clock::now();
        }
        if !known {
            let exit = LastExit { reason, generation, at };
            life.rare.get_or_insert_default().last_exit = Some(exit);
        }
        !known
    }
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}#{}", self.path(), self.generation())
    }
}
