//! Workers: one arbiter, one named thread each, and the control thread.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use actix_rt::ArbiterHandle;
use parking_lot::Mutex;

use crate::delays::Delays;
use crate::registry::Node;
use crate::spec::ChildId;

/// Where a child lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Placement {
    /// On the control thread, which carries no connections.
    Control,
    /// On the worker with this index, from 0.
    Worker(usize),
}

impl Placement {
    pub(crate) fn shard(self) -> usize {
        match self {
            Self::Control => 0,
            Self::Worker(index) => index.saturating_add(1),
        }
    }

    /// The placement whose [`Self::shard`] is `shard`.
    pub(crate) fn of_shard(shard: usize) -> Self {
        shard.checked_sub(1).map_or(Self::Control, Self::Worker)
    }

    /// The index of the worker; none for the control thread.
    #[must_use]
    pub fn worker(self) -> Option<usize> {
        match self {
            Self::Control => None,
            Self::Worker(index) => Some(index),
        }
    }

    /// Where the calling thread is; none on a thread that is not of a runtime.
    #[must_use]
    pub fn current() -> Option<Self> {
        Worker::current().map(|worker| worker.placement)
    }

    /// The last step of the path of what exists once per worker: `w0`, `w1` …
    #[must_use]
    pub fn id(self) -> ChildId {
        match self {
            Self::Control => "control".into(),
            Self::Worker(index) => format!("w{index}").into(),
        }
    }
}

/// One thread with an arbiter: a worker, or the control thread.
pub(crate) struct Worker {
    pub(crate) placement: Placement,
    /// How to run something there; taken away at the end, so that nothing starts any more.
    pub(crate) arbiter: Mutex<Option<ArbiterHandle>>,
    /// The registry slot of the child that is being polled, plus one; 0 when none is.
    running: AtomicU32,
    /// When the thread last showed that it turns, in nanoseconds of the runtime's age.
    pub(crate) beat: AtomicU64,
    /// Set by the watchdog while the thread does not turn.
    pub(crate) stuck: AtomicBool,
    /// How late the newest beat was, in nanoseconds: how long other work kept the loop.
    pub(crate) delay: AtomicU64,
    /// How late all of them were.
    pub(crate) delays: Delays,
    /// The node of the thread's pulse, to which events about the thread itself belong.
    pub(crate) pulse: Mutex<Option<Arc<Node>>>,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Worker>>> = const { RefCell::new(None) };
}

impl Worker {
    pub(crate) fn new(placement: Placement) -> Arc<Self> {
        Arc::new(Self {
            placement,
            arbiter: Mutex::new(None),
            running: AtomicU32::new(0),
            beat: AtomicU64::new(0),
            stuck: AtomicBool::new(false),
            delay: AtomicU64::new(0),
            delays: Delays::default(),
            pulse: Mutex::new(None),
        })
    }

    /// Makes the calling thread this worker's: names it, and lets children be started on it.
    pub(crate) fn enter(self: &Arc<Self>, name: &str, arbiter: ArbiterHandle) {
        if self.placement != Placement::Control
            && let Ok(name) = std::ffi::CString::new(name)
        {
            // Only tools read the name; the kernel refuses none of this length.
            let _ = rustix::thread::set_name(&name);
        }
        *self.arbiter.lock() = Some(arbiter);
        CURRENT.set(Some(Arc::clone(self)));
    }

    /// The worker whose thread this is.
    pub(crate) fn current() -> Option<Arc<Self>> {
        CURRENT.with_borrow(Clone::clone)
    }

    /// Calls `f` with the worker whose thread this is.
    pub(crate) fn with_current<R>(f: impl FnOnce(Option<&Self>) -> R) -> R {
        CURRENT.with_borrow(|current| f(current.as_deref()))
    }

    pub(crate) fn is_current(&self) -> bool {
        CURRENT.with_borrow(|current| {
            current.as_ref().is_some_and(|current| std::ptr::eq(Arc::as_ptr(current), self))
        })
    }

    /// Shows that the thread turns, at the runtime's age of `age`.
    pub(crate) fn beat(&self, age: Duration) {
        let now = u64::try_from(age.as_nanos()).unwrap_or(u64::MAX);
        let last = self.beat.swap(now, Ordering::Relaxed);
        if last > 0 {
            let period = u64::try_from(crate::pulse::BEAT.as_nanos()).unwrap_or(u64::MAX);
            let late = now.saturating_sub(last).saturating_sub(period);
            self.delay.store(late, Ordering::Relaxed);
            self.delays.note(Duration::from_nanos(late));
        }
    }

    /// Marks `node` as what this thread runs, until the mark is dropped.
    pub(crate) fn mark(&self, node: &Node) -> Mark<'_> {
        // Only this thread writes it: no exchange is needed.
        let outer = self.running.load(Ordering::Relaxed);
        self.running.store(node.slot().wrapping_add(1), Ordering::Relaxed);
        Mark { worker: self, outer }
    }

    /// The registry slot of the child that the thread is inside of.
    pub(crate) fn running(&self) -> Option<u32> {
        self.running.load(Ordering::Relaxed).checked_sub(1)
    }
}

/// Says that a child is being polled.
pub(crate) struct Mark<'a> {
    worker: &'a Worker,
    /// What the thread was running around it: an actor around a part of itself.
    outer: u32,
}

impl Drop for Mark<'_> {
    fn drop(&mut self) {
        self.worker.running.store(self.outer, Ordering::Relaxed);
    }
}
