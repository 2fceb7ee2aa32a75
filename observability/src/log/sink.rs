//! Where lines go: a lane for each thread, and one thread that writes them all.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::{self, Thread};
use std::time::Duration;

use parking_lot::Mutex;

use super::lane::{Added, Lane};
use super::writer::Writer;

/// How long the end of the log waits for whoever reads it.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most lanes. More threads than this at once are beyond any of our settings; but while nobody
/// reads, those of threads that have ended stay.
const MOST_LANES: usize = 1024;

/// Tells sinks apart; a process has one, its tests have many.
static NUMBERS: AtomicU64 = AtomicU64::new(0);

const RUNNING: u8 = 0;
/// One more pass, then the writer ends.
const STOPPING: u8 = 1;
/// Nobody waits for the writer any longer.
const ABANDONED: u8 = 2;

thread_local! {
    /// This thread's lane, and the number of the sink it belongs to.
    static MINE: RefCell<Option<(u64, Arc<Lane>)>> = const { RefCell::new(None) };
}

/// Takes lines from any thread without waiting for whoever reads them.
#[derive(Clone)]
pub(crate) struct Sink {
    shared: Arc<Shared>,
}

/// What threads and the writer share.
pub(super) struct Shared {
    number: u64,
    lanes: Mutex<Vec<Arc<Lane>>>,
    writer: OnceLock<Thread>,
    /// The writer has found nothing and waits to be woken.
    asleep: AtomicBool,
    stage: AtomicU8,
    dropped: AtomicUsize,
}

/// Keeps the writer going. Its drop has everything written, and gives up after a second if nobody
/// reads.
pub(crate) struct Running {
    shared: Arc<Shared>,
    /// Nothing is ever sent: its other end goes with the writer.
    ended: Receiver<Infallible>,
}

impl Sink {
    /// A sink whose lines a thread of its own writes to `out`.
    ///
    /// # Errors
    /// If the system gives no further thread.
    pub(super) fn start(out: impl io::Write + Send + 'static) -> io::Result<(Self, Running)> {
        let shared = Arc::new(Shared {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            lanes: Mutex::new(Vec::new()),
            writer: OnceLock::new(),
            asleep: AtomicBool::new(false),
            stage: AtomicU8::new(RUNNING),
            dropped: AtomicUsize::new(0),
        });
        let (alive, ended) = sync_channel(0);
        let writer = Writer::new(Arc::clone(&shared), out);
        let write = move || {
            writer.run();
            drop(alive);
        };
        let handle = thread::Builder::new().name("trunkline-log".to_owned()).spawn(write)?;
        // Nothing waits to be woken before this: the writer goes to sleep only when it can be.
        let _first = shared.writer.set(handle.thread().clone());
        Ok((Self { shared: Arc::clone(&shared) }, Running { shared, ended }))
    }

    /// Adds the line that `format` appends, line feed included, of at most
    /// [`LONGEST`](super::lane::LONGEST) bytes. It is dropped and counted if too much waits.
    pub(crate) fn line(&self, format: impl FnOnce(&mut Vec<u8>)) {
        let shared = &*self.shared;
        let mut format = Some(format);
        let mut add = |lane: &Lane| match format.take() {
            Some(format) => lane.add(format),
            None => Added::Waits,
        };
        let of_thread = MINE.try_with(|mine| {
            let mut mine = mine.try_borrow_mut().ok()?;
            let lane = match &mut *mine {
                Some((number, lane)) if *number == shared.number => lane,
                other => match shared.new_lane() {
                    Some(lane) => &mut other.insert((shared.number, lane)).1,
                    None => return Some(Added::Dropped),
                },
            };
            Some(add(lane))
        });
        let added = match of_thread {
            Ok(Some(added)) => added,
            // The thread is ending, and something logs from a destructor. A lane of its own keeps
            // the line behind those that the thread has left.
            Ok(None) | Err(_) => shared.new_lane().map_or(Added::Dropped, |lane| add(&lane)),
        };
        match added {
            // The lane's lock orders this after what the writer did before it looked at the lane:
            // either it saw the line, or we see it asleep.
            Added::Waits => {
                if shared.asleep.load(Ordering::Acquire) {
                    shared.wake();
                }
            }
            Added::HalfFull => shared.wake(),
            Added::Dropped => shared.count_dropped(1),
        }
    }
}

impl Shared {
    /// A lane behind all others, unless there are too many.
    fn new_lane(&self) -> Option<Arc<Lane>> {
        let mut lanes = self.lanes.lock();
        (lanes.len() < MOST_LANES).then(|| {
            let lane = Arc::new(Lane::default());
            lanes.push(Arc::clone(&lane));
            lane
        })
    }

    fn wake(&self) {
        self.asleep.store(false, Ordering::Release);
        if let Some(writer) = self.writer.get() {
            writer.unpark();
        }
    }

    /// Puts all lanes into `lanes`, in the order in which they were made, and forgets those whose
    /// thread has ended and left nothing. In this order the lines of one thread stay in order even
    /// where it had several lanes.
    pub(super) fn lanes(&self, lanes: &mut Vec<Arc<Lane>>) {
        let mut known = self.lanes.lock();
        // In this order: who holds a lane alone sees all that its thread has left in it.
        known.retain(|lane| Arc::strong_count(lane) > 1 || !lane.is_empty());
        lanes.clone_from(&known);
    }

    pub(super) fn count_dropped(&self, lines: usize) {
        self.dropped.fetch_add(lines, Ordering::Relaxed);
    }

    /// No further line will be waited for.
    pub(super) fn is_stopping(&self) -> bool {
        self.stage.load(Ordering::Acquire) != RUNNING
    }

    /// Nobody waits for what is still to be written.
    pub(super) fn is_abandoned(&self) -> bool {
        self.stage.load(Ordering::Acquire) == ABANDONED
    }

    /// Waits for a line, for the end or for nothing. Only the writer calls this.
    pub(super) fn sleep(&self) {
        self.asleep.store(true, Ordering::SeqCst);
        let nothing = self.lanes.lock().iter().all(|lane| lane.is_empty());
        if nothing && !self.is_stopping() && self.writer.get().is_some() {
            thread::park();
        }
        self.asleep.store(false, Ordering::Relaxed);
    }
}

impl Running {
    /// How many lines were lost.
    pub(super) fn dropped_lines(&self) -> usize {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// The same, as long as anybody asks.
    pub(super) fn watch_dropped_lines(&self) -> impl Fn() -> u64 + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.dropped.load(Ordering::Relaxed) as u64
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.shared.stage.store(STOPPING, Ordering::Release);
        self.shared.wake();
        match self.ended.recv_timeout(PATIENCE) {
            Ok(never) => match never {},
            Err(RecvTimeoutError::Disconnected) => {}
            Err(RecvTimeoutError::Timeout) => {
                self.shared.stage.store(ABANDONED, Ordering::Release);
            }
        }
    }
}

#[cfg(test)]
mod tests;
