//! Which siblings go down with a child, and in what order they come back.

use trunkline_runtime::{
    Address, Backoff, Flags, Restart, Shutdown, Status, Strategy, SupervisorSpec,
};

use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Good, Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

/// Starts `a`, `b` and `c` under that strategy.
async fn three(u: &Universe, flags: Flags) -> [Address<Good>; 3] {
    let (a, to_a) = u.good("a").build();
    let (b, to_b) = u.good("b").build();
    let (c, to_c) = u.good("c").build();
    u.start(u.tree(flags).child(a).child(b).child(c)).await;
    u.journal.take();
    [to_a, to_b, to_c]
}

#[test]
fn one_for_one_restarts_only_the_child_that_failed() {
    run(|u: Universe| async move {
        let [_, b, _] = three(&u, Flags::new(Strategy::OneForOne)).await;
        b.tell(Order::Panic);
        assert_eq!(u.started("tree/b").await, 2);
        u.pass(seconds(60)).await;
        assert_eq!(u.journal.lines(), ["b started"]);
    });
}

#[test]
fn one_for_all_stops_the_others_in_reverse_and_starts_all_in_order() {
    run(|u: Universe| async move {
        let [_, b, _] = three(&u, Flags::new(Strategy::OneForAll)).await;
        b.tell(Order::Panic);
        u.started("tree/c").await;
        assert_eq!(
            u.journal.lines(),
            [
                "c stopping",
                "c stopped shutdown",
                "a stopping",
                "a stopped shutdown",
                "a started",
                "b started",
                "c started"
            ]
        );
    });
}

#[test]
fn rest_for_one_restarts_the_child_that_failed_and_those_after_it() {
    run(|u: Universe| async move {
        let [_, b, _] = three(&u, Flags::new(Strategy::RestForOne)).await;
        b.tell(Order::Panic);
        u.started("tree/c").await;
        assert_eq!(
            u.journal.lines(),
            ["c stopping", "c stopped shutdown", "b started", "c started"]
        );
    });
}

#[test]
fn rest_for_one_restarts_the_last_child_alone() {
    run(|u: Universe| async move {
        let [_, _, c] = three(&u, Flags::new(Strategy::RestForOne)).await;
        c.tell(Order::Panic);
        u.started("tree/c").await;
        assert_eq!(u.journal.lines(), ["c started"]);
    });
}

#[test]
fn temporary_siblings_go_down_with_the_others_and_do_not_come_back() {
    for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
        run(move |u: Universe| async move {
            let (a, to_a) = u.good("a").build();
            let guest = u.good("guest").restart(Restart::Temporary);
            let flags = Flags::new(strategy);
            let tree = u.tree(flags).child(a).child(guest).child(u.good("c"));
            let tree = u.start(tree).await;
            to_a.tell(Order::Panic);
            assert_eq!(u.started("tree/c").await, 2);
            assert_eq!(tree.len(), 2);
            assert_eq!(u.journal.count("guest started"), 1);
            assert_eq!(u.journal.count("guest stopped shutdown"), 1);
        });
    }
}

#[test]
fn a_temporary_child_that_fails_takes_nobody_along() {
    run(|u: Universe| async move {
        let (guest, address) = u.good("guest").restart(Restart::Temporary).build();
        let tree = u.tree(Flags::new(Strategy::OneForAll)).child(u.good("a"));
        u.start(tree.child(guest)).await;
        u.journal.take();
        address.tell(Order::Panic);
        u.saw("tree/guest", "removed").await;
        u.pass(seconds(60)).await;
        assert!(u.journal.lines().is_empty());
    });
}

#[test]
fn a_transient_sibling_that_had_ended_starts_again_with_the_others() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (done, to_done) = u.good("done").restart(Restart::Transient).build();
        let flags = Flags::new(Strategy::OneForAll);
        u.start(u.tree(flags).child(a).child(done)).await;
        to_done.tell(Order::Finish);
        u.exited("tree/done").await;
        to_a.tell(Order::Panic);
        assert_eq!(u.started("tree/done").await, 2);
    });
}

#[test]
fn the_group_rests_before_it_is_started_again() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(seconds(4), seconds(8), seconds(60));
        let flags = Flags::new(Strategy::OneForAll).backoff(backoff);
        let [_, b, _] = three(&u, flags).await;
        b.tell(Order::Panic);
        let after = u.restarting("tree/b").await;
        let before = tokio::time::Instant::now();
        u.started("tree/a").await;
        assert!(before.elapsed() >= after, "{:?} < {after:?}", before.elapsed());
        assert!(after >= seconds(2), "{after:?}");
    });
}

#[test]
fn a_second_crash_widens_the_pending_restart() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(seconds(10), seconds(10), seconds(60));
        let flags = Flags::new(Strategy::RestForOne).backoff(backoff);
        let [a, _, c] = three(&u, flags).await;
        c.tell(Order::Panic);
        u.restarting("tree/c").await;
        u.pass(seconds(1)).await;
        a.tell(Order::Panic);
        u.restarting("tree/a").await;
        assert_eq!(u.started("tree/c").await, 2);
        assert_eq!(
            u.journal.lines(),
            ["b stopping", "b stopped shutdown", "a started", "b started", "c started"]
        );
        u.pass(seconds(60)).await;
        assert_eq!(u.journal.count("c started"), 1, "one restart, not two");
    });
}

#[test]
fn simultaneous_crashes_are_one_restart_of_the_group() {
    run(|u: Universe| async move {
        let [a, b, c] = three(&u, Flags::new(Strategy::OneForAll)).await;
        for child in [&c, &a, &b] {
            child.tell(Order::Panic);
        }
        assert_eq!(u.started("tree/c").await, 2);
        u.pass(seconds(60)).await;
        assert_eq!(u.journal.lines(), ["a started", "b started", "c started"]);
    });
}

#[test]
fn a_crash_of_a_sibling_that_waits_to_be_stopped_is_part_of_the_same_restart() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (b, to_b) = u.good("b").build();
        let slow = slow_stop("slow", seconds(1)).shutdown(Shutdown::Grace(seconds(5)));
        let tree = u.tree(Flags::new(Strategy::OneForAll));
        u.start(tree.child(a).child(b).child(slow)).await;
        to_a.tell(Order::Panic);
        u.restarting("tree/a").await;
        // `slow` is stopping, and `b` waits for it.
        to_b.tell(Order::Panic);
        u.exited("tree/b").await;
        assert_eq!(u.started("tree/slow").await, 2);
        assert_eq!(u.journal.count("b started"), 2);
        assert_eq!(u.view("tree/b").map(|b| b.restarts), Some(1));
    });
}

#[test]
fn a_crash_while_the_group_starts_begins_again() {
    run(|u: Universe| async move {
        let [a, b, _] = three(&u, Flags::new(Strategy::OneForAll)).await;
        // The second message is there when the next incarnation starts.
        b.tell(Order::Panic);
        b.tell(Order::Panic);
        u.started("tree/b").await;
        u.restarting("tree/b").await;
        u.started("tree/c").await;
        u.pass(seconds(60)).await;
        let answer = a.order(Order::Report).await.expect("it is up");
        assert_eq!(answer.generation, 3);
        for child in ["a", "b", "c"] {
            let view = u.view(&format!("tree/{child}")).expect("it is kept");
            assert_eq!(view.state, Status::Running, "{child}");
        }
    });
}

#[test]
fn all_dynamic_children_are_restarted_where_the_strategy_says_so() {
    run(|u: Universe| async move {
        let flags = Flags::new(Strategy::OneForAll);
        let (a, to_a) = u.good("a").build();
        let tree = SupervisorSpec::dynamic("tree", flags).child(a);
        u.start(tree.child(u.good("b")).child(u.good("c"))).await;
        u.settle().await;
        to_a.tell(Order::Panic);
        u.pass(seconds(60)).await;
        for child in ["a", "b", "c"] {
            assert_eq!(u.journal.count(&format!("{child} started")), 2, "{child}");
        }
    });
}

#[test]
fn a_child_removed_while_its_group_rests_does_not_come_back() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(millis(500), seconds(10), seconds(60));
        let flags = Flags::new(Strategy::OneForAll).backoff(backoff);
        let (b, to_b) = u.good("b").build();
        let tree = u.tree(flags).child(u.good("a")).child(b).child(u.good("c"));
        let tree = u.start(tree).await;
        to_b.tell(Order::Panic);
        u.exited("tree/a").await;
        assert!(tree.remove_child(&"b".into()));
        u.started("tree/c").await;
        assert_eq!(tree.len(), 2);
        assert_eq!(u.journal.count("b started"), 1);
    });
}
