//! Broadcasts to actors that come, go and crash.

use std::time::Duration;

use trunkline_actors::group::{Delivery, Group, Slow};
use trunkline_runtime::{Placement, SupervisorSpec};

use crate::universe::{TIRELESS, Universe, run};
use crate::worker::{Line, Plan};

#[test]
fn a_member_that_crashes_leaves_and_joins_again_when_it_is_restarted() {
    run(|u: Universe| async move {
        let group = Group::new("room");
        let plan = Plan::new(None, Some(group.clone()));
        let workers = (0..3).fold(SupervisorSpec::new("team", TIRELESS), |workers, number| {
            workers.child(plan.worker(number, Placement::Control))
        });
        u.root.start_child(workers).expect("the spec is sound");
        u.root.start_child(group.spec()).expect("the spec is sound");
        u.pass(1).await;
        assert_eq!(group.broadcast(Line(1), Slow::Drop).delivered, 3);
        u.pass(1).await;
        assert_eq!(*plan.heard.lock(), [1, 1, 1]);

        assert_eq!(group.broadcast(Line(6), Slow::Drop).delivered, 3);
        u.pass(1).await;
        assert_eq!(group.members(), 0, "all of them rest");
        assert_eq!(group.broadcast(Line(7), Slow::Drop), Delivery::default());
        u.pass(1000).await;
        assert_eq!(group.broadcast(Line(8), Slow::Drop).delivered, 3);
        u.pass(1).await;
        assert_eq!(*plan.heard.lock(), [1, 1, 1, 8, 8, 8]);

        let tree = u.registry().tree();
        let detail = tree.get("root/room").and_then(|node| node.detail.clone());
        let detail = detail.expect("the group is in the tree");
        assert_eq!((&detail["members"], &detail["delivered"]), (&3.into(), &9.into()));
    });
}

#[test]
fn a_wait_fills_mailboxes_as_they_are_emptied_and_keeps_the_order() {
    run(|u: Universe| async move {
        let group = Group::new("room");
        let plan = Plan::new(None, Some(group.clone()));
        let (small, address) = plan.worker(0, Placement::Control).mailbox(2).build();
        u.root.start_child(small).expect("the spec is sound");
        u.pass(1).await;
        for line in 0..3 {
            group.broadcast(Line(line), Slow::Drop);
        }
        assert!(address.is_open());
        for line in [10, 11, 12, 14, 15] {
            let told = group.broadcast_wait(Line(line), Duration::from_secs(1)).await;
            assert_eq!(told, Delivery { delivered: 1, ..Delivery::default() });
        }
        u.pass(1).await;
        assert_eq!(*plan.heard.lock(), [0, 1, 10, 11, 12, 14, 15], "line 2 had no room");
    });
}
