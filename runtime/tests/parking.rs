//! Spent intensities that are answered with a rest instead of escalation.

use trunkline_runtime::{
    Backoff, ExitReason, Flags, Lifecycle, OnSpent, Restart, Shutdown, Status, Strategy,
    SupervisorSpec,
};

use crate::harness::faults::crash_on_start::crash_on_start;
use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

const PARKING: Flags = Flags::new(Strategy::OneForOne)
    .intensity(1, seconds(10))
    .backoff(Backoff::new(millis(1), seconds(60), seconds(10)))
    .on_spent(OnSpent::Park);

const PARKING_CHILD: Flags = PARKING.on_spent(OnSpent::ParkChild);

fn retry(what: &Lifecycle) -> std::time::Duration {
    let Lifecycle::Parked { retry } = what else {
        panic!("an event of that name is a parking");
    };
    *retry
}

#[test]
fn a_supervisor_that_parks_stops_its_children_and_stays_up_itself() {
    run(|u: Universe| async move {
        let (b, to_b) = u.good("b").build();
        let tree = u.tree(PARKING).child(u.good("a")).child(b);
        let tree = u.start(tree).await;
        assert!(tree.is_up());
        to_b.tell(Order::Panic);
        to_b.tell(Order::Panic);
        let event = u.saw("tree", "parked").await;
        assert_eq!(event.generation, 1);
        assert!((seconds(30)..=seconds(60)).contains(&retry(&event.what)));
        assert_eq!(u.journal.count("a stopped shutdown"), 1);
        assert!(!tree.is_up());
        assert_eq!(u.view("tree").map(|tree| tree.state), Some(Status::Parked));
        for child in ["tree/a", "tree/b"] {
            assert_eq!(u.view(child).map(|child| child.state), Some(Status::Ended));
        }
    });
}

#[test]
fn a_parked_supervisor_starts_its_children_again_at_its_trial() {
    run(|u: Universe| async move {
        let (b, to_b) = u.good("b").build();
        let tree = u.start(u.tree(PARKING).child(u.good("a")).child(b)).await;
        to_b.tell(Order::Panic);
        to_b.tell(Order::Panic);
        let parked = u.saw("tree", "parked").await;
        let since = tokio::time::Instant::now();
        u.started("tree").await;
        assert!(since.elapsed() >= retry(&parked.what));
        assert!(tree.is_up());
        assert_eq!(u.view("tree").map(|tree| tree.state), Some(Status::Running));
        let answer = to_b.order(Order::Report).await.expect("it is back");
        assert_eq!(answer.generation, 3);
    });
}

#[test]
fn one_crash_on_trial_parks_again_and_a_clean_period_ends_the_trial() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PARKING).child(child)).await;
        address.tell(Order::Panic);
        address.tell(Order::Panic);
        u.saw("tree", "parked").await;
        u.started("tree").await;
        address.tell(Order::Panic);
        u.saw("tree", "parked").await;
        u.started("tree").await;
        u.pass(millis(10_001)).await;
        address.tell(Order::Panic);
        u.restarting("tree/child").await;
        u.started("tree/child").await;
        assert_eq!(u.view("tree").map(|tree| tree.state), Some(Status::Running));
    });
}

#[test]
fn temporary_children_do_not_outlast_parking() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        let guest = u.good("guest").restart(Restart::Temporary);
        let tree = u.start(u.tree(PARKING).child(child).child(guest)).await;
        address.tell(Order::Panic);
        address.tell(Order::Panic);
        u.saw("tree", "parked").await;
        assert_eq!(tree.len(), 1);
    });
}

#[test]
fn a_parked_child_leaves_its_siblings_at_work() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (b, to_b) = u.good("b").build();
        let tree = u.start(u.tree(PARKING_CHILD).child(a).child(b)).await;
        to_b.tell(Order::Panic);
        to_b.tell(Order::Panic);
        let parked = u.saw("tree/b", "parked").await;
        assert!((seconds(30)..=seconds(60)).contains(&retry(&parked.what)));
        assert_eq!(u.view("tree/b").map(|b| b.state), Some(Status::Parked));
        assert!(tree.is_up());
        let answer = to_a.order(Order::Report).await.expect("it goes on");
        assert_eq!(answer.generation, 1);
    });
}

#[test]
fn each_child_has_an_intensity_of_its_own_where_single_children_are_parked() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (b, to_b) = u.good("b").build();
        u.start(u.tree(PARKING_CHILD).child(a).child(b)).await;
        for child in [&to_a, &to_b] {
            child.tell(Order::Panic);
        }
        u.pass(seconds(1)).await;
        for child in ["tree/a", "tree/b"] {
            assert_eq!(u.view(child).map(|child| child.state), Some(Status::Running));
        }
    });
}

#[test]
fn a_parked_child_is_tried_again_parked_again_and_recovers() {
    run(|u: Universe| async move {
        // Two crashes to be parked, one on trial, and then it is well.
        let tree = u.tree(PARKING_CHILD).child(crash_on_start("dud", 3));
        u.root.start_child(tree.child(u.good("next"))).expect("sound");
        u.saw("tree/dud", "parked").await;
        u.started("tree/next").await;
        u.saw("tree/dud", "parked").await;
        assert_eq!(u.started("tree/dud").await, 4);
        u.pass(seconds(3600)).await;
        assert_eq!(u.view("tree/dud").map(|dud| dud.restarts), Some(3));
        assert_eq!(u.journal.lines(), ["next started"]);
    });
}

#[test]
fn a_parked_child_can_be_removed_and_its_id_used_again() {
    run(|u: Universe| async move {
        let (b, to_b) = u.good("b").build();
        let tree = u.start(u.tree(PARKING_CHILD).child(b)).await;
        to_b.tell(Order::Panic);
        to_b.tell(Order::Panic);
        u.saw("tree/b", "parked").await;
        assert!(tree.remove_child(&"b".into()));
        tree.start_child(u.good("b")).expect("the id is free");
        assert_eq!(u.started("tree/b").await, 1);
        u.pass(seconds(3600)).await;
        assert_eq!(u.journal.count("b started"), 3, "no trial of the old one");
    });
}

#[test]
fn a_parked_supervisor_stops_at_once() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PARKING).child(child)).await;
        address.tell(Order::Panic);
        address.tell(Order::Panic);
        u.saw("tree", "parked").await;
        let before = tokio::time::Instant::now();
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        assert!(before.elapsed() < millis(10));
    });
}

#[test]
fn a_supervisor_that_parks_gives_its_children_their_whole_grace_on_every_level() {
    run(|u: Universe| async move {
        let slow = |id| slow_stop(id, seconds(4)).shutdown(Shutdown::Grace(seconds(5)));
        let inner = SupervisorSpec::new("inner", PARKING).child(slow("deep"));
        let (child, address) = u.good("child").build();
        u.start(u.tree(PARKING).child(slow("near")).child(inner).child(child)).await;
        address.tell(Order::Panic);
        address.tell(Order::Panic);
        for child in ["tree/inner/deep", "tree/inner", "tree/near"] {
            assert_eq!(u.exited(child).await, ExitReason::Shutdown, "{child}");
        }
        u.saw("tree", "parked").await;
    });
}

/// Parks a supervisor with two living children because its own actor panics, and tries it again.
fn park_a_supervisor_that_panics(restarts: u32) {
    run(move |u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (b, to_b) = u.good("b").build();
        let inner = SupervisorSpec::new("inner", PARKING).child(a).child(b);
        let flags = PARKING_CHILD.intensity(restarts, seconds(36_000));
        let tree = u.start(u.tree(flags).child(u.good("next")).child(inner)).await;
        let inner = u.runtime.registry().find("root/tree/inner").expect("it is there");
        for generation in 2..restarts + 2 {
            inner.inject_panic();
            assert_eq!(u.started("tree/inner").await, generation);
        }
        u.journal.take();

        inner.inject_panic();
        for child in ["tree/inner/b", "tree/inner/a"] {
            assert_eq!(u.exited(child).await, ExitReason::Shutdown, "{child}");
        }
        u.saw("tree/inner", "parked").await;
        assert_eq!(
            u.journal.take(),
            ["b stopping", "b stopped shutdown", "a stopping", "a stopped shutdown"]
        );
        assert_eq!(inner.status(), Status::Parked);
        assert!(tree.is_up());

        u.started("tree/inner").await;
        assert_eq!(inner.status(), Status::Running);
        assert_eq!(u.journal.lines(), ["a started", "b started"]);
        for address in [&to_a, &to_b] {
            let answer = address.order(Order::Report).await.expect("it is back");
            assert_eq!(answer.generation, 2);
        }
    });
}

#[test]
fn a_supervisor_that_is_parked_because_it_panics_has_its_children_stopped_in_order_first() {
    park_a_supervisor_that_panics(1);
}

#[test]
fn many_panics_before_the_parking_cost_the_children_nothing() {
    park_a_supervisor_that_panics(20);
}

#[test]
fn children_of_a_supervisor_that_is_to_be_parked_have_their_whole_grace() {
    run(|u: Universe| async move {
        let slow = slow_stop("slow", seconds(4)).shutdown(Shutdown::Grace(seconds(5)));
        let inner = SupervisorSpec::new("inner", PARKING).child(slow);
        u.start(u.tree(PARKING_CHILD.intensity(0, seconds(10))).child(inner)).await;
        let inner = u.runtime.registry().find("root/tree/inner").expect("it is there");
        inner.inject_panic();
        assert_eq!(u.exited("tree/inner/slow").await, ExitReason::Shutdown);
        u.saw("tree/inner", "parked").await;
    });
}

#[test]
fn a_runtime_that_ends_while_a_supervisor_is_to_be_parked_stops_in_order() {
    run(|u: Universe| async move {
        let slow = slow_stop("slow", seconds(4)).shutdown(Shutdown::Grace(seconds(5)));
        let inner = SupervisorSpec::new("inner", PARKING).child(slow);
        u.start(u.tree(PARKING_CHILD.intensity(0, seconds(10))).child(inner)).await;
        let inner = u.runtime.registry().find("root/tree/inner").expect("it is there");
        inner.inject_panic();
        u.exited("tree/inner").await;
        u.root.remove_child(&"tree".into());
        assert_eq!(u.exited("tree/inner/slow").await, ExitReason::Shutdown);
        u.saw("tree", "removed").await;
        assert_eq!(inner.status(), Status::Ended, "it is not parked");
    });
}
