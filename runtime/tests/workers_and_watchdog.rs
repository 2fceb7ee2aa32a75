//! Several threads: placement, questions across them, and one that is blocked. In real time.

use std::time::Instant;

use trunkline_runtime::{
    AskError, ExitReason, Flags, Lifecycle, Placement, Shutdown, Status, Strategy, SupervisorSpec,
};

use crate::harness::faults::hang::{Gate, HangNow, Opened, hang, hang_when_stopping};
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run_with_workers, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

#[test]
fn children_live_where_they_are_placed_and_answer_across_threads() {
    run_with_workers(2, |u: Universe| async move {
        let (near, to_near) = u.good("near").on(Placement::Worker(0)).build();
        let (far, to_far) = u.good("far").on(Placement::Worker(1)).build();
        u.start(u.tree(PLAIN).child(near).child(far)).await;
        for _ in 0..100 {
            for address in [&to_near, &to_far] {
                address.order(Order::Report).await.expect("it is well");
            }
        }
        assert_eq!(u.view("tree/near").and_then(|near| near.worker), Some(0));
        assert_eq!(u.view("tree/far").and_then(|far| far.worker), Some(1));
        let crashed = to_far.order(Order::Panic);
        let queued = to_far.order(Order::Report);
        assert_eq!(crashed.await, Err(AskError::Crashed));
        assert_eq!(queued.await.map(|answer| answer.generation), Ok(2));
    });
}

#[test]
fn order_holds_across_threads() {
    run_with_workers(2, |u: Universe| async move {
        let tree = u
            .tree(PLAIN)
            .child(u.good("a").on(Placement::Worker(1)))
            .child(u.good("b").on(Placement::Worker(0)))
            .child(u.good("c"));
        u.start(tree).await;
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        let order = ["a started", "b started", "c started"];
        assert_eq!(u.journal.lines()[..3], order);
        let stopped: Vec<_> = u.journal.lines();
        let stopped = stopped.iter().filter(|line| line.ends_with("shutdown"));
        let stopped: Vec<_> = stopped.map(|line| &line[..1]).collect();
        assert_eq!(stopped, ["c", "b", "a"]);
    });
}

#[test]
fn a_blocked_worker_is_reported_within_a_second_with_the_actor_that_holds_it() {
    run_with_workers(2, |u: Universe| async move {
        let gate = Gate::default();
        let opened = Opened(gate.clone());
        let (culprit, to_culprit) = hang("culprit", &gate).on(Placement::Worker(1)).build();
        let (victim, to_victim) = u.good("victim").on(Placement::Worker(1)).build();
        let (other, to_other) = u.good("other").on(Placement::Worker(0)).build();
        let tree = u.tree(PLAIN).child(culprit).child(victim);
        u.start(tree.child(other)).await;

        let mut health = u.runtime.watch_threads();
        let before = Instant::now();
        let hanging = to_culprit.ask(HangNow, seconds(20));
        let stuck = u.event(|event| event.what.name() == "worker_stuck").await;
        assert!(before.elapsed() < seconds(1), "{:?}", before.elapsed());
        assert_eq!(stuck.node.path(), "root/tree/culprit");
        assert!(matches!(stuck.what, Lifecycle::WorkerStuck { worker: Some(1), .. }));
        assert!(u.runtime.is_stuck(Placement::Worker(1)));
        assert!(!u.runtime.is_stuck(Placement::Worker(0)));
        assert!(!u.runtime.is_stuck(Placement::Control));
        assert!(health.has_changed().expect("the runtime runs"));
        health.mark_unchanged();

        // The tree can be read, the other threads go on, and the one who waits has a deadline.
        let view = u.view("tree/culprit").expect("it is there");
        assert_eq!((view.state, view.worker), (Status::Running, Some(1)));
        assert!(to_other.order(Order::Report).await.is_ok());
        let late = to_victim.ask(Order::Report, millis(50)).await;
        assert_eq!(late, Err(AskError::Deadline));
        assert_eq!(u.view("tree/victim").map(|victim| victim.mailbox), Some(1));

        drop(opened);
        hanging.await.expect("it goes on");
        let back = u.event(|event| event.what.name() == "worker_back").await;
        assert_eq!(back.what, Lifecycle::WorkerBack { worker: Some(1) });
        assert!(!u.runtime.is_stuck(Placement::Worker(1)));
        assert!(health.has_changed().expect("the runtime runs"));
        let answer = to_victim.order(Order::Report).await.expect("it is well");
        assert_eq!(answer.nth, 2);
    });
}

#[test]
fn a_child_that_blocks_its_thread_while_it_stops_is_given_up_and_holds_up_nobody_else() {
    run_with_workers(2, |u: Universe| async move {
        let gate = Gate::default();
        let _opened = Opened(gate.clone());
        let blocked = hang_when_stopping("blocked", &gate)
            .on(Placement::Worker(1))
            .shutdown(Shutdown::Grace(millis(100)));
        let tree = u.tree(PLAIN).child(u.good("a")).child(blocked);
        u.start(tree.child(u.good("b").on(Placement::Worker(0)))).await;
        let before = Instant::now();
        u.root.remove_child(&"tree".into());
        assert_eq!(u.exited("tree/blocked").await, ExitReason::Killed);
        u.saw("tree/blocked", "abandoned").await;
        u.saw("tree", "removed").await;
        // Its grace, and what a killed child has to answer.
        assert!(before.elapsed() < seconds(3), "{:?}", before.elapsed());
        assert_eq!(u.journal.count("a stopped shutdown"), 1);
        assert_eq!(u.journal.count("b stopped shutdown"), 1);
    });
}

#[test]
fn a_lost_child_that_was_removed_is_recorded_as_killed_too() {
    run_with_workers(1, |u: Universe| async move {
        let gate = Gate::default();
        let _opened = Opened(gate.clone());
        let blocked = hang_when_stopping("blocked", &gate)
            .on(Placement::Worker(0))
            .shutdown(Shutdown::Grace(millis(50)));
        let tree = u.start(u.tree(PLAIN).child(blocked)).await;
        tree.remove_child(&"blocked".into());
        assert_eq!(u.exited("tree/blocked").await, ExitReason::Killed);
        u.saw("tree/blocked", "abandoned").await;
        u.saw("tree/blocked", "removed").await;
        assert!(tree.is_empty());
    });
}

#[test]
fn a_supervisor_on_a_blocked_thread_is_given_up_with_its_children() {
    run_with_workers(1, |u: Universe| async move {
        let gate = Gate::default();
        let opened = Opened(gate.clone());
        let worker = Placement::Worker(0);
        let (culprit, to_culprit) = hang("culprit", &gate).on(worker).build();
        let inner = SupervisorSpec::new("inner", PLAIN).on(worker);
        let inner = inner.child(u.good("a").on(worker)).child(culprit);
        u.start(u.tree(PLAIN).child(u.good("first")).child(inner)).await;
        to_culprit.send(HangNow).expect("room");
        u.event(|event| event.what.name() == "worker_stuck").await;
        let before = Instant::now();
        u.root.remove_child(&"tree".into());
        assert_eq!(u.exited("tree/inner").await, ExitReason::Killed);
        u.saw("tree", "removed").await;
        assert!(before.elapsed() < seconds(3), "{:?}", before.elapsed());
        assert_eq!(u.journal.count("first stopped shutdown"), 1);
        assert_eq!(u.journal.count("a stopped shutdown"), 0, "nobody could");
        drop(opened);
    });
}

#[test]
fn a_supervisor_that_crashed_before_its_thread_was_blocked_is_given_up_too() {
    run_with_workers(1, |u: Universe| async move {
        let gate = Gate::default();
        let opened = Opened(gate.clone());
        let worker = Placement::Worker(0);
        let (culprit, to_culprit) = hang("culprit", &gate).on(worker).build();
        let slow = trunkline_runtime::Backoff::new(seconds(60), seconds(60), seconds(60));
        let inner = SupervisorSpec::new("inner", PLAIN).on(worker);
        let tree = u.tree(PLAIN.backoff(slow)).child(culprit);
        u.start(tree.child(inner.child(u.good("a").on(worker)))).await;
        let inner = u.runtime.registry().find("root/tree/inner");
        inner.expect("it is there").inject_panic();
        u.restarting("tree/inner").await;
        to_culprit.send(HangNow).expect("room");
        u.event(|event| event.what.name() == "worker_stuck").await;
        // It is to come back only to stop its children, on a thread on which nothing comes back.
        u.root.remove_child(&"tree".into());
        u.saw("tree/inner", "abandoned").await;
        drop(opened);
        u.saw("tree", "removed").await;
    });
}

#[test]
fn a_thread_that_is_blocked_for_a_second_costs_the_children_that_stop_there_nothing() {
    run_with_workers(1, |u: Universe| async move {
        let worker = Placement::Worker(0);
        let (culprit, to_culprit) = u.good("culprit").on(worker).build();
        let patient = u.good("patient").on(worker).shutdown(Shutdown::Grace(seconds(10)));
        let deep = u.good("deep").on(worker).shutdown(Shutdown::Grace(seconds(10)));
        let inner = SupervisorSpec::new("inner", PLAIN).on(worker).child(deep);
        u.start(u.tree(PLAIN).child(culprit).child(patient).child(inner)).await;
        to_culprit.node().inject_block(seconds(1));
        u.event(|event| event.what.name() == "worker_stuck").await;
        u.root.remove_child(&"tree".into());
        for child in ["tree/inner/deep", "tree/inner", "tree/patient", "tree/culprit", "tree"] {
            assert_eq!(u.exited(child).await, ExitReason::Shutdown, "{child}");
        }
        assert_eq!(u.journal.count("patient stopped shutdown"), 1);
    });
}

#[test]
fn children_on_a_thread_that_is_blocked_for_long_are_given_up_before_their_graces_are_over() {
    run_with_workers(1, |u: Universe| async move {
        let gate = Gate::default();
        let opened = Opened(gate.clone());
        let worker = Placement::Worker(0);
        let (culprit, to_culprit) = hang("culprit", &gate).on(worker).build();
        let long = |id| u.good(id).on(worker).shutdown(Shutdown::Grace(seconds(60)));
        let inner = SupervisorSpec::new("inner", PLAIN).child(long("deep"));
        let tree = u.tree(PLAIN).child(u.good("first")).child(culprit);
        u.start(tree.child(long("near")).child(inner)).await;
        let before = Instant::now();
        to_culprit.send(HangNow).expect("room");
        u.event(|event| event.what.name() == "worker_stuck").await;
        u.root.remove_child(&"tree".into());
        for child in ["tree/inner/deep", "tree/near", "tree/culprit"] {
            assert_eq!(u.exited(child).await, ExitReason::Killed, "{child}");
            u.saw(child, "abandoned").await;
            assert!(before.elapsed() > millis(2_800), "{child}: {:?}", before.elapsed());
        }
        u.saw("tree", "removed").await;
        assert!(before.elapsed() < seconds(5), "{:?}", before.elapsed());
        assert_eq!(u.journal.count("first stopped shutdown"), 1);
        drop(opened);
    });
}

#[test]
fn the_runtime_ends_in_time_with_a_thread_that_never_comes_back() {
    let gate = Gate::default();
    let opened = Opened(gate.clone());
    let started = Instant::now();
    let stuck = gate.clone();
    let body = move |u: Universe| async move {
        let blocked = hang("blocked", &stuck).on(Placement::Worker(0));
        let (blocked, address) = blocked.shutdown(Shutdown::Grace(millis(200))).build();
        u.start(u.tree(PLAIN).child(u.good("a")).child(blocked)).await;
        address.send(HangNow).expect("room");
        u.event(|event| event.what.name() == "worker_stuck").await;
    };
    crate::harness::run_and_lose_a_thread(1, body);
    // To be seen, the grace, the answer to the kill, and the same for the thread's own pulse.
    let took = started.elapsed();
    assert!(took < seconds(6), "{took:?}");
    drop(opened);
}

#[test]
fn the_control_thread_is_watched_too() {
    run_with_workers(1, |u: Universe| async move {
        // Blocked for longer than the watchdog's limit, and then back.
        let (culprit, address) = u.good("culprit").build();
        u.start(u.tree(PLAIN).child(culprit)).await;
        address.node().inject_block(millis(900));
        let stuck = u.event(|event| event.what.name() == "worker_stuck").await;
        assert_eq!(stuck.node.path(), "root/tree/culprit");
        assert!(matches!(stuck.what, Lifecycle::WorkerStuck { worker: None, .. }));
        u.event(|event| event.what.name() == "worker_back").await;
    });
}

#[test]
fn children_started_from_another_thread_are_supervised_as_any_other() {
    run_with_workers(2, |u: Universe| async move {
        let dynamic = SupervisorSpec::dynamic("tree", PLAIN);
        let tree = u.start(dynamic).await;
        let mut adders = Vec::new();
        for worker in 0..2 {
            let tree = tree.clone();
            let journal = u.journal.clone();
            let add = move || {
                for nth in 0..200u64 {
                    let journal = journal.clone();
                    let good = move || crate::harness::good::Good::new("guest", journal.clone());
                    let id = nth * 2 + worker as u64;
                    let leaf = trunkline_runtime::ChildSpec::leaf(id, good);
                    tree.start_child(leaf.on(Placement::Worker(worker))).expect("ids are unique");
                }
            };
            let thread = std::thread::Builder::new().spawn(add);
            adders.push(thread.expect("the system gives a thread"));
        }
        for adder in adders {
            adder.join().expect("it adds them all");
        }
        assert_eq!(tree.len(), 400);
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        assert!(u.view("tree").is_none());
    });
}
