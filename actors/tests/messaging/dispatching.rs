//! Messages to one of a group of actors that crash, end, are full or say nothing.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;
use trunkline_actors::dispatch::{
    CRASHES, Dispatch, KeyHash, LeastMailbox, OnCrash, RoundRobin, Why,
};
use trunkline_runtime::{Placement, Restart, SupervisorSpec};

use crate::universe::{TIRELESS, Universe, run, run_with_workers};
use crate::worker::{Job, Plan};

/// Every tenth job crashes whoever has it.
fn job(number: u64) -> Job {
    if number % 10 == 9 { Job::Crash } else { Job::Return(number) }
}

fn key(job: &Job) -> u64 {
    match job {
        Job::Return(number) => *number,
        Job::Crash | Job::Finish | Job::Keep => 0,
    }
}

/// How a round of questions ended.
#[derive(Debug, Default)]
struct Tally {
    answered: u64,
    crashed: u64,
    refused: u64,
    late: u64,
}

/// Puts `jobs` questions in batches and waits for how each of them ends.
async fn tally(dispatch: &Dispatch<Job>, jobs: u64, within: Duration) -> Tally {
    let mut tally = Tally::default();
    for batch in 0..jobs / 100 {
        let numbers: Vec<u64> = (batch * 100..(batch + 1) * 100).collect();
        let asked = numbers.iter().map(|number| dispatch.ask(job(*number), within));
        for (number, answer) in numbers.iter().zip(join_all(asked).await) {
            match answer {
                Ok(answer) => {
                    assert_eq!(answer, *number, "somebody else's answer");
                    tally.answered += 1;
                }
                Err(error) => match error.why {
                    Why::Crashed => tally.crashed += 1,
                    Why::Empty | Why::Closed | Why::Refused => {
                        assert!(!error.may_have_acted);
                        tally.refused += 1;
                    }
                    Why::Deadline => tally.late += 1,
                    Why::Stopped | Why::Unanswered => panic!("{error}"),
                },
            }
        }
    }
    tally
}

fn count(dispatch: &Dispatch<Job>, name: &str) -> u64 {
    trunkline_runtime::Detail::detail(dispatch)[name].as_u64().expect("a count")
}

/// Eight workers with room for `mailbox` messages each, and 2,000 jobs in batches of 100.
async fn under_crashes(
    u: &Universe,
    dispatch: Dispatch<Job>,
    mailbox: u32,
    on: impl Fn(u64) -> Placement,
) -> (Tally, u64) {
    let plan = Plan::new(None, None);
    let mut team = SupervisorSpec::new("team", TIRELESS);
    let mut members = Vec::new();
    for number in 0..8 {
        // Members while they rest, too: what they are given then waits for their restart.
        let (spec, address) = plan.worker(number, on(number)).mailbox(mailbox).build();
        members.push(dispatch.join(address));
        team = team.child(spec);
    }
    u.root.start_child(team).expect("the spec is sound");
    let tally = tally(&dispatch, 2000, Duration::from_secs(20)).await;
    assert_eq!(tally.answered + tally.crashed + tally.refused + tally.late, 2000);
    assert_eq!(count(&dispatch, "delivered"), tally.answered);
    assert_eq!(count(&dispatch, "failed"), tally.crashed + tally.refused + tally.late);
    drop(members);
    assert_eq!(dispatch.members(), 0);
    (tally, plan.begun.load(Ordering::Relaxed))
}

fn crashes_in_virtual_time(algorithm: fn() -> Dispatch<Job>) {
    for (on_crash, tries) in [(OnCrash::Fail, 1), (OnCrash::Retry, u64::from(CRASHES))] {
        run(move |u: Universe| async move {
            let dispatch = algorithm().on_crash(on_crash);
            let (tally, begun) = under_crashes(&u, dispatch, 64, |_| Placement::Control).await;
            assert_eq!((tally.answered, tally.crashed), (1800, 200), "{tally:?}");
            assert_eq!(begun, 1800 + 200 * tries);
        });
    }
}

#[test]
fn whatever_crashes_under_round_robin_delivered_and_failed_are_what_was_sent() {
    crashes_in_virtual_time(|| Dispatch::new("jobs", RoundRobin::default()));
}

#[test]
fn whatever_crashes_under_least_mailbox_delivered_and_failed_are_what_was_sent() {
    crashes_in_virtual_time(|| Dispatch::new("jobs", LeastMailbox::default()));
}

#[test]
fn whatever_crashes_under_hash_delivered_and_failed_are_what_was_sent() {
    crashes_in_virtual_time(|| Dispatch::new("jobs", KeyHash::by(key)));
}

#[test]
fn with_room_for_half_the_jobs_the_rest_is_refused_and_not_lost() {
    run(|u: Universe| async move {
        let dispatch = Dispatch::new("jobs", LeastMailbox::default());
        let (tally, begun) = under_crashes(&u, dispatch, 6, |_| Placement::Control).await;
        assert_eq!(tally.refused, 20 * (100 - 8 * 6), "{tally:?}");
        assert_eq!(begun, tally.answered + tally.crashed);
    });
}

#[test]
fn across_threads_delivered_and_failed_are_what_was_sent() {
    let dispatch = Dispatch::new("jobs", LeastMailbox::default()).on_crash(OnCrash::Retry);
    run_with_workers(2, |u: Universe| async move {
        let on = |number| Placement::Worker(usize::from(number % 2 == 1));
        let (tally, _) = under_crashes(&u, dispatch, 64, on).await;
        assert!(tally.answered > 0 && tally.crashed > 0, "{tally:?}");
    });
}

#[test]
fn a_crash_is_the_askers_unless_a_retry_is_wanted() {
    run(|u: Universe| async move {
        let dispatch = Dispatch::new("jobs", RoundRobin::default());
        let plan = Plan::new(Some(dispatch.clone()), None);
        for number in 0..5 {
            let worker = plan.worker(number, Placement::Control);
            u.root.start_child(worker).expect("the spec is sound");
        }
        u.pass(1).await;
        let within = Duration::from_secs(1);
        let error = dispatch.ask(Job::Crash, within).await.expect_err("it crashes");
        assert_eq!((error.why, error.tried.len()), (Why::Crashed, 1));
        assert_eq!(plan.begun.load(Ordering::Relaxed), 1);
        assert_eq!(dispatch.members(), 4, "it rests, and has left");

        let error = dispatch.clone().on_crash(OnCrash::Retry).ask(Job::Crash, within).await;
        let error = error.expect_err("it crashes whoever has it");
        assert_eq!((error.why, error.tried.len()), (Why::Crashed, 3));
        assert_eq!(plan.begun.load(Ordering::Relaxed), 4);
        assert_eq!(dispatch.ask(Job::Return(1), within).await.ok(), Some(1), "one is left");
        u.pass(1000).await;
        assert_eq!(dispatch.members(), 5);
    });
}

#[test]
fn what_has_ended_is_passed_over() {
    run(|u: Universe| async move {
        let dispatch = Dispatch::new("jobs", RoundRobin::default());
        let plan = Plan::new(None, None);
        let within = Duration::from_secs(1);
        let leaves = (0..2).map(|number| plan.worker(number, Placement::Control));
        let mut members = Vec::new();
        for leaf in leaves {
            let (spec, address) = leaf.restart(Restart::Temporary).build();
            members.push(dispatch.join(address));
            u.root.start_child(spec).expect("the spec is sound");
        }
        let error = dispatch.ask(Job::Finish, within).await.expect_err("it ends");
        assert_eq!((error.why, error.may_have_acted), (Why::Stopped, true));
        u.pass(1).await;
        for number in 0..4 {
            assert_eq!(dispatch.ask(Job::Return(number), within).await.ok(), Some(number));
        }
        let error = dispatch.clone().on_crash(OnCrash::Retry).ask(Job::Finish, within).await;
        assert_eq!(error.expect_err("nobody is left").why, Why::Stopped);
        u.pass(1).await;
        let error = dispatch.ask(Job::Return(1), within).await.expect_err("nobody is left");
        assert_eq!((error.why, error.may_have_acted), (Why::Closed, false));
    });
}

#[test]
fn a_full_mailbox_passes_on_and_all_full_ones_refuse_at_once() {
    run(|u: Universe| async move {
        let dispatch = Dispatch::new("jobs", RoundRobin::default());
        let plan = Plan::new(None, None);
        let mut members = Vec::new();
        for (number, mailbox) in [1, 2, 4].into_iter().enumerate() {
            let leaf = plan.worker(number as u64, Placement::Control).mailbox(mailbox);
            let (spec, address) = leaf.build();
            members.push(dispatch.join(address));
            u.root.start_child(spec).expect("the spec is sound");
        }
        let sent: Vec<_> = (0..9).map(|number| dispatch.send(Job::Return(number))).collect();
        assert!(sent[..7].iter().all(Result::is_ok), "there is room for seven");
        for refused in &sent[7..] {
            let refused = refused.as_ref().expect_err("there is room for seven");
            assert_eq!((refused.error.why, refused.error.tried.len()), (Why::Refused, 3));
        }
        u.pass(1).await;
        assert_eq!(plan.begun.load(Ordering::Relaxed), 7);
    });
}

#[test]
fn a_member_that_says_nothing_costs_the_deadline_and_not_more() {
    run(|u: Universe| async move {
        let dispatch = Dispatch::new("jobs", RoundRobin::default()).on_crash(OnCrash::Retry);
        let plan = Plan::new(Some(dispatch.clone()), None);
        for number in 0..3 {
            let worker = plan.worker(number, Placement::Control);
            u.root.start_child(worker).expect("the spec is sound");
        }
        u.root.start_child(dispatch.spec()).expect("another name");
        u.pass(1).await;
        let before = Instant::now();
        let error = dispatch.ask(Job::Keep, Duration::from_millis(300)).await;
        let error = error.expect_err("it keeps the question");
        assert_eq!((error.why, error.tried.len()), (Why::Deadline, 1));
        let took = before.elapsed().as_millis();
        assert!((300..=311).contains(&took), "{took} ms");
        let tree = u.registry().tree();
        let detail = tree.get("root/jobs").and_then(|node| node.detail.clone());
        assert_eq!(detail.expect("it is in the tree")["algorithm"], "round_robin");
    });
}
