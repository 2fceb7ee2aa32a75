//! `NAME/connection`: keeps a client connected.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use tokio::time::sleep;
use tracing::{info, warn};
use trunkline_runtime::{Actor, Context, Failure, Stopping, clock, is_crash};

use super::asking::Asking;
use super::desk::Desk;
use super::dial::{Dial, DialError};
use super::expiry::Expiry;
use super::pending::Bounds;
use super::retry::Retry;
use super::{ClientSettings, Requests};
use crate::handler::Seat;
use crate::protocol::{Closed, Means, Served, serve_made};
use crate::record::{Code, Record};
use crate::stream::{Loss, Stream};

/// What a client is made of. Lives as long as its actor may be restarted.
pub(super) struct Owner<P: Requests>(Parts<P>);

struct Parts<P: Requests> {
    desk: Arc<Desk<P>>,
    served: Arc<Served<P>>,
    dial: Arc<Dial>,
    settings: ClientSettings,
}

impl<P: Requests> Clone for Parts<P> {
    fn clone(&self) -> Self {
        let Self { desk, served, dial, settings } = self;
        let (desk, served, dial) = (Arc::clone(desk), Arc::clone(served), Arc::clone(dial));
        Self { desk, served, dial, settings: *settings }
    }
}

impl<P: Requests> Owner<P> {
    pub(super) fn new(
        name: &str,
        dial: Dial,
        protocol: Arc<P>,
        means: Arc<Means>,
        settings: ClientSettings,
    ) -> Self {
        let bounds = Bounds { queue: settings.queue.get(), in_flight: settings.in_flight.get() };
        Self(Parts {
            desk: Arc::new(Desk::new(name, bounds)),
            served: Served::new(protocol, settings.idle, means),
            dial: Arc::new(dial),
            settings,
        })
    }

    pub(super) fn desk(&self) -> &Arc<Desk<P>> {
        &self.0.desk
    }

    pub(super) fn incarnation(&self) -> Connection<P> {
        Connection { parts: self.0.clone(), seat: None }
    }
}

impl<P: Requests> Drop for Owner<P> {
    fn drop(&mut self) {
        // No incarnation follows that would do anything, not even if the last one crashed.
        self.0.desk.retire();
    }
}

/// One tenure over a client's connections.
pub(super) struct Connection<P: Requests> {
    parts: Parts<P>,
    seat: Option<Seat>,
}

impl<P: Requests> Actor for Connection<P> {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        let seat = self.seat.insert(Seat::new(cx.node())).clone();
        let parts = self.parts.clone();
        cx.show(Arc::clone(&parts.desk) as _);
        parts.desk.open();
        let expiry = Expiry::new(&parts.desk);
        let mut session = Session { retry: Retry::new(parts.settings.backoff), parts, seat };
        cx.run(async move {
            expiry.beside(session.run()).await;
            Ok(())
        });
        Ok(())
    }

    /// Its grace is for what waits and for what is with the peer.
    fn stopping(&mut self, _: &mut Context<'_, Self>) -> Stopping {
        self.parts.desk.drain();
        if let Some(seat) = &self.seat {
            seat.drain();
        }
        Stopping::Wait
    }
}

impl<P: Requests> Drop for Connection<P> {
    fn drop(&mut self) {
        // After a crash requests wait for the next incarnation.
        if !is_crash() {
            self.parts.desk.stop();
        }
    }
}

/// Connection after connection.
struct Session<P: Requests> {
    parts: Parts<P>,
    seat: Seat,
    retry: Retry,
}

impl<P: Requests> Session<P> {
    /// Ready when the client is to stop and has nothing left to do.
    async fn run(&mut self) {
        loop {
            let Parts { desk, dial, settings, .. } = &self.parts;
            let Some(dialled) = unless_done(desk, dial.dial(settings.connect)).await else {
                return;
            };
            match dialled {
                Ok((stream, peer)) => self.serve(stream, peer).await,
                Err(error) => self.failed(&error),
            }
            let rest = self.retry.rest(clock::now(), fastrand::f64());
            if unless_done(&self.parts.desk, sleep(rest)).await.is_none() {
                return;
            }
        }
    }

    fn failed(&mut self, error: &DialError) {
        if let Some(attempt) = self.retry.failed(clock::now()) {
            let client = &**self.parts.desk.name();
            warn!(client, %error, attempt, "a client cannot connect, and goes on trying");
        }
    }

    async fn serve(&mut self, stream: Stream, peer: SocketAddr) {
        let Parts { desk, served, .. } = &self.parts;
        let (client, connection) = (desk.name(), desk.next_connection());
        let attempt = self.retry.connected(clock::now());
        info!(client = &**client, %peer, connection, attempt, "a client is connected");
        // It is this log that tells of a client's connections, not that of listeners.
        let record = Rc::new(Record::new(connection, peer, Arc::clone(client), false));
        let asking = Asking::new(desk, peer);
        let (served, seat) = (Arc::clone(served), self.seat.clone());
        serve_made(served, stream, Rc::clone(&record), seat, asking).await;
        let reason = reason(record.code());
        if desk.is_done() {
            info!(client = &**client, %peer, connection, reason, "a client has closed its connection");
        } else {
            warn!(client = &**client, %peer, connection, reason, "a client has lost its connection");
        }
    }
}

/// Waits for `work`, but not once the client is to stop and has nothing left to do.
async fn unless_done<P: Requests, F: Future>(desk: &Desk<P>, work: F) -> Option<F::Output> {
    tokio::select! {
        biased;
        () = poll_fn(|task| desk.poll_done(task)) => None,
        output = work => Some(output),
    }
}

/// Why a connection ended, with the peer on the other side for once.
fn reason(code: Code) -> &'static str {
    if code == Code::Protocol(Closed::PeerLost(Loss::Reset)) {
        "peer_reset"
    } else if code == Code::Protocol(Closed::PeerLost(Loss::Vanished)) {
        "peer_vanished"
    } else {
        code.name()
    }
}
