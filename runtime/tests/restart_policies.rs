//! Permanent, transient and temporary children, by how they end.

use trunkline_runtime::{ExitReason, Failure, Flags, Panic, Restart, Shutdown, Status, Strategy};

use crate::harness::faults::never_stop::never_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// Lets a child of that policy end by `order`: the reason, and the incarnation a minute later, or
/// none where the child was forgotten.
fn ends(
    restart: Restart,
    order: Order,
    check: impl FnOnce(ExitReason, Option<(u32, Status)>) + Send + 'static,
) {
    run(move |u: Universe| async move {
        let (child, address) = u.good("child").restart(restart).build();
        let tree = u.start(u.tree(PLAIN).child(child)).await;
        address.tell(order);
        let reason = u.exited("tree/child").await;
        u.pass(seconds(60)).await;
        let view = u.view("tree/child");
        assert_eq!(tree.len(), usize::from(view.is_some()));
        check(reason, view.map(|view| (view.generation, view.state)));
    });
}

fn was_told_to_fail() -> ExitReason {
    ExitReason::Failed(Failure::new("was told to fail"))
}

fn panicked(reason: &ExitReason) -> bool {
    matches!(reason, ExitReason::Panicked(Panic { text, .. }) if &**text == "child was told to panic")
}

#[test]
fn a_permanent_child_that_ends_normally_is_restarted() {
    ends(Restart::Permanent, Order::Finish, |reason, child| {
        assert_eq!(reason, ExitReason::Normal);
        assert_eq!(child, Some((2, Status::Running)));
    });
}

#[test]
fn a_permanent_child_that_fails_is_restarted() {
    ends(Restart::Permanent, Order::Fail, |reason, child| {
        assert_eq!(reason, was_told_to_fail());
        assert_eq!(child, Some((2, Status::Running)));
    });
}

#[test]
fn a_permanent_child_that_panics_is_restarted() {
    ends(Restart::Permanent, Order::Panic, |reason, child| {
        assert!(panicked(&reason), "{reason}");
        assert_eq!(child, Some((2, Status::Running)));
    });
}

#[test]
fn a_transient_child_that_ends_normally_stays_down_and_is_kept() {
    ends(Restart::Transient, Order::Finish, |reason, child| {
        assert_eq!(reason, ExitReason::Normal);
        assert_eq!(child, Some((1, Status::Ended)));
    });
}

#[test]
fn a_transient_child_that_fails_is_restarted() {
    ends(Restart::Transient, Order::Fail, |reason, child| {
        assert_eq!(reason, was_told_to_fail());
        assert_eq!(child, Some((2, Status::Running)));
    });
}

#[test]
fn a_transient_child_that_panics_is_restarted() {
    ends(Restart::Transient, Order::Panic, |reason, child| {
        assert!(panicked(&reason), "{reason}");
        assert_eq!(child, Some((2, Status::Running)));
    });
}

#[test]
fn a_temporary_child_is_forgotten_however_it_ends() {
    for order in [Order::Finish, Order::Fail, Order::Panic] {
        ends(Restart::Temporary, order, |_, child| {
            assert_eq!(child, None);
        });
    }
}

#[test]
fn a_transient_child_that_was_killed_with_its_siblings_is_restarted_with_them() {
    run(|u: Universe| async move {
        let stubborn = never_stop("stubborn", &u.journal)
            .restart(Restart::Transient)
            .shutdown(Shutdown::Grace(seconds(1)));
        let (first, address) = u.good("first").build();
        let flags = Flags::new(Strategy::OneForAll);
        u.start(u.tree(flags).child(first).child(stubborn)).await;
        address.tell(Order::Panic);
        assert_eq!(u.exited("tree/stubborn").await, ExitReason::Killed);
        assert_eq!(u.started("tree/stubborn").await, 2);
    });
}

#[test]
fn each_incarnation_is_built_anew() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        for nth in [1, 2] {
            let answer = address.order(Order::Report).await.expect("it is well");
            assert_eq!((answer.generation, answer.nth), (1, nth));
        }
        address.tell(Order::Panic);
        let answer = address.order(Order::Report).await.expect("it came back");
        assert_eq!((answer.generation, answer.nth), (2, 1));
    });
}

#[test]
fn a_child_that_was_told_to_stop_by_nobody_but_itself_runs_stopped_with_the_reason() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        address.tell(Order::Fail);
        u.started("tree/child").await;
        address.tell(Order::Finish);
        u.started("tree/child").await;
        address.tell(Order::Panic);
        u.started("tree/child").await;
        let lines = u.journal.lines();
        assert_eq!(lines[1], "child stopped failed: was told to fail");
        assert_eq!(lines[3], "child stopped normal");
        assert_eq!(lines[5], "child started", "no hook runs after a panic");
    });
}
