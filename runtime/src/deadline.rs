//! Coarse deadlines: a wheel per thread, for the many that are set and hardly ever come.
//!
//! A tokio time-out costs about 170 ns each; an entry here costs a link into a list and out of it.
//! The price is precision: a deadline is rounded up to the next 10 ms.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::{Duration, Instant};

use slab::Slab;
use tokio::time::Sleep;

pub(crate) const GRAIN: Duration = Duration::from_millis(10);

thread_local! {
    static WHEEL: RefCell<Option<Wheel>> = const { RefCell::new(None) };
}

/// A future that is over when its time has come.
///
/// On a thread of the runtime it lives in the thread's wheel, elsewhere it is a timer of tokio.
/// It belongs to the thread that made it, and is not `Send`.
#[derive(Debug)]
pub struct Deadline(Kind, PhantomData<Rc<()>>);

#[derive(Debug)]
enum Kind {
    Wheel(usize),
    Tokio(Pin<Box<Sleep>>),
}

impl Deadline {
    /// `after` from now, rounded up to 10 ms.
    #[must_use]
    pub fn after(after: Duration) -> Self {
        Self::at(crate::clock::after(after))
    }

    /// At `at`, rounded up to 10 ms.
    #[must_use]
    pub fn at(at: Instant) -> Self {
        let entry = WHEEL.with_borrow_mut(|wheel| wheel.as_mut().map(|wheel| wheel.add(at)));
        let kind = match entry {
            Some(entry) => Kind::Wheel(entry),
            None => Kind::Tokio(Box::pin(tokio::time::sleep_until(at.into()))),
        };
        Self(kind, PhantomData)
    }

    /// Moves it to `at`. Where it stands there already nothing changes, also if it has come.
    pub fn reset(&mut self, at: Instant) {
        match &mut self.0 {
            Kind::Wheel(entry) => {
                let entry = *entry;
                with(|wheel| wheel.reset(entry, at));
            }
            Kind::Tokio(sleep) => sleep.as_mut().reset(at.into()),
        }
    }
}

fn with<R>(f: impl FnOnce(&mut Wheel) -> R) -> Option<R> {
    // None while the thread ends and its locals are gone: nothing is due any more then.
    WHEEL.try_with(|wheel| wheel.borrow_mut().as_mut().map(f)).ok().flatten()
}

impl Future for Deadline {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.0 {
            Kind::Wheel(entry) => {
                let entry = *entry;
                with(|wheel| wheel.poll(entry, cx.waker())).unwrap_or(Poll::Pending)
            }
            Kind::Tokio(sleep) => sleep.as_mut().poll(cx),
        }
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        if let Kind::Wheel(entry) = self.0 {
            with(|wheel| wheel.remove(entry));
        }
    }
}

/// Deadlines by tick; those of a tick are a list through the entries, so that each leaves in
/// constant time and none needs room elsewhere.
struct Wheel {
    origin: Instant,
    /// The first entry of each list.
    ticks: BTreeMap<u64, u32>,
    entries: Slab<Entry>,
    driver: Option<Waker>,
    /// What the driver sleeps until.
    armed: Option<u64>,
}

struct Entry {
    tick: u64,
    /// Its neighbours in the list of its tick.
    before: u32,
    after: u32,
    waker: Option<Waker>,
}

/// Where a list ends.
const NONE: u32 = u32::MAX;

/// In place of both neighbours: it has come, and stands in no list.
const DUE: u32 = u32::MAX - 1;

impl Entry {
    fn is_due(&self) -> bool {
        self.before == DUE
    }
}

impl Wheel {
    fn tick_of(&self, at: Instant) -> u64 {
        let since = at.saturating_duration_since(self.origin);
        u64::try_from(since.as_nanos().div_ceil(GRAIN.as_nanos())).unwrap_or(u64::MAX)
    }

    fn add(&mut self, at: Instant) -> usize {
        let tick = self.tick_of(at);
        let entry = self.entries.insert(Entry { tick, before: NONE, after: NONE, waker: None });
        self.enqueue(entry, tick);
        entry
    }

    fn enqueue(&mut self, entry: usize, tick: u64) {
        let index = u32::try_from(entry).unwrap_or(NONE);
        let after = self.ticks.insert(tick, index).unwrap_or(NONE);
        if let Some(next) = self.entries.get_mut(after as usize) {
            next.before = index;
        }
        let entry = &mut self.entries[entry];
        (entry.tick, entry.before, entry.after) = (tick, NONE, after);
        if self.armed.is_none_or(|armed| tick < armed)
            && let Some(driver) = self.driver.take()
        {
            driver.wake();
        }
    }

    fn dequeue(&mut self, entry: usize) {
        let Entry { tick, before, after, .. } = self.entries[entry];
        if before == DUE {
            return;
        }
        if let Some(next) = self.entries.get_mut(after as usize) {
            next.before = before;
        }
        if let Some(previous) = self.entries.get_mut(before as usize) {
            previous.after = after;
        } else if after == NONE {
            self.ticks.remove(&tick);
        } else {
            self.ticks.insert(tick, after);
        }
    }

    fn remove(&mut self, entry: usize) {
        self.dequeue(entry);
        self.entries.remove(entry);
    }

    fn reset(&mut self, entry: usize, at: Instant) {
        let tick = self.tick_of(at);
        if self.entries[entry].tick == tick {
            // One that has come stays so: whoever sets it whenever it is woken would never see it.
            return;
        }
        self.dequeue(entry);
        self.enqueue(entry, tick);
    }

    fn poll(&mut self, entry: usize, waker: &Waker) -> Poll<()> {
        let entry = &mut self.entries[entry];
        if entry.is_due() {
            return Poll::Ready(());
        }
        match &mut entry.waker {
            Some(known) => known.clone_from(waker),
            None => entry.waker = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// Marks what is due and hands out whom to wake.
    fn expire(&mut self, now: Instant) -> Vec<Waker> {
        let mut wakers = Vec::new();
        while let Some(first) = self.ticks.first_entry() {
            if time_of(self.origin, *first.key()) > now {
                break;
            }
            let mut at = first.remove();
            while let Some(entry) = self.entries.get_mut(at as usize) {
                at = entry.after;
                (entry.before, entry.after) = (DUE, DUE);
                wakers.extend(entry.waker.take());
            }
        }
        wakers
    }
}

fn time_of(origin: Instant, tick: u64) -> Instant {
    let grain = u64::try_from(GRAIN.as_millis()).unwrap_or(u64::MAX);
    origin + Duration::from_millis(tick.saturating_mul(grain))
}

/// Turns the calling thread's wheel, for as long as it is polled; the wheel itself outlives it.
pub(crate) struct Driver {
    sleep: Pin<Box<Sleep>>,
}

impl Driver {
    pub(crate) fn new() -> Self {
        WHEEL.with_borrow_mut(|wheel| {
            wheel.get_or_insert_with(|| Wheel {
                origin: crate::clock::now(),
                ticks: BTreeMap::new(),
                entries: Slab::new(),
                driver: None,
                armed: None,
            });
        });
        Self { sleep: Box::pin(tokio::time::sleep(Duration::ZERO)) }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let now = crate::clock::now();
            let (wakers, next) = with(|wheel| {
                let wakers = wheel.expire(now);
                wheel.armed = wheel.ticks.keys().next().copied();
                wheel.driver = Some(cx.waker().clone());
                (wakers, wheel.armed.map(|tick| time_of(wheel.origin, tick)))
            })
            .unwrap_or_default();
            // Outside the borrow: a waker may run code that sets deadlines.
            for waker in wakers {
                waker.wake();
            }
            let Some(next) = next else {
                return Poll::Pending;
            };
            if self.sleep.deadline() != next.into() {
                self.sleep.as_mut().reset(next.into());
            }
            ready!(self.sleep.as_mut().poll(cx));
        }
    }
}

#[cfg(test)]
mod tests;
