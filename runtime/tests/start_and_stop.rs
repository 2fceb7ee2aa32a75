//! The order of starting and stopping.

use trunkline_runtime::{Ended, Flags, Runtime, StartError, Strategy, SupervisorSpec};

use crate::harness::faults::never_ready::{BeReady, never_ready};
use crate::harness::{Universe, run, run_to_the_end, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

#[test]
fn children_start_in_the_order_in_which_they_are_given() {
    run(|u: Universe| async move {
        let tree = u.tree(PLAIN);
        let tree = tree.child(u.good("c")).child(u.good("a"));
        u.start(tree.child(u.good("b"))).await;
        assert_eq!(u.journal.lines(), ["c started", "a started", "b started"]);
    });
}

#[test]
fn children_stop_one_by_one_in_the_reverse_of_their_start_order() {
    run(|u: Universe| async move {
        let tree = u.tree(PLAIN).child(u.good("a")).child(u.good("b"));
        u.start(tree).await;
        u.journal.take();
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        assert_eq!(
            u.journal.lines(),
            ["b stopping", "b stopped shutdown", "a stopping", "a stopped shutdown"]
        );
    });
}

#[test]
fn a_child_starts_only_when_the_one_before_is_ready() {
    run(|u: Universe| async move {
        let (slow, address) = never_ready("slow").build();
        let tree = u.tree(PLAIN).child(slow).child(u.good("next"));
        u.root.start_child(tree).expect("sound");
        u.pass(seconds(3600)).await;
        assert!(u.journal.lines().is_empty());
        let answer = address.ask(BeReady, seconds(1)).await;
        assert_eq!(answer, Ok(()));
        u.started("tree").await;
        assert_eq!(u.journal.lines(), ["next started"]);
    });
}

#[test]
fn a_supervisor_is_ready_when_its_first_start_is_complete() {
    run(|u: Universe| async move {
        let (slow, address) = never_ready("slow").build();
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("first")).child(slow);
        let tree = u.tree(PLAIN).child(inner).child(u.good("after"));
        u.root.start_child(tree).expect("sound");
        u.started("tree/inner/first").await;
        u.pass(seconds(60)).await;
        assert_eq!(u.journal.lines(), ["first started"]);
        address.send(BeReady).expect("room");
        u.started("tree").await;
        assert_eq!(u.journal.lines(), ["first started", "after started"]);
    });
}

#[test]
fn nested_children_stop_where_their_supervisor_stands_in_the_order() {
    let (ended, lines) = run_to_the_end(PLAIN, |root, journal| {
        let good = |id: &'static str| {
            let journal = journal.clone();
            trunkline_runtime::ChildSpec::leaf(id, move || {
                crate::harness::good::Good::new(id, journal.clone())
            })
        };
        let inner = SupervisorSpec::new("inner", PLAIN).child(good("b")).child(good("c"));
        let (quitter, address) = good("d").build();
        let stop = crate::harness::quit::quit_when_started("quit");
        drop(address);
        root.child(good("a")).child(inner).child(quitter).child(stop)
    });
    assert_eq!(ended, Ended::Shutdown);
    let stopped: Vec<_> =
        lines.iter().filter_map(|line| line.strip_suffix(" stopped shutdown")).collect();
    assert_eq!(stopped, ["d", "c", "b", "a"]);
}

#[test]
fn a_stop_that_was_asked_for_before_the_first_start_ends_the_runtime() {
    // Which of two things that are ready is seen first must not matter.
    for _ in 0..16 {
        let builder = Runtime::builder().workers(0).watchdog(None).paused_clock();
        let ended = builder.run("root", PLAIN, |runtime, root| {
            runtime.stop();
            Ok::<_, StartError>(root)
        });
        assert_eq!(ended.expect("sound"), Ended::Shutdown);
    }
}

#[test]
fn a_child_that_is_added_later_stands_last_in_the_order() {
    run(|u: Universe| async move {
        let tree = u.start(u.tree(PLAIN).child(u.good("a"))).await;
        tree.start_child(u.good("b")).expect("sound");
        u.started("tree/b").await;
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        let lines = u.journal.lines();
        assert_eq!(lines[2..4], ["b stopping", "b stopped shutdown"]);
    });
}

#[test]
fn a_child_that_is_added_during_the_first_start_waits_for_its_turn() {
    run(|u: Universe| async move {
        let (slow, address) = never_ready("slow").build();
        let tree = u.tree(PLAIN).child(slow);
        let handle = tree.handle();
        u.root.start_child(tree).expect("sound");
        u.settle().await;
        handle.start_child(u.good("late")).expect("sound");
        u.pass(seconds(60)).await;
        assert!(u.journal.lines().is_empty());
        address.send(BeReady).expect("room");
        u.started("tree/late").await;
    });
}

#[test]
fn an_actor_may_stop_before_it_was_ever_ready() {
    run(|u: Universe| async move {
        let tree = u.tree(PLAIN).child(never_ready("slow"));
        u.root.start_child(tree.child(u.good("next"))).expect("sound");
        u.settle().await;
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        assert!(u.journal.lines().is_empty(), "what follows never started");
    });
}
