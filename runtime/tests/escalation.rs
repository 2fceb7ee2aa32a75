//! What a spent intensity does, up to the end of the runtime.

use tokio::time::Instant;
use trunkline_runtime::{
    Address, Backoff, ChildSpec, Ended, ExitReason, Failure, Flags, Shutdown, Strategy,
    SupervisorHandle, SupervisorSpec,
};

use crate::harness::faults::crash_on_start::crash_on_start;
use crate::harness::faults::never_stop::never_stop;
use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Good, Order, Orders};
use crate::harness::{Universe, millis, run, run_to_the_end, seconds};

/// No restart at all.
const STRICT: Flags = Flags::new(Strategy::OneForOne)
    .intensity(0, seconds(60))
    .backoff(Backoff::new(millis(1), millis(1), seconds(60)));

#[test]
fn a_supervisor_that_escalates_stops_its_other_children_in_reverse_and_fails() {
    run(|u: Universe| async move {
        let (b, to_b) = u.good("b").build();
        let tree = u.tree(STRICT).child(u.good("a")).child(b);
        u.start(tree.child(u.good("c"))).await;
        u.journal.take();
        to_b.tell(Order::Panic);
        let text = "b needed more than the 0 restarts that its intensity allows";
        let reason = u.exited("tree").await;
        assert_eq!(reason, ExitReason::Failed(Failure::new(text)));
        assert_eq!(
            u.journal.lines(),
            ["c stopping", "c stopped shutdown", "a stopping", "a stopped shutdown"]
        );
    });
}

#[test]
fn a_supervisor_that_escalated_comes_back_with_all_children() {
    run(|u: Universe| async move {
        let (b, to_b) = u.good("b").build();
        u.start(u.tree(STRICT).child(u.good("a")).child(b)).await;
        to_b.tell(Order::Panic);
        assert_eq!(u.started("tree").await, 2);
        let answer = to_b.order(Order::Report).await.expect("it is back");
        assert_eq!(answer.generation, 2);
        assert_eq!(u.journal.count("a started"), 2);
    });
}

#[test]
fn a_supervisor_that_came_back_has_its_whole_intensity_again() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        let flags = STRICT.intensity(1, seconds(3600));
        u.start(u.tree(flags).child(child)).await;
        for _ in 0..2 {
            address.tell(Order::Panic);
        }
        assert_eq!(u.started("tree").await, 2);
        address.tell(Order::Panic);
        u.pass(seconds(60)).await;
        assert_eq!(u.view("tree").map(|tree| tree.generation), Some(2));
        assert_eq!(u.view("tree/child").map(|child| child.generation), Some(4));
    });
}

#[test]
fn escalation_climbs_until_a_supervisor_has_restarts_left() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        let inner = SupervisorSpec::new("inner", STRICT).child(child);
        let middle = SupervisorSpec::new("middle", STRICT).child(inner);
        u.start(u.tree(Flags::new(Strategy::OneForOne)).child(middle)).await;
        address.tell(Order::Panic);
        u.saw("tree/middle/inner", "escalated").await;
        u.saw("tree/middle", "escalated").await;
        assert_eq!(u.started("tree/middle").await, 2);
        assert_eq!(u.view("tree").map(|tree| tree.restarts), Some(0));
        let answer = address.order(Order::Report).await.expect("it is back");
        assert_eq!(answer.generation, 2);
    });
}

#[test]
fn a_root_that_gives_up_ends_the_runtime_and_names_the_child() {
    // The child to blame is named whatever the root has left to stop.
    for siblings in [0, 2] {
        let (ended, lines) = run_to_the_end(STRICT, |mut root, journal| {
            for id in ["a", "b"].into_iter().take(siblings) {
                let journal = journal.clone();
                let good = move || Good::new(id, journal.clone());
                root = root.child(ChildSpec::leaf(id, good));
            }
            root.child(crash_on_start("dud", 100))
        });
        let child = "dud".to_owned();
        assert_eq!(ended, Ended::Escalated { child });
        let stopped = lines.iter().filter(|line| line.ends_with("shutdown"));
        assert_eq!(stopped.count(), siblings, "the others stop in good order");
    }
}

#[test]
fn escalation_from_the_depth_of_the_tree_reaches_the_root() {
    let (ended, _) = run_to_the_end(STRICT, |root, _| {
        let inner = SupervisorSpec::new("inner", STRICT).child(crash_on_start("dud", 100));
        root.child(SupervisorSpec::new("outer", STRICT).child(inner))
    });
    let child = "outer".to_owned();
    assert_eq!(ended, Ended::Escalated { child });
}

#[test]
fn a_root_that_gives_up_waits_for_no_child_longer_than_half_a_second() {
    let (ended, lines) = run_to_the_end(STRICT, |root, journal| {
        root.child(never_stop("stubborn", journal)).child(crash_on_start("dud", 100))
    });
    let child = "dud".to_owned();
    assert_eq!(ended, Ended::Escalated { child });
    assert_eq!(lines, ["asked"], "it was asked, and its grace cut short");
}

/// The longest grace of whatever stops because a supervisor gave up.
const LAST: std::time::Duration = millis(500);

/// A supervisor `tree` that gives up when the one of that address panics. Beside it, and two levels
/// below, are children that never stop and have a minute each.
async fn stubborn_tree(u: &Universe) -> (SupervisorHandle, Address<Good>) {
    let stubborn = |id| never_stop(id, &u.journal).shutdown(Shutdown::Grace(seconds(60)));
    let inner = SupervisorSpec::new("inner", STRICT).child(stubborn("deep"));
    let middle = SupervisorSpec::new("middle", STRICT).child(inner);
    let (trigger, to_trigger) = u.good("trigger").build();
    let tree = u.tree(STRICT).child(stubborn("near")).child(middle).child(trigger);
    (u.start(tree).await, to_trigger)
}

/// How long each of the two stubborn children kept its supervisor waiting.
async fn waits(u: &Universe) -> [std::time::Duration; 2] {
    let before = Instant::now();
    assert_eq!(u.exited("tree/middle/inner/deep").await, ExitReason::Killed);
    let deep = before.elapsed();
    assert_eq!(u.exited("tree/near").await, ExitReason::Killed);
    [deep, before.elapsed() - deep]
}

fn assert_about(waits: [std::time::Duration; 2], expected: std::time::Duration) {
    for wait in waits {
        assert!((expected..expected + millis(50)).contains(&wait), "{waits:?}");
    }
}

#[test]
fn a_supervisor_that_gives_up_waits_half_a_second_for_each_child_on_every_level_below() {
    run(|u: Universe| async move {
        let (_, trigger) = stubborn_tree(&u).await;
        trigger.tell(Order::Panic);
        assert_about(waits(&u).await, LAST);
        assert!(matches!(u.exited("tree").await, ExitReason::Failed(_)));
        assert_eq!(u.journal.count("asked"), 2, "they were asked first");
    });
}

#[test]
fn a_supervisor_that_gave_up_gives_the_whole_graces_again_once_it_is_back() {
    run(|u: Universe| async move {
        let (_, trigger) = stubborn_tree(&u).await;
        trigger.tell(Order::Panic);
        assert_eq!(u.started("tree").await, 2);
        u.root.remove_child(&"tree".into());
        assert_about(waits(&u).await, seconds(60));
    });
}

#[test]
fn a_supervisor_that_gives_up_a_second_time_hurries_again() {
    run(|u: Universe| async move {
        let (_, trigger) = stubborn_tree(&u).await;
        trigger.tell(Order::Panic);
        assert_eq!(u.started("tree").await, 2);
        trigger.tell(Order::Panic);
        assert_about(waits(&u).await, LAST);
    });
}

#[test]
fn an_ordinary_shutdown_gives_the_whole_graces_on_every_level() {
    run(|u: Universe| async move {
        stubborn_tree(&u).await;
        u.root.remove_child(&"tree".into());
        assert_about(waits(&u).await, seconds(60));
    });
}

#[test]
fn giving_up_lengthens_no_grace_and_kills_nobody_who_stops_in_time() {
    run(|u: Universe| async move {
        let short = never_stop("short", &u.journal).shutdown(Shutdown::Grace(millis(100)));
        let slow = slow_stop("slow", millis(400)).shutdown(Shutdown::Grace(seconds(60)));
        let (trigger, to_trigger) = u.good("trigger").build();
        u.start(u.tree(STRICT).child(short).child(slow).child(trigger)).await;
        to_trigger.tell(Order::Panic);
        u.settle().await;
        let before = Instant::now();
        assert_eq!(u.exited("tree/slow").await, ExitReason::Shutdown);
        let slow = before.elapsed();
        assert_eq!(u.exited("tree/short").await, ExitReason::Killed);
        let short = before.elapsed() - slow;
        assert!((millis(390)..millis(450)).contains(&slow), "{slow:?}");
        assert!((millis(100)..millis(150)).contains(&short), "{short:?}");
    });
}

#[test]
fn an_adopted_child_is_hurried_too_when_its_crashed_supervisor_is_the_one_given_up() {
    run(|u: Universe| async move {
        let deep = never_stop("deep", &u.journal).shutdown(Shutdown::Grace(seconds(60)));
        let inner = SupervisorSpec::new("inner", STRICT).child(deep);
        u.start(u.tree(STRICT).child(inner)).await;
        let inner = u.runtime.registry().find("root/tree/inner").expect("it is there");
        let before = Instant::now();
        inner.inject_panic();
        assert_eq!(u.exited("tree/inner/deep").await, ExitReason::Killed);
        let took = before.elapsed();
        assert!((LAST..LAST + millis(50)).contains(&took), "{took:?}");
        assert!(matches!(u.exited("tree").await, ExitReason::Failed(_)));
    });
}

#[test]
fn children_that_stop_already_when_their_supervisor_gives_up_are_hurried_as_well() {
    run(|u: Universe| async move {
        let (tree, trigger) = stubborn_tree(&u).await;
        tree.remove_child(&"middle".into());
        tree.remove_child(&"near".into());
        u.settle().await;
        let before = Instant::now();
        trigger.tell(Order::Panic);
        assert!(matches!(u.exited("tree").await, ExitReason::Failed(_)));
        let took = before.elapsed();
        assert!(took < seconds(2), "{took:?}");
    });
}
