//! `listeners/NAME`: a listener's supervisor, and its actor, which opens and closes the sockets and
//! has workers that are stuck stood in for. Suspended, it keeps them closed, and connections live on.

pub(crate) mod shared;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::Semaphore;
use tracing::{info, warn};
use trunkline_runtime::{
    Actor, ChildId, ChildSpec, Context, Detail, Failure, Flags, Handles, Message, Placement, Reply,
    Stopping, SupervisorHandle, SupervisorSpec, Timer,
};

use crate::handler::Handler;
use crate::metrics::ListenerMetrics;
use crate::socket::{Sockets, Wanted};

use super::Supervision;
use super::acceptor::Acceptor;
use super::connection::Premises;
use shared::Shared;

/// How long the acceptors have to empty the queues of their sockets.
const LET_GO: Duration = Duration::from_millis(500);

/// When a stand-in that could not be started is tried again.
const AGAIN: Duration = Duration::from_millis(100);

/// What a listener is built from.
pub struct ListenerPlan {
    /// Its name.
    pub name: Arc<str>,
    /// Its sockets, bound already.
    pub sockets: Arc<Sockets>,
    /// What serves its connections.
    pub handler: Arc<dyn Handler>,
    /// How many connections it may have; none is only the limit of the process.
    pub limit: Option<usize>,
    /// The places of the whole process.
    pub process_places: Arc<Semaphore>,
    /// How long its connections may take to end by themselves.
    pub drain: Duration,
    /// Whether a line is logged of each of its connections.
    pub log: bool,
}

/// The supervisor of a listener with everything below it.
pub fn spec(plan: ListenerPlan, supervision: &Supervision, workers: usize) -> SupervisorSpec {
    build(plan, supervision, workers).0
}

/// The supervisor of a listener with everything below it, those of its connections, by worker, and
/// what it counts.
pub(super) fn build(
    plan: ListenerPlan,
    supervision: &Supervision,
    workers: usize,
) -> (SupervisorSpec, Vec<SupervisorHandle>, Arc<ListenerMetrics>) {
    let name = plan.name.to_string();
    let mut connections = SupervisorSpec::new("connections", supervision.parts).stops_together();
    let mut handles = Vec::with_capacity(workers);
    for worker in (0..workers).map(Placement::Worker) {
        let spec = SupervisorSpec::dynamic(worker.id(), supervision.parts).on(worker);
        handles.push(spec.handle());
        connections = connections.child(spec);
    }
    let routes = plan.handler.routes();
    let metrics = Arc::new(ListenerMetrics::new(Arc::clone(&plan.name), routes));
    let shared = Arc::new(Shared {
        name: plan.name,
        metrics: Arc::clone(&metrics),
        sockets: plan.sockets,
        premises: Arc::new(Premises {
            handler: plan.handler,
            listener: plan.limit.map(|limit| Arc::new(Semaphore::new(limit))),
            process: plan.process_places,
        }),
        connections: handles.clone(),
        drain: plan.drain,
        log: plan.log,
        next_id: AtomicU64::new(1),
        stand_ins: Mutex::default(),
    });
    let acceptors = acceptors(supervision.parts, &shared, workers);
    let handle = acceptors.handle();
    let actor =
        move || Listener { shared: Arc::clone(&shared), acceptors: handle.clone(), again: None };
    // When it stops, the actor comes between the two: nobody accepts any more then, and connections
    // may still take long.
    let spec = SupervisorSpec::new(name, supervision.listener)
        .child(connections)
        .child(ChildSpec::leaf("listener", actor))
        .child(acceptors);
    (spec, handles, metrics)
}

fn acceptors(flags: Flags, shared: &Arc<Shared>, workers: usize) -> SupervisorSpec {
    (0..workers).fold(SupervisorSpec::new("acceptors", flags).stops_together(), |group, worker| {
        let placement = Placement::Worker(worker);
        let shared = Arc::clone(shared);
        let acceptor = move || Acceptor { shared: Arc::clone(&shared), socket: worker };
        group.child(ChildSpec::leaf(placement.id(), acceptor).on(placement))
    })
}

/// Opens the sockets, and follows the watchdog: with one socket per worker, a worker that is
/// stuck strands what the kernel queues for it, so another accepts in its place.
pub(crate) struct Listener {
    shared: Arc<Shared>,
    acceptors: SupervisorHandle,
    again: Option<Timer>,
}

/// To look again at which workers are stuck.
struct Look;

impl Message for Look {
    type Answer = ();
}

impl Handles<Look> for Listener {
    fn handle(&mut self, _: Look, _: Reply<()>, cx: &mut Context<'_, Self>) {
        self.look(cx);
    }
}

impl Actor for Listener {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some(runtime) = cx.runtime() else {
            return Err(Failure::new("a listener lives in a tree"));
        };
        if self.shared.sockets.open()? {
            let address: SocketAddr = self.shared.sockets.local_addr();
            let protocol = self.shared.premises.handler.name();
            info!(listener = %self.shared.name, %address, protocol, "listening");
        }
        cx.show(Arc::clone(&self.shared) as Arc<dyn Detail>);
        let threads = runtime.watch_threads();
        // Watched first, looked at second: nothing falls in between.
        self.look(cx);
        cx.follow(
            stream::unfold(threads, |mut threads| async move {
                threads.changed().await.ok().map(|()| ((), threads))
            }),
            |state: &mut Self, (), cx| state.look(cx),
            |_, cx| cx.stop(),
        );
        Ok(())
    }

    /// Has the acceptors let go of the sockets, where they have not stopped before: then it is this
    /// actor alone that is suspended or restarted. What no acceptor closes, because it is down, or
    /// its worker is stuck, is closed here: whoever is in that queue is to be reset now, and not to
    /// hang for as long as connections drain.
    fn stopping(&mut self, cx: &mut Context<'_, Self>) -> Stopping {
        let sockets = &self.shared.sockets;
        sockets.shut();
        if !self.acceptors.is_up() {
            sockets.close_all();
            return Stopping::Done;
        }
        let mut wanted = sockets.wanted();
        let closed = async move {
            let closed = wanted.wait_for(|wanted| *wanted == Wanted::Closed);
            // Whoever has not let go by then is not going to.
            let _ = tokio::time::timeout(LET_GO, closed).await;
        };
        cx.pipe(closed, |state, (), cx| {
            state.shared.sockets.close_all();
            cx.stop();
        });
        Stopping::Wait
    }
}

impl Listener {
    /// Brings the stand-ins in line with which workers are stuck.
    fn look(&mut self, cx: &mut Context<'_, Self>) {
        let Some(runtime) = cx.runtime().cloned() else { return };
        let stuck = |worker: usize| runtime.is_stuck(Placement::Worker(worker));
        let free = (0..runtime.workers()).find(|worker| !stuck(*worker));
        let mut stand_ins = self.shared.stand_ins.lock();
        for worker in 0..runtime.workers() {
            let by = stand_ins.get(&worker).copied();
            // A stand-in that is stuck itself is as good as none.
            let wanted = if stuck(worker) { by.filter(|by| !stuck(*by)).or(free) } else { None };
            if by == wanted {
                continue;
            }
            if let Some(by) = by {
                self.acceptors.remove_child(&stand_in_id(worker, by));
                stand_ins.remove(&worker);
            }
            if let Some(by) = wanted {
                if self.stand_in(worker, by) {
                    stand_ins.insert(worker, by);
                } else {
                    self.again = Some(cx.after(AGAIN, Look));
                }
            }
        }
    }

    fn stand_in(&self, worker: usize, by: usize) -> bool {
        let shared = Arc::clone(&self.shared);
        let acceptor = move || Acceptor { shared: Arc::clone(&shared), socket: worker };
        let leaf = ChildSpec::leaf(stand_in_id(worker, by), acceptor);
        match self.acceptors.start_child(leaf.on(Placement::Worker(by))) {
            Ok(()) => {
                warn!(listener = %self.shared.name, worker, by, "another worker accepts instead");
                true
            }
            Err(error) => {
                // An earlier stand-in has not ended yet, or the acceptors are being restarted.
                warn!(listener = %self.shared.name, worker, by, %error, "no stand-in");
                false
            }
        }
    }
}

fn stand_in_id(worker: usize, by: usize) -> ChildId {
    format!("w{worker}-by-w{by}").into()
}
