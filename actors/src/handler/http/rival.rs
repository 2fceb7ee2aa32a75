//! A second backend, asked while the first takes long.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::time::Instant;

use super::Site;
use super::reach::may_reuse;
use crate::backend::lease::Lease;
use crate::kept;
use crate::metrics::Again;
use crate::pool::{Asked, Grant};
use crate::scratch::with_scratch;
use crate::socket::connect;
use crate::spare::Lent;
use crate::stream::Stream;
use crate::trace::Hedge;

/// A second backend that has said something.
pub(super) struct Rival {
    pub(super) stream: Stream,
    pub(super) lease: Lease,
    /// What it has said.
    pub(super) first: Lent,
    /// Its connection has served before.
    pub(super) reused: bool,
    /// When it was sent the request.
    pub(super) at: Instant,
}

/// Asks a second backend and waits for the first bytes of its answer; nothing if it has none to give.
pub(super) async fn second(
    site: &Site,
    pool: &Arc<str>,
    asked: &Asked,
    request: &[u8],
    hedge: Option<&Hedge>,
) -> Option<Rival> {
    let _asked = AskedFor(hedge);
    let refused = |why: &'static str| {
        if let Some(hedge) = hedge {
            hedge.refused(why, Instant::now());
        }
    };
    let mut lease = match site.upstreams.route(pool).grant(asked, false).await {
        Ok(Grant::Lease(lease)) => lease,
        Ok(Grant::Queued(_)) => {
            refused("none_free");
            return None;
        }
        Err(code) => {
            refused(code.name());
            return None;
        }
    };
    // Not before: where nobody else is free, every slow request would take one for nothing.
    if !lease.pool().may_repeat(Again::Hedge) {
        refused("budget_spent");
        return None;
    }
    let (reuse, within, unwanted) = {
        let current = lease.pool().current();
        let settings = current.settings();
        let unwanted = Arc::clone(&settings.retry.statuses);
        (may_reuse(settings, true), settings.connect_timeout, unwanted)
    };
    let backend = Arc::clone(lease.backend());
    if let Some(hedge) = hedge {
        hedge.granted(&backend, Instant::now());
    }
    let fails = |outcome: &'static str, status: u16| {
        if let Some(hedge) = hedge {
            hedge.ended(outcome, status, Instant::now());
        }
    };
    let directory = &site.upstreams.directory;
    let kept =
        if reuse && !lease.is_trial() { kept::take(backend.id(), Instant::now()) } else { None };
    let reused = kept.is_some();
    if let Some(hedge) = hedge.filter(|_| reused) {
        hedge.reuses();
    }
    let stream = match kept {
        Some(stream) => stream,
        None => match connect(&[backend.address()], within, &site.upstreams.tcp).await {
            Ok(stream) => {
                let now = Instant::now();
                directory.tell(backend.id(), lease.connected(now));
                if let Some(hedge) = hedge {
                    hedge.connected(now);
                }
                stream
            }
            Err(error) => {
                directory.tell(backend.id(), lease.failed(error.failure, Instant::now()));
                fails(error.failure.name(), 0);
                return None;
            }
        },
    };
    let at = Instant::now();
    let mut stream = Unwanted(Some(stream));
    let Ok(first) = poll_fn(stream.answer(request)).await else {
        fails("backend_reset", 0);
        if !reused {
            site.report(&mut lease, false, at.elapsed(), at);
        }
        return None;
    };
    // One that is quick because it is broken is not preferred to one that takes its time.
    if let Some(status) = status(&first)
        && (status >= 500 || unwanted.contains(&status))
    {
        site.report(&mut lease, status < 500, at.elapsed(), at);
        fails("unwanted_status", status);
        return None;
    }
    Some(Rival { stream: stream.0.take()?, lease, first, reused, at })
}

/// The status of an answer that begins so, as far as it is there.
fn status(first: &[u8]) -> Option<u16> {
    std::str::from_utf8(first.get(9..12)?).ok()?.parse().ok()
}

/// Notes when a second backend is asked no more, whatever the reason.
struct AskedFor<'a>(Option<&'a Hedge>);

impl Drop for AskedFor<'_> {
    fn drop(&mut self) {
        if let Some(hedge) = self.0 {
            hedge.over(Instant::now());
        }
    }
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
