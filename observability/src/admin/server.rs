//! `control/observability/admin`: accepts and polls all connections of the admin API.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use axum::Router;
use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::sync::mpsc;
use tokio::time::Sleep;
use tracing::{debug, info, warn};
use trunkline_runtime::{Actor, Context, Failure};

use super::AdminPlan;
use super::connection;
use super::desk::{Desk, Slip};
use super::guard::Guard;
use super::operations::Operations;
use super::routes::{self, Api};
use super::socket::{AdminSocket, Listener};

/// How many connections are served at one time. Who comes later waits in the kernel's queue.
pub(super) const CONNECTIONS: usize = 64;

/// Connections accepted in one turn, before the thread's other actors get theirs.
const BATCH: u32 = 16;

/// The rest after accepting failed: long enough not to spin.
const PAUSE: Duration = Duration::from_millis(100);

/// What outlives the actor.
pub(super) struct Kept {
    socket: Arc<AdminSocket>,
    guard: Arc<Guard>,
    operations: Arc<dyn Operations>,
    announced: AtomicBool,
}

impl Kept {
    pub(super) fn new(plan: AdminPlan) -> Self {
        let AdminPlan { socket, token, hosts, operations } = plan;
        let guard = Arc::new(Guard { token, hosts });
        Self { socket, guard, operations, announced: AtomicBool::new(false) }
    }
}

/// The actor. All of its state is what is under way.
pub(super) struct Admin {
    kept: Arc<Kept>,
}

impl Admin {
    pub(super) fn new(kept: &Arc<Kept>) -> Self {
        Self { kept: Arc::clone(kept) }
    }
}

impl Actor for Admin {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let Some(runtime) = cx.runtime().cloned() else {
            return Err(Failure::new("the admin API lives in a tree"));
        };
        let listener = self.kept.socket.listener()?;
        if !self.kept.announced.swap(true, Ordering::Relaxed) {
            let address = self.kept.socket.bound().to_string();
            info!(address, "the admin API listens");
        }
        let (desk, slips) = Desk::new();
        let operations = Arc::clone(&self.kept.operations);
        let guard = Arc::clone(&self.kept.guard);
        let own = cx.node().path();
        let router = routes::router(Api::new(runtime, Arc::clone(&operations), guard, desk, own));
        let mut serving = Serving {
            listener,
            router,
            operations,
            slips,
            connections: FuturesUnordered::new(),
            orders: FuturesUnordered::new(),
            pause: None,
        };
        cx.run(poll_fn(move |cx| serving.poll(cx)));
        Ok(())
    }
}

type Local = Pin<Box<dyn Future<Output = ()>>>;

/// The work of the actor.
struct Serving {
    listener: Listener,
    router: Router,
    operations: Arc<dyn Operations>,
    slips: mpsc::Receiver<Slip>,
    connections: FuturesUnordered<Local>,
    /// Each was handed in by a request that waits: no more than connections, but for those whose
    /// client has gone.
    orders: FuturesUnordered<Local>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Serving {
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Failure>> {
        for _ in 0..BATCH {
            while let Poll::Ready(Some(())) = self.connections.poll_next_unpin(cx) {}
            self.poll_orders(cx);
            if self.poll_accept(cx).is_pending() {
                return Poll::Pending;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_orders(&mut self, cx: &mut TaskContext<'_>) {
        loop {
            while let Poll::Ready(Some(())) = self.orders.poll_next_unpin(cx) {}
            if self.orders.len() >= CONNECTIONS {
                return;
            }
            let Poll::Ready(Some(Slip { order, reply })) = self.slips.poll_recv(cx) else { return };
            let ordered = self.operations.order(order);
            self.orders.push(Box::pin(async move {
                // Who has ordered may be gone.
                let _ = reply.send(ordered.await);
            }));
        }
    }

    /// Takes in the next connection, if there is a place for it.
    fn poll_accept(&mut self, cx: &mut TaskContext<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(cx));
            self.pause = None;
        }
        if self.connections.len() >= CONNECTIONS {
            // One that ends wakes the actor.
            return Poll::Pending;
        }
        match std::task::ready!(self.listener.poll_accept(cx)) {
            Ok((stream, door)) => {
                let serve = connection::serve(stream, door, self.router.clone());
                self.connections.push(Box::pin(serve));
            }
            Err(error) if is_of_the_client(&error) => {
                debug!(%error, "a connection of the admin API was gone before it was accepted");
            }
            Err(error) => {
                // Descriptors or memory are used up, by others: nothing here could be given back.
                warn!(%error, "accepting for the admin API pauses");
                self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
            }
        }
        Poll::Ready(())
    }
}

fn is_of_the_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::NotConnected
            | ErrorKind::Interrupted
    )
}
