//! A supervisor that panics: its children do not notice, and nothing of theirs is lost.

use trunkline_runtime::{
    Backoff, ChildId, Ended, ExitReason, Flags, Node, OnSpent, Status, Strategy, SupervisorSpec,
};

use crate::harness::faults::never_ready::{BeReady, never_ready};
use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, run_to_the_end, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// Rests of ten seconds, so that there is time to do things meanwhile.
const SLOW: Flags = PLAIN.backoff(Backoff::new(seconds(20), seconds(20), seconds(60)));

impl Universe {
    fn node(&self, path: &str) -> std::sync::Arc<Node> {
        let node = self.runtime.registry().find(&format!("root/{path}"));
        node.expect("the child is in the tree")
    }
}

/// A supervisor `outer` with those flags, and `tree/inner` with two children below it.
async fn nested(
    u: &Universe,
    outer: Flags,
) -> [trunkline_runtime::Address<crate::harness::good::Good>; 2] {
    let (a, to_a) = u.good("a").build();
    let (b, to_b) = u.good("b").build();
    let inner = SupervisorSpec::new("inner", PLAIN).child(a).child(b);
    let tree = u.tree(outer).child(u.good("before")).child(inner);
    u.start(tree.child(u.good("after"))).await;
    u.journal.take();
    [to_a, to_b]
}

#[test]
fn a_supervisor_that_panics_is_rebuilt_and_its_children_do_not_notice() {
    for strategy in [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne] {
        run(move |u: Universe| async move {
            let [a, _] = nested(&u, Flags::new(strategy)).await;
            u.node("tree/inner").inject_panic();
            let reason = u.exited("tree/inner").await;
            assert!(matches!(reason, ExitReason::Panicked(_)), "{reason}");
            assert_eq!(u.started("tree/inner").await, 2);
            let answer = a.order(Order::Report).await.expect("it never stopped");
            assert_eq!(answer.generation, 1);
            assert!(u.journal.lines().is_empty());
        });
    }
}

#[test]
fn a_rebuilt_supervisor_restarts_the_children_that_it_adopted() {
    run(|u: Universe| async move {
        let [a, _] = nested(&u, PLAIN).await;
        u.node("tree/inner").inject_panic();
        u.started("tree/inner").await;
        a.tell(Order::Panic);
        assert_eq!(u.started("tree/inner/a").await, 2);
    });
}

#[test]
fn children_that_crash_while_their_supervisor_is_down_are_restarted_when_it_is_back() {
    run(|u: Universe| async move {
        let [a, b] = nested(&u, SLOW).await;
        u.node("tree/inner").inject_panic();
        u.restarting("tree/inner").await;
        a.tell(Order::Panic);
        b.tell(Order::Fail);
        u.pass(seconds(1)).await;
        assert_eq!(u.view("tree/inner/a").map(|a| a.state), Some(Status::Ended));
        u.started("tree/inner").await;
        let answers = [a.order(Order::Report).await, b.order(Order::Report).await];
        for answer in answers {
            assert_eq!(answer.map(|answer| answer.generation), Ok(2));
        }
    });
}

#[test]
fn children_can_be_added_and_removed_while_their_supervisor_is_down() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a"));
        let handle = inner.handle();
        u.start(u.tree(SLOW).child(inner)).await;
        u.node("tree/inner").inject_panic();
        u.restarting("tree/inner").await;
        handle.start_child(u.good("b")).expect("sound");
        assert_eq!(u.started("tree/inner/b").await, 1);
        assert!(handle.remove_child(&"a".into()));
        u.exited("tree/inner/a").await;
        u.started("tree/inner").await;
        u.settle().await;
        assert_eq!(handle.len(), 1);
    });
}

#[test]
fn a_supervisor_that_crashes_during_its_first_start_goes_on_with_it() {
    run(|u: Universe| async move {
        let (slow, address) = never_ready("slow").build();
        let inner = SupervisorSpec::new("inner", PLAIN);
        let inner = inner.child(u.good("a")).child(slow).child(u.good("b"));
        let tree = u.tree(PLAIN).child(inner).child(u.good("after"));
        u.root.start_child(tree).expect("sound");
        u.started("tree/inner/a").await;
        u.settle().await;
        u.node("tree/inner").inject_panic();
        u.exited("tree/inner").await;
        u.pass(seconds(60)).await;
        assert_eq!(u.journal.lines(), ["a started"]);
        address.send(BeReady).expect("room");
        u.started("tree").await;
        assert_eq!(u.journal.lines(), ["a started", "b started", "after started"]);
    });
}

#[test]
fn a_supervisor_that_crashes_while_it_stops_goes_on_stopping_its_children_in_order() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN)
            .child(u.good("a"))
            .child(slow_stop("slow", seconds(1)))
            .child(u.good("b"));
        u.start(u.tree(PLAIN).child(u.good("before")).child(inner)).await;
        u.root.remove_child(&"tree".into());
        u.exited("tree/inner/b").await;
        u.node("tree/inner").inject_panic();
        u.saw("tree", "removed").await;
        let stopped: Vec<_> = u.journal.lines();
        let stopped: Vec<_> =
            stopped.iter().filter_map(|line| line.strip_suffix(" stopped shutdown")).collect();
        assert_eq!(stopped, ["b", "a", "before"]);
    });
}

/// The order in which the children of `nested` stop when their supervisor has crashed and rests,
/// and the whole is shut down.
fn stops_while_the_inner_supervisor_rests(outer: Flags) {
    run(move |u: Universe| async move {
        nested(&u, outer).await;
        u.node("tree/inner").inject_panic();
        u.restarting("tree/inner").await;
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        let lines = u.journal.lines();
        let stopped: Vec<_> =
            lines.iter().filter_map(|line| line.strip_suffix(" stopped shutdown")).collect();
        assert_eq!(stopped, ["after", "b", "a", "before"]);
    });
}

#[test]
fn a_supervisor_that_rests_comes_back_in_its_turn_to_stop_its_children() {
    let strategies = [Strategy::OneForOne, Strategy::OneForAll, Strategy::RestForOne];
    for strategy in strategies {
        let flags = Flags { strategy, ..SLOW };
        stops_while_the_inner_supervisor_rests(flags);
    }
}

#[test]
fn a_supervisor_that_crashes_as_it_waits_to_be_stopped_stops_its_children_in_its_turn() {
    run(|u: Universe| async move {
        let (a, _) = u.good("a").build();
        let inner = SupervisorSpec::new("inner", PLAIN).child(a);
        let tree = u.tree(PLAIN).child(inner);
        u.start(tree.child(slow_stop("slow", seconds(1)))).await;
        u.journal.take();
        u.root.remove_child(&"tree".into());
        u.settle().await;
        u.node("tree/inner").inject_panic();
        u.exited("tree/inner").await;
        assert!(u.journal.lines().is_empty(), "not before `slow` has ended");
        u.exited("tree/slow").await;
        u.saw("tree", "removed").await;
        assert_eq!(u.journal.lines(), ["a stopping", "a stopped shutdown"]);
    });
}

#[test]
fn a_group_restart_stops_the_children_of_a_supervisor_that_rests() {
    run(|u: Universe| async move {
        let (first, to_first) = u.good("first").build();
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a"));
        let flags = Flags { strategy: Strategy::OneForAll, ..SLOW };
        let tree = u.tree(flags).child(first).child(inner);
        u.start(tree).await;
        u.journal.take();
        u.node("tree/inner").inject_panic();
        u.restarting("tree/inner").await;
        to_first.tell(Order::Panic);
        u.started("tree/first").await;
        u.started("tree/inner").await;
        assert_eq!(
            u.journal.lines(),
            ["a stopping", "a stopped shutdown", "first started", "a started"]
        );
    });
}

#[test]
fn a_supervisor_that_crashed_before_it_started_anything_is_stopped_all_the_same() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a"));
        let tree = u.tree(SLOW);
        let handle = tree.handle();
        u.start(tree).await;
        handle.start_child(inner).expect("sound");
        u.node("tree/inner").inject_panic();
        u.restarting("tree/inner").await;
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        assert!(u.journal.lines().is_empty(), "nothing is started to be stopped");
    });
}

#[test]
fn a_removed_supervisor_that_panics_again_and_again_is_killed_with_its_children() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(slow_stop("slow", seconds(4)));
        let tree = u.start(u.tree(PLAIN).child(inner)).await;
        let node = u.node("tree/inner");
        tree.remove_child(&"inner".into());
        u.settle().await;
        for _ in 0..100 {
            if tree.is_empty() {
                break;
            }
            node.inject_panic();
            u.settle().await;
        }
        assert!(tree.is_empty(), "it is given up");
        u.settle().await;
        assert!(u.view("tree/inner/slow").is_none());
    });
}

#[test]
fn a_root_that_panics_comes_back_to_its_children() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PLAIN).child(a)).await;
        let root = u.runtime.registry().find("root").expect("there is a root");
        root.inject_panic();
        u.event(|event| {
            event.node.id() == &ChildId::from("root") && event.what.name() == "started"
        })
        .await;
        assert_eq!(root.generation(), 2);
        let answer = to_a.order(Order::Report).await.expect("it never stopped");
        assert_eq!(answer.generation, 1);
        u.root.start_child(u.good("new")).expect("sound");
        u.started("new").await;
    });
}

#[test]
fn a_root_that_rests_when_the_runtime_is_stopped_stops_its_children_in_order() {
    let (ended, lines) = run_to_the_end(SLOW, |root, journal| {
        let journal = journal.clone();
        let good = move || crate::harness::good::Good::new("good", journal.clone());
        root.child(trunkline_runtime::ChildSpec::leaf("good", good))
            .child(crate::harness::quit::quit_after_a_crash_of_the_root("quit"))
    });
    assert_eq!(ended, Ended::Shutdown);
    assert_eq!(lines, ["good started", "good stopping", "good stopped shutdown"]);
}

#[test]
fn a_supervisor_that_is_parked_and_panics_stays_parked() {
    run(|u: Universe| async move {
        let flags = PLAIN
            .intensity(0, seconds(10))
            .backoff(Backoff::new(millis(1), seconds(60), seconds(10)))
            .on_spent(OnSpent::Park);
        let (child, address) = u.good("child").build();
        let tree = u.start(u.tree(flags).child(child)).await;
        address.tell(Order::Panic);
        u.saw("tree", "parked").await;
        u.node("tree").inject_panic();
        u.started("tree").await;
        assert!(!tree.is_up());
        assert_eq!(u.journal.count("child started"), 1);
        u.started("tree/child").await;
        assert!(tree.is_up());
    });
}
