//! Children that a leaf has of its own: restarted like any other, and never without the leaf.

use trunkline_runtime::{
    Actor, Address, AskError, ChildSpec, Children, ExitReason, Flags, Leaf, Placement, Restart,
    Shutdown, SpecError, Strategy,
};

use crate::harness::faults::crash_on_start::crash_on_start;
use crate::harness::faults::never_stop::never_stop;
use crate::harness::faults::panic_in_drop::panic_in_drop;
use crate::harness::faults::panic_in_factory::panic_in_factory;
use crate::harness::faults::panic_in_future::panic_in_future;
use crate::harness::faults::panic_in_stopping::panic_in_stopping;
use crate::harness::faults::panic_in_stream::panic_in_stream;
use crate::harness::faults::panic_in_timer::panic_in_timer;
use crate::harness::good::{Good, Order, Orders};
use crate::harness::parent::{Parent, parent, with};
use crate::harness::{Universe, millis, run, run_with_workers, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

/// A parent `tree/parent`.
async fn start(u: &Universe, flags: Flags) -> Address<Parent> {
    let (spec, address) = parent("parent", flags).build();
    u.start(u.tree(PLAIN).child(spec)).await;
    address
}

async fn try_spawn<A: Actor>(
    parent: &Address<Parent>,
    child: impl FnOnce() -> Leaf<A> + Send + 'static,
) -> Result<Address<A>, SpecError> {
    let spawn = with(move |children: &Children| children.start(child()));
    parent.ask(spawn, seconds(60)).await.expect("the parent is well")
}

async fn spawn(u: &Universe, parent: &Address<Parent>, id: &'static str) -> Address<Good> {
    let child = u.good(id);
    try_spawn(parent, move || child).await.expect("the spec is sound")
}

#[test]
fn a_child_hangs_below_its_leaf_and_answers() {
    run(|u: Universe| async move {
        let parent = start(&u, PLAIN).await;
        let child = spawn(&u, &parent, "child").await;
        assert_eq!(child.order(Order::Report).await.map(|answer| answer.generation), Ok(1));
        assert_eq!(child.node().path(), "root/tree/parent/child");
        assert!(u.view("tree/parent/child").is_some());
        let count = parent.ask(with(|children| (children.len(), children.is_empty())), seconds(1));
        assert_eq!(count.await, Ok((1, false)));
    });
}

#[test]
fn a_child_that_panics_is_restarted_and_neither_leaf_nor_sibling_notices() {
    run(|u: Universe| async move {
        let parent = start(&u, PLAIN).await;
        let child = spawn(&u, &parent, "child").await;
        let sibling = spawn(&u, &parent, "sibling").await;
        let crashed = child.order(Order::Panic);
        let queued = child.order(Order::Report);
        assert_eq!(crashed.await, Err(AskError::Crashed));
        assert_eq!(queued.await.map(|answer| answer.generation), Ok(2));
        assert_eq!(sibling.order(Order::Report).await.map(|answer| answer.generation), Ok(1));
        assert_eq!(u.view("tree/parent").map(|parent| parent.generation), Some(1));
    });
}

/// A child that panics by itself, again and again: it costs no one else anything.
fn panics_by_itself<A: Actor>(
    child: impl FnOnce() -> Leaf<A> + Send + 'static,
    text: &'static str,
) {
    run(move |u: Universe| async move {
        let parent = start(&u, PLAIN).await;
        try_spawn(&parent, child).await.expect("the spec is sound");
        for _ in 0..2 {
            let reason = u.exited("tree/parent/child").await;
            assert!(reason.to_string().contains(text), "{reason}");
            u.restarting("tree/parent/child").await;
        }
        assert_eq!(u.view("tree/parent").map(|parent| parent.generation), Some(1));
    });
}

#[test]
fn a_child_that_panics_in_started_is_restarted() {
    panics_by_itself(|| crash_on_start("child", 100), "no start before");
}

#[test]
fn a_child_that_panics_in_its_factory_is_restarted() {
    panics_by_itself(|| panic_in_factory("child"), "out of parts");
}

#[test]
fn a_child_that_panics_in_a_future_is_restarted() {
    panics_by_itself(|| panic_in_future("child"), "the future is bleak");
}

#[test]
fn a_child_that_panics_over_an_item_is_restarted() {
    panics_by_itself(|| panic_in_stream("child"), "cannot stand that item");
}

#[test]
fn a_child_that_panics_in_a_timer_is_restarted() {
    panics_by_itself(|| panic_in_timer("child"), "time is up");
}

/// A child that panics when it ends: its leaf ends all the same, however it does.
fn panics_at_the_end<A: Actor>(child: impl FnOnce() -> Leaf<A> + Send + 'static, kill: bool) {
    run(move |u: Universe| async move {
        let shutdown = if kill { Shutdown::Kill } else { Shutdown::Grace(seconds(10)) };
        let (spec, parent) = parent("parent", PLAIN).shutdown(shutdown).build();
        let tree = u.start(u.tree(PLAIN).child(spec)).await;
        try_spawn(&parent, child).await.expect("the spec is sound");
        u.settle().await;
        tree.remove_child(&"parent".into());
        u.saw("tree/parent", "removed").await;
        u.settle().await;
        assert!(u.view("tree/parent/child").is_none());
    });
}

#[test]
fn a_child_that_panics_when_it_is_stopped_or_dropped_ends_with_its_leaf() {
    for kill in [false, true] {
        panics_at_the_end(|| panic_in_stopping("child"), kill);
        panics_at_the_end(|| panic_in_drop("child"), kill);
    }
}

#[test]
fn children_that_need_too_many_restarts_end_their_leaf_with_a_failure() {
    run(|u: Universe| async move {
        let parent = start(&u, PLAIN.intensity(2, seconds(10))).await;
        spawn(&u, &parent, "sibling").await;
        try_spawn(&parent, || crash_on_start("child", 100)).await.expect("the spec is sound");
        let ExitReason::Failed(failure) = u.exited("tree/parent").await else {
            panic!("it ends by a failure");
        };
        let text = "child needed more than the 2 restarts that its intensity allows";
        assert_eq!(failure.text(), text);
        // The next incarnation has none of them.
        assert_eq!(u.started("tree/parent").await, 2);
        assert!(u.view("tree/parent/child").is_none());
        assert!(u.view("tree/parent/sibling").is_none());
        assert_eq!(u.journal.count("sibling stopped shutdown"), 1);
        spawn(&u, &parent, "child").await;
    });
}

#[test]
fn a_leaf_that_crashes_takes_its_children_along_and_begins_without_them() {
    run(|u: Universe| async move {
        let parent = start(&u, PLAIN).await;
        let child = spawn(&u, &parent, "child").await;
        let kept = child.order(Order::Keep);
        u.settle().await;
        parent.node().inject_panic();
        assert_eq!(u.started("tree/parent").await, 2);
        assert_eq!(kept.await, Err(AskError::Stopped));
        assert!(!child.is_open());
        assert!(u.view("tree/parent/child").is_none());
        // Its id is free, and its address is not the next one's.
        let next = spawn(&u, &parent, "child").await;
        assert_eq!(next.order(Order::Report).await.map(|answer| answer.nth), Ok(1));
        assert_eq!(child.order(Order::Report).await, Err(AskError::Stopped));
    });
}

#[test]
fn a_leaf_that_is_killed_takes_its_children_along() {
    run(|u: Universe| async move {
        let (spec, parent) = parent("parent", PLAIN).shutdown(Shutdown::Kill).build();
        let tree = u.start(u.tree(PLAIN).child(spec)).await;
        let child = spawn(&u, &parent, "child").await;
        u.settle().await;
        tree.remove_child(&"parent".into());
        assert_eq!(u.exited("tree/parent").await, ExitReason::Killed);
        u.settle().await;
        assert!(!child.is_open());
        assert!(u.view("tree/parent/child").is_none());
        assert_eq!(u.journal.lines(), ["child started"]);
    });
}

#[test]
fn a_leaf_that_stops_stops_its_children_each_within_its_grace() {
    run(|u: Universe| async move {
        let (spec, parent) = parent("parent", PLAIN).shutdown(Shutdown::Grace(seconds(60))).build();
        let tree = u.start(u.tree(PLAIN).child(spec)).await;
        spawn(&u, &parent, "a").await;
        let stubborn = never_stop("stubborn", &u.journal).shutdown(Shutdown::Grace(seconds(3)));
        try_spawn(&parent, || stubborn).await.expect("the spec is sound");
        u.settle().await;
        let before = tokio::time::Instant::now();
        tree.remove_child(&"parent".into());
        assert_eq!(u.exited("tree/parent/stubborn").await, ExitReason::Killed);
        assert_eq!(u.exited("tree/parent").await, ExitReason::Shutdown);
        assert!((seconds(3)..seconds(4)).contains(&before.elapsed()), "{:?}", before.elapsed());
        assert_eq!(u.journal.lines(), ["a started", "a stopping", "a stopped shutdown", "asked"]);
    });
}

#[test]
fn a_leaf_that_stops_takes_no_more_children() {
    run(|u: Universe| async move {
        let (spec, parent) = parent("parent", PLAIN).shutdown(Shutdown::Grace(seconds(60))).build();
        let tree = u.start(u.tree(PLAIN).child(spec)).await;
        let slow = never_stop("slow", &u.journal).shutdown(Shutdown::Grace(seconds(3)));
        try_spawn(&parent, || slow).await.expect("the spec is sound");
        u.settle().await;
        tree.remove_child(&"parent".into());
        u.settle().await;
        let late = u.good("late");
        let late = with(move |children: &Children| children.start(late).map(drop));
        let stopping = Err(SpecError::Stopping { of: "parent".into() });
        assert_eq!(parent.ask(late, seconds(1)).await, Ok(stopping));
    });
}

#[test]
fn ids_are_checked_and_free_again_when_a_child_has_ended_for_good() {
    run(|u: Universe| async move {
        let parent = start(&u, PLAIN).await;
        spawn(&u, &parent, "child").await;
        let refused = |id: &'static str| {
            let child = u.good(id);
            let refused = try_spawn(&parent, move || child);
            async { refused.await.err() }
        };
        let taken = SpecError::DuplicateId { id: "child".into() };
        assert_eq!(refused("child").await, Some(taken));
        assert_eq!(refused("").await, Some(SpecError::EmptyId));
        assert_eq!(refused("a/b").await, Some(SpecError::SlashInId { id: "a/b".into() }));

        for _ in 0..3 {
            let once = u.good("once").restart(Restart::Temporary);
            let once = try_spawn(&parent, move || once).await.expect("the id is free");
            once.tell(Order::Finish);
            u.saw("tree/parent/once", "removed").await;
        }
        let count = parent.ask(with(Children::len), seconds(1)).await;
        assert_eq!(count, Ok(1));
    });
}

#[test]
fn children_need_sound_flags_and_an_owner_in_the_tree() {
    run(|u: Universe| async move {
        let (_spec, stranger) = u.good("stranger").build();
        let refused = Children::of(stranger.node(), PLAIN).map(drop);
        assert_eq!(refused, Err(SpecError::Stopping { of: "stranger".into() }));

        let unsound = PLAIN.intensity(1, millis(0));
        u.root.start_child(parent("unsound", unsound).restart(Restart::Temporary)).expect("sound");
        let reason = u.exited("unsound").await;
        assert_eq!(reason.to_string(), "failed: intensity.period of unsound is zero");
    });
}

#[test]
fn children_live_on_the_thread_of_their_leaf() {
    run_with_workers(2, |u: Universe| async move {
        let (spec, parent) = parent("parent", PLAIN).on(Placement::Worker(1)).build();
        let tree = u.start(u.tree(PLAIN).child(spec)).await;
        // Wherever the spec would have it.
        let child = u.good("child").on(Placement::Worker(0));
        let child = try_spawn(&parent, move || child).await.expect("the spec is sound");
        child.order(Order::Report).await.expect("it is well");
        assert_eq!(u.view("tree/parent/child").and_then(|child| child.worker), Some(1));
        tree.remove_child(&"parent".into());
        u.saw("tree/parent", "removed").await;
        assert_eq!(u.journal.count("child stopped shutdown"), 1);
    });
}

#[test]
fn a_crash_of_a_leaf_on_another_thread_leaves_nobody_behind() {
    run_with_workers(1, |u: Universe| async move {
        let (spec, parent) = parent("parent", PLAIN).on(Placement::Worker(0)).build();
        u.start(u.tree(PLAIN).child(spec)).await;
        for id in 0..50u64 {
            let journal = u.journal.clone();
            let good = move || Good::new("guest", journal.clone());
            try_spawn(&parent, move || ChildSpec::leaf(id, good)).await.expect("ids are unique");
        }
        parent.node().inject_panic();
        assert_eq!(u.started("tree/parent").await, 2);
        let count = parent.ask(with(Children::len), seconds(5)).await;
        assert_eq!(count, Ok(0));
        let tree = u.runtime.registry().tree();
        assert!(tree.nodes().iter().all(|node| !node.path.starts_with("root/tree/parent/")));
    });
}
