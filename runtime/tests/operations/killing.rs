//! A kill: a failure like any other.

use trunkline_runtime::{
    AskError, ControlError, ExitReason, Flags, Restart, Strategy, SupervisorSpec,
};

use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run};

use super::{PARKING_CHILD, PLAIN};

#[test]
fn a_kill_runs_no_hook_tells_the_asker_and_is_answered_by_the_policy() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        u.start(u.tree(PLAIN).child(a)).await;
        let asked = to_a.order(Order::Keep);
        u.settle().await;
        assert_eq!(u.runtime.kill("root/tree/a"), Ok(()));
        assert_eq!(asked.await, Err(AskError::Stopped));
        assert_eq!(u.exited("tree/a").await, ExitReason::Killed);
        assert!(u.restarting("tree/a").await >= millis(1));
        assert_eq!(u.started("tree/a").await, 2);
        assert_eq!(u.journal.lines(), ["a started", "a started"]);
    });
}

#[test]
fn kills_count_against_the_intensity() {
    run(|u: Universe| async move {
        u.start(u.tree(PARKING_CHILD).child(u.good("a"))).await;
        assert_eq!(u.runtime.kill("root/tree/a"), Ok(()));
        u.started("tree/a").await;
        assert_eq!(u.runtime.kill("root/tree/a"), Ok(()));
        u.saw("tree/a", "parked").await;
        let down = ControlError::Down { path: "root/tree/a".into() };
        assert_eq!(u.runtime.kill("root/tree/a"), Err(down));
    });
}

#[test]
fn a_kill_takes_the_siblings_along_that_the_strategy_names() {
    run(|u: Universe| async move {
        let tree = u.tree(Flags::new(Strategy::RestForOne));
        u.start(tree.child(u.good("a")).child(u.good("b")).child(u.good("c"))).await;
        u.journal.take();
        assert_eq!(u.runtime.kill("root/tree/b"), Ok(()));
        u.started("tree/c").await;
        assert_eq!(
            u.journal.lines(),
            ["c stopping", "c stopped shutdown", "b started", "c started"]
        );
    });
}

#[test]
fn a_killed_transient_child_is_restarted_and_a_temporary_one_is_gone() {
    run(|u: Universe| async move {
        let tree = u.tree(PLAIN).child(u.good("transient").restart(Restart::Transient));
        u.start(tree.child(u.good("guest").restart(Restart::Temporary))).await;
        assert_eq!(u.runtime.kill("root/tree/transient"), Ok(()));
        assert_eq!(u.started("tree/transient").await, 2);
        assert_eq!(u.runtime.kill("root/tree/guest"), Ok(()));
        u.saw("tree/guest", "removed").await;
        assert_eq!(
            u.runtime.kill("root/tree/guest"),
            Err(ControlError::Unknown { path: "root/tree/guest".into() })
        );
    });
}

#[test]
fn a_killed_supervisor_takes_its_children_along_and_starts_afresh() {
    run(|u: Universe| async move {
        let inner = SupervisorSpec::new("inner", PLAIN).child(u.good("a")).child(u.good("b"));
        u.start(u.tree(PLAIN).child(inner)).await;
        u.journal.take();
        assert_eq!(u.runtime.kill("root/tree/inner"), Ok(()));
        assert_eq!(u.exited("tree/inner").await, ExitReason::Killed);
        assert_eq!(u.started("tree/inner").await, 2);
        assert_eq!(u.journal.lines(), ["a started", "b started"]);
    });
}
