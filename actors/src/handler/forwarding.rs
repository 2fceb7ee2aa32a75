//! TCP forwarding as a handler: a lease, a connection, and bytes both ways.

use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::time::{Instant, timeout};
use trunkline_runtime::trace::InTrace;

use super::upstreams::{Route, Upstreams};
use super::waiting::granted;
use super::{Handler, Seat, Service};
use crate::backend::lease::Lease;
use crate::closed::Ending;
use crate::directory::Directory;
use crate::forward::Forward;
use crate::pool::key::key_of_address;
use crate::pool::{Asked, Grant, NoBackend};
use crate::record::{Code, Phase, Record};
use crate::socket::{TcpOptions, connect};
use crate::stream::Stream;
use crate::tenants;
use crate::trace::{Close, Opening};

/// Forwards to a pool.
#[derive(Debug)]
pub struct Forwarding {
    /// The pool's name.
    pub pool: Arc<str>,
    /// The way there.
    pub upstreams: Upstreams,
}

impl Handler for Forwarding {
    fn name(&self) -> &str {
        "forward"
    }

    fn serve(&self, client: Stream, record: Rc<Record>, _: Seat) -> Service {
        self.upstreams.forward(Arc::clone(&self.pool), client, BytesMut::new(), record)
    }
}

impl Upstreams {
    /// Forwards `client` to `pool`, `first` what was read of it already.
    pub fn forward(
        &self,
        pool: Arc<str>,
        client: Stream,
        first: BytesMut,
        record: Rc<Record>,
    ) -> Service {
        let route = self.route(&pool);
        let opening = Opening::begin(&record, &self.directory, &pool, &route);
        let trace = opening.as_ref().and_then(Opening::context);
        let directory = Arc::clone(&self.directory);
        let mut way = Way { route, directory, tcp: self.tcp, opening };
        let idle = self.idle;
        Box::pin(Relay::Connecting(Box::pin(InTrace::new(
            async move {
                match way.connect(Rc::clone(&record), &client).await {
                    Ok((backend, lease)) => {
                        record.enter(Phase::Stream);
                        let now = Instant::now();
                        let close =
                            way.opening.take().and_then(|opening| opening.opened(&lease, now));
                        let forward = Forward::new(client, backend, idle).starting_with(&first);
                        tenants::enter(&record, lease.backend().id());
                        Some(Metered { forward, record, close, _lease: lease })
                    }
                    Err(code) => {
                        let mut client = client;
                        // Closed at once, and by a reset: an orderly end would be an empty answer.
                        client.abort();
                        record.close(code);
                        if let Some(opening) = way.opening.take() {
                            opening.refused(record.code());
                        }
                        None
                    }
                }
            },
            trace,
        ))))
    }
}

/// A service from the question for a backend to the end.
///
/// Written out, and not one `async` block, which would keep the room of all that it captured for
/// as long as bytes flow: that is most of the time of most connections.
#[allow(clippy::large_enum_variant, reason = "it is nearly always streaming; tests have it boxed")]
enum Relay {
    /// Given back as a whole once there is a backend, or none to be had.
    Connecting(Pin<Box<dyn Future<Output = Option<Metered>>>>),
    Streaming(Metered),
    Ended,
}

impl Future for Relay {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if let Self::Connecting(connecting) = &mut *self {
            let connected = ready!(connecting.as_mut().poll(cx));
            *self = connected.map_or(Self::Ended, Self::Streaming);
        }
        match &mut *self {
            Self::Streaming(streaming) => Pin::new(streaming).poll(cx),
            Self::Connecting(_) | Self::Ended => Poll::Ready(()),
        }
    }
}

/// What it takes to reach a backend.
struct Way {
    route: Route,
    directory: Arc<Directory>,
    tcp: TcpOptions,
    /// None where nobody wants traces.
    opening: Option<Opening>,
}

impl Way {
    fn note(&mut self, what: impl FnOnce(&mut Opening, Instant)) {
        if let Some(opening) = &mut self.opening {
            what(opening, Instant::now());
        }
    }

    /// Asks for leases until a backend answers. Failover is a further ask, which excludes those
    /// that have failed.
    async fn connect(
        &mut self,
        record: Rc<Record>,
        client: &Stream,
    ) -> Result<(Stream, Lease), Code> {
        let hash = key_of_address(record.client().ip());
        let mut asked = Asked { hash: Some(hash), ..Asked::default() };
        loop {
            record.enter(Phase::Route);
            self.note(Opening::asks);
            let mut lease = match self.route.grant(&asked, false).await? {
                Grant::Lease(lease) => lease,
                Grant::Queued(ticket) => {
                    record.enter(Phase::Queue);
                    self.note(Opening::queues);
                    let within = ticket.within;
                    let granted = timeout(within, granted(ticket, Some(client))).await;
                    granted
                        .unwrap_or(Ok(Err(NoBackend::QueueTimeout)))
                        .map_err(|loss| Code::Ended(Ending::of_client(loss)))?
                        .map_err(|refusal| Code::Refused(refusal.into()))?
                }
            };
            record.enter(Phase::Connect);
            record.try_backend(&lease);
            self.note(|opening, now| opening.granted(&lease, now));
            let (attempts, within) = {
                let current = lease.pool().current();
                (current.settings().attempts, current.settings().connect_timeout)
            };
            let backend = Arc::clone(lease.backend());
            match connect(&[backend.address()], within, &self.tcp).await {
                Ok(stream) => {
                    let transition = lease.connected(Instant::now());
                    self.directory.tell(backend.id(), transition);
                    self.note(|opening, now| opening.tried("connected", true, now));
                    return Ok((stream, lease));
                }
                Err(error) => {
                    let transition = lease.failed(error.failure, Instant::now());
                    self.directory.tell(backend.id(), transition);
                    asked.excluded.push(backend.id());
                    let outcome = error.failure.name();
                    self.note(|opening, now| opening.tried(outcome, false, now));
                    if record.tries() >= attempts.get() {
                        return Err(Code::ConnectFailed(error.failure));
                    }
                    record.note_failure(error.failure);
                }
            }
        }
    }
}

/// Holds the lease while it forwards, and notes what was moved, however it ends.
struct Metered {
    forward: Forward,
    record: Rc<Record>,
    /// What its end is to tell, where anybody wants to know.
    close: Option<Box<Close>>,
    _lease: Lease,
}

impl Future for Metered {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let closed = ready!(Pin::new(&mut self.forward).poll(cx));
        self.record.close(Code::Ended(closed.ending));
        Poll::Ready(())
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        let moved = self.forward.moved();
        self.record.set_moved(moved);
        tenants::leave(&self.record);
        if let Some(close) = self.close.take() {
            let code = self.record.code();
            close.finish(code.name(), code == Code::Crashed, moved, Instant::now());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_streams_takes_240_bytes_for_it() {
        let sizes = [size_of::<Relay>(), size_of::<Forward>(), size_of::<Lease>()];
        assert!(sizes[0] <= 240, "{sizes:?}");
    }
}
