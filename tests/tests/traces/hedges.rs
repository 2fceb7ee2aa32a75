//! The spans of a request for which a second backend is asked while the first takes its time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use parking_lot::{Condvar, Mutex};

use crate::edge::{Edge, OK, Plan, get};
use crate::origin::{Origin, path};
use crate::requests::ANSWERED;
use crate::rig::SOON;
use crate::told::expect_attributes;

/// A second backend is asked much sooner than that, once it is at all.
const LONG: Duration = Duration::from_millis(500);

/// What two origins have been asked together.
#[derive(Default)]
struct Asked {
    /// How often which path was asked for.
    paths: Mutex<HashMap<String, u32>>,
    changed: Condvar,
}

impl Asked {
    /// Notes that a path was asked for; says how often it was.
    fn note(&self, path: &str) -> u32 {
        let mut paths = self.paths.lock();
        let count = paths.entry(path.to_owned()).or_default();
        *count += 1;
        self.changed.notify_all();
        *count
    }

    /// Waits until a path was asked for so often.
    fn wait(&self, path: &str, times: u32, within: Duration) -> bool {
        let until = Instant::now() + within;
        let mut paths = self.paths.lock();
        while paths.get(path).copied().unwrap_or_default() < times {
            if self.changed.wait_until(&mut paths, until).timed_out() {
                return false;
            }
        }
        true
    }

    /// When the answer to a path comes depends on its name, and on which question this is.
    fn answer(&self, path: &str) -> Option<&'static str> {
        let number = self.note(path);
        if path.starts_with("/warm/") && number == 1 {
            self.wait(path, 2, LONG);
        } else if path == "/first-wins" && number == 1 {
            self.wait(path, 2, SOON);
        } else if path.ends_with("-wins") && (path == "/first-wins") == (number == 2) {
            // The test says so, when it has its answer.
            self.wait("over", 1, SOON);
        }
        Some(OK)
    }
}

#[test]
fn of_two_that_are_asked_the_slower_is_overtaken_and_no_failure() -> Result<()> {
    let asked = Arc::<Asked>::default();
    let origin = || {
        let asked = Arc::clone(&asked);
        Origin::start(move |head| asked.answer(path(head)))
    };
    let origins = [origin()?, origin()?];
    let pool = "fall = 100\neject.failures = 0\nattempts = 4\n\
                retry = { hedge = 95, budget = 100 }";
    let addresses = origins.each_ref().map(Origin::address);
    let edge = Edge::start(&Plan { pool, ..Plan::HTTP }, &addresses)?;
    let mut client = edge.connect()?;
    let mut ask = |path: &str| {
        client.send(get(path, ""))?;
        ensure!(client.answer()?.text() == "ok", "no answer to {path}");
        anyhow::Ok(())
    };
    let began = Instant::now();
    for round in 0.. {
        // Few of all are slow.
        (0..100).try_for_each(|_| ask("/fast"))?;
        let path = format!("/warm/{round}");
        ask(&path)?;
        if asked.wait(&path, 2, Duration::ZERO) {
            break;
        }
        ensure!(began.elapsed() < SOON, "nobody else was ever asked");
    }
    for path in ["/second-wins", "/first-wins"] {
        (0..10).try_for_each(|_| ask("/fast"))?;
        ask(path)?;
    }
    asked.note("over");
    let told = edge.end()?;
    let both: Vec<_> =
        ANSWERED.into_iter().chain(["lease < GET all", "try < GET all [client]"]).collect();
    for (path, outcomes) in
        [("/second-wins", ["overtaken", "answered"]), ("/first-wins", ["answered", "overtaken"])]
    {
        let trace = told.of_path(path)?;
        trace.expect(&both)?;
        let tries = trace.all("try");
        for (of_two, outcome) in tries.iter().zip(outcomes) {
            expect_attributes(of_two, &[("trunkline.outcome", outcome)])?;
        }
        let second = [("trunkline.hedge", "true"), ("http.request.resend_count", "1")];
        expect_attributes(tries[1], &second)?;
        // At the same time.
        ensure!(tries[1].start_time_unix_nano < tries[0].end_time_unix_nano, "{tries:#?}");
    }
    Ok(())
}
