//! Whole pools in virtual time: thousands of small worlds, each drawn from a seed.
//!
//! A world has backends that come and go, lie, crawl and die; clients whose requests are tried again
//! as [`handler::http`](crate::handler) does it; probes, upkeep, and an operator who changes members,
//! weights and settings. What the pool does is compared, step by step, with what the test itself knows
//! of the backends.
//!
//! | file | holds |
//! |---|---|
//! | `scenario` | what is drawn from the seed |
//! | `nature` | how a backend behaves |
//! | `cell` | what must be known of a backend, written from the design and not from the code |
//! | `sight` | who may serve, by the same |
//! | `world` | time, and what happens in it |
//! | `operator` | probes, upkeep, and changes of members and settings |
//! | `requests` | clients and their requests |
//! | `leases` | what is checked whenever a lease is given or refused |
//! | `line` | who waits, and what is checked of them |
//! | `ramp` | that who comes back gets no more than its share |
//! | `purse` | that no more is sent again than the budget allows |
//!
//! `SEED=7 cargo test -p trunkline-actors simulation` replays one world and tells what happens in it;
//! `SEEDS=100000` looks at more of them.

use std::panic::catch_unwind;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use self::world::{Seen, World};

mod cell;
mod leases;
mod line;
mod nature;
mod operator;
mod purse;
mod ramp;
mod requests;
mod scenario;
mod sight;
mod world;

/// How many worlds are looked at.
const SEEDS: u64 = 2_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

#[test]
fn pools_keep_their_promises_whatever_their_backends_do() {
    if let Some(seed) = number("SEED") {
        println!("{:?}", World::run(seed, true));
        return;
    }
    let count = number("SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let work = || {
        let mut seen = Seen::default();
        loop {
            let seed = next.fetch_add(1, SeqCst);
            if seed >= count {
                return (seen, None);
            }
            match catch_unwind(|| World::run(seed, false)) {
                Ok(more) => seen.add(&more),
                Err(_) => {
                    next.store(count, SeqCst);
                    return (seen, Some(seed));
                }
            }
        }
    };
    let workers = thread::available_parallelism().map_or(2, usize::from);
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut seen = Seen::default();
    for (of_worker, failed) in results {
        assert_eq!(failed, None, "run it again with this number in SEED to see what happened");
        seen.add(&of_worker);
    }
    println!("{count} worlds: {seen:?}");
    // What never happens is not tested.
    assert!(count < SEEDS || seen.is_full(), "too little has happened: {seen:?}");
}
