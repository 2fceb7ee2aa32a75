//! One connection of a client: its requests, one after the other.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::Instant;
use trunkline_runtime::is_crash;
use trunkline_runtime::trace::InTrace;

use super::Site;
use super::account::Account;
use super::begun::Begun;
use super::client::{Answered, Client};
use super::fault::Fault;
use super::intake::Next;
use super::pump::{End, Pump};
use super::race::Race;
use super::reach::Reached;
use super::timer::Timer;
use crate::backend::lease::Lease;
use crate::closed::{Ending, Moved};
use crate::forward::Forward;
use crate::handler::Seat;
use crate::http::route::Target;
use crate::kept;
use crate::record::{Code, Record};
use crate::stream::Stream;
use crate::tenants::Tenancy;

/// A client's connection. It is all that a client costs which asks for nothing.
pub(super) struct Conversation {
    pub(super) site: Arc<Site>,
    pub(super) record: Rc<Record>,
    pub(super) seat: Seat,
    pub(super) client: Client,
    pub(super) timer: Timer,
    /// Since when nothing has been asked for.
    pub(super) idle_since: Instant,
    pub(super) head_began: Instant,
    /// What is held was not looked at yet.
    pub(super) fresh: bool,
    served: u32,
}

/// What comes after a request.
pub(super) enum After {
    /// The next one.
    Next,
    /// The end.
    Close,
    /// Bytes that are none of ours.
    Switched(Box<Switched>),
}

/// Another protocol, between the client and a backend.
pub(super) struct Switched {
    backend: Stream,
    account: Account,
    lease: Lease,
}

/// How a try with a backend ended.
enum Tried {
    Over(After),
    /// The client has got nothing, and the request goes again; over a new connection, if the one it
    /// went over had been kept too long.
    Again(Box<Begun>, bool),
}

impl Conversation {
    pub(super) fn new(site: Arc<Site>, stream: Stream, record: Rc<Record>, seat: Seat) -> Self {
        let now = Instant::now();
        let timer = Timer::new(now + site.times.head.min(site.times.keep_alive));
        Self {
            site,
            record,
            seat,
            client: Client::new(stream),
            timer,
            idle_since: now,
            head_began: now,
            fresh: false,
            served: 0,
        }
    }

    /// Serves the client until it or we end.
    pub(super) async fn run(mut self) {
        loop {
            let next = poll_fn(|cx| self.poll_next(cx)).await;
            // In boxes of their own, so that a connection that waits does not keep their room.
            let after = match next {
                Next::Request(begun) => {
                    let trace = begun.account.context();
                    Box::pin(InTrace::new(self.serve(begun), trace)).await
                }
                Next::Refused(refusal, account) => {
                    Box::pin(self.refuse(&Fault::Request(refusal), account)).await;
                    After::Close
                }
                Next::TooSlow(account) => {
                    Box::pin(self.refuse(&Fault::SlowHead, account)).await;
                    After::Close
                }
                Next::Lost(mut account, loss) => {
                    account
                        .close(loss.map_or("client_closed", |loss| Ending::of_client(loss).name()));
                    After::Close
                }
                Next::Over => After::Close,
            };
            match after {
                After::Next => {
                    self.fresh = true;
                }
                After::Close => break,
                After::Switched(switched) => {
                    Box::pin(self.stream(*switched)).await;
                    break;
                }
            }
        }
        self.record.close(Code::Ended(Ending::Done));
    }

    /// Answers one request.
    async fn serve(&mut self, mut begun: Box<Begun>) -> After {
        self.served += 1;
        if self.served >= self.site.requests.get() || self.seat.is_draining() {
            begun.exchange.close_client();
        }
        let Some(route) = begun.route.take() else {
            return self.refuse_begun(&Fault::NoRoute, begun).await;
        };
        match &route.target {
            Target::Pool { pool, .. } => {
                let pool = Arc::clone(pool);
                begun.account.wants(&pool);
                self.forward(&pool, begun).await
            }
            Target::Redirect(_) | Target::Answer(_) => self.answer_target(&route, begun).await,
        }
    }

    /// Has a backend of `pool` answer it.
    async fn forward(&mut self, pool: &Arc<str>, mut begun: Box<Begun>) -> After {
        let mut fresh = false;
        loop {
            let (client, timer) = (&self.client, &mut self.timer);
            let reached = match self.site.reach(pool, &mut begun, fresh, client, timer).await {
                Ok(reached) => reached,
                Err(fault @ Fault::ClientLost(_)) => {
                    begun.account.fails(fault);
                    return After::Close;
                }
                Err(fault) => return self.refuse_begun(&fault, begun).await,
            };
            match self.exchange(reached, begun).await {
                Tried::Over(after) => return after,
                Tried::Again(again, stale) => (begun, fresh) = (again, stale),
            }
        }
    }

    /// Sends it to a backend that was reached, and passes its answer on.
    async fn exchange(&mut self, reached: Reached, mut begun: Box<Begun>) -> Tried {
        let Reached { stream, lease, reused, at } = reached;
        let settled = begun.settle(&lease);
        let pump = Pump::new(stream, begun, &settled, at);
        let mut race = Race::new(pump, lease, reused, at);
        let end = poll_fn(|cx| race.poll(cx, self)).await;
        race.report(&end, &self.site);
        let (pump, lease) = race.into_parts();
        let (mut begun, mut backend) = pump.into_parts();
        let status = begun.exchange.status();
        begun.account.status = status;
        let well = end.is_well() && status < 500;
        let now = Instant::now();
        begun.account.try_ends(end.outcome(), well, end.status().unwrap_or(status), now);
        let fault = match end {
            End::Whole => {
                // It ends now, and not when the client has gone as well.
                if begun.exchange.backend_stays() {
                    kept::keep(lease.backend().id(), backend, &settled.keep, now);
                } else {
                    drop(backend);
                }
                begun.account.close("done");
                begun.account.ended(now);
                self.idle_since = now;
                drop(lease);
                return Tried::Over(self.after(begun).await);
            }
            End::Switched => {
                let mut account = begun.account;
                account.switches();
                return Tried::Over(After::Switched(Box::new(Switched {
                    backend,
                    account,
                    lease,
                })));
            }
            End::Again(fault, stale) => {
                backend.abort();
                begun.fails(&lease, fault, stale);
                return Tried::Again(begun, stale);
            }
            End::Left(code) => {
                backend.abort();
                begun.account.close(code);
                return Tried::Over(After::Close);
            }
            End::Fault(fault) => fault,
            // Asked for by the race alone.
            End::Unwanted(_) | End::Slow => Fault::FirstByte,
        };
        // At once: the client may take its time to be told.
        backend.abort();
        drop((backend, lease));
        if self.client.answered == Answered::Due {
            return Tried::Over(self.refuse_begun(&fault, begun).await);
        }
        begun.account.fails(fault);
        // A clean end could make a truncated answer look whole.
        self.client.abort();
        Tried::Over(After::Close)
    }

    /// What comes after a whole answer.
    pub(super) async fn after(&mut self, begun: Box<Begun>) -> After {
        let (stays, quiet) = (begun.exchange.client_stays(), begun.exchange.client_is_quiet());
        drop(begun);
        // It has its answer: whatever ends it from here on takes nothing back.
        self.client.answered = Answered::Idle;
        if stays {
            return After::Next;
        }
        // Who has said that this was its last request, and sent all of it, is not waited for.
        if !quiet || !self.client.held.is_empty() {
            self.linger().await;
        }
        After::Close
    }

    /// Passes on what both sides say in another protocol.
    async fn stream(&mut self, switched: Switched) {
        let Switched { backend, account, lease } = switched;
        let _tenancy = Tenancy::begin(&self.record, lease.backend().id());
        let Some((client, early)) = self.client.take() else { return };
        let forward = Forward::new(client, backend, self.site.upstreams.idle);
        let before = Moved { from_client: account.bytes_in, to_client: account.bytes_out };
        Metered { forward: forward.starting_with(&early), before, account }.await;
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        if !is_crash() {
            return;
        }
        if self.client.held.is_empty() {
            self.head_began = Instant::now();
        }
        if self.client.own_up() {
            // Not read as a request: what has crashed may have been the reading. Its line says the
            // rest when it is dropped.
            drop(self.babble());
        }
    }
}

/// Notes what was moved, however it ends.
struct Metered {
    forward: Forward,
    before: Moved,
    account: Account,
}

impl Future for Metered {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let closed = ready!(Pin::new(&mut self.forward).poll(cx));
        self.account.close(closed.ending.name());
        Poll::Ready(())
    }
}

impl Drop for Metered {
    fn drop(&mut self) {
        let moved = self.forward.moved();
        self.account.bytes_in = self.before.from_client + moved.from_client;
        self.account.bytes_out = self.before.to_client + moved.to_client;
    }
}
