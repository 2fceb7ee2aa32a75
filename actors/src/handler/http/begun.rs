//! A request whose head has been read.

use std::mem::MaybeUninit;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;
use trunkline_observability::trace::{SpanId, w3c};

use super::Site;
use super::account::Account;
use super::fault::Fault;
use super::reach::keep_limits;
use crate::backend::lease::Lease;
use crate::http::exchange::Exchange;
use crate::http::key::Keyed;
use crate::http::limits::MOST_FIELDS;
use crate::http::refusal::Refusal;
use crate::http::request::{Onward, OnwardTrace, RequestHead};
use crate::http::route::{Query, Route, Target};
use crate::metrics::Again;
use crate::pool::{Asked, KeepLimits, Pool, PoolSettings};
use crate::record::Record;
use crate::spare::Lent;

/// A request that is to be served.
pub(super) struct Begun {
    pub(super) account: Account,
    pub(super) exchange: Exchange,
    /// None where none fits.
    pub(super) route: Option<Arc<Route>>,
    /// What the backend gets first: the head, and as much of the body as came with it. For a target
    /// of our own: where to, if it is a redirect.
    pub(super) first: Lent,
    /// Where in it the id of the span stands that the backend's work is a part of.
    pub(super) span_at: Option<usize>,
    /// How much of the body has come so far, as it is framed for the backend, in bytes.
    pub(super) body: usize,
    /// Who serves it, where a pool does.
    pub(super) upstream: Option<Upstream>,
    /// Whether it may be sent twice.
    pub(super) repeatable: bool,
    /// The client waits to be told to go on before it sends the body.
    pub(super) expects_continue: bool,
    pub(super) is_head: bool,
    /// No answer is wanted after this.
    pub(super) deadline: Option<Instant>,
    /// Since when all of it was sent for the first time: all tries together have the time of one for
    /// the first byte of their answer.
    pub(super) waits_since: Option<Instant>,
}

/// The pool that serves a request, and how its backend is chosen.
pub(super) struct Upstream {
    pub(super) pool: Arc<Pool>,
    pub(super) asked: Asked,
    /// How the last try failed.
    pub(super) failure: Option<Fault>,
    /// Where clients stay with their backends: whether this one's cookie is to be renewed anyway.
    pub(super) renews: Option<bool>,
}

impl Upstream {
    fn of(pool: Arc<Pool>, keyed: &Keyed<'_>) -> Self {
        let current = pool.current();
        let settings = current.settings();
        pool.received(&settings.retry);
        let hash = keyed.key(&settings.hash);
        let sticky = settings.sticky.as_ref();
        let stuck = sticky.and_then(|sticky| sticky.read(keyed.fields, SystemTime::now()));
        let renews = sticky.map(|_| stuck.is_none_or(|stuck| stuck.aging));
        let asked = Asked { hash, sticky: stuck.map(|stuck| stuck.tag), ..Asked::default() };
        drop(current);
        Self { pool, asked, failure: None, renews }
    }
}

/// What of a pool's settings a try needs.
pub(super) struct Settled {
    /// The most of a body that is kept so that it can be sent again, in bytes.
    pub(super) buffer: usize,
    /// How long it may take from the last byte of the request to the first of the answer.
    pub(super) per_try: Option<Duration>,
    /// After how long a second backend is asked as well.
    pub(super) hedge: Option<Duration>,
    pub(super) keep: KeepLimits,
}

impl Begun {
    /// A try with the backend of `lease` begins.
    pub(super) fn settle(&mut self, lease: &Lease) -> Settled {
        let current = lease.pool().current();
        let settings = current.settings();
        let retry = &settings.retry;
        if self.repeatable && !retry.statuses.is_empty() {
            self.exchange.refuse(Some(Arc::clone(&retry.statuses)));
        }
        self.stick(settings, lease);
        Settled {
            buffer: if self.repeatable { retry.buffer } else { 0 },
            per_try: retry.per_try,
            hedge: retry.hedge.and_then(|_| lease.pool().hedges_after()),
            keep: keep_limits(settings),
        }
    }

    /// Has the client stay with the backend of `lease`, where clients do.
    pub(super) fn stick(&mut self, settings: &PoolSettings, lease: &Lease) {
        let Some(Upstream { asked, renews: Some(renews), .. }) = &self.upstream else { return };
        let tag = lease.backend().tag();
        let mut field = Vec::new();
        if let Some(sticky) = &settings.sticky
            && (*renews || asked.sticky != Some(tag))
        {
            sticky.write(tag, SystemTime::now(), &mut field);
        }
        self.exchange.add_fields(field);
    }

    /// When the client may come again, in seconds, after an answer of our own: once who waits now has
    /// been served or sent away.
    pub(super) fn retry_after(&self, status: u16) -> Option<u64> {
        let upstream = self.upstream.as_ref().filter(|_| status == 503)?;
        let queue = if upstream.pool.waiting() > 0 {
            upstream.pool.current().settings().limits.queue_timeout
        } else {
            Duration::ZERO
        };
        Some(queue.as_secs().max(1))
    }

    /// Whether it goes to another backend now that this one has failed; then that takes a token of
    /// the pool's budget.
    pub(super) fn goes_again(&self, lease: &Lease) -> bool {
        let attempts = lease.pool().current().settings().attempts.get();
        self.account.tried() < attempts && lease.pool().may_repeat(Again::Failed)
    }

    /// A try with the backend of `lease` begins: the request names the try's span to it.
    pub(super) fn tries(&mut self, lease: &Lease, now: Instant) {
        if let (Some(span), Some(at)) = (self.account.tries(lease, now), self.span_at) {
            put_span(&mut self.first, at, span);
        }
    }

    /// The try with the backend of `lease` has failed.
    pub(super) fn fails(&mut self, lease: &Lease, fault: Fault, stale: bool) {
        self.account.begins_again();
        if let Some(upstream) = &mut self.upstream {
            upstream.failure = Some(fault);
            if !stale {
                upstream.asked.excluded.push(lease.backend().id());
            }
        }
    }
}

/// Names a span in the request that is to be sent; `at` is its place there.
pub(super) fn put_span(request: &mut [u8], at: usize, span: SpanId) {
    let digits = w3c::span_digits(span);
    if let Some(place) = request.get_mut(at..at + digits.len()) {
        place.copy_from_slice(&digits);
    }
}

/// What some bytes of a client are.
pub(super) enum Begin {
    /// Not yet a whole head.
    More,
    /// A request, and how many of the bytes were its.
    Request(Box<Begun>, usize),
    /// What is no request, or not one for us.
    Refused(Refusal, Box<Account>),
}

/// Reads the head at the beginning of `bytes`; the first of them came at `began`, the last `now`.
pub(super) fn begin(
    site: &Arc<Site>,
    record: &Rc<Record>,
    bytes: &[u8],
    began: Instant,
    now: Instant,
) -> Begin {
    let mut storage = [const { MaybeUninit::uninit() }; MOST_FIELDS];
    let head = match RequestHead::parse(bytes, &mut storage, &site.limits.heads) {
        Ok(Some(head)) => head,
        Ok(None) => return Begin::More,
        Err(refusal) => {
            let mut account = Account::new(record, site, began, now);
            account.babbles(bytes);
            account.bytes_in = bytes.len() as u64;
            return Begin::Refused(refusal, Box::new(account));
        }
    };
    let mut account = Account::new(record, site, began, now);
    account.asks(&head);
    let client = record.client().ip().to_canonical();
    let trusted = (site.trusted)(client);
    account.is_of(head.trace(), trusted);
    match request(site, record, bytes, &head, &mut account) {
        Ok(Prepared { exchange, route, first, span_at, body, used, upstream }) => {
            let begun = Begun {
                exchange,
                first,
                span_at,
                body,
                repeatable: head.may_be_repeated()
                    || route.as_ref().is_some_and(|route| route.repeatable),
                upstream,
                expects_continue: head.expects_continue,
                is_head: head.method == "HEAD",
                route,
                deadline: site.times.request.map(|limit| began + limit),
                waits_since: None,
                account,
            };
            Begin::Request(Box::new(begun), used)
        }
        Err(refusal) => Begin::Refused(refusal, Box::new(account)),
    }
}

/// What a head leads to.
struct Prepared {
    exchange: Exchange,
    route: Option<Arc<Route>>,
    first: Lent,
    span_at: Option<usize>,
    body: usize,
    upstream: Option<Upstream>,
    /// Bytes of the request so far.
    used: usize,
}

/// Routes it, and writes what its target gets first.
fn request(
    site: &Site,
    record: &Record,
    bytes: &[u8],
    head: &RequestHead<'_, '_>,
    account: &mut Account,
) -> Result<Prepared, Refusal> {
    account.bytes_in = head.length as u64;
    let mut exchange = Exchange::begin(head, &site.limits)?;
    let mut used = head.length;
    let query = Query {
        host: head.host.as_bytes(),
        path: head.path.as_bytes(),
        method: head.method.as_bytes(),
        fields: head.fields,
    };
    let (mut first, mut so_far) = (Lent::new(), 0);
    let (mut upstream, mut span_at) = (None, None);
    let route = site.routes.find(&query).cloned();
    if let Some(route) = &route {
        account.routed(route);
        match &route.target {
            Target::Pool { rewrite, pool } => {
                let mut rewritten = Lent::new();
                let path = match rewrite {
                    Some(rewrite) => {
                        rewrite.write(query.path, &mut rewritten);
                        &rewritten[..]
                    }
                    None => query.path,
                };
                let client = record.client().ip().to_canonical();
                let keyed = Keyed { client, path: query.path, fields: head.fields };
                let pool = site.upstreams.directory.pool(pool);
                upstream = pool.map(|pool| Upstream::of(pool, &keyed));
                let trusted = (site.trusted)(client);
                let trace = account.trace.as_ref().map(|trace| OnwardTrace {
                    context: trace.first_try(),
                    is_clients: trace.origin.parent.is_some(),
                });
                let onward = Onward { path, client, trusted, close: false, trace };
                span_at = head.write(&mut first, &onward);
                let (body, before) = (&bytes[used..], first.len());
                let taken = exchange.from_client(body, &mut first)?;
                if taken.verbatim {
                    first.extend_from_slice(&body[..taken.used]);
                }
                so_far = first.len() - before;
                used += taken.used;
            }
            Target::Redirect(redirect) if redirect.wants_host() && head.host.is_empty() => {
                return Err(Refusal::NoHost);
            }
            Target::Redirect(redirect) => {
                redirect.location(query.host, query.path, &mut first);
            }
            Target::Answer(_) => {}
        }
    }
    account.bytes_in = used as u64;
    Ok(Prepared { exchange, route, first, span_at, body: so_far, upstream, used })
}
