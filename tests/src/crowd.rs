//! Clients of HTTP that ask at a steady rate, each request by a name of its own, and write down what
//! became of it.
//!
//! What they ask for is what [`origin`](crate::origin) understands, over connections that they keep.
//! A client whose answer is late leaves out what it would have asked meanwhile.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};
use parking_lot::{RwLock, RwLockWriteGuard};

use crate::clock::monotonic_nanos;
use crate::http::wire::Wire;
use crate::latency::Latency;
use crate::origin::ID;
use crate::runs::pace::{Pace, rest};

/// Bytes of an answer, and of the body of a POST.
const BYTES: usize = 64;

/// Who asks, and how often.
#[derive(Clone, Copy, Debug)]
pub struct CrowdPlan {
    /// Whom.
    pub to: SocketAddr,
    /// What the names of its requests begin with.
    pub name: &'static str,
    /// How many at once.
    pub clients: u32,
    /// From one request of a client to the next. They begin one after the other, spread over it.
    pub period: Duration,
    /// Whether they send POSTs. Else GETs.
    pub posts: bool,
}

/// A request that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its name.
    pub id: String,
    /// When it was begun, in nanoseconds of the monotonic clock.
    pub began_nanos: u64,
    /// When its fate was known.
    pub ended_nanos: u64,
    /// What became of it: a status, or why there was no answer.
    pub outcome: Result<u16, String>,
}

impl Asked {
    /// Whether it was served.
    pub fn is_served(&self) -> bool {
        self.outcome == Ok(200)
    }

    /// How long it took.
    pub fn nanos(&self) -> u64 {
        self.ended_nanos - self.began_nanos
    }
}

/// The distribution of how long they took.
pub fn latency<'a>(asked: impl IntoIterator<Item = &'a Asked>) -> Latency {
    Latency::of(asked.into_iter().map(Asked::nanos).collect())
}

/// Clients at work.
#[derive(Debug)]
pub struct Crowd {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Vec<Asked>>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    served: AtomicU64,
    /// Held by every request that is under way; by one alone who wants none.
    gate: RwLock<()>,
}

impl Crowd {
    /// Starts them.
    ///
    /// # Errors
    /// When there are no threads for them.
    pub fn start(plan: CrowdPlan) -> Result<Self> {
        let shared = Arc::<Shared>::default();
        let mut threads = Vec::new();
        for number in 0..plan.clients {
            let shared = Arc::clone(&shared);
            let client = Client { plan, number, kept: None };
            let thread = Builder::new().name("crowd".to_owned());
            threads.push(thread.spawn(move || client.ask_until_over(&shared))?);
        }
        Ok(Self { shared, threads })
    }

    /// Requests served so far.
    pub fn served(&self) -> u64 {
        self.shared.served.load(Relaxed)
    }

    /// Waits until `more` requests have been served.
    ///
    /// # Errors
    /// When that does not happen within `patience`.
    pub fn wait_until_served(&self, more: u64, patience: Duration) -> Result<()> {
        let (until, wanted) = (Instant::now() + patience, self.served() + more);
        let mut pace = Pace::every(Duration::from_millis(5));
        while self.served() < wanted {
            ensure!(Instant::now() < until, "no {more} requests served within {patience:?}");
            pace.wait();
        }
        Ok(())
    }

    /// Waits until no request is under way, and lets none begin as long as the answer is held.
    pub fn hold(&self) -> RwLockWriteGuard<'_, ()> {
        self.shared.gate.write()
    }

    /// As [`Crowd::finish`], once they have asked for this time.
    ///
    /// # Errors
    /// As [`Crowd::finish`].
    pub fn finish_after(self, time: Duration) -> Result<Vec<Asked>> {
        rest(time);
        self.finish()
    }

    /// Lets all have their last answers; all that was asked.
    ///
    /// # Errors
    /// When a client has panicked.
    pub fn finish(self) -> Result<Vec<Asked>> {
        self.shared.over.store(true, Relaxed);
        let mut all = Vec::new();
        for thread in self.threads {
            all.extend(thread.join().map_err(|_| anyhow!("a client panicked"))?);
        }
        Ok(all)
    }
}

struct Client {
    plan: CrowdPlan,
    number: u32,
    kept: Option<Wire>,
}

impl Client {
    fn ask_until_over(mut self, shared: &Shared) -> Vec<Asked> {
        let CrowdPlan { name, period, .. } = self.plan;
        let begin = period * self.number / self.plan.clients.max(1);
        let (mut all, mut pace) = (Vec::new(), Pace::every_from(begin, period));
        while !shared.over.load(Relaxed) {
            pace.wait();
            let id = format!("{name}-{}-{}", self.number, all.len());
            let _under_way = shared.gate.read();
            let (began, began_nanos) = (Instant::now(), monotonic_nanos());
            let outcome = self.ask(&id);
            let ended_nanos = monotonic_nanos();
            let outcome = outcome.map_err(|error| format!("{error:#}"));
            let asked = Asked { id, began_nanos, ended_nanos, outcome };
            shared.served.fetch_add(asked.is_served().into(), Relaxed);
            all.push(asked);
            if began.elapsed() > period {
                pace = Pace::every(period);
            }
        }
        all
    }

    fn ask(&mut self, id: &str) -> Result<u16> {
        let CrowdPlan { to, posts, .. } = self.plan;
        // One that the server has ended meanwhile is none to ask on (RFC 9112 §9.5).
        let kept = self
            .kept
            .take()
            .and_then(|mut wire| wire.is_quiet().is_ok_and(|quiet| quiet).then_some(wire));
        let mut wire = match kept {
            Some(wire) => wire,
            None => Wire::connect(to)?,
        };
        let (method, length, body) = if posts {
            ("POST", format!("Content-Length: {BYTES}\r\n"), "x".repeat(BYTES))
        } else {
            ("GET", String::new(), String::new())
        };
        wire.send(format!(
            "{method} /bytes/{BYTES} HTTP/1.1\r\nHost: {to}\r\n{ID}: {id}\r\n{length}\r\n{body}"
        ))?;
        let answer = wire.answer()?;
        ensure!(
            answer.status != 200 || answer.body == [b'x'; BYTES],
            "another answer: {:?}",
            answer.head
        );
        if !answer.closes() {
            self.kept = Some(wire);
        }
        Ok(answer.status)
    }
}
