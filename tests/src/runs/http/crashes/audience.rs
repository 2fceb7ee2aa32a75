//! Clients that ask at a steady rate until they are told to stop.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow, ensure};

use crate::runs::pace::Pace;
use crate::web::body::{Body, Target};
use crate::web::client::{Client, Outcome, Request};

/// How often who is busy asks; who makes a connection for each request does as well.
const OFTEN: Duration = Duration::from_millis(65);
const SELDOM: Duration = Duration::from_secs(1);
/// An answer: some KiB, in pieces with as long before each, so that most of the time one is under way.
const ANSWER: u64 = 6 * 1024;
const PIECES: u64 = 4;
const PAUSE: Duration = Duration::from_millis(8);
/// The body of every other request, which comes in two pieces.
const UPLOAD: u64 = 3 * 1024;
/// Requests of one client.
const MOST: u64 = 1 << 20;

/// What a client does with its connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    /// Keeps one, and asks often.
    Busy,
    /// Makes one for each request.
    New,
    /// Keeps one, and asks seldom.
    Seldom,
}

/// A request that was made.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) seed: u64,
    pub(super) habit: Habit,
    pub(super) outcome: Outcome,
    pub(super) nanos: u64,
}

/// What they have seen.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) asked: Vec<Asked>,
    /// Connections that were kept and had ended before the next request was sent.
    pub(super) ended_idle: u64,
    /// Connections on which something came that nobody had asked for.
    pub(super) spoke: Vec<String>,
}

/// Clients at work.
#[derive(Debug)]
pub(super) struct Audience {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<Told>>,
}

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    /// Clients that have been answered.
    served: AtomicU32,
}

impl Audience {
    /// Starts `each` clients of each habit; the numbers of all their requests are above `first`.
    pub(super) fn start(to: SocketAddr, first: u64, each: u32, habits: &[Habit]) -> Result<Self> {
        let shared = Arc::new(Shared::default());
        let mut threads = Vec::new();
        for (number, habit) in (0..each).flat_map(|_| habits).enumerate() {
            let (seed, habit) = (first + (number as u64 + 1) * MOST, *habit);
            let person = Person { to, habit, seed, kept: None, told: Told::default() };
            let shared = Arc::clone(&shared);
            let thread = Builder::new().name("audience".to_owned());
            threads.push(thread.spawn(move || person.ask_until_over(&shared))?);
        }
        Ok(Self { shared, threads })
    }

    /// Waits until each has had an answer.
    pub(super) fn wait_until_all_are_served(&self, patience: Duration) -> Result<()> {
        let (until, all) = (Instant::now() + patience, self.threads.len());
        let mut pace = Pace::every(Duration::from_millis(10));
        while (self.shared.served.load(Relaxed) as usize) < all {
            ensure!(Instant::now() < until, "not all {all} clients served within {patience:?}");
            pace.wait();
        }
        Ok(())
    }

    /// Lets all have their last answers; what they have seen.
    pub(super) fn finish(self) -> Result<Told> {
        self.shared.over.store(true, Relaxed);
        let mut all = Told::default();
        for thread in self.threads {
            let told = thread.join().map_err(|_| anyhow!("a client panicked"))?;
            all.asked.extend(told.asked);
            all.ended_idle += told.ended_idle;
            all.spoke.extend(told.spoke);
        }
        Ok(all)
    }
}

struct Person {
    to: SocketAddr,
    habit: Habit,
    /// Of the last request.
    seed: u64,
    kept: Option<Client>,
    told: Told,
}

impl Person {
    fn ask_until_over(mut self, shared: &Shared) -> Told {
        let period = if self.habit == Habit::Seldom { SELDOM } else { OFTEN };
        let mut pace = Pace::every(period);
        while !shared.over.load(Relaxed) {
            pace.wait();
            self.seed += 1;
            let request = self.request();
            let began = Instant::now();
            let outcome = self.ask(&request).unwrap_or_else(|error| {
                Outcome::Wrong(format!("no connection for {}: {error}", request.target))
            });
            let nanos = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            if self.told.asked.is_empty() {
                shared.served.fetch_add(1, Relaxed);
            }
            let (seed, habit) = (self.seed, self.habit);
            self.told.asked.push(Asked { seed, habit, outcome, nanos });
        }
        self.told
    }

    fn request(&self) -> Request {
        let even = self.seed.is_multiple_of(2);
        let answer = Body { bytes: ANSWER, pieces: PIECES, pause: PAUSE, chunked: even };
        let upload = Body { bytes: UPLOAD, pieces: 2, pause: PAUSE / 2, chunked: !even };
        let posts = self.seed % 4 < 2;
        Request {
            target: Target { seed: self.seed, answer },
            upload: posts.then_some(upload),
            close: self.habit == Habit::New,
        }
    }

    fn ask(&mut self, request: &Request) -> io::Result<Outcome> {
        let kept = self.kept.take().filter(|kept| match kept.is_over() {
            Ok(false) => true,
            Ok(true) => {
                self.told.ended_idle += 1;
                false
            }
            Err(error) => {
                self.told.spoke.push(error.to_string());
                false
            }
        });
        let mut client = match kept {
            Some(kept) => kept,
            None => Client::connect(self.to)?,
        };
        let outcome = client.ask(request);
        if outcome == Outcome::Served && !request.close {
            self.kept = Some(client);
        }
        Ok(outcome)
    }
}
