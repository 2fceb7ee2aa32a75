//! Mail to a child that is down: refused at once where no restart is near, kept where one is.

use tokio::time::Instant;
use trunkline_runtime::{
    Address, AskError, Backoff, Flags, OnSpent, Restart, SendError, Strategy, SupervisorSpec,
};

use crate::harness::good::{Good, Order, Orders};
use crate::harness::{Universe, run, seconds};

/// Rests of half a minute to a minute, so that what comes at once does not come from a restart.
const SLOW: Backoff = Backoff::new(seconds(60), seconds(60), seconds(10));

const PLAIN: Flags = Flags::new(Strategy::OneForOne).backoff(SLOW);

/// Parks instead of the first restart.
const PARKING: Flags = PLAIN.intensity(0, seconds(10)).on_spent(OnSpent::Park);

const PARKING_CHILD: Flags = PARKING.on_spent(OnSpent::ParkChild);

async fn assert_refuses(address: &Address<Good>) {
    let before = Instant::now();
    assert!(!address.is_open());
    assert_eq!(address.order(Order::Report).await, Err(AskError::Stopped));
    let sent = address.send(Order::Report);
    assert!(matches!(sent, Err(SendError::Stopped(Order::Report))), "{sent:?}");
    assert_eq!(before.elapsed(), seconds(0), "no time passes");
}

async fn assert_serves(address: &Address<Good>, generation: u32) {
    assert!(address.is_open());
    address.tell(Order::Report);
    let answer = address.order(Order::Report).await;
    assert_eq!(answer.map(|answer| answer.generation), Ok(generation));
}

#[test]
fn a_parked_child_refuses_mail_until_its_trial() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PARKING_CHILD).child(child)).await;
        address.tell(Order::Panic);
        u.saw("tree/child", "parked").await;
        assert_refuses(&address).await;
        u.pass(seconds(20)).await;
        assert_refuses(&address).await;
        u.started("tree/child").await;
        assert_serves(&address, 2).await;
    });
}

#[test]
fn a_full_mailbox_is_none_of_those_who_are_refused() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").mailbox(2).build();
        u.start(u.tree(PARKING_CHILD).child(child)).await;
        address.tell(Order::Panic);
        u.saw("tree/child", "parked").await;
        for _ in 0..4 {
            assert_refuses(&address).await;
        }
        u.started("tree/child").await;
        assert_serves(&address, 2).await;
    });
}

#[test]
fn the_children_of_a_parked_supervisor_refuse_mail_until_its_trial() {
    run(|u: Universe| async move {
        let (culprit, to_culprit) = u.good("culprit").build();
        let (sibling, to_sibling) = u.good("sibling").build();
        let (deep, to_deep) = u.good("deep").build();
        let inner = SupervisorSpec::new("inner", PLAIN).child(deep);
        u.start(u.tree(PARKING).child(sibling).child(inner).child(culprit)).await;
        to_culprit.tell(Order::Panic);
        u.saw("tree", "parked").await;
        for address in [&to_culprit, &to_sibling, &to_deep] {
            assert_refuses(address).await;
        }
        u.started("tree").await;
        for address in [&to_culprit, &to_sibling, &to_deep] {
            assert_serves(address, 2).await;
        }
    });
}

#[test]
fn the_children_of_a_supervisor_that_was_parked_as_a_child_refuse_mail_until_its_trial() {
    run(|u: Universe| async move {
        let (deep, to_deep) = u.good("deep").build();
        let (sibling, to_sibling) = u.good("sibling").build();
        let inner = SupervisorSpec::new("inner", PLAIN).child(deep);
        u.start(u.tree(PARKING_CHILD).child(sibling).child(inner)).await;
        let inner = u.runtime.registry().find("root/tree/inner").expect("it is there");
        inner.inject_panic();
        u.saw("tree/inner", "parked").await;
        assert_refuses(&to_deep).await;
        assert_serves(&to_sibling, 1).await;
        u.started("tree/inner").await;
        assert_serves(&to_deep, 2).await;
    });
}

#[test]
fn a_transient_child_that_ended_normally_refuses_mail() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").restart(Restart::Transient).build();
        u.start(u.tree(PLAIN).child(child)).await;
        address.tell(Order::Finish);
        u.exited("tree/child").await;
        u.settle().await;
        assert_refuses(&address).await;
        u.pass(seconds(3600)).await;
        assert_refuses(&address).await;
    });
}

#[test]
fn a_transient_child_that_ended_normally_is_served_again_when_its_group_is_restarted() {
    run(|u: Universe| async move {
        let (done, to_done) = u.good("done").restart(Restart::Transient).build();
        let (other, to_other) = u.good("other").build();
        let flags = Flags::new(Strategy::OneForAll).backoff(SLOW);
        u.start(u.tree(flags).child(done).child(other)).await;
        to_done.tell(Order::Finish);
        u.exited("tree/done").await;
        u.settle().await;
        assert_refuses(&to_done).await;
        to_other.tell(Order::Panic);
        u.started("tree/other").await;
        assert_serves(&to_done, 2).await;
    });
}

#[test]
fn a_child_that_rests_before_its_restart_keeps_its_mail() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(PLAIN).child(child)).await;
        address.tell(Order::Panic);
        u.restarting("tree/child").await;
        assert_serves(&address, 2).await;
    });
}

#[test]
fn those_below_a_supervisor_that_is_restarted_with_its_group_keep_their_mail() {
    run(|u: Universe| async move {
        let (deep, to_deep) = u.good("deep").build();
        let (other, to_other) = u.good("other").build();
        let inner = SupervisorSpec::new("inner", PLAIN).child(deep);
        let flags = Flags::new(Strategy::OneForAll).backoff(SLOW);
        u.start(u.tree(flags).child(inner).child(other)).await;
        to_other.tell(Order::Panic);
        u.exited("tree/inner").await;
        u.settle().await;
        assert_serves(&to_deep, 2).await;
    });
}

#[test]
fn the_children_of_a_supervisor_that_gave_up_and_rests_keep_their_mail() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (b, to_b) = u.good("b").build();
        let strict = PLAIN.intensity(0, seconds(10));
        let inner = SupervisorSpec::new("inner", strict).child(a).child(b);
        u.start(u.tree(PLAIN).child(inner)).await;
        to_a.tell(Order::Panic);
        u.restarting("tree/inner").await;
        for address in [&to_a, &to_b] {
            assert_serves(address, 2).await;
        }
    });
}

#[test]
fn all_members_of_a_group_that_rests_keep_their_mail() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (b, to_b) = u.good("b").build();
        let (c, to_c) = u.good("c").build();
        let flags = Flags::new(Strategy::OneForAll).backoff(SLOW);
        u.start(u.tree(flags).child(a).child(b).child(c)).await;
        to_b.tell(Order::Panic);
        u.exited("tree/a").await;
        u.settle().await;
        for address in [&to_a, &to_b, &to_c] {
            assert_serves(address, 2).await;
        }
    });
}
