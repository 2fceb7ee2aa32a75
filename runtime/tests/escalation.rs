//! What a spent intensity does, up to the end of the runtime.

use trunkline_runtime::{
    Backoff, ChildSpec, Ended, ExitReason, Failure, Flags, Strategy, SupervisorSpec,
};

use crate::harness::faults::crash_on_start::crash_on_start;
use crate::harness::faults::never_stop::never_stop;
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
