//! A suspended child stays down, whatever is restarted around it.

use trunkline_runtime::{
    AskError, ControlError, Flags, Shutdown, Status, Strategy, SupervisorSpec,
};

use crate::harness::faults::crash_on_start::crash_on_start;
use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, run, seconds};

use super::{PARKING_CHILD, PLAIN};

#[test]
fn a_suspended_child_stays_down_refuses_mail_and_comes_back_when_it_is_resumed() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PLAIN).child(a)).await;
        u.suspend("tree/a").await;
        assert_eq!(u.status("tree/a"), Some(Status::Suspended));
        assert!(!to_a.is_open());
        assert_eq!(to_a.order(Order::Report).await, Err(AskError::Stopped));
        u.pass(seconds(3600)).await;
        assert_eq!(u.status("tree/a"), Some(Status::Suspended));
        assert_eq!(u.runtime.suspend("root/tree/a"), Ok(()), "it is what was asked for");

        assert_eq!(u.runtime.resume("root/tree/a"), Ok(()));
        u.saw("tree/a", "resumed").await;
        assert_eq!(u.started("tree/a").await, 2);
        assert_eq!(to_a.order(Order::Report).await.map(|answer| answer.generation), Ok(2));
    });
}

#[test]
fn a_suspended_child_stays_down_when_its_siblings_are_restarted_together() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let tree = u.tree(Flags::new(Strategy::OneForAll));
        u.start(tree.child(a).child(u.good("b")).child(u.good("c"))).await;
        u.suspend("tree/b").await;
        to_a.tell(Order::Panic);
        assert_eq!(u.started("tree/c").await, 2);
        u.pass(seconds(60)).await;
        assert_eq!(u.status("tree/b"), Some(Status::Suspended));
        assert_eq!(u.journal.count("b started"), 1);
    });
}

#[test]
fn a_child_stays_suspended_over_every_restart_of_its_supervisor() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a")).child(u.good("b"));
        u.start(u.tree(PLAIN).child(inner)).await;
        u.suspend("tree/inner/a").await;
        let inner = u.runtime.registry().find("root/tree/inner").expect("it is there");
        inner.inject_panic();
        assert_eq!(u.started("tree/inner").await, 2, "adopted");
        assert_eq!(u.runtime.restart("root/tree/inner"), Ok(()));
        assert_eq!(u.started("tree/inner").await, 3);
        assert_eq!(u.runtime.kill("root/tree/inner"), Ok(()));
        assert_eq!(u.started("tree/inner").await, 4);
        assert_eq!(u.status("tree/inner/a"), Some(Status::Suspended));
        assert_eq!(u.status("tree/inner/b"), Some(Status::Running));
        assert_eq!(u.journal.count("a started"), 1);
        assert_eq!(u.runtime.resume("root/tree/inner/a"), Ok(()));
        u.started("tree/inner/a").await;
    });
}

#[test]
fn a_suspended_supervisor_takes_its_children_down_and_refuses_their_mail() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let inner = SupervisorSpec::new("inner", PLAIN).child(a).child(u.good("b"));
        u.start(u.tree(PLAIN).child(inner)).await;
        u.journal.take();
        u.suspend("tree/inner").await;
        assert_eq!(
            u.journal.take(),
            ["b stopping", "b stopped shutdown", "a stopping", "a stopped shutdown"]
        );
        assert_eq!(to_a.order(Order::Report).await, Err(AskError::Stopped));
        let refused = ControlError::SupervisorDown { supervisor: "root/tree/inner".into() };
        assert_eq!(u.runtime.restart("root/tree/inner/a"), Err(refused.clone()));
        assert_eq!(u.runtime.resume("root/tree/inner/a"), Err(refused));

        assert_eq!(u.runtime.resume("root/tree/inner"), Ok(()));
        assert_eq!(u.started("tree/inner").await, 2);
        assert_eq!(u.journal.lines(), ["a started", "b started"]);
    });
}

#[test]
fn a_child_may_be_suspended_and_resumed_while_its_supervisor_is_suspended() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a")).child(u.good("b"));
        u.start(u.tree(PLAIN).child(inner)).await;
        u.suspend("tree/inner").await;
        u.suspend("tree/inner/a").await;
        u.suspend("tree/inner/b").await;
        assert_eq!(u.runtime.resume("root/tree/inner/b"), Ok(()));
        assert_eq!(u.status("tree/inner/b"), Some(Status::Waiting));
        u.journal.take();
        assert_eq!(u.runtime.resume("root/tree/inner"), Ok(()));
        u.started("tree/inner").await;
        assert_eq!(u.journal.lines(), ["b started"]);
    });
}

#[test]
fn a_suspended_child_ends_with_the_shutdown_of_its_supervisor() {
    run(|u: Universe| async move {
        u.start(u.tree(PLAIN).child(u.good("a")).child(u.good("b"))).await;
        u.suspend("tree/a").await;
        u.root.remove_child(&"tree".into());
        u.saw("tree/a", "removed").await;
        assert_eq!(u.journal.count("a stopped shutdown"), 1);
    });
}

#[test]
fn a_child_can_be_suspended_before_its_first_start_and_keeps_nobody_waiting() {
    run(|u: Universe| async move {
        let tree = u.tree(PLAIN).child(crash_on_start("dud", 3)).child(u.good("late"));
        u.root.start_child(tree.child(u.good("last"))).expect("sound");
        u.restarting("tree/dud").await;
        u.suspend("tree/late").await;
        u.started("tree").await;
        assert_eq!(u.journal.lines(), ["last started"]);
        assert_eq!(u.runtime.resume("root/tree/late"), Ok(()));
        assert_eq!(u.started("tree/late").await, 1);
    });
}

#[test]
fn the_first_start_goes_on_without_a_child_that_is_suspended_in_it() {
    run(|u: Universe| async move {
        let tree = u.tree(PLAIN).child(crash_on_start("dud", 1000)).child(u.good("next"));
        u.root.start_child(tree).expect("sound");
        u.restarting("tree/dud").await;
        u.suspend("tree/dud").await;
        u.started("tree").await;
        assert_eq!(u.journal.lines(), ["next started"]);
    });
}

#[test]
fn a_parked_child_that_is_suspended_has_no_trial() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PARKING_CHILD).child(a)).await;
        to_a.tell(Order::Panic);
        to_a.tell(Order::Panic);
        u.saw("tree/a", "parked").await;
        u.suspend("tree/a").await;
        u.pass(seconds(3600)).await;
        assert_eq!(u.status("tree/a"), Some(Status::Suspended));
    });
}

#[test]
fn a_child_that_is_to_be_stopped_with_its_siblings_is_stopped_in_its_turn() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let slow = slow_stop("slow", seconds(4)).shutdown(Shutdown::Grace(seconds(5)));
        let tree = u.tree(Flags::new(Strategy::OneForAll));
        u.start(tree.child(a).child(u.good("b")).child(slow)).await;
        to_a.tell(Order::Panic);
        u.restarting("tree/a").await;
        u.journal.take();
        assert_eq!(u.runtime.suspend("root/tree/b"), Ok(()));
        assert!(u.journal.lines().is_empty(), "not before the one after it is down");
        u.saw("tree/b", "suspended").await;
        u.started("tree/slow").await;
        assert_eq!(u.journal.lines(), ["b stopping", "b stopped shutdown", "a started"]);
    });
}
