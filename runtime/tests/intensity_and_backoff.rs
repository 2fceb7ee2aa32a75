//! How many restarts are too many, and the rest before each.

use std::time::Duration;

use tokio::time::Instant;
use trunkline_runtime::{Backoff, Flags, Lifecycle, Strategy};

use crate::harness::faults::crash_on_start::crash_on_start;
use crate::harness::faults::fail_on_start::fail_on_start;
use crate::harness::good::{Order, Orders};
use crate::harness::{Universe, millis, run, seconds};

/// Next to no back-off, so that the intensity alone decides.
const EAGER: Backoff = Backoff::new(millis(1), millis(1), seconds(3600));

fn flags(restarts: u32, period: Duration) -> Flags {
    Flags::new(Strategy::OneForOne).intensity(restarts, period).backoff(EAGER)
}

#[test]
fn as_many_restarts_as_the_intensity_allows_are_not_too_many() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags(3, seconds(60))).child(child)).await;
        for generation in 2..=4 {
            address.tell(Order::Panic);
            assert_eq!(u.started("tree/child").await, generation);
        }
        u.pass(seconds(3600)).await;
        assert_eq!(u.view("tree").map(|tree| tree.generation), Some(1));
    });
}

#[test]
fn one_restart_more_than_the_intensity_allows_is_too_many() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags(3, seconds(60))).child(child)).await;
        for _ in 0..4 {
            address.tell(Order::Panic);
        }
        let what = u.saw("tree", "escalated").await.what;
        let child = "child".to_owned();
        assert_eq!(what, Lifecycle::Escalated { child, restarts: 3 });
    });
}

#[test]
fn an_intensity_of_zero_allows_no_restart_at_all() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags(0, seconds(60))).child(child)).await;
        address.tell(Order::Panic);
        u.saw("tree", "escalated").await;
    });
}

#[test]
fn restarts_that_are_longer_ago_than_the_period_do_not_count() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags(2, seconds(10))).child(child)).await;
        // Never more than two in any ten seconds.
        for generation in 2..12 {
            address.tell(Order::Panic);
            assert_eq!(u.started("tree/child").await, generation);
            u.pass(millis(5_100)).await;
        }
        assert_eq!(u.view("tree").map(|tree| tree.generation), Some(1));
    });
}

#[test]
fn a_restart_exactly_one_period_ago_still_counts() {
    run(|u: Universe| async move {
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags(1, seconds(10))).child(child)).await;
        address.tell(Order::Panic);
        u.exited("tree/child").await;
        u.pass(seconds(10)).await;
        address.tell(Order::Panic);
        u.saw("tree", "escalated").await;
    });
}

#[test]
fn the_intensity_is_of_the_supervisor_and_not_of_each_child() {
    run(|u: Universe| async move {
        let (a, to_a) = u.good("a").build();
        let (b, to_b) = u.good("b").build();
        u.start(u.tree(flags(1, seconds(60))).child(a).child(b)).await;
        to_a.tell(Order::Panic);
        u.started("tree/a").await;
        to_b.tell(Order::Panic);
        u.saw("tree", "escalated").await;
    });
}

#[test]
fn each_rest_is_between_half_and_the_whole_of_twice_the_one_before_up_to_the_longest() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(millis(100), seconds(1), seconds(3600));
        let flags = flags(100, seconds(1)).backoff(backoff);
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags).child(child)).await;
        for whole in [100, 200, 400, 800, 1_000, 1_000, 1_000] {
            address.tell(Order::Panic);
            let after = u.restarting("tree/child").await;
            let rested = Instant::now();
            assert!(after >= millis(whole) / 2, "{after:?} of {whole} ms");
            assert!(after <= millis(whole), "{after:?} of {whole} ms");
            u.started("tree/child").await;
            let rested = rested.elapsed();
            assert!(rested >= after && rested <= after + millis(2), "{rested:?}");
        }
    });
}

#[test]
fn rests_are_jittered() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(seconds(1), seconds(1), seconds(1));
        let flags = flags(100, seconds(1)).backoff(backoff);
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags).child(child)).await;
        let mut rests = Vec::new();
        for _ in 0..20 {
            address.tell(Order::Panic);
            rests.push(u.restarting("tree/child").await);
            u.started("tree/child").await;
        }
        rests.sort();
        rests.dedup();
        assert!(rests.len() > 10, "{rests:?}");
    });
}

#[test]
fn the_back_off_is_forgotten_after_a_healthy_uptime() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(millis(100), seconds(10), seconds(30));
        let flags = flags(100, seconds(1)).backoff(backoff);
        let (child, address) = u.good("child").build();
        u.start(u.tree(flags).child(child)).await;
        for _ in 0..5 {
            address.tell(Order::Panic);
            u.started("tree/child").await;
        }
        u.pass(millis(29_900)).await;
        address.tell(Order::Panic);
        let after = u.restarting("tree/child").await;
        assert!(after >= millis(1_600), "not yet healthy: {after:?}");
        u.started("tree/child").await;
        u.pass(seconds(30)).await;
        address.tell(Order::Panic);
        let after = u.restarting("tree/child").await;
        assert!(after <= millis(100), "{after:?}");
    });
}

#[test]
fn a_child_that_dies_in_started_never_makes_a_hot_loop() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(millis(10), seconds(30), seconds(10));
        let flags = flags(1_000, seconds(1)).backoff(backoff);
        let tree = u.tree(flags).child(crash_on_start("dud", 1_000));
        u.root.start_child(tree).expect("sound");
        u.pass(seconds(600)).await;
        let restarts = u.view("tree/dud").map_or(0, |dud| dud.restarts);
        // 10 ms doubles to 30 s in 12 steps, half a minute at most; then two to four a minute.
        assert!((20..=60).contains(&restarts), "{restarts} in ten minutes");
    });
}

#[test]
fn the_time_spent_dying_in_started_is_no_healthy_uptime() {
    run(|u: Universe| async move {
        let backoff = Backoff::new(millis(10), seconds(30), millis(1));
        let flags = flags(1_000, seconds(1)).backoff(backoff);
        let tree = u.tree(flags).child(fail_on_start("dud"));
        u.root.start_child(tree).expect("sound");
        u.pass(seconds(600)).await;
        let restarts = u.view("tree/dud").map_or(0, |dud| dud.restarts);
        assert!(restarts <= 60, "{restarts} in ten minutes");
    });
}

#[test]
fn a_supervisor_waits_for_a_child_that_starts_at_last() {
    run(|u: Universe| async move {
        let tree = u.tree(flags(10, seconds(1))).child(crash_on_start("dud", 5));
        u.start(tree.child(u.good("next"))).await;
        assert_eq!(u.view("tree/dud").map(|dud| dud.generation), Some(6));
        assert_eq!(u.journal.lines(), ["next started"]);
    });
}
