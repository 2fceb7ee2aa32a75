//! Stopping: in good order within a grace, by force after it.

use tokio::time::Instant;
use trunkline_runtime::{Backoff, ExitReason, Flags, Shutdown, Strategy, SupervisorSpec};

use crate::harness::faults::never_stop::never_stop;
use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

#[test]
fn a_child_that_needs_a_while_to_stop_is_waited_for() {
    run(|u: Universe| async move {
        let slow = slow_stop("slow", seconds(3)).shutdown(Shutdown::Grace(seconds(4)));
        let tree = u.start(u.tree(PLAIN).child(slow)).await;
        let before = Instant::now();
        tree.remove_child(&"slow".into());
        assert_eq!(u.exited("tree/slow").await, ExitReason::Shutdown);
        let took = before.elapsed();
        assert!((seconds(3)..millis(3_100)).contains(&took), "{took:?}");
    });
}

#[test]
fn a_child_that_exceeds_its_grace_is_killed_and_recorded_as_killed() {
    run(|u: Universe| async move {
        let stubborn = never_stop("stubborn", &u.journal).shutdown(Shutdown::Grace(seconds(2)));
        let tree = u.start(u.tree(PLAIN).child(stubborn)).await;
        let before = Instant::now();
        tree.remove_child(&"stubborn".into());
        assert_eq!(u.exited("tree/stubborn").await, ExitReason::Killed);
        let took = before.elapsed();
        assert!((seconds(2)..millis(2_100)).contains(&took), "{took:?}");
        assert_eq!(u.journal.lines(), ["asked"], "no hook runs after a kill");
        u.saw("tree/stubborn", "removed").await;
    });
}

#[test]
fn a_brutal_kill_runs_no_hook() {
    run(|u: Universe| async move {
        let child = u.good("child").shutdown(Shutdown::Kill);
        let tree = u.start(u.tree(PLAIN).child(child)).await;
        let before = Instant::now();
        tree.remove_child(&"child".into());
        assert_eq!(u.exited("tree/child").await, ExitReason::Killed);
        assert!(before.elapsed() < millis(10));
        assert_eq!(u.journal.lines(), ["child started"]);
    });
}

#[test]
fn a_child_that_ignores_stop_holds_up_the_rest_for_its_grace_and_no_longer() {
    run(|u: Universe| async move {
        let stubborn = never_stop("stubborn", &u.journal).shutdown(Shutdown::Grace(seconds(2)));
        let tree = u.tree(PLAIN).child(u.good("a")).child(stubborn);
        u.start(tree.child(u.good("b"))).await;
        u.journal.take();
        let before = Instant::now();
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        let took = before.elapsed();
        assert!((seconds(2)..millis(2_100)).contains(&took), "{took:?}");
        assert_eq!(
            u.journal.lines(),
            ["b stopping", "b stopped shutdown", "asked", "a stopping", "a stopped shutdown"]
        );
    });
}

#[test]
fn a_child_that_rests_holds_up_nobody() {
    run(|u: Universe| async move {
        let flags = PLAIN.backoff(Backoff::new(seconds(60), seconds(60), seconds(60)));
        let (b, to_b) = u.good("b").build();
        u.start(u.tree(flags).child(u.good("a")).child(b)).await;
        to_b.tell(Order::Panic);
        u.restarting("tree/b").await;
        let before = Instant::now();
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        assert!(before.elapsed() < millis(10));
        u.pass(seconds(3600)).await;
        assert_eq!(u.journal.count("b started"), 1);
    });
}

#[test]
fn a_group_that_rests_is_not_started_any_more() {
    run(|u: Universe| async move {
        let flags = Flags::new(Strategy::OneForAll);
        let flags = flags.backoff(Backoff::new(seconds(60), seconds(60), seconds(60)));
        let (b, to_b) = u.good("b").build();
        u.start(u.tree(flags).child(u.good("a")).child(b)).await;
        to_b.tell(Order::Panic);
        u.exited("tree/a").await;
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        u.pass(seconds(3600)).await;
        assert_eq!(u.journal.count("a started"), 1);
    });
}

#[test]
fn a_crash_during_the_shutdown_is_no_reason_to_restart() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let slow = slow_stop("slow", seconds(1));
        u.start(u.tree(PLAIN).child(a).child(slow)).await;
        u.root.remove_child(&"tree".into());
        u.settle().await;
        to_a.tell(Order::Panic);
        let reason = u.exited("tree/a").await;
        assert!(matches!(reason, ExitReason::Panicked(_)), "{reason}");
        u.saw("tree", "removed").await;
        assert_eq!(u.journal.lines(), ["a started"]);
    });
}

#[test]
fn a_supervisor_has_as_long_as_its_children_need() {
    run(|u: Universe| async move {
        let slow = |id| slow_stop(id, seconds(50)).shutdown(Shutdown::Grace(seconds(60)));
        let inner = SupervisorSpec::new("inner", PLAIN);
        let inner = inner.child(slow("a")).child(slow("b"));
        u.start(u.tree(PLAIN).child(inner)).await;
        let before = Instant::now();
        u.root.remove_child(&"tree".into());
        assert_eq!(u.exited("tree/inner").await, ExitReason::Shutdown);
        let took = before.elapsed();
        assert!((seconds(100)..seconds(101)).contains(&took), "{took:?}");
    });
}

#[test]
fn a_stopping_supervisor_starts_no_children() {
    run(|u: Universe| async move {
        let tree = u.start(u.tree(PLAIN).child(slow_stop("slow", seconds(1)))).await;
        u.root.remove_child(&"tree".into());
        u.settle().await;
        assert!(!tree.is_up());
        let late = tree.start_child(u.good("late"));
        let of = "tree".into();
        assert_eq!(late, Err(trunkline_runtime::SpecError::Stopping { of }));
    });
}

#[test]
fn a_child_that_ends_by_itself_while_it_is_being_stopped_is_done() {
    run(|u: Universe| async move {
        let stubborn = slow_stop("slow", seconds(1)).shutdown(Shutdown::Grace(seconds(1)));
        let tree = u.start(u.tree(PLAIN).child(stubborn)).await;
        // Its grace and its end fall on the same moment: one of both is recorded, once.
        tree.remove_child(&"slow".into());
        u.exited("tree/slow").await;
        u.saw("tree/slow", "removed").await;
        u.pass(seconds(10)).await;
        let exits = u.past_events().await;
        assert!(exits.is_empty(), "{exits:?}");
    });
}
