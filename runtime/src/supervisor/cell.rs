//! A supervisor's table of children, outside its actor: the actor may crash, the table stays.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Instant;

use futures_util::task::AtomicWaker;
use parking_lot::Mutex;

use crate::event::Lifecycle;
use crate::exit::ExitReason;
use crate::policy::Strategy;
use crate::registry::Node;
use crate::registry::node::Place;
use crate::runtime::Runtime;
use crate::spec::{ChildId, Flags, SpecError, Terms};

use super::action::{Key, Outcome};
use super::child::Child;
use super::core::Core;
use super::operation::{Operation, Refusal};

/// What a child's task has to say.
pub(crate) enum Report {
    Started { key: Key, generation: u32 },
    Exited { key: Key, generation: u32, reason: ExitReason },
}

pub(super) struct Table {
    pub(super) core: Core<Child>,
    random: fastrand::Rng,
    /// What is dropped once the lock is open: it runs code that is not ours.
    pub(super) discarded: Vec<Child>,
    /// The room of the reports read last, for the next.
    read: Vec<Report>,
    pub(super) ready: bool,
    pub(super) ended: Option<Outcome>,
}

/// One supervisor's state, shared by its actor, its children's tasks and whoever adds children.
pub(crate) struct SupervisorCell {
    pub(crate) dynamic: bool,
    /// Whether the children are meant to run: false while parked, stopping or ended.
    up: AtomicBool,
    pub(super) table: Mutex<Table>,
    /// At most one unread report per child and incarnation, so bounded by the number of children.
    reports: Mutex<Vec<Report>>,
    waker: AtomicWaker,
    /// Its own node, which the one above the root does not have, and the runtime.
    pub(super) home: OnceLock<(Option<Arc<Node>>, Runtime)>,
}

impl SupervisorCell {
    pub(crate) fn new(id: ChildId, flags: Flags, dynamic: bool) -> Arc<Self> {
        Self::of(Core::new(id, flags, dynamic), dynamic)
    }

    /// What supervises the root.
    pub(crate) fn init(runtime: &Runtime) -> Arc<Self> {
        let flags = Flags::new(Strategy::OneForOne);
        let cell = Self::of(Core::new("init".into(), flags, false).init(), false);
        cell.attach(None, runtime.clone());
        cell
    }

    fn of(core: Core<Child>, dynamic: bool) -> Arc<Self> {
        Arc::new(Self {
            dynamic,
            up: AtomicBool::new(false),
            table: Mutex::new(Table {
                core,
                random: fastrand::Rng::new(),
                discarded: Vec::new(),
                read: Vec::new(),
                ready: false,
                ended: None,
            }),
            reports: Mutex::new(Vec::new()),
            waker: AtomicWaker::new(),
            home: OnceLock::new(),
        })
    }

    /// Takes its place in the tree, with all children it has so far.
    pub(crate) fn attach(self: &Arc<Self>, node: Option<Arc<Node>>, runtime: Runtime) {
        // Set once: a spec is consumed by the supervisor that takes it in.
        let _ = self.home.set((node, runtime));
        let table = self.table.lock();
        for key in table.core.keys() {
            if let Some(entry) = table.core.get(key) {
                self.place(&entry.payload, key);
            }
        }
    }

    fn place(self: &Arc<Self>, child: &Child, key: Key) {
        let Some((parent, runtime)) = self.home.get() else {
            return;
        };
        runtime.registry().insert(&child.node, |slot| Place {
            parent: parent.clone(),
            supervisor: Arc::clone(self),
            key,
            slot,
        });
        if let Some(inner) = child.inner() {
            inner.attach(Some(Arc::clone(&child.node)), runtime.clone());
        }
    }

    /// Adds a child, and starts it where the supervisor is running.
    pub(crate) fn add(self: &Arc<Self>, terms: Terms, child: Child) -> Result<(), SpecError> {
        if let Some((_, runtime)) = self.home.get() {
            runtime.check_placement(&child.node)?;
            if let Some(inner) = child.inner() {
                inner.check_placements(runtime)?;
            }
        }
        let mut table = self.table.lock();
        let key = table.core.add(terms, child, crate::clock::now())?;
        // In the tree before its first start, which is among the actions that follow.
        self.with(&table, key, |child| self.place(child, key));
        self.act(table);
        Ok(())
    }

    /// That every child is on a thread that exists.
    pub(crate) fn check_placements(&self, runtime: &Runtime) -> Result<(), SpecError> {
        let table = self.table.lock();
        for (_, entry) in &table.core.entries {
            runtime.check_placement(&entry.payload.node)?;
            if let Some(inner) = entry.payload.inner() {
                inner.check_placements(runtime)?;
            }
        }
        Ok(())
    }

    /// Stops a child for good; false if there is none of that id.
    pub(crate) fn remove(self: &Arc<Self>, id: &ChildId) -> bool {
        self.tell(|core, now| core.key_of(id).is_some_and(|key| core.remove(key, now)))
    }

    pub(crate) fn is_up(&self) -> bool {
        self.up.load(Ordering::Relaxed)
    }

    pub(crate) fn stop_together(&self) {
        self.table.lock().core.stop_together();
    }

    pub(crate) fn len(&self) -> usize {
        self.table.lock().core.len()
    }

    /// Told by a child's task. Never blocks, never fails, and needs no living supervisor actor.
    pub(crate) fn report(&self, report: Report) {
        self.reports.lock().push(report);
        self.waker.wake();
    }

    /// Tells the core something, and carries out what it decides.
    fn tell<R>(self: &Arc<Self>, f: impl FnOnce(&mut Core<Child>, Instant) -> R) -> R {
        let mut table = self.table.lock();
        let result = f(&mut table.core, crate::clock::now());
        self.act(table);
        // The grace of a child that stops is the driver's to watch.
        self.waker.wake();
        result
    }

    /// Stops all children in order; the driver ends when they are down.
    pub(crate) fn shutdown(self: &Arc<Self>) {
        self.tell(Core::shutdown);
    }

    /// Cuts the graces of whatever stops, on all levels below.
    pub(super) fn hurry(self: &Arc<Self>) {
        self.tell(Core::hurry);
    }

    /// Ends all children below, at once and without order: nobody is left to wait for them.
    pub(crate) fn kill_all(self: &Arc<Self>) {
        let mut table = self.table.lock();
        table.core.kill_all();
        self.act(table);
    }

    /// Forgets all children, down to the leaves, so that nothing keeps the tree alive.
    pub(crate) fn dismantle(self: &Arc<Self>) {
        let mut table = self.table.lock();
        table.core.dismantle();
        self.act(table);
    }

    /// Starts the children, or takes over those that an earlier incarnation of the actor left.
    ///
    /// With `only_to_stop` nothing is started: where there is nothing to take over, the end is
    /// reached at once.
    pub(crate) fn enter(self: &Arc<Self>, only_to_stop: bool) {
        let mut table = self.table.lock();
        let fresh = table.core.is_new() || table.core.has_ended();
        if !fresh {
            table.ready = table.core.is_past_start();
        } else if only_to_stop {
            table.ready = false;
            table.ended = Some(Outcome::Shutdown);
        } else {
            table.ended = None;
            table.ready = false;
            self.reports.lock().clear();
            table.core.start(crate::clock::now());
        }
        self.act(table);
    }

    /// Does the supervisor's work until all children are down for good.
    ///
    /// `ready` is called when the first start is complete. Cancel-safe: all state is in the cell.
    pub(crate) async fn drive(self: Arc<Self>, mut ready: impl FnMut()) -> Outcome {
        let mut alarm = pin!(tokio::time::sleep(std::time::Duration::ZERO));
        let mut announced = false;
        poll_fn(move |cx| {
            self.waker.register(cx.waker());
            loop {
                self.turn();
                let mut table = self.table.lock();
                if table.ready && !announced {
                    announced = true;
                    ready();
                }
                if let Some(outcome) = table.ended.take() {
                    return Poll::Ready(outcome);
                }
                let Some(at) = table.core.next_deadline() else {
                    return Poll::Pending;
                };
                drop(table);
                let at = at.into();
                if alarm.deadline() != at {
                    alarm.as_mut().reset(at);
                }
                if alarm.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
            }
        })
        .await
    }

    /// Reads all reports and does all that is due.
    fn turn(self: &Arc<Self>) {
        let now = crate::clock::now();
        let mut table = self.table.lock();
        let mut reports = std::mem::take(&mut table.read);
        std::mem::swap(&mut reports, &mut *self.reports.lock());
        for report in reports.drain(..) {
            match report {
                Report::Started { key, generation } => table.core.started(key, generation, now),
                Report::Exited { key, generation, reason } => {
                    let random = table.random.f64();
                    table.core.exited(key, generation, &reason, now, random);
                }
            }
        }
        table.read = kept(reports);
        if table.core.next_deadline().is_some_and(|at| at <= now) {
            table.core.tick(now);
        }
        self.act(table);
    }

    /// Carries out what the core has decided, and opens the lock.
    fn act(self: &Arc<Self>, mut table: parking_lot::MutexGuard<'_, Table>) {
        let mut actions = std::mem::take(&mut table.core.actions);
        for action in actions.drain(..) {
            self.act_on(&mut table, action);
        }
        if table.core.actions.is_empty() {
            table.core.actions = kept(actions);
        }
        let mut discarded = std::mem::take(&mut table.discarded);
        self.up.store(table.core.is_running(), Ordering::Relaxed);
        drop(table);
        if discarded.is_empty() {
            return;
        }
        for child in discarded.drain(..) {
            if let Some(inner) = child.inner() {
                inner.dismantle();
            }
            // A factory's destructor may panic like any other code of an author.
            let _ = crate::panics::guarded_drop(child);
        }
        let mut table = self.table.lock();
        if table.discarded.is_empty() {
            table.discarded = kept(discarded);
        }
    }

    pub(crate) fn emit(&self, node: &Arc<Node>, generation: u32, what: Lifecycle) {
        if let Some((_, runtime)) = self.home.get() {
            runtime.events().emit(node, generation, what);
        }
    }

    pub(crate) fn runtime(&self) -> Option<&Runtime> {
        self.home.get().map(|(_, runtime)| runtime)
    }

    /// Does to the child of `node` what an operator wants, as far as it goes without waiting.
    pub(crate) fn operate(
        self: &Arc<Self>,
        node: &Arc<Node>,
        key: Key,
        operation: Operation,
    ) -> Result<(), Refusal> {
        let inner = self.tell(|core, now| {
            let child = &core.get(key).ok_or(Refusal::Unknown)?.payload;
            // The node of a part has the place of its actor.
            if !Arc::ptr_eq(&child.node, node) {
                return Err(Refusal::Part);
            }
            let inner = child.inner().cloned();
            core.operate(key, operation, now).map(|()| inner)
        })?;
        if operation == Operation::Resume
            && let Some(inner) = inner
        {
            // It may run, and be parked as a whole.
            inner.tell(Core::unpark);
        }
        Ok(())
    }

    /// Called by the watchdog: gives up a child that was asked to stop on a thread that does not
    /// turn.
    pub(crate) fn worker_lost(self: &Arc<Self>, key: Key) {
        self.tell(|core, now| core.worker_lost(key, now));
    }
}

/// How much room of what is read, done or dropped in a turn is kept for the next: a turn of
/// connections that come and go needs little, the end of them all as much as there are.
const ROOM: usize = 64;

/// The emptied `list`, to be filled again, unless it had grown large.
fn kept<T>(list: Vec<T>) -> Vec<T> {
    if list.capacity() > ROOM { Vec::new() } else { list }
}
