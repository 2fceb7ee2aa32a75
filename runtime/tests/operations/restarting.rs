//! A restart on request: in good order, at once, and no failure.

use trunkline_runtime::{ExitReason, Flags, Shutdown, Strategy, SupervisorSpec};

use crate::harness::faults::never_stop::never_stop;
use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

use super::PLAIN;

#[test]
fn a_restart_stops_in_good_order_and_starts_at_once() {
    run(|u: Universe| async move {
        u.start(u.tree(PLAIN).child(u.good("a")).child(u.good("b"))).await;
        u.journal.take();
        let before = tokio::time::Instant::now();
        assert_eq!(u.runtime.restart("root/tree/a"), Ok(()));
        assert_eq!(u.exited("tree/a").await, ExitReason::Shutdown);
        assert_eq!(u.started("tree/a").await, 2);
        assert_eq!(before.elapsed(), millis(0), "it did not rest");
        assert_eq!(u.journal.lines(), ["a stopping", "a stopped shutdown", "a started"]);
        assert_eq!(u.view("tree/a").map(|a| a.restarts), Some(1));
    });
}

#[test]
fn siblings_are_not_touched_whatever_the_strategy() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        run(move |u: Universe| async move {
            let tree = u.tree(Flags::new(strategy));
            u.start(tree.child(u.good("a")).child(u.good("b")).child(u.good("c"))).await;
            u.journal.take();
            assert_eq!(u.runtime.restart("root/tree/a"), Ok(()));
            u.started("tree/a").await;
            u.suspend("tree/b").await;
            assert_eq!(u.runtime.resume("root/tree/b"), Ok(()));
            u.started("tree/b").await;
            u.pass(seconds(60)).await;
            assert!(!u.journal.lines().iter().any(|line| line.starts_with('c')));
            assert_eq!(u.journal.count("a started"), 1);
        });
    }
}

#[test]
fn restarts_on_request_are_no_failures() {
    run(|u: Universe| async move {
        let tree = u.start(u.tree(PLAIN.intensity(0, seconds(10))).child(u.good("a"))).await;
        for generation in 2..30 {
            assert_eq!(u.runtime.restart("root/tree/a"), Ok(()));
            assert_eq!(u.started("tree/a").await, generation);
        }
        assert!(tree.is_up());
        assert_eq!(u.view("tree").map(|tree| tree.generation), Some(1));
    });
}

#[test]
fn mail_waits_out_a_restart() {
    run(|u: Universe| async move {
        let slow = slow_stop("slow", seconds(4)).shutdown(Shutdown::Grace(seconds(5)));
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PLAIN).child(SupervisorSpec::new("inner", PLAIN).child(slow).child(a)))
            .await;
        assert_eq!(u.runtime.restart("root/tree/inner"), Ok(()));
        u.exited("tree/inner/a").await;
        let answer = to_a.order(Order::Report).await.expect("it is only being restarted");
        assert_eq!(answer.generation, 2);
    });
}

#[test]
fn the_children_of_a_supervisor_are_restarted_with_it() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a")).child(u.good("b"));
        u.start(u.tree(PLAIN).child(inner)).await;
        u.journal.take();
        assert_eq!(u.runtime.restart("root/tree/inner"), Ok(()));
        assert_eq!(u.started("tree/inner").await, 2);
        assert_eq!(
            u.journal.lines(),
            [
                "b stopping",
                "b stopped shutdown",
                "a stopping",
                "a stopped shutdown",
                "a started",
                "b started"
            ]
        );
    });
}

#[test]
fn a_supervisor_that_rests_after_a_panic_has_its_children_restarted_with_it() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a"));
        u.start(u.tree(PLAIN).child(inner)).await;
        let node = u.runtime.registry().find("root/tree/inner").expect("it is there");
        node.inject_panic();
        u.restarting("tree/inner").await;
        u.journal.take();
        assert_eq!(u.runtime.restart("root/tree/inner"), Ok(()));
        assert_eq!(u.started("tree/inner/a").await, 2);
        assert_eq!(u.journal.lines(), ["a stopping", "a stopped shutdown", "a started"]);
    });
}

#[test]
fn a_child_that_rests_is_restarted_now() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PLAIN).child(a)).await;
        for _ in 0..9 {
            to_a.tell(Order::Panic);
            u.started("tree/a").await;
        }
        to_a.tell(Order::Panic);
        let rest = u.restarting("tree/a").await;
        assert!(rest > millis(400), "{rest:?}");
        let before = tokio::time::Instant::now();
        assert_eq!(u.runtime.restart("root/tree/a"), Ok(()));
        assert_eq!(u.started("tree/a").await, 11);
        assert_eq!(before.elapsed(), millis(0));
        u.pass(seconds(60)).await;
        assert_eq!(u.view("tree/a").map(|a| a.generation), Some(11), "the rest is forgotten");
    });
}

#[test]
fn a_restarted_child_that_does_not_stop_is_killed_after_its_grace_and_starts_all_the_same() {
    run(|u: Universe| async move {
        let stubborn = never_stop("stubborn", &u.journal).shutdown(Shutdown::Grace(seconds(3)));
        u.start(u.tree(PLAIN.intensity(0, seconds(10))).child(stubborn)).await;
        assert_eq!(u.runtime.restart("root/tree/stubborn"), Ok(()));
        assert_eq!(u.exited("tree/stubborn").await, ExitReason::Killed);
        assert_eq!(u.started("tree/stubborn").await, 2);
    });
}
