//! `listeners/NAME/acceptors/wN`: accepts the connections of one socket on one worker.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll, ready};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use tokio_util::sync::PollSemaphore;
use tracing::{debug, error, warn};
use trunkline_runtime::{Actor, Context, Failure, Placement, Shutdown, Stopping, SupervisorHandle};

use crate::accept_fault::AcceptFault;
use crate::kept;
use crate::record::Record;
use crate::socket::{AcceptSocket, Wanted};
use crate::stream::Stream;

use super::connection::{Connection, MAILBOX, Place};
use super::listener::shared::Shared;

/// Connections accepted in one turn, before the worker's other children get theirs.
const BATCH: u32 = 16;

/// The rest after descriptors or memory ran out: long enough not to spin, short enough for the
/// kernel's queue to hold what comes meanwhile.
const PAUSE: Duration = Duration::from_millis(100);

/// What it may take to close all connections that are left when the time to drain is over.
const CLOSING: Duration = Duration::from_millis(500);

/// How often the same trouble is logged.
const LOG_PERIOD: Duration = Duration::from_secs(10);

/// Accepts from the socket of worker `socket`, on whatever worker it lives itself.
#[derive(Clone)]
pub(crate) struct Acceptor {
    pub(crate) shared: Arc<Shared>,
    pub(crate) socket: usize,
}

impl Acceptor {
    /// The acceptor of the worker that the socket is meant for; only it closes the socket.
    fn is_own(&self) -> bool {
        Placement::current() == Some(Placement::Worker(self.socket))
    }

    fn intake(&self) -> Result<Intake, Failure> {
        let shared = &self.shared;
        let worker = Placement::current().and_then(Placement::worker);
        let Some(connections) = worker.and_then(|worker| shared.connections.get(worker)) else {
            return Err(Failure::new("an acceptor lives on a worker"));
        };
        Ok(Intake { connections: connections.clone(), shared: Arc::clone(shared) })
    }

    /// Accepts whenever the listener has its sockets open.
    async fn run(self) -> Result<(), Failure> {
        let mut wanted = self.shared.sockets.wanted();
        // It ends with the table, which is ours as well.
        while wanted.wait_for(|wanted| *wanted == Wanted::Open).await.is_ok() {
            let mut accepting = self.accepting()?;
            tokio::select! {
                biased;
                _ = wanted.wait_for(|wanted| *wanted != Wanted::Open) => {}
                failed = poll_fn(|cx| accepting.poll(cx)) => return failed,
            }
            // Its own hold first, or the socket would not close.
            drop(accepting);
            if self.is_own() {
                self.close().await;
            }
        }
        Ok(())
    }

    /// Serves those who are in the socket's queue, whom closing it would reset, then closes it.
    async fn close(&self) {
        if let Ok(intake) = self.intake() {
            poll_fn(|cx| intake.empty(self.socket, cx)).await;
        }
        self.shared.sockets.close(self.socket);
    }

    fn accepting(&self) -> Result<Accepting, Failure> {
        let shared = &self.shared;
        let premises = &shared.premises;
        Ok(Accepting {
            socket: None,
            worker: self.socket,
            intake: self.intake()?,
            listener_places: premises.listener.clone().map(PollSemaphore::new),
            process_places: PollSemaphore::new(Arc::clone(&premises.process)),
            held: (None, None),
            waits: false,
            pause: None,
            logged: None,
            shared: Arc::clone(shared),
        })
    }
}

impl Actor for Acceptor {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.run(self.clone().run());
        Ok(())
    }

    fn stopping(&mut self, cx: &mut Context<'_, Self>) -> Stopping {
        if !self.is_own() {
            return Stopping::Done;
        }
        let acceptor = self.clone();
        cx.pipe(async move { acceptor.close().await }, |_, (), cx| cx.stop());
        Stopping::Wait
    }
}

/// How long a connection may take to end by itself: the time to drain less its last part, in which
/// those that are left are closed, so that all are when it is over.
fn grace(drain: Duration) -> Duration {
    drain - (drain / 20).min(CLOSING)
}

/// Where accepted connections go.
struct Intake {
    connections: SupervisorHandle,
    shared: Arc<Shared>,
}

impl Intake {
    fn start(&self, stream: Stream, peer: std::net::SocketAddr, place: Place) {
        let id = self.shared.next_id.fetch_add(1, Ordering::Relaxed);
        self.shared.metrics.accepted();
        let record = Record::new(id, peer, Arc::clone(&self.shared.name), self.shared.log)
            .counted_in(Arc::clone(&self.shared.metrics));
        let connection = Connection::new(stream, record, place);
        let grace = match grace(self.shared.drain) {
            Duration::ZERO => Shutdown::Kill,
            grace => Shutdown::Grace(grace),
        };
        if let Err(refused) = self.connections.start_here(id, grace, MAILBOX, connection) {
            // Its connections are being stopped: the process or the listener is at its end.
            debug!(listener = %self.shared.name, %refused, "a connection came too late");
        }
    }

    /// Accepts what is queued already, as far as there are places. It asks the kernel itself: that
    /// the queue is not empty may not have come round to this worker yet.
    fn empty(&self, socket: usize, cx: &mut TaskContext<'_>) -> Poll<()> {
        for _ in 0..BATCH {
            let Some(place) = Place::take(&self.shared.premises) else {
                return Poll::Ready(());
            };
            match self.shared.sockets.accept_now(socket) {
                Ok(Some((stream, peer))) => self.start(stream, peer, place),
                Err(error) if AcceptFault::of(&error) == AcceptFault::Peer => {}
                Ok(None) | Err(_) => return Poll::Ready(()),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// The work of an acceptor.
struct Accepting {
    /// None until it could be taken: that needs a descriptor, which there may be none of.
    socket: Option<AcceptSocket>,
    /// The worker whose socket it is.
    worker: usize,
    intake: Intake,
    listener_places: Option<PollSemaphore>,
    process_places: PollSemaphore,
    /// Places taken for the next connection.
    held: (Option<OwnedSemaphorePermit>, Option<OwnedSemaphorePermit>),
    /// A limit is reached, and was counted.
    waits: bool,
    pause: Option<Pin<Box<Sleep>>>,
    logged: Option<Instant>,
    shared: Arc<Shared>,
}

impl Accepting {
    /// Accepts for as long as the socket lasts.
    fn poll(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<(), Failure>> {
        for _ in 0..BATCH {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(cx));
                self.pause = None;
            }
            if self.socket.is_none() {
                match self.shared.sockets.accept_socket(self.worker) {
                    Ok(Some(socket)) => self.socket = Some(socket),
                    // Whoever polls this is about to hear of it.
                    Ok(None) => return Poll::Pending,
                    Err(error) => {
                        self.sort(error)?;
                        continue;
                    }
                }
            }
            // First a place, then the connection: what finds none stays in the kernel's queue.
            let place = ready!(self.poll_place(cx))?;
            let Some(socket) = &self.socket else { continue };
            match socket.poll_accept(cx) {
                Poll::Ready(Ok((stream, peer))) => self.intake.start(stream, peer, place),
                Poll::Ready(Err(error)) => self.sort(error)?,
                Poll::Pending => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn poll_place(&mut self, cx: &mut TaskContext<'_>) -> Poll<Result<Place, Failure>> {
        // One that waits stands in a semaphore's queue and may have been given its permit there: to
        // take another past it would keep that one from everybody.
        if !self.waits
            && let Some(place) = Place::take(&self.shared.premises)
        {
            return Poll::Ready(Ok(place));
        }
        let closed = || Failure::new("the limit of connections was withdrawn");
        if let Some(places) = &mut self.listener_places
            && self.held.0.is_none()
        {
            let polled = places.poll_acquire(cx);
            if polled.is_pending() {
                self.at_limit("listener");
            }
            self.held.0 = Some(ready!(polled).ok_or_else(closed)?);
        }
        if self.held.1.is_none() {
            let polled = self.process_places.poll_acquire(cx);
            if polled.is_pending() {
                self.at_limit("process");
            }
            self.held.1 = Some(ready!(polled).ok_or_else(closed)?);
        }
        self.waits = false;
        let (listener, process) = std::mem::take(&mut self.held);
        Poll::Ready(process.map_or_else(
            || Err(closed()),
            |process| Ok(Place::of(&self.shared.premises, listener, process)),
        ))
    }

    fn sort(&mut self, error: std::io::Error) -> Result<(), Failure> {
        match AcceptFault::of(&error) {
            AcceptFault::Peer => {
                debug!(listener = %self.shared.name, %error, "a connection was gone before accept");
                Ok(())
            }
            // Not a client but what waits for one gives way.
            AcceptFault::Limits if kept::give_way() => Ok(()),
            AcceptFault::Limits => {
                self.pause = Some(Box::pin(tokio::time::sleep(PAUSE)));
                self.shared.metrics.pauses();
                if self.may_log() {
                    warn!(
                        listener = %self.shared.name, %error,
                        "accepting pauses: descriptors or memory are used up"
                    );
                }
                Ok(())
            }
            AcceptFault::Socket => {
                error!(listener = %self.shared.name, %error, "the listening socket fails");
                Err(error.into())
            }
        }
    }

    fn at_limit(&mut self, limit: &'static str) {
        if std::mem::replace(&mut self.waits, true) {
            return;
        }
        self.shared.metrics.waits_at_limit();
        if self.may_log() {
            warn!(listener = %self.shared.name, limit, "accepting waits: the limit is reached");
        }
    }

    fn may_log(&mut self) -> bool {
        let now = Instant::now();
        let may = self.logged.is_none_or(|at| now - at >= LOG_PERIOD);
        if may {
            self.logged = Some(now);
        }
        may
    }
}
