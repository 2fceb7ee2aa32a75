//! Resuming whoever is down, and the newest of several operations.

use trunkline_runtime::{ControlError, ExitReason, Restart, Shutdown, Status};

use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

use super::{PARKING, PARKING_CHILD, PLAIN};

#[test]
fn the_newest_of_several_operations_counts() {
    run(|u: Universe| async move {
        let slow = || slow_stop("slow", seconds(4)).shutdown(Shutdown::Grace(seconds(5)));
        u.start(u.tree(PARKING_CHILD).child(slow())).await;
        let path = "root/tree/slow";
        assert_eq!(u.runtime.restart(path), Ok(()));
        assert_eq!(u.runtime.suspend(path), Ok(()));
        u.saw("tree/slow", "suspended").await;
        assert_eq!(u.runtime.restart(path), Ok(()), "it starts also who was suspended");
        u.started("tree/slow").await;

        assert_eq!(u.runtime.suspend(path), Ok(()));
        assert_eq!(u.runtime.resume(path), Ok(()));
        assert_eq!(u.exited("tree/slow").await, ExitReason::Shutdown);
        assert_eq!(u.started("tree/slow").await, 3, "at once");

        assert_eq!(u.runtime.suspend(path), Ok(()));
        u.pass(seconds(1)).await;
        let before = tokio::time::Instant::now();
        assert_eq!(u.runtime.kill(path), Ok(()));
        assert_eq!(u.exited("tree/slow").await, ExitReason::Killed);
        assert_eq!(before.elapsed(), millis(0));
        assert_eq!(u.started("tree/slow").await, 4, "killed, it was no longer to be suspended");
    });
}

#[test]
fn a_parked_child_that_is_resumed_has_its_trial_now() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PARKING_CHILD).child(a)).await;
        to_a.tell(Order::Panic);
        to_a.tell(Order::Panic);
        u.saw("tree/a", "parked").await;
        let before = tokio::time::Instant::now();
        assert_eq!(u.runtime.resume("root/tree/a"), Ok(()));
        assert_eq!(u.started("tree/a").await, 3);
        assert_eq!(before.elapsed(), millis(0));
        to_a.tell(Order::Panic);
        u.saw("tree/a", "parked").await;
    });
}

#[test]
fn a_supervisor_that_is_parked_as_a_whole_has_its_trial_when_it_is_resumed() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PARKING).child(a)).await;
        to_a.tell(Order::Panic);
        to_a.tell(Order::Panic);
        u.saw("tree", "parked").await;
        let refused = ControlError::SupervisorParked { supervisor: "root/tree".into() };
        assert_eq!(u.runtime.resume("root/tree/a"), Err(refused));
        let before = tokio::time::Instant::now();
        assert_eq!(u.runtime.resume("root/tree"), Ok(()));
        u.started("tree").await;
        assert_eq!(before.elapsed(), millis(0));
        assert_eq!(u.status("tree"), Some(Status::Running));
        to_a.tell(Order::Panic);
        u.saw("tree", "parked").await;
    });
}

#[test]
fn resuming_who_runs_or_is_being_restarted_changes_nothing() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PLAIN).child(a)).await;
        assert_eq!(u.runtime.resume("root/tree/a"), Ok(()));
        to_a.tell(Order::Panic);
        u.restarting("tree/a").await;
        assert_eq!(u.runtime.resume("root/tree/a"), Ok(()));
        assert_eq!(u.started("tree/a").await, 2);
    });
}

#[test]
fn a_transient_child_that_has_ended_can_be_started_again() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").restart(Restart::Transient).build();
        u.start(u.tree(PLAIN).child(a)).await;
        for generation in [2, 3] {
            to_a.tell(Order::Finish);
            u.exited("tree/a").await;
            u.settle().await;
            let again = if generation == 2 {
                u.runtime.resume("root/tree/a")
            } else {
                u.runtime.restart("root/tree/a")
            };
            assert_eq!(again, Ok(()));
            assert_eq!(u.started("tree/a").await, generation);
        }
    });
}
