use std::cell::Cell;
use std::thread;

use futures_util::FutureExt as _;
use tokio::time::{advance, sleep};

use super::*;

mod hook;
mod meddlers;
mod properties;
mod restart;

const TTL: Duration = Duration::from_secs(100);

fn store(capacity: usize) -> Idempotency<u32, &'static str> {
    Idempotency::new(capacity, TTL)
}

fn first(claim: Claim<u32, &'static str>) -> Ticket<u32, &'static str> {
    let Claim::First(ticket) = claim else { panic!("not the first: {claim:?}") };
    ticket
}

#[test]
fn a_repeated_request_gets_the_answer_of_the_first() {
    let (store, now) = (store(10), Instant::now());
    let ticket = first(store.claim(1, now));
    assert!(matches!(store.claim(1, now), Claim::Running));
    ticket.complete("paid", now);
    assert!(matches!(store.claim(1, now), Claim::Repeated("paid")));
    let clone = store.clone();
    assert!(matches!(clone.claim(1, now), Claim::Repeated("paid")));
}

#[test]
fn a_dropped_ticket_leaves_its_key_interrupted_until_the_author_forgets_it() {
    let (store, now) = (store(10), Instant::now());
    drop(first(store.claim(1, now)));
    assert!(matches!(store.claim(1, now), Claim::Interrupted));
    assert!(store.forget(&1));
    assert!(!store.forget(&1));
    first(store.claim(1, now)).complete("paid", now);
}

#[test]
fn an_interrupted_key_expires() {
    let store = store(10);
    drop(first(store.claim(1, Instant::now())));
    assert!(matches!(store.claim(1, Instant::now() + TTL / 2), Claim::Interrupted));
    assert!(matches!(store.claim(1, Instant::now() + TTL), Claim::First(_)));
}

#[test]
fn a_released_ticket_frees_its_key() {
    let (store, now) = (store(10), Instant::now());
    first(store.claim(1, now)).release();
    assert!(store.is_empty());
    first(store.claim(1, now)).complete("paid", now);
}

#[test]
fn an_answer_is_kept_for_its_time_after_completion() {
    let (store, start) = (store(10), Instant::now());
    let ticket = first(store.claim(1, start));
    let completed = start + TTL * 3;
    ticket.complete("paid", completed);
    let last = completed + TTL - Duration::from_nanos(1);
    assert!(matches!(store.claim(1, last), Claim::Repeated("paid")));
    assert!(matches!(store.claim(1, completed + TTL), Claim::First(_)));
}

#[test]
fn the_oldest_answer_makes_room_and_what_runs_never_does() {
    let (store, now) = (store(3), Instant::now());
    let running = first(store.claim(0, now));
    for key in 1..=3 {
        first(store.claim(key, now)).complete("paid", now);
    }
    assert!(matches!(store.claim(0, now), Claim::Running));
    assert!(matches!(store.claim(3, now), Claim::Repeated(_)));
    assert!(matches!(store.claim(2, now), Claim::Repeated(_)));
    assert_eq!(store.len(), 3);
    first(store.claim(1, now)).complete("paid again", now);
    drop(running);
}

#[test]
fn a_store_of_running_and_interrupted_keys_is_full() {
    let (store, now) = (store(2), Instant::now());
    drop(first(store.claim(1, now)));
    let running = first(store.claim(2, now));
    assert!(matches!(store.claim(3, now), Claim::Full));
    assert!(matches!(store.claim(2, now), Claim::Running));
    running.release();
    assert!(matches!(store.claim(3, now), Claim::First(_)));
}

#[test]
fn what_expired_goes_before_an_answer_that_has_not() {
    let (store, start) = (store(2), Instant::now());
    drop(first(store.claim(1, start)));
    let later = Instant::now() + TTL;
    first(store.claim(2, start)).complete("paid", later - TTL / 2);
    first(store.claim(3, later)).release();
    assert!(matches!(store.claim(2, later), Claim::Repeated("paid")));
}

#[test]
fn a_store_without_room_refuses_and_one_without_time_forgets() {
    let now = Instant::now();
    assert!(matches!(store(0).claim(1, now), Claim::Full));
    let forgetful = Idempotency::new(1, Duration::ZERO);
    first(forgetful.claim(1, now)).complete("paid", now);
    assert!(matches!(forgetful.claim(1, now), Claim::First(_)));
}

#[test]
fn expired_answers_are_freed_faster_than_new_ones_come() {
    let (store, start) = (store(1000), Instant::now());
    for key in 0..1000 {
        first(store.claim(key, start)).complete("paid", start);
    }
    for key in 1000..1500 {
        first(store.claim(key, start + TTL)).complete("paid", start + TTL);
    }
    assert_eq!(store.len(), 500);
}

#[test]
fn of_many_threads_one_is_the_first() {
    let (store, now) = (store(10), Instant::now());
    let firsts = thread::scope(|scope| {
        let claim = || match store.claim(1, now) {
            Claim::First(ticket) => {
                ticket.complete("paid", now);
                1
            }
            Claim::Repeated(_) | Claim::Running => 0,
            Claim::Interrupted | Claim::Full => panic!("neither crashed nor full"),
        };
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(move || (0..500).map(|_| claim()).sum::<u32>())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum::<u32>()
    });
    assert_eq!(firsts, 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_is_woken_by_the_answer() {
    let (store, start) = (store(10), Instant::now());
    let ticket = first(store.claim_or_wait(1, TTL).await);
    let complete = async {
        sleep(TTL / 4).await;
        ticket.complete("paid", Instant::now());
    };
    let (one, other, ()) =
        tokio::join!(store.claim_or_wait(1, TTL), store.claim_or_wait(1, TTL), complete);
    assert!(matches!((one, other), (Claim::Repeated("paid"), Claim::Repeated("paid"))));
    assert_eq!(start.elapsed(), TTL / 4);
}

#[tokio::test(start_paused = true)]
async fn of_those_who_wait_for_a_freed_key_one_is_the_next() {
    let (store, firsts) = (store(10), Cell::new(0));
    let ticket = first(store.claim(1, Instant::now()));
    let wait = async || {
        let claim = store.claim_or_wait(1, TTL).await;
        if matches!(claim, Claim::Repeated("paid")) {
            return;
        }
        let ticket = first(claim);
        firsts.set(firsts.get() + 1);
        sleep(Duration::from_secs(1)).await;
        ticket.complete("paid", Instant::now());
    };
    tokio::join!(wait(), wait(), wait(), async { ticket.release() });
    assert_eq!(firsts.get(), 1);
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_hears_that_it_was_cut_off() {
    let store = store(10);
    let ticket = first(store.claim(1, Instant::now()));
    let (claim, ()) = tokio::join!(store.claim_or_wait(1, TTL), async { drop(ticket) });
    assert!(matches!(claim, Claim::Interrupted));
}

#[tokio::test(start_paused = true)]
async fn a_wait_is_bounded() {
    let (store, start) = (store(10), Instant::now());
    let _ticket = first(store.claim(1, start));
    let claim = store.claim_or_wait(1, Duration::from_secs(5)).await;
    assert!(matches!(claim, Claim::Running));
    assert_eq!(start.elapsed(), Duration::from_secs(5));
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_is_given_up_leaves_nothing_behind() {
    let store = store(10);
    let ticket = first(store.claim(1, Instant::now()));
    {
        let mut wait = std::pin::pin!(store.claim_or_wait(1, TTL));
        assert!(wait.as_mut().now_or_never().is_none());
        // Woken, but never polled again.
        ticket.release();
    }
    assert!(store.is_empty());
    advance(TTL).await;
    drop(first(store.claim(1, Instant::now())));
}
