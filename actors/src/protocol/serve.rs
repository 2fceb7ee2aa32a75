//! An author's protocol as a handler of connections.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;
use trunkline_runtime::{Deadline, Detail as _, ExitReason, Part, contain};

use super::driver::{Driver, Exit};
use super::duty::{Duty, Serving};
use super::inbox::Mail;
use super::link::Link;
use super::quarantine::Quarantine;
use super::timers::{self, Timers};
use super::upgrade::Parts;
use super::wire::Wire;
use super::{Closed, Limits, Protocol};
use crate::blocking::Blocking;
use crate::handler::{Handler, Seat, Service, Upstreams};
use crate::record::{Code, Phase, Record};
use crate::stream::{Loss, Stream};

/// How long the peer may take for all that was sent to it, a byte now and then: not for ever, whatever
/// it takes meanwhile.
const OUT_LIMIT: Duration = Duration::from_secs(60 * 60);

/// How long the peer may take to end its own side when it has been sent all.
pub(super) const LINGER_LIMIT: Duration = Duration::from_secs(2);

/// What a protocol may use of the server around it.
pub struct Means {
    /// The way to the pools; none outside a server.
    pub upstreams: Option<Upstreams>,
    /// Threads for what blocks.
    pub blocking: Arc<Blocking>,
}

/// A protocol with all that its connections share.
pub(crate) struct Served<P> {
    pub(super) protocol: Arc<P>,
    pub(super) limits: Limits,
    pub(super) idle: Option<Duration>,
    pub(super) quarantine: Arc<Quarantine>,
    pub(super) means: Arc<Means>,
    #[cfg(any(test, feature = "testing"))]
    pub(super) tap: super::testing::Tap<P>,
}

impl<P: Protocol> Served<P> {
    /// `idle` is how long nothing may move on a connection before the hook for that is called.
    pub(crate) fn new(protocol: Arc<P>, idle: Option<Duration>, means: Arc<Means>) -> Arc<Self> {
        let limits = protocol.limits();
        let quarantine = Arc::new(Quarantine::new(
            fastrand::u128(..).to_ne_bytes(),
            limits.quarantine,
            Instant::now(),
        ));
        Arc::new(Self {
            protocol,
            limits,
            idle,
            quarantine,
            means,
            #[cfg(any(test, feature = "testing"))]
            tap: super::testing::Tap::default(),
        })
    }

    /// Another protocol in the same place.
    pub(super) fn with<Q: Protocol>(&self, protocol: Q) -> Arc<Served<Q>> {
        Arc::new(Served {
            limits: protocol.limits(),
            protocol: Arc::new(protocol),
            idle: self.idle,
            quarantine: Arc::clone(&self.quarantine),
            means: Arc::clone(&self.means),
            #[cfg(any(test, feature = "testing"))]
            tap: self.tap.taken_over(),
        })
    }
}

/// Runs a [`Protocol`] on every connection of a listener.
pub struct Hosted<P> {
    name: Arc<str>,
    served: Arc<Served<P>>,
}

impl<P: Protocol> Hosted<P> {
    /// `protocol` under the name that the configuration gives it. `idle` is how long nothing may
    /// move before the hook for that is called.
    pub fn new(name: &str, protocol: Arc<P>, idle: Option<Duration>, means: Arc<Means>) -> Self {
        Self { name: name.into(), served: Served::new(protocol, idle, means) }
    }
}

#[cfg(any(test, feature = "testing"))]
impl<P: Protocol> Hosted<P> {
    pub(super) fn tap(&self) -> &super::testing::Tap<P> {
        &self.served.tap
    }
}

impl<P: Protocol> Handler for Hosted<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn detail(&self) -> Option<serde_json::Value> {
        Some(serde_json::json!({ "quarantine": self.served.quarantine.detail() }))
    }

    fn serve(&self, stream: Stream, record: Rc<Record>, seat: Seat) -> Service {
        record.enter(Phase::Stream);
        let parts = Parts { stream, unread: BytesMut::new(), record, seat };
        run(Arc::clone(&self.served), parts, Serving)
    }
}

/// Serves a stream that was made, and does the `duty` for which it was.
pub(crate) fn serve_made<P: Protocol>(
    served: Arc<Served<P>>,
    stream: Stream,
    record: Rc<Record>,
    seat: Seat,
    duty: impl Duty<P>,
) -> Service {
    record.enter(Phase::Stream);
    run(served, Parts { stream, unread: BytesMut::new(), record, seat }, duty)
}

/// Runs a protocol on a stream until the end of either.
fn run<P: Protocol>(served: Arc<Served<P>>, parts: Parts, duty: impl Duty<P>) -> Service {
    Box::pin(Legs(leg(served, parts, duty)))
}

/// One protocol of a connection, which may be followed by another: handed out and not awaited
/// within, so that a connection may change its protocol for ever.
pub(super) struct Leg(pub(super) Pin<Box<dyn Future<Output = Option<Leg>>>>);

/// One leg after the other.
struct Legs(Leg);

impl Future for Legs {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<()> {
        while let Some(next) = ready!(self.0.0.as_mut().poll(task)) {
            self.0 = next;
        }
        Poll::Ready(())
    }
}

/// A protocol on a stream, until the end of either.
pub(super) fn leg<P: Protocol>(served: Arc<Served<P>>, parts: Parts, duty: impl Duty<P>) -> Leg {
    let Some(wire) = wire(served, parts) else {
        return Leg(Box::pin(std::future::ready(None)));
    };
    let end = End { wire };
    Leg(Box::pin(async move {
        let exit = Driver::new(Rc::clone(&end.wire), duty).run().await;
        // In a box of its own: what a connection needs at its end takes no room until then.
        Box::pin(conclude(end, exit)).await
    }))
}

/// Ends a connection in order, or hands it on.
async fn conclude<P: Protocol>(end: End<P>, exit: Exit) -> Option<Leg> {
    let wire = Rc::clone(&end.wire);
    wire.inbox.close();
    match exit {
        Exit::Closed(closed) => {
            wire.record.close(Code::Protocol(closed));
            #[cfg(any(test, feature = "testing"))]
            wire.served.tap.closed(wire.record.id(), closed);
            stop_children(&wire).await;
            finish(&end, closed).await;
            drop(end);
            drop(into_parts(wire));
            None
        }
        Exit::Upgrade(upgrade) => {
            stop_children(&wire).await;
            let flushed = flushed(&wire).await;
            wire.link.borrow_mut().orderly = flushed;
            drop(end);
            let parts = into_parts(wire)?;
            flushed.then(|| upgrade.take_over(parts))
        }
    }
}

/// None where the protocol has crashed over its codec, without which there is no connection.
fn wire<P: Protocol>(served: Arc<Served<P>>, parts: Parts) -> Option<Rc<Wire<P>>> {
    let Parts { mut stream, unread, record, seat } = parts;
    let limits = &served.limits;
    let part = Part::new(&seat.node, "protocol", limits.inbox);
    let inbox = Mail::default();
    #[cfg(any(test, feature = "testing"))]
    served.tap.opened(record.id(), inbox.address(&part));
    let codec = match contain(|| served.protocol.codec()) {
        Ok(codec) => codec,
        Err(panic) => {
            part.crashed(ExitReason::Panicked(panic));
            inbox.close();
            stream.abort();
            record.close(Code::Protocol(Closed::Crashed));
            #[cfg(any(test, feature = "testing"))]
            served.tap.closed(record.id(), Closed::Crashed);
            return None;
        }
    };
    let timers = Timers::new(
        timers::Limits {
            idle: served.idle,
            heartbeat: limits.heartbeat,
            send: Some(limits.send_timeout),
        },
        Instant::now(),
    );
    Some(Rc::new(Wire {
        codec: RefCell::new(codec),
        link: RefCell::new(Link::new(stream, unread, timers)),
        served,
        seat,
        record,
        part,
        inbox,
        children: Cell::new(None),
        paused: Cell::new(false),
        sent: Cell::new(0),
        broken: Cell::new(false),
        stuck: Cell::new(false),
        over: Cell::new(None),
        read_on: Cell::new(false),
        waits: Cell::new(None),
    }))
}

/// Whatever ends the service, a crash or a kill included: what was moved is noted, and an end that
/// was not orderly is a reset, so that nobody takes a truncated stream for a whole one.
struct End<P: Protocol> {
    wire: Rc<Wire<P>>,
}

impl<P: Protocol> Drop for End<P> {
    fn drop(&mut self) {
        let mut link = self.wire.link.borrow_mut();
        self.wire.record.set_moved(link.moved());
        if !link.orderly {
            link.abort();
        }
        drop(link);
        self.wire.inbox.close();
    }
}

/// Each child within its grace. That some give up meanwhile is the same end.
async fn stop_children<P: Protocol>(wire: &Wire<P>) {
    let Some(children) = wire.children.take() else { return };
    children.stop();
    wire.children.set(Some(children));
    poll_fn(|task| {
        // The peer need not wait for them. That it is gone is found when the rest is written.
        let _: Poll<Result<(), Loss>> = wire.link.borrow_mut().poll_flush(task, 0);
        wire.poll_children(task)
    })
    .await;
}

async fn finish<P: Protocol>(end: &End<P>, closed: Closed) {
    if !closed.leaves_peer() {
        // A peer that ended by itself needs no reset; for one that is to be cut off it is the way.
        end.wire.link.borrow_mut().orderly = matches!(closed, Closed::PeerLost(_));
        return;
    }
    let link = &end.wire.link;
    let mut limit = Deadline::after(OUT_LIMIT);
    let out = poll_fn(|task| {
        let mut link = link.borrow_mut();
        if Pin::new(&mut limit).poll(task).is_ready() {
            return Poll::Ready(false);
        }
        if let Poll::Ready(out) = link.poll_shutdown(task) {
            return Poll::Ready(out.is_ok());
        }
        link.poll_send_timeout(task).map(|()| false)
    });
    if !out.await {
        return;
    }
    link.borrow_mut().orderly = true;
    let mut limit = Deadline::after(LINGER_LIMIT);
    let mut discarded = 0;
    poll_fn(|task| {
        if Pin::new(&mut limit).poll(task).is_ready() {
            return Poll::Ready(());
        }
        link.borrow_mut().poll_linger(task, &mut discarded)
    })
    .await;
}

/// Writes what is left before something else takes over.
async fn flushed<P: Protocol>(wire: &Wire<P>) -> bool {
    let mut limit = pin!(Deadline::after(wire.served.limits.send_timeout));
    poll_fn(|task| {
        if limit.as_mut().poll(task).is_ready() {
            wire.record.close(Code::Protocol(Closed::SendTimeout));
            return Poll::Ready(false);
        }
        wire.link.borrow_mut().poll_flush(task, 0).map(|flushed| match flushed {
            Ok(()) => true,
            Err(loss) => {
                wire.record.close(Code::Protocol(Closed::PeerLost(loss)));
                false
            }
        })
    })
    .await
}

/// The handler is gone, so nobody else holds the wire.
fn into_parts<P: Protocol>(wire: Rc<Wire<P>>) -> Option<Parts> {
    let Wire { link, record, seat, codec, part, .. } = Rc::into_inner(wire)?;
    if let Err(panic) = part.clear(&ExitReason::Normal, || drop(codec)) {
        part.crashed(ExitReason::Panicked(panic));
    }
    let (stream, unread) = link.into_inner().into_parts();
    record.carry_moved(unread.len());
    Some(Parts { stream, unread, record, seat })
}
