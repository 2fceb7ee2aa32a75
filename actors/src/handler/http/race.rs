//! A try with one backend, and with a second one where the first takes too long.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use super::Site;
use super::conversation::Conversation;
use super::fault::Fault;
use super::pump::{End, Pump};
use super::reach::may_reuse;
use crate::backend::lease::Lease;
use crate::kept;
use crate::pool::{Asked, Grant};
use crate::scratch::with_scratch;
use crate::socket::connect;
use crate::spare::Lent;
use crate::stream::Stream;

/// A try with a backend. The second one is polled here as well: whatever ends the request ends both.
pub(super) struct Race {
    pump: Pump,
    lease: Lease,
    /// Its connection has served before.
    reused: bool,
    rival: Option<Pin<Box<dyn Future<Output = Option<Rival>>>>>,
    /// How the first one has failed, while the second is still asked.
    lost: Option<Fault>,
    /// When the one that is listened to was sent the request.
    at: Instant,
}

/// A second backend that has said something.
struct Rival {
    stream: Stream,
    lease: Lease,
    first: Lent,
    reused: bool,
    at: Instant,
}

impl Race {
    pub(super) fn new(pump: Pump, lease: Lease, reused: bool, at: Instant) -> Self {
        Self { pump, lease, reused, rival: None, lost: None, at }
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        conversation: &mut Conversation,
    ) -> Poll<End> {
        loop {
            if self.lost.is_none() {
                if let Poll::Ready(end) = self.pump.poll(cx, conversation) {
                    match self.ended(end, conversation) {
                        Some(end) => return Poll::Ready(end),
                        None => continue,
                    }
                }
                if !self.pump.may_go_again() {
                    // The client has got something from this one.
                    self.rival = None;
                }
            } else if let Poll::Ready(end) = self.pump.poll_client(cx, conversation) {
                return Poll::Ready(end);
            }
            let Some(rival) = &mut self.rival else {
                // Both have failed, or there is only one.
                let Some(fault) = self.lost.take() else { return Poll::Pending };
                match self.fails(fault) {
                    Some(end) => return Poll::Ready(end),
                    None => continue,
                }
            };
            let second = ready!(rival.as_mut().poll(cx));
            self.rival = None;
            if let Some(rival) = second {
                self.overtake(rival, conversation);
            }
        }
    }

    /// What is left of the one that was listened to. Nobody else is asked any more.
    pub(super) fn into_parts(self) -> (Pump, Lease) {
        (self.pump, self.lease)
    }

    /// Tells the backend what the end of the try says of it.
    pub(super) fn report(&mut self, end: &End, site: &Site) {
        let well = match end {
            End::Whole | End::Switched | End::Left(_) => self.has_answered_well(),
            End::Fault(fault) | End::Again(fault, _) => self.blames(*fault),
            End::Unwanted(_) | End::Slow => None,
        };
        if let Some(well) = well {
            let account = &self.pump.begun().account;
            let first_byte = account.first_byte_at().unwrap_or_else(Instant::now);
            let took = self.took(first_byte);
            site.report(&mut self.lease, well, took);
        }
    }

    fn has_answered_well(&mut self) -> Option<bool> {
        let exchange = &self.pump.begun().exchange;
        exchange.answer_has_begun().then(|| exchange.status() < 500)
    }

    /// Whether the backend has done well all the same; nothing if the fault does not tell.
    fn blames(&mut self, fault: Fault) -> Option<bool> {
        match fault {
            // That a connection was stale says nothing about its backend.
            Fault::BackendLost(_) if self.is_stale(fault) => None,
            Fault::SlowBackend if self.pump.waits_for_client() => self.has_answered_well(),
            Fault::BackendLost(_)
            | Fault::Answer(_)
            | Fault::FirstByte
            | Fault::TryTimeout
            | Fault::SlowBackend => Some(false),
            Fault::Unwanted(status) => Some(status < 500),
            Fault::Request(_)
            | Fault::SlowHead
            | Fault::SlowBody
            | Fault::SlowReader
            | Fault::ClientLost(_)
            | Fault::NoRoute
            | Fault::Unreached(_)
            | Fault::Deadline => self.has_answered_well(),
        }
    }

    /// The connection had been kept too long.
    fn is_stale(&self, fault: Fault) -> bool {
        self.reused && matches!(fault, Fault::BackendLost(_)) && self.pump.is_unheard()
    }

    /// How long the backend took until `then`. The time in which the client sent its body is not its.
    fn took(&mut self, then: Instant) -> Duration {
        let sent = self.pump.begun().account.sent_at().filter(|sent| *sent <= then);
        then.saturating_duration_since(sent.map_or(self.at, |sent| sent.max(self.at)))
    }

    /// What the end of the first one means; nothing where it goes on.
    fn ended(&mut self, end: End, conversation: &Conversation) -> Option<End> {
        match end {
            End::Slow => {
                self.challenge(&conversation.site);
                None
            }
            End::Unwanted(status) => self.loses(Fault::Unwanted(status)),
            End::Fault(fault) if fault.may_be_retried() => self.loses(fault),
            end @ (End::Whole | End::Switched | End::Again(..) | End::Left(_) | End::Fault(_)) => {
                Some(end)
            }
        }
    }

    /// The first one has failed: the second is waited for, if there is one.
    fn loses(&mut self, fault: Fault) -> Option<End> {
        // Whatever the client has got, it got from this one.
        if self.rival.is_some() && self.pump.may_go_again() {
            self.lost = Some(fault);
            return None;
        }
        self.fails(fault)
    }

    /// It has failed before a byte of the answer has reached the client; nothing where what it has
    /// answered is passed on after all.
    fn fails(&mut self, fault: Fault) -> Option<End> {
        let (lost, unheard) = (matches!(fault, Fault::BackendLost(_)), self.pump.is_unheard());
        let stale = self.is_stale(fault);
        let again = if !self.pump.may_go_again() {
            // Not all of it was kept: its rest would be taken for a request.
            false
        } else if stale {
            self.lease.pool().may_repeat()
        } else {
            // One that has begun to answer has carried it out, if only to break down behind that.
            (unheard || !lost) && self.pump.begun().goes_again(&self.lease)
        };
        match (again, fault) {
            (true, _) => Some(End::Again(fault, stale)),
            (false, Fault::Unwanted(_)) => {
                self.pump.accept();
                None
            }
            (false, _) => Some(End::Fault(fault)),
        }
    }

    /// Asks a second backend, if one can be had at once and the budget allows.
    fn challenge(&mut self, site: &Arc<Site>) {
        let Some(request) = self.pump.waiting() else { return };
        let attempts = self.lease.pool().current().settings().attempts.get();
        let begun = self.pump.begun();
        if self.rival.is_some() || begun.account.tried() >= attempts {
            return;
        }
        let Some(upstream) = &begun.upstream else { return };
        if upstream.asked.sticky == Some(self.lease.backend().tag()) {
            // Nobody else knows the client: another one's answer is quick and wrong.
            return;
        }
        let mut asked = upstream.asked.clone();
        asked.excluded.push(self.lease.backend().id());
        asked.sticky = None;
        let until = begun.waits_since.unwrap_or_else(Instant::now) + site.times.first_byte;
        let until = begun.deadline.map_or(until, |deadline| deadline.min(until));
        let (site, pool) = (Arc::clone(site), Arc::from(upstream.pool.name()));
        self.rival = Some(Box::pin(async move {
            let second = second(&site, &pool, &asked, &request);
            timeout_at(until, second).await.ok().flatten()
        }));
    }

    /// The second one goes on in the place of the first.
    fn overtake(&mut self, rival: Rival, conversation: &Conversation) {
        let Rival { stream, lease, first, reused, at } = rival;
        // The first one has taken that long at least.
        let well = self.lost.take().map_or(Some(true), |fault| self.blames(fault));
        if let Some(well) = well {
            let took = self.took(Instant::now());
            conversation.site.report(&mut self.lease, well, took);
        }
        self.pump.switch(stream, first).abort();
        (self.lease, self.reused, self.at) = (lease, reused, at);
        let begun = self.pump.begun();
        begun.account.reused = reused;
        begun.account.tries(&self.lease);
        let current = self.lease.pool().current();
        begun.stick(current.settings(), &self.lease);
    }
}

/// Asks a second backend and waits for the first bytes of its answer; nothing if it has none to give.
async fn second(site: &Site, pool: &Arc<str>, asked: &Asked, request: &[u8]) -> Option<Rival> {
    let Ok(Grant::Lease(mut lease)) = site.upstreams.route(pool).grant(asked, false).await else {
        return None;
    };
    // Not before: where nobody else is free, every slow request would take one for nothing.
    if !lease.pool().may_repeat() {
        return None;
    }
    let (reuse, within, unwanted) = {
        let current = lease.pool().current();
        let settings = current.settings();
        let unwanted = Arc::clone(&settings.retry.statuses);
        (may_reuse(settings, true), settings.connect_timeout, unwanted)
    };
    let backend = Arc::clone(lease.backend());
    let directory = &site.upstreams.directory;
    let kept =
        if reuse && !lease.is_trial() { kept::take(backend.id(), Instant::now()) } else { None };
    let reused = kept.is_some();
    let stream = match kept {
        Some(stream) => stream,
        None => match connect(&[backend.address()], within, &site.upstreams.tcp).await {
            Ok(stream) => {
                directory.tell(backend.id(), lease.connected(Instant::now()));
                stream
            }
            Err(error) => {
                directory.tell(backend.id(), lease.failed(error.failure, Instant::now()));
                return None;
            }
        },
    };
    let at = Instant::now();
    let mut stream = Unwanted(Some(stream));
    let Ok(first) = poll_fn(stream.answer(request)).await else {
        if !reused {
            site.report(&mut lease, false, at.elapsed());
        }
        return None;
    };
    // One that is quick because it is broken is not preferred to one that takes its time.
    if let Some(status) = status(&first)
        && (status >= 500 || unwanted.contains(&status))
    {
        site.report(&mut lease, status < 500, at.elapsed());
        return None;
    }
    Some(Rival { stream: stream.0.take()?, lease, first, reused, at })
}

/// The status of an answer that begins so, as far as it is there.
fn status(first: &[u8]) -> Option<u16> {
    std::str::from_utf8(first.get(9..12)?).ok()?.parse().ok()
}

/// A connection that may not be needed: dropped, it ends by force, so that its backend stops as well.
struct Unwanted(Option<Stream>);

impl Unwanted {
    /// Sends the request, and reads the first of the answer.
    fn answer<'a>(
        &'a mut self,
        mut request: &'a [u8],
    ) -> impl FnMut(&mut Context<'_>) -> Poll<io::Result<Lent>> + 'a {
        move |cx| {
            let Some(stream) = &mut self.0 else {
                return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
            };
            while !request.is_empty() {
                match ready!(stream.poll_write(cx, request))? {
                    0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                    count => request = &request[count..],
                }
            }
            with_scratch(|scratch| match ready!(stream.poll_read(cx, scratch))? {
                0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                count => Poll::Ready(Ok(Lent::of(&scratch[..count]))),
            })
        }
    }
}

impl Drop for Unwanted {
    fn drop(&mut self) {
        if let Some(stream) = &mut self.0 {
            stream.abort();
        }
    }
}
