//! `control/resolver`: asks name servers for the pools.
//!
//! It owns a resolver of the hickory library. The tasks which that one spawns to read its sockets
//! are the library's: nobody supervises them, they end with their sockets, and a look-up that lost
//! its own fails at its deadline.

mod dns;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use serde_json::json;
use tracing::{Instrument, info_span};
use trunkline_runtime::trace::TraceContext;
use trunkline_runtime::{
    Actor, Address, ChildSpec, Context, Detail, Failure, Handles, Message, Reply,
};

use crate::discovery::{Found, Lookup, LookupError};
use dns::Dns;

/// How many look-ups are under way at once; the others wait in order. Each is a question or two for
/// servers that are mostly near: more would be a burst that they may answer by dropping.
const UNDER_WAY: usize = 64;

/// How many look-ups may wait for their turn.
const WAITING: usize = 4096;

/// The mailbox takes what all pools ask at one time, as at the start.
const MAILBOX: u32 = 4096;

/// How names are asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolverSettings {
    /// The name servers; where there are none, those of `/etc/resolv.conf`, with its search list.
    pub servers: Vec<SocketAddr>,
    /// How long one try may take.
    pub timeout: Duration,
    /// How often a question is put before it has failed.
    pub attempts: NonZeroU32,
}

impl Default for ResolverSettings {
    /// The servers of the system; two tries of two seconds.
    fn default() -> Self {
        let attempts = NonZeroU32::MIN.saturating_add(1);
        Self { servers: Vec::new(), timeout: Duration::from_secs(2), attempts }
    }
}

impl ResolverSettings {
    /// After so long a look-up has failed, whatever the library does. Twice the tries: a search
    /// list and the targets of SRV records need further questions.
    fn deadline(&self) -> Duration {
        self.timeout.saturating_mul(self.attempts.get()).saturating_mul(2)
    }
}

/// A look-up is answered within the deadline of the resolver, once its turn has come; what asks it
/// needs none of its own. The answer is not cached: its time to live is the asker's to keep.
impl Message for Lookup {
    type Answer = Result<Found, LookupError>;
}

/// A look-up that waits for its turn, and the trace in which it was asked for.
type Waiting = (Lookup, Reply<Result<Found, LookupError>>, Option<TraceContext>);

/// The actor. What is under way is lost with a crash: whoever asked learns at once, and asks again.
pub struct Resolver {
    settings: Arc<ResolverSettings>,
    /// None until first needed, and after its files have changed.
    dns: Option<Dns>,
    /// With the trace in which they were asked for.
    waiting: VecDeque<Waiting>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    under_way: AtomicUsize,
    waiting: AtomicUsize,
    answered: AtomicU64,
    failed: AtomicU64,
}

/// The resolver as a child, and where to ask it.
#[must_use]
pub fn spec(settings: ResolverSettings) -> (ChildSpec, Address<Resolver>) {
    let settings = Arc::new(settings);
    let resolver = move || Resolver {
        settings: Arc::clone(&settings),
        dns: None,
        waiting: VecDeque::new(),
        counts: Arc::default(),
    };
    ChildSpec::leaf("resolver", resolver).mailbox(MAILBOX).build()
}

impl Actor for Resolver {
    fn started(&mut self, cx: &mut Context<'_, Self>) -> Result<(), Failure> {
        cx.show(Arc::clone(&self.counts) as _);
        Ok(())
    }
}

impl Handles<Lookup> for Resolver {
    fn handle(
        &mut self,
        lookup: Lookup,
        reply: Reply<Result<Found, LookupError>>,
        cx: &mut Context<'_, Self>,
    ) {
        if self.counts.under_way.load(Relaxed) < UNDER_WAY {
            self.begin(lookup, reply, cx);
        } else if self.waiting.len() < WAITING {
            self.waiting.push_back((lookup, reply, TraceContext::current()));
            self.counts.waiting.store(self.waiting.len(), Relaxed);
        } else {
            reply.send(Err(LookupError::Busy));
        }
    }
}

impl Resolver {
    fn begin(
        &mut self,
        lookup: Lookup,
        reply: Reply<Result<Found, LookupError>>,
        cx: &mut Context<'_, Self>,
    ) {
        let dns = match self.dns.take() {
            Some(dns) if dns.is_current() => dns,
            Some(_) | None => Dns::load(&self.settings),
        };
        self.dns = Some(dns.clone());
        let deadline = self.settings.deadline();
        self.counts.under_way.fetch_add(1, Relaxed);
        let span = info_span!("resolve", name = lookup.name());
        let answer = async move { tokio::time::timeout(deadline, dns.look_up(&lookup)).await };
        let answer = answer.instrument(span);
        cx.pipe(answer, |state, answer, cx| {
            let answer = answer.unwrap_or(Err(LookupError::Silence));
            let count = if answer.is_ok() { &state.counts.answered } else { &state.counts.failed };
            count.fetch_add(1, Relaxed);
            state.counts.under_way.fetch_sub(1, Relaxed);
            reply.send(answer);
            if let Some((lookup, reply, trace)) = state.waiting.pop_front() {
                state.counts.waiting.store(state.waiting.len(), Relaxed);
                // It only waited for the one before.
                let _entered = trace.map_or_else(TraceContext::leave, TraceContext::enter);
                state.begin(lookup, reply, cx);
            }
        });
    }
}

impl Detail for Counts {
    fn detail(&self) -> serde_json::Value {
        json!({
            "under_way": self.under_way.load(Relaxed),
            "waiting": self.waiting.load(Relaxed),
            "answered": self.answered.load(Relaxed),
            "failed": self.failed.load(Relaxed),
        })
    }
}
