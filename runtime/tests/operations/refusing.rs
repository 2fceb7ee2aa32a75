//! What cannot be done, and why.

use trunkline_runtime::{
    ControlError, ExitReason, Lifecycle, Part, Restart, Runtime, Shutdown, Status,
};

use crate::harness::faults::slow_stop::slow_stop;
use crate::harness::{Universe, run, seconds};

use super::PLAIN;

#[test]
fn what_cannot_be_operated_says_why_and_what_to_do_instead() {
    run(|u: Universe| async move {
        u.start(u.tree(PLAIN).child(u.good("guest").restart(Restart::Temporary))).await;
        let runtime = &u.runtime;
        for operate in [Runtime::restart, Runtime::kill, Runtime::suspend, Runtime::resume] {
            let unknown = |path: &str| Err(ControlError::Unknown { path: path.to_owned() });
            assert_eq!(operate(runtime, "root"), Err(ControlError::Root { path: "root".into() }));
            assert_eq!(operate(runtime, "root/nobody"), unknown("root/nobody"));
            assert_eq!(operate(runtime, ""), unknown(""));
        }
        for refused in [
            runtime.restart("root/tree/guest"),
            runtime.suspend("root/tree/guest"),
            runtime.suspend("root/workers"),
            runtime.suspend("root/workers/control"),
        ] {
            let error = refused.expect_err("it is refused");
            assert!(matches!(error, ControlError::NotSupported { .. }), "{error}");
            assert!(!error.remedy().is_empty());
        }
        assert_eq!(runtime.restart("root/workers/control"), Ok(()));
        assert_eq!(u.started("workers/control").await, 2);
    });
}

#[test]
fn a_child_that_is_being_removed_can_be_killed_and_nothing_else() {
    run(|u: Universe| async move {
        let slow = slow_stop("slow", seconds(4)).shutdown(Shutdown::Grace(seconds(5)));
        let tree = u.start(u.tree(PLAIN).child(slow)).await;
        tree.remove_child(&"slow".into());
        let path = "root/tree/slow";
        let removing = Err(ControlError::Removing { path: path.into() });
        assert_eq!(u.runtime.restart(path), removing);
        assert_eq!(u.runtime.suspend(path), removing);
        assert_eq!(u.runtime.resume(path), removing);
        assert_eq!(u.runtime.kill(path), Ok(()));
        assert_eq!(u.exited("tree/slow").await, ExitReason::Killed);
        u.saw("tree/slow", "removed").await;
    });
}

#[test]
fn a_part_of_an_actor_is_no_child() {
    run(|u: Universe| async move {
        u.start(u.tree(PLAIN).child(u.good("a"))).await;
        let a = u.runtime.registry().find("root/tree/a").expect("it is there");
        let part = Part::new(&a, "part", 1);
        part.node();
        let refused = u.runtime.kill("root/tree/a/part").expect_err("it is refused");
        assert!(matches!(refused, ControlError::NotSupported { .. }), "{refused}");
        assert_eq!(u.status("tree/a"), Some(Status::Running));
    });
}

#[test]
fn suspended_and_resumed_are_events_with_names() {
    assert_eq!(Lifecycle::Suspended.name(), "suspended");
    assert_eq!(Lifecycle::Resumed.name(), "resumed");
}
