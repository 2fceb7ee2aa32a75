//! Children that come and go at run time, in any number.

use std::time::{Duration, Instant};

use trunkline_runtime::{
    Actor, Backoff, ChildId, ExitReason, Flags, Restart, Shutdown, SpecError, Strategy,
    SupervisorSpec,
};

use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Good, Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

const PLAIN: Flags = Flags::new(Strategy::OneForOne);

struct Idle;

impl Actor for Idle {}

#[test]
fn twenty_thousand_children_come_and_go_at_a_flat_cost() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        let before = u.runtime.registry().len();
        let mut starts = Vec::new();
        for thousand in 0..20 {
            let start = Instant::now();
            for id in thousand * 1_000..(thousand + 1) * 1_000u64 {
                tree.start_here(id, Shutdown::Kill, 8, Idle).expect("ids are unique");
            }
            starts.push(start.elapsed());
            u.settle().await;
        }
        assert_eq!(tree.len(), 20_000);
        assert_eq!(u.runtime.registry().len(), before + 20_000);
        assert_flat("adding", &starts);

        let mut removals = Vec::new();
        for thousand in 0..20 {
            let start = Instant::now();
            // By key, from all over the order.
            for step in 0..1_000u64 {
                let id = ChildId::Number(step * 20 + thousand);
                assert!(tree.remove_child(&id), "{id} is there");
            }
            u.settle().await;
            removals.push(start.elapsed());
        }
        u.settle().await;
        assert!(tree.is_empty());
        assert_eq!(u.runtime.registry().len(), before);
        assert_flat("removing", &removals);
    });
}

/// A cost that grows with the number of children grows twentyfold here.
fn assert_flat(what: &str, thousands: &[Duration]) {
    let median = |part: &[Duration]| {
        let mut part = part.to_vec();
        part.sort();
        part[part.len() / 2]
    };
    let low = thousands.iter().min().copied().unwrap_or_default();
    let first = median(&thousands[..5]);
    let last = median(&thousands[thousands.len() - 5..]);
    let (small, large) = (first.min(last), first.max(last));
    assert!(
        large < small * 6 + millis(5),
        "{what} a thousand took {first:?}, then {last:?} (least {low:?})"
    );
}

#[test]
fn a_child_whose_id_is_taken_is_refused() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        tree.start_here(7, Shutdown::Kill, 8, Idle).expect("free");
        let again = tree.start_here(7, Shutdown::Kill, 8, Idle);
        let id = ChildId::Number(7);
        assert_eq!(again.err(), Some(SpecError::DuplicateId { id }));
        assert_eq!(tree.len(), 1);
    });
}

#[test]
fn a_child_that_ends_is_forgotten_and_its_id_is_free() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        for order in [Order::Finish, Order::Panic, Order::Fail] {
            let state = Good::new("guest", u.journal.clone());
            let guest = tree.start_here("guest", Shutdown::Kill, 8, state);
            let guest = guest.expect("the id is free");
            guest.tell(order);
            u.saw("tree/guest", "removed").await;
            assert!(tree.is_empty());
            u.settle().await;
            assert!(!guest.is_open());
        }
    });
}

#[test]
fn children_do_not_wait_for_one_another_to_start() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        let slow = crate::harness::faults::never_ready::never_ready("slow");
        tree.start_child(slow).expect("sound");
        tree.start_child(u.good("next")).expect("sound");
        u.started("tree/next").await;
    });
}

#[test]
fn all_children_are_stopped_at_once() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        for id in ["a", "b", "c", "d"] {
            let slow = slow_stop(id, seconds(1)).shutdown(Shutdown::Grace(seconds(10)));
            tree.start_child(slow).expect("sound");
        }
        u.settle().await;
        let before = tokio::time::Instant::now();
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        let took = before.elapsed();
        assert!((seconds(1)..seconds(2)).contains(&took), "{took:?}");
    });
}

#[test]
fn a_static_supervisor_can_be_told_to_stop_its_children_at_once() {
    run(|u: Universe| async move {
        let slow = |id| slow_stop(id, seconds(1)).shutdown(Shutdown::Grace(seconds(10)));
        let tree = u.tree(PLAIN).stops_together();
        let tree = tree.child(slow("a")).child(slow("b")).child(slow("c"));
        u.start(tree).await;
        let before = tokio::time::Instant::now();
        u.root.remove_child(&"tree".into());
        u.saw("tree", "removed").await;
        let took = before.elapsed();
        assert!((seconds(1)..seconds(2)).contains(&took), "{took:?}");
    });
}

#[test]
fn dynamic_children_are_restarted_as_their_policy_says() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        let (child, address) = u.good("child").build();
        tree.start_child(child).expect("sound");
        address.tell(Order::Panic);
        let answer = address.order(Order::Report).await.expect("it came back");
        assert_eq!(answer.generation, 2);
    });
}

#[test]
fn a_child_removed_while_it_rests_neither_doubles_nor_lives_on() {
    run(|u: Universe| async move {
        let flags = PLAIN.backoff(Backoff::new(seconds(5), seconds(5), seconds(60)));
        let tree = u.start(SupervisorSpec::dynamic("tree", flags)).await;
        let (old, to_old) = u.good("child").build();
        tree.start_child(old).expect("sound");
        to_old.tell(Order::Panic);
        u.restarting("tree/child").await;
        assert!(tree.remove_child(&"child".into()));
        assert!(!tree.remove_child(&"child".into()), "there is none any more");
        let (new, to_new) = u.good("child").build();
        tree.start_child(new).expect("the id is free");
        u.pass(seconds(60)).await;
        assert_eq!(u.journal.count("child started"), 2, "the old one's and the new one's");
        assert!(!to_old.is_open());
        let answer = to_new.order(Order::Report).await.expect("it is well");
        assert_eq!(answer.generation, 1);
    });
}

#[test]
fn an_id_is_taken_until_the_removed_child_has_ended() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        tree.start_child(slow_stop("child", seconds(1))).expect("sound");
        u.settle().await;
        assert!(tree.remove_child(&"child".into()));
        let id = ChildId::from("child");
        let early = tree.start_child(u.good("child"));
        assert_eq!(early, Err(SpecError::DuplicateId { id }));
        u.saw("tree/child", "removed").await;
        tree.start_child(u.good("child")).expect("the id is free");
        assert_eq!(u.started("tree/child").await, 1);
    });
}

#[test]
fn a_child_that_removes_itself_is_stopped_in_good_order() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        let state = Good::new("guest", u.journal.clone());
        let guest = tree.start_here("guest", Shutdown::Grace(seconds(1)), 8, state);
        let guest = guest.expect("the id is free");
        u.settle().await;
        assert!(tree.remove_child(guest.node().id()));
        assert_eq!(u.exited("tree/guest").await, ExitReason::Shutdown);
        assert_eq!(
            u.journal.lines(),
            ["guest started", "guest stopping", "guest stopped shutdown"]
        );
    });
}

#[test]
fn a_child_removed_before_its_first_turn_never_runs() {
    run(|u: Universe| async move {
        let tree = u.start(SupervisorSpec::dynamic("tree", PLAIN)).await;
        tree.start_child(u.good("brief").restart(Restart::Transient)).expect("sound");
        assert!(tree.remove_child(&"brief".into()));
        u.saw("tree/brief", "removed").await;
        assert!(u.journal.lines().is_empty());
    });
}

#[test]
fn a_supervisor_removed_at_run_time_takes_its_children_out_of_the_tree() {
    run(|u: Universe| async move {
        let before = u.runtime.registry().len();
        for _ in 0..3 {
            let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a"));
            u.start(u.tree(PLAIN).child(inner).child(u.good("b"))).await;
            assert_eq!(u.runtime.registry().len(), before + 4);
            u.root.remove_child(&"tree".into());
            u.saw("tree", "removed").await;
            u.settle().await;
            assert_eq!(u.runtime.registry().len(), before);
        }
    });
}
